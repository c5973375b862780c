#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Every limit in turn, over three smtpd processes: who is over it hears which
it is, others do not notice.  Then lookup and smtpd are restarted and killed.

Each limit has a listener of its own, and so its own counts.
"""
import os
import re
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402
import load     # noqa: E402

PEOPLE = ["10.99.0.%d" % n for n in range(101, 121)]
RELAY = "10.99.0.200"
SIX = ["fd00:98:%x::%x" % (n, i) for n in range(1, 4) for i in range(1, 4)]
HOST_SIX, GATE_SIX = "fd00:99::1", "fd00:99::53"
# no limit but the one that is said
NONE = {w: 0 for w in ("connections", "connections-per-minute", "errors",
                       "messages-per-minute", "recipients-per-minute",
                       "unknown-users", "slow-sessions",
                       "total-slow-sessions")}
PORTS = {
    "once": (1001, {"connections": 3}),
    "six": (1002, {"connections": 2}),
    "all": (1003, {"total-connections": 4}),
    "rate": (1004, {"connections-per-minute": 6}),
    "messages": (1005, {"messages-per-minute": 5}),
    "recipients": (1006, {"recipients-per-minute": 7}),
    "unknown": (1007, {"unknown-users": 4}),
    "errors": (1008, {"errors": 10}),
    "early": (1009, {"early-talk": "no", "greet-delay": "1s"}),
    "slow": (1010, {"slow-sessions": 2, "total-slow-sessions": 4}),
    "open": (1011, {}),
}


def block(name):
    port, said = PORTS[name]
    limits = dict(NONE, **said)
    return "listen %s {\n address 0.0.0.0 ::\n port %d\n limit {\n%s }\n}\n" % (
        name, port, "".join("  %s %s\n" % x for x in limits.items()))


CONFIG = "relay-from %s\nsmtpd {\n processes 3\n}\n" % RELAY + "".join(
    map(block, PORTS))


def give_addresses(net, host):
    """Clients are in the network of the DNS server."""
    for a in PEOPLE + [RELAY]:
        net.ip("addr", "add", a + "/24", "dev", "wire")
    net.ip("addr", "add", GATE_SIX + "/64", "dev", "wire", "nodad")
    for a in SIX:
        net.ip("addr", "add", a + "/128", "dev", "wire", "nodad")
    hosts.run("ip", "-n", host.ns, "addr", "add", HOST_SIX + "/64", "dev",
              "eth0", "nodad")
    hosts.run("ip", "-n", host.ns, "route", "add", "fd00:98::/32", "via",
              GATE_SIX)


class Client(load.Session):
    """From that address; what it was greeted with is kept."""

    def __init__(self, host, source, name):
        self.socket = socket.create_connection(
            (HOST_SIX if ":" in source else host.address, PORTS[name][0]),
            load.PATIENCE, (source, 0))
        self.file = self.socket.makefile("rb")
        self.slowest = 0.0
        self.greeting = self.reply()
        self.code = self.greeting[0]

    def hears_limit(self, rule):
        code, text = self.greeting
        return code == 421 and text.startswith("4.7.0 ") and \
            " Limit %s: " % rule in text and self.is_closed()

    def is_closed(self):
        return self.file.read(1) == b""

    def ask(self, line):
        """Code and text"""
        self.socket.sendall(line.encode() + b"\r\n")
        return self.reply()


class Trial:
    def __init__(self, check, host):
        self.check, self.host = check, host

    def come(self, name, *sources):
        return [Client(self.host, s, name) for s in sources]

    def leave(self, clients):
        for c in clients:
            c.close()

    def comes_in_again(self, name, source):
        """Lookup hears of who has gone in a moment."""
        def test():
            c = self.come(name, source)[0]
            c.close()
            return c.code == 220

        return hosts.wait_for("a place at " + name, test, 10)

    def is_refused_soon(self, name, source):
        """A new lookup hears of all workers within a moment."""
        def test():
            c = self.come(name, source)[0]
            c.close()
            return c.code == 421

        return hosts.wait_for("a refusal at " + name, test, 10)

    def fills(self, name, source, count):
        """So many come in, and then nobody more of them."""
        inside = self.come(name, *[source] * count)
        over = self.come(name, source)[0]
        good = {c.code for c in inside} == {220} and over.hears_limit(
            "connections")
        over.close()
        return inside, good


def at_once(t):
    inside, good = t.fills("once", PEOPLE[0], 3)
    t.check.claim("three at once are greeted, and the fourth hears 421 "
                  "connections", good)
    other = t.come("once", PEOPLE[1])
    t.check.claim("another address is greeted", other[0].code == 220)
    t.check.claim("the log says so for tools", t.host.wait_log(
        r"NOQUEUE: reject: CONNECT from unknown\[%s\]: 421 4\.7\.0 "
        r"limits\.example Limit connections: " % re.escape(PEOPLE[0])))
    t.check.claim("and how many there were", t.host.wait_log(
        r"lookup\S* warning: limit connections at once: 4 of 3 from %s/32"
        % re.escape(PEOPLE[0])))
    t.leave(inside[:1] + other)
    t.check.claim("who leaves makes room",
                  t.comes_in_again("once", PEOPLE[0]))
    exempt = t.come("once", *[RELAY] * 8)
    t.check.claim("whoever may relay is exempt",
                  {c.code for c in exempt} == {220})
    t.leave(exempt + inside)


def prefixes(t):
    """Addresses of one /64 are one client."""
    inside = t.come("six", *SIX[:2])
    over = t.come("six", SIX[2])[0]
    t.check.claim("a /64 is one client", over.hears_limit("connections") and
                  [c.code for c in inside] == [220, 220])
    other = t.come("six", SIX[3])
    t.check.claim("another /64 is another", other[0].code == 220)
    t.leave(inside + other + [over])


def in_all(t):
    inside = t.come("all", *PEOPLE[:4])
    over = t.come("all", PEOPLE[4], RELAY)
    t.check.claim("the sum holds for everybody", all(
        c.hears_limit("total-connections") for c in over) and
        {c.code for c in inside} == {220})
    t.leave(inside + over)


def per_minute(t):
    codes = [t.come("rate", PEOPLE[0])[0].code for _ in range(6)]
    over = t.come("rate", PEOPLE[0])[0]
    t.check.claim("the seventh connection of a minute is one too many",
                  codes == [220] * 6 and
                  over.hears_limit("connections-per-minute"))
    t.check.claim("others come in", t.come("rate", PEOPLE[1])[0].code == 220)
    began = time.monotonic()
    t.check.claim("and a sixth of a minute later the first, too",
                  hosts.wait_for("an allowance", lambda: t.come(
                      "rate", PEOPLE[0])[0].code == 220, 30) and
                  time.monotonic() - began > 5)


def sender(t, name, source):
    c = t.come(name, source)[0]
    c.say("EHLO client.example")
    return c


def is_over(reply, rule):
    return reply[0] == 450 and reply[1].startswith("4.7.1 Limit %s: " % rule)


def messages(t):
    people = [sender(t, "messages", PEOPLE[0]) for _ in range(3)]
    good = [people[i % 3].letter("a@b.example", ["jones@" + t.host.domain],
                                 b"x\r\n")[0] for i in range(5)]
    last = people[2]
    last.say("MAIL FROM:<a@b.example>")
    first = last.ask("RCPT TO:<jones@%s>" % t.host.domain)
    second = last.ask("RCPT TO:<postmaster>")
    t.check.claim("the sixth message of a minute waits, for each recipient",
                  good == [250] * 5 and
                  is_over(first, "messages-per-minute") and
                  is_over(second, "messages-per-minute"))
    other = sender(t, "messages", PEOPLE[1])
    t.check.claim("others send", other.letter(
        "a@b.example", ["jones@" + t.host.domain], b"x\r\n")[0] == 250)
    t.leave(people + [other])


def recipients(t):
    people = [sender(t, "recipients", PEOPLE[0]) for _ in range(3)]
    for c in people:
        c.say("MAIL FROM:<a@b.example>")
    to = "RCPT TO:<jones@%s>" % t.host.domain
    codes = [people[i % 3].ask(to)[0] for i in range(7)]
    over = [c.ask(to) for c in people]
    t.check.claim("the eighth recipient of a minute waits, in each session",
                  codes == [250] * 7 and all(
                      is_over(r, "recipients-per-minute") for r in over))
    t.check.claim("those that were accepted stand",
                  people[0].say("DATA") == [354] and
                  people[0].content(b"x\r\n")[0] == 250)
    t.leave(people)


def unknown_users(t):
    people = [sender(t, "unknown", PEOPLE[0]) for _ in range(2)]
    for c in people:
        c.say("MAIL FROM:<a@b.example>")
    codes = [people[i % 2].ask("RCPT TO:<n%d@%s>" % (i, t.host.domain))[0]
             for i in range(4)]
    over = [c.ask("RCPT TO:<jones@%s>" % t.host.domain) for c in people]
    late = t.come("unknown", PEOPLE[0])[0]
    t.check.claim("behind four unknown users nobody is told any more",
                  codes == [550] * 4 and all(
                      is_over(r, "unknown-users") for r in over))
    t.check.claim("and nobody comes in", late.hears_limit("unknown-users"))
    t.leave(people)


def errors(t):
    people = [t.come("errors", PEOPLE[0])[0] for _ in range(2)]
    for c in people:
        c.say(*["HUH"] * 5)
    t.leave(people)

    def test():
        late = t.come("errors", PEOPLE[0])[0]
        late.close()
        return late.code == 421 and "Limit errors: " in late.greeting[1]

    t.check.claim("behind ten errors nobody comes in",
                  hosts.wait_for("errors to count", test, 10))
    t.check.claim("but others", t.come("errors", PEOPLE[1])[0].code == 220)


def early_talk(t):
    began = time.monotonic()
    s = socket.create_connection((t.host.address, PORTS["early"][0]),
                                 source_address=(PEOPLE[0], 0))
    s.sendall(b"EHLO me\r\n")
    heard = s.makefile("rb").read()
    t.check.claim("who talks before the greeting is sent away",
                  heard.startswith(b"421 4.7.0 limits.example Limit "
                                   b"early-talk: ") and
                  heard.count(b"\n") == 1)
    polite = t.come("early", PEOPLE[0])[0]
    t.check.claim("who waits is greeted", polite.code == 220 and
                  time.monotonic() - began > 1.5)
    t.check.claim("and served", polite.say("EHLO me") == [250])
    began = time.monotonic()
    relay = t.come("early", RELAY)[0]
    t.check.claim("who may relay does not wait", relay.code == 220 and
                  time.monotonic() - began < 1)


def crawl(t, clients, seconds):
    """An octet a second; those that are told to go."""
    gone = set()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for c in clients:
            try:
                c.socket.sendall(b"x")
            except OSError:
                gone.add(c)
        time.sleep(1)
    for c in clients:
        c.socket.settimeout(0.2)
        try:
            gone.add(c) if c.reply()[0] == 421 else None
        except OSError:
            pass
    return gone


def slow_senders(t):
    """An address has all of its sessions in any worker, so each of the three
    may have two of it."""
    people = [sender(t, "slow", PEOPLE[0]) for _ in range(18)]
    quick = sender(t, "slow", PEOPLE[0])
    for c in people:
        c.say("MAIL FROM:<a@b.example>", "RCPT TO:<jones@%s>"
              % t.host.domain)
    for c in people[::2]:
        c.say("DATA")
    for c in people[1::2]:
        c.socket.sendall(b"BDAT 100000 LAST\r\n")
    gone = crawl(t, people, 14)
    stay = len(people) - len(gone)
    t.check.claim("of 18 slow senders of an address %d may go on, at most 6"
                  % stay, 1 <= stay <= 6)
    told = len(t.host.wait_all_of_log(
        r"reject: (?:DATA|BDAT) from unknown\[%s\]: 421 4.7.0 \S+ "
        r"Limit slow-sessions" % re.escape(PEOPLE[0]), len(gone)))
    t.check.claim("and %d of %d are told why" % (told, len(gone)),
                  told == len(gone))
    t.leave(people)
    t.check.claim("their letters are not there",
                  b"xxxx" not in b"".join(t.host.mail("jones")))
    t.check.claim("but that of one who is quick", quick.letter(
        "a@b.example", ["jones@" + t.host.domain], b"x\r\n")[0] == 250)
    quick.close()


def pids(host, program):
    return [pid for name, pid in host.processes() if name == program]


def lookup_begins_anew(t):
    inside, good = t.fills("once", PEOPLE[5], 3)
    t.host.run("relais", "restart", "lookup")
    t.check.claim("a new lookup knows who is here",
                  good and t.is_refused_soon("once", PEOPLE[5]))
    for pid in pids(t.host, "lookup"):
        os.kill(pid, signal.SIGKILL)
    t.check.claim("and one in place of a dead one",
                  t.is_refused_soon("once", PEOPLE[5]))
    t.leave(inside[:1])
    t.check.claim("who leaves then makes room",
                  t.comes_in_again("once", PEOPLE[5]))
    t.check.claim("those inside are served", all(
        c.say("NOOP") == [250] for c in inside[1:]))
    t.leave(inside[1:])


def smtpd_dies(t):
    inside, good = t.fills("once", PEOPLE[6], 3)
    for pid in pids(t.host, "smtpd"):
        os.kill(pid, signal.SIGKILL)

    def test():
        try:
            again, good = t.fills("once", PEOPLE[6], 3)
        except OSError:
            return False
        t.leave(again)
        return good

    t.check.claim("clients of dead workers are gone",
                  good and hosts.wait_for("three places", test, 20))
    t.leave(inside)


def workers_drain(t):
    """Sessions of a worker that drains count, and so do those of its
    successor."""
    inside, good = t.fills("once", PEOPLE[7], 3)
    t.host.run("relais", "restart", "smtpd")
    over = t.come("once", PEOPLE[7])[0]
    t.check.claim("sessions of workers that drain count",
                  good and over.hears_limit("connections"))
    t.leave(inside)


def lookup_is_silent(t):
    lookups = pids(t.host, "lookup")
    for pid in lookups:
        os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    late = t.come("open", PEOPLE[8])[0]
    waited = time.monotonic() - began
    for pid in lookups:
        os.kill(pid, signal.SIGCONT)
    t.check.claim("without lookup a client is greeted after %.1f s" % waited,
                  late.code == 220 and 4 < waited < 8)
    t.check.claim("and served", late.say("EHLO me", "NOOP") == [250, 250])
    t.check.claim("which the log tells", t.host.wait_log(
        r"no limits in time after CONNECT from unknown\[%s\]"
        % re.escape(PEOPLE[8])))
    late.close()


def nothing_is_wrong(t):
    t.check.claim("nobody was accused or died of itself", not re.search(
        r"accuse|has a client twice|panic|fatal:|verdict that is none",
        t.host.log()))


def a_command_has_its_time(check, host):
    """Which an octet now and then does not lengthen."""
    s = load.Session(host.address)
    s.say("EHLO client.example")
    began = time.monotonic()
    s.socket.settimeout(0.4)
    heard = b""
    while not heard and time.monotonic() - began < 15:
        try:
            s.socket.sendall(b"N")
            heard = s.socket.recv(512)
        except socket.timeout:
            continue
    took = time.monotonic() - began
    check.claim("a command of an octet now and then ends after %.1f s, of 3"
                % took, heard.startswith(b"421 4.4.2 ") and 2.5 < took < 6)
    s.close()


CLAIMS = (at_once, prefixes, in_all, per_minute, messages, recipients,
          unknown_users, errors, early_talk, slow_senders,
          lookup_begins_anew, smtpd_dies, workers_drain, lookup_is_silent,
          nothing_is_wrong)


def main():
    check = hosts.Checks()
    only = sys.argv[1:]
    with hosts.Net(hosts.tree()) as net:
        net.zone("limits.example", "@ A 10.99.0.1")
        net.serve_dns()
        host = net.host("limits", users=["jones"], config=CONFIG)
        give_addresses(net, host)
        host.start()
        load.enter(net.dns)
        t = Trial(check, host)
        for claim in CLAIMS:
            if not only or claim.__name__ in only:
                claim(t)
        host.stop()
        if not only or "time" in only:
            host = net.host("time", config="smtpd {\n command-time 3s\n}\n")
            host.start()
            a_command_has_its_time(check, host)
            host.stop()
    return check.end()


sys.exit(main())
