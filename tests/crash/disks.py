# SPDX-License-Identifier: ISC
"""What cuts.py and full.py share: commands, mounts, logs.

All mounts are made in a mount namespace of its own, so that the kernel takes
them and their loop devices away with the last process, however it ends; no
loop device is ever named.
"""
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

HEAD = struct.Struct("=IIQQQQII")       # struct log_head of log.h
WRITE, SYNC, MARK = 6, 9, 10


running = set()
ending = threading.Event()


def run(*command, timeout=None, **more):
    """As subprocess.run, but terminate() ends it, in whatever thread."""
    if ending.is_set():
        raise SystemExit(1)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", **more) as process:
        running.add(process)
        try:
            said, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            said = process.communicate()[0] + "it hangs"
        finally:
            running.discard(process)
    return subprocess.CompletedProcess(command, process.returncode, said)


def must(*command, **more):
    done = run(*command, **more)
    if done.returncode != 0:
        raise SystemExit("%s: %s" % (" ".join(command), done.stdout))
    return done.stdout


def mount(fs, image, place):
    return run("mount", "-t", fs, "-o", "loop", image, place)


def unmount(place):
    """Somebody may look into it at this moment."""
    for _ in range(50):
        done = run("umount", place)
        if done.returncode == 0:
            return
        time.sleep(0.1)
    raise SystemExit("umount: " + done.stdout)


def scratch(name):
    """A directory, in memory if possible."""
    base = "/dev/shm" if os.path.isdir("/dev/shm") else None
    return tempfile.mkdtemp(prefix="relais-%s." % name, dir=base)


def clean_up(directory, *places):
    """A mount that was under way when we were ended may come only now."""
    for _ in range(20):
        for place in places:
            subprocess.run(("umount", "-l", place), capture_output=True)
        shutil.rmtree(directory, ignore_errors=True)
        if not os.path.exists(directory):
            return
        time.sleep(0.1)


def read_log(path):
    """All of it: (op, offset, data, where it ends)."""
    with open(path, "rb") as file:
        data = file.read()
    records, at = [], 0
    while at + HEAD.size <= len(data):
        op, _, _, _, offset, _, a, b = HEAD.unpack_from(data, at)
        at += HEAD.size
        records.append((op, offset, data[at:at + a], at + a + b))
        at += a + b
    return records


def terminate(number, _frame):
    ending.set()
    for process in list(running):
        process.terminate()
    raise SystemExit(128 + number)


def catch_signals():
    """So that what stands behind `finally` is done."""
    for sign in signal.SIGHUP, signal.SIGINT, signal.SIGTERM:
        signal.signal(sign, terminate)


def enter_namespace():
    """The program begins again in a mount namespace of its own."""
    if os.environ.get("CRASH_NAMESPACE") != "own":
        os.environ["CRASH_NAMESPACE"] = "own"
        os.execvp("unshare", ["unshare", "--mount", "--propagation",
                              "private", sys.executable] + sys.argv)
    del os.environ["CRASH_NAMESPACE"]
    catch_signals()
