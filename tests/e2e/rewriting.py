#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What another host sees of our addresses, by each setting, in the envelope
and in the header; and that all else stays octet for octet."""
import os
import re
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

BASE = "relay-from 10.99.0.0/24 127.0.0.0/8\nmessage-size 20M\n"
OTHER = "10.99.0.51"
SENDER, RECIPIENT = "joe@host.s1.example", "far@other.example"
HEADER = """\
Received: by elsewhere for <joe@host.s1.example>
From: "joe@host.s1.example" <joe@host.s1.example> (joe@host.s1.example)
Sender: root@host.s1.example
Reply-To: jim@a.b.s1.example,
\tnobody@elsewhere.example ,  team: joe@host.s1.example, x;
To: far@other.example
Cc: joe@host.s1.example
X-From: joe@host.s1.example
Subject: joe@host.s1.example
"""
BODY = "\nFrom: joe@host.s1.example\n\n.dot\n" + 3000 * (
    "To: joe@host.s1.example, and more\n")
TABLE = """\
# who is who
joe@host.s1.example  joe.doe@s1.example
far@other.example    near@other.example  # he has moved
"""


class Server:
    """Takes everything, and keeps it."""

    def __init__(self, host):
        self.letters, self.chunking = [], False
        self.listener = hosts.inside(
            host.ns, lambda: socket.create_server((OTHER, 25)))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.talk, args=(connection,),
                             daemon=True).start()

    def talk(self, connection):
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 other\r\n")
            for line in lines:
                self.command(connection, lines, line.decode().strip())

    def command(self, connection, lines, line):
        verb, reply = line[:4], b"250 ok\r\n"
        if verb == "EHLO":
            reply = b"250-other\r\n250-PIPELINING\r\n" + (
                b"250-CHUNKING\r\n" if self.chunking else b"") + \
                b"250 SIZE 20000000\r\n"
        elif verb == "MAIL":
            self.mail, self.rcpt, self.chunks = line, [], b""
        elif verb == "BDAT":
            self.chunks += lines.read(int(line.split()[1]))
            if line.endswith("LAST"):
                self.letters.append((self.mail, self.rcpt,
                                     self.chunks.decode()))
        elif verb == "RCPT":
            self.rcpt.append(line)
        elif verb == "DATA":
            connection.sendall(b"354 go on\r\n")
            content = []
            for got in lines:
                if got == b".\r\n":
                    break
                content.append(got[1:] if got[:1] == b"." else got)
            self.letters.append((self.mail, self.rcpt,
                                 b"".join(content).decode()))
        connection.sendall(reply)


def crlf(text):
    return text.replace("\n", "\r\n")


def exchange(s1, server, config, header=HEADER, sender=SENDER):
    """The letter as the other host has it, less our own Received lines."""
    if config is not None:
        s1.configure(BASE + config)
        s1.run("relais", "reload")
    count = len(server.letters)
    with s1.smtp() as client:
        refused = client.sendmail(sender, [RECIPIENT], crlf(header + BODY))
        assert not refused, refused
    hosts.wait_for("a letter", lambda: len(server.letters) > count)
    mail, rcpt, content = server.letters[-1]
    size = int(re.search(r"SIZE=(\d+)", mail).group(1))
    ours = re.match(r"(?s)Received: .*?\r\n(?=\S)", content).group(0)
    assert size >= len(content), (size, len(content))
    return (re.search("<(.*)>", mail).group(1),
            [re.search("<(.*)>", r).group(1) for r in rcpt],
            content[len(ours):])


def replaced(*pairs):
    """The header with these lines as the other host is to see them."""
    text = HEADER
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return crlf(text + BODY)


JOE = (('<joe@host.s1.example> (', '<joe.doe@s1.example> ('),
       ('team: joe@host.s1.example', 'team: joe.doe@s1.example'),
       ('Cc: joe@host.s1.example', 'Cc: joe.doe@s1.example'))
MASKED = (('<joe@host.s1.example> (', '<joe@s1.example> ('),
          ('jim@a.b.s1.example', 'jim@s1.example'),
          ('team: joe@host.s1.example', 'team: joe@s1.example'),
          ('Cc: joe@host.s1.example', 'Cc: joe@s1.example'))
ROOT = (('Sender: root@host.s1', 'Sender: root@s1'),)
RULE = "rewrite joe@host.s1.example joe.doe@s1.example"


def by_each_setting(check, s1, server):
    for name, config, sender, header in (
            ("nothing", None, SENDER, ()),
            ("rewrite", RULE, "joe.doe@s1.example", JOE),
            ("rewrite both", RULE + " both", "joe.doe@s1.example", JOE),
            ("rewrite envelope", RULE + " envelope", "joe.doe@s1.example",
             ()),
            ("rewrite header", RULE + " header", SENDER, JOE),
            ("masquerade", "masquerade s1.example", "joe@s1.example",
             MASKED + ROOT),
            ("masquerade-except", "masquerade s1.example\n"
             "masquerade-except root", "joe@s1.example", MASKED)):
        got = exchange(s1, server, config and config + "\n")
        check.claim("%s: the sender is %s" % (name, got[0]),
                    got[0] == sender)
        check.claim("%s: the recipient stays" % name, got[1] == [RECIPIENT])
        check.claim("%s: the header is as it is to be, all else as it was"
                    % name, got[2] == replaced(*header))


def by_a_table(check, s1, server):
    hosts.write(s1.path("etc/relais/table"), TABLE)
    got = exchange(s1, server, "rewrite-table /etc/relais/table\n")
    check.claim("a table: the recipient is another outside",
                got[1] == ["near@other.example"])
    check.claim("a table: header and sender", got[0] == "joe.doe@s1.example"
                and got[2] == replaced(*JOE, (
                    "To: far@other", "To: near@other")))
    s1.wait_empty()
    check.claim("the log has our own address of him", re.search(
        r"to=<far@other\.example>,.*status=sent", s1.log()) and
        "near@other" not in s1.log())
    got = exchange(s1, server, None, sender="")
    check.claim("the null sender stays", got[0] == "")


def of_any_length(check, s1, server):
    """By BDAT: a header of more than a piece of content; a field that is too
    long."""
    server.chunking = True
    s1.run("relais", "restart", "remote")   # on a new connection
    many = "".join("X-%d: %s\n" % (i, "x" * 900) for i in range(100))
    got = exchange(s1, server, None, header=many + HEADER)
    check.claim("behind a long header", got[2] == crlf(many) + replaced(
        *JOE, ("To: far@other", "To: near@other")))
    huge = "To: " + ",\n ".join(5000 * ["joe@host.s1.example"]) + "\n"
    got = exchange(s1, server, None, header=huge + "X: y\n")
    check.claim("a field that is too long goes through as it is",
                got[2] == crlf(huge + "X: y\n" + BODY))
    check.claim("they came in chunks", len(server.chunks) > 200000)


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        s1 = net.host("s1", users=["jqp"], config=BASE)
        other = net.host("other")
        net.zone("s1.example", "@ MX 10 mail", "mail A 10.99.0.1")
        net.zone("other.example", "@ MX 10 mx", "mx A " + OTHER)
        net.serve_dns()
        hosts.run("ip", "-n", other.ns, "addr", "add", OTHER + "/24", "dev",
                  "eth0")
        server = Server(other)
        s1.start()
        by_each_setting(check, s1, server)
        by_a_table(check, s1, server)
        of_any_length(check, s1, server)
        s1.stop()
        check.claim("no error in the log", not re.search(
            r"\b(error|fatal|panic):", s1.log()))
    return check.end()


sys.exit(main())
