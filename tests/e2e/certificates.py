#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Certificates and their keys while all runs: keys that dies amid handshakes;
certificates renewed under the load of 200 sessions, and bad ones that are not;
handshakes that nobody ends; where private keys are, and where they are not; TLS
that comes and goes.
"""
import asyncio
import os
import re
import socket
import ssl
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
sys.path.insert(0, HERE)
import hosts    # noqa: E402
from tls import (CONFIG, FROM, IMMEDIATE, furnish, lasting,     # noqa: E402
                 letter, trusting)

SESSIONS = int(os.environ.get("RELAIS_SESSIONS", "200"))
RENEWALS = 8
HALVES = int(os.environ.get("RELAIS_HALVES", "3000"))
MAP_MAX = 1 << 28               # the queue's index is larger


# ---- load -------------------------------------------------------------------

class Load:
    """Sessions that handshake, look round and go, one after the other."""

    def __init__(self, host, sessions):
        self.host, self.sessions = host, sessions
        self.handshakes = 0
        self.errors, self.seen = [], set()
        self.slowest = 0.0
        self.over = False

    async def session(self, context):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", IMMEDIATE, ssl=context)
        try:
            self.seen.add(writer.get_extra_info("ssl_object").getpeercert(
                True))
            line = await reader.readline()
            writer.write(b"EHLO c.example\r\nQUIT\r\n")
            rest = await reader.read()
            if not line.startswith(b"220 ") or b"\r\n221 " not in rest:
                self.errors.append("%r %r" % (line, rest))
        finally:
            writer.close()

    async def client(self, context):
        while not self.over:
            began = time.monotonic()
            try:
                await asyncio.wait_for(self.session(context), 60)
                self.handshakes += 1
            except (OSError, ssl.SSLError, asyncio.TimeoutError,
                    asyncio.IncompleteReadError) as e:
                self.errors.append(repr(e))
            self.slowest = max(self.slowest, time.monotonic() - began)

    async def work(self, meanwhile):
        loop = asyncio.get_running_loop()
        context = trusting()
        clients = [asyncio.create_task(self.client(context))
                   for _ in range(self.sessions)]
        try:
            await loop.run_in_executor(None, meanwhile, self)
        finally:
            self.over = True
        await asyncio.gather(*clients)

    def run(self, meanwhile):
        hosts.inside(self.host.ns, lambda: asyncio.run(
            self.work(meanwhile)))
        print("%d sessions, %d handshakes, %d certificates, slowest %.1f s" %
              (self.sessions, self.handshakes, len(self.seen), self.slowest))
        for e in self.errors[:5]:
            print("error: " + e)


def wait_handshakes(load, more):
    want = load.handshakes + more
    hosts.wait_for("more handshakes", lambda: load.handshakes >= want)


def renewed_under_load(check, s1):
    """Other certificates, by reload: no session, no handshake is lost."""
    before = lasting(s1)
    old = s1.smtp()
    old.starttls(context=trusting())

    def renew(load):
        wait_handshakes(load, SESSIONS)
        for n in range(RENEWALS):
            s1.certificate("rsa", ["s1.example"], rsa=True)
            s1.certificate("ec", ["s1.example"])
            s1.run("relais", "reload")
            wait_handshakes(load, SESSIONS)

    load = Load(s1, SESSIONS)
    load.run(renew)
    check.claim("%d renewals under %d sessions: of %d handshakes none fails"
                % (RENEWALS, SESSIONS, load.handshakes), load.errors == [])
    check.claim("each certificate is seen", len(load.seen) >= RENEWALS + 1)
    check.claim("no process began anew", lasting(s1) == before)
    old.sendmail(FROM, [FROM], letter("old").decode())
    old.quit()
    check.claim("who was there before goes on", True)


def bad_files(check, s1):
    """The generation in force stays."""
    key = s1.path("etc/relais/ec.key")
    good = open(key).read()
    before = len(re.findall("are in force", s1.log()))
    for text, mode in (("", 0o600), (good, 0o644),
                       (open(s1.path("etc/relais/rsa.key")).read(), 0o600)):
        hosts.write(key, text, mode)
        done = s1.run("relais", "reload", check=False)
        check.claim("a bad key is told at reload: %s" %
                    done.stderr.strip().split("\n")[0],
                    done.returncode == 78 and "ec.key" in done.stderr)
        done = s1.run("relais", "check", check=False)
        check.claim("and by relais check", done.returncode == 78)
    hosts.write(key, good, 0o600)
    s1.run("relais", "reload")
    with s1.smtp() as client:
        client.starttls(context=trusting())
    check.claim("those before hold", len(re.findall(
        "are in force", s1.log())) == before)


# ---- where the keys are -----------------------------------------------------

def secrets_of(host, name):
    """What makes a private key one: in a file, and as numbers in memory."""
    path = host.path("etc/relais", name + ".key")
    text = hosts.run("openssl", "pkey", "-in", path, "-noout", "-text")
    number = re.search(r"(?:priv|prime1):\n((?: +[0-9a-f:]+\n)+)",
                       text).group(1)
    octets = bytes.fromhex(re.sub(r"[^0-9a-f]", "", number)).lstrip(b"\0")
    with open(path, "rb") as f:
        line = f.read().split(b"\n")[2]
    return octets, octets[::-1], line


def touched(pid):
    """(begin, end) of what can be read and has been written, or read."""
    with open("/proc/%d/smaps" % pid) as maps:
        for row in maps:
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", row):
                head = row
            elif row.startswith("Rss:") and row.split()[1] != "0":
                begin, end = (int(n, 16) for n in head.split()[0].split("-"))
                if head.split()[1][0] == "r" and "[v" not in head and \
                        end - begin <= MAP_MAX:
                    yield begin, end


def has(pid, secrets):
    """Is one of them anywhere in the process's memory?"""
    with open("/proc/%d/mem" % pid, "rb") as memory:
        for begin, end in touched(pid):
            try:
                memory.seek(begin)
                octets = memory.read(end - begin)
            except OSError:
                continue
            if any(s in octets for s in secrets):
                return True
    return False


