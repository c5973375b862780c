#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What admins type: two hundred messages for several destinations, conditions
that combine, every order, and first only what it would do; JSON, mailq and exit
codes; and lists of a queue through which mail flows.
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
import mailq    # noqa: E402

FAR, OTHER = "10.98.0.1", "10.98.0.2"
DESTINATIONS, SENDERS, EACH = 4, 5, 10
ALL = DESTINATIONS * SENDERS * EACH
SMALL = b"Subject: \x1b[31mred\r\nX-Large: no\r\n\r\nline\r\n.\r\n\x1b[2J\r\n"
LARGE = b"Subject: large\r\n\r\n" + 1000 * (b"x" * 78 + b"\r\n")
KEYS = {"queue_name", "queue_id", "arrival_time", "message_size",
        "forced_expire", "sender", "recipients"}


class Far:
    """Puts off all mail for domains that are closed, in words of their own."""

    def __init__(self, net):
        self.closed = {"d%d.far.example" % i for i in range(DESTINATIONS)}
        self.taken = []         # (who took it, sender, recipient)
        for address in (FAR, OTHER):
            listener = hosts.inside(net.dns, lambda a=address:
                                    socket.create_server((a, 25), backlog=99))
            threading.Thread(target=self.accept, args=(listener, address),
                             daemon=True).start()

    def accept(self, listener, address):
        while True:
            s, _ = listener.accept()
            threading.Thread(target=self.session, args=(s, address),
                             daemon=True).start()

    def session(self, s, address):
        try:
            with s, s.makefile("rwb") as f:
                self.talk(f, address)
        except OSError:
            pass

    def talk(self, f, address):
        def say(text):
            f.write(text + b"\r\n")
            f.flush()

        say(b"220 far")
        for line in f:
            path = line.split(b"<")[-1].split(b">")[0].decode()
            verb = line[:4].upper()
            if verb == b"EHLO":
                say(b"250-far\r\n250 PIPELINING")
            elif verb == b"MAIL":
                sender, wanted = path, []
                say(b"250 ok")
            elif verb == b"RCPT" and address == FAR and path.split(
                    "@")[1] in self.closed:
                say(b"451 4.7.1 " + path.split("@")[1][:2].encode() +
                    b" thinks it is Spam")
            elif verb == b"RCPT":
                wanted.append(path)
                say(b"250 ok")
            elif verb == b"DATA":
                say(b"354 go")
                while f.readline() not in (b".\r\n", b""):
                    pass
                self.taken += [(address, sender, r) for r in wanted]
                say(b"250 taken")
            else:
                say(b"250 ok")


