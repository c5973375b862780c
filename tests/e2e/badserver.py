#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Servers that misbehave, each in a way of its own: what the log and the
queue say of it, and that each recipient is delivered, kept or bounced, never
two of these.

All cases run side by side, each with a domain and an address of its own.
"""
import json
import os
import re
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

SENT, LATER, BOUNCED = "sent", "deferred", "bounced"
CLOSE, RESET, CONTENT = object(), object(), object()
ZONE = "bad.example"
DEAD = "10.99.0.99"             # an address where nobody listens
FIRST = 100
CONFIG = "relay-from 10.99.0.0/24 127.0.0.0/8\n"
LETTER = "From: jqp@s1.example\r\nSubject: %s\r\n\r\n.a dot\r\nend\r\n"

EHLO = b"250-bad.example\r\n250-PIPELINING\r\n250-SIZE\r\n250 8BITMIME\r\n"
PLAIN = b"250-bad.example\r\n250 SIZE\r\n"
GOOD = {"": b"220 bad.example ESMTP\r\n", "EHLO": EHLO,
        "HELO": b"250 bad.example\r\n", "MAIL": b"250 2.1.0 ok\r\n",
        "RCPT": b"250 2.1.5 ok\r\n", "DATA": b"354 go on\r\n",
        ".": b"250 2.0.0 taken\r\n", "RSET": b"250 2.0.0 ok\r\n",
        "QUIT": b"221 2.0.0 bye\r\n"}


class Case:
    """`replies`: what is said differently from GOOD: octets, CLOSE, RESET,
    CONTENT (that is read), a number (of seconds to wait), a tuple of these
    one after the other, or a list, one for each time.
    `wanted`: (status, dsn) of each recipient, in their order.
    `log`: what the log says of it besides."""

    def __init__(self, name, replies, *wanted, log=None, octets=False,
                 mx=None):
        self.name, self.replies, self.log = name, replies, log
        self.octets = octets    # each octet of a reply in its own packet
        self.mx = mx            # records, {ip} for the address
        self.domain = "%s.%s" % (name, ZONE)
        self.wanted = {"r%d@%s" % (i, self.domain): w
                       for i, w in enumerate(wanted)}
        self.lines = []         # all commands, as they came
        self.ahead = 0          # most commands in hand at once
        self.taken = []         # recipients of each letter that got a 2xx
        self.contents = []      # all that ended with a dot
        self.connections = 0


def closing(verb):
    return Case("close-" + (verb.lower() or "greeting"), {verb: CLOSE},
                (LATER, "4.4.2"))


CASES = [
    Case("greeting-421", {"": (b"421 4.7.0 busy\r\n", CLOSE)},
         (LATER, "4.7.0"), log=r"said: 421 4\.7\.0 busy"),
    Case("greeting-554", {"": (b"554 no\r\n", CLOSE)}, (LATER, "4.0.0"),
         log=r"said: 554 5\.0\.0 no"),
    Case("greeting-521", {"": (b"521 no mail\r\n", CLOSE)},
         (BOUNCED, "5.0.0")),
    Case("octets", {}, (SENT, "2.0.0"), octets=True),
    Case("mixed-greeting", {"": b"220-bad.example\r\n250 hello\r\n"},
         (LATER, "4.5.0")),
    Case("mixed-rcpt", {"RCPT": [b"250 ok\r\n", b"250-ok\r\n550 no\r\n"]},
         (LATER, "4.5.0"), (LATER, "4.5.0")),
    Case("garbage", {"": b"\0\xff\x1b[2J\r\n\r\n"}, (LATER, "4.5.0")),
    Case("endless-line", {"MAIL": b"250 " + b"x" * 40000},
         (LATER, "4.5.0")),
    Case("endless-reply", {"EHLO": b"250-x\r\n" * 100}, (LATER, "4.5.0")),
    Case("escapes", {"RCPT": b"550 5.1.1 \x1b[2J\x07 no\t\xe9\r\n"},
         (BOUNCED, "5.1.1")),
    closing(""), closing("EHLO"), closing("MAIL"), closing("RCPT"),
    closing("DATA"),
    # whether the dot has left by then is a matter of luck
    Case("close-content", {"DATA": (b"354 go on\r\n", CLOSE)},
         (LATER, "4.4.2"), log="lost connection"),
    Case("verdict-early", {"DATA": (0.2, b"354 go on\r\n250 taken\r\n",
                                    CONTENT, CLOSE)},
         (LATER, "4.5.0"), log="protocol error"),
    Case("refusal-early", {"DATA": (0.2, b"354 go on\r\n"
                                    b"554 5.7.1 no\r\n", CONTENT, CLOSE)},
         (BOUNCED, "5.7.1"), log=r"said: 554 5\.7\.1 no"),
    Case("replies-ahead", {"": GOOD[""] + PLAIN + GOOD["MAIL"] +
                           GOOD["RCPT"] + GOOD["DATA"] + GOOD["."]},
         (LATER, "4.5.0"), log="protocol error"),
    Case("no-354", {"DATA": b"250 taken\r\n"}, (LATER, "4.5.0")),
    Case("one-later", {"RCPT": [GOOD["RCPT"], b"450 4.2.1 full\r\n"]},
         (SENT, "2.0.0"), (LATER, "4.2.1")),
    Case("one-refused", {"RCPT": [b"550 5.1.1 who\r\n", GOOD["RCPT"]]},
         (BOUNCED, "5.1.1"), (SENT, "2.0.0")),
    # what is too much for one mail goes in the next, as long as that helps
    Case("too-many", {"RCPT": [GOOD["RCPT"], b"452 4.5.3 too many\r\n",
                               b"552 too many\r\n", GOOD["RCPT"]]},
         (SENT, "2.0.0"), (SENT, "2.0.0"), (SENT, "2.0.0")),
    Case("too-many-ever", {"RCPT": [GOOD["RCPT"], b"452 4.5.3 too many\r\n",
                                    b"552 too many\r\n"]},
         (SENT, "2.0.0"), (LATER, "4.0.0"), (LATER, "4.0.0")),
    Case("mailbox-full", {"RCPT": [GOOD["RCPT"], b"452 4.2.2 full\r\n"]},
         (SENT, "2.0.0"), (LATER, "4.2.2")),
    Case("421-amid", {"RCPT": [GOOD["RCPT"],
                               (b"421 4.3.2 closing\r\n", CLOSE)]},
         (LATER, "4.3.2"), (LATER, "4.3.2")),
    Case("mail-refused", {"MAIL": b"550 5.7.1 not you\r\n",
                          "RCPT": b"503 5.5.1 MAIL\r\n",
                          "DATA": b"503 5.5.1 MAIL\r\n"},
         (BOUNCED, "5.7.1"), (BOUNCED, "5.7.1")),
    Case("data-refused", {"DATA": b"554 5.7.1 spam\r\n"},
         (BOUNCED, "5.7.1")),
    # with PIPELINING the server may say 354 all the same (RFC 2920, 3.1)
    Case("all-refused", {"RCPT": b"550 5.1.1 who\r\n",
                         ".": b"554 5.5.1 nobody\r\n"},
         (BOUNCED, "5.1.1"), (BOUNCED, "5.1.1")),
    Case("dot-later", {".": b"451 4.3.0 disk\r\n"}, (LATER, "4.3.0")),
    Case("dot-refused", {".": b"554 5.6.0 no\r\n"}, (BOUNCED, "5.6.0")),
    Case("dot-close", {".": CLOSE}, (LATER, "4.4.2"),
         log=r"a duplicate is possible"),
    Case("dot-reset", {".": RESET}, (LATER, "4.4.2"),
         log=r"a duplicate is possible"),
    Case("dot-garbage", {".": b"taken\r\n"}, (LATER, "4.5.0"),
         log=r"a duplicate is possible"),
    Case("taken-reset", {".": (GOOD["."], RESET)}, (SENT, "2.0.0")),
    Case("helo", {"EHLO": b"502 5.5.1 what\r\n"}, (SENT, "2.0.0"),
         (SENT, "2.0.0")),
    Case("one-by-one", {"EHLO": PLAIN}, (SENT, "2.0.0"), (SENT, "2.0.0")),
    Case("dead-first", {}, (SENT, "2.0.0"),
         mx=("MX 10 dead." + ZONE + ".", "MX 20 mx")),
    Case("dead-alone", {}, (LATER, "4.4.1"),
         mx=("MX 10 dead." + ZONE + ".",)),
    Case("null-mx", {}, (BOUNCED, "5.1.10"), mx=("MX 0 .",)),
    Case("loopback-mx", {}, (BOUNCED, "5.4.6"),
         mx=("MX 10 loop." + ZONE + ".",)),
    Case("no-such-mx", {}, (BOUNCED, "5.1.2"),
         mx=("MX 10 nowhere." + ZONE + ".",)),
]

KEPT = Case("kept", {"MAIL": [GOOD["MAIL"], CLOSE]}, (SENT, "2.0.0"))


# ---- the servers ------------------------------------------------------------

class Session:
    def __init__(self, case, connection):
        self.case, self.connection = case, connection
        self.input = b""
        self.counts = {}
        self.recipients = []
        self.accepted = 0

    def line(self):
        while b"\r\n" not in self.input:
            got = self.connection.recv(65536)
            if not got:
                raise EOFError
            self.input += got
        line, self.input = self.input.split(b"\r\n", 1)
        return line

    def command(self):
        line = self.line().decode("latin-1")
        self.case.lines.append(line)
        self.case.ahead = max(self.case.ahead,
                              1 + self.input.count(b"\r\n"))
        return line

    def content(self):
        lines = []
        while not lines or lines[-1] != b".":
            lines.append(self.line())
        self.case.contents.append(lines[:-1])

    def send(self, octets):
        """The code that this says."""
        step = 1 if self.case.octets else len(octets)
        for i in range(0, len(octets), step):
            self.connection.sendall(octets[i:i + step])
            time.sleep(0.001 if self.case.octets else 0)
        return int(octets[:3]) if octets[:3].isdigit() else 0

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   struct.pack("ii", 1, 0))
        raise EOFError

    def say(self, verb):
        """The code that was said."""
        what = self.case.replies.get(verb, GOOD.get(verb, b"500 what\r\n"))
        if isinstance(what, list):
            n = self.counts[verb] = self.counts.get(verb, -1) + 1
            what = what[min(n, len(what) - 1)]
        code = 0
        for piece in what if isinstance(what, tuple) else (what,):
            if piece is CLOSE:
                raise EOFError
            if piece is RESET:
                self.reset()
            if piece is CONTENT:
                self.content()
            elif isinstance(piece, float):
                time.sleep(piece)
            else:
                code = self.send(piece)
                self.note(verb, code)
        return code

    def note(self, verb, code):
        if verb == "RCPT" and code // 100 == 2:
            self.recipients.append(self.last)
        if verb == "." and code // 100 == 2:
            self.case.taken.append(self.recipients)

    def run(self):
        self.say("")
        while True:
            line = self.command()
            verb = line.split(" ")[0].upper()
            if verb == "MAIL":
                self.recipients = []
            if verb == "RCPT":
                self.last = line[line.index("<") + 1:line.index(">")]
            code = self.say(verb)
            if verb == "DATA" and code == 354:
                self.content()
                self.say(".")
            if verb == "QUIT":
                return


def serve(case, listener):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        case.connections += 1
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            Session(case, connection).run()
        except (EOFError, OSError):
            pass
        connection.close()


def open_servers(net, bad):
    records = ["dead A " + DEAD, "loop A 127.0.0.1"]
    addresses = [DEAD]
    for i, case in enumerate(CASES + [KEPT]):
        ip = "10.99.0.%d" % (FIRST + i)
        addresses.append(ip)
        for mx in case.mx or ("MX 10 mx",):
            records.append("%s %s" % (case.name, mx.replace(
                " mx", " mx." + case.name)))
        records.append("mx.%s A %s" % (case.name, ip))
    net.zone("s1.example", "@ MX 10 mail", "mail A 10.99.0.1")
    net.zone(ZONE, *records)
    net.serve_dns()
    for ip in addresses:
        hosts.run("ip", "-n", bad.ns, "addr", "add", ip + "/24", "dev",
                  "eth0")
    for ip, case in zip(addresses[1:], CASES + [KEPT]):
        listener = hosts.inside(bad.ns, lambda ip=ip: socket.create_server(
            (ip, 25)))
        threading.Thread(target=serve, args=(case, listener),
                         daemon=True).start()


# ---- what came of it --------------------------------------------------------

def send(client, case):
    client.ehlo_or_helo_if_needed()
    client.docmd("MAIL", "FROM:<jqp@s1.example>")
    for recipient in case.wanted:
        client.docmd("RCPT", "TO:<%s>" % recipient)
    code, text = client.data(LETTER % case.name)
    assert code == 250, text


def verdicts(log, recipient):
    return re.findall(r": to=<%s>, .*dsn=([\d.]+), status=(\w+) \((.*)\)$"
                      % re.escape(recipient), log, re.M)


def judge(check, case, log):
    got = {r: [(v[1], v[0]) for v in verdicts(log, r)] for r in case.wanted}
    check.claim("%s: %s" % (case.name, got),
                got == {r: [w] for r, w in case.wanted.items()})
    if case.log:
        check.claim("%s: the log says %s" % (case.name, case.log),
                    re.search(case.log, log))
    elif "taken" not in case.name:
        check.claim("%s: no word of a duplicate" % case.name, not any(
            "duplicate" in line for line in log.split("\n")
            if "mx." + case.domain in line))
    taken = sorted(r for letter in case.taken for r in letter)
    check.claim("%s: taken for those, once" % case.name, taken == sorted(
        r for r, w in case.wanted.items() if w[0] == SENT))


def in_queue(s1):
    lines = s1.run("relais", "--json", "queue", "list").stdout.splitlines()
    return {r["address"]: r for line in lines
            for r in json.loads(line)["recipients"]}


def judge_queue(check, s1):
    """What waits is what was put off, and nothing else."""
    hosts.wait_for("a time for each that waits", lambda: all(
        "next_attempt" in r for r in in_queue(s1).values()))
    waiting = in_queue(s1)
    check.claim("the queue holds those put off, and no others",
                set(waiting) == {r for c in CASES
                                 for r, w in c.wanted.items()
                                 if w[0] == LATER})
    check.claim("all of them due again, with the reason", all(
        w["state"] == "waiting" and w["next_attempt"] > time.time() and
        re.match(r"4\d\d 4\.", w["delay_reason"])
        for w in waiting.values()))
    text = s1.run("relais", "queue", "list").stdout
    check.claim("mailq and log show no control character", not re.search(
        r"[\x00-\x08\x0b-\x1f\x7f-\xff]", text + s1.log()))


def judge_notices(check, s1):
    bounced = sorted(r for c in CASES for r, w in c.wanted.items()
                     if w[0] == BOUNCED)
    letters = s1.wait_mail("jqp", len({r.split("@")[1] for r in bounced}))
    told = sorted(re.findall(r"(?m)^Final-Recipient: *rfc822; *(\S+)$",
                             b"\n".join(letters).decode("latin-1")))
    check.claim("the sender hears of those bounced, and no others",
                told == bounced)


def judge_dialogs(check):
    cases = {c.name: c for c in CASES}
    helo = cases["helo"].lines
    check.claim("HELO after a refused EHLO, and no parameters then",
                helo[:3] == ["EHLO s1.example", "HELO s1.example",
                             "MAIL FROM:<jqp@s1.example>"])
    check.claim("one command at a time where PIPELINING is not offered",
                cases["one-by-one"].ahead == 1 and cases["helo"].ahead == 1)
    check.claim("several where it is", cases["one-later"].ahead == 4)
    check.claim("a lone dot for nobody",
                cases["all-refused"].contents == [[]])
    check.claim("no content without 354", cases["no-354"].contents == [] and
                not any("a dot" in line for line in cases["no-354"].lines))
    letters = [c.contents[0] for c in CASES if any(c.taken)]
    check.claim("what was taken is whole", all(
        b"\r\n".join(lines).endswith(
            b"\r\n\r\n..a dot\r\nend") for lines in letters))
    check.claim("no host was tried again at once", all(
        c.connections <= 1 for c in CASES))


def closes_between_letters(check, s1):
    """A connection that is kept may be closed by the other side at any time:
    the next letter goes on a new one, and arrives once."""
    for n in range(2):
        with s1.smtp() as client:
            send(client, KEPT)
        hosts.wait_for("letter %d" % n, lambda: len(KEPT.taken) > n, 20)
    check.claim("a kept connection that is closed costs no letter",
                len(KEPT.taken) == 2 and KEPT.connections == 2)


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        s1 = net.host("s1", users=["jqp"], config=CONFIG)
        bad = net.host("bad")
        open_servers(net, bad)
        s1.start()
        with s1.smtp() as client:
            for case in CASES:
                send(client, case)
        for case in CASES:
            for recipient in case.wanted:
                hosts.wait_for("a verdict for " + recipient, lambda:
                               verdicts(s1.log(), recipient), 30)
        judge_notices(check, s1)
        log = s1.log()
        for case in CASES:
            judge(check, case, log)
        judge_queue(check, s1)
        judge_dialogs(check)
        closes_between_letters(check, s1)
        s1.stop()
        check.claim("no error in the log", not re.search(
            r"\b(error|fatal|panic):", s1.log()))
    return check.end()


sys.exit(main())
