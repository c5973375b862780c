#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""As root: under load each program is killed at system calls, again and again:
right before or right after the Nth one that changes the disk, or at a point
that has a name.  What was answered 250 is there in the end, octet for octet,
and what came twice had not been recorded when one of those died who had to do
with it: the journal says so, which is read at each kill.

usage: syscalls.py [KILLS]
RELAIS_KILLS (800; 150 with sanitizers), RELAIS_SEED: the order of it all.
"""
import collections
import contextlib
import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import deaths   # noqa: E402
import hosts    # noqa: E402
import inject   # noqa: E402
import load     # noqa: E402

KILLS = load.amount("RELAIS_KILLS", 800, sanitized=150)
CLIENTS = 12
LIFE = 2.5              # seconds before the suite dies as a whole
UNMOVED = 0.6           # a rule that nothing met in so long gives way
SIZE_BITS = 17.5
USERS = ["jones", "brown", "green", "white"]
CONFIG = """\
relay-from 10.99.0.0/24
journal {
    segment 16M
    limit 64M
}
retry {
    first 1s
    maximum 2s
}
queue {
    quarantine-after 0      # no letter is to blame
}
"""

# role: [(call@file, when)]; "disk" is any call that changes the disk
POINTS = {
    "queue": [
        ("pwrite64@journal", "after"),      # written, not synced
        ("fdatasync@journal", "before"),
        ("fdatasync@journal", "after"),     # synced, and nobody was told
        ("sendmsg", "before"),              # the answers are ready
        ("sendmsg", "after"),               # some neighbour knows
        ("openat@message/", "after"),       # a file has its name
        ("write@message/", "after"),        # ... and content
        ("fsync@message/", "before"),
        ("fsync@message/", "after"),        # on disk, without rows
        ("pwrite64@data.mdb", "before"),    # rows on their way
        ("pwrite64@data.mdb", "after"),
        ("fdatasync@data.mdb", "after"),    # rows on disk, SPILLED not said
        ("unlinkat@message/", "before"),
        ("unlinkat@message/", "after"),     # gone, its directory not synced
        ("openat@journal/", "after"),       # a segment is being made
        ("renameat@journal/", "after"),
    ],
    "agent": [
        ("write@Maildir", "after"),
        ("fsync@Maildir", "after"),
        ("renameat@Maildir", "before"),
        ("renameat@Maildir", "after"),      # there, and nobody knows
        ("linkat@Maildir", "after"),
        ("renameat2@Maildir", "after"),
        ("unlinkat@Maildir", "after"),
        ("fsync@Maildir/new", "after"),
        ("sendmsg", "before"),              # there and synced
        ("sendmsg", "after"),
    ],
    "local": [("sendmsg", "before"), ("sendmsg", "after"),
              ("recvmmsg", "after")],
    "remote": [("sendmsg", "before"), ("sendmsg", "after"),
               ("recvfrom", "after"), ("read", "after"), ("write", "after"),
               ("sendto", "after"), ("recvmmsg", "after")],
    "smtpd": [("sendmsg", "before"), ("sendmsg", "after"),
              ("recvmmsg", "after"), ("write", "before"), ("write", "after"),
              ("read", "after"), ("recvfrom", "after")],
    "lookup": [("sendmsg", "before"), ("sendmsg", "after"),
               ("recvmmsg", "after")],
    "users": [("sendmsg", "before"), ("sendmsg", "after"),
              ("recvmmsg", "after"), ("openat@etc", "after")],
    "resolver": [("sendmsg", "before"), ("sendmsg", "after"),
                 ("sendto", "after"), ("recvfrom", "after"),
                 ("recvmmsg", "after")],
    "control": [("sendmsg", "before"), ("sendmsg", "after"),
                ("recvmmsg", "after"), ("write", "before"),
                ("read", "after")],
    "monitor": [("sendmsg", "before"), ("sendmsg", "after"),
                ("recvmmsg", "after"), ("write", "before"),
                ("read", "after")],
    "logger": [("write", "before"), ("write", "after"),
               ("recvmsg", "after"), ("recvmmsg", "after"),
               ("disk", "after")],
}
CHANGES_DISK = "queue agent logger".split()


class Killer:
    """Keeps a rule for every program that lives.  Each kill has a number, and
    what the journal has at that time is marked with it."""

    def __init__(self, host, draw):
        self.host, self.draw = host, draw
        self.lock = threading.Lock()
        self.deaths = deaths.Deaths(host)
        self.points = collections.Counter()
        self.unexpected = []
        self.since = {}             # role: when its rule was made
        self.died = collections.Counter()   # in this life
        self.ours = set()           # pids
        self.is_over = True
        self.injector = inject.Injector(self.on_event)

    def on_event(self, event):
        with self.lock:
            if event.kind == "killed":
                self.deaths.note(event.role)
                self.ours.add(event.pid)
                self.died[event.role] += 1
                self.points[(event.role, *event.rest[:2])] += 1
                self.since.pop(event.role, None)
                if event.role in ("smtpd", "agent"):
                    self.arm(event.role)
            elif event.kind == "born" and event.role in POINTS:
                self.arm(event.role)
            elif event.kind == "died" and not self.is_over:
                self.look_at(event)

    def look_at(self, event):
        """Agents end when they are idle, or their local is gone."""
        status = int(event.rest[0])
        if event.pid not in self.ours and event.role in POINTS and not (
                status == 0 or event.role == "agent"):
            self.unexpected.append((event.role, event.pid, hex(status)))

    def most(self, role):
        """The longer it has to wait for its next life, the less it dies."""
        return 12 if role == "agent" else 5 if role == "smtpd" else 4

    def arm(self, role):
        if self.is_over or role in self.since or \
                self.died[role] >= self.most(role):
            return
        if role in CHANGES_DISK and self.draw.random() < 0.4:
            call, action = "disk", self.draw.choice(("before", "after"))
        else:
            call, action = self.draw.choice(POINTS[role])
        rare = call.partition("@")[0] in ("unlinkat", "openat", "renameat",
                                          "linkat", "renameat2", "mkdirat")
        when = int(2 ** self.draw.uniform(0, 1 if rare else 4.5))
        self.since[role] = time.monotonic()
        self.injector.arm(role, call, action, when)

    def live(self):
        """One life of the suite; its last kill takes all, or master."""
        self.host.start()
        with self.lock:
            self.is_over = False
            self.since.clear()
            self.died.clear()
        self.injector.attach(inject.master_of(self.host))
        end = time.monotonic() + LIFE
        while time.monotonic() < end:
            with self.lock:
                for role in POINTS:
                    if time.monotonic() - self.since.get(
                            role, time.monotonic()) > UNMOVED:
                        del self.since[role]
                    self.arm(role)
            time.sleep(0.1)
        with self.lock:
            self.is_over = True
        for role in POINTS:
            self.injector.disarm(role)
        self.end()

    def end(self):
        """Master alone dies and all others end in order, or all die at once;
        or it is an orderly stop."""
        way = self.draw.choice(("stop", "master", "all", "all"))
        there = self.host.processes()
        with self.lock:
            if way == "stop":
                self.host.run("relais", "stop", check=False)
            for role, pid in there:
                if way == "all" or way == role.replace("relais-", ""):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                        self.points[(role, "anywhere", way)] += 1
            self.deaths.note("all")
        hosts.wait_for("all to be gone", self.host.is_gone)
        with self.lock:
            self.deaths.note("all")

    def count(self):
        return sum(self.points.values())


def ask(host, over):
    """What keeps control and monitor busy."""
    while not over.is_set():
        for args in (("queue", "list"), ("queue", "retry", "ALL"),
                     ("status",)):
            host.run("timeout", "5", "relais", *args, check=False)
            time.sleep(0.1)


def show(killer, begin):
    by_role = collections.Counter()
    for (role, *_), n in killer.points.items():
        by_role[role] += n
    print("%d kills in %d s at %d points: %s" % (
        killer.count(), time.monotonic() - begin, len(killer.points),
        dict(by_role)))
    for point, n in sorted(killer.points.items()):
        print("  %5d  %s" % (n, " ".join(point)))


def main():
    check = hosts.Checks()
    seed = load.seed()
    begin = time.monotonic()
    with hosts.Net(hosts.tree()) as net:
        s1, sink = load.stage(net, USERS, CONFIG)
        killer = Killer(s1, random.Random(seed))
        over = threading.Event()
        letters = load.Letters(seed, SIZE_BITS)
        clients = [load.Client(s1, i, letters, over, seed)
                   for i in range(CLIENTS)]
        asking = threading.Thread(target=ask, args=(s1, over))
        for t in clients + [asking]:
            t.start()
        with killer.injector:
            while killer.count() < KILLS:
                killer.live()
            over.set()
            for t in clients + [asking]:
                t.join()
        s1.start()
        show(killer, begin)
        load.wait_empty(s1, 120)
        s1.stop()
        check.claim("%d kills" % KILLS, killer.count() >= KILLS)
        check.claim("of every program", {r for r, *_ in killer.points} >=
                    set(POINTS))
        killer.deaths.ends(check, clients, sink)
        check.claim("nobody died but of us", not killer.unexpected)
        print("".join("%s %d: %s\n" % x for x in killer.unexpected[:20]),
              end="")
        slowest = max(c.slowest for c in clients)
        print("the longest that a client waited: %.1f s; %d s in all" % (
            slowest, time.monotonic() - begin))
        sink.close()
    return check.end()


sys.exit(main())
