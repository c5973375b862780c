# SPDX-License-Identifier: ISC
"""Relay throughput: Postfix's smtp-source to an MTA, and from that to its
smtp-sink, each on a host of its own; once with relais, once with Postfix."""
import contextlib
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "../e2e")]
import counters         # noqa: E402
import hosts            # noqa: E402
import postfix          # noqa: E402

LENGTH = 4096
PORT = 2525
WARM_UP = 100
FEW = 500                       # messages whose system calls are counted
PATIENCE = 120
RELAIS = """\
relay-from 10.99.0.0/24
route sink.example {
    via [10.99.0.1]:%d
}
""" % PORT
POSTFIX = """\
transport_maps = inline:{{sink.example=smtp:[10.99.0.1]:%d}}
# as much at once as there are sessions
default_destination_concurrency_limit = 100
initial_destination_concurrency = 100
# a disk may be busy for longer than ten seconds
postlog_watchdog_timeout = 100s
""" % PORT


class Peer(postfix.Postfix):
    def furnish(self, aliases):
        super().furnish(aliases)
        with open(self.path("etc/postfix/main.cf"), "a") as f:
            f.write(POSTFIX)

    def is_idle(self):
        return not self.waiting()


class Relais(hosts.Host):
    def is_idle(self):
        return self.queue_is_empty()


class Load(postfix.Postfix):
    """smtp-source and smtp-sink, which writes its counters into memory."""

    def sink(self, port=PORT):
        """Sessions that are kept open for a while take no place of others'."""
        self.counters = os.memfd_create("counters")
        subprocess.Popen(
            self.program("/usr/sbin/smtp-sink", "-c", "-m", "4000",
                         "-u", "postfix",
                         "inet:%s:%d" % (self.address, port), "1024"),
            stdin=subprocess.DEVNULL, stdout=self.counters,
            stderr=subprocess.DEVNULL, preexec_fn=hosts.die_with_parent)
        hosts.wait_for("the sink", lambda: self.listens(port))

    def source(self, count, sessions, to):
        """Sessions go on from message to message."""
        done = subprocess.run(
            self.program("/usr/sbin/smtp-source", "-d", "-s", str(sessions),
                         "-m", str(count), "-l", str(LENGTH), "-f",
                         "x@source.example", "-t", "x@sink.example",
                         "inet:%s:25" % to.address),
            capture_output=True, text=True, timeout=PATIENCE)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def usage(self):
        """Of smtp-sink, which runs on, and of all smtp-sources, which are
        children of ours that have ended."""
        return counters.usage(
            counters.in_namespace(self.pid) + [os.getpid()])

    def arrived(self):
        size = os.fstat(self.counters).st_size
        tail = os.pread(self.counters, 200, max(0, size - 200))
        found = re.findall(rb"mesg= *(\d+)\r", tail)
        return int(found[-1]) if found else 0


def own(net, name, make):
    h = make(net, name, 1 + len(net.hosts))
    net.hosts[name] = h
    return h


def plain_bridge(net):
    """Packets of a bridge need not pass through the machine's packet filter,
    which costs as much as a system call."""
    def tell():
        with open("/proc/sys/net/bridge/bridge-nf-call-iptables", "w") as f:
            f.write("0")
    with contextlib.suppress(FileNotFoundError):
        hosts.inside(net.dns, tell)


@contextlib.contextmanager
def network(tree, above, make_load=Load):
    """Three hosts whose spools stand below `above`."""
    directory = os.path.join(above, "net")
    os.mkdir(directory)
    with hosts.Net(tree, keep=directory) as net:
        plain_bridge(net)
        net.zone("source.example", "@ A 10.99.0.1")
        net.serve_dns()
        load = own(net, "load", make_load)
        mtas = {"relais": own(net, "relais", lambda *a: Relais(
            *a, config=RELAIS)), "postfix": own(net, "postfix", Peer)}
        for mta in mtas.values():
            mta.start()
        load.sink()
        yield load, mtas


def send(load, mta, sessions, count):
    """Seconds from the first message's way in to the last one's way out."""
    want = load.arrived() + count
    began = time.monotonic()
    load.source(count, sessions, mta)
    while load.arrived() < want:
        if time.monotonic() > began + PATIENCE:
            raise hosts.Timeout("the sink has %d of %d messages" % (
                load.arrived() - want + count, count))
        time.sleep(0.002)
    taken = time.monotonic() - began
    hosts.wait_for("an idle MTA", mta.is_idle)
    return taken


def measure(load, mta, sessions, seconds, most):
    """A row of the table; how many messages, the warm-up tells."""
    warm_up = max(WARM_UP, 2 * sessions)
    rate = warm_up / send(load, mta, sessions, warm_up)
    rate = 2 * warm_up / send(load, mta, sessions, 2 * warm_up)
    count = max(min(int(rate * seconds), most), warm_up)
    pids = counters.in_namespace(mta.pid)
    before, theirs = counters.usage(pids), load.usage()
    disk = counters.device(mta.dir)
    taken = send(load, mta, sessions, count)
    disk = counters.less(counters.device(mta.dir), disk)
    pids = counters.in_namespace(mta.pid)
    used = counters.less(counters.usage(pids), before)
    theirs = counters.less(load.usage(), theirs)
    few = min(FEW, count)
    with counters.Calls(pids) as calls:
        send(load, mta, sessions, few)
    return {
        "sessions": sessions, "count": count, "rate": count / taken,
        "cpu": used.cpu / count * 1e6, "load": theirs.cpu / count * 1e6,
        "calls": None if calls.total is None else calls.total / few,
        "switches": used.switches / count,
        "flushes": disk.flushes / count, "octets": disk.octets / count,
    }


def relay(tree, above, sessions, seconds, most):
    """[(sessions, {mta: row})], the MTAs by turns."""
    with network(tree, above) as (load, mtas):
        for n in sessions:
            yield n, {name: measure(load, mta, n, seconds, most)
                      for name, mta in mtas.items()}
