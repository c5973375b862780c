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
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402
from scripted import (CHUNKS, CLOSE, CONTENT, EHLO, GOOD, PLAIN, RESET,
                      SILENCE, Script, drip, offering)     # noqa: E402

SENT, LATER, BOUNCED = "sent", "deferred", "bounced"
ZONE = "bad.example"
DEAD = "10.99.0.99"             # an address where nobody listens
SPARE = Script()                # a host that is good
FIRST = 100
PATIENCE = 6                    # seconds, of the client
CONFIG = ("relay-from 10.99.0.0/24 127.0.0.0/8\n"
          "remote {\ncommand-time %ds\ncontent-time %ds\nfinal-time %ds\n}\n"
          % (PATIENCE, PATIENCE, PATIENCE))
LETTER = "From: jqp@s1.example\r\nSubject: %s\r\n\r\n%s.a dot\r\nend\r\n"
LARGE = ".x" * 30 + "\r\n"


class Case(Script):
    """A script, and `wanted`: (status, dsn) of each recipient, in their order.
    `log`: what the log says of it besides.  `mx`: its records, if not one;
    `spare`: a good host stands behind it, too.  `large`: lines in front of its
    letter, of 62 octets.  `connections`: at most so many."""

    def __init__(self, name, replies, *wanted, log=None, octets=False,
                 mx=("MX 10 mx",), spare=False, large=0, connections=1):
        Script.__init__(self, replies, octets)
        self.name, self.log, self.large = name, log, large
        self.most = connections
        self.mx = mx + ("MX 20 spare." + ZONE + ".",) if spare else mx
        self.domain = "%s.%s" % (name, ZONE)
        self.wanted = {"r%d@%s" % (i, self.domain): w
                       for i, w in enumerate(wanted)}


def closing(verb):
    return Case("close-" + (verb.lower() or "greeting"), {verb: CLOSE},
                (LATER, "4.4.2"))


def silent(verb, log):
    """A word that does not come; the connection ends when patience does."""
    return Case("silent-" + (verb.lower().replace(".", "dot") or "greeting"),
                {verb: SILENCE}, (LATER, "4.4.2"), log=log)


