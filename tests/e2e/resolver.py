#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""As root: resolver behind its walls, with the test as master, remote and
smtpd: against nsd, a validating unbound, and servers that say what they like.
Each record type with each length of data; what is kept, and how much.

usage: resolver.py [NAMES]      # of the flood: 20000
"""
import collections
import os
import random
import re
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import dns          # noqa: E402
import hosts        # noqa: E402
import resolving    # noqa: E402

PROGRAM = os.path.join(hosts.tree(), "opt/relais/libexec/relais/resolver")
SANITIZED = os.environ.get("RELAIS_SANITIZED")
LOCAL, FAR = "127.0.0.1", "10.99.0.55"      # where unbound listens
A, CNAME, SOA, PTR, MX, TXT, AAAA = (dns.TYPES[t] for t in (
    "A", "CNAME", "SOA", "PTR", "MX", "TXT", "AAAA"))
UNKNOWN_TYPES = 46, 99, 41, 65280
SOA_DATA = dns.wire_name("ns") + dns.wire_name("root") + \
    struct.pack(">IIIII", 1, 3600, 600, 86400, 60)


class Place:
    """A network of its own, and an empty directory."""

    def __init__(self, net):
        self.net, self.last = net, 100
        self.empty = os.path.join(net.dir, "empty")
        os.mkdir(self.empty, 0o555)

    def inside(self, function):
        return hosts.inside(self.net.dns, function)

    def resolver(self, *servers, **more):
        return self.inside(lambda: resolving.Resolver(
            PROGRAM, self.empty, *servers, **more))

    def address(self):
        self.last += 1
        address = "10.99.0.%d" % self.last
        self.net.ip("addr", "add", address + "/24", "dev", "wire")
        return address, 53

    def server(self, address=None):
        return self.inside(lambda: dns.Server(address or self.address()))

    def quick(self, answer, port=53):
        return self.inside(lambda: dns.Quick(
            (self.address()[0], port), answer))


def at(server):
    s = server.udp if isinstance(server, dns.Server) else server
    address = s.socket.getsockname() if s is not server else \
        server.socket.getsockname()
    return "%s:%d" % address[:2]


# ---- real name servers -------------------------------------------------------

def furnish_zones(net):
    mail = ["@ MX 10 mx", "mx A 10.99.0.2"]
    for zone in "secure.test", "bogus.test":
        net.zone(zone, *mail, "alias CNAME @", "out CNAME plain.test.",
                 "in CNAME mx")
    net.zone("plain.test", *mail, "in CNAME secure.test.")
    crowd = ["m%d A 10.99.1.%d" % (i, i) for i in range(40)]
    net.zone(
        "zoo.test", "one MX 10 a", "a A 10.99.0.2", "a AAAA fd99::2",
        "none A 10.99.0.3", "nomail MX 0 .",
        "toalias MX 10 c", "c CNAME a", "alias CNAME one",
        "aliasnone CNAME none",
        "out CNAME plain.test.", "outmx MX 10 out",
        "circle CNAME circle2", "circle2 CNAME circle",
        *("long%d CNAME long%d" % (i, i + 1) for i in range(9)),
        "long9 A 10.99.0.9", "long0x CNAME long2",
        "dead MX 10 no1", "dead MX 20 no2", "half MX 10 no1", "half MX 20 a",
        "text TXT x", "mxtext MX 10 text", "elsewhere MX 10 mx.unserved.test.",
        "many A 10.99.1.1", *("many A 10.99.1.%d" % i for i in range(2, 40)),
        *("crowd MX %d m%d" % (i, i) for i in range(40)), *crowd)
    return net


def sign(net, directory):
    """Anchors stand beside the zones; then bogus.test changes one record."""
    for zone in "secure.test", "bogus.test":
        def ldns(program, *args):
            return subprocess.run(
                [net.peer("usr/bin/ldns-" + program), *args], cwd=directory,
                env=net.peer_environment(), check=True, capture_output=True,
                text=True).stdout.strip()
        key = ldns("keygen", "-a", "ECDSAP256SHA256", "-k", zone)
        ldns("signzone", "-n", "-f", zone + ".zone", zone + ".zone", key)
        os.rename(os.path.join(directory, key + ".key"),
                  os.path.join(directory, zone + ".anchor"))
    path = os.path.join(directory, "bogus.test.zone")
    with open(path) as f:
        text = f.read()
    hosts.write(path, re.sub(r"(?m)^(mx\.bogus\.test\.\s.*\sA\s+)10\.99\.0\.2$",
                             r"\g<1>10.99.0.3", text))


def start_unbound(net):
    zones = "secure.test", "bogus.test", "plain.test"
    directory = os.path.join(net.dir, "nsd")
    config = ["server:", ' chroot: ""', ' username: ""', ' pidfile: ""',
              " use-syslog: no", ' directory: "%s"' % directory,
              " interface: " + LOCAL, " interface: ::1", " interface: " + FAR,
              " access-control: 0.0.0.0/0 allow",
              " access-control: ::1 allow",
              ' module-config: "validator iterator"',
              ' local-zone: "test." nodefault',
              ' domain-insecure: "plain.test"']
    config += [' trust-anchor-file: "%s/%s.anchor"' % (directory, z)
               for z in zones[:2]]
    for zone in zones:
        config += ["stub-zone:", ' name: "%s"' % zone,
                   " stub-addr: " + hosts.DNS]
    path = os.path.join(directory, "unbound.conf")
    hosts.write(path, "\n".join(config) + "\n")
    net.ip("addr", "add", FAR + "/24", "dev", "wire")
    with open(os.path.join(directory, "unbound.log"), "w") as log:
        return subprocess.Popen(
            ["ip", "netns", "exec", net.dns, net.peer("usr/sbin/unbound"),
             "-d", "-c", path], env=net.peer_environment(), stdout=log,
            stderr=log, stdin=subprocess.DEVNULL)


def unbound(check, place):
    net = place.net
    server = start_unbound(net)
    try:
        hosts.wait_for("unbound", lambda: place.inside(
            lambda: answers(LOCAL) and answers(FAR)))
        with place.resolver(LOCAL + ":53") as r:
            for name, outcome, secure in (
                    ("secure.test", "ok", True), ("plain.test", "ok", False),
                    ("bogus.test", "later", False),
                    ("alias.secure.test", "ok", True),
                    ("in.secure.test", "ok", True),
                    ("out.secure.test", "ok", False),
                    ("in.plain.test", "ok", False),
                    ("no.secure.test", "unknown", False)):
                got = r.mail(name)
                check.claim("unbound: %s is %s%s" % (
                    name, outcome, " and proven" if secure else ""),
                    (got.outcome, got.secure) == (outcome, secure))
            check.claim("and still when it is known", r.mail(
                "secure.test") == resolving.Answer(
                    "ok", True, [(10, "mx.secure.test", "10.99.0.2")]))
        with place.resolver("[::1]:53") as r:
            check.claim("and by IPv6", r.mail("secure.test").secure)
        with place.resolver(FAR + ":53") as r:
            check.claim("who is not on this machine proves nothing",
                        r.mail("secure.test")[:2] == ("ok", False))
    finally:
        server.terminate()
        server.wait()


def answers(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.2)
        s.sendto(b"\0\1\1\0\0\1" + bytes(6) + dns.wire_name("plain.test") +
                 b"\0\6\0\1", (address, 53))
        try:
            return s.recv(512)[:2] == b"\0\1"
        except OSError:
            return False


A2 = [("a.zoo.test", "fd99::2"), ("a.zoo.test", "10.99.0.2")]
ZOO = {
    "one": ("ok", A2), "none": ("ok", [("none.zoo.test", "10.99.0.3")]),
    "nomail": ("null", []), "missing": ("unknown", []),
    "toalias": ("ok", [("c.zoo.test", "fd99::2"), ("c.zoo.test",
                                                   "10.99.0.2")]),
    "alias": ("ok", A2),
    "aliasnone": ("ok", [("none.zoo.test", "10.99.0.3")]),
    "out": ("ok", [("mx.plain.test", "10.99.0.2")]),
    "outmx": ("unknown", []),
    "circle": ("later", []), "long0": ("later", []),
    "long1": ("ok", [("long9.zoo.test", "10.99.0.9")]),
    "dead": ("unknown", []), "half": ("ok", A2), "text": ("unknown", []),
    "mxtext": ("unknown", []), "elsewhere": ("later", []),
}


def nsd(check, place):
    """It knows its zones only, and refuses all else."""
    with place.resolver(hosts.DNS + ":53") as r:
        names = list(ZOO)
        for name, got in zip(names, r.mails(n + ".zoo.test" for n in names)):
            check.claim("nsd: %s is %s" % (name, ZOO[name][0]),
                        (got.outcome, [x[1:] for x in got.found]) ==
                        ZOO[name] and not got.secure)
        check.claim("a host keeps the name it was asked for by",
                    r.mail("c.zoo.test", resolving.HOST).found ==
                    [(0, "c.zoo.test", a) for _, a in A2])
        got = r.mail("crowd.zoo.test")
        check.claim("ten exchangers of forty, the best, in order",
                    [x[:2] for x in got.found] == [
                        (i, "m%d.zoo.test" % i) for i in range(10)])
        got = [r.mail("many.zoo.test").found for _ in range(30)]
        check.claim("sixteen addresses of forty, drawn each time",
                    all(len({x[2] for x in g}) == 16 for g in got) and
                    len({x[2] for g in got for x in g}) > 30)


# ---- one that does not behave ------------------------------------------------

def later_cases(server):
    """What ends as "later" after a while; what is slow, and ends well."""
    def wrong_id(question, _):
        return bytes([question[0] ^ 255]) + dns.reply_to(question)[1:]

    def wrong_port(question, client):
        if client is not None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.sendto(dns.reply_to(question, (None, A, 60, b"\1\2\3\4")),
                         client)

    def no_edns(question, _):
        if not dns.has_edns(question):
            return dns.reply_to(question, (None, A, 60, b"\12\0\0\1"))

    def cut(question, client):
        if client is not None:
            return dns.reply_to(question, flags=0x8780)

    def silent_by_tcp(question, client):
        if client is None:
            time.sleep(10)
        return cut(question, client)

    server.say("silent.x", "A", dns.SILENCE)
    server.say("silent-tcp.x", "A", silent_by_tcp)
    server.say("wrongid.x", "A", wrong_id)
    server.say("wrongport.x", "A", wrong_port)
    server.say("cut.x", "A", cut)
    server.say("drops-edns.x", "A", no_edns)
    return {"silent.x": "later", "wrongid.x": "later", "wrongport.x": "later",
            "cut.x": "later", "silent-tcp.x": "later", "drops-edns.x": "ok"}


def scripts():
    """What is said by a function, and what becomes of it."""
    good = (None, A, 60, b"\12\0\0\1")

    def other_flags(flags):
        return lambda q, _: dns.reply_to(q, good, flags=flags)

    def form(code):
        return lambda q, _: dns.reply_to(q, flags=0x8580 | code) \
            if dns.has_edns(q) else dns.reply_to(q, good)

    def slow(question, _):
        time.sleep(1)
        return dns.reply_to(question, good)

    def other_question(question, _):
        name = dns.wire_name("victim.x")
        return dns.reply_to(question[:12] + name + question[-4:], good)

    return {
        "no reply at all": (other_flags(0x0580), "later"),
        "an odd opcode": (other_flags(0x9580), "later"),
        "a name error with data": (other_flags(0x8583), "later"),
        "FORMERR to EDNS": (form(1), "ok"),
        "NOTIMP to EDNS": (form(4), "ok"),
        "FORMERR always": (lambda q, _: dns.reply_to(q, flags=0x8581),
                           "later"),
        "a referral": (lambda q, _: dns.reply_to(
            q, flags=0x8180, authorities=[("x", 2, 60, b"\0")]), "later"),
        "another name": (lambda q, _: dns.reply_to(
            q, ("other.x", A, 60, b"\1\2\3\4")), "unknown"),
        "another class": (lambda q, _: dns.reply_to(q, good).replace(
            b"\0\1\0\1\0\0\0<", b"\0\1\0\3\0\0\0<"), "unknown"),
        "more records than there are": (lambda q, _: dns.reply_to(
            q, good)[:6] + b"\1\0" + dns.reply_to(q, good)[8:], "later"),
        "half a record": (lambda q, _: dns.reply_to(q, good)[:-2], "later"),
        "a circle of pointers": (lambda q, _: dns.reply_to(q, (
            None, CNAME, 60, b"\xc0" + bytes([len(q)]))), "later"),
        "odd octets behind": (lambda q, _: dns.reply_to(q, good) + b"\xff" * 9,
                              "ok"),
        "an answer a second late": (slow, "ok"),
        "an alias to itself": (lambda q, _: dns.reply_to(q, (
            None, CNAME, 60, b"\xc0\x0c")), "later"),
        "an alias of odd octets": (lambda q, _: dns.reply_to(q, (
            None, CNAME, 60, b"\3\0\n.\1x\0"), ("x", A, 60, b"\1\2\3\4")),
            "unknown"),
    }


def hostile(check, place, server, r):
    for code in dns.SERVFAIL, dns.REFUSED, 4, 1, 9, 15:
        server.say("c%d.x" % code, "A", code)
        check.claim("code %d means later" % code, r.mail(
            "c%d.x" % code, resolving.HOST).outcome == "later")
    check.claim("and a server that failed is not asked at once again",
                server.asked["c2.x", A] == 1)
    for i, (what, (function, outcome)) in enumerate(scripts().items()):
        server.say("s%d.x" % i, "A", function)
        got = r.mail("s%d.x" % i, resolving.HOST)
        check.claim("DNS says %s: %s" % (what, outcome),
                    got.outcome == outcome and (outcome != "ok" or [
                        x[2] for x in got.found] == ["10.0.0.1"]))


def odd_exchangers(check, server, r):
    server.say("odd.x", "MX", (1, [b"a\r\nb", b"x"]), (2, [b"a b", b"x"]),
               (3, [b"\xff", b"x"]), (4, [b"[1]"]), (5, [b"a.b", b"x"]),
               (6, "good.x"), (0, ""))
    server.say("good.x", "A", "192.0.2.7")
    check.claim("of odd exchangers only hosts are told",
                r.mail("odd.x").found == [(6, "good.x", "192.0.2.7")])


def tcp(check, server, r):
    many = ["192.0.%d.%d" % (2 + i // 250, i % 250) for i in range(2000)]
    server.say("large.x", "A", *many)
    got = r.mail("large.x", resolving.HOST)
    check.claim("what is too long for UDP comes by TCP", got.outcome == "ok" and
                len(got.found) == 16 and server.asked["large.x", A] == 2)
    names = ["large%d.x" % i for i in range(100)]
    for name in names:
        server.say(name, "A", *many[:200])
    check.claim("a hundred such at once", all(
        x.outcome == "ok" for x in r.mails(names, resolving.HOST)))


def without_edns(check, place):
    """One that knows no EDNS, and one that says FORMERR to some: none of its
    questions is broken for it, and its long replies are not cut."""
    broken = []

    def answer(question):
        if len(question) != dns.take_question(question)[2] + \
                11 * dns.has_edns(question):
            broken.append(question)
        if b"bad" in question or b"plain" in question and \
                dns.has_edns(question):
            return dns.reply_to(question, flags=0x8581)
        good = [(None, A, 60, bytes([10, 0, 0, i])) for i in range(60)]
        return dns.reply_to(question, *good[:20 if b"plain" in question
                                            else 60])

    with place.quick(answer) as server, place.resolver(at(server)) as r:
        names = ["plain%d.x" % i for i in range(30)] + [
            "long%d.x" % i for i in range(30)]
        check.claim("replies without EDNS, and long ones with it", all(
            len(x.found) == 16 for x in r.mails(names, resolving.HOST)))
    with place.quick(answer) as server, place.resolver(at(server)) as r:
        check.claim("FORMERR to all is later", all(
            x.outcome == "later" for x in r.mails(
                ["bad%d.x" % i for i in range(10)], resolving.HOST)))
    check.claim("no question was broken", broken == [])


def cache(check, server, r):
    server.say("kept.x", "MX", (10, "a.x"), (10, "b.x"), (10, "c.x"), ttl=60)
    for host in "a.x", "b.x", "c.x":
        server.say(host, "A", "192.0.2.1", ttl=60)
        server.say(host, "AAAA", lambda q, _: dns.reply_to(
            q, authorities=[("x", SOA, 60, SOA_DATA)]))
    got = r.mails(["kept.x", "KEPT.x"] * 200)
    check.claim("four hundred ask the same, and DNS is asked once",
                all(x.outcome == "ok" for x in got) and all(
                    server.asked[k] == 1 for k in (
                        ("kept.x", MX), ("a.x", A), ("c.x", AAAA))))
    first = collections.Counter(x.found[0][1] for x in got)
    check.claim("equal exchangers take turns all the same",
                min(first[h] for h in ("a.x", "b.x", "c.x")) > 80)
    check.claim("later, too, nothing is asked", r.mail("kept.x").outcome ==
                "ok" and server.asked["kept.x", MX] == 1)
    server.say("gone.x", "MX", lambda q, _: dns.reply_to(
        q, flags=0x8583, authorities=[("x", SOA, 60, SOA_DATA)]))
    check.claim("that there is no name is kept", all(
        x.outcome == "unknown" for x in r.mails(["gone.x"] * 50)) and
        server.asked["gone.x", MX] == 1)
    server.say("short.x", "A", "192.0.2.1", ttl=1)
    r.mail("short.x", resolving.HOST)
    server.say("short.x", "A", "192.0.2.2", ttl=1)
    check.claim("a short life ends", hosts.wait_for(
        "the new address", lambda: r.mail("short.x", resolving.HOST).found ==
        [(0, "short.x", "192.0.2.2")]))


def servers(check, place, server):
    """Several of them: silent, refusing, or with nobody there."""
    server.say("several.x", "A", "192.0.2.1")
    other = place.server()
    other.say("several.x", "A", dns.REFUSED)
    nobody = "%s:%d" % place.address()
    with other, place.resolver(nobody, at(other), at(server)) as r:
        check.claim("the next server is asked when one refuses or is away",
                    r.mail("several.x", resolving.HOST).outcome == "ok" and
                    other.asked["several.x", A] == 1)


def ask_past(dumb, server, r):
    """The first server says nothing, the second all."""
    for i in range(20):
        dumb.say("past%d.x" % i, "A", dns.SILENCE)
        dumb.say("past%d.x" % i, "AAAA", dns.SILENCE)
        server.say("past%d.x" % i, "A", "192.0.2.1")
    return [r.ask("past%d.x" % i, resolving.HOST) for i in range(10)]


def is_shunned(check, dumb, r, tokens):
    check.claim("behind a silent server the next is asked", all(
        r.answer(token).outcome == "ok" for token in tokens))
    got = r.mails(["past%d.x" % i for i in range(10, 20)], resolving.HOST)
    check.claim("which then is the first for a while", all(
        x.outcome == "ok" for x in got) and
        not any(dumb.asked["past%d.x" % i, A] for i in range(10, 20)))


def one_that_comes(check, place):
    address = place.address()
    with place.resolver("%s:%d" % address) as r:
        token = r.ask("back.x", resolving.HOST)
        time.sleep(0.2)         # by now it knows that nobody is there
        with place.server(address) as server:
            server.say("back.x", "A", "192.0.2.1")
            check.claim("one that is restarted is waited for",
                        r.answer(token).outcome == "ok")


def ids_and_ports(check, place):
    seen = set()

    def answer(question, client):
        seen.add((question[:2], client[1]))
        return dns.reply_to(question, (None, A, 60, b"\12\0\0\1"))

    server = place.server()
    for i in range(200):
        server.say("n%d.x" % i, "A", answer)
    with server, place.resolver(at(server)) as r:
        for i in range(100):
            r.mail("n%d.x" % i, resolving.HOST)
        r.mails(["n%d.x" % i for i in range(100, 200)], resolving.HOST)
    check.claim("ids are drawn", len({x[0] for x in seen}) > 195)
    check.claim("ports are drawn", len({x[1] for x in seen}) > 50)


# ---- every length ------------------------------------------------------------

TYPES = (A, AAAA, MX, CNAME, PTR, SOA, TXT) + UNKNOWN_TYPES
LENGTHS = range(301)


def of_length(fill):
    """Answers "t16-l300.x", and what ip6.arpa has of fd00::T:L."""
    def answer(question):
        name, _, _ = dns.take_question(question)
        m = re.match(r"t(\d+)-l(\d+)\.", name)
        if name.endswith(".ip6.arpa"):
            digits = name.replace(".", "")[7::-1]
            kind, length = int(digits[:4], 16), int(digits[4:], 16)
        elif m is not None:
            kind, length = int(m.group(1)), int(m.group(2))
        else:
            return dns.reply_to(question, flags=0x8583)
        return dns.reply_to(question, (None, kind, 60, bytes([fill]) * length))
    return answer


def expected(kind, length):
    """Zeros are a name that is the root, and nothing has its name."""
    if kind == MX:
        return "null" if length == 3 else "later"
    if kind == CNAME:
        return "unknown" if length == 1 else "later"
    if kind == A:
        return "ok" if length == 4 else "later"
    if kind == AAAA:
        return "ok" if length == 16 else "later"
    return "unknown"


def every_length(check, place):
    pairs = [(t, n) for t in TYPES for n in LENGTHS]
    names = ["t%d-l%d.x" % p for p in pairs]
    for fill in 0, 1, 0xc0, random.randrange(256):
        with place.quick(of_length(fill)) as server, \
                place.resolver(at(server)) as r:
            got = r.mails(names)
            if fill == 0:
                wrong = [n for n, p, g in zip(names, pairs, got)
                         if g.outcome != expected(*p)]
                check.claim("data of every type and length mean what they are",
                            wrong == [])
                print("\n".join("     " + n for n in wrong[:5]), end="")
                named = []
                for i in range(0, len(pairs), 500):
                    named += r.name(*("fd00::%x:%x" % p
                                      for p in pairs[i:i + 500]))
                check.claim("and so they do as names of addresses", all(
                    n == ("later" if t in (PTR, CNAME) and k != 1 else "none",
                          "") for n, (t, k) in zip(named, pairs)))
            check.claim("data of octet %d are an address or nothing" % fill,
                        all(g.outcome != "ok" or p in ((A, 4), (AAAA, 16))
                            for p, g in zip(pairs, got)))
        check.claim("and resolver ends in order", r.status == 0)


# ---- crowds ------------------------------------------------------------------

def padded(question):
    """An address, and much that nobody wants."""
    good = (None, A if dns.take_question(question)[1] == A else TXT, 3600,
            b"\12\0\0\1")
    return dns.reply_to(question, good, (None, TXT, 3600, b"\xff" * 1100))


def crowds(check, place, count):
    with place.quick(padded) as server, place.resolver(at(server)) as r:
        got = r.mails(("a%d.x" % i for i in range(4000)), at_once=4000)
        check.claim("four thousand questions at once", all(
            x.outcome == "ok" for x in got))
        sizes = []
        for part in range(10):
            got = r.mails(("f%d-%d.x" % (part, i) for i in range(count // 10)),
                          resolving.HOST)
            sizes.append(r.memory() >> 10)
        check.claim("a flood of names is answered", all(
            x.outcome == "ok" for x in got))
        print("     %d names, %d questions: %s KiB in memory" % (
            count, server.count, " ".join(map(str, sizes))))
        if not SANITIZED:       # memory that is freed is kept there
            check.claim("and memory has its end", sizes[-1] < 40 << 10 and
                        sizes[-1] - sizes[5] < 1 << 10)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        furnish_zones(net).serve_dns(lambda d: sign(net, d))
        place = Place(net)
        with place.server() as server, place.server() as slow, \
                place.server() as dumb, \
                place.resolver(at(slow)) as patient, \
                place.resolver(at(dumb), at(server)) as shunning:
            waiting = {name: (outcome, patient.ask(name, resolving.HOST))
                       for name, outcome in later_cases(slow).items()}
            shunned = ask_past(dumb, server, shunning)
            unbound(check, place)
            nsd(check, place)
            with place.resolver(at(server)) as r:
                hostile(check, place, server, r)
                odd_exchangers(check, server, r)
                tcp(check, server, r)
                cache(check, server, r)
            without_edns(check, place)
            servers(check, place, server)
            one_that_comes(check, place)
            ids_and_ports(check, place)
            every_length(check, place)
            crowds(check, place, count)
            is_shunned(check, dumb, shunning, shunned)
            for name, (outcome, token) in waiting.items():
                check.claim("in the end %s is %s" % (name, outcome),
                            patient.answer(token).outcome == outcome)
            check.claim("nothing was logged", patient.lines() == "")
    return check.end()


if __name__ == "__main__":
    sys.exit(main())
