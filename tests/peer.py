# SPDX-License-Identifier: ISC
"""Servers with TLS and logins that do as they are told, and certificates of
each kind: the other side of smarthost.py.

A case has: port; certificate, or "none" for a server without TLS; most, the
highest version; host; replies and tls, what is said to each verb in plain text
and under TLS: octets, CLOSE, HANDSHAKE, HELLO (that is read), SILENCE (until
the client has enough of it), a tuple of these.
What came of it is left in its seen (connections), lines (under TLS, line),
taken (letters), names (by SNI), resumed.
"""
import base64
import hashlib
import os
import re
import socket
import ssl

import hosts
import scram

USER, PASSWORD = "joe", "s3same ,=%"
TOKEN = "ya29." + "x" * 900
CLOSE, HANDSHAKE, HELLO, SILENCE = (object() for _ in range(4))


# ---- certificates -----------------------------------------------------------

def make_certificates(directory, zone):
    """{name: context for a server}; "ca" signs all but "alone", "stranger"."""
    def path(name):
        return os.path.join(directory, name)

    def ca(name):
        hosts.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                  "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
                  "/CN=" + name, "-keyout", path(name + ".key"), "-out",
                  path(name + ".pem"))

    def issue(name, by, alt, days="30"):
        hosts.write(path(name + ".ext"), "subjectAltName=" + ",".join(
            "DNS:" + a for a in alt) + "\n")
        hosts.run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
                  "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=peer",
                  "-keyout", path(name + ".key"), "-out", path(name + ".csr"))
        hosts.run("openssl", "x509", "-req", "-in", path(name + ".csr"),
                  "-CA", path(by + ".pem"), "-CAkey", path(by + ".key"),
                  "-days", days, "-extfile", path(name + ".ext"), "-out",
                  path(name + ".pem"))

    os.makedirs(directory)
    for name in "ca", "nobody", "alone":
        ca(name)
    good = ["*." + zone, "mail.s2.example", "s3.example"]
    issue("good", "ca", good)
    issue("other", "ca", ["other.example"])
    issue("expired", "ca", good, "-1")
    issue("stranger", "nobody", good)
    return {n: path(n) for n in ("good", "other", "expired", "alone",
                                 "stranger", "ca")}


def context(case, certificates):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    base = certificates[case.certificate]
    c.load_cert_chain(base + ".pem", base + ".key")
    if case.most < ssl.TLSVersion.TLSv1_2:
        c.set_ciphers("ALL@SECLEVEL=0")
        c.minimum_version = ssl.TLSVersion.TLSv1
    c.maximum_version = case.most
    c.sni_callback = lambda s, name, _: case.names.append(name)
    return c


# ---- the scripted servers ---------------------------------------------------

class Session:
    def __init__(self, case, connection, tls):
        self.case, self.socket, self.context = case, connection, tls
        self.input, self.secured = b"", False

    def line(self):
        while b"\r\n" not in self.input:
            got = self.socket.recv(65536)
            if not got:
                raise EOFError
            self.input += got
        line, self.input = self.input.split(b"\r\n", 1)
        return line

    def shake(self):
        self.socket = self.context.wrap_socket(
            self.socket, server_side=True, suppress_ragged_eofs=False)
        self.case.resumed.append(self.socket.session_reused)
        self.secured, self.input = True, b""

    def say(self, what):
        for piece in what if isinstance(what, tuple) else (what,):
            if piece is CLOSE:
                raise EOFError
            if piece is HELLO:  # the client's, which is TLS
                self.socket.recv(65536)
            elif piece is SILENCE:
                while self.socket.recv(65536):
                    pass
                raise EOFError
            elif piece is HANDSHAKE:
                self.shake()
            else:
                self.socket.sendall(piece)

    def replies(self):
        return self.case.tls if self.secured else self.case.replies

    def run(self):
        if self.case.port == 465 and self.case.certificate != "none":
            self.shake()
        self.say(self.replies()[""])
        while True:
            line = self.line().decode("latin-1")
            self.case.lines.append((self.secured, line))
            verb = line.split(" ")[0].upper()
            if verb == "AUTH":
                self.login(line.split(" ")[1:])
                continue
            self.say(self.replies().get(verb, b"500 what\r\n"))
            if verb == "DATA":
                while self.line() != b".":
                    pass
                self.case.taken += 1
                self.say(self.replies()["."])
            if verb == "QUIT":
                return

    # ---- AUTH

    def ask(self, challenge=b""):
        self.say(b"334 " + base64.b64encode(challenge) + b"\r\n")
        line = self.line()
        self.case.lines.append((self.secured, line.decode("latin-1")))
        if line == b"*":
            raise EOFError
        return base64.b64decode(line)

    def login(self, words):
        scripted = self.case.tls.get(words[0])
        if scripted:
            self.say(scripted)
            return
        first = base64.b64decode(words[1]) if len(words) > 1 else None
        good = {"PLAIN": self.plain, "LOGIN": self.by_login,
                "SCRAM-SHA-256": self.scram, "XOAUTH2": self.xoauth2}[
                    words[0]](first)
        self.say(b"235 2.7.0 in\r\n" if good else b"535 5.7.8 no\r\n")

    def plain(self, first):
        if first is None:
            first = self.ask()
        return first == b"\0%s\0%s" % (USER.encode(), PASSWORD.encode())

    def by_login(self, _):
        return [self.ask(b"Username:"), self.ask(b"Password:")] == [
            USER.encode(), PASSWORD.encode()]

    def xoauth2(self, first):
        if first is None:
            first = self.ask()
        if first == b"user=%s\1auth=Bearer %s\1\1" % (USER.encode(),
                                                      TOKEN.encode()):
            return True
        assert self.ask(b'{"status":"401"}') == b""
        return False

    def scram(self, first):
        _, _, bare = first.split(b",", 2)
        nonce = re.search(b"r=(.*)", bare).group(1) + b"server"
        mine = b"r=" + nonce + b",s=" + base64.b64encode(b"salt") + b",i=4096"
        last = self.ask(mine)
        final, proof = last.rsplit(b",p=", 1)
        salted = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), b"salt",
                                     4096)
        signed = b",".join((bare, mine, final))
        client = scram.digest(salted, b"Client Key")
        want = bytes(a ^ b for a, b in zip(client, scram.digest(
            hashlib.sha256(client).digest(), signed)))
        if base64.b64decode(proof) != want:
            return False
        signature = base64.b64encode(scram.digest(scram.digest(
            salted, b"Server Key"), signed))
        if "v=" not in self.case.tls:
            return self.ask(b"v=" + signature) == b""
        if self.case.tls["v="] is not None:
            self.ask(base64.b64decode(self.case.tls["v="]))
        return True


def serve(case, listener, tls):
    while True:
        connection, _ = listener.accept()
        case.seen += 1
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = Session(case, connection, tls)
        try:
            session.run()
        except (EOFError, OSError):
            pass
        session.socket.close()  # without a word
