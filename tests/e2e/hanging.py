#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Hosts that hang: they take connections and say nothing, or do not even take
them.  Nine hundred of a thousand destinations do, with letters for all of
them, and then one for which thousands of letters wait.  What is for the others
is delivered while they hang, and not one of them has been waited for.

    hanging.py [LETTERS]        # for the last one: 5000, or 50000
"""
import json
import mmap
import os
import re
import selectors
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402
import load     # noqa: E402

SILENT, UNHEARD, LIVE = 800, 100, 100   # destinations of each kind
LAST = SILENT + UNHEARD + LIVE          # one more, which is silent
EACH = 3                                # letters for each of those that hang
ROUND = 3                               # and for each of the others
NET = "10.98.%d.%d"                     # each has an address of its own
CONFIG = """\
relay-from 127.0.0.0/8 10.99.0.0/24
remote {
    connect-time 120s
}
"""
CLIENTS = 24
LETTER = b"Subject: to be read today\r\n\r\n" + b"line of it\r\n" * 90
# What the other end counts: connections without a word, those of them that
# were given up, letters taken.
OPEN, ENDED, TAKEN = range(3)


def address(number):
    return NET % (number // 250, 1 + number % 250)


def listen(where, backlog):
    """Several may: the one whose address it is has a connection."""
    return socket.create_server((where, 25), backlog=backlog, reuse_port=True)


class Far:
    """All of the other hosts, in a process of their own: which one is meant is
    told by the address that is connected to."""

    def __init__(self, net):
        self.numbers = mmap.mmap(-1, 24)
        ready, told = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                hosts.die_with_parent()
                load.enter(net.dns)
                self.serve(told)
            finally:
                os._exit(1)
        os.close(told)
        if os.read(ready, 1) != b".":
            raise RuntimeError("there are no other hosts")
        os.close(ready)

    def close(self):
        os.kill(self.pid, hosts.signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def count(self, which):
        return struct.unpack_from("Q", self.numbers, 8 * which)[0]

    def add(self, which, n=1):
        struct.pack_into("Q", self.numbers, 8 * which, self.count(which) + n)

    def fill(self, number):
        """A host whose backlog is full: it does not answer to connects."""
        s = listen(address(number), 0)
        first = socket.socket()
        first.setblocking(False)
        first.connect_ex((address(number), 25))
        return s, first

    def serve(self, told):
        kept = [self.fill(SILENT + i) for i in range(UNHEARD)]
        self.poll = selectors.DefaultSelector()
        listener = listen("0.0.0.0", 2000)
        self.poll.register(listener, selectors.EVENT_READ, self.accept)
        self.buffers = {}
        os.write(told, b".")
        while kept:
            for key, _ in self.poll.select():
                key.data(key.fileobj)

    def accept(self, listener):
        s, _ = listener.accept()
        a, b = (int(x) for x in s.getsockname()[0].split(".")[2:])
        number = a * 250 + b - 1
        if number < SILENT + UNHEARD or number == LAST:
            self.add(OPEN)
            self.poll.register(s, selectors.EVENT_READ, self.given_up)
        else:
            self.buffers[s] = [b"", False]
            self.poll.register(s, selectors.EVENT_READ, self.talk)
            s.sendall(b"220 far\r\n")

    def end(self, s):
        self.buffers.pop(s, None)
        self.poll.unregister(s)
        s.close()

    def given_up(self, s):
        self.add(ENDED)
        self.end(s)

    def talk(self, s):
        try:
            got = s.recv(65536)
        except OSError:
            got = b""
        if got == b"":
            self.end(s)
            return
        state = self.buffers[s]
        state[0] += got
        while b"\r\n" in state[0]:
            line, state[0] = state[0].split(b"\r\n", 1)
            self.line(s, state, line)

    def line(self, s, state, line):
        if state[1]:
            if line == b".":
                state[1] = False
                self.add(TAKEN)
                s.sendall(b"250 taken\r\n")
            return
        verb = line[:4].upper()
        if verb == b"DATA":
            state[1] = True
            s.sendall(b"354 go\r\n")
        elif verb == b"EHLO":
            s.sendall(b"250-far\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
        else:
            s.sendall(b"250 ok\r\n")


def far(number):
    return "x@d%d.far.example" % number


def send(host, recipients):
    """One letter to each."""
    def some(mine):
        load.enter(host.ns)
        session = load.Session(host.address)
        session.say("EHLO client.example")
        for r in mine:
            code, said = session.letter("jqp@s1.example", [r], LETTER)
            if code != 250:
                raise RuntimeError(said)
        session.close()

    threads = [threading.Thread(target=some, args=(recipients[i::CLIENTS],))
               for i in range(CLIENTS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def stage(net):
    net.zone("far.example", *[
        line for i in range(LAST + 1) for line in (
            "d%d MX 10 m%d" % (i, i), "m%d A %s" % (i, address(i)))])
    net.zone("s1.example", "@ A 10.99.0.1")
    net.serve_dns()
    net.ip("route", "add", "local", NET % (0, 0) + "/16", "dev", "lo")
    s1 = net.host("s1", users=["jqp"], config=CONFIG)
    hosts.run("ip", "-n", s1.ns, "route", "add", NET % (0, 0) + "/16", "via",
              hosts.DNS)
    return s1, Far(net)


def unanswered(host):
    """Connects of this host that nobody answers."""
    return len(hosts.run("ip", "netns", "exec", host.ns, "ss", "-Htn",
                         "state", "syn-sent").splitlines())


def pass_by(host, there):
    """Letters for all that live, and one for a user here: how long the last
    of them took, and how many hanging connections were given up meanwhile."""
    before, ended = there.count(TAKEN), there.count(ENDED)
    mail = len(host.mail("jqp"))
    live = [far(i) for i in range(SILENT + UNHEARD, LAST)] * ROUND
    begin = time.monotonic()
    send(host, ["jqp@s1.example"] + live)
    hosts.wait_for("letters for those that live", lambda: there.count(TAKEN)
                   - before == len(live) and len(host.mail("jqp")) > mail)
    return time.monotonic() - begin, there.count(ENDED) - ended


def is_mute(host):
    """One job of the last one, which is silent, and one recipient behind."""
    done = host.run("relais", "--json", "queue", "destinations",
                    "d%d.far.example" % LAST)
    d = json.loads(done.stdout)
    return d["jobs"] == d["silent"] == 1 and d["ready"] <= 1


def claims(check, s1, there, letters):
    alone, _ = pass_by(s1, there)
    hang = [far(i) for i in range(SILENT + UNHEARD)]
    send(s1, hang * EACH)
    hosts.wait_for("all that hang to be tried", lambda: there.count(OPEN) ==
                   SILENT and unanswered(s1) == UNHEARD)
    beside, ended = pass_by(s1, there)
    check.claim("beside %d destinations that hang, %d others have their mail "
                "while each of those has one connection" % (len(hang), LIVE),
                ended == 0 and there.count(OPEN) == SILENT)
    send(s1, [far(LAST)] * letters)
    hosts.wait_for("the one more", lambda: there.count(OPEN) == SILENT + 1)
    behind, ended = pass_by(s1, there)
    check.claim("so they have when %d letters wait for one that hangs" %
                letters, ended == 0 and there.count(OPEN) == SILENT + 1)
    hosts.wait_for("them to leave memory", lambda: is_mute(s1))
    last, ended = pass_by(s1, there)
    check.claim("when nothing was heard of it for long they are on disk, and "
                "it still has its one connection", ended == 0 and
                there.count(OPEN) == SILENT + 1 and is_mute(s1))
    print("seconds for %d letters: %.2f alone, %.2f beside them, %.2f and %.2f "
          "behind those" % (LIVE * ROUND + 1, alone, beside, behind, last),
          flush=True)


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        s1, there = stage(net)
        try:
            s1.start()
            claims(check, s1, there, load.amount("RELAIS_LETTERS", 5000))
            check.claim("s1 has no error in its log", not re.search(
                r"\b(error|fatal|panic):", s1.log()))
        finally:
            there.close()
    return check.end()


sys.exit(main())
