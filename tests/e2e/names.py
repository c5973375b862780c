#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""As root: who is called by which name.  A client's name is that of its address
in DNS, if this leads back to the address, and else "unknown": with zones of a
real name server, then with one that is slow, silent or hostile, then while
resolver dies.  The log, the Received line and the rules use it.
"""
import concurrent.futures
import contextlib
import os
import re
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import dns      # noqa: E402
import hosts    # noqa: E402

HOSTILE_DNS = "10.99.0.54"
NAME_TIME = 2
CONFIG = """\
smtpd {
    name-time 2s
}
listen six {
    address fd99::%d
}
rule friends {
    name *.clients.example
    recipient brown@*
    then accept
}
rule no-friends {
    recipient brown@*
    then refuse 550 5.7.25 Friends only
}
"""
PTR = dns.TYPES["PTR"]


class Client:
    """A connection from one of the client host's addresses."""

    def __init__(self, net, server, source, early=b""):
        host = net.hosts["c1"]
        to = server.address if "." in source else server.six
        self.domain, self.source = server.domain, source
        self.began = time.monotonic()
        self.socket = hosts.inside(host.ns, lambda: socket.create_connection(
            (to, 25), 20, (source, 0)))
        self.port = self.socket.getsockname()[1]
        self.socket.sendall(early)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        self.greeting = self.reply()
        self.waited = time.monotonic() - self.began
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def reply(self):
        line = b"   -"
        while line[3:4] == b"-":
            line = self.file.readline()
        return line.decode("latin-1").strip()

    def say(self, *lines):
        for line in lines:
            self.socket.sendall(line.encode() + b"\r\n")
            last = self.reply()
        return last

    def ask_for(self, user):
        return self.say("EHLO client.example", "MAIL FROM:<x@bar.example>",
                        "RCPT TO:<%s@%s>" % (user, self.domain))

    def letter(self, subject):
        self.ask_for("jones")
        return self.say("DATA", "Subject: %s\r\n\r\nx\r\n." % subject)[:3]


def name_of(host, client):
    """What the log calls it, once it does; ports are of an address each."""
    line = host.wait_log(r"connect from (\S*)\[%s\]:%d\n" % (
        re.escape(client.source), client.port))
    return line.group(1)


def called(net, server, source, wanted):
    """Is it greeted, and called so?  And was that quick?"""
    with Client(net, server, source) as c:
        name = name_of(server, c)
        if name != wanted:
            print("     %s is called %r" % (source, name))
        return name == wanted and c.greeting[:3] == "220" and \
            c.say("QUIT")[:3] == "221"


# ---- a real name server ------------------------------------------------------

def furnish_zones(net):
    net.zone("s1.example", "@ A 10.99.0.1")
    net.zone("clients.example",
             "one A 10.99.0.101", "two A 10.99.0.201", "four A 10.99.0.104",
             "five A 10.99.0.105", "six AAAA fd99::106",
             "*.wild A 10.99.0.107")
    net.zone("0.99.10.in-addr.arpa",
             "101 PTR one.clients.example.", "102 PTR two.clients.example.",
             "104 PTR no.clients.example.", "104 PTR four.clients.example.",
             "105 CNAME 105.sub", "105.sub PTR five.clients.example.",
             "107 PTR Any.Wild.clients.example.",
             r"108 PTR a\032b\"c.wild.clients.example.")
    net.zone("9.9.d.f.ip6.arpa", "6.0.1" + ".0" * 25 +
             " PTR six.clients.example.")
    net.serve_dns()


