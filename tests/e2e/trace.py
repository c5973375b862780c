#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""relais trace: the last dialogue with each destination that failed, as it
was said, beside what the servers themselves have seen."""
import contextlib
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

DEAD, BAD, SLOW = "10.99.0.50", "10.99.0.51", "10.99.0.52"
CONFIG = "relay-from 10.99.0.0/24 127.0.0.0/8\n"
BODY = "From: jqp@s1.example\r\nSubject: trace\r\n\r\nquite secret\r\n"
REPLIES = {"EHLO": b"250-bad.example\r\n250-\x1b[2J\xff\r\n250 PIPELINING",
           "MAIL": b"250 2.1.0 ok", "DATA": b"354 go on",
           ".": b"451 4.3.0 not", "QUIT": b"221 bye"}


class Server:
    """Refuses all but `good`, and writes down what it sees."""

    def __init__(self, host, ip):
        self.seen, self.good = [], False
        self.go = threading.Event()
        self.go.set()
        self.listener = hosts.inside(
            host.ns, lambda: socket.create_server((ip, 25)))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            self.go.wait()
            with connection, connection.makefile("rb") as lines, \
                    contextlib.suppress(OSError):
                self.talk(connection, lines)

    def say(self, connection, reply):
        self.seen += [("heard", line) for line in reply.split(b"\r\n")]
        connection.sendall(reply + b"\r\n")

    def talk(self, connection, lines):
        self.say(connection, b"220 bad.example ESMTP")
        content = False
        for line in lines:
            line = line.rstrip(b"\r\n")
            if content and line != b".":
                continue
            if not content:
                self.seen.append(("said", line))
            verb = "." if content else line[:4].decode()
            content = verb == "DATA"
            if verb == "RCPT":
                reply = b"250 2.1.5 ok" if b"good" in line or self.good \
                    else b"450 4.2.1 full"
            elif verb == "." and self.good:
                reply = b"250 2.0.0 ok"
            else:
                reply = REPLIES[verb]
            self.say(connection, reply)


def send(s1, *recipients):
    with s1.smtp() as client:
        refused = client.sendmail("jqp@s1.example", recipients, BODY)
        assert not refused, refused


def trace(s1, *args):
    return [json.loads(line) for line in
            s1.run("relais", "--json", "trace", *args).stdout.splitlines()]


def escaped(octets):
    return "".join(chr(c) if 32 <= c <= 126 else "\\x%02x" % c
                   for c in octets)


def is_as_it_was(check, s1, server):
    got, = trace(s1, "mx:bad.example:25")
    lines = [(x["mark"], x["text"]) for x in got["lines"]]
    said = [x for x in lines if x[0] in ("said", "heard")]
    wanted = [(mark, escaped(line)) for mark, line in server.seen]
    # the server sees what is pipelined only when it comes to it
    for mark in "said", "heard":
        check.claim("each line that is %s is there, as it was" % mark,
                    [x for x in said if x[0] == mark] ==
                    [x for x in wanted if x[0] == mark])
    check.claim("the connection is told, and which host came next",
                [x[1] for x in lines if x[0] == "connect"] ==
                ["dead.bad.example[%s]:25" % DEAD,
                 "mx.bad.example[%s]:25" % BAD])
    check.claim("why a host was left", any(
        "Connection refused" in x[1] or "No route" in x[1] or
        "timed out" in x[1] for x in lines if x[0] == "note"))
    check.claim("content is a number", any(
        re.fullmatch(r"content: \d+ octets", x[1]) for x in lines))
    check.claim("times do not go back", [x["ms"] for x in got["lines"]] ==
                sorted(x["ms"] for x in got["lines"]))
    check.claim("the verdicts of those who failed", [
        x[1] for x in lines if x[0] == "verdict"] == [
            "<full@bad.example>: 450 4.2.1 full",
            "<good@bad.example>: 451 4.3.0 not"])


def is_found(check, s1):
    for name in ("mx:bad.example:25", "bad.example", "BAD.example",
                 "mx.bad.example", BAD, "dead.bad.example"):
        check.claim("found by " + name,
                    [x["destination"] for x in trace(s1, name)] ==
                    ["mx:bad.example:25"])
    waiting = json.loads(s1.run("relais", "--json", "queue", "list")
                         .stdout.splitlines()[0])["recipients"][0]
    check.claim("found by what the queue calls it",
                len(trace(s1, waiting["destination"])) == 1)
    check.claim("the list has it", sorted(
        x["destination"] for x in trace(s1)) == [
            "mx:bad.example:25", "mx:nowhere.example:25"])
    check.claim("a name that was not found has its dialogue, too", "5.1.2" in
                trace(s1, "nowhere.example")[0]["reason"])
    none = s1.run("relais", "trace", "good.example", check=False)
    check.claim("of others nothing is kept", none.returncode == 1 and
                not none.stdout)
    text = s1.run("relais", "trace").stdout + s1.run(
        "relais", "trace", "bad.example").stdout
    check.claim("for people as well", "> MAIL FROM:<jqp@s1.example>" in text)
    check.claim("no control character, no content", not re.search(
        r"[\x00-\x09\x0b-\x1f\x7f-\xff]|quite secret", text))
    check.claim("two arguments are too many", s1.run(
        "relais", "trace", "a", "b", check=False).returncode == 2)


def outlives_success(check, s1, server):
    server.good = True
    s1.run("relais", "queue", "retry", "ALL")
    s1.wait_log(r"to=<good@bad.example>.*status=sent")
    got, = trace(s1, "bad.example")
    check.claim("a success leaves it, and its time is told",
                abs(got["succeeded"] - time.time()) < 20)


def both_are_asked(check, s1, server):
    """One remote is drained while a job keeps it, another serves."""
    server.go.clear()
    send(s1, "x@slow.example")
    hosts.wait_for("a connection", lambda: s1.run(
        "ss", "-Htn", "state", "established", "dst", SLOW).stdout)
    s1.run("relais", "restart", "remote")
    send(s1, "x@nowhere.example")
    hosts.wait_for("another verdict", lambda: s1.log().count(
        "to=<x@nowhere.example>") == 2)
    check.claim("a remote that is drained is asked as well", [
        x["destination"] for x in trace(s1) if x["destination"] ==
        "mx:nowhere.example:25"] == 2 * ["mx:nowhere.example:25"] and
        len({x["process"] for x in trace(s1)}) == 2)
    server.go.set()


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        s1 = net.host("s1", users=["jqp"], config=CONFIG)
        bad = net.host("bad")
        net.zone("s1.example", "@ MX 10 mail", "mail A 10.99.0.1")
        net.zone("bad.example", "@ MX 10 dead", "@ MX 20 mx",
                 "dead A " + DEAD, "mx A " + BAD)
        net.zone("slow.example", "@ MX 10 mx", "mx A " + SLOW)
        net.zone("nowhere.example", "@ MX 10 none", "mx A " + SLOW)
        net.serve_dns()
        for ip in DEAD, BAD, SLOW:
            hosts.run("ip", "-n", bad.ns, "addr", "add", ip + "/24", "dev",
                      "eth0")
        server, slow = Server(bad, BAD), Server(bad, SLOW)
        s1.start()
        none = s1.run("relais", "trace", check=False)
        check.claim("nothing is kept at first", none.returncode == 1)
        send(s1, "full@bad.example", "good@bad.example")
        send(s1, "x@nowhere.example")
        hosts.wait_for("verdicts", lambda: len(re.findall(
            r"to=<.*status=", s1.log())) >= 3)
        is_as_it_was(check, s1, server)
        is_found(check, s1)
        outlives_success(check, s1, server)
        both_are_asked(check, s1, slow)
        s1.stop()
        check.claim("no error in the log", not re.search(
            r"\b(error|fatal|panic):", s1.log()))
    return check.end()


sys.exit(main())
