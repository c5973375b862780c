#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""As root: each process but master is killed at each step of a delivery to
another server.  The letter arrives all the same, at once, and once: twice only
if remote dies between the final dot and its reply.

Between the steps the suite is started anew, so that no back-off gathers.
"""
import os
import signal
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

ROLES = ("smtpd lookup users queue resolver remote local control monitor "
         "logger").split()
# What the server holds back: its reply, or for "content" its reading on; for
# "name" it is the name server that does not answer.
STEPS = ["name", "greeting", "EHLO", "MAIL", "RCPT", "DATA", "content", "dot"]
# Hosts, side by side: steps and roles of each.  A name takes its time.
WALKS = [(["name"], ROLES[n::3]) for n in range(3)] + \
    [(STEPS[1 + n::2], ROLES) for n in range(2)]
PORT = 2525
CONFIG = """\
relay-from 10.99.0.0/24
smtpd {
    name-time 1s
}
route slow.example {
    via [127.0.0.1]:%d
}
""" % PORT + "".join("""route %s.example {
    via [%s.names.example]:%d
}
""" % (role, role, PORT) for role in ROLES)
TEXT = b"Subject: x\r\n\r\nx\r\n"
LARGE = TEXT + (b"x" * 70 + b"\r\n") * 120000    # more than sockets hold
PATIENCE = 30


class Server:
    """Holds the first connection at one step, and no other."""

    def __init__(self, host):
        self.step = None
        self.reached, self.go = threading.Event(), threading.Event()
        self.dots = 0
        self.listener = hosts.inside(host.ns, self.listen)
        threading.Thread(target=self.run, daemon=True).start()

    def listen(self):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.bind(("127.0.0.1", PORT))
        s.listen(5)
        return s

    def run(self):
        while True:
            connection = self.listener.accept()[0]
            threading.Thread(target=self.serve, args=(connection,),
                             daemon=True).start()

    def expect(self, step):
        self.reached.clear()
        self.go.clear()
        self.dots = 0
        self.step = step

    def at(self, step):
        if step == self.step:
            self.step = None
            self.reached.set()
            self.go.wait(PATIENCE)

    def serve(self, connection):
        try:
            with connection, connection.makefile("rwb") as f:
                self.talk(f)
        except OSError:
            pass        # of one that was killed

    def talk(self, f):
        def say(step, line):
            self.at(step)
            f.write(line + b"\r\n")
            f.flush()

        say("greeting", b"220 slow.example")
        for line in f:
            verb = line.split()[0].decode().upper()
            if verb != "DATA":
                say(verb, b"250 ok")
                continue
            say(verb, b"354 go on")
            self.at("content")
            while line := f.readline():
                if line == b".\r\n":
                    break
            if not line:
                return
            self.dots += 1
            say("dot", b"250 taken")
            return      # no connection is left for the next letter


def kill(host, role):
    """And waits for those that come instead."""
    old = host.pids(role)
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    hosts.wait_for("another " + role, lambda: len(
        host.pids(role) - old) == len(old) > 0)


def send(host, domain, text):
    with host.smtp() as client:
        client.sendmail("x@bar.example", ["a@" + domain], text)


def deliver(host, server, role, step):
    """How often the server has the letter."""
    server.expect(step)
    send(host, "slow.example", LARGE if step == "content" else TEXT)
    if not server.reached.wait(PATIENCE):
        raise hosts.Timeout("a delivery at " + step)
    kill(host, role)
    server.go.set()
    host.wait_empty()
    return server.dots


def deliver_unnamed(net, host, server, role):
    """Likewise: killed while a name is asked for that nobody asked for."""
    server.expect("name")
    with net.no_answers(host):
        send(host, role + ".example", TEXT)
        hosts.wait_for("a delivery", lambda: '"running"' in host.run(
            "relais", "--json", "queue", "list", check=False).stdout)
        kill(host, role)
    host.wait_empty()
    return server.dots


def walk(net, host, steps, roles):
    """{(step, role): how often the letter came}"""
    server = Server(host)
    came = {}
    for step in steps:
        host.start()
        for role in roles:
            came[step, role] = deliver_unnamed(net, host, server, role) \
                if step == "name" else deliver(host, server, role, step)
        host.stop()
    return came


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        net.zone("names.example", "@ A 10.99.0.1",
                 *["%s A 127.0.0.1" % role for role in ROLES])
        net.serve_dns()
        all_hosts = [net.host("s%d" % n, config=CONFIG)
                     for n in range(1, len(WALKS) + 1)]
        came = {}
        for part in hosts.side_by_side(*[
                (walk, net, h, *w) for h, w in zip(all_hosts, WALKS)]):
            came.update(part)
        for step in STEPS:
            times = {role: came[step, role] for role in ROLES}
            may_repeat = {"remote"} if step == "dot" else set()
            check.claim("killed at %s, the letter comes" % step,
                        all(times.values()))
            check.claim("and once", all(
                times[r] == 1 for r in ROLES if r not in may_repeat) and
                max(times.values()) <= 2)
            print(times)
        check.claim("nobody makes it wait", not any(
            "status=deferred" in h.log() for h in all_hosts))
    return check.end()


sys.exit(main())
