# SPDX-License-Identifier: ISC
"""The client's half of a relay: the same letters to one destination and to a
thousand, by relais and by Postfix's smtp(8); and how long one letter takes."""
import contextlib
import os
import selectors
import socket
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..")]
import counters         # noqa: E402
import hosts            # noqa: E402
import load             # noqa: E402
import relay            # noqa: E402

SESSIONS = 50
DOMAINS = (1, 1000)
LATE = "10.99.0.91"             # where arrivals have a time
LETTERS = 300                   # whose latency is taken
WARM_UP = 50
# What has a part in sending, of each MTA.
PARTS = {"relais": ("remote", "queue", "resolver"),
         "postfix": ("smtp", "qmgr", "trivial-rewrite")}


class Session:
    """A client's end: the next mail's commands go with the last content."""

    def __init__(self, address):
        self.socket = socket.create_connection((address, 25))
        self.held = b""
        self.wait_for(b"220 ")
        self.socket.sendall(b"EHLO load.example\r\n")
        self.wait_for(b"250 ")

    def wait_for(self, *codes):
        while not self.hears(*codes):
            pass

    def hears(self, *codes):
        """Reads once: that of the codes which is there, or None."""
        more = self.socket.recv(4096)
        if not more:
            raise ConnectionError("the server hung up")
        lines = (self.held + more).split(b"\r\n")
        self.held = lines.pop()
        for line in lines:
            if line[:1] in b"45":
                raise RuntimeError(line.decode())
        for code in codes:
            if any(line.startswith(code) for line in lines):
                return code
        return None


class Crowd(relay.Load):
    """Sessions that send to many domains by turns; smtp-source knows one."""

    domains = 1

    def envelope(self, number):
        return (b"MAIL FROM:<x@source.example>\r\nRCPT TO:<x@d%d.many.example>"
                b"\r\nDATA\r\n" % (number % self.domains))

    def source(self, count, sessions, to):
        hosts.inside(self.ns, lambda: self.send(count, sessions, to.address))

    def send(self, count, sessions, address):
        text = b"Subject: x\r\n\r\n" + (b"x" * 70 + b"\r\n") * (
            relay.LENGTH // 72) + b".\r\n"
        commands = iter([self.envelope(n) for n in range(count)])
        with selectors.DefaultSelector() as waiting:
            for s in [Session(address) for _ in range(min(sessions, count))]:
                s.socket.sendall(next(commands))
                waiting.register(s.socket, selectors.EVENT_READ, s)
            while waiting.get_map():
                for key, _ in waiting.select():
                    code = key.data.hears(b"354 ", b"221 ")
                    if code == b"354 ":
                        key.fileobj.sendall(text + next(commands,
                                                        b"QUIT\r\n"))
                    elif code == b"221 ":
                        waiting.unregister(key.fileobj)
                        key.fileobj.close()


def furnish(net, crowd):
    """Names that lead to the sink's port 25, and one to ours."""
    hosts.run("ip", "-n", crowd.ns, "addr", "add", LATE + "/24", "dev",
              "eth0")
    net.zone("many.example", "* 3600 MX 0 mail",
             "mail 3600 A " + crowd.address)
    net.zone("late.example", "@ 3600 MX 0 mail", "mail 3600 A " + LATE)
    net.serve_dns()


# ---- one destination, and many -----------------------------------------------

def pids_of(mta, part):
    return [pid for pid in counters.in_namespace(mta.pid) if counters.read(
        "/proc/%d/comm" % pid).strip() == part[:15]]


def shares(crowd, mta, count, few):
    """{part: (microseconds of CPU, system calls) of a message}"""
    parts = {part: pids_of(mta, part) for part in PARTS[mta.name]}
    before = {p: counters.usage(pids) for p, pids in parts.items()}
    relay.send(crowd, mta, SESSIONS, count)
    found = {p: [(counters.usage(pids).cpu - before[p].cpu) / count * 1e6]
             for p, pids in parts.items()}
    for part, pids in parts.items():
        with counters.Calls(pids) as calls:
            relay.send(crowd, mta, SESSIONS, few)
        found[part].append(None if calls.total is None else
                           calls.total / few)
    return found


def destinations(tree, above, seconds, most):
    """[(domains, {mta: row})]"""
    with relay.network(tree, above, Crowd) as (crowd, mtas):
        furnish(crowd.net, crowd)
        crowd.sink(25)
        for n in DOMAINS:
            crowd.domains = n
            rows = {}
            for name, mta in mtas.items():
                r = rows[name] = relay.measure(crowd, mta, SESSIONS, seconds,
                                               most)
                r["parts"] = shares(crowd, mta, r["count"], relay.FEW)
            yield n, rows


# ---- one letter --------------------------------------------------------------

class Arrivals:
    """A process that serves one address: a line in a pipe for each letter's
    last octet, with the time."""

    def __init__(self, net):
        self.ready, told = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            hosts.die_with_parent()
            load.enter(net)
            self.serve(told)
        os.close(told)

    def serve(self, told):
        listener = socket.create_server((LATE, 25))
        os.write(told, b"0\n")
        while True:
            connection, _ = listener.accept()
            with contextlib.suppress(OSError), connection, \
                    connection.makefile("rb") as f:
                connection.setsockopt(socket.IPPROTO_TCP,
                                      socket.TCP_NODELAY, 1)
                self.talk(connection, f, told)

    def talk(self, connection, f, told):
        connection.sendall(b"220 late\r\n")
        for line in f:
            verb = line[:4].upper()
            if verb == b"QUIT":
                return
            if verb == b"EHLO":
                connection.sendall(b"250-late\r\n250 PIPELINING\r\n")
                continue
            connection.sendall(b"354 go\r\n" if verb == b"DATA" else
                               b"250 ok\r\n")
            if verb != b"DATA":
                continue
            for line in f:
                if line == b".\r\n":
                    break
            os.write(told, b"%d\n" % time.monotonic_ns())
            connection.sendall(b"250 ok\r\n")

    def next(self):
        return int(os.read(self.ready, 100))

    def close(self):
        os.kill(self.pid, hosts.signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.ready)


def one_by_one(mta, arrivals):
    """Milliseconds of each."""
    s = load.Session(mta.address)
    s.say("EHLO load.example")
    text = b"Subject: x\r\n\r\n" + (b"x" * 70 + b"\r\n") * (
        relay.LENGTH // 72)
    times = []
    for _ in range(WARM_UP + LETTERS):
        began = time.monotonic_ns()
        s.say("MAIL FROM:<x@source.example>", "RCPT TO:<x@late.example>",
              "DATA")
        s.content(text)
        times.append((arrivals.next() - began) / 1e6)
        hosts.wait_for("an idle MTA", mta.is_idle)
    s.close()
    return times[WARM_UP:]


def latencies(tree, above):
    """{mta: (median, what one of ten takes, what one of a hundred takes)}"""
    with relay.network(tree, above, Crowd) as (crowd, mtas):
        furnish(crowd.net, crowd)
        arrivals = Arrivals(crowd.ns)
        arrivals.next()
        found = {}
        for name, mta in mtas.items():
            times = hosts.inside(crowd.ns, lambda mta=mta: one_by_one(
                mta, arrivals))
            hundredths = statistics.quantiles(times, n=100)
            found[name] = (hundredths[49], hundredths[89], hundredths[98])
        arrivals.close()
        return found