def holders(host, secrets):
    every = [s for forms in secrets for s in forms]
    return {name for name, pid in lasting(host) if has(pid, every)}


def keys_are_with_keys(check, s1):
    names = ("rsa", "ec", "other", "wild")
    now = [secrets_of(s1, n) for n in names]
    found = holders(s1, now)
    check.claim("keys has private keys, and master the files: %s" %
                sorted(found), found == {"keys", "relais-master"})
    for times in range(2):
        for name, rsa in zip(names, (True, False, False, False)):
            s1.certificate(name, ["s1.example"], rsa=rsa)
        count = s1.log().count("are in force")
        s1.run("relais", "reload")
        hosts.wait_for("the next generation", lambda: s1.log().count(
            "are in force") > count)
        with s1.smtp() as client:
            client.starttls(context=trusting())
        left = holders(s1, now)
        check.claim("%d generations later %s have the old ones" % (
            times + 1, sorted(left)), left == ({"keys"} if times == 0
                                               else set()))


def keys_of(host):
    return [pid for name, pid in host.processes() if name == "keys"]


def keys_dies(check, s1):
    """Amid handshakes, which wait for the next one."""
    deaths = 5

    def kill(load):
        for _ in range(deaths):
            wait_handshakes(load, 40)
            pid = keys_of(s1)[0]
            os.kill(pid, 9)
            hosts.wait_for("another keys", lambda: keys_of(s1) not in (
                [], [pid]))
        wait_handshakes(load, 40)

    load = Load(s1, 20)
    load.run(kill)
    check.claim("keys dies %d times: of %d handshakes %d fail" % (
        deaths, load.handshakes, len(load.errors)), load.errors == [])
    s1.run("relais", "restart", "keys")
    with s1.smtp() as client:
        client.starttls(context=trusting())
    check.claim("it is restarted by order", True)
    s1.wait_log(r"smtpd \d+: signatures=\d+, refused=0, connections=\d+")


def offers(host):
    with host.smtp() as client:
        client.ehlo()
        return client.has_extn("starttls")


def speaks_tls(host):
    """A drained smtpd may still take a connection that came before."""
    with host.smtp() as client:
        client.ehlo()
        if not client.has_extn("starttls"):
            return False
        client.starttls(context=trusting())
        return client.ehlo()[0] == 250


def comes_and_goes(check, s1):
    """TLS as a whole, by reload."""
    old = s1.smtp()
    old.starttls(context=trusting())
    s1.configure("relay-from 127.0.0.0/8\n")
    s1.run("relais", "reload")
    hosts.wait_for("the end of keys", lambda: keys_of(s1) == [])
    hosts.wait_for("smtpd without STARTTLS", lambda: not offers(s1))
    check.claim("without a tls block there is neither keys nor STARTTLS",
                True)
    old.sendmail(FROM, [FROM], letter("drained").decode())
    old.quit()
    check.claim("who had TLS keeps it", True)
    s1.configure(s1.blocks + CONFIG)
    s1.run("relais", "reload")
    hosts.wait_for("keys", lambda: keys_of(s1))
    hosts.wait_for("smtpd with STARTTLS", lambda: speaks_tls(s1))
    check.claim("with one, there are both", True)
    named = s1.run("relais", "restart", "all").stdout
    check.claim("restart all restarts keys", "keys: 1 process" in named)


# ---- handshakes that nobody ends --------------------------------------------

def half_handshakes(check, s1):
    """Each says the begin of a ClientHello, and nothing more."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting().wrap_bio(incoming, outgoing)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = outgoing.read()

    def begin(n):
        s = socket.create_connection(("127.0.0.1", IMMEDIATE), timeout=60)
        s.sendall(hello[:n % len(hello)])
        return s

    held = hosts.inside(s1.ns, lambda: [begin(n) for n in range(HALVES)])
    began = time.monotonic()
    load = Load(s1, 10)
    load.run(lambda l: wait_handshakes(l, 200))
    check.claim("beside %d half handshakes %d whole ones are answered, in "
                "%.1f s" % (HALVES, load.handshakes,
                            time.monotonic() - began), load.errors == [])
    for s in held:
        s.close()


# ---- all of it --------------------------------------------------------------

def main():
    check = hosts.Checks()
    if not hosts.allow_descriptors(HALVES + 1024):
        print("0 passed, 0 failed, 1 skipped")
        return 0
    with hosts.Net(hosts.tree()) as net:
        net.zone("s1.example", "@ MX 10 mail", "mail A 10.99.0.1")
        net.serve_dns()
        s1 = net.host("s1", users=["jones"])
        furnish(s1)
        for part in (keys_dies, renewed_under_load, bad_files,
                     half_handshakes, keys_are_with_keys, comes_and_goes):
            part(check, s1)
        s1.stop()
        check.claim("our log has no error but those of the files", not
                    re.search(r"\b(error|fatal|panic): (?!.*(\.key: |reload: "
                              r"the configuration))", s1.log()))
    return check.end()


if __name__ == "__main__":
    sys.exit(main())
