# SPDX-License-Identifier: ISC
"""What the kernel counts: of processes and of a block device."""
import collections
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

TICK = os.sysconf("SC_CLK_TCK")
SECTOR = 512

Usage = collections.namedtuple("Usage", "cpu switches")
Device = collections.namedtuple("Device", "writes octets flushes")


def read(path):
    try:
        with open(path) as f:
            return f.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def number(pattern, text):
    found = re.search(pattern, text, re.M)
    return int(found.group(1)) if found else 0


def less(after, before):
    return type(after)(*(a - b for a, b in zip(after, before)))


# ---- processes --------------------------------------------------------------

def in_namespace(first):
    """All processes that share the process namespace of `first`, less it."""
    space = os.readlink("/proc/%d/ns/pid" % first)
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink("/proc/%s/ns/pid" % pid) == space:
                found.append(int(pid))
        except OSError:
            pass
    return [pid for pid in found if pid != first]


def usage(pids):
    """Seconds of CPU and voluntary context switches.  The CPU is also that of
    children who ended and were waited for."""
    cpu = switches = 0
    for pid in pids:
        fields = read("/proc/%d/stat" % pid).rpartition(")")[2].split()
        cpu += sum(map(int, fields[11:15]))
        try:
            threads = os.listdir("/proc/%d/task" % pid)
        except OSError:
            continue
        for thread in threads:
            switches += number(
                r"^voluntary_ctxt_switches:\s*(\d+)",
                read("/proc/%d/task/%s/status" % (pid, thread)))
    return Usage(cpu / TICK, switches)


def dirtied(pid):
    """Octets that a process has made dirty: of a large folio all, whatever
    was written into it, so this tells only whether there was something."""
    return number(r"^write_bytes: (\d+)", read("/proc/%d/io" % pid))


class Calls:
    """Counts system calls of processes and of their children to come, while
    it is entered; by perf, or by strace, which slows them down."""

    def __init__(self, pids):
        self.pids = pids
        self.total = 0

    def __enter__(self):
        self.report = tempfile.NamedTemporaryFile("r")
        pids = ",".join(map(str, self.pids))
        if has_perf():
            command = ["perf", "stat", "-x", ",", "-o", self.report.name,
                       "-e", "raw_syscalls:sys_enter", "-p", pids]
        elif shutil.which("strace"):
            command = ["strace", "-f", "-c", "-o", self.report.name,
                       "-p", pids]
        else:
            self.counter = None
            return self
        self.counter = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        wait_until_attached(self.counter)
        return self

    def __exit__(self, *error):
        if self.counter is None:
            self.total = None
            return
        self.counter.send_signal(signal.SIGINT)
        self.counter.wait()
        text = self.report.read()
        self.report.close()
        self.total = number(r"^(\d+),,raw_syscalls", text) or \
            number(r"^100\.00\s+\S+\s+(?:\S+\s+)?(\d+)\s", text)


def has_perf():
    if not shutil.which("perf"):
        return False
    done = subprocess.run(["perf", "stat", "-e", "raw_syscalls:sys_enter",
                           "true"], capture_output=True, text=True)
    return done.returncode == 0 and "not supported" not in done.stderr


def wait_until_attached(counter):
    """There is no event for it; it shows when the counter falls asleep."""
    for _ in range(100):
        time.sleep(0.02)
        if read("/proc/%d/stat" % counter.pid).rpartition(")")[2] \
                .split()[:1] == ["S"]:
            break
    time.sleep(0.2)


# ---- disks ------------------------------------------------------------------

def device_of(path):
    """The directory in /sys of the block device that `path` stands on."""
    number_ = os.stat(path).st_dev
    name = "/sys/dev/block/%d:%d" % (os.major(number_), os.minor(number_))
    return os.path.realpath(name) if os.path.exists(name) else None


def device(path):
    where = device_of(path)
    fields = read(os.path.join(where, "stat")).split() if where else []
    if not fields:
        return Device(0, 0, 0)
    flushes = int(fields[15]) if len(fields) > 15 else 0
    return Device(int(fields[4]), int(fields[6]) * SECTOR, flushes)
