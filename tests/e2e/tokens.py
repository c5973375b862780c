#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""As root: queue dies in every state of a transaction, at exactly that system
call, and the client's session goes on.  An envelope that was ended and is in
the journal is answered 250 when queue is back, and comes once; one that is not
there is answered 451, and does not come.
"""
import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402
import inject   # noqa: E402
import load     # noqa: E402
import segments  # noqa: E402

TO = "jones@s1.example"
SMALL, LARGE = 3000, 200000
KILLS_A_LIFE = 4            # so that no back-off gathers
CROWD = 20
CONFIG = """\
relay-from 10.99.0.0/24
smtpd {
    processes 1
}
retry {
    first 1s
    maximum 1s
}
"""
STATES = ["before MAIL", "after MAIL", "after RCPT", "after DATA",
          "amid the content"]

# Stands a letter that is small or large in the journal then?  None: it may.
POINTS = [
    (SMALL, "recvmmsg", "after", False),
    (SMALL, "pwrite64@journal", "before", False),
    (SMALL, "pwrite64@journal", "after", True),
    (SMALL, "fdatasync@journal", "before", True),
    (SMALL, "fdatasync@journal", "after", True),
    (SMALL, "sendmsg", "before", None),     # what of it is told first
    (SMALL, "sendmsg", "after", None),
    (LARGE, "openat@message/", "before", False),
    (LARGE, "openat@message/", "after", False),
    (LARGE, "write@message/", "after", False),
    (LARGE, "fsync@message/", "before", False),
    (LARGE, "fsync@message/", "after", False),
    (LARGE, "pwrite64@journal", "before", False),
    (LARGE, "pwrite64@journal", "after", True),
    (LARGE, "fdatasync@journal", "after", True),
]
FILE_POINTS = [
    (SMALL, call, action, None) for call, action in (
        ("openat@message/", "before"), ("write@message/", "after"),
        ("fsync@message/", "after"), ("pwrite64@data.mdb", "before"),
        ("pwrite64@data.mdb", "after"), ("fdatasync@data.mdb", "after"),
        ("sendmsg", "before"), ("sendmsg", "after"))
]


class Trial:
    def __init__(self, check, host):
        self.check, self.host = check, host
        self.reader = segments.Reader(host.path("spool/queue/journal"))
        self.letters, self.draw = load.Letters(1, 10), random.Random(1)
        self.died = threading.Event()
        self.conservative = False   # without a journal
        self.twice = False          # again, as soon as it is back
        self.kills = self.number = self.unanswered = 0
        self.injector = inject.Injector(self.on_event)

    def on_event(self, event):
        if event.kind == "killed":
            self.reader.poll(0)
            self.kills += 1
            self.died.set()
        elif event.kind == "born" and event.role == "queue" and self.twice:
            self.twice = False
            self.injector.arm("queue", "sendmsg", "before", 2)

    def has_journalled(self):
        return len(self.reader.accepted)

    def begin(self):
        """A session; the suite is new when queue has died some times."""
        if self.kills >= KILLS_A_LIFE and self.host.processes():
            self.host.stop()
        if not self.host.processes():
            self.host.start()
            self.kills = 0
            self.injector.attach(inject.master_of(self.host))
        self.reader.poll(0)
        self.died.clear()
        self.number += 1
        session = load.Session(self.host.address)
        session.say("EHLO client.example")
        return session

    def name(self):
        return "n%d@sink.example" % self.number

    def copies(self):
        return len(load.in_mailboxes(self.host).get("n%d" % self.number, ()))

    def kill(self):
        for role, pid in self.host.processes():
            if role == "queue":
                os.kill(pid, signal.SIGKILL)
        self.kills += 1

    def settle(self, *copies):
        """All that is to come has come."""
        load.wait_empty(self.host)
        return self.copies() in copies

    def goes_on(self, session):
        """The next letter of the same session is taken, and comes."""
        self.number += 1
        code, _ = session.letter(self.name(), [TO], b"next\r\n")
        session.close()
        return code == 250 and self.settle(1)


def dies_in(trial, state):
    """Queue is killed in that state; the codes that the client hears then."""
    session = trial.begin()
    text = b"x" * 60 + b"\r\n"
    codes = []
    for at, line in zip(STATES, ("MAIL FROM:<%s>" % trial.name(),
                                 "RCPT TO:<%s>" % TO, "DATA", None, None)):
        if at == state:
            trial.kill()
        if line is not None:
            codes += session.say(line)
            continue
        session.socket.sendall(text * 100)
        time.sleep(0.02)        # the half of it is on its way
    session.socket.sendall(text + b".\r\n")
    codes.append(session.reply()[0])
    late = state in STATES[3:]
    trial.check.claim("killed %s: the client hears %s" % (state, codes),
                      codes == [250, 250, 354, 451 if late else 250])
    trial.check.claim("and what it was told is true", trial.settle(
        0 if late else 1))
    trial.check.claim("and its session goes on", trial.goes_on(session))


def dies_amid_chunks(trial, chunks):
    """Behind so many chunks: those that follow hear 451, up to the last one;
    none is stored without its beginning."""
    session = trial.begin()
    session.say("MAIL FROM:<%s>" % trial.name(), "RCPT TO:<%s>" % TO)
    codes = []
    for n in range(4):
        if n == chunks:
            trial.kill()
            time.sleep(0.05)
        session.socket.sendall(b"BDAT 12%s\r\n%s" % (
            b" LAST" if n == 3 else b"", b"x" * 10 + b"\r\n"))
        codes.append(session.reply()[0])
    late = chunks > 0
    trial.check.claim("killed behind %d chunks: the client hears %s" % (
        chunks, codes), codes == [250] * chunks + [451 if late else 250] * (
            4 - chunks))
    trial.check.claim("and what it was told is true", trial.settle(
        0 if late else 1))
    trial.check.claim("and its session goes on", trial.goes_on(session))


def dies_before_opened(trial):
    session = trial.begin()
    session.say("MAIL FROM:<%s>" % trial.name(), "RCPT TO:<%s>" % TO)
    trial.injector.arm_now("queue", "sendmsg", "before")
    trial.check.claim("killed before it opens: 354 all the same",
                      session.say("DATA") == [354] and trial.died.is_set())
    trial.check.claim("and 250", session.content(b"x\r\n")[0] == 250 and
                      trial.settle(1))
    trial.check.claim("and its session goes on", trial.goes_on(session))


def dies_at(trial, point, twice=False):
    size, call, action, journalled = point
    session = trial.begin()
    before = trial.has_journalled()
    session.say("MAIL FROM:<%s>" % trial.name(), "RCPT TO:<%s>" % TO, "DATA")
    trial.twice = twice
    trial.injector.arm_now("queue", call, action)
    code, _ = session.content(trial.letters.sized(trial.draw, size))
    died = trial.died.is_set()
    trial.injector.disarm("queue")
    what = "%s %s, %d octets%s: %d" % (action, call, size,
                                       ", twice" * twice, code)
    is_there = trial.has_journalled() > before
    trial.unanswered += is_there and code == 250
    fine = code in (250, 451)
    if trial.conservative:
        # the client may hear 451 of what is stored
        fine = fine and trial.settle(*((1,) if code == 250 else (0, 1)))
    else:
        fine = fine and is_there == (code == 250) and journalled in (
            None, is_there) and trial.settle(int(is_there))
    trial.check.claim("killed " + what, fine and died)
    trial.check.claim("and its session goes on", trial.goes_on(session))


def dies_with_a_crowd(trial, call, action, when):
    """Many wait for their answers; a part of them is in the journal."""
    first = trial.begin()
    sessions = [first] + [load.Session(trial.host.address)
                          for _ in range(CROWD - 1)]
    names = ["m%d-%d" % (trial.number, i) for i in range(CROWD)]
    for name, s in zip(names, sessions):
        s.say("EHLO x", "MAIL FROM:<%s@sink.example>" % name,
              "RCPT TO:<%s>" % TO, "DATA")
    trial.injector.arm_now("queue", call, action, when)
    for s in sessions:
        s.socket.sendall(b"x" * 60 + b"\r\n.\r\n")
        time.sleep(0.001)       # so that they make more than one batch
    codes = [s.reply()[0] for s in sessions]
    trial.injector.disarm("queue")
    hosts.wait_for("the promised ones", lambda: all(
        n in load.in_mailboxes(trial.host) for n, c in zip(names, codes)
        if c == 250))
    load.wait_empty(trial.host)
    found = load.in_mailboxes(trial.host)
    counts = [len(found.get(n, ())) for n in names]
    trial.check.claim(
        "%d wait, killed %s %s %d: %d hear 250, and these alone come, once" % (
            CROWD, action, call, when, codes.count(250)),
        set(codes) <= {250, 451} and
        counts == [int(c == 250) for c in codes] and
        (trial.died.is_set() or when > 1))
    trial.check.claim("and all sessions go on", all(
        s.say("NOOP") == [250] for s in sessions))
    for s in sessions:
        s.close()


def in_each_state(trial):
    for state in STATES:
        dies_in(trial, state)
    dies_before_opened(trial)
    for chunks in range(4):
        dies_amid_chunks(trial, chunks)


def at_each_point(trial):
    for point in POINTS:
        dies_at(trial, point)
    for point in POINTS[2:6]:
        dies_at(trial, point, twice=True)
    trial.check.claim("in the journal, not answered, and 250 in the end: %d"
                      % trial.unanswered, trial.unanswered >= 8)


def amid_a_crowd(trial):
    for call, action in (("pwrite64@journal", "before"),
                         ("fdatasync@journal", "after"),
                         ("sendmsg", "before")):
        for when in (1, 2, 3):
            dies_with_a_crowd(trial, call, action, when)


def without_a_journal(trial):
    trial.conservative = True
    trial.host.configure(CONFIG + "journal {\n    limit 0\n}\n")
    for state in STATES:
        dies_in(trial, state)
    for point in FILE_POINTS:
        dies_at(trial, point)


def walk(check, host, part):
    trial = Trial(check, host)
    with trial.injector:
        hosts.inside(host.ns, lambda: part(trial))
        host.stop()


def main():
    """Each part on a host of its own."""
    check = hosts.Checks()
    parts = in_each_state, at_each_point, amid_a_crowd, without_a_journal
    with hosts.Net(hosts.tree()) as net:
        net.zone("s1.example", "@ A 10.99.0.1")
        net.serve_dns()
        hosts.side_by_side(*[
            (walk, check, net.host("s%d" % n, users=["jones"], config=CONFIG,
                                   domain="s1.example"), part)
            for n, part in enumerate(parts, 1)])
    return check.end()


sys.exit(main())
