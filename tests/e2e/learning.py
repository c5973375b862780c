#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What other servers say of too much mail is understood: one at a time, a
pause, nothing, or the end; and `relais queue destinations` shows it.
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
NET6 = "fd00:98::%d"
CROWDED, RATED, GREY, MOVED, GONE, SIX, NEITHER = range(1, 8)
COUNT = 7
LETTERS = 12
LETTER = b"Subject: to be read today\r\n\r\nline of it\r\n"
CONFIG = """\
relay-from 127.0.0.0/8 10.99.0.0/24
advice moved {
    domain *.far.example
    code 450
    text "has moved"
    permanent
}
"""


class Far:
    """The other hosts; which one is meant is told by the address."""

    def __init__(self, net):
        self.lock = threading.Lock()
        self.now, self.most, self.all, self.refused = [[0] * (COUNT + 1)
                                                       for _ in range(4)]
        self.taken = [0] * (COUNT + 1)
        self.by = {SIX: [], NEITHER: []}      # families, in order
        listener = hosts.inside(net.dns, lambda: socket.create_server(
            ("::", 25), family=socket.AF_INET6, backlog=100,
            dualstack_ipv6=True))
        hosts.serve(listener, self.session)

    def session(self, s):
        address = s.getsockname()[0]
        v4 = address.startswith("::ffff:")
        which = int(re.split(r"[.:]", address)[-1])
        with self.lock:
            self.all[which] += 1
            self.now[which] += 1
            crowd = which == CROWDED and self.now[which] > 1
            if crowd:
                self.refused[which] += 1
            elif self.refused[which]:
                self.most[which] = max(self.most[which], self.now[which])
        try:
            with s, s.makefile("rwb") as f:
                self.talk(f, which, crowd, v4)
        except OSError:
            pass
        with self.lock:
            self.now[which] -= 1

    def talk(self, f, which, crowd, v4):
        def say(text):
            f.write(text + b"\r\n")
            f.flush()

        if crowd:
            say(b"421 4.7.0 far: Too many connections from you")
            return
        say(b"220 far")
        words = {b"EHLO": b"250-far\r\n250 PIPELINING", b"DATA": b"354 go"}
        if which == RATED:
            words[b"MAIL"] = b"451 4.7.1 Rate limit exceeded, \x1b[31mred"
        if which == GREY:
            words[b"RCPT"] = b"450 4.2.0 Greylisted, come back"
        if which == MOVED:
            words[b"RCPT"] = b"450 4.2.1 This one has moved to the sea"
        if which in self.by:
            self.by[which].append(4 if v4 else 6)
        if which == NEITHER or which == SIX and not v4:
            words[b"RCPT"] = (b"550 5.7.1 This does not meet the IPv6 sending "
                              b"guidelines")
        for line in f:
            verb = line[:4].upper()
            say(words.get(verb, b"250 ok"))
            if verb == b"QUIT":
                return
            if verb == b"DATA" and which in (CROWDED, GONE, SIX):
                while f.readline() not in (b".\r\n", b""):
                    pass
                time.sleep(0.02)        # so that there can be a crowd
                say(b"250 taken")
                with self.lock:
                    self.taken[which] += 1


def send(host, which, count=1):
    def here():
        session = load.Session(host.address)
        session.say("EHLO client.example")
        for _ in range(count):
            session.letter("jqp@s1.example", ["x@d%d.far.example" % which],
                           LETTER)
        session.close()

    hosts.inside(host.ns, here)


def listed(host, *pattern):
    """{destination: what is said of it}, in the order of the list."""
    done = host.run("relais", "--json", "queue", "destinations", *pattern,
                    check=False)
    rows = [json.loads(x) for x in done.stdout.splitlines()]
    return {x["destination"]: x for x in rows}


def destination(host, which):
    return listed(host).get("mx:d%d.far.example:25" % which, {})


def wait_destination(host, which, test):
    return hosts.wait_for("d%d to be so" % which, lambda: (lambda d: d
                          if d and test(d) else None)(
                              destination(host, which)))


def one_at_a_time(check, s1, far):
    send(s1, CROWDED, LETTERS)
    d = wait_destination(s1, CROWDED, lambda d: "rule" in d and
                         d["jobs"] == 0)
    check.claim("\"too many connections\" is one at a time, and is shown",
                d["rule"] == "connections" and d["advice"] == "slow" and
                d["window"] == 1 and d["state"] == "open" and
                "Too many connections" in d["reason"] and
                500 < d["rule_until"] - time.time() <= 601)
    before = far.refused[CROWDED]
    s1.run("relais", "queue", "retry", "ALL")
    hosts.wait_for("all of them", lambda: far.taken[CROWDED] == LETTERS)
    check.claim("then nothing more is refused", before > 0 and
                far.refused[CROWDED] == before)


