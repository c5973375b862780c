#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# tests/run: alone
"""As root: under load each system call of queue fails in turn, with each error
there is, once or many times, in the midst of its life and at its beginning.
No 250 is a lie, nobody waits for an answer for long, and when the fault is gone
mail is taken again.

usage: faults.py [ROUNDS]
RELAIS_FAULTS: how many rounds (120; 40 with sanitizers), RELAIS_SEED;
RELAIS_CALL: a part of the names of the calls that fail; RELAIS_KEEP: where the
log of a run that failed is kept.
"""
import collections
import contextlib
import errno
import os
import random
import re
import shutil
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

ROUNDS = load.amount("RELAIS_FAULTS", 120, sanitized=40)
ONLY = os.environ.get("RELAIS_CALL", "")
CLIENTS = 8
PATIENCE = 10.0             # for an answer, and for mail to be taken again
UNMET = 0.4                 # so long a rule waits for its call
BURST = 0.25                # so long a fault that repeats stays
DEATHS_A_LIFE = 3           # so that no back-off gathers
SIZE_BITS = 17.5
USERS = ["jones", "brown", "green", "white"]
CONFIG = """\
relay-from 10.99.0.0/24
smtpd {
    processes 1
}
retry {
    first 1s
    maximum 2s
}
journal {
    segment 16M
    limit %s
}
"""
ERRORS = ("ENOSPC", "EIO", "EMFILE", "ENOMEM", "EINTR", "EAGAIN")
# A write to an eventfd is not among them: it cannot fail.
CALLS = ("pwrite64@journal fdatasync@journal pread64@journal pwrite64@data.mdb "
         "fdatasync@data.mdb write@message/ fsync@message/ openat@message/ "
         "unlinkat@message/ pread64@message/ read sendmsg recvmmsg "
         "epoll_wait epoll_ctl fstatfs mmap").split()
# Nor a mapping at the start: most are the loader's, which dies of it.
AT_START = ("openat openat@journal openat@message mkdirat newfstatat "
            "pread64@journal fdatasync@journal pwrite64@journal fsync "
            "lseek getdents64 getrandom read recvmmsg").split()
SHORT = ("pwrite64@journal pread64@journal write@message/ pread64@message/ "
         "pwrite64@data.mdb read").split()
STOPPED = "no mail is taken or delivered until queue is started anew"


def rounds(draw):
    """All there are, in an order of their own; then again."""
    every = [(call, error, False) for call in CALLS for error in ERRORS]
    every += [(call, "short", False) for call in SHORT]
    every += [(call, error, True) for call in AT_START for error in ERRORS]
    if "RELAIS_SANITIZED" in os.environ:    # which die without memory
        every = [r for r in every if r[0] != "mmap"]
    every = [r for r in every if ONLY in r[0]]
    while True:
        draw.shuffle(every)
        yield from every


class Trial:
    def __init__(self, host, known, draw):
        self.host, self.deaths, self.draw = host, known, draw
        self.lock = threading.Lock()        # of what is known of deaths
        self.met = threading.Event()
        self.faults = collections.Counter()
        self.ends = collections.Counter()   # of queue, by status
        self.ours = set()
        self.died = 0                       # in this life
        self.stops = self.damages = 0       # what the log has of them
        self.bad = []
        self.slowest = (0.0, None)
        self.what = None
        self.probes = 0
        self.injector = inject.Injector(self.on_event)

    def on_event(self, event):
        if event.kind == "failed":
            self.faults[self.what] += 1
            self.met.set()
        elif event.kind == "died" and event.role == "queue":
            with self.lock:
                self.deaths.note("queue")
            self.died += 1
            status = int(event.rest[0])
            if event.pid in self.ours:
                return
            self.ends[status >> 8 if status & 127 == 0 else
                      -(status & 127)] += 1
            if status & 127:
                self.bad.append("%s: queue died of signal %d" % (
                    self.what, status & 127))

    def ensure_life(self):
        """The suite is there, and no back-off has gathered."""
        if self.died >= DEATHS_A_LIFE:
            self.end_life()
        if not self.host.processes():
            self.host.start()
            self.injector.attach(inject.master_of(self.host))

    def kill(self, roles):
        for role, pid in self.host.processes():
            if role in roles or not roles:
                self.ours.add(pid)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        with self.lock:
            self.deaths.note("queue" if roles else "all")

    def end_life(self):
        """Mostly at once; an orderly stop takes its time."""
        if self.draw.random() < 0.1:
            self.host.stop()
        else:
            self.kill(())
            hosts.wait_for("all to be gone", self.host.is_gone)
        with self.lock:
            self.deaths.note("all")
        self.died = 0

    def round(self, call, error, at_start):
        self.ensure_life()
        self.what = "%s %s%s" % (call, error, " at start" * at_start)
        self.met.clear()
        many = self.draw.random() < 0.3 and not at_start
        if call == "mmap":
            many = False        # lest it meets the next one's loader
            self.recovers()
        number = 0 if error == "short" else getattr(errno, error)
        self.injector.arm_now(
            "queue", call, "short" if error == "short" else "error",
            int(2 ** self.draw.uniform(0, 3)), 1000 if many else 1, number)
        if at_start:
            self.kill(("queue",))
        met = self.met.wait(UNMET)
        if met and many:
            time.sleep(BURST)
        self.injector.disarm("queue")
        if met:
            self.recovers()
        self.look_for_damage()

    def probe(self):
        """One letter: its code, or what went wrong."""
        self.probes += 1
        begin = time.monotonic()
        try:
            session = load.Session(self.host.address)
            session.socket.settimeout(PATIENCE)
            session.say("EHLO probe.example")
            code = session.letter("", ["probe@s1.example"], b"probe\r\n")[0]
            session.close()
        except load.Refused as e:
            code = e.args[0]
        except TimeoutError:
            code = "hangs"
        except OSError as e:
            code = type(e).__name__
        took = time.monotonic() - begin
        self.slowest = max(self.slowest, (took, self.what),
                           key=lambda x: x[0])
        return code

    def has_stopped(self):
        """Twice failed, the journal takes nothing more, by design."""
        return self.host.log().count(STOPPED) > self.stops

    def look_for_damage(self):
        """No disk is damaged by a call that fails, nor an index given up."""
        told = len(re.findall("are damaged|quarantine/index-",
                              self.host.log()))
        if told > self.damages:
            self.bad.append("%s: damage is told" % self.what)
        self.damages = told

    def recovers(self):
        end = time.monotonic() + PATIENCE
        codes = []
        while time.monotonic() < end:
            codes.append(self.probe())
            if codes[-1] == 250:
                return
            if self.has_stopped():
                self.stops = self.host.log().count(STOPPED)
                self.host.run("relais", "restart", "queue", check=False)
                self.died += 1
                end = time.monotonic() + PATIENCE
            time.sleep(0.05)
        self.bad.append("%s: no mail is taken: %s" % (self.what, codes[-5:]))
        self.died = DEATHS_A_LIFE


