# SPDX-License-Identifier: ISC
"""Waiting for what the system tells of, instead of sleeping: inotify(7), and
the children that a subreaper inherits (prctl(2))."""

import ctypes
import errno
import os
import select
import signal
import time

libc = ctypes.CDLL(None, use_errno=True)
PR_SET_CHILD_SUBREAPER = 36
IN_MODIFY, IN_CREATE, IN_MOVED_TO = 0x2, 0x100, 0x80


class Directory:
    """Tells when something appears in, or is written to, a path."""

    def __init__(self, path):
        self.fd = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        mask = IN_MODIFY | IN_CREATE | IN_MOVED_TO
        if self.fd == -1 or libc.inotify_add_watch(
                self.fd, os.fsencode(path), mask) == -1:
            raise OSError(ctypes.get_errno(), "inotify", str(path))

    def wait(self, seconds):
        if select.select([self.fd], [], [], seconds)[0]:
            os.read(self.fd, 65536)

    def close(self):
        os.close(self.fd)


def until(condition, path, patience):
    """Asks again whenever `path` changes; False when patience ends.  The
    half second is for what `path` does not tell."""
    changes = Directory(path)
    deadline = time.monotonic() + patience
    try:
        while not condition():
            if time.monotonic() > deadline:
                return False
            changes.wait(0.5)
        return True
    finally:
        changes.close()


def adopt_orphans():
    """Processes whose parents die become our children, not init's."""
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_children():
    """Reaps what has ended; kills, and names, what has not."""
    left = []
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except OSError as e:
            if e.errno != errno.ECHILD:
                raise
            return left
        if pid != 0:
            continue
        with open(f"/proc/self/task/{os.getpid()}/children") as f:
            children = [int(word) for word in f.read().split()]
        for child in children:
            with open(f"/proc/{child}/cmdline") as f:
                left.append(f"{child} {f.read().replace(chr(0), ' ')}")
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