def a_pause(check, s1, far):
    send(s1, RATED)
    d = wait_destination(s1, RATED, lambda d: d["state"] == "paused")
    check.claim("\"rate limit\" is a pause, and is shown until when",
                d["rule"] == "rate" and d["failures"] == 0 and
                500 < d["until"] - time.time() <= 601 and
                d["next_change"] >= d["until"] and
                d["rule_until"] == d["until"])
    check.claim("what it said is shown as text", d["reason"].startswith(
        "451 4.7.1 Rate limit exceeded") and "\x1b" not in d["reason"])
    send(s1, RATED, 3)
    send(s1, GONE)
    hosts.wait_for("the letter behind them", lambda: far.taken[GONE] == 1)
    check.claim("meanwhile nothing goes there", far.all[RATED] == 1)
    s1.run("relais", "restart", "queue")
    send(s1, RATED)
    send(s1, GONE)
    hosts.wait_for("the letter behind it", lambda: far.taken[GONE] == 2)
    check.claim("nor behind a restart of queue", far.all[RATED] == 1 and
                destination(s1, RATED)["until"] == d["until"])
    s1.run("relais", "queue", "retry", "ALL")
    hosts.wait_for("what an admin asks for", lambda: far.all[RATED] > 1)


def nothing(check, s1):
    send(s1, GREY)
    d = wait_destination(s1, GREY, lambda d: d["jobs"] == 0 and
                         d.get("next_change", 0) > time.time() + 60)
    check.claim("greylisting changes nothing but the recipient's time",
                d["state"] == "open" and "rule" not in d)


def the_end(check, s1):
    send(s1, MOVED)
    s1.wait_log(r"to=<x@d%d.far.example>.* status=bounced" % MOVED)
    check.claim("a rule of the configuration makes it permanent, in the "
                "words of the server", re.search(
                    r"dsn=5\.2\.1, status=bounced \(host .* said: 450 4\.2\.1 "
                    r"This one has moved to the sea", s1.log()))


def the_other_family(check, s1, far):
    def verdicts(which):
        return re.findall(r"to=<x@d%d\.far\.example>.* status=(\w+)" % which,
                          s1.log())

    def twice(which):
        """By a family and, an admin being impatient, by the other."""
        send(s1, which)
        s1.wait_log(r"to=<x@d%d\.far\.example>.* status=deferred" % which)
        d = wait_destination(s1, which, lambda d: d["jobs"] == 0)
        check.claim("the rule is shown", d.get("rule") == "ipv6")
        s1.run("relais", "queue", "retry", "ALL")
        s1.wait_log(r"to=<x@d%d\.far\.example>.* status=[sb]" % which)

    far.by[SIX].clear()
    twice(SIX)
    send(s1, SIX)
    hosts.wait_for("the next", lambda: far.taken[SIX] == 2)
    check.claim("who refuses mail by IPv6 gets it by IPv4, and what follows",
                far.by[SIX][0] == 6 and set(far.by[SIX][1:]) == {4} and
                verdicts(SIX)[:2] == ["deferred", "sent"])
    twice(NEITHER)
    check.claim("who refuses both is believed", far.by[NEITHER] == [6, 4] and
                verdicts(NEITHER) == ["deferred", "bounced"])


def patterns(check, s1):
    every = list(listed(s1))
    check.claim("destinations stand by name", every == sorted(every) and
                len(every) >= 2)
    check.claim("a pattern means some", list(listed(
        s1, "d%d.far.example" % RATED)) == [
            "mx:d%d.far.example:25" % RATED] and
        listed(s1, "*.far.example") and not listed(s1, "*.near.example"))
    check.claim("what matches nothing is 1", s1.run(
        "relais", "queue", "destinations", "near.example",
        check=False).returncode == 1)
    check.claim("people have a table", re.search(
        r"(?m)^Destination +State +Jobs +Ready +Fails +Next change\n"
        r"(.*\n)*mx:d%d\.far\.example:25 +\w+ " % RATED,
        s1.run("relais", "queue", "destinations").stdout))


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        net.zone("far.example", *[
            line for i in range(1, COUNT + 1) for line in (
                "d%d MX 10 m%d" % (i, i), "m%d A %s" % (i, NET % i))],
            *["m%d AAAA %s" % (i, NET6 % i) for i in (SIX, NEITHER)])
        net.zone("s1.example", "@ A 10.99.0.1")
        net.serve_dns()
        net.ip("route", "add", "local", NET % 0 + "/24", "dev", "lo")
        net.ip("route", "add", "local", NET6 % 0 + "/64", "dev", "lo")
        s1 = net.host("s1", users=["jqp"], config=CONFIG)
        hosts.run("ip", "-n", s1.ns, "route", "add", NET % 0 + "/24", "via",
                  hosts.DNS)
        net.ip("addr", "add", "fd00:99::53/64", "dev", "wire", "nodad")
        hosts.run("ip", "-n", s1.ns, "addr", "add", "fd00:99::1/64", "dev",
                  "eth0", "nodad")
        hosts.run("ip", "-n", s1.ns, "route", "add", NET6 % 0 + "/64", "via",
                  "fd00:99::53")
        far = Far(net)
        s1.start()
        one_at_a_time(check, s1, far)
        a_pause(check, s1, far)
        nothing(check, s1)
        the_end(check, s1)
        the_other_family(check, s1, far)
        patterns(check, s1)
        check.claim("s1 has no error in its log", not re.search(
            r"\b(error|fatal|panic):", s1.log()))
    return check.end()


sys.exit(main())