def real_zones(check, net, s1):
    for source, wanted, what in (
            ("10.99.0.101", "one.clients.example", "one that leads back"),
            ("10.99.0.102", "unknown", "one that leads elsewhere"),
            ("10.99.0.103", "unknown", "none at all"),
            ("10.99.0.104", "four.clients.example", "the second of two"),
            ("10.99.0.105", "five.clients.example", "one behind an alias"),
            ("10.99.0.107", "any.wild.clients.example", "in capitals"),
            ("10.99.0.108", "unknown", "one with blanks and quotes"),
            ("fd99::106", "six.clients.example", "one of IPv6"),
            ("fd99::101", "unknown", "none of IPv6")):
        check.claim("a name: " + what, called(net, s1, source, wanted))
    with Client(net, s1, "10.99.0.101") as c:
        check.claim("a rule lets a name in",
                    c.ask_for("brown").startswith("250"))
        check.claim("a letter of a named client", c.letter("named") == "250")
        c.say("RCPT TO:<nobody@s1.example>")
    mail = s1.wait_mail("jones")[0]
    check.claim("Received has the name", re.search(
        rb"Received: from client\.example \(one\.clients\.example "
        rb"\[10\.99\.0\.101\]\)", mail))
    check.claim("client= has the name", s1.wait_log(
        r"\w{13}: client=one\.clients\.example\[10\.99\.0\.101\]"))
    check.claim("disconnect has the name", s1.wait_log(
        r"disconnect from one\.clients\.example\[10\.99\.0\.101\]"))
    with Client(net, s1, "10.99.0.102") as c:
        check.claim("a rule refuses whom no name proves",
                    c.ask_for("brown") == "550 5.7.25 Friends only")
    check.claim("the log names client and rule", s1.wait_log(
        r"NOQUEUE: reject: RCPT from unknown\[10\.99\.0\.102\]: 550 5\.7\.25 "
        r".* rule=no-friends\n"))


# ---- one that does not behave ------------------------------------------------

def hostile_names():
    """What PTR says, and what the client is called."""
    long_label = b"l" * 63
    longest = [long_label] * 3 + [b"l" * 61]
    plain = "a.clients.example"
    return {
        "the longest name": ([longest], ".".join(
            x.decode() for x in longest)),
        "control octets": ([[b"a\r\nX: y", b"example"]], "unknown"),
        "a NUL": ([[b"a\0b", b"example"]], "unknown"),
        "quotes and brackets": ([[b'"a"', b"[b]", b"(c)"]], "unknown"),
        "percents": ([[b"%n%s", b"example"]], "unknown"),
        "dots in a label": ([[b"a.clients.example"]], "unknown"),
        "eight bits": ([[b"\xff\xfe", b"example"]], "unknown"),
        "an address": ([[b"10", b"99", b"0", b"120"]], "unknown"),
        "the root": ([[]], "unknown"),
        "a hundred names": (["n%d.clients.example" % i for i in range(100)],
                            "n3.clients.example"),
        "one of them good, too late": (
            ["x%d.clients.example" % i for i in range(100)], "unknown"),
        "a thousand addresses": ([plain], plain),
        "a pointer that loops": ([(1, b"\xc0\x0c\x00\x0c\x00\x01" +
                                   b"\0\0\0\1\0\2\xc0\x22")], "unknown"),
        "more answers than come": ([(60000, b"\xc0\x0c")], "unknown"),
        "another name's PTR": ([(1, dns.wire_name("other.example") +
                                 b"\0\x0c\0\1\0\0\0\1\0\3\1a\0")], "unknown"),
    }


def address_records(server, address, names):
    """All hosts that can be one lead back, but for what its claim says."""
    for name in names:
        if isinstance(name, (str, list)) and name:
            text = name if isinstance(name, str) else b".".join(
                name).decode("latin-1")
            if not text.startswith("x") or text.startswith("x50."):
                server.say(text, "A", address)
    server.say("n0.clients.example", "A", dns.SERVFAIL)
    for i in 1, 2, 4:
        server.say("n%d.clients.example" % i, "A", "192.0.2.1")


