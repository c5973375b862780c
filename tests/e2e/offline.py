#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A host is away while a thousand messages for it come in, and the host that
took them is killed as a whole and started again: all arrive, once each.
"""
import os
import random
import re
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

MESSAGES = int(os.environ.get("RELAIS_MESSAGES", "1000"))
CLIENTS = 8
BIG = 300000


def body(number, rng):
    """Lines of any kind, among them dots and high octets; a few are large."""
    size = BIG if number % 250 == 7 else rng.choice((0, 1, 200, 4000, 9000))
    lines = [b"Subject: number %d" % number, b""]
    total = 0
    while total < size:
        line = rng.choice((b".", b"..", b"", b"text \xe9\xff", b"x" * 900,
                           b".dot", b"From here", b"Received: not a header"))
        lines.append(line)
        total += len(line) + 2
    return b"\r\n".join(lines) + b"\r\n"


def send(s1, numbers, bodies, accepted):
    with s1.smtp() as client:
        for n in numbers:
            # smtplib would mend line ends; the octets are ours
            client.ehlo_or_helo_if_needed()
            client.docmd("MAIL", "FROM:<jqp@s1.example> BODY=8BITMIME")
            client.docmd("RCPT", "TO:<jones@s2.example>")
            client.docmd("DATA")
            stuffed = re.sub(rb"(?m)^\.", b"..", bodies[n])
            client.send(stuffed + b".\r\n")
            code, _ = client.getreply()
            if code == 250:
                accepted.append(n)


def send_all(s1, bodies):
    accepted = []
    threads = [threading.Thread(target=send, args=(
        s1, range(i, MESSAGES, CLIENTS), bodies, accepted))
        for i in range(CLIENTS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return accepted


def arrived(letters):
    """Number of each letter, with what stands below its trace lines."""
    result = []
    for letter in letters:
        start = letter.index(b"Subject: number ")
        result.append((int(letter[start + 16:].split(b"\n")[0]),
                       letter[start:]))
    return result


def main():
    check = hosts.Checks()
    rng = random.Random(20261123)
    bodies = [body(n, rng) for n in range(MESSAGES)]
    with hosts.Net(hosts.tree()) as net:
        net.zone("s2.example", "@ MX 10 mail", "mail A 10.99.0.2")
        net.serve_dns()
        s1 = net.host("s1", users=["jqp"],
                      config="relay-from 127.0.0.0/8 10.99.0.0/24\n")
        s2 = net.host("s2", users=["jones"])
        s1.start()
        accepted = send_all(s1, bodies)
        check.claim("s1 accepts %d messages for the absent s2" % MESSAGES,
                    len(accepted) == MESSAGES)
        s1.kill()
        s1.boot()
        s1.start()
        listed = s1.run("relais", "queue", "list").stdout
        check.claim("after SIGKILL of all of it they are all listed",
                    re.search(r"in %d Requests?\." % MESSAGES, listed))
        s2.start()
        s1.run("relais", "queue", "retry", "ALL")
        s2.wait_mail("jones", MESSAGES, patience=240)
        s1.wait_empty(patience=60)
        got = arrived(s2.mail("jones"))
        check.claim("all arrive", {n for n, _ in got} == set(range(MESSAGES)))
        check.claim("once each", len(got) == MESSAGES)
        check.claim("byte for byte below the trace lines", all(
            text == bodies[n].replace(b"\r\n", b"\n") for n, text in got))
        for h in (s1, s2):
            h.stop()
            check.claim("%s has no error in its log" % h.name,
                        not re.search(r"\b(error|fatal|panic):", h.log()))
    return check.end()


sys.exit(main())
