#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""As root: each process but master and smtpd is killed at each step of a
dialogue.  The session hears 2xx, 3xx or at worst 4xx; another session, open
all the while, gets its letter through and notices nothing.  Then a worker of
smtpd is killed: its own sessions end, and new ones are served at once.

A letter of which an agent has a part when queue dies comes all the same, once
and without a deferral.

Between the steps the suite is started anew, so that no back-off gathers.
"""
import os
import signal
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

ROLES = "lookup users queue resolver remote local control monitor logger"
STEPS = [b"EHLO own.example\r\n", b"MAIL FROM:<x@bar.example>\r\n",
         b"RCPT TO:<jones@s1.example>\r\n", b"DATA\r\n",
         b"Subject: own\r\n\r\nhalf of it\r\n", b"the end\r\n.\r\n"]
SILENT = 4          # half of the content: nothing is said to it


class Session:
    def __init__(self, host):
        self.socket = hosts.inside(host.ns, lambda: socket.create_connection(
            (host.address, 25), 20))
        self.file = self.socket.makefile("rb")
        self.codes = [self.code()]

    def code(self):
        line = b"   -"
        while line[3:4] == b"-":
            line = self.file.readline()
        return int(line[:3] or 0)

    def say(self, octets, answered=True):
        self.socket.sendall(octets)
        if answered:
            self.codes.append(self.code())
        return self.codes[-1]

    def letter(self):
        """A whole transaction; its last code."""
        for i, octets in enumerate(STEPS[1:], 1):
            self.say(octets, i != SILENT)
        return self.codes[-1]

    def close(self):
        self.file.close()
        self.socket.close()


def kill(host, role):
    for pid in host.pids(role):
        os.kill(pid, signal.SIGKILL)


def dialogue(host, role, step):
    """All codes of the session in which `role` dies before step `step`."""
    own = Session(host)
    for i, octets in enumerate(STEPS):
        if i == step:
            kill(host, role)
        if own.say(octets, i != SILENT) >= 400:
            break
    own.close()
    return own.codes


def running(host):
    """A recipient is with local."""
    done = host.run("relais", "--json", "queue", "list", check=False)
    return '"running"' in done.stdout


def amid_a_delivery(check, host):
    """The agent stands still, so that it is amid one when queue dies."""
    host.start()
    own = Session(host)
    own.say(STEPS[0])
    own.letter()
    host.wait_empty()
    count = len(host.mail("jones"))
    agents = host.pids("agent")
    for pid in agents:
        os.kill(pid, signal.SIGSTOP)
    own.letter()
    hosts.wait_for("a job", lambda: running(host))
    kill(host, "queue")
    hosts.wait_for("the job again", lambda: running(host))
    for pid in agents:
        os.kill(pid, signal.SIGCONT)
    own.close()
    host.wait_empty()
    check.claim("queue dies amid a delivery: the letter comes once",
                agents and len(host.mail("jones")) == count + 1)
    check.claim("and nobody makes it wait",
                "status=deferred" not in host.log())
    host.stop()


def main():
    check = hosts.Checks()
    taken = 0
    with hosts.Net(hosts.tree()) as net:
        net.zone("s1.example", "@ A 10.99.0.1")
        net.serve_dns()
        s1 = net.host("s1", users=["jones"])
        for step in range(len(STEPS)):
            s1.start()
            other = Session(s1)
            other.say(STEPS[0])
            own, others = {}, {}
            for role in ROLES.split():
                own[role] = dialogue(s1, role, step)
                others[role] = other.letter()
                taken += (own[role][-1] == 250 and len(own[role]) == 6) + 1
            what = STEPS[step].decode().split("\r")[0]
            check.claim("killed before %r, the session hears no 5xx" % what,
                        all(200 <= c < 500 for o in own.values() for c in o))
            check.claim("and the other session notices nothing",
                        all(c == 250 for c in other.codes if c not in
                            (220, 354)) and set(others.values()) == {250})
            print(own)
            other.close()
            s1.wait_empty()
            s1.stop()
        check.claim("each letter with a 250 is there",
                    len(s1.mail("jones")) >= taken)
        amid_a_delivery(check, s1)
        s1.start()
        lost = Session(s1)
        lost.say(STEPS[0])
        kill(s1, "smtpd")
        check.claim("with its smtpd a session ends", lost.file.read() == b"")
        lost.close()
        again = Session(s1)
        again.say(STEPS[0])
        check.claim("and the next one is served", again.letter() == 250)
        again.close()
        s1.wait_empty()
        s1.stop()
    return check.end()


sys.exit(main())
