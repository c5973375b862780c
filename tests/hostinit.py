#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""First process of a test host: furnishes it, then reaps what dies in it.

Runs in mount, process and network namespaces of its own, so what it mounts is
seen by this host alone, and when it is killed all of the host is, at once.

usage: hostinit.py DIRECTORY TREE [SOURCE:TARGET]...
DIRECTORY holds the host's etc, home, spool; TREE is what `make install` made
for the prefix /opt/relais.  Each SOURCE is seen as TARGET besides, below /opt,
/run or /var/spool.  Prints a line when the host is furnished.
"""
import ctypes
import os
import signal
import subprocess
import sys


def mount(*args):
    subprocess.run(["mount", *args], check=True)


def bind(source, target):
    os.makedirs(target, exist_ok=True)
    mount("--bind", source, target)


PR_SET_PDEATHSIG = 1


def main():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    directory, tree = sys.argv[1:3]
    os.dup2(1, 2)       # what goes wrong is read by who started us
    mount("--make-rprivate", "/")
    mount("-t", "proc", "proc", "/proc")
    mount("--bind", os.path.join(directory, "etc"), "/etc")
    mount("--bind", os.path.join(directory, "home"), "/home")
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/opt")
    bind(os.path.join(tree, "opt/relais"), "/opt/relais")
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/var/spool")
    bind(os.path.join(directory, "spool"), "/var/spool/relais")
    for pair in sys.argv[3:]:
        bind(*pair.split(":"))
    print("furnished", flush=True)
    children = {signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, children)
    while True:
        signal.sigwait(children)
        try:
            while os.waitpid(-1, os.WNOHANG)[0] != 0:
                pass
        except ChildProcessError:
            pass


main()