def hostile_dns(check, net, s2, server):
    for i, (what, (names, wanted)) in enumerate(hostile_names().items()):
        address = "10.99.0.%d" % (110 + i)
        server.point(address, *names)
        address_records(server, address, names)
        if "thousand" in what:
            server.say("a.clients.example", "A", address, *(
                "10.1.%d.%d" % (k // 250, k % 250) for k in range(1000)))
        check.claim("DNS says " + what, called(net, s2, address, wanted))
    check.claim("the log has no odd octet", not re.search(
        r"[^\x20-\x7e\n]", s2.log()))


def faults(check, net, s2, server):
    server.point("10.99.0.130", dns.SERVFAIL)
    with Client(net, s2, "10.99.0.130") as c:
        check.claim("SERVFAIL: unknown",
                    name_of(s2, c) == "unknown")
        check.claim("and a refusal that hangs on the name is for now",
                    c.ask_for("brown").startswith("450 4.7.1 "))
        check.claim("and who is welcome by any name is welcome",
                    c.ask_for("jones").startswith("250"))
    server.point("10.99.0.131", dns.SILENCE)
    server.point("10.99.0.132", "two.clients.example")
    server.say("two.clients.example", "A", dns.SILENCE)
    server.point("10.99.0.133", "one.clients.example")
    server.say("one.clients.example", "A", "10.99.0.133")
    for address in "10.99.0.131", "10.99.0.132":
        with Client(net, s2, address, b"EHLO early.example\r\n") as c:
            check.claim("silence: the greeting waits, but not for long",
                        NAME_TIME - 0.5 < c.waited < 10 and
                        c.greeting[:3] == "220")
            check.claim("and what was said meanwhile is answered then",
                        c.reply()[:3] == "250")
            check.claim("and the client is unknown",
                        name_of(s2, c) == "unknown")
            check.claim("and refused for now",
                        c.ask_for("brown").startswith("450 "))
    slow = Client(net, s2, "10.99.0.131")
    check.claim("others are named meanwhile", called(
        net, s2, "10.99.0.133", "one.clients.example"))
    slow.__exit__()
    check.claim("one that does not wait for its greeting is logged",
                s2.wait_log(r"connect from unknown\[10\.99\.0\.131\]:%d\n"
                            % slow.port) and s2.wait_log(
                    r"lost connection after CONNECT from unknown"))


def asked(server, address):
    return server.asked[dns.pointer_of(address), PTR]


def questions(check, net, s2, server):
    address = "10.99.0.140"
    server.point(address, "one.clients.example", ttl=60)
    server.say("one.clients.example", "A", address, ttl=60)
    # On a busy machine the first answer may be too late for its client.
    hosts.wait_for("its name", lambda: called(net, s2, address,
                                              "one.clients.example"))
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        check.claim("sixty connections of a client", all(pool.map(
            lambda _: called(net, s2, address, "one.clients.example"),
            range(60))))
    with Client(net, s2, address) as c:
        check.claim("ten letters in a session", all(
            c.letter("many") == "250" for _ in range(10)))
    check.claim("have asked DNS once", asked(server, address) == 1)
    server.point("10.99.0.141", "three.clients.example")
    server.say("three.clients.example", "A", "10.99.0.141")
    called(net, s2, "10.99.0.141", "three.clients.example")
    time.sleep(1.5)             # its time to live
    server.say("three.clients.example", "A", "10.99.0.142")
    check.claim("what was known is not believed for longer than DNS says",
                called(net, s2, "10.99.0.141", "unknown"))
    before = sum(server.asked.values())
    s2.run("sendmail", "jones", input="x\n")
    check.claim("nothing is asked about users of this machine",
                s2.wait_log(r"connect from uid \d+\n") and
                sum(server.asked.values()) == before)


# ---- while resolver dies -----------------------------------------------------

def kill_resolver(host):
    for role, pid in host.processes():
        if role == "resolver":
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def resolver_dies(check, net, s2, server):
    server.point("10.99.0.150", dns.SILENCE)
    waiting = [Client(net, s2, "10.99.0.150") for _ in range(20)]
    hosts.wait_for("the question", lambda: asked(server, "10.99.0.150"))
    kill_resolver(s2)
    greeted = [c.__enter__() for c in waiting]
    check.claim("resolver dies: who waited for it is greeted",
                all(c.greeting[:3] == "220" for c in greeted))
    check.claim("and can go on", all(
        c.ask_for("jones").startswith("250") for c in greeted))
    for c in waiting:
        c.__exit__()
    server.point("10.99.0.151", "new.clients.example")
    server.say("new.clients.example", "A", "10.99.0.151")
    check.claim("the next one names clients", hosts.wait_for(
        "a name", lambda: called(net, s2, "10.99.0.151",
                                 "new.clients.example")))
    check.claim("no neighbour was accused", "accuse" not in s2.log())


def other_configuration(check, net, s2, server):
    s2.configure("resolver %s\nsmtpd {\n client-names no\n}\nrule all {\n"
                 "then refuse 550 5.7.1 Closed\n}\n" % HOSTILE_DNS)
    s2.run("relais", "reload")
    before = sum(server.asked.values())
    with Client(net, s2, "10.99.0.151") as c:
        check.claim("client-names no: unknown",
                    name_of(s2, c) == "unknown")
        check.claim("a reload brings other rules",
                    c.ask_for("jones") == "550 5.7.1 Closed")
    check.claim("nothing was asked", sum(server.asked.values()) == before)
    s2.configure("relay-identity uid:%d\n" % hosts.USER_UID)
    s2.run("relais", "reload")
    codes = [s2.run("sendmail", "x@elsewhere.example", user=user, input="x\n",
                    check=False).returncode for user in ("jones", "brown")]
    check.claim("an identity that is listed may relay, another may not",
                codes[0] == 0 and codes[1] != 0 and s2.wait_log(
                    r"reject: RCPT from uid %d: 550 5\.7\.1 "
                    % (hosts.USER_UID + 1)))
    s2.configure("rule r {\n hleo x\n then accept\n}\n")
    done = s2.run("relais", "check", check=False)
    with open(s2.path("etc/relais/relais.conf")) as f:
        line = f.read().split("\n").index(" hleo x") + 1
    check.claim("relais check tells what is wrong with a rule",
                done.returncode == 78 and re.search(
                    r":%d: expected a keyword such as \"helo\"" % line,
                    done.stderr + done.stdout))


def add_addresses(net):
    c1 = net.hosts["c1"]
    for i in range(101, 160):
        hosts.run("ip", "-n", c1.ns, "addr", "add", "10.99.0.%d/24" % i,
                  "dev", "eth0")
    for name, number in (("s1", 1), ("s2", 2), ("c1", 0x106),
                         ("c1", 0x101)):
        hosts.run("ip", "-n", net.hosts[name].ns, "addr", "add",
                  "fd99::%x/64" % number, "dev", "eth0", "nodad")
        net.hosts[name].six = "fd99::%x" % number
    net.ip("addr", "add", HOSTILE_DNS + "/24", "dev", "wire")


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        furnish_zones(net)
        s1 = net.host("s1", users=["jones", "brown"], config=CONFIG % 1)
        s2 = net.host("s2", users=["jones", "brown"],
                      config="resolver %s\n" % HOSTILE_DNS + CONFIG % 2)
        net.host("c1")
        add_addresses(net)
        s1.start()
        s2.start()
        real_zones(check, net, s1)
        with hosts.inside(net.dns, lambda: dns.Server(
                (HOSTILE_DNS, 53))) as server:
            hostile_dns(check, net, s2, server)
            faults(check, net, s2, server)
            questions(check, net, s2, server)
            resolver_dies(check, net, s2, server)
            other_configuration(check, net, s2, server)
    return check.end()


if __name__ == "__main__":
    sys.exit(main())
