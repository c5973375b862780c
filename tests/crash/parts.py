# SPDX-License-Identifier: ISC
"""What run and every share: a directory with the programs of one build, and
the count of what they proved."""
import os
import shutil
import threading
import time

from disks import run, scratch

CPUS = len(os.sched_getaffinity(0))

lock = threading.Lock()
counts = {"passed": 0, "failed": 0}


def tell(name, good, text, began):
    with lock:
        counts["passed" if good else "failed"] += 1
        last = text.strip().split("\n")[-1]
        print("%s %s: %s (%.1f s)" % ("ok" if good else "FAIL", name, last,
                                      time.monotonic() - began), flush=True)
        if not good:
            print(text, flush=True)


class Bench:
    """A directory, and the programs of one build."""

    def __init__(self, build, seed):
        self.build, self.seed = os.path.abspath(build), seed
        self.programs = self.build + "/tests/crash/"
        self.directory = scratch("crash")

    def place(self, name):
        path = os.path.join(self.directory, name)
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path + "/spool")
        with open(path + "/marks", "wb"):
            pass
        return path

    def load(self, path, *options, drop="", kill=None):
        """With the recorder before it."""
        more = {"CRASH_KILL": str(kill)} if kill is not None else {}
        return run(self.programs + "load", "-m", path + "/marks", *options,
                   path + "/spool",
                   env=dict(os.environ, CRASH_ROOT=path + "/spool",
                            CRASH_LOG=path + "/log", CRASH_DROP=drop,
                            CRASH_MARKS=path + "/marks",
                            LD_PRELOAD=self.programs + "record.so", **more))

    def states(self, path, count, seed, keep=None):
        keep = ["-k", keep] if keep else []
        return run(self.programs + "states", "-j", str(CPUS), "-n",
                   str(count), "-s", str(seed), *keep, path + "/log", path)

    def check(self, path):
        return run(self.programs + "check", path + "/marks", path + "/spool")


def end(began, seed):
    """The last lines; the status to exit with."""
    print("all in %.0f s, seed %d" % (time.monotonic() - began, seed))
    print("%(passed)d passed, %(failed)d failed" % counts)
    return counts["failed"] > 0
