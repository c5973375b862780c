#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Domains of every kind, and the hosts behind them: which of them has the
letter, or what is said of it.

All letters are handed in at once; each domain stands for itself.
"""
import contextlib
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

SENT, LATER, BOUNCED = "sent", "deferred", "bounced"
ZONE = "zoo.example"
FIRST = 100             # of the servers; nobody listens from 200 on
SERVERS = "abcd"
SOURCE = "10.99.0.77", "fd00:99::77"
HOST_MOST = 20          # connections to one host
WINDOW = 5              # of a domain, behind its first letter
EQUALS = 12             # domains with the same four equals
RUN = "/run/zoo"        # where the Unix sockets are


def v4(number):
    return "10.99.0.%d" % number


def v6(number):
    return "fd00:99::%d" % number


A, B, C, D = range(FIRST, FIRST + 4)
REFUSED = [v4(i) for i in range(200, 220)]
# Whose answers are lost: nothing comes back from there.
HOLE4, HOLE6 = v4(98), v6(98)
CROWDED, CROWDS = v4(97), 8     # one host of so many domains

RECORDS = [
    *("%s A %s" % (s, v4(FIRST + i)) for i, s in enumerate(SERVERS)),
    *("no%d A %s" % (i, ip) for i, ip in enumerate(REFUSED)),
    "us A 10.99.0.1", "loop A 127.0.0.1", "hole A " + HOLE4,
    "order MX 20 b", "order MX 10 a", "order MX 30 c",
    *("equal%d MX 10 %s" % (i, s) for i in range(EQUALS) for s in SERVERS),
    "implicit A " + v4(B),
    "null MX 0 .",
    "cname CNAME order",
    "mx-cname MX 10 alias", "alias CNAME b",
    "mx-nothing MX 10 nowhere",
    "us-best MX 10 us", "us-best MX 20 a",
    "us-middle MX 10 no0", "us-middle MX 20 us", "us-middle MX 30 a",
    "us-equal MX 10 b", "us-equal MX 20 us", "us-equal MX 20 a",
    "loopback MX 10 loop",
    "loopback-first MX 10 loop", "loopback-first MX 20 b",
    "six MX 10 six-only", "six-only AAAA " + v6(A),
    "dead-first MX 10 no0", "dead-first MX 20 b",
    *("ten MX %d no%d" % (i, i) for i in range(9)), "ten MX 10 b",
    *("twelve MX %d no%d" % (i, i) for i in range(11)), "twelve MX 12 b",
    *("many A " + ip for ip in REFUSED),
    "four-dead A " + REFUSED[0], "four-dead AAAA " + v6(B),
    "six-dead AAAA " + v6(200), "six-dead A " + v4(B),
    "four-hole A " + HOLE4, "four-hole AAAA " + v6(C),
    "six-hole AAAA " + HOLE6, "six-hole A " + v4(C),
    "crowded A " + CROWDED,
    *("crowd%d MX 10 crowded" % i for i in range(CROWDS)),
    "hole-both A " + HOLE4, "hole-both AAAA " + HOLE6,
]

CONFIG = """\
relay-from 10.99.0.0/24 127.0.0.0/8
remote {
    connect-time 2s
}
route back.zoo.example {
    via [10.99.0.200]:25
    fallback [10.99.0.101]:25
}
route back-later.zoo.example {
    via broken.example
    fallback [10.99.0.101]:25
}
route back-null.zoo.example {
    via null.zoo.example
    fallback [10.99.0.101]:25
}
route back-dead.zoo.example {
    via [10.99.0.200]:25
    fallback [10.99.0.201]:25
}
route source.zoo.example {
    via [10.99.0.103]:25
    source 10.99.0.77 fd00:99::77
}
route source6.zoo.example {
    via [fd00:99::103]:25
    source 10.99.0.77 fd00:99::77
}
route home.zoo.example {
    via [10.99.0.1]:25
}
route smtp.zoo.example {
    socket /run/zoo/smtp
}
route lmtp.zoo.example {
    lmtp /run/zoo/lmtp
}
route nobody.zoo.example {
    lmtp /run/zoo/nobody
}
"""


def at(name, ip):
    return r"%s\[%s\]:25" % (re.escape(name + "." + ZONE), re.escape(ip))


def here(path):
    return r"s1\.example\[%s/%s\]" % (RUN, path)


# name: (status, dsn, relay)
WANTED = {
    "order": (SENT, "2.0.0", at("a", v4(A))),
    "implicit": (SENT, "2.0.0", at("implicit", v4(B))),
    "null": (BOUNCED, "5.1.10", "none"),
    "cname": (SENT, "2.0.0", at("a", v4(A))),
    "mx-cname": (SENT, "2.0.0", at("alias", v4(B))),
    "mx-nothing": (BOUNCED, "5.1.2", "none"),
    "us-best": (BOUNCED, "5.4.6", "none"),
    "us-middle": (LATER, "4.4.1", at("no0", REFUSED[0])),
    "us-equal": (SENT, "2.0.0", at("b", v4(B))),
    "home": (BOUNCED, "5.4.6", "none"),
    "loopback": (BOUNCED, "5.4.6", "none"),
    "loopback-first": (SENT, "2.0.0", at("b", v4(B))),
    "six": (SENT, "2.0.0", at("six-only", v6(A))),
    "dead-first": (SENT, "2.0.0", at("b", v4(B))),
    "ten": (SENT, "2.0.0", at("b", v4(B))),
    "twelve": (LATER, "4.4.1", at("no9", REFUSED[9])),
    "many": (LATER, "4.4.1", r"many\.zoo\.example\[10\.99\.0\.2..\]:25"),
    "four-dead": (SENT, "2.0.0", at("four-dead", v6(B))),
    "six-dead": (SENT, "2.0.0", at("six-dead", v4(B))),
    "four-hole": (SENT, "2.0.0", at("four-hole", v6(C))),
    "six-hole": (SENT, "2.0.0", at("six-hole", v4(C))),
    "hole-both": (LATER, "4.4.1", r"hole-both\.zoo\.example\[.*"),
    "nxdomain": (BOUNCED, "5.1.2", "none"),
    "back": (SENT, "2.0.0", r".*\[10\.99\.0\.101\]:25"),
    "back-later": (SENT, "2.0.0", r".*\[10\.99\.0\.101\]:25"),
    "back-null": (BOUNCED, "5.1.10", "none"),
    "back-dead": (LATER, "4.4.1", r".*\[10\.99\.0\.201\]:25"),
    "source": (SENT, "2.0.0", r".*\[10\.99\.0\.103\]:25"),
    "source6": (SENT, "2.0.0", r".*\[fd00:99::103\]:25"),
    "smtp": (SENT, "2.0.0", here("smtp")),
    "lmtp": (SENT, "2.0.0", here("lmtp")),
    "nobody": (LATER, "4.4.1", here("nobody")),
}
BROKEN = "joe@broken.example"


# ---- the servers ------------------------------------------------------------

class Server:
    """Takes all; `seen`: (recipients of a letter, from which address)."""

    def __init__(self, listener):
        self.seen, self.verbs = [], []
        self.listener = listener
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, peer = self.listener.accept()
                threading.Thread(target=self.serve, args=(connection, peer),
                                 daemon=True).start()

    def serve(self, connection, peer):
        with contextlib.suppress(OSError), connection, \
                connection.makefile("rwb", buffering=0) as f:
            f.write(b"220 zoo.example ESMTP\r\n")
            recipients = []
            for line in iter(f.readline, b""):
                verb = line.split()[0].upper().decode("latin-1")
                self.verbs.append(verb)
                if verb == "RCPT":
                    recipients.append(line[line.index(b"<") + 1:
                                           line.index(b">")].decode("latin-1"))
                if verb == "DATA":
                    self.take(f, recipients, peer)
                    recipients = []
                else:
                    f.write(b"250 2.0.0 fine\r\n")

    def take(self, f, recipients, peer):
        f.write(b"354 go on\r\n")
        while f.readline() not in (b".\r\n", b""):
            pass
        self.seen.append((recipients, peer))
        many = len(recipients) if "LHLO" in self.verbs else 1
        f.write(b"250 2.0.0 taken\r\n" * many)


class Crowd(Server):
    """Keeps who comes until `go`; counts them."""

    def __init__(self, listener):
        self.lock, self.go = threading.Lock(), threading.Event()
        self.now = 0
        super().__init__(listener)

    def count(self, by):
        with self.lock:
            self.now += by

    def serve(self, connection, peer):
        self.count(1)
        super().serve(connection, peer)
        self.count(-1)

    def take(self, f, recipients, peer):
        self.go.wait(30)
        super().take(f, recipients, peer)


def open_servers(net, zoo, directory):
    servers = {}
    for number in (A, B, C, D):
        for ip, family in ((v4(number), socket.AF_INET),
                           (v6(number), socket.AF_INET6)):
            servers[ip] = Server(hosts.inside(
                zoo.ns, lambda ip=ip, family=family: socket.create_server(
                    (ip, 25), family=family)))
    servers[CROWDED] = Crowd(hosts.inside(
        zoo.ns, lambda: socket.create_server((CROWDED, 25), backlog=100)))
    for name in ("smtp", "lmtp"):
        s = socket.socket(socket.AF_UNIX)
        s.bind(os.path.join(directory, name))
        os.chmod(os.path.join(directory, name), 0o666)
        s.listen(8)
        servers[name] = Server(s)
    return servers


def add(host, *addresses):
    for ip in addresses:
        hosts.run("ip", "-n", host.ns, "addr", "add",
                  ip + ("/64" if ":" in ip else "/24"), "dev", "eth0",
                  *(["nodad"] if ":" in ip else []))


def build(net):
    directory = os.path.join(net.dir, "zoo-run")
    os.mkdir(directory, 0o755)
    net.zone("s1.example", "@ A 10.99.0.1")
    net.zone(ZONE, *RECORDS)
    net.zone("broken.example")
    net.serve_dns()
    s1 = net.host("s1", users=["jqp"], config=CONFIG,
                  mounts={RUN: directory})
    zoo = net.host("zoo")
    hole = net.host("hole")
    add(s1, v6(1), *SOURCE)
    add(zoo, *(ip(n) for n in (A, B, C, D) for ip in (v4, v6)), *REFUSED,
        CROWDED, v6(200))
    add(hole, HOLE4, HOLE6)
    for ip in ("10.99.0.1", v6(1)):
        hosts.run("ip", "-n", hole.ns, "route", "add", "blackhole", ip)
    return s1, open_servers(net, zoo, directory)


# ---- what came of it --------------------------------------------------------

def hand_in(s1, *recipients):
    with s1.smtp() as client:
        for r in recipients:
            client.sendmail("jqp@s1.example", [r], "Subject: x\r\n\r\nx\r\n")


def verdicts(log, recipient):
    """[(relay, dsn, status, text)]"""
    return re.findall(r": to=<%s>, relay=(\S+), .*dsn=([\d.]+), status=(\w+) "
                      r"\((.*)\)$" % re.escape(recipient), log, re.M)


def await_verdicts(s1, *recipients):
    hosts.wait_for("verdicts for all", lambda: all(
        verdicts(s1.log(), r) for r in recipients), 30)


def judge(check, log, name):
    status, dsn, relay = WANTED[name]
    got = verdicts(log, "joe@%s.%s" % (name, ZONE))
    check.claim("%s: %s" % (name, got[0][:3]), len(got) == 1 and
                got[0][1:3] == (dsn, status) and
                re.fullmatch(relay, got[0][0]))


def judge_order(check, log):
    """Both came in before the host that nobody reaches was given up: that is
    not a matter of how long the others took."""
    def place(name):
        return re.search(r": to=<joe@%s\.zoo" % name, log).start()

    check.claim("a silent address of a host delays no letter",
                max(place("four-hole"), place("six-hole")) <
                place("hole-both"))


def judge_servers(check, log, servers):
    relays = [verdicts(log, "joe@equal%d.%s" % (i, ZONE))[0]
              for i in range(EQUALS)]
    check.claim("of equals each has its share: %s" % sorted(
        {r[0] for r in relays}), len({r[0] for r in relays}) > 1 and
        all(r[2] == SENT for r in relays))
    for name, ip, source in (("source", v4(D), SOURCE[0]),
                             ("source6", v6(D), SOURCE[1])):
        check.claim("%s is the address that the server sees" % source, [
            peer[0] for to, peer in servers[ip].seen
            if name in to[0]] == [source])
    check.claim("nobody behind ourselves had a letter", not any(
        re.search("us-best|us-middle", to[0])
        for s in servers.values() for to, _ in s.seen))
    check.claim("LMTP at the one socket, SMTP at the other",
                "LHLO" in servers["lmtp"].verbs and
                "EHLO" in servers["smtp"].verbs)


def remembers(check, s1, servers):
    """The family that was silent is not tried first again."""
    before = len(servers[v6(C)].seen) + len(servers[v4(C)].seen)
    hosts.wait_for("connections to close", lambda: not re.search(
        r":25\b", s1.run("ss", "-Htn", check=False).stdout), 10)
    hand_in(s1, "sue@four-hole." + ZONE, "sue@six-hole." + ZONE)
    hosts.wait_for("two more letters", lambda: len(servers[v6(C)].seen) +
                   len(servers[v4(C)].seen) == before + 2, 10)


def judge_traces(check, s1):
    def addresses(name):
        trace = s1.run("relais", "trace", "%s.%s" % (name, ZONE),
                       check=False).stdout
        return {a for a in [HOLE4, HOLE6, *REFUSED] if "[%s]" % a in trace}

    check.claim("both families of a host are in its trace",
                addresses("hole-both") == {HOLE4, HOLE6})
    check.claim("ten hosts are tried, and sixteen addresses", [
        len(addresses(n)) for n in ("twelve", "many")] == [10, 16])


def crowds(check, s1, server):
    """Each domain by itself may have five connections, and has six letters."""
    def people(names):
        return ["%s@crowd%d.%s" % (u, i, ZONE)
                for u in names for i in range(CROWDS)]

    first, everybody = people("t"), people("uvwxyz")
    server.go.set()             # who has never had mail has it alone
    hand_in(s1, *first)
    hosts.wait_for("the first letters", lambda: len(server.seen) ==
                   len(first))
    server.go.clear()
    hand_in(s1, *everybody)

    def under_way():
        out = s1.run("relais", "--json", "queue", "destinations",
                     check=False).stdout
        return sum(d["jobs"] for d in map(json.loads, out.splitlines())
                   if ":crowd" in d["destination"])

    hosts.wait_for("all jobs that may be", lambda: under_way() ==
                   CROWDS * WINDOW and server.now >= HOST_MOST, 10)
    held = server.now
    server.go.set()
    hosts.wait_for("all letters", lambda: len(server.seen) ==
                   len(first + everybody), 20)
    check.claim("%d connections to a host of many domains at once, and all "
                "have their letters" % held, held == HOST_MOST and
                {to[0] for to, _ in server.seen} == set(first + everybody))


def connector_dies(check, s1, servers):
    for pid in s1.pids("connector"):
        os.kill(pid, signal.SIGKILL)
    hand_in(s1, "sue@lmtp." + ZONE)
    hosts.wait_for("a letter by the next connector", lambda: any(
        "sue@lmtp." + ZONE in to for to, _ in servers["lmtp"].seen), 20)
    check.claim("a connector that dies costs no letter", verdicts(
        s1.log(), "sue@lmtp." + ZONE)[-1][2] == SENT)


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        s1, servers = build(net)
        s1.start()
        names = list(WANTED) + ["equal%d" % i for i in range(EQUALS)]
        everybody = ["joe@%s.%s" % (n, ZONE) for n in names] + [BROKEN]
        hand_in(s1, *everybody)
        await_verdicts(s1, *everybody)
        log = s1.log()
        for name in WANTED:
            judge(check, log, name)
        check.claim("name servers that fail are asked again: %s" % (
            verdicts(log, BROKEN)[0],), [v[:3] for v in verdicts(
                log, BROKEN)] == [("none", "4.4.3", LATER)])
        judge_order(check, log)
        judge_servers(check, log, servers)
        judge_traces(check, s1)
        remembers(check, s1, servers)
        connector_dies(check, s1, servers)
        crowds(check, s1, servers[CROWDED])
    return check.end()


sys.exit(main())
