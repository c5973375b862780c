#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Messages move from one machine to another, and who moves them is killed at
each of his system calls that another can see: every message comes once.
"""
import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402
import inject   # noqa: E402
import load     # noqa: E402

LETTERS = 2
CALLS = "connect", "renameat", "fsync", "unlinkat"
BETWEEN = "/var/spool/relais/moving"
CONTENT = b"".join(b"%d .\r\n.\r\n" % i for i in range(3000))


class Moving:
    def __init__(self, check, s1, s2):
        self.check, self.s1, self.s2 = check, s1, s2
        self.round = 0

    def begin(self):
        """New letters, that s1 cannot deliver; their subjects."""
        self.round += 1
        subjects = ["%d-%d" % (self.round, i) for i in range(LETTERS)]

        def here():
            session = load.Session(self.s1.address)
            session.say("EHLO client.example")
            for subject in subjects:
                session.letter("u0@s1.example", ["jqp@s2.example"],
                               b"Subject: %s\r\n\r\n" % subject.encode() +
                               CONTENT)
            session.close()

        hosts.inside(self.s1.ns, here)
        return subjects

    def once(self, host, *args, call=None, when=0):
        """Is it killed?"""
        kill = ["strace", "-qqq", "-o", "/dev/null", "-e", "trace=" + call,
                "-e", "inject=%s:signal=KILL:when=%d" % (call, when)] if (
                    call) else []
        status = host.run(*kill, "/opt/relais/sbin/relais", "queue", *args,
                          check=False).returncode
        return status in (-9, 137)

    def again(self, host, *args):
        hosts.wait_for("the end of " + " ".join(args), lambda: host.run(
            "relais", "queue", *args, check=False).returncode == 0)

    def files(self, host):
        return os.listdir(host.path("spool", "moving"))

    def carry(self):
        for name in self.files(self.s1):
            shutil.move(self.s1.path("spool", "moving", name),
                        self.s2.path("spool", "moving", name))

    def came(self, subjects):
        """Each once, whole, and nothing is left anywhere."""
        hosts.wait_for("the letters", lambda: len(self.s2.mail("jqp")) >= (
            self.round * LETTERS))
        hosts.wait_for("an empty queue", self.s2.queue_is_empty)
        got = [re.search(rb"(?m)^Subject: (.*?)\r?$", x).group(1).decode()
               for x in self.s2.mail("jqp")]
        body = CONTENT.replace(b"\r\n", b"\n")
        return (all(got.count(x) == 1 for x in subjects) and
                len(got) == self.round * LETTERS and
                not self.files(self.s2) and self.s1.queue_is_empty() and
                all(x.replace(b"\r\n", b"\n").endswith(b"\n\n" + body)
                    for x in self.s2.mail("jqp")[-LETTERS:]))

    def killed(self, verb, call):
        """At each such call, until none is left to be killed at."""
        when, good = 1, True
        while True:
            subjects = self.begin()
            args = "export", BETWEEN, "ALL"
            hit = verb == "export" and self.once(self.s1, *args, call=call,
                                                 when=when)
            self.again(self.s1, *args)
            self.carry()
            args = "import", BETWEEN
            hit = hit or verb == "import" and self.once(
                self.s2, *args, call=call, when=when)
            self.again(self.s2, *args)
            good = good and self.came(subjects)
            if not hit:
                break
            when += 1
        self.check.claim("%s killed at each of %d calls of %s: every message "
                         "once" % (verb, when - 1, call), good and when > 1)


def servers(check, m, s1, s2):
    """Queue and control, at their calls of the disk and of the socket."""
    for verb, host in ("export", s1), ("import", s2):
        for role, call in ("queue", "fdatasync"), ("control", "sendmsg"):
            good = True
            for when in 1, 2, 3:
                subjects = m.begin()
                args = ("export", BETWEEN, "ALL")
                if verb == "import":
                    m.again(s1, *args)
                    m.carry()
                    args = ("import", BETWEEN)
                with inject.Injector(lambda event: None) as injector:
                    injector.attach(inject.master_of(host))
                    injector.arm_now(role, call, ("before", "after")[
                        when % 2], when)
                    m.once(host, *args)
                    injector.disarm(role)
                m.again(host, *args)
                if verb == "export":
                    m.carry()
                    m.again(s2, "import", BETWEEN)
                good = m.came(subjects) and good
            check.claim("%s, and %s dies: every message once" % (verb, role),
                        good)


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        net.zone("s1.example", "@ A 10.99.0.1")
        net.zone("s2.example", "@ MX 10 dead", "dead A 127.0.0.99")
        net.serve_dns()
        s1 = net.host("s1", users=["u0"], config="relay-from 10.99.0.0/24\n")
        s2 = net.host("s2", users=["jqp"])
        for host in s1, s2:
            os.mkdir(host.path("spool", "moving"))
            host.start()
        m = Moving(check, s1, s2)
        for verb in "export", "import":
            for call in CALLS:
                m.killed(verb, call)
        servers(check, m, s1, s2)
        subjects = m.begin()
        s1.run("relais", "queue", "hold", "ALL")
        s1.run("relais", "queue", "export", BETWEEN, "ALL")
        m.carry()
        s2.run("relais", "queue", "import", BETWEEN)
        rows = [json.loads(x) for x in s2.run(
            "relais", "--json", "queue", "list").stdout.splitlines()]
        check.claim("what was held stays held", [
            r["state"] for r in rows] == LETTERS * ["held"])
        s2.run("relais", "queue", "release", "ALL")
        check.claim("until it is released", m.came(subjects))
    return check.end()


sys.exit(main())
