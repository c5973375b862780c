#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# tests/run: alone
"""As root: a spool on a file system of its own that is small, and full: at one
offset after the other, under load.  The client hears 250 or 452, or 451 of what
was on its way; nothing that was promised is lost, and when there is space again
mail is taken again.  With a journal and without.

usage: small_disk.py [OFFSETS]
RELAIS_OFFSETS: how many of them (16; 6 with sanitizers), RELAIS_SEED.
"""
import collections
import os
import random
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402
import load     # noqa: E402

OFFSETS = load.amount("RELAIS_OFFSETS", 16, sanitized=6)
SIZE = 256 << 20            # of the file system
PATIENCE = 10.0             # until mail is taken again
FULL_FOR = 1.2              # seconds; queue looks once in one
CLIENTS = 8
SIZE_BITS = 19.5            # up to 750 KiB, so that the disk gets full
USERS = ["jones", "brown", "green", "white"]
CONFIG = """\
relay-from 10.99.0.0/24
retry {
    first 1s
    maximum 2s
}
journal {
    segment 16M
    limit %s
}
"""
ALLOWED = {250, 451, 452, "451 before content", "452 before content"}


class Disk:
    """An ext4 in a file, which holds the queue and what fills it."""

    def __init__(self, net):
        self.image = os.path.join(net.dir, "image")
        self.path = os.path.join(net.dir, "disk")
        self.filler = os.path.join(self.path, "filler")
        os.mkdir(self.path)
        with open(self.image, "wb") as f:
            f.truncate(SIZE)
        hosts.run("mkfs.ext4", "-q", "-m", "0", "-O", "^resize_inode",
                  self.image)
        hosts.run("mount", "-o", "loop", self.image, self.path)
        self.spool = os.path.join(self.path, "queue")
        os.mkdir(self.spool, 0o700)
        owner = hosts.FIRST_UID + hosts.ACCOUNTS.index("queue")
        os.chown(self.spool, owner, owner)

    def free(self):
        s = os.statvfs(self.path)
        return s.f_bavail * s.f_frsize

    def fill(self, leave):
        """Until so many octets are free, whatever the others do meanwhile."""
        fd = os.open(self.filler, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        while self.free() > leave:
            step = min(self.free() - leave, 8 << 20)
            try:
                os.posix_fallocate(fd, os.fstat(fd).st_size, max(step, 4096))
            except OSError:
                break
        os.close(fd)

    def empty(self):
        if os.path.exists(self.filler):
            os.unlink(self.filler)

    def close(self):
        subprocess.run(["umount", "-l", self.path], check=False)


def offsets(draw, count):
    """How much is left free: nothing, some blocks, all about what queue keeps
    for itself, and sizes in between."""
    fixed = [0, 4096, 64 << 10, 1 << 20, 15 << 20, 17 << 20, 33 << 20,
             63 << 20, 65 << 20]
    drawn = [int(2 ** draw.uniform(12, 27)) for _ in range(count)]
    every = fixed + drawn
    draw.shuffle(every)
    return [0] + every[:count - 1]


def probe(host):
    """One letter: its code, or what went wrong."""
    try:
        session = load.Session(host.address)
        session.socket.settimeout(PATIENCE)
        session.say("EHLO probe.example")
        code = session.letter("", ["probe@" + host.domain], b"x\r\n")[0]
        session.close()
    except load.Refused as e:
        code = e.args[0]
    except OSError as e:
        code = type(e).__name__
    return code


def recovers(host, told):
    """None, or what is said instead of 250 for so long."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        code = probe(host)
        if code == 250:
            return None
        time.sleep(0.1)
    return "%s: still %s" % (told, code)


def run(check, host, disk, limit, seed):
    host.configure(CONFIG % limit)
    host.start()
    draw = random.Random("%d %s" % (seed, limit))
    over = threading.Event()
    letters = load.Letters(seed, SIZE_BITS)
    base = 100 if limit == "0" else 0
    clients = [load.Client(host, base + i, letters, over, seed, users=USERS)
               for i in range(CLIENTS)]
    for c in clients:
        c.start()
    begin = time.monotonic()
    bad = []
    count = OFFSETS // 2
    for leave in offsets(draw, count):
        disk.fill(leave)
        time.sleep(FULL_FOR)
        disk.empty()
        bad.append(recovers(host, "%d octets were free" % leave))
    over.set()
    for c in clients:
        c.join()
    load.wait_empty(host, 120)
    host.stop()
    codes = sum((c.codes for c in clients), collections.Counter())
    print("journal %s: %d offsets, %d s; %s" % (
        limit, count, time.monotonic() - begin, dict(codes)), flush=True)
    check.claim("journal %s: mail is taken when there is space again" % limit,
                not any(bad))
    print("".join(b + "\n" for b in bad if b), end="")
    check.claim("nothing but 250, 451 and 452 is said, and 452 at all",
                set(codes) <= ALLOWED and
                codes[452] + codes["452 before content"] > 0)
    check.claim("and nobody waits long", max(
        c.slowest for c in clients) < PATIENCE)
    return clients


def main():
    check = hosts.Checks()
    seed = load.seed()
    with hosts.Net(hosts.tree()) as net:
        net.zone("s1.example", "@ A 10.99.0.1")
        net.zone("sink.example", "@ MX 10 mail", "mail A " + load.SINK)
        net.serve_dns()
        disk = Disk(net)
        try:
            s1 = net.host("s1", users=USERS + ["probe"], mounts={
                "/var/spool/relais/queue": disk.spool})
            sink = load.Sink(net)
            clients = []
            for limit in ("64M", "0"):
                clients += hosts.inside(s1.ns, lambda limit=limit: run(
                    check, s1, disk, limit, seed))
            there = load.in_mailboxes(s1)
            there.pop("<>", None)       # the probes
            twice = load.claims(check, clients, {
                "mailbox": there, "sink": sink.taken()})
            check.claim("nothing came twice", not twice)
            print(twice[:5])
            bad = re.findall(r".*(?:accuses|was killed|ended with|fatal:).*",
                             s1.log())
            check.claim("nobody died, and nobody was accused", not bad)
            print("\n".join(bad[:20]))
            sink.close()
        finally:
            for h in net.hosts.values():
                h.kill()
            disk.close()
    return check.end()


sys.exit(main())
