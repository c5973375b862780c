# SPDX-License-Identifier: ISC
"""A name server that says what it is told to, right or wrong.

    with dns.Server(("127.0.0.1", 0)) as server:
        server.say("a.example", "A", "192.0.2.1")
        server.say("b.example", "A", dns.SILENCE)

It answers by UDP, and by TCP what was truncated.  What it was not told of does
not exist, or is whatever `otherwise` says.  `asked` counts the questions.
"""
import collections
import contextlib
import ipaddress
import socket
import socketserver
import struct
import threading

TYPES = {"A": 1, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16,
         "AAAA": 28}
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
SILENCE = "silence"
UDP_MAX = 1232
SO_RCVBUFFORCE = 33


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
    if kind == "MX":
        return struct.pack(">H", value[0]) + wire_name(value[1])
    return wire_name(value)


def take_question(packet):
    """Its name, its type, and where it ends."""
    at, labels = 12, []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]])
        at += 1 + packet[at]
    return (b".".join(labels).decode("latin-1").lower(),
            int.from_bytes(packet[at + 1:at + 3], "big"), at + 5)


def reply_to(question, *records, flags=0x8580, authorities=()):
    """A whole reply: each record is (owner or None, type, ttl, data)."""
    body = b""
    for owner, kind, ttl, data in (*records, *authorities):
        body += (b"\xc0\x0c" if owner is None else wire_name(owner)) + \
            struct.pack(">HHIH", kind, 1, ttl, len(data)) + data
    end = take_question(question)[2]
    return question[:2] + struct.pack(
        ">HHHHH", flags, 1, len(records), len(authorities), 0) + \
        question[12:end] + body


def has_edns(question):
    return question[10:12] != b"\0\0"


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
        octets behind the question, with their count: (count, octets); or a
        function that makes a reply of the question and its sender, None
        being none; by TCP the sender is None."""
        self.known[name.lower(), TYPES[kind]] = (kind, ttl, values)

    def point(self, address, *names, ttl=1):
        self.say(pointer_of(address), "PTR", *names, ttl=ttl)

    # ---- answers -----------------------------------------------------------

    def answer(self, question, client=None):
        """None: there is none."""
        name, kind, end = take_question(question)
        self.asked[name, kind] += 1
        said = self.known.get((name, kind))
        if said is not None and callable(said[2][0]):
            return said[2][0](question, client)
        count, code, body = self.find(name, kind)
        if code == SILENCE:
            return None
        return question[:2] + struct.pack(
            ">BBHHHH", 0x85, 0x80 | code, 1, count, 0, 0) + \
            question[12:end] + body

    def find(self, name, kind):
        if (name, kind) not in self.known:
            exists = any(n == name for n, _ in self.known)
            return 0, NOERROR if exists else self.otherwise, b""
        word, ttl, values = self.known[name, kind]
        if values and (values[0] == SILENCE or isinstance(values[0], int)):
            return 0, values[0], b""
        if values and isinstance(values[0], tuple) and \
                isinstance(values[0][1], bytes):
            return values[0][0], NOERROR, values[0][1]
        body = b""
        for v in values:
            data = data_of(word, v)
            body += b"\xc0\x0c" + struct.pack(
                ">HHIH", kind, 1, ttl, len(data)) + data
        return len(values), NOERROR, body

    def by_udp(self, request, client, _):
        question, s = request
        reply = self.answer(question, client)
        if reply is None:
            return
        if len(reply) > UDP_MAX:
            end = take_question(question)[2]
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


class Quick:
    """One for crowds: `answer` makes a reply of each question, by UDP alone."""

    def __init__(self, address, answer):
        self.answer, self.count = answer, 0
        self.socket = socket.socket(
            socket.AF_INET6 if ":" in address[0] else socket.AF_INET,
            socket.SOCK_DGRAM)
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 23)
        self.socket.bind(address)
        threading.Thread(target=self.serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):      # but it wakes who reads
            self.socket.shutdown(socket.SHUT_RDWR)

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                question, client = self.socket.recvfrom(512)
                if not question:
                    return
                self.count += 1
                self.socket.sendto(self.answer(question), client)
