# SPDX-License-Identifier: ISC
"""Durable accepts per second of queue, between two yardsticks; and what is
written for messages that are delivered at once."""
import contextlib
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import counters         # noqa: E402
import hosts            # noqa: E402

NOBODY = 65534
KIB = 1024
PAGE = 4096                     # of LMDB
TXNID = 144                     # where it stands in the two first pages
META_MAGIC, META_MAGIC_AT = 0xbeefc0de, 16


def nobody():
    hosts.die_with_parent()
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


@contextlib.contextmanager
def scratch(above):
    directory = tempfile.mkdtemp(dir=above)
    os.chown(directory, NOBODY, NOBODY)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


class Queue:
    """The driver with a real queue below it; `spool` is its directory."""

    def __init__(self, build, spool, mode, load):
        programs = os.path.join(spool, "programs")
        os.mkdir(programs)
        shutil.copy(os.path.join(build, "queue/queue"), programs)
        shutil.copy(os.path.join(build, "tests/bench/queue"), programs +
                    "/driver")
        os.chmod(programs, 0o755)
        self.spool = os.path.join(spool, "queue")
        self.driver = subprocess.Popen(
            [programs + "/driver", programs, spool, mode, *map(str, load)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=nobody)
        self.pid = int(self.hear("ready"))

    def hear(self, word=""):
        line = self.driver.stdout.readline()
        if not line.startswith(word) or not line:
            raise RuntimeError("the queue's driver says %r" % line)
        return line[len(word):]

    def say(self):
        self.driver.stdin.write("\n")
        self.driver.stdin.flush()

    def run(self):
        """(messages, seconds, refusals, usage, device) of the measured
        part."""
        self.await_calm()
        used = counters.usage([self.pid])
        disk = counters.device(self.spool)
        self.say()
        count, seconds, refused = self.hear().split()
        used = counters.less(counters.usage([self.pid]), used)
        disk = counters.less(counters.device(self.spool), disk)
        return int(count), float(seconds), int(refused), used, disk

    def await_calm(self):
        """What it makes at its beginning is made."""
        def is_calm():
            before = counters.dirtied(self.pid)
            time.sleep(0.05)
            return counters.dirtied(self.pid) == before
        hosts.wait_for("a calm queue", is_calm)

    def end(self):
        with contextlib.suppress(BrokenPipeError):
            self.say()
        self.driver.stdin.close()
        try:
            self.driver.wait(30)
        except subprocess.TimeoutExpired:
            self.driver.kill()
            self.driver.wait()


def queue(build, above, mode, load):
    with scratch(above) as spool:
        q = Queue(build, spool, mode, load)
        try:
            count, seconds, refused, used, disk = q.run()
        finally:
            q.end()
    count = max(count, 1)
    return {"rate": count / seconds, "refused": refused / count,
            "cpu": used.cpu / count * 1e6, "octets": disk.octets / count,
            "flushes": disk.flushes / count}


def yardstick(build, above, name, load):
    with scratch(above) as directory:
        done = subprocess.run(
            [os.path.join(build, "tests/bench", name), directory,
             *map(str, load)], check=True, capture_output=True, text=True)
    count, seconds = done.stdout.split()
    return int(count) / float(seconds)


def accepts(build, above, producers, lengths, seconds, most):
    """Rows; each has all that is compared, measured one after the other."""
    for length in lengths:
        for n in producers:
            load = (n, length, seconds, most)
            yield {
                "length": length, "producers": n,
                "journal": yardstick(build, above, "journal", load),
                "keep": queue(build, above, "keep", load),
                "deliver": queue(build, above, "deliver", load),
                "files": yardstick(build, above, "files", load),
            }


# ---- mail that is delivered at once -----------------------------------------

def transactions(spool):
    """The number of the index's last one, from its file's meta pages."""
    last = 0
    for directory, _, files in os.walk(spool):
        for name in files:
            with open(os.path.join(directory, name), "rb") as f:
                head = f.read(2 * PAGE)
            for at in (0, PAGE):
                page = head[at:at + PAGE]
                if len(page) == PAGE and struct.unpack_from(
                        "<I", page, META_MAGIC_AT)[0] == META_MAGIC:
                    last = max(last, *struct.unpack_from("<Q", page, TXNID))
    return last


def changes(spool):
    """{directory: when an entry of it last came or went}."""
    return {d: os.stat(d).st_mtime_ns for d, _, _ in os.walk(spool)}


def quiet(build, above, count):
    """What so many messages of 4 KiB leave behind that came and went."""
    load = (100, 4 * KIB, 60, count)
    with scratch(above) as spool:
        q = Queue(build, spool, "deliver", load)
        try:
            directories, index = changes(q.spool), transactions(q.spool)
            inodes = os.statvfs(q.spool).f_ffree
            done, _, _, _, disk = q.run()
            now = changes(q.spool)
            return {
                "count": done,
                "inodes": inodes - os.statvfs(q.spool).f_ffree,
                "directories": sum(now[d] != directories.get(d)
                                   for d in now),
                "transactions": transactions(q.spool) - index,
                "octets": disk.octets / done,
                "writes": disk.writes / done,
                "flushes": disk.flushes / done,
            }
        finally:
            q.end()