def closing_down(verb):
    """421 may come at any time (RFC 5321 section 3.8)."""
    return Case("421-" + (verb.lower().replace(".", "dot")),
                {verb: (b"421 4.3.2 closing\r\n", CLOSE)},
                (LATER, "4.3.2"), (LATER, "4.3.2"))


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
    Case("1xx-greeting", {"": b"120 in a minute\r\n"}, (LATER, "4.5.0")),
    Case("1xx", {"RCPT": b"150 well\r\n250 ok\r\n"}, (LATER, "4.5.0")),
    Case("3xx", {"RCPT": b"354 go on\r\n"}, (LATER, "4.5.0")),
    Case("nul", {"RCPT": b"550 5.1.1 n\0o\r\n"}, (BOUNCED, "5.1.1"),
         log=r"said: 550 5\.1\.1 n\?o"),
    Case("endless-line", {"MAIL": b"250 " + b"x" * 100000},
         (LATER, "4.5.0")),
    Case("endless-lines", {"RCPT": (b"550-" + b"x" * 100 + b"\r\n") * 1000},
         (LATER, "4.5.0")),
    Case("long-line", {"RCPT": b"550 5.1.1 " + b"x" * 15000 + b"\r\n"},
         (BOUNCED, "5.1.1")),
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
    closing_down("EHLO"), closing_down("MAIL"), closing_down("DATA"),
    closing_down("."),
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
    silent("", "timed out while receiving the initial server greeting"),
    silent("EHLO", "timed out while performing the EHLO handshake"),
    silent("MAIL", "timed out while sending MAIL FROM"),
    silent("RCPT", "timed out while sending RCPT TO"),
    silent("DATA", "timed out while sending DATA command"),
    silent(".", "a duplicate is possible"),
    Case("drip-greeting", {"": drip(GOOD[""])}, (LATER, "4.4.2"),
         log="timed out while receiving the initial server greeting"),
    Case("drip-rcpt", {"RCPT": drip(GOOD["RCPT"])}, (LATER, "4.4.2"),
         log="timed out while sending RCPT TO"),

    # ---- ourselves
    Case("our-greeting", {"": b"220 S1.example ESMTP\r\n"},
         (BOUNCED, "5.4.6"), spare=True, log="mail loops back to this host"),
    Case("our-ehlo", {"EHLO": EHLO.replace(b"bad", b"s1", 1)},
         (BOUNCED, "5.4.6"), spare=True, log="mail loops back to this host"),

    # ---- another host
    Case("next-421", {"": (b"421 busy\r\n", CLOSE)}, (SENT, "2.0.0"),
         spare=True),
    Case("next-554", {"": (b"554 no\r\n", CLOSE)}, (SENT, "2.0.0"),
         spare=True),
    Case("next-ehlo", {"EHLO": b"451 4.3.0 later\r\n"}, (SENT, "2.0.0"),
         spare=True),
    Case("next-helo", {"EHLO": b"500 what\r\n",
                       "HELO": b"451 4.3.0 later\r\n"},
         (SENT, "2.0.0"), spare=True),
    Case("next-close", {"EHLO": CLOSE}, (SENT, "2.0.0"), spare=True),
    Case("next-mail", {"MAIL": b"450 4.7.1 later\r\n",
                       "RCPT": b"503 MAIL\r\n", "DATA": b"503 MAIL\r\n"},
         (SENT, "2.0.0"), (SENT, "2.0.0"), spare=True),
    Case("next-mail-plain", {"EHLO": PLAIN, "MAIL": b"450 4.7.1 later\r\n"},
         (SENT, "2.0.0"), spare=True),
    Case("no-next-mail", {"MAIL": b"550 5.7.1 no\r\n",
                          "RCPT": b"503 MAIL\r\n",
                          "DATA": b"503 MAIL\r\n"},
         (BOUNCED, "5.7.1"), spare=True),
    Case("no-next-rcpt", {"RCPT": b"450 4.2.1 later\r\n",
                          "DATA": b"503 RCPT\r\n"},
         (LATER, "4.2.1"), spare=True),
    Case("no-next-data", {"DATA": b"451 4.3.0 later\r\n"},
         (LATER, "4.3.0"), spare=True),
    Case("no-next-dot", {".": CLOSE}, (LATER, "4.4.2"), spare=True,
         log="a duplicate is possible"),
    Case("mail-later", {"MAIL": b"450 4.7.1 later\r\n",
                        "RCPT": b"503 MAIL\r\n", "DATA": b"503 MAIL\r\n"},
         (LATER, "4.7.1")),

    # ---- what is offered
    Case("size", {"EHLO": offering(b"SIZE 50")}, (BOUNCED, "5.3.4")),
    Case("size-any", {"EHLO": offering(b"SIZE 0")}, (SENT, "2.0.0")),
    Case("rcptmax", {"EHLO": offering(b"LIMITS RCPTMAX=2 FOO=1 BAR")},
         *[(SENT, "2.0.0")] * 5),
    Case("mailmax", {"EHLO": offering(b"LIMITS RCPTMAX=1 MAILMAX=1")},
         *[(SENT, "2.0.0")] * 3, connections=3),
    Case("quit", {"EHLO": offering(b"LIMITS RCPTMAX=1 MAILMAX=1"),
                  "QUIT": SILENCE}, (SENT, "2.0.0"), connections=1),
    Case("no-limits", {"EHLO": offering(b"LIMITS RCPTMAX=0 MAILMAX= X")},
         *[(SENT, "2.0.0")] * 3),

    Case("large-again", {"EHLO": offering(b"LIMITS RCPTMAX=1")},
         *[(SENT, "2.0.0")] * 3, large=5000),

    # ---- in chunks
    Case("bdat", {"EHLO": CHUNKS}, (SENT, "2.0.0"), (SENT, "2.0.0")),
    Case("bdat-plain", {"EHLO": offering(b"CHUNKING", EHLO.replace(
        b"250-PIPELINING\r\n", b""))}, (SENT, "2.0.0")),
    Case("bdat-large", {"EHLO": CHUNKS}, (SENT, "2.0.0"), large=5000),
    Case("bdat-none", {"EHLO": CHUNKS, "RCPT": b"550 5.1.1 who\r\n"},
         (BOUNCED, "5.1.1")),
    Case("bdat-later", {"EHLO": CHUNKS, "BDAT": b"452 4.3.1 full\r\n",
                        ".": b"503 5.5.1 no\r\n"},
         (LATER, "4.3.1"), large=5000, log="in reply to BDAT command"),
    Case("bdat-refused", {"EHLO": CHUNKS, "BDAT": [
        GOOD["BDAT"], b"554 5.7.1 no\r\n"], ".": b"503 5.5.1 no\r\n"},
         (BOUNCED, "5.7.1"), large=5000),
    Case("bdat-last", {"EHLO": CHUNKS, ".": b"554 5.6.0 no\r\n"},
         (BOUNCED, "5.6.0"), large=5000),
    Case("bdat-close", {"EHLO": CHUNKS, "BDAT": CLOSE}, (LATER, "4.4.2"),
         large=50000, log="lost connection"),
    Case("bdat-last-close", {"EHLO": CHUNKS, ".": CLOSE}, (LATER, "4.4.2"),
         log=r"a duplicate is possible"),
    Case("bdat-taken-reset", {"EHLO": CHUNKS, ".": (GOOD["."], RESET)},
         (SENT, "2.0.0")),
    Case("bdat-silent", {"EHLO": CHUNKS, ".": SILENCE}, (LATER, "4.4.2"),
         log=r"a duplicate is possible"),
    Case("bdat-early", {"EHLO": CHUNKS, "RCPT": GOOD["RCPT"] + GOOD["."]},
         (LATER, "4.5.0"), log="protocol error"),
    Case("bdat-unknown", {"EHLO": CHUNKS, "BDAT-WORD": b"500 what\r\n"},
         (SENT, "2.0.0"), connections=2),
    Case("bdat-again", {"EHLO": offering(b"LIMITS RCPTMAX=1", CHUNKS)},
         *[(SENT, "2.0.0")] * 3),
    Case("bdat-large-again", {"EHLO": offering(b"LIMITS RCPTMAX=1", CHUNKS)},
         *[(SENT, "2.0.0")] * 3, large=5000),
    Case("bdat-again-none", {"EHLO": offering(b"LIMITS RCPTMAX=1", CHUNKS),
                             "RCPT": [GOOD["RCPT"], b"550 5.1.1 who\r\n"],
                             ".": [GOOD["."], b"503 5.5.1 RCPT\r\n"]},
         (SENT, "2.0.0"), (BOUNCED, "5.1.1"), (BOUNCED, "5.1.1")),
    Case("bdat-again-refused", {"EHLO": offering(b"LIMITS RCPTMAX=1", CHUNKS),
                                ".": [GOOD["."], b"554 5.6.0 no\r\n",
                                      GOOD["."]]},
         (SENT, "2.0.0"), (BOUNCED, "5.6.0"), (BOUNCED, "5.6.0")),
    Case("bdat-again-put-off", {
        "EHLO": offering(b"LIMITS RCPTMAX=1", CHUNKS),
        "MAIL": [GOOD["MAIL"], b"450 4.7.1 enough\r\n"],
        "RCPT": [GOOD["RCPT"], b"503 5.5.1 MAIL\r\n"],
        ".": [GOOD["."], b"503 5.5.1 MAIL\r\n"]},
         (SENT, "2.0.0"), (SENT, "2.0.0"), connections=2),
    Case("bdat-again-close", {"EHLO": offering(b"LIMITS RCPTMAX=1", CHUNKS),
                              "MAIL": [GOOD["MAIL"], CLOSE]},
         (SENT, "2.0.0"), (SENT, "2.0.0"), connections=2,
         log="a duplicate is possible"),
    Case("again-421", {"EHLO": offering(b"LIMITS RCPTMAX=1"),
                       "MAIL": [GOOD["MAIL"],
                                (b"421 4.7.0 enough\r\n", CLOSE)]},
         *[(SENT, "2.0.0")] * 3, connections=3),

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

