#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What an order leaves on disk: mail that is held through the death of queue
and a new start, and while its only attempt is under way; one recipient of two
that goes; what is returned; what the history says.
"""
import json
import os
import re
import signal
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402
import load     # noqa: E402

FAR = "10.98.0.1"
TEXT = b"Subject: kept\r\n\r\n.dots\r\n" + 900 * (b"y" * 70 + b"\r\n")


class Far:
    """Puts off all at first, and keeps silent about RCPT of who is slow."""

    def __init__(self, net):
        self.open, self.answer = threading.Event(), threading.Event()
        self.asked = threading.Event()
        self.taken = []
        listener = hosts.inside(net.dns, lambda: socket.create_server(
            (FAR, 25), backlog=99))
        hosts.serve(listener, self.session)

    def session(self, s):
        try:
            with s, s.makefile("rwb") as f:
                self.talk(f)
        except OSError:
            pass

    def rcpt(self, to):
        if to.startswith("slow"):
            self.asked.set()
            self.answer.wait(60)
        return b"250 ok" if self.open.is_set() else b"451 4.7.0 not yet"

    def talk(self, f):
        def say(text):
            f.write(text + b"\r\n")
            f.flush()

        say(b"220 far")
        for line in f:
            verb = line[:4].upper()
            path = line.split(b"<")[-1].split(b">")[0].decode()
            if verb == b"MAIL":
                wanted = []
                say(b"250 ok")
            elif verb == b"RCPT":
                said = self.rcpt(path)
                wanted += [path] if said.startswith(b"250") else []
                say(said)
            elif verb == b"DATA":
                say(b"354 go" if wanted else b"503 nobody")
                while wanted and f.readline() not in (b".\r\n", b""):
                    pass
                if wanted:
                    self.taken += wanted
                    say(b"250 taken")
            else:
                say(b"250 ok")


class Admin:
    def __init__(self, check, host, far):
        self.check, self.host, self.far = check, host, far

    def queue(self, *args):
        done = self.host.run("relais", "--json", "queue", *args, check=False)
        return [json.loads(x) for x in done.stdout.splitlines()]

    def by_sender(self, sender):
        return self.queue("list", "--sender", sender + "@s1.example")

    def id_of(self, sender):
        return self.by_sender(sender)[0]["queue_id"]

    def is_held(self, sender):
        return [m["queue_name"] for m in self.by_sender(sender)] == ["hold"]

    def is_up(self):
        return self.host.run("relais", "queue", "count",
                             check=False).returncode == 0

    def kill_queue(self):
        old = self.host.pids("queue")
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        hosts.wait_for("a new queue", lambda: self.host.pids("queue") and
                       not self.host.pids("queue") & old and self.is_up())


def fill(host, senders):
    def here():
        session = load.Session(host.address)
        session.say("EHLO client.example")
        for sender in senders:
            to = ["slow@far.example"] if sender == "slow" else \
                ["%s@far.example" % x for x in (sender, "other")]
            session.letter(sender + "@s1.example", to, TEXT)
        session.close()

    hosts.inside(host.ns, here)


def under_way(a):
    """Its job has begun, and ends behind the order."""
    fill(a.host, ["slow"])
    a.far.asked.wait(60)
    done = a.queue("hold", "--sender", "slow@s1.example")
    a.check.claim("what is being delivered is held at once",
                  done[-1]["messages"] == 1 and a.is_held("slow"))
    a.far.answer.set()
    a.host.wait_log(r"to=<slow@far\.example>.*status=deferred")
    a.check.claim("and its attempt was the last", a.is_held("slow"))


def kept(a):
    fill(a.host, ["keep", "part", "back", "go"])
    a.host.wait_all_of_log(r"other@far\.example>.*status=deferred", 4)
    for sender in "keep", "part":
        a.queue("hold", "--sender", sender + "@s1.example")
    a.kill_queue()
    a.check.claim("what is held outlives the death of queue",
                  a.is_held("keep") and a.is_held("slow"))
    a.host.stop()
    a.host.start()
    a.check.claim("and a stop", a.is_held("keep") and a.is_held("part"))


def in_part(a):
    ident = a.id_of("part")
    a.queue("delete", "--sender", "part@s1.example", "--recipient",
            "other@far.example")
    a.kill_queue()
    rows = a.by_sender("part")
    a.check.claim("a recipient that is deleted stays so, the other is there, "
                  "held", [r["address"] for r in rows[0]["recipients"]] == [
                      "part@far.example"] and a.is_held("part"))
    shows(a, ident)


def shows(a, ident):
    events = [x for x in a.queue("show", "--history", ident) if "event" in x]
    a.check.claim("the history has each recipient's attempt, and the order", {
        (x["event"], x.get("recipient")) for x in events} == {
        ("deferred", 0), ("deferred", 1), ("held", None)} and all(
        x["reason"] == "451 4.7.0 not yet" and "[%s]" % FAR in x["relay"]
        for x in events if x["event"] == "deferred"))
    a.check.claim("in the order of their times", [
        x["time"] for x in events] == sorted(x["time"] for x in events))
    text = a.host.run("relais", "queue", "show", "--history", ident).stdout
    a.check.claim("people read who was tried where, what was said, and who "
                  "gave the order", re.search(
                      r"(?m)^\S+ \S+ deferred recipient 0 at \S*\[%s\]:25: "
                      r"451 4\.7\.0 not yet$" % re.escape(FAR), text) and
                  re.search(r"(?m)^\S+ \S+ held by uid 0$", text))
    header = a.host.run("sh", "-c", "relais queue show --headers %s | cat" %
                        ident).stdout
    a.check.claim("its header is shown alone", header.startswith("Received:")
                  and header.rstrip().endswith("\nSubject: kept") and
                  "dots" not in header)
    shown = a.host.run("sh", "-c", "relais queue show --content %s | cat" %
                       ident).stdout
    a.check.claim("its content is shown, octet by octet",
                  shown.replace("\r\n", "\n").endswith(
                      TEXT.decode().replace("\r\n", "\n")))


def returned(a):
    a.queue("bounce", "--text", "Not from here", "--sender",
            "back@s1.example")
    letter = a.host.wait_mail("back")[0]
    a.check.claim("who is told is told why", b"Not from here" in letter and
                  b"5.7.0" in letter)


def released(a):
    a.far.open.set()
    a.queue("retry", "ALL")
    hosts.wait_for("what is not held", lambda: not a.by_sender("go"))
    a.check.claim("retry is not for what is held", "keep@far.example" not in
                  a.far.taken and "slow@far.example" not in a.far.taken)
    a.queue("release", "ALL")
    a.queue("retry", "ALL")
    a.host.wait_empty()
    want = ["go", "keep", "other", "other", "part", "slow"]
    a.check.claim("released, each goes out once", sorted(
        x.split("@")[0] for x in a.far.taken) == want)


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        net.zone("far.example", "m A " + FAR, "@ MX 10 m")
        net.zone("s1.example", "@ A 10.99.0.1")
        net.serve_dns()
        net.ip("route", "add", "local", "10.98.0.0/24", "dev", "lo")
        s1 = net.host("s1", users=["keep", "part", "back", "go", "slow"],
                      config="relay-from 127.0.0.0/8 10.99.0.0/24\n")
        hosts.run("ip", "-n", s1.ns, "route", "add", "10.98.0.0/24", "via",
                  hosts.DNS)
        a = Admin(check, s1, Far(net))
        s1.start()
        under_way(a)
        kept(a)
        in_part(a)
        returned(a)
        released(a)
        log = s1.log()
        check.claim("the log has each order and who gave it", all(re.search(
            r": %s by an administrator, uid=0, nrcpt=" % word, log)
            for word in ("held", "released", "removed", "bounced")))
        check.claim("s1 has no error in its log", not re.search(
            r"\b(error|fatal|panic):", log))
    return check.end()


sys.exit(main())
