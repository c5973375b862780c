#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Several processes deliver to other servers: each destination has one of them,
and when one is killed or all are restarted, nothing waits.
"""
import collections
import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402
import load     # noqa: E402

REMOTES, DESTINATIONS = 3, 24
CONFIG = """\
relay-from 127.0.0.0/8 10.99.0.0/24
remote {
    processes %d
}
""" % REMOTES
SENT = re.compile(r"relais/remote\[(\d+)\]: .* to=<x@(d\d+)\.many\.example>, "
                  r".* status=sent")


def send(host, number):
    """A letter for each destination, from the sender rNUMBERdN."""
    def here():
        session = load.Session(host.address)
        session.say("EHLO client.example")
        for i in range(DESTINATIONS):
            session.letter("r%dd%d@s1.example" % (number, i),
                           ["x@d%d.many.example" % i], b"Subject: x\r\n\r\n")
        session.close()

    hosts.inside(host.ns, here)


class Served:
    """Who served each destination, round by round."""

    def __init__(self, host):
        self.host, self.seen, self.rounds = host, 0, 0

    def round(self):
        """{destination: process}"""
        send(self.host, self.rounds)
        self.rounds += 1
        every = self.host.wait_all_of_log(SENT, self.rounds * DESTINATIONS)
        new = every[self.seen:]
        self.seen = len(every)
        return {destination: pid for pid, destination in new}


def remotes(host):
    return [pid for program, pid in host.processes()
            if program.endswith("remote")]


def inside(pid):
    """Its number in its own namespace, which the log has."""
    with open("/proc/%d/status" % pid) as f:
        return re.search(r"NSpid:.*\s(\d+)\n", f.read())[1]


def claims(check, s1):
    served = Served(s1)
    first = served.round()
    share = collections.Counter(first.values())
    check.claim("%d destinations are served by %d processes" % (
        DESTINATIONS, REMOTES), len(share) == REMOTES)
    check.claim("each always by the same one", served.round() == first)
    victim = remotes(s1)[0]
    dead = inside(victim)
    os.kill(victim, signal.SIGKILL)
    second = served.round()
    check.claim("when one is killed, others have its mail, and theirs",
                all(second[d] == first[d] for d in first if first[d] != dead)
                and dead not in second.values() and dead in first.values())
    hosts.wait_for("it to be there again", lambda: len(remotes(s1)) == REMOTES)
    s1.run("relais", "restart", "remote")
    third = served.round()
    check.claim("after a restart %d new ones have all" % REMOTES,
                not set(third.values()) & (set(first.values()) |
                                           set(second.values())) and
                set(third.values()) <= {inside(p) for p in remotes(s1)})
    s1.configure(CONFIG.replace(str(REMOTES), "1"))
    s1.run("relais", "reload")
    hosts.wait_for("the others to go", lambda: len(remotes(s1)) == 1)
    check.claim("one is enough, after a reload",
                set(served.round().values()) == {inside(remotes(s1)[0])})
    return served.rounds


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        net.zone("many.example", "* MX 10 mail", "mail A " + hosts.DNS)
        net.zone("s1.example", "@ A 10.99.0.1")
        net.serve_dns()
        s1, sink = net.host("s1", config=CONFIG), load.Sink(net, share=0)
        try:
            s1.start()
            rounds = claims(check, s1)
            came = sink.taken()
            check.claim("all came, once each", len(came) == rounds *
                        DESTINATIONS and all(len(x) == 1
                                             for x in came.values()))
        finally:
            sink.close()
        check.claim("s1 has no error in its log", not re.search(
            r"\b(error|fatal|panic):(?!.*remote .* was killed)", s1.log()))
    return check.end()


sys.exit(main())
