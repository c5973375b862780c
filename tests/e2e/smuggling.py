#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""As root: all strings over CR, LF, "." and "x" up to a length, as the content
of a message by DATA and by BDAT, through smtpd, queue and remote to a strict
and to a lax server, to whom a bare CR or LF ends a line as well.  Each is one
message with equal octets to both, or is refused.

usage: smuggling.py [LENGTH [CONNECTIONS]]
"""
import itertools
import os
import re
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

ALPHABET = (b"\r", b"\n", b".", b"x")
SERVERS = {"strict": (2601, re.compile(rb"\r\n")),
           "lax": (2602, re.compile(rb"\r\n|\r|\n"))}
END = b"\r\n.\r\n"
CONFIG = """\
relay-from 10.99.0.0/24
smtpd {
    errors 1000
}
""" + "".join("route %s.example {\n    via [%s]:%d\n}\n" % (
    name, hosts.DNS, port) for name, (port, _) in SERVERS.items())


# ---- the servers -------------------------------------------------------------

class Server(threading.Thread):
    """Keeps (sender, content as it is behind our Received line) of all."""

    def __init__(self, port, line_end):
        super().__init__(daemon=True)
        self.line_end = line_end
        self.messages, self.odd = [], []
        self.listener = socket.create_server((hosts.DNS, port), backlog=100)

    def run(self):
        while True:
            peer, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(peer,),
                             daemon=True).start()

    def serve(self, peer):
        peer.sendall(b"220 server.example ESMTP\r\n")
        held, sender, lines = b"", b"", None
        while True:
            more = peer.recv(65536)
            if not more:
                return
            held += more
            while True:
                at = self.line_end.search(held)
                # a CR may be the half of CRLF
                if not at or (at.end() == len(held) and at[0] == b"\r"):
                    break
                line, held = held[:at.start()], held[at.end():]
                if lines is None:
                    sender, lines = self.command(peer, line, sender)
                elif line == b".":
                    self.messages.append((sender, lines))
                    peer.sendall(b"250 2.0.0 taken\r\n")
                    lines = None
                else:
                    lines.append(line[1:] if line[:1] == b"." else line)

    def command(self, peer, line, sender):
        """The sender, and where lines of content go, or None."""
        verb = line[:4].upper()
        reply = {b"DATA": b"354 go on\r\n", b"EHLO": b"250 server.example\r\n",
                 b"QUIT": b"221 bye\r\n"}.get(verb, b"250 2.0.0 ok\r\n")
        if verb == b"MAIL":
            sender = line[line.index(b"<") + 1:line.index(b"@")]
        elif verb not in (b"EHLO", b"RCPT", b"DATA", b"QUIT", b"RSET"):
            self.odd.append(line)
        peer.sendall(reply)
        return sender, [] if verb == b"DATA" else None

    def contents(self):
        """{sender: [content]}, less our own line at the head."""
        found = {}
        for sender, lines in self.messages:
            at = 1 if lines[0].startswith(b"Received: ") else 0
            while at and at < len(lines) and lines[at][:1] == b"\t":
                at += 1
            found.setdefault(sender.decode(), []).append(
                b"".join(line + b"\r\n" for line in lines[at:]))
        return found


# ---- what must become of a string --------------------------------------------

def is_bare(text):
    return re.search(rb"\r(?!\n)|(?<!\r)\n", text) is not None


def judge_data(text):
    """None, or what is to arrive: only CRLF "." CRLF ends it."""
    wire = b"\r\n" + text + END
    body = wire[2:wire.index(END) + 2]
    if is_bare(body):
        return None
    return re.sub(rb"(^|\r\n)\.", rb"\1", body)


def judge_chunks(text):
    if is_bare(text):
        return None
    return text + b"\r\n" if text and not text.endswith(b"\r\n") else text


# ---- the clients -------------------------------------------------------------

class Client:
    def __init__(self, address):
        self.socket = socket.create_connection((address, 25), 60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self.reply()
        self.ask(b"EHLO client.example")

    def reply(self):
        line = b"   -"
        while line[3:4] == b"-":
            line = self.file.readline()
        return int(line[:3])

    def ask(self, line):
        self.socket.sendall(line + b"\r\n")
        return self.reply()

    def try_string(self, name, content, cut, replies):
        """All in two writes; the last of `replies` codes is the verdict, and
        what may come behind it was no command of ours."""
        head = b"MAIL FROM:<%s@client.example>\r\n" % name.encode() + b"".join(
            b"RCPT TO:<r@%s.example>\r\n" % s.encode() for s in SERVERS)
        text = head + content + b"HELP\r\n"
        cut += len(head)
        self.socket.sendall(text[:cut])
        self.socket.sendall(text[cut:])
        codes = [self.reply() for _ in range(replies)]
        rest = list(iter(self.reply, 214))
        self.ask(b"RSET")
        return codes, rest


def data(text, n):
    content = b"DATA\r\n" + text + END
    return content, n % (len(content) + 1), 5


def chunks(text, n):
    at = n % (len(text) + 1)
    content = b"BDAT %d\r\n%sBDAT %d LAST\r\n%s" % (
        at, text[:at], len(text) - at, text[at:])
    return content, n // 7 % (len(content) + 1), 5


WAYS = {"d": (data, judge_data), "b": (chunks, judge_chunks)}


class Work:
    """Strings, each by both ways, for several clients at once."""

    def __init__(self, length):
        self.items = (
            (way, n, b"".join(s)) for n, s in enumerate(
                s for size in range(length + 1)
                for s in itertools.product(ALPHABET, repeat=size))
            for way in WAYS)
        self.lock = threading.Lock()
        self.wanted, self.wrong = {}, []
        self.refused = 0

    def take(self):
        with self.lock:
            return next(self.items, None)

    def run(self, address):
        client, used = Client(address), 0
        for way, n, text in iter(self.take, None):
            if used == 300:     # refusals are counted
                client, used = Client(address), 0
            used += 1
            frame, judge = WAYS[way]
            name, wanted = "%s%d" % (way, n), judge(text)
            codes, rest = client.try_string(name, *frame(text, n))
            fine = codes[-1] == (550 if wanted is None else 250) and \
                not any(code // 100 == 2 for code in rest)
            with self.lock:
                if wanted is None:
                    self.refused += 1
                else:
                    self.wanted[name] = wanted
                if not fine:
                    self.wrong.append((name, text, codes, rest))


def attempt(check, net, host, length, connections):
    servers = {name: Server(*how) for name, how in SERVERS.items()}
    for server in servers.values():
        server.start()
    work = Work(length)
    threads = [threading.Thread(target=hosts.inside, args=(
        net.dns, lambda: work.run(host.address))) for _ in range(connections)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    check.claim("each string is accepted or refused: %d, %d" % (
        len(work.wanted), work.refused), not work.wrong and
        len(work.wanted) + work.refused == 2 * sum(
            4 ** n for n in range(length + 1)))
    for item in work.wrong[:10]:
        print("     %r" % (item,))
    host.wait_empty()
    for name, server in servers.items():
        found = server.contents()
        check.claim("one message with equal octets for each, %s" % name,
                    found == {n: [c] for n, c in work.wanted.items()})
        check.claim("and no command but ours, %s" % name, not server.odd)
        for n in sorted(set(found) | set(work.wanted))[:2000]:
            if found.get(n) != [work.wanted.get(n)]:
                print("     %s: %r, not %r" % (n, found.get(n),
                                               work.wanted.get(n)))


def main():
    length = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    connections = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        net.zone("s1.example", "@ A 10.99.0.1")
        net.serve_dns()
        s1 = net.host("s1", users=["jones"], config=CONFIG)
        s1.start()
        hosts.inside(net.dns, lambda: attempt(check, net, s1, length,
                                              connections))
        s1.stop()
    return check.end()


sys.exit(main())
