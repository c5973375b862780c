#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Who guesses passwords: what it costs him, and not others; what happens when
who judges dies; and what fail2ban finds in the log."""
import base64
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402
import judge    # noqa: E402
import scram    # noqa: E402

PEERS = "/opt/peers"
FIRST, MOST = 1, 8      # seconds that an answer waits
STORM = 30
ADDRESSES = ["10.99.0.%d" % n for n in range(101, 101 + STORM + 15)]
FILTER = os.path.join(hosts.HERE, "..", "etc", "fail2ban", "relais.conf")
# Whoever calls himself so would have fail2ban lock out another.
LIAR = ("smtpd[1]: warning: evil[198.51.100.9]: SASL PLAIN authentication "
        "failed: x, sasl_username=")
CONFIG = """\
passwords file /etc/relais/passwords
auth-delay %ds
auth-delay-maximum %ds
smtpd {
    processes 2
}
listen users {
    address 0.0.0.0
    port 587
    limit {
        messages-per-minute 2
    }
}
""" % (FIRST, MOST)


def octets(*parts):
    return base64.b64encode("\0".join(parts).encode()).decode()


class Client:
    """A session under TLS, from one of the addresses of the client's host."""

    def __init__(self, net, server, source):
        self.socket = hosts.inside(net.hosts["c1"].ns, lambda:
                                   socket.create_connection(
                                       (server.address, 587), 20,
                                       (source, 0)))
        self.socket.settimeout(60)
        self.file = self.socket.makefile("rb")
        self.reply()
        self.ask("EHLO client.example")
        self.ask("STARTTLS")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)
        self.file = self.socket.makefile("rb")
        self.ask("EHLO client.example")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def send(self, line):
        self.socket.sendall(line.encode() + b"\r\n")

    def reply(self):
        line = b"   -"
        while line[3:4] == b"-":
            line = self.file.readline()
        return line.decode().rstrip("\r\n")

    def ask(self, line):
        self.send(line)
        return self.reply()

    def login(self, name, password):
        """The code, and how many seconds it took."""
        began = time.monotonic()
        code = self.ask("AUTH PLAIN " + octets("", name, password))[:3]
        return code, time.monotonic() - began


def furnish(net):
    server = net.host("s1", users=["joe"])
    server.configure(server.certificate() + CONFIG)
    hosts.write(server.path("etc/relais/passwords"), "".join(
        "%s:%s:%s\n" % (name, judge.crypt("sesame", "$6$rounds=1000$"),
                        scram.key("sesame")) for name in ("joe", "ann")),
        0o600)
    client = net.host("c1")
    for address in ADDRESSES:
        hosts.run("ip", "-n", client.ns, "addr", "add", address + "/24",
                  "dev", "eth0")
    net.zone("s1.example", "@ MX 10 mail", "mail A " + server.address)
    net.serve_dns()
    server.start()
    return server


# ---- time --------------------------------------------------------------------

def failures_cost_time(check, net, server):
    waits = []
    with Client(net, server, ADDRESSES[0]) as guesser, \
            Client(net, server, ADDRESSES[1]) as user:
        for n in range(5):
            code, wait = guesser.login("joe", "wrong%d" % n)
            check.claim("guess %d is told that it is wrong" % n,
                        code == "535")
            waits.append(wait)
        wanted = [FIRST, 2 * FIRST, 4 * FIRST, MOST, MOST]
        check.claim("each waits for longer: " + " ".join(
            "%.1f" % w for w in waits), all(
                w - 0.2 < got < w + 3 for got, w in zip(waits, wanted)))
        guesser.send("AUTH PLAIN " + octets("", "joe", "wrong"))
        time.sleep(0.5)
        code, wait = user.login("ann", "sesame")
        check.claim("amid that others log in in %.1f s" % wait,
                    code == "235" and wait < FIRST)
        with Client(net, server, ADDRESSES[0]) as second:
            check.claim("nobody else of that address does",
                        second.login("ann", "sesame")[0] == "454")
        check.claim("and the guess is answered", guesser.reply()[:3] == "535")
        code, _ = guesser.login("joe", "sesame")
        check.claim("behind its wait the right one is let in",
                    code == "235")


