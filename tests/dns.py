# SPDX-License-Identifier: ISC
"""A name server that says what it is told to, right or wrong.

    with dns.Server(("127.0.0.1", 0)) as server:
        server.say("a.example", "A", "192.0.2.1")
        server.say("b.example", "A", dns.SILENCE)

It answers by UDP, and by TCP what was truncated.  What it was not told of does
not exist, or is whatever `otherwise` says.  `asked` counts the questions.
"""
import collections
import ipaddress
import socket
import socketserver
import struct
import threading

TYPES = {"A": 1, "CNAME": 5, "PTR": 12, "MX": 15, "AAAA": 28}
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
SILENCE = "silence"
UDP_MAX = 1232


def wire_name(name):
    """Of labels, which may be octets that no host has in its name."""
    labels = name if isinstance(name, (list, tuple)) else \
        [p for p in name.encode("latin-1").split(b".") if p]
    return b"".join(bytes([len(p)]) + p for p in labels) + b"\0"


def pointer_of(address):
    return ipaddress.ip_address(address).reverse_pointer


def data_of(kind, value):
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(value).packed
    return wire_name(value)


class Server:
    def __init__(self, address, otherwise=NXDOMAIN):
        self.otherwise = otherwise
        self.known = {}
        self.asked = collections.Counter()
        self.udp = socketserver.ThreadingUDPServer(address, self.by_udp)
        self.tcp = socketserver.ThreadingTCPServer(
            self.udp.server_address, self.by_tcp, bind_and_activate=False)
        self.tcp.allow_reuse_address = True
        self.tcp.server_bind()
        self.tcp.server_activate()
        for s in (self.udp, self.tcp):
            s.daemon_threads = True
            threading.Thread(target=s.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for s in (self.udp, self.tcp):
            s.shutdown()
            s.server_close()

    def say(self, name, kind, *values, ttl=1):
        """The values of a name, or a code, or SILENCE, or a whole answer's
        octets behind the question, with their count: (count, octets)."""
        self.known[name.lower(), TYPES[kind]] = (kind, ttl, values)

    def point(self, address, *names, ttl=1):
        self.say(pointer_of(address), "PTR", *names, ttl=ttl)

    # ---- answers -----------------------------------------------------------

    def answer(self, question):
        """None: there is none."""
        at, labels = 12, []
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]])
            at += 1 + question[at]
        name = b".".join(labels).decode("latin-1").lower()
        kind, = struct.unpack(">H", question[at + 1:at + 3])
        self.asked[name, kind] += 1
        count, code, body = self.find(name, kind)
        if code == SILENCE:
            return None
        return question[:2] + struct.pack(
            ">BBHHHH", 0x85, 0x80 | code, 1, count, 0, 0) + \
            question[12:at + 5] + body

    def find(self, name, kind):
        if (name, kind) not in self.known:
            exists = any(n == name for n, _ in self.known)
            return 0, NOERROR if exists else self.otherwise, b""
        word, ttl, values = self.known[name, kind]
        if values and (values[0] == SILENCE or isinstance(values[0], int)):
            return 0, values[0], b""
        if values and isinstance(values[0], tuple) and \
                isinstance(values[0][0], int):
            return values[0][0], NOERROR, values[0][1]
        body = b""
        for v in values:
            data = data_of(word, v)
            body += b"\xc0\x0c" + struct.pack(
                ">HHIH", kind, 1, ttl, len(data)) + data
        return len(values), NOERROR, body

    def by_udp(self, request, client, _):
        question, s = request
        reply = self.answer(question)
        if reply is None:
            return
        if len(reply) > UDP_MAX:
            end = question.index(b"\0", 12) + 5
            reply = reply[:2] + bytes([reply[2] | 2]) + reply[3:6] + \
                bytes(6) + reply[12:end]
        s.sendto(reply, client)

    def by_tcp(self, s, client, _):
        s.settimeout(5)
        try:
            size = s.recv(2, socket.MSG_WAITALL)
            question = s.recv(int.from_bytes(size, "big"),
                              socket.MSG_WAITALL)
            reply = self.answer(question)
            if reply is not None:
                s.sendall(len(reply).to_bytes(2, "big") + reply)
        except OSError:
            pass