def run(check, known, limit, count, seed):
    """So many rounds with a journal of that size."""
    host = known.host
    host.configure(CONFIG % limit)
    draw = random.Random("%d %s" % (seed, limit))
    trial = Trial(host, known, draw)
    over = threading.Event()
    letters = load.Letters(seed, SIZE_BITS)
    base = 100 if limit == "0" else 0
    clients = [load.Client(host, base + i, letters, over, seed, users=USERS)
               for i in range(CLIENTS)]
    trial.ensure_life()
    for c in clients:
        c.start()
    begin = time.monotonic()
    done = 0
    with trial.injector:
        for call, error, at_start in rounds(draw):
            trial.round(call, error, at_start)
            done += 1
            if done == count:
                break
        trial.ensure_life()
        trial.recovers()
        over.set()
        for c in clients:
            c.join()
    load.wait_empty(host, 120)
    host.stop()
    print("journal %s: %d rounds, %d of them met, %d faults, queue ended %s, "
          "its journal stopped %d times; the slowest answers: clients %.1f s, "
          "probes %.1f s (%s); %d s" % (
              limit, done, len(trial.faults), sum(trial.faults.values()),
              dict(trial.ends), trial.stops, max(c.slowest for c in clients),
              *trial.slowest, time.monotonic() - begin), flush=True)
    check.claim("journal %s: after each fault mail is taken, and nobody dies "
                "of a signal" % limit, not trial.bad)
    for line in trial.bad:
        print(line)
    check.claim("and nobody waits long", max(
        c.slowest for c in clients) < PATIENCE + BURST)
    check.claim("and many of the faults were met (%d)" % len(trial.faults),
                len(trial.faults) >= min(count, 150) / 4 or ONLY)
    return clients


def keep(host):
    if os.environ.get("RELAIS_KEEP"):
        shutil.copy(host.path("spool/log"), os.environ["RELAIS_KEEP"])


def main():
    check = hosts.Checks()
    seed = load.seed()
    with hosts.Net(hosts.tree()) as net:
        s1, sink = load.stage(net, USERS + ["probe"])
        known = deaths.Deaths(s1)
        try:
            clients = hosts.inside(s1.ns, lambda: run(
                check, known, "256M", ROUNDS * 2 // 3, seed))
            clients += hosts.inside(s1.ns, lambda: run(
                check, known, "0", ROUNDS - ROUNDS * 2 // 3, seed))
        except hosts.Timeout:
            keep(s1)
            print(s1.run("relais", "queue", "list", check=False))
            raise
        there = load.in_mailboxes(s1)
        there.pop("<>", None)       # the probes
        twice = load.claims(check, clients, {
            "mailbox": there, "sink": sink.taken()})
        known.claims(check, twice, whole=False)
        if check.failed:
            keep(s1)
        bad = re.findall(r".*(?:accuses|which is killed).*", s1.log())
        check.claim("nobody was accused", not bad)
        print("\n".join(bad[:20]))
        told = collections.Counter(re.sub(r"\w{13}|\d+", "N", line) for line
                                   in re.findall(r"(?:fatal|error): .*",
                                                 s1.log()))
        for line, n in told.most_common(40):
            print("  %5d  %s" % (n, line))
        sink.close()
    return check.end()


sys.exit(main())
