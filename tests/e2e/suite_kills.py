#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""As root: clients send letters from one octet to 20 MiB while every program
of the suite is killed at random, and from time to time master alone.  What was
answered 250 arrives, octet for octet, and comes twice only when it had not been
recorded.

usage: suite_kills.py [LETTERS]
RELAIS_LETTERS (600; 150 with sanitizers; from 5000 on each program is killed
20 times, and master 5 times), RELAIS_SEED.
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

LETTERS = load.amount("RELAIS_LETTERS", 600, sanitized=150)
IS_FULL = LETTERS >= 5000
KILLS = 20 if IS_FULL else 4        # of each program
MASTERS = 5 if IS_FULL else 2
CLIENTS = 20
KILLS_A_LIFE = 4                    # so that no back-off gathers
GAP = 0.08
LIFE = 8.0
ORPHANS = 35.0      # they have 30 s
SIZE_BITS = 16.0
LARGE, LARGE_BITS = 0.004, (20, 24.3219)    # 1 to 20 MiB
USERS = ["u%d" % i for i in range(8)]
ROLES = ("smtpd queue remote local agent lookup users resolver control "
         "monitor logger").split()
CONFIG = """\
relay-from 10.99.0.0/24
retry {
    first 1s
    maximum 2s
}
queue {
    quarantine-after 0      # no letter is to blame
}
"""


class Sizes(load.Letters):
    """A few are large."""

    def content(self, draw):
        if draw.random() < LARGE:
            return self.sized(draw, int(2 ** draw.uniform(*LARGE_BITS)))
        return super().content(draw)


class Killer:
    def __init__(self, host, draw):
        self.host, self.draw = host, draw
        self.deaths = deaths.Deaths(host)
        self.killed = collections.Counter()
        self.masters = 0
        self.left = []      # when master was gone for long
        self.longest = 0.0

    def kill_one(self, died):
        """One of those that have died least, of the ones that are there."""
        there = [x for x in self.host.processes() if x[0] in ROLES and
                 died[x[0]] < KILLS_A_LIFE]
        if not there:
            return
        least = min(self.killed[role] for role, _ in there)
        role, pid = self.draw.choice([x for x in there if
                                      self.killed[x[0]] <= least + 1])
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.deaths.note(role)
            self.killed[role] += 1
            died[role] += 1

    def kill_master(self):
        """The others finish what they do, and end."""
        os.kill(inject.master_of(self.host), signal.SIGKILL)
        self.deaths.note("all")
        begin = time.monotonic()
        try:
            hosts.wait_for("all to be gone",
                           self.host.is_gone, ORPHANS)
        except hosts.Timeout:
            self.left += self.host.processes()
            for _, pid in self.host.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.longest = max(self.longest, time.monotonic() - begin)
        self.deaths.note("all")
        self.masters += 1

    def has_done(self):
        return min(self.killed[r] for r in ROLES) >= KILLS and \
            self.masters >= MASTERS

    def run(self, has_sent):
        while not (self.has_done() and has_sent()):
            self.host.start()
            died = collections.Counter()
            end = time.monotonic() + LIFE
            while time.monotonic() < end and not (
                    min(died[r] for r in ROLES) >= KILLS_A_LIFE):
                self.kill_one(died)
                time.sleep(self.draw.uniform(0, GAP))
            self.kill_master()


def main():
    check = hosts.Checks()
    seed = load.seed()
    begin = time.monotonic()
    with hosts.Net(hosts.tree()) as net:
        s1, sink = load.stage(net, USERS, CONFIG)
        killer = Killer(s1, random.Random(seed))
        over = threading.Event()
        letters = Sizes(seed, SIZE_BITS)
        clients = [load.Client(s1, i, letters, over, seed)
                   for i in range(CLIENTS)]
        for c in clients:
            c.start()
        killer.run(lambda: sum(len(c.promised) for c in clients) >= LETTERS)
        over.set()
        s1.start()
        for c in clients:
            c.join()
        load.wait_empty(s1, 300)
        s1.stop()
        print("killed: %s, master %d times; the largest letter: %d octets; "
              "%d s" % (dict(killer.killed), killer.masters,
                        max(c.largest for c in clients),
                        time.monotonic() - begin))
        check.claim("each program was killed %d times, and master %d" % (
            KILLS, MASTERS), killer.has_done())
        check.claim("and without it all end, the last after %.1f s" %
                    killer.longest, not killer.left)
        print("".join("%s %d stayed\n" % x for x in killer.left), end="")
        killer.deaths.ends(check, clients, sink,
                           "|was killed by signal (?!9 )")
        sink.close()
    return check.end()


sys.exit(main())
