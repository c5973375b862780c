#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A letter of which the process dies that delivers it, whenever it is tried: it
goes to quarantine, and all others to whom they are for."""
import os
import re
import signal
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

CRASHES = 3             # as in the configuration
OTHERS = 40
CONFIG = """\
relay-from 127.0.0.0/8 10.99.0.0/24
queue {
    quarantine-after %d
}
""" % CRASHES
LETTER = "Subject: x\r\n\r\nx\r\n"


class Far:
    """Takes all mail; who wants to give it the poison dies of it."""

    def __init__(self, sender):
        self.sender, self.taken, self.deaths = sender, [], 0
        self.lock = threading.Lock()
        self.listener = socket.create_server((hosts.DNS, 25))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            s, _ = self.listener.accept()
            threading.Thread(target=self.talk, args=(s,),
                             daemon=True).start()

    def die(self):
        with self.lock:
            self.deaths += 1
            for pid in self.sender.pids("remote"):
                os.kill(pid, signal.SIGKILL)

    def talk(self, s):
        try:
            self.converse(s, s.makefile("rb"))
        except (OSError, StopIteration):
            pass
        finally:
            s.close()

    def converse(self, s, lines):
        s.sendall(b"220 far\r\n")
        to = []
        for line in lines:
            verb = line[:4].upper()
            if verb == b"RCPT":
                to.append(line.split(b"<")[1].split(b">")[0].decode())
            if b"poison@" in line:
                self.die()
                return
            if verb == b"DATA":
                s.sendall(b"354 go\r\n")
                while next(lines) != b".\r\n":
                    pass
                with self.lock:
                    self.taken += to
                to = []
            s.sendall(b"250 ok\r\n")


def is_quarantined(s1):
    listed = s1.run("relais", "--json", "queue", "list", check=False).stdout
    return "poison@" in listed and '"quarantined"' in listed


def claims(check, s1, far):
    others = ["u%d@d%d.far.example" % (i, i % 8) for i in range(OTHERS)]
    with s1.smtp() as session:
        for to in others[::2] + ["poison@d0.far.example"] + others[1::2]:
            session.sendmail("jqp@s1.example", [to], LETTER)
    hosts.wait_for("the others", lambda: set(others) <= set(far.taken))
    s1.wait_log(r"error: \w+: to=<poison@d0\.far\.example>: .* quarantined")
    check.claim("behind %d deaths over one letter it is in quarantine, and the "
                "log has an error" % CRASHES, far.deaths == CRASHES)
    check.claim("it is listed as such", is_quarantined(s1))
    check.claim("the others have arrived", set(others) <= set(far.taken))
    s1.run("relais", "stop")
    s1.run("relais", "start")
    hosts.wait_for("it to be listed", lambda: is_quarantined(s1))
    check.claim("it stays there over a restart, and nobody dies of it",
                far.deaths == CRASHES)
    check.claim("nothing else is an error", len(re.findall(
        r" error: ", s1.log())) == 1)


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        net.zone("far.example", *["d%d MX 10 m" % i for i in range(8)],
                 "m A " + hosts.DNS)
        net.zone("s1.example", "@ A 10.99.0.1")
        net.serve_dns()
        s1 = net.host("s1", users=["jqp"], config=CONFIG)
        far = hosts.inside(net.dns, lambda: Far(s1))
        s1.start()
        claims(check, s1, far)
    return check.end()


sys.exit(main())