def address(i):
    return "10.99.0.%d" % (FIRST + i)


def open_servers(net, bad):
    records = ["dead A " + DEAD, "loop A 127.0.0.1"]
    scripts = {}
    for i, case in enumerate(CASES + [KEPT]):
        scripts[address(i)] = case
        for mx in case.mx:
            records.append("%s %s" % (case.name, mx.replace(
                " mx", " mx." + case.name)))
        records.append("mx.%s A %s" % (case.name, address(i)))
    scripts[address(len(scripts))] = SPARE
    records.append("spare A " + address(len(scripts) - 1))
    net.zone("s1.example", "@ MX 10 mail", "mail A 10.99.0.1")
    net.zone(ZONE, *records)
    net.serve_dns()
    for ip in [DEAD] + list(scripts):
        hosts.run("ip", "-n", bad.ns, "addr", "add", ip + "/24", "dev",
                  "eth0")
    for ip, script in scripts.items():
        script.start(hosts.inside(bad.ns, lambda ip=ip: socket.create_server(
            (ip, 25))))


# ---- what came of it --------------------------------------------------------

def send(client, case):
    client.ehlo_or_helo_if_needed()
    client.docmd("MAIL", "FROM:<jqp@s1.example>")
    for recipient in case.wanted:
        client.docmd("RCPT", "TO:<%s>" % recipient)
    code, text = client.data(LETTER % (case.name,
                                       LARGE * case.large))
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
    taken = sorted(r for script in (case, SPARE) for letter in script.taken
                   for r in letter if r in case.wanted)
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


