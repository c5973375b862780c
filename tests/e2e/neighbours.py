#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Servers that stand behind us, by routes: LMTP with a verdict for each
recipient, XFORWARD, and what a route or LIMITS says about how much at once.

All cases run side by side, each with a domain and an address of its own.
"""
import os
import re
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402
from scripted import (CHUNKS, CLOSE, EHLO, GOOD, PLAIN, RESET, Script,
                      offering)     # noqa: E402

SENT, LATER, BOUNCED = "sent", "deferred", "bounced"
OK = (SENT, "2.0.0")
ZONE = "near.example"
FIRST = 100
ALL = b"XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"
LETTER = "From: jqp@s1.example\r\nSubject: %s\r\n\r\n%s.a dot\r\nend\r\n"
LARGE = ".x" * 30 + "\r\n"


class Case(Script):
    """`wanted`: (status, dsn) of each recipient, in their order, in turn of
    each of `domains`; `way`: of its route, `more`: further lines of it."""

    def __init__(self, name, replies, *wanted, lmtp=False, more="", large=0,
                 domains=("",), port=25, log=None):
        Script.__init__(self, replies, lmtp=lmtp)
        self.name, self.more, self.large = name, more, large
        self.port, self.log = 24 if lmtp else port, log
        self.domain = "%s.%s" % (name, ZONE)
        self.domains = [part + self.domain for part in domains]
        self.wanted = {"r%d@%s" % (i, self.domains[i % len(domains)]): w
                       for i, w in enumerate(wanted)}

    def route(self, ip):
        return "route %s {\n%s [%s]:%d\n%s\n}\n" % (
            " ".join(self.domains), "lmtp" if self.lmtp else "via", ip,
            self.port, self.more)


def lmtp(name, replies, *wanted, **more):
    return Case("lmtp-" + name, replies, *wanted, lmtp=True, **more)


REFUSED, PUT_OFF = b"550 5.2.2 full\r\n", b"451 4.2.0 locked\r\n"
LCHUNKS = {"LHLO": CHUNKS}
CASES = [
    lmtp("plain", {"LHLO": PLAIN}, OK, OK),
    lmtp("each", {".": [GOOD["."], REFUSED, PUT_OFF]}, OK,
         (BOUNCED, "5.2.2"), (LATER, "4.2.0")),
    lmtp("some", {"RCPT": [REFUSED, GOOD["RCPT"], PUT_OFF, GOOD["RCPT"]],
                  ".": [PUT_OFF, GOOD["."]]},
         (BOUNCED, "5.2.2"), (LATER, "4.2.0"), (LATER, "4.2.0"), OK),
    lmtp("none", {"RCPT": REFUSED, "DATA": b"503 5.5.1 RCPT\r\n"},
         (BOUNCED, "5.2.2"), (BOUNCED, "5.2.2")),
    # RFC 2033, section 4.2, forbids it; how many replies follow?
    lmtp("none-354", {"RCPT": REFUSED}, (BOUNCED, "5.2.2")),
    lmtp("full", {".": [GOOD["."], b"452 4.2.2 full\r\n"]}, OK,
         (LATER, "4.2.2")),
    lmtp("lhlo-refused", {"LHLO": b"500 what\r\n"}, (LATER, "4.0.0")),
    lmtp("amid-close", {".": [GOOD["."], CLOSE]}, OK, (LATER, "4.4.2"),
         log="a duplicate is possible"),
    lmtp("amid-reset", {".": [(GOOD["."], RESET)]}, OK, (LATER, "4.4.2"),
         log="a duplicate is possible"),
    lmtp("amid-421", {".": [GOOD["."], (b"421 4.3.2 bye\r\n", CLOSE)]}, OK,
         (LATER, "4.3.2"), (LATER, "4.3.2")),
    lmtp("amid-garbage", {".": [GOOD["."], b"what\r\n"]}, OK,
         (LATER, "4.5.0"), log="a duplicate is possible"),
    lmtp("bdat", LCHUNKS, OK, OK, OK),
    lmtp("bdat-each", dict(LCHUNKS, **{".": [REFUSED, GOOD["."]]}),
         (BOUNCED, "5.2.2"), OK),
    lmtp("bdat-large", LCHUNKS, OK, OK, large=5000),
    lmtp("bdat-amid", dict(LCHUNKS, BDAT=b"452 4.3.1 full\r\n"),
         (LATER, "4.3.1"), (LATER, "4.3.1"), large=5000),
    lmtp("bdat-again", dict(LCHUNKS, LHLO=offering(b"LIMITS RCPTMAX=2",
                                                   CHUNKS)), *[OK] * 6),
    lmtp("our-name", {"": b"220 s1.example LMTP\r\n",
                      "LHLO": EHLO.replace(b"bad", b"s1", 1)}, OK),

    Case("other-port", {"": b"220 s1.example ESMTP\r\n"}, OK, port=2525),
    Case("recipients", {}, *[OK] * 5, more="recipients 2"),
    Case("recipients-both", {"EHLO": offering(b"LIMITS RCPTMAX=3")},
         *[OK] * 5, more="recipients 4"),
    Case("mails", {}, *[OK] * 3, more="recipients 1\nmails 2"),
    Case("helo", {}, OK, more="helo other.example"),
    Case("rcptdomainmax", {"EHLO": offering(b"LIMITS RCPTDOMAINMAX=2")},
         *[OK] * 7, domains=("a.", "b.", "c.", "d.", "e.")),
    Case("xforward", {"EHLO": offering(ALL)}, OK, more="xforward yes"),
    Case("xforward-plain", {"EHLO": PLAIN.replace(
        b"250 S", b"250-" + ALL + b"\r\n250 S")}, OK, more="xforward yes"),
    Case("xforward-part", {"EHLO": offering(b"XFORWARD ADDR FOO")}, OK,
         more="xforward yes"),
    Case("xforward-refused", {"EHLO": offering(ALL),
                              "XFORWARD": b"501 5.5.4 no\r\n"}, OK,
         more="xforward yes"),
    Case("xforward-421", {"EHLO": offering(ALL), "XFORWARD": (
        b"421 4.3.2 bye\r\n", CLOSE)}, (LATER, "4.3.2"),
         more="xforward yes"),
    Case("xforward-unasked", {"EHLO": offering(ALL)}, OK),
    Case("xforward-chunks", {"EHLO": offering(ALL, CHUNKS)}, *[OK] * 3,
         more="xforward yes\nrecipients 1"),
    Case("xforward-unoffered", {}, OK, more="xforward yes"),
]


def address(i):
    return "10.99.0.%d" % (FIRST + i)


def open_servers(net, near):
    for i, case in enumerate(CASES):
        hosts.run("ip", "-n", near.ns, "addr", "add", address(i) + "/24",
                  "dev", "eth0")
        case.start(hosts.inside(near.ns, lambda i=i, case=case:
                                socket.create_server((address(i),
                                                      case.port))))


def send(client, case):
    client.ehlo_or_helo_if_needed()
    client.docmd("MAIL", "FROM:<jqp@s1.example>")
    for recipient in case.wanted:
        client.docmd("RCPT", "TO:<%s>" % recipient)
    code, text = client.data(LETTER % (case.name, LARGE * case.large))
    assert code == 250, text


def verdicts(log, recipient):
    return re.findall(r": to=<%s>, .*dsn=([\d.]+), status=(\w+) \((.*)\)$"
                      % re.escape(recipient), log, re.M)


def judge(check, case, log):
    got = {r: [(v[1], v[0]) for v in verdicts(log, r)] for r in case.wanted}
    check.claim("%s: %s" % (case.name, got),
                got == {r: [w] for r, w in case.wanted.items()})
    check.claim("%s: taken for those, once" % case.name,
                sorted(r for part in case.taken for r in part) ==
                sorted(r for r, w in case.wanted.items() if w[0] == SENT))
    if case.log:
        check.claim("%s: the log says %s" % (case.name, case.log),
                    re.search(case.log, log))


def judge_lmtp(check, cases):
    check.claim("LHLO, and neither EHLO nor HELO", all(
        c.lines[0] == "LHLO s1.example" and
        not any(line[1:5] == "ELO " or line[:5] == "EHLO "
                for line in c.lines) for c in CASES if c.lmtp))
    check.claim("no content where nobody is", all(
        cases[name].contents == [] for name in ("lmtp-none",
                                                "lmtp-none-354")))
    again = cases["lmtp-bdat-again"]
    check.claim("LMTP in one write, once that has worked",
                sum(read.startswith(b"MAIL") and read.endswith(b"end\r\n")
                    for read in again.reads) == 2)


def judge_limits(check, cases):
    def mails(name):
        return [len(m) for m in cases[name].mails]
    check.claim("as many recipients as the route says",
                mails("recipients") == [2, 2, 1])
    check.claim("or as the server says, if those are fewer",
                mails("recipients-both") == [3, 2])
    check.claim("as many mails of a connection as the route says",
                mails("mails") == [1, 1, 1] and
                cases["mails"].connections == 2)
    check.claim("the name that the route says",
                cases["helo"].lines[0] == "EHLO other.example")
    case = cases["rcptdomainmax"]
    check.claim("as many domains of a session as the server says: %s" %
                case.mails, case.connections == 3 and all(
                    len({r.split("@")[1] for r in mail}) <= 2
                    for mail in case.mails))


def forwarded(case):
    return dict(word.split("=", 1) for line in case.lines
                if line.startswith("XFORWARD") for word in line.split()[1:])


def judge_xforward(check, cases, log):
    ident = re.search(r"(\w+): to=<r0@xforward\.near", log).group(1)
    told = forwarded(cases["xforward"])
    port = told.pop("PORT", "")
    check.claim("who the client was is told: %s" % told, told == {
        "NAME": "[UNAVAILABLE]", "ADDR": "10.99.0.1", "PROTO": "ESMTP",
        "HELO": "client.example", "IDENT": ident, "SOURCE": "REMOTE"} and
        re.fullmatch(r"\d+", port))
    check.claim("one command at a time, where PIPELINING is not offered",
                cases["xforward-plain"].ahead == 1 and
                len(forwarded(cases["xforward-plain"])) == 7)
    check.claim("what is not offered is not told",
                forwarded(cases["xforward-part"]) == {"ADDR": "10.99.0.1"} and
                not forwarded(cases["xforward-unoffered"]))
    check.claim("nobody is told where the route does not say so",
                not forwarded(cases["xforward-unasked"]))
    chunks = cases["xforward-chunks"]
    check.claim("before each mail, in the same write", sum(
        read.startswith(b"XFORWARD") and read.endswith(b"end\r\n")
        for read in chunks.reads) == 2)


def main():
    check = hosts.Checks()
    config = "relay-from 10.99.0.0/24 127.0.0.0/8\n" + "".join(
        case.route(address(i)) for i, case in enumerate(CASES))
    with hosts.Net(hosts.tree()) as net:
        s1 = net.host("s1", users=["jqp"], config=config)
        near = net.host("near")
        open_servers(net, near)
        net.zone("s1.example", "@ MX 10 mail", "mail A 10.99.0.1")
        net.serve_dns()
        s1.start()
        with s1.smtp() as client:
            client.local_hostname = "client.example"
            for case in CASES:
                send(client, case)
        for case in CASES:
            for recipient in case.wanted:
                hosts.wait_for("a verdict for " + recipient, lambda:
                               verdicts(s1.log(), recipient), 30)
        log, cases = s1.log(), {c.name: c for c in CASES}
        for case in CASES:
            judge(check, case, log)
        judge_lmtp(check, cases)
        judge_limits(check, cases)
        judge_xforward(check, cases, log)
        s1.stop()
        check.claim("no error in the log", not re.search(
            r"\b(error|fatal|panic):", s1.log()))
    return check.end()


sys.exit(main())
