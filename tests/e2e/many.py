#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A spool with a hundred thousand messages that nobody can be given: each for a
destination of its own, or all for one.  queue needs no more memory for them
than for ten thousand, and what is for others passes by.

    many.py [MESSAGES]          # 100000
"""
import concurrent.futures
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402
import load     # noqa: E402

FEW = 10000
TRIED = 6000            # destinations, more than are remembered
ROOM = 100              # octets for each more; one in memory has more by far
CEILING = 64 << 20
FILL = os.path.join(os.environ.get("RELAIS_BUILD", "."), "tests/bench/fill")
LETTER = ("From: jqp@client.example\r\nSubject: passes by\r\n\r\n"
          "It does not wait.\r\n")


def fill(host, messages, destinations):
    """As a queue left it that has ended; the hosts below 10.0.0.0/9 are out of
    reach."""
    uid = hosts.FIRST_UID + hosts.ACCOUNTS.index("queue")
    root = host.path("spool/queue")
    os.mkdir(root, 0o700)
    os.chown(root, uid, uid)
    hosts.run("ip", "-n", host.ns, "route", "add", "unreachable",
              "10.0.0.0/9")
    subprocess.run([FILL, root, str(messages), str(destinations),
                    "host:[10.", "]:25"], check=True, user=uid, group=uid,
                   extra_groups=[])


def tried(host):
    """How often a destination was found out of reach."""
    return host.log().count("status=deferred")


def memory(host):
    """Octets that are in no file and that queue shares with nobody."""
    pid, = host.pids("queue")
    with open("/proc/%d/smaps_rollup" % pid) as f:
        return 1024 * int(re.search(r"^Anonymous: +(\d+) kB", f.read(),
                                    re.M).group(1))


def pass_by(host):
    with host.smtp() as session:
        session.sendmail("jqp@client.example", ["jqp@" + host.domain], LETTER)
    host.wait_mail("jqp")


def stand(host, messages, destinations):
    """Its queue with all that, when enough has been tried; what it needs."""
    fill(host, messages, destinations)
    host.start()
    hosts.wait_for("what is tried on " + host.name,
                   lambda: tried(host) >= min(destinations, TRIED))
    pass_by(host)
    return memory(host)


def claims(check, net, most):
    shapes = [("few", FEW, FEW), ("many", most, most), ("one", FEW, 1),
              ("heap", most, 1)]
    stood = {name: net.host(name, users=["jqp"]) for name, _, _ in shapes}
    net.zone("far.example", "@ A 10.1.0.1")
    net.serve_dns()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waits = {name: pool.submit(stand, stood[name], n, d)
                 for name, n, d in shapes}
        octets = {name: w.result() for name, w in waits.items()}
    print("KiB: " + ", ".join("%s %d" % (name, n >> 10)
                              for name, n in octets.items()), flush=True)
    check.claim("a letter passes by %d messages for as many destinations, and "
                "as many for one" % most, True)
    room = ROOM * (most - FEW)
    if not os.environ.get("RELAIS_SANITIZED"):
        check.claim("%d messages for as many destinations cost queue no more "
                    "memory than %d" % (most, FEW),
                    octets["many"] < octets["few"] + room)
        check.claim("so for one", octets["heap"] < octets["one"] + room)
        check.claim("neither needs %d MiB" % (CEILING >> 20),
                    max(octets.values()) < CEILING)
    for host in stood.values():
        check.claim("%s has no error in its log" % host.name, not re.search(
            r"\b(error|fatal|panic):", host.log()))


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        claims(check, net, load.amount("RELAIS_MESSAGES", 100000))
    return check.end()


sys.exit(main())