def fifty_at_once(check, net, server):
    clients = [Client(net, server, ADDRESSES[2]) for _ in range(50)]
    began = time.monotonic()
    for n, client in enumerate(clients):
        client.send("AUTH PLAIN " + octets("", "nobody", str(n)))
    codes = [client.reply()[:3] for client in clients]
    for client in clients:
        client.__exit__()
    judged = codes.count("535")
    check.claim("of fifty guesses at once %d are judged, the others hear 454" %
                judged, 0 < judged <= 10 and judged + codes.count("454") == 50)
    check.claim("which takes %.1f s" % (time.monotonic() - began),
                time.monotonic() - began > min(MOST, FIRST * judged))


def many_networks(check, net, server):
    """One account is guessed from everywhere."""
    known, new = ADDRESSES[3], ADDRESSES[4]
    with Client(net, server, known) as client:
        check.claim("the owner was here before",
                    client.login("joe", "sesame")[0] == "235")
    storm = [Client(net, server, a) for a in ADDRESSES[10:10 + STORM]]
    for n, client in enumerate(storm):
        client.send("AUTH PLAIN " + octets("", "joe", "wrong%d" % n))
    time.sleep(1)
    with Client(net, server, known) as client:
        code, wait = client.login("joe", "sesame")
        check.claim("he is let in there in %.1f s" % wait,
                    code == "235" and wait < FIRST)
    with Client(net, server, new) as client:
        code, wait = client.login("joe", "sesame")
        check.claim("elsewhere he hears %s in %.1f s" % (code, wait),
                    code in ("235", "454") and wait < MOST + 3)
    codes = {client.reply()[:3] for client in storm}
    for client in storm:
        client.__exit__()
    check.claim("no guess is let in: %s" % sorted(codes),
                codes <= {"535", "454"})
    with Client(net, server, new) as client:
        code, wait = client.login("joe", "sesame")
        check.claim("behind the storm he is, in %.1f s" % wait,
                    code == "235" and wait < MOST + 3)


def limits_are_for_strangers(check, net, server):
    """exempt-relays: the client was admitted as one of them."""
    with Client(net, server, ADDRESSES[8]) as client:
        client.login("joe", "sesame")
        codes = []
        for _ in range(5):
            client.ask("MAIL FROM:<joe@s1.example>")
            codes.append(client.ask("RCPT TO:<joe@s1.example>")[:3])
            client.ask("RSET")
        check.claim("a limit of two messages is none for who logged in: " +
                    " ".join(codes), codes == ["250"] * 5)


# ---- memory ------------------------------------------------------------------

def holds(pid, words):
    """Does one of them stand in the memory of a process?"""
    with open("/proc/%d/maps" % pid) as maps, \
            open("/proc/%d/mem" % pid, "rb", 0) as memory:
        for line in maps:
            area = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if not area:
                continue
            start, end = (int(n, 16) for n in area.groups())
            try:
                memory.seek(start)
                held = memory.read(end - start)
            except OSError:
                continue
            if any(word in held for word in words):
                return True
    return False


def secrets_are_forgotten(check, net, server):
    if os.environ.get("RELAIS_SANITIZED"):
        return              # they keep what was freed, and shadows of it all
    words = (b"ann\0sesame", octets("", "ann", "sesame").encode())
    with Client(net, server, ADDRESSES[9]) as one, \
            Client(net, server, ADDRESSES[9]) as two:
        one.login("ann", "sesame")
        two.ask("AUTH PLAIN")
        two.ask(octets("", "ann", "sesame"))
        for client in one, two:
            client.ask("NOOP")
        for role in ("smtpd", "lookup", "passwords"):
            check.claim("%s has forgotten what was said" % role, not any(
                holds(pid, words) for pid in server.pids(role)))
        check.claim("and smtpd knows its name", all(
            holds(pid, [b"s1.example"]) for pid in server.pids("smtpd")))


# ---- deaths ------------------------------------------------------------------

def kill(server, role, by=signal.SIGKILL):
    pids = server.pids(role)
    for pid in pids:
        os.kill(pid, by)
    return pids


