#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Destinations are served as the configuration says of them: how many at once,
in a second and in an hour, recipients of a message and messages of a
connection, how soon again and for how long; and a start does not try at once
all that waits.

usage: serving.py [DESTINATIONS]: that many wait for the start (300)
"""
import json
import os
import re
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402
import load     # noqa: E402

NET = "10.98.0.%d"
NARROW, WIDE, SECOND, HOUR, FEW, ONCE, SHORT, LONG, MANY = range(1, 10)
COUNT = 9
LATER = (SHORT, LONG)
PROBES = 10
WAITING = int(sys.argv[1]) if len(sys.argv) > 1 else 300
LETTERS = 12
PER_SECOND = 5
LETTER = b"Subject: how it is served\r\n\r\nline of it\r\n"
CONFIG = """\
relay-from 127.0.0.0/8 10.99.0.0/24
retry {
    first 1h
    maximum 1h
}
queue {
    probes %d
}
destination d%d.far.example {
    window 1
}
destination d%d.far.example {
    per-second %d
}
destination d%d.far.example {
    per-hour 2
}
destination d%d.far.example {
    recipients 2
}
destination d%d.far.example {
    mails 1
}
destination d%d.far.example {
    retry-first 1s
    retry-maximum 1s
    lifetime 3s
}
destination *.many.example {
    retry-first 1s
    retry-maximum 1s
}
""" % (PROBES, NARROW, SECOND, PER_SECOND, HOUR, FEW, ONCE, SHORT)


class Far:
    """The other hosts; which one is meant is told by the address."""

    def __init__(self, net):
        self.lock = threading.Condition()
        self.now, self.most, self.all, self.mails = [[0] * (COUNT + 1)
                                                     for _ in range(4)]
        self.taken = [[] for _ in range(COUNT + 1)]     # when
        self.recipients = [[] for _ in range(COUNT + 1)]
        self.down = True                # MANY is
        self.crowd = 1                  # of WIDE, before one is answered
        listener = hosts.inside(net.dns, lambda: socket.create_server(
            ("", 25), backlog=1024))
        hosts.serve(listener, self.session)

    def session(self, s):
        which = int(s.getsockname()[0].split(".")[-1])
        with self.lock:
            self.all[which] += 1
        try:
            with s, s.makefile("rwb") as f:
                self.talk(f, which)
        except OSError:
            pass

    def enter(self, which, one=1):
        with self.lock:
            self.now[which] += one
            self.most[which] = max(self.most[which], self.now[which])
            self.lock.notify_all()

    def talk(self, f, which):
        def say(text):
            f.write(text + b"\r\n")
            f.flush()

        if which == MANY:
            self.enter(which)
            time.sleep(0.01)            # so that there can be a crowd
            if self.down:
                self.enter(which, -1)
                say(b"421 4.3.2 far: not now")
                return
        say(b"220 far")
        mails, names = 0, 0
        for line in f:
            verb = line[:4].upper()
            if verb == b"MAIL":
                mails, names = mails + 1, 0
                self.mails[which] = max(self.mails[which], mails)
                if which != MANY:
                    self.enter(which)
            names += verb == b"RCPT"
            if verb == b"RCPT" and which in LATER:
                self.taken[which].append(time.monotonic())
                self.enter(which, -1)
                say(b"450 4.2.0 far: later")
                continue
            if verb != b"DATA":
                say({b"EHLO": b"250-far\r\n250 PIPELINING",
                     b"QUIT": b"221 bye"}.get(verb, b"250 ok"))
                if verb == b"QUIT":
                    return
                continue
            if which in LATER:
                say(b"554 5.5.1 nobody is there")
                continue
            say(b"354 go")
            while f.readline() not in (b".\r\n", b""):
                pass
            with self.lock:
                self.taken[which].append(time.monotonic())
                self.recipients[which].append(names)
                if which == WIDE:
                    self.lock.wait_for(
                        lambda: self.most[WIDE] >= self.crowd, 30)
            if which == NARROW:
                time.sleep(0.01)        # so that there can be a crowd
            self.enter(which, -1)
            say(b"250 taken")

    def wait(self, which, count):
        hosts.wait_for("%d letters at d%d" % (count, which),
                       lambda: len(self.taken[which]) >= count)


def send(host, letters):
    """Each is a list of recipients."""
    def here():
        session = load.Session(host.address)
        session.say("EHLO client.example")
        for to in letters:
            session.letter("jqp@s1.example", to, LETTER)
        session.close()

    hosts.inside(host.ns, here)


def at(which, count=1):
    return ["x%d@d%d.far.example" % (i, which) for i in range(count)]


def shown(host, name):
    done = host.run("relais", "--json", "queue", "destinations", name,
                    check=False)
    rows = [json.loads(x) for x in done.stdout.splitlines()]
    return rows[0] if rows else {}


def at_once(check, s1, far):
    for which in (NARROW, WIDE):
        send(s1, [at(which)])
        far.wait(which, 1)
    far.crowd = 3
    send(s1, [at(WIDE) for _ in range(LETTERS)])
    send(s1, [at(NARROW) for _ in range(LETTERS)])
    far.wait(WIDE, 1 + LETTERS)
    far.wait(NARROW, 1 + LETTERS)
    check.claim("with a window of 1 there is one at a time, without more",
                far.most[NARROW] == 1 and far.most[WIDE] >= 3)


def in_a_second(check, s1, far):
    begin = time.monotonic()
    send(s1, [at(SECOND) for _ in range(LETTERS)])
    far.wait(SECOND, LETTERS)
    late = [t - begin for t in sorted(far.taken[SECOND])]
    check.claim("by no time more have come than %d a second allow" %
                PER_SECOND, all(t >= i / PER_SECOND
                                for i, t in enumerate(late)))


def in_an_hour(check, s1, far):
    name = "d%d.far.example" % HOUR

    def sleeps():
        d = shown(s1, name)
        return d if d.get("change") == "rate" else None

    send(s1, [at(HOUR) for _ in range(3)])
    far.wait(HOUR, 1)
    d = hosts.wait_for("its rate", sleeps)
    check.claim("the rate, its pattern and its next message are shown",
                d["pattern"] == name and d["per_hour"] == 2 and
                d["state"] == "open" and
                1700 < d["change_at"] - time.time() <= 1801)
    text = s1.run("relais", "queue", "destinations", name).stdout
    check.claim("to people as well", re.search(
        r"\n    rate: next at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n"
        r"    as %s: .*, 2 an hour, " % re.escape(name), text))
    return sleeps


def parts(check, s1, far):
    send(s1, [at(FEW, 5)])
    far.wait(FEW, 3)
    check.claim("a message goes to so many recipients at once",
                sorted(far.recipients[FEW]) == [1, 2, 2])
    for i in range(3):
        send(s1, [at(ONCE)])
        far.wait(ONCE, i + 1)
    check.claim("a connection has so many messages",
                far.mails[ONCE] == 1 and far.all[ONCE] == 3)


def again(check, s1, far):
    send(s1, [at(LONG)])
    send(s1, [at(SHORT)])
    s1.wait_log(r"to=<x0@d%d.far.example>.* status=expired" % SHORT)
    check.claim("what is tried again sooner, and not as long, ends first",
                len(far.taken[SHORT]) >= 2 and len(far.taken[LONG]) == 1 and
                not re.search(r"to=<x0@d%d.far.example>.* status=expired" %
                              LONG, s1.log()))
    d = hosts.wait_for("d%d to wait" % LONG, lambda: (lambda d: d if d.get(
        "change") == "due" else None)(shown(s1, "d%d.far.example" % LONG)))
    check.claim("who is served as usual has no pattern",
                d["pattern"] == "" and d["retry_first"] == 3600)


def a_start(check, s1, far, sleeps):
    """All of them wait, are due, and nothing is known of any."""
    send(s1, [["x@p%d.many.example" % i] for i in range(WAITING)])
    hosts.wait_for("the first attempts", lambda: len(set(re.findall(
        r"to=<x@p(\d+)\.many\.example>.* status=deferred", s1.log()))) ==
        WAITING)
    before = len(far.taken[HOUR])
    s1.stop()
    far.most[MANY], far.down = 0, False
    s1.start()
    far.wait(MANY, WAITING)
    check.claim("behind a start %d destinations are tried, %d at a time" %
                (WAITING, PROBES), 1 < far.most[MANY] <= PROBES)
    far.wait(HOUR, before + 1)
    hosts.wait_for("its rate", sleeps)
    check.claim("a start adds one message to those of an hour",
                len(far.taken[HOUR]) == before + 1)


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        net.zone("far.example", *[
            line for i in range(1, COUNT + 1) for line in (
                "d%d MX 10 m%d" % (i, i), "m%d A %s" % (i, NET % i))])
        net.zone("many.example", "m A " + NET % MANY, *[
            "p%d MX 10 m" % i for i in range(WAITING)])
        net.zone("s1.example", "@ A 10.99.0.1")
        net.serve_dns()
        net.ip("route", "add", "local", NET % 0 + "/24", "dev", "lo")
        s1 = net.host("s1", users=["jqp"], config=CONFIG)
        hosts.run("ip", "-n", s1.ns, "route", "add", NET % 0 + "/24", "via",
                  hosts.DNS)
        far = Far(net)
        s1.start()
        sleeps = hosts.side_by_side(
            (in_an_hour, check, s1, far), (at_once, check, s1, far),
            (in_a_second, check, s1, far), (parts, check, s1, far),
            (again, check, s1, far))[0]
        a_start(check, s1, far, sleeps)
        check.claim("s1 has no error in its log", not re.search(
            r"\b(error|fatal|panic):", s1.log()))
    return check.end()


sys.exit(main())
