# SPDX-License-Identifier: ISC
"""The client's half of SCRAM-SHA-256 (RFC 5802, RFC 7677), and what a server
keeps of a password."""
import base64
import hashlib
import hmac
import os


def digest(key, text):
    return hmac.digest(key, text, "sha256")


def key(password, iterations=4096):
    """A key as a file of passwords has it."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt,
                                 iterations)
    stored = hashlib.sha256(digest(salted, b"Client Key")).digest()
    parts = (salt, stored, digest(salted, b"Server Key"))
    return "{SCRAM-SHA-256}%d,%s" % (iterations, ",".join(
        base64.b64encode(part).decode() for part in parts))


class Client:
    """flag: "n", "y" or "p=TYPE"; data: of the channel binding."""

    def __init__(self, name, password, flag="n", data=b""):
        self.password = password.encode()
        self.header = (flag + ",,").encode()
        self.data = data
        self.bare = b"n=%s,r=%s" % (
            name.replace("=", "=3D").replace(",", "=2C").encode(),
            base64.b64encode(os.urandom(18)))

    def first(self):
        return self.header + self.bare

    def final(self, first):
        """What follows the server's first message."""
        fields = dict(f.split(b"=", 1) for f in first.split(b","))
        self.salt = fields[b"s"]
        final = b"c=" + base64.b64encode(self.header + self.data) + \
            b",r=" + fields[b"r"]
        self.salted = hashlib.pbkdf2_hmac(
            "sha256", self.password, base64.b64decode(self.salt),
            int(fields[b"i"]))
        client = digest(self.salted, b"Client Key")
        self.signed = b",".join((self.bare, first, final))
        proof = bytes(a ^ b for a, b in zip(client, digest(
            hashlib.sha256(client).digest(), self.signed)))
        return final + b",p=" + base64.b64encode(proof)

    def is_proven(self, last):
        """Does the server know the password as well?"""
        server = digest(self.salted, b"Server Key")
        return last == b"v=" + base64.b64encode(digest(server, self.signed))
