#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""As root: clients send letters of all sizes to a mailbox here and to one on a
second host, while processes are killed in an order drawn from a seed.  What
was answered 250 is there in the end, octet for octet.

RELAIS_KILLS: how many kills (30); RELAIS_SEED: of the order.
"""
import collections
import json
import os
import random
import re
import shutil
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

KILLS = int(os.environ.get("RELAIS_KILLS", "30"))
SEED = int(os.environ.get("RELAIS_SEED", "0")) or random.randrange(1, 1 << 32)
CLIENTS = 6
SIZE_BITS = 18.2        # the largest is of 300 KiB
ALPHABET = b"abcdefghijklmnopqrstuvwxyz .........ABCDEFGHIJ\x00\xff"
TOOL_TIME = 20
GAP = 0.15              # seconds between two kills, at most
VICTIMS = "queue remote local lookup smtpd resolver agent".split()
DELIVERERS = "remote local agent".split()
MAY_REPEAT = {"queue", *DELIVERERS}
CONFIG = """\
relay-from 10.99.0.0/24
retry {
    first 1s
    maximum 2s
}
queue {
    quarantine-after 0      # no letter is to blame
}
"""
TRACE = re.compile(rb"(?:(?:Return-Path|Delivered-To|X-Original-To|Received):"
                   rb".*\n(?:[ \t].*\n)*)*")


def content(draw):
    """Lines with dots at all places; the size is drawn by its logarithm."""
    size = int(2 ** draw.uniform(0, SIZE_BITS))
    octets = bytes(draw.choices(ALPHABET[:-2], k=min(size, 4096)))
    octets = (octets * (size // len(octets) + 1))[:size]
    lines = [octets[i:i + 76] for i in range(0, size, 76)]
    return b"x" + b"\r\n".join(lines)[1:]


class Client(threading.Thread):
    """Sends one letter after the other; each has a sender of its own."""

    def __init__(self, net, number, over):
        super().__init__(daemon=True)
        self.net, self.number, self.over = net, number, over
        self.draw = random.Random("%d %d" % (SEED, number))
        self.sent, self.promised = {}, set()
        self.refused = 0

    def run(self):
        while not self.over.is_set():
            try:
                self.session()
            except (OSError, hosts.smtplib.SMTPException):
                self.refused += 1
                time.sleep(0.02)

    def session(self):
        with self.net.hosts["s1"].smtp() as client:
            while not self.over.is_set():
                self.letter(client)

    def letter(self, client):
        name = "c%dn%d" % (self.number, len(self.sent))
        text = self.sent[name] = content(self.draw)
        if client.sendmail(name + "@bar.example", [
                "jones@s1.example", "brown@s2.example"], text) == {}:
            self.promised.add(name)


class Killer:
    def __init__(self, host):
        self.host = host
        self.draw = random.Random(SEED)
        self.killed = collections.Counter()
        self.unrecorded = 0

    def running(self, names):
        return [(n, p) for n, p in self.host.processes() if n in names]

    def begun(self):
        """How many deliveries queue has not recorded that may have begun, or
        None."""
        done = self.host.run("timeout", str(TOOL_TIME), "relais", "--json",
                             "queue", "list", check=False)
        if done.returncode != 0:
            return None
        return sum(r["state"] != "new" for line in done.stdout.splitlines()
                   for r in json.loads(line)["recipients"])

    def signal(self, processes, number):
        for _, pid in processes:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def turn(self):
        """Deliverers stand still while it is counted what they may have
        done, so that it cannot become more; then one or two die."""
        still = self.running(DELIVERERS)
        self.signal(still, signal.SIGSTOP)
        count = self.begun()
        there = self.running(VICTIMS)
        roles = sorted({n for n, _ in there})
        chosen = self.draw.sample(roles, min(len(roles),
                                             self.draw.choice((1, 1, 2))))
        victims = [self.draw.choice(sorted(p for p in there if p[0] == role))
                   for role in chosen]
        if count is not None:
            self.signal(victims, signal.SIGKILL)
            self.killed.update(chosen)
            if MAY_REPEAT & set(chosen):
                self.unrecorded += count
        self.signal(still, signal.SIGCONT)

    def run(self):
        while sum(self.killed.values()) < KILLS:
            self.turn()
            time.sleep(self.draw.uniform(0, GAP))


def arrived(host, user):
    """{sender's name: [what came below the trace]}."""
    found = collections.defaultdict(list)
    for letter in host.mail(user):
        name = re.match(rb"Return-Path: <([^@>]*)", letter).group(1).decode()
        found[name].append(letter[TRACE.match(letter).end():])
    return found


def is_whole(letter, text):
    return letter == text.replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n"


def compare(check, clients, killer, places):
    sent = {n: t for c in clients for n, t in c.sent.items()}
    promised = {n for c in clients for n in c.promised}
    twice = 0
    for host, user in places:
        found = arrived(host, user)
        missing = promised - set(found)
        torn = [n for n, letters in found.items() if n not in sent or
                not all(is_whole(one, sent[n]) for one in letters)]
        twice += sum(len(letters) - 1 for letters in found.values())
        check.claim("%s has all of %d promised letters" % (
            user, len(promised)), promised and not missing)
        check.claim("%s has nothing torn, and nothing that nobody sent" %
                    user, not torn)
        print("".join("missing: %s\n" % n for n in sorted(missing)) +
              "".join("torn: %s\n" % n for n in sorted(torn)), end="")
    check.claim("what came twice (%d) was unrecorded at a kill (%d at most)"
                % (twice, killer.unrecorded), twice <= killer.unrecorded)


def compare_ends(check, host):
    deaths = re.findall(r".*(?:accuses|which is killed|ended with status|"
                        r"was killed by signal (?!9 )).*", host.log())
    check.claim("nobody died but of us, and nobody was accused", not deaths)
    for line in deaths:
        print(line)


def an_older_index_loses_nothing(check, host):
    """Put back from a copy, as from a backup, it does not know all.  The
    journal does; and without it the file is kept."""
    index, copy = host.path("spool/queue/index/data.mdb"), host.path("copy")
    host.stop()
    shutil.copyfile(index, copy)
    host.start()
    with host.smtp() as client:
        client.sendmail("x@bar.example", ["a@nowhere.example"], b"x")
    found = host.wait_log(r" (\w+): to=<a@nowhere\.example>.*=deferred")
    name = found.group(1)
    host.stop()
    shutil.copyfile(copy, index)
    host.start()
    host.wait_log(name + ": the index does not have it, the journal does")
    check.claim("what an older index does not know, the journal does",
                name in host.run("relais", "queue", "list").stdout)
    host.stop()
    shutil.copyfile(copy, index)
    shutil.rmtree(host.path("spool/queue/journal"))
    host.start()
    host.wait_log(name + ": .* newer than the index")
    check.claim("and without the journal its file is kept", os.path.exists(
        host.path("spool/queue/quarantine", name)))


def main():
    check = hosts.Checks()
    print("RELAIS_SEED=%d" % SEED, flush=True)
    with hosts.Net(hosts.tree()) as net:
        net.zone("s1.example", "@ A 10.99.0.1")
        net.zone("s2.example", "@ MX 10 mail", "mail A 10.99.0.2")
        net.serve_dns()
        s1 = net.host("s1", users=["jones"], config=CONFIG)
        s2 = net.host("s2", users=["brown"], config=CONFIG)
        s1.start()
        s2.start()
        over = threading.Event()
        clients = [Client(net, i, over) for i in range(CLIENTS)]
        for c in clients:
            c.start()
        killer = Killer(s1)
        killer.run()
        over.set()
        for c in clients:
            c.join()
        for host in (s1, s2):
            host.wait_empty(120)
        print("killed: %s; refused or cut: %d" % (
            dict(killer.killed), sum(c.refused for c in clients)))
        check.claim("%d kills" % KILLS,
                    sum(killer.killed.values()) >= KILLS >= 25)
        compare(check, clients, killer, ((s1, "jones"), (s2, "brown")))
        compare_ends(check, s1)
        an_older_index_loses_nothing(check, s1)
        s1.stop()
        s2.stop()
    return check.end()


sys.exit(main())
