# SPDX-License-Identifier: ISC
"""What messages cost that wait, and that nobody can be given: how long a start
takes, what queue needs, what a look at them takes, and how a letter for
somebody else passes by; for relais, and for Postfix with what fits into its
active queue."""
import contextlib
import os
import re
import select
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..")]
import client           # noqa: E402
import hosts            # noqa: E402
import load             # noqa: E402
import relay            # noqa: E402

DESTINATIONS = 10000
CACHE = 32                      # MiB of content that queue may keep
STUCK = "10.0.0.0/16"           # addresses of all that is stuck
TRIED = 500                     # attempts, then the letters begin
WARM_UP = 20
LOOK_GAP = 0.02                 # between two looks at queue's memory
BUDGET = 60                     # seconds for the letters of one number
PATIENCE = 120
FILES = 16000                   # connections of the silent server
MASTER = "/opt/relais/sbin/relais-master"
LETTER = b"Subject: x\r\n\r\n" + (b"x" * 70 + b"\r\n") * (relay.LENGTH // 72)


# ---- those who do not take it ------------------------------------------------

class Silent:
    """A process that accepts at one port, and says nothing."""

    def __init__(self, net):
        self.ready, told = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                hosts.die_with_parent()
                load.enter(net)
                self.serve(told)
            finally:
                os._exit(1)     # nothing above is its business
        os.close(told)
        if os.read(self.ready, 1) == b"":
            raise RuntimeError("the silent server does not begin")

    def serve(self, told):
        hosts.allow_descriptors(FILES)
        listener = socket.create_server(("", 25), backlog=1024)
        os.write(told, b"0")
        with selectors.DefaultSelector() as waiting:
            waiting.register(listener, selectors.EVENT_READ)
            while True:
                for key, _ in waiting.select():
                    if key.fileobj is listener:
                        waiting.register(listener.accept()[0],
                                         selectors.EVENT_READ)
                    elif not self.is_there(key.fileobj):
                        waiting.unregister(key.fileobj)
                        key.fileobj.close()

    def is_there(self, connection):
        with contextlib.suppress(OSError):
            return connection.recv(4096) != b""
        return False

    def close(self):
        os.kill(self.pid, hosts.signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.ready)


def ip(host, *args):
    hosts.run("ip", "-n", host.ns, *args)


def has_input(fd, patience):
    return select.select([fd], [], [], max(0, patience))[0] != []


class Place:
    """The network, with a host where letters arrive, and two on which all of
    STUCK is; one of these has a server that stays silent."""

    def __init__(self, net):
        self.net = net
        relay.plain_bridge(net)
        self.here = relay.own(net, "load", client.Crowd)
        client.furnish(net, self.here)
        self.far = {kind: relay.own(net, kind, hosts.Host)
                    for kind in ("refuses", "silent")}
        for host in self.far.values():
            ip(host, "route", "add", "local", STUCK, "dev", "lo")
        self.silent = Silent(self.far["silent"].ns)
        self.arrivals = client.Arrivals(self.here.ns)
        self.arrivals.next()

    def close(self):
        self.silent.close()
        self.arrivals.close()

    def forget_arrivals(self):
        """Some may have come when they were not waited for any more."""
        while has_input(self.arrivals.ready, 0):
            os.read(self.arrivals.ready, 4096)

    @contextlib.contextmanager
    def mta(self, make, name, kind):
        """A host whose way to STUCK leads to one of the two; it goes, and so
        does its spool."""
        host = relay.own(self.net, name, make)
        try:
            if kind in self.far:
                ip(host, "route", "add", STUCK, "via", self.far[kind].address)
            yield host
        except BaseException:
            host.show_log()
            raise
        finally:
            host.kill()
            shutil.rmtree(host.dir, ignore_errors=True)


@contextlib.contextmanager
def place(tree, above):
    directory = os.path.join(above, "net")
    os.mkdir(directory)
    with hosts.Net(tree, keep=directory) as net:
        p = Place(net)
        try:
            yield p
        finally:
            p.close()


# ---- letters -----------------------------------------------------------------

class Late(Exception):
    """No letter came in time."""


def arrives(arrivals, end):
    """When the next one did."""
    if not has_input(arrivals.ready, end - time.monotonic()):
        raise Late
    return arrivals.next()


def put(session):
    session.say("MAIL FROM:<x@source.example>", "RCPT TO:<x@late.example>",
                "DATA")
    session.content(LETTER)


def send(p, mta, count):
    """Milliseconds of each, one at a time; those that were in time."""
    times = []
    session = load.Session(mta.address)
    session.say("EHLO load.example")
    end = time.monotonic() + BUDGET
    with contextlib.suppress(Late):
        for _ in range(count):
            began = time.monotonic_ns()
            put(session)
            times.append((arrives(p.arrivals, end) - began) / 1e6)
    session.socket.close()
    return times


def latency(p, mta, count):
    """(how many came, median, what one of twenty takes)"""
    p.forget_arrivals()
    times = hosts.inside(p.here.ns, lambda: send(p, mta, WARM_UP + count))
    times = times[WARM_UP:]
    if len(times) < 2:
        return len(times), None, None
    return (len(times), statistics.median(times),
            statistics.quantiles(times, n=20)[18])


# ---- relais ------------------------------------------------------------------

class Memory(threading.Thread):
    """What queue has for itself, octets: the most that was seen."""

    def __init__(self, host):
        super().__init__(daemon=True)
        self.pid, = host.pids("queue")
        self.most, self.ends = 0, threading.Event()
        self.start()

    def now(self):
        with open("/proc/%d/status" % self.pid) as f:
            return 1024 * int(re.search(r"^RssAnon:\s+(\d+) kB", f.read(),
                                        re.M).group(1))

    def run(self):
        with contextlib.suppress(OSError):
            while not self.ends.wait(LOOK_GAP):
                self.most = max(self.most, self.now())

    def close(self):
        self.ends.set()
        self.join()


def fill(build, host, messages, destinations):
    """As a queue left it that has ended."""
    uid = hosts.FIRST_UID + hosts.ACCOUNTS.index("queue")
    root = host.path("spool/queue")
    os.mkdir(root, 0o700)
    os.chown(root, uid, uid)
    subprocess.run([os.path.join(build, "tests/bench/fill"), root,
                    str(messages), str(destinations), "host:[10.", "]:25"],
                   check=True, user=uid, group=uid, extra_groups=[])


def knock(address, end):
    """A session with a server that is about to begin."""
    while True:
        with contextlib.suppress(ConnectionRefusedError):
            return load.Session(address)
        if time.monotonic() > end:
            raise hosts.Timeout("nobody listens at " + address)
        time.sleep(0.001)


def first_words(host):
    """Seconds from master's beginning to its greeting, and to the first letter
    that it has."""
    began = time.monotonic()
    with open(host.path("said"), "w") as said:
        master = subprocess.Popen(
            host.command(MASTER), stdout=said, stderr=said,
            stdin=subprocess.DEVNULL, preexec_fn=hosts.die_with_parent)
    session = knock(host.address, began + PATIENCE)
    greeted = time.monotonic() - began
    session.say("EHLO load.example")
    put(session)
    taken = time.monotonic() - began
    session.close()
    if master.wait(PATIENCE) != 0:
        raise RuntimeError("master does not start")
    return greeted, taken


def seconds(host, *command):
    began = time.monotonic()
    host.run(*command)
    return time.monotonic() - began


@contextlib.contextmanager
def lists(host):
    """Meanwhile all is listed, over and over."""
    ends = threading.Event()

    def go_on():
        while not ends.is_set():
            child = subprocess.Popen(
                host.command("relais", "queue", "list"),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                preexec_fn=hosts.die_with_parent)
            while child.poll() is None and not ends.wait(0.05):
                pass
            child.kill()
            child.wait()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join()


def tried(host):
    return host.log().count("status=deferred")


def watch(p, host, messages, letters):
    """All numbers of a host that has started."""
    row = {}
    memory = Memory(host)
    row["head"] = seconds(host, "sh", "-c",
                          "relais queue list | head -n 20 >/dev/null")
    row["count"] = seconds(host, "relais", "queue", "count")
    row["passes"] = latency(p, host, letters)
    if messages > 0:
        with lists(host):
            row["beside"] = latency(p, host, letters)
    row["rest"] = memory.now()
    memory.close()
    row["peak"] = max(memory.most, row["rest"])
    row["tried"] = tried(host)
    return row


def relais(p, build, name, kind, messages, destinations, letters):
    with p.mta(lambda *a: relay.Relais(*a, config=relay.RELAIS), name,
               kind) as host:
        if messages > 0:
            fill(build, host, messages, destinations)
        greeted, taken = hosts.inside(p.here.ns, lambda: first_words(host))
        arrives(p.arrivals, time.monotonic() + PATIENCE)
        if kind == "refuses":
            hosts.wait_for("what is tried", lambda: tried(host) >=
                           min(TRIED, destinations))
        row = watch(p, host, messages, letters)
        host.stop()
    row["greeted"], row["taken"] = greeted, taken
    return row


# ---- Postfix -----------------------------------------------------------------

def envelope(number):
    n = number % DESTINATIONS
    return (b"MAIL FROM:<x@source.example>\r\nRCPT TO:<x@[10.0.%d.%d]>\r\n"
            b"DATA\r\n" % (n >> 8, n & 255))


def postfix(p, name, kind, messages, letters):
    with p.mta(relay.postfix.Postfix, name, kind) as host:
        host.start()
        p.here.envelope = envelope
        if messages > 0:
            p.here.source(messages, client.SESSIONS, host)
            host.run_program("/usr/sbin/postqueue", "-f")
        row = {"passes": latency(p, host, letters)}
        row["tried"] = host.log().count("status=deferred")
    return row


# ---- all of it ---------------------------------------------------------------

def shapes(args):
    """(what it does, messages, destinations)"""
    many = ("refuses", args.messages, DESTINATIONS)
    if args.alone:
        return [many]
    return [("empty", 0, 1), many, ("silent", args.messages, DESTINATIONS),
            ("refuses", args.messages, 1)]


def stuck(build, tree, above, args):
    """(MTA, what is stuck, how many, for how many, row)"""
    with place(tree, above) as p:
        for i, (kind, count, destinations) in enumerate(shapes(args)):
            yield "relais", kind, count, destinations, relais(
                p, build, "r%d" % i, kind, count, destinations, args.letters)
        for kind in () if args.alone else ("empty", "refuses", "silent"):
            count = 0 if kind == "empty" else args.peers
            yield "postfix", kind, count, DESTINATIONS, postfix(
                p, "p" + kind, kind, count, args.letters)