def fill(host):
    """Of each sender to each destination EACH, one of them large; the first
    sender's have two recipients."""
    def here():
        session = load.Session(host.address)
        session.say("EHLO client.example")
        for i in range(ALL):
            sender, to = i % SENDERS, i // SENDERS % DESTINATIONS
            session.letter(
                "u%d@s1.example" % sender,
                ["%s@d%d.far.example" % (name, to)
                 for name in ("ab" if sender == 0 else "a")],
                LARGE if i // SENDERS // DESTINATIONS == 0 else SMALL)
        session.close()

    hosts.inside(host.ns, here)
    host.run("sendmail", "-i", "x@d0.far.example", user="u0",
             input="Subject: by hand\n\nline\n")


class Admin:
    """Whoever types."""

    def __init__(self, check, host):
        self.check, self.host = check, host

    def relais(self, *args):
        return self.host.run("relais", *args, check=False)

    def queue(self, verb, *args, status=0):
        """Its JSON Lines."""
        done = self.relais("--json", "queue", verb, *args)
        if done.returncode != status:
            raise RuntimeError("%s %s: %d: %s" % (
                verb, args, done.returncode, done.stderr))
        return [json.loads(x) for x in done.stdout.splitlines()]

    def count(self, *args):
        done = self.relais("--json", "queue", "count", *args)
        return json.loads(done.stdout)["messages"]

    def ids(self, *args):
        done = self.relais("--json", "queue", "list", *args)
        return {json.loads(x)["queue_id"] for x in done.stdout.splitlines()}

    def claim(self, text, truth):
        self.check.claim(text, truth)


def conditions(a):
    u1 = ("--sender", "u1@s1.example")
    d2 = ("--destination", "d2.far.example")
    both = a.queue("list", *u1, *d2)
    a.claim("conditions combine", len(both) == EACH and all(
        m["sender"] == "u1@s1.example" and
        [r["address"] for r in m["recipients"]] == ["a@d2.far.example"]
        for m in both))
    a.claim("large and small are the two halves", (
        a.count(*u1, *d2, "--larger", "64K"),
        a.count(*u1, *d2, "--smaller", "64K")) == (1, EACH - 1))
    a.claim("times are ago", a.count("--newer", "1h") == ALL + 1 and
            a.count("--older", "1h") == 0)
    a.claim("a part of the last reply, in any case of letters",
            a.count("--reason", "d3 THINKS it is spam") == SENDERS * EACH)
    a.claim("patterns of addresses and destinations", (
        a.count("--sender", "s1.example"), a.count("--recipient", "*.example"),
        a.count("--recipient", "b@d1.far.example"),
        a.count("--destination", "*.far.example"),
        a.count("--destination", "mx:d0.*"), a.count("--sender", "<>")) == (
            ALL + 1, ALL + 1, EACH, ALL + 1, SENDERS * EACH + 1, 0))
    a.claim("who handed it in", a.count(
        "--identity", "uid:%d" % hosts.USER_UID) == 1)
    one, two = [m["queue_id"] for m in both[:2]]
    a.claim("several ids, and conditions with them", a.ids(one, two) ==
            {one, two} and a.ids(one, two.lower(), *u1) == {one, two} and
            a.relais("queue", "list", one, "--sender", "x@x").returncode == 1)
    a.claim("states", a.count("--state", "waiting,active") == ALL + 1 and
            a.count("--state", "held,quarantined") == 0)
    a.claim("JSON has Postfix's names and the reason", all(
        KEYS <= set(m) and m["queue_name"] == "deferred" and
        m["recipients"][0]["delay_reason"].endswith("thinks it is Spam")
        for m in both))


def listing(a):
    text = a.host.run("mailq").stdout
    rows = mailq.parse(text)
    a.claim("mailq is as Postfix has it, with all of them", len(rows) ==
            ALL + 1 and all(why.startswith("host ") or "Spam" in why
                            for m in rows for _, why in m["recipients"]))
    a.claim("mailq -j and sendmail -bp are the same queue", [
        json.loads(x)["queue_id"] for x in
        a.host.run("mailq", "-j").stdout.splitlines()] == [
            m["id"] for m in rows] and
        a.host.run("sendmail", "-bp").stdout == text)
    head = a.host.run("sh", "-c", "relais queue list | head -5").stdout
    a.claim("a reader of little gets little", head == "".join(
        x + "\n" for x in text.split("\n")[:5]))


def usage(a):
    bad = [["hold"], ["delete"], ["hold", "--dry-run"], ["delete", "x"],
           ["hold", "ALL", "--sender", "x"], ["list", "--dry-run"],
           ["hold", "--smaller", "0"], ["hold", "--state", "asleep"],
           ["hold", "--sender", ""], ["hold", "--older", "soon"],
           ["hold", "--sender", "a", "--sender", "b"], ["redirect"],
           ["redirect", "elsewhere.example"], ["redirect", "x y", "ALL"],
           ["recipient", "a@b@c", "ALL"], ["bounce", "--text", "", "ALL"],
           ["delete", "0000000000000"], ["show", "x"], ["content", "x"]]
    got = [a.relais("queue", *args).returncode for args in bad]
    a.claim("what is no order is 2: %s" % [
        x for x, status in zip(bad, got) if status != 2], set(got) == {2})
    a.claim("then everything is as it was", a.count() == ALL + 1 and
            a.count("--state", "held") == 0)
    a.claim("what matches nothing is 1", a.relais(
        "queue", "list", "--sender", "nobody@s1.example").returncode == 1 and
        a.relais("queue", "count", "--larger", "1G").returncode == 1 and
        a.relais("queue", "show", "06DTX9KQ2M3A4").returncode == 1)


def watched_flow(a, far):
    """Lists while mail comes and goes."""
    before = len(far.taken)
    over = threading.Event()

    def here():
        session = load.Session(a.host.address)
        session.say("EHLO client.example")
        for _ in range(ALL):
            session.letter("u1@s1.example", ["x@open.far.example"], SMALL)
        session.close()
        over.set()

    thread = threading.Thread(target=hosts.inside, args=(a.host.ns, here))
    thread.start()
    lists = 0
    while not over.is_set() or lists < 3:
        rows = a.queue("list")
        ids = [m["queue_id"] for m in rows]
        if ids != sorted(set(ids)) or len(ids) < ALL + 1:
            break
        lists += 1
    thread.join()
    hosts.wait_for("what flows", lambda: len(far.taken) == before + ALL)
    a.claim("each of several lists while mail flows has all that waits, once, "
            "in order", lists >= 3 and over.is_set())


def of(sender, to):
    return ("--sender", "u%d@s1.example" % sender,
            "--destination", "d%d.far.example" % to)


def done(rows):
    """(messages, recipients, unchanged, busy) of an order."""
    return tuple(rows[-1][k] for k in
                 ("messages", "recipients", "unchanged", "busy"))


def dry(a):
    before = a.queue("list")
    wanted = {m["queue_id"] for m in before
              if m["sender"] == "u0@s1.example" and
              "d1." in m["recipients"][0]["address"]}
    orders = [["hold"], ["retry"], ["delete"], ["bounce", "--text", "No é"],
              ["expire"], ["redirect", "elsewhere.example"],
              ["redirect", "anew"], ["recipient", "u1@s1.example"]]
    for order in orders:
        rows = a.queue(*order, "--dry-run", *of(0, 1))
        a.claim("%s would be for those, with both recipients" % order[0],
                done(rows) == (EACH, 2 * EACH, 0, 0) and
                {r["queue_id"] for r in rows[:-1]} == wanted and
                all(r["dry_run"] for r in rows))
    said = a.relais("queue", "delete", "--dry-run", *of(0, 1)).stdout
    a.claim("people read the ids, and the sum", said.split("\n") == sorted(
        "%s 2 recipients" % x for x in wanted) + [
            "%d messages, %d recipients would be removed" % (
                EACH, 2 * EACH), ""])
    a.claim("and nothing was done", a.queue("list") == before)


def held(a, far):
    many = DESTINATIONS * EACH
    a.claim("those of a sender are held", done(a.queue(
        "hold", "--sender", "u1@s1.example")) == (many, many, 0, 0) and
        a.count("--state", "held") == many)
    a.claim("which they are only once", a.relais(
        "queue", "hold", "--sender", "u1@s1.example").stdout ==
        "0 messages, 0 recipients held; %d are so already\n" % many)
    rows = mailq.parse(a.host.run("mailq").stdout)
    a.claim("mailq marks them, JSON calls it hold", {
        m["sender"] for m in rows if m["mark"] == "!"} == {
            "u1@s1.example"} and {m["queue_name"] for m in a.queue(
                "list", "--state", "held")} == {"hold"})
    far.closed.discard("d0.far.example")
    before = len(far.taken)
    a.queue("retry", "--destination", "d0.far.example")
    hosts.wait_for("what is not held", lambda: a.count(
        "--destination", "d0.far.example") == EACH)
    got = {s for _, s, _ in far.taken[before:]}
    a.claim("a held one is not sent, the others are, once", got == {
        "u%d@s1.example" % i for i in (0, 2, 3, 4)} and
        len(far.taken) - before == 5 * EACH + 1 and
        a.count("--state", "held") == many)
    a.claim("and it is sent when it is released", done(a.queue(
        "release", *of(1, 0))) == (EACH, EACH, 0, 0))
    a.relais("queue", "retry", *of(1, 0))
    hosts.wait_for("what was held", lambda: sum(
        s == "u1@s1.example" and r == "a@d0.far.example"
        for _, s, r in far.taken) == EACH)


def elsewhere(a, far):
    a.claim("mail is redirected", done(a.queue(
        "redirect", "[%s]" % OTHER, *of(2, 1))) == (EACH, EACH, 0, 0))
    hosts.wait_for("it to go elsewhere", lambda: sum(
        t == (OTHER, "u2@s1.example", "a@d1.far.example")
        for t in far.taken) == EACH)
    a.claim("or looked up anew", done(a.queue(
        "redirect", "anew", *of(2, 3))) == (EACH, EACH, 0, 0))
    a.claim("one recipient of two is another", done(a.queue(
        "recipient", "u3@s1.example", "--recipient", "b@d2.far.example",
        "--larger", "64K")) == (1, 1, 0, 0))
    letter = a.host.wait_mail("u3")[0]
    a.claim("who has the letter", b"Subject: large" in letter)
    a.claim("and the other one waits on", [
        [r["address"] for r in m["recipients"]] for m in a.queue(
            "list", *of(0, 2), "--larger", "64K")] == [["a@d2.far.example"]])


def ended(a):
    for order, sender in (["delete"], 4), (["bounce", "--text", "No."], 3), (
            ["expire"], 2):
        a.claim("%s ends those, and no others" % order[0], done(a.queue(
            *order, *of(sender, 2))) == (EACH, EACH, 0, 0))
        hosts.wait_for("the end of those", lambda s=sender: a.count(
            *of(s, 2), "--state", "waiting,active") == 0)
    a.claim("of the others all are there", a.count(*of(0, 2)) == EACH ==
            a.count(*of(1, 2)) == a.count(*of(4, 1)))
    a.claim("everything is meant by ALL", a.relais(
        "queue", "delete", "ALL").returncode == 0)


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        net.zone("far.example", "m A " + FAR, "open MX 10 m", *[
            "d%d MX 10 m" % i for i in range(DESTINATIONS)])
        net.zone("s1.example", "@ A 10.99.0.1")
        net.serve_dns()
        net.ip("route", "add", "local", "10.98.0.0/24", "dev", "lo")
        s1 = net.host("s1", users=["u%d" % i for i in range(SENDERS)],
                      config="relay-from 127.0.0.0/8 10.99.0.0/24\n")
        hosts.run("ip", "-n", s1.ns, "route", "add", "10.98.0.0/24", "via",
                  hosts.DNS)
        far = Far(net)
        a = Admin(check, s1)
        check.claim("without a queue it is 3", a.relais(
            "queue", "list").returncode == a.relais(
                "queue", "count").returncode == 3)
        s1.start()
        check.claim("an empty queue is 0", s1.run("mailq").stdout ==
                    mailq.EMPTY and a.count() == 0)
        fill(s1)
        hosts.wait_for("all of them to wait", lambda: a.count(
            "--reason", "spam") == ALL + 1 == a.count("--state", "waiting"))
        conditions(a)
        listing(a)
        usage(a)
        dry(a)
        watched_flow(a, far)
        held(a, far)
        elsewhere(a, far)
        ended(a)
        check.claim("s1 has no error in its log", not re.search(
            r"\b(error|fatal|panic):", s1.log()))
    return check.end()


sys.exit(main())