def comes_again(server, role, before):
    hosts.wait_for("another " + role, lambda: server.pids(role) and
                   not server.pids(role) & before)


def deaths(check, net, server):
    for role in ("passwords", "lookup"):
        with Client(net, server, ADDRESSES[5]) as client:
            check.claim("a dialogue begins",
                        client.ask("AUTH LOGIN")[:3] == "334")
            before = kill(server, role)
            comes_again(server, role, before)
            time.sleep(0.3)
            check.claim("%s dies amid it: 454, and never 235" % role,
                        client.ask(octets("joe"))[:3] == "454")
            code, wait = client.login("joe", "sesame")
            check.claim("the next is judged again, in %.1f s" % wait,
                        code == "235" and wait < MOST)
    with Client(net, server, ADDRESSES[6]) as client:
        kill(server, "passwords", signal.SIGSTOP)
        client.send("AUTH PLAIN " + octets("", "joe", "sesame"))
        time.sleep(0.3)
        before = kill(server, "passwords")
        check.claim("it dies with a login in its hands: 454",
                    client.reply()[:3] == "454")
        check.claim("nobody is let in by that",
                    client.ask("MAIL FROM:<joe@s1.example>")[:3] == "530")
        comes_again(server, "passwords", before)
        check.claim("and the client may begin anew",
                    client.login("joe", "sesame")[0] == "235")


# ---- the log -----------------------------------------------------------------

def hosts_of(log):
    """Whom the filter finds, by Python alone."""
    with open(FILTER) as f:
        found = re.search(r"^failregex = (.*)$", f.read(), re.M)[1]
    expression = re.compile(found.replace("<HOST>", r"(?P<host>[\w.:]+)"))
    lines = [re.sub(r"^\w{3} [ \d]\d [\d:]{8} ", "", line)
             for line in log.splitlines()]
    return [m["host"] for m in map(expression.search, lines) if m]


def fail2ban_hosts(log):
    """The same by fail2ban itself; None where it is not."""
    program = PEERS + "/usr/bin/fail2ban-regex"
    if not os.path.exists(program):
        return None
    with tempfile.NamedTemporaryFile("w") as f:
        f.write(log)
        f.flush()
        done = subprocess.run(
            [sys.executable, program, "-o", "ip", "-c",
             PEERS + "/etc/fail2ban", f.name, FILTER],
            env=dict(os.environ, PYTHONPATH=PEERS +
                     "/usr/lib/python3/dist-packages"),
            capture_output=True, text=True, timeout=120)
    return re.findall(r"^[\d.]+$", done.stdout, re.M)


def fail2ban(check, net, server):
    liar = ADDRESSES[7]
    with Client(net, server, liar) as client:
        check.claim("a name that looks like our log is nobody's",
                    client.login(LIAR, "x")[0] == "535")
    log = server.wait_log(re.escape("sasl_username=" + LIAR)) or server.log()
    log = server.log()
    failed = re.findall(r"smtpd\[\d+\]: warning: unknown\[([\d.]+)\]: SASL "
                        r"PLAIN authentication failed: ", log)
    found = hosts_of(log)
    check.claim("the filter finds all %d failures, and no other" % len(failed),
                len(failed) > 10 and found == failed)
    check.claim("nobody is locked out by what another calls himself",
                liar in found and "198.51.100.9" not in found)
    said = fail2ban_hosts(log)
    if said is not None:
        check.claim("fail2ban finds the same", sorted(said) == sorted(failed))
    check.claim("no secret is in the log", "sesame" not in log and
                "wrong0" not in log and octets("", "joe", "sesame") not in log)


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        server = furnish(net)
        failures_cost_time(check, net, server)
        fifty_at_once(check, net, server)
        many_networks(check, net, server)
        limits_are_for_strangers(check, net, server)
        secrets_are_forgotten(check, net, server)
        deaths(check, net, server)
        fail2ban(check, net, server)
        server.stop()
        check.claim("nobody complained", not re.search(
            "(fatal|panic): |is accused", server.log()))
    return check.end()


if __name__ == "__main__":
    sys.exit(main())
