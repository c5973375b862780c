#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Mail that goes in circles ends soon: two hosts whose aliases send it to each
other, by way of one address or of a list."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

CONFIG = "relay-from 10.99.0.0/24 127.0.0.0/8\n"
LETTER = "From: jqp@s1.example\r\nSubject: round\r\n\r\nround\r\n"
ALIASES = """\
loop: loop@%s.example
half: jqp, half@%s.example
team: one@%s.example, two@%s.example
fair: two@%s.example
"""


def send(host, *recipients):
    with host.smtp() as client:
        refused = client.sendmail("jqp@s1.example", recipients, LETTER)
        assert not refused, refused


def passed(net, recipient):
    """How often it was handed on to another host."""
    return sum(len(re.findall(r"orig_to=<%s@s\d\.example>, relay=mail\.s\d"
                              % recipient, h.log())) for h in net)


def notices(s1):
    return [m for m in s1.mail("jqp") if b"Undelivered" in m]


def ends_as_one_notice(check, s1, s2):
    send(s1, "loop@s1.example")
    s1.wait_mail("jqp")
    notice, = notices(s1)
    check.claim("a circle of two aliases ends as 5.4.6",
                re.search(rb"(?m)^Status: 5\.4\.6", notice))
    check.claim("after two hops", passed((s1, s2), "loop") == 2)
    check.claim("the letter says where it was by Delivered-To",
                b"Delivered-To: loop@s1.example" in notice)
    check.claim("the queues are empty", s1.wait_empty() is not False and
                s2.wait_empty() is not False)


def goes_to_others(check, s1, s2):
    """A circle with a way out: each who is on it has it once."""
    send(s1, "half@s1.example")
    hosts.wait_for("copies", lambda: len(s2.mail("jqp")) >= 1 and
                   len(s1.mail("jqp")) >= 3)
    s1.wait_empty()
    s2.wait_empty()
    check.claim("who is beside the circle has it once",
                len(s2.mail("jqp")) == 1 and len(s1.mail("jqp")) == 3 and
                len(notices(s1)) == 2)
    check.claim("it does not go on", passed((s1, s2), "half") == 2)


def stays_as_it_was(check, s1, s2):
    """Nobody hears of an address that brought the letter to others alone."""
    send(s1, "team@s1.example")
    letters = [s2.wait_mail(user)[-1] for user in ("one", "two")]
    check.claim("a list is named to its members", all(
        b"Delivered-To: team@s1.example" in m for m in letters))
    send(s1, "fair@s1.example", "one@s2.example")
    letters = [s2.wait_mail(user, 2) for user in ("one", "two")]
    check.claim("an alias is not named to others", not any(
        b"fair@s1" in m.split(b"\n\n")[0]
        for user in letters for m in user))


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        made = []
        for name, other in ("s1", "s2"), ("s2", "s1"):
            net.zone(name + ".example", "@ MX 10 mail",
                     "mail A 10.99.0.%s" % name[1])
            made.append(net.host(
                name, users=["jqp", "one", "two"], config=CONFIG,
                aliases=ALIASES.replace("%s", other)
                if name == "s1" else "".join(
                    line + "\n" for line in ALIASES.replace(
                        "%s", other).splitlines()[:2])))
        net.serve_dns()
        s1, s2 = made
        for host in made:
            host.start()
        ends_as_one_notice(check, s1, s2)
        goes_to_others(check, s1, s2)
        stays_as_it_was(check, s1, s2)
        for host in made:
            host.stop()
            check.claim("no error in the log", not re.search(
                r"\b(error|fatal|panic):", host.log()))
    return check.end()


sys.exit(main())