def ending(case):
    """Of what arrives: by BDAT its dots are as they were."""
    text = LARGE * case.large + ".a dot\r\nend\r\n"
    if "DATA" in case.lines:
        text = re.sub(r"(?m)^\.", "..", text)
    return ("\r\n\r\n" + text).encode()


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
                cases["all-refused"].contents == [b""])
    check.claim("no content without 354", cases["no-354"].contents == [] and
                not any("a dot" in line for line in cases["no-354"].lines))
    check.claim("what was taken is whole, each time", all(
        content.endswith(ending(case)) for case in CASES if any(case.taken)
        for content in case.contents if content))
    check.claim("no host was tried again at once, but where that helps", all(
        c.connections <= c.most for c in CASES))


def judge_limits(check):
    cases = {c.name: c for c in CASES}
    check.claim("two recipients a mail, where RCPTMAX says so",
                [len(m) for m in cases["rcptmax"].mails] == [2, 2, 1])
    check.claim("what is no limit is none",
                [len(m) for m in cases["no-limits"].mails] == [3])
    check.claim("one mail a connection, where MAILMAX says so",
                cases["mailmax"].connections == 3)
    check.claim("what was too many is no more in the next mail",
                [len(m) for m in cases["too-many"].mails] == [1, 1, 1])
    check.claim("too large is not even begun", not any(
        line.startswith("MAIL") for line in cases["size"].lines))
    check.claim("QUIT is said when a connection ends",
                cases["mailmax"].lines.count("QUIT") >= 2)
    check.claim("and its reply not waited for: %s" % cases["quit"].silences,
                [s < 1 for s in cases["quit"].silences] == [True])


def judge_chunks(check):
    cases = {c.name: c for c in CASES}
    for name in "bdat", "bdat-plain", "bdat-large", "bdat-again":
        check.claim("%s: no DATA" % name, "DATA" not in cases[name].lines)
    chunks = [line for line in cases["bdat-large"].lines
              if line.startswith("BDAT")]
    sizes = [int(line.split()[1]) for line in chunks]
    check.claim("several chunks, the last one with LAST: %s" % sizes,
                len(sizes) > 3 and [line.endswith("LAST") for line in chunks]
                == [False] * (len(chunks) - 1) + [True] and
                sum(sizes) == len(cases["bdat-large"].contents[0]))
    again = cases["bdat-again"]
    check.claim("the first message waits for its recipients, and each further "
                "one leaves in one write",
                sum(read.startswith(b"MAIL") and read.endswith(b"end\r\n")
                    for read in again.reads) == 2)
    check.claim("RSET behind a chunk that failed, before the next mail",
                "RSET" in cases["bdat-again-none"].lines)


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
        judge_limits(check)
        judge_chunks(check)
        closes_between_letters(check, s1)
        s1.stop()
        check.claim("no error in the log", not re.search(
            r"\b(error|fatal|panic):", s1.log()))
    return check.end()


sys.exit(main())
