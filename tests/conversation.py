# SPDX-License-Identifier: ISC
"""A conversation with an SMTP server, read from a file.  What the lines of
the file mean is written in tests/README.md."""

import ast
import base64
import hashlib
import os
import re
import select
import socket
import ssl
import time

import scram
import watch

# A sanitized build is slower by far.
PATIENCE = 60 if os.environ.get("RELAIS_SANITIZED") else 15
REPLY_LINE_MAX = 512        # RFC 5321 section 4.5.3.1.5


class Mismatch(Exception):
    """What was expected did not come."""


class Connection:
    """One connection; lines come with their CRLF off, and checked."""

    def __init__(self, address, source=None):
        family = socket.AF_UNIX if isinstance(address, str) \
            else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE)
        self.held = b""
        self.closed = False
        try:
            if source is not None and family == socket.AF_INET:
                self.socket.bind((source, 0))
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, octets):
        # What the server says meanwhile is kept: neither side may block.
        self.socket.setblocking(False)
        view = memoryview(octets)
        deadline = time.monotonic() + PATIENCE
        while view:
            can_read, can_write, _ = select.select(
                [] if self.closed else [self.socket], [self.socket], [],
                max(0, deadline - time.monotonic()))
            if not can_read and not can_write:
                raise Mismatch("the server does not read")
            if can_read:
                self.hold()
            if can_write:
                try:
                    view = view[self.socket.send(view):]
                except (BlockingIOError, ssl.SSLWantWriteError,
                        ssl.SSLWantReadError):
                    pass
                except (BrokenPipeError, ConnectionResetError):
                    self.closed = True
                    break
        self.socket.settimeout(PATIENCE)

    def hold(self):
        try:
            more = self.socket.recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except ConnectionResetError:
            more = b""
        except ssl.SSLError as wrong:
            raise Mismatch(f"TLS: {wrong.reason}") from None
        except socket.timeout:
            raise Mismatch(f"nothing within {PATIENCE} s; "
                           f"held: {self.held!r}") from None
        if not more:
            self.closed = True
        self.held += more

    def speak_tls(self, options):
        """The handshake; nothing of the server's may be unread.  Its end must
        be told by close_notify."""
        if self.held:
            raise Mismatch(f"more was said: {self.held!r}")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        name = None
        for option in options:
            kind, _, value = option.partition("=")
            if kind == "version":
                context.minimum_version = context.maximum_version = {
                    "1.2": ssl.TLSVersion.TLSv1_2,
                    "1.3": ssl.TLSVersion.TLSv1_3}[value]
            elif kind == "name":
                name = value
            elif kind == "alpn":
                context.set_alpn_protocols(value.split(","))
            elif kind == "certificate":
                context.load_cert_chain(f"{value}.crt", f"{value}.key")
            else:
                raise Mismatch(f"unknown: {option}")
        try:
            self.socket = context.wrap_socket(
                self.socket, server_hostname=name,
                suppress_ragged_eofs=False)
        except (OSError, ssl.SSLError) as wrong:
            raise Mismatch("TLS: "
                           f"{getattr(wrong, 'reason', wrong)}") from None

    def scram(self, name, password, plus):
        """Logs in, up to the last reply, which is left unread."""
        mechanism, flag, data = "SCRAM-SHA-256", "n", b""
        if plus:        # as with TLS 1.2; of a certificate with SHA-256
            mechanism, flag = mechanism + "-PLUS", "p=tls-server-end-point"
            data = hashlib.sha256(
                self.socket.getpeercert(binary_form=True)).digest()
        client = scram.Client(name, password, flag, data)
        command = f"AUTH {mechanism} ".encode()
        self.send(command + base64.b64encode(client.first()) + b"\r\n")
        for answer in client.final, lambda last: b"" if client.is_proven(
                last) else b"*":
            line = self.take_line().encode()
            if not line.startswith(b"334 "):
                self.held = line + b"\r\n" + self.held
                return
            said = answer(base64.b64decode(line[4:], validate=True))
            self.send(base64.b64encode(said) + b"\r\n")

    def end_tls(self):
        """close_notify; what follows is plain, if anybody hears it."""
        self.socket.settimeout(0)
        try:
            self.socket = self.socket.unwrap()
        except (ssl.SSLWantReadError, ssl.SSLError, OSError):
            self.socket = socket.socket(fileno=self.socket.detach())
        self.socket.settimeout(PATIENCE)

    def take_line(self):
        while b"\r\n" not in self.held and not self.closed:
            self.hold()
        line, end, rest = self.held.partition(b"\r\n")
        if not end:
            raise Mismatch(f"connection closed; held: {self.held!r}")
        self.held = rest
        if len(line) + 2 > REPLY_LINE_MAX:
            raise Mismatch(f"a reply line of {len(line) + 2} octets")
        if re.search(rb"[^\x20-\x7e]", line):
            raise Mismatch(f"odd octets in a reply: {line!r}")
        if not re.match(rb"[2-5][0-5][0-9]([ -]|$)", line):
            raise Mismatch(f"not a reply: {line!r}")
        return line.decode()

    def take_reply(self):
        """All lines of one reply, which must have one code."""
        lines = [self.take_line()]
        while lines[-1][3:4] == "-":
            lines.append(self.take_line())
            if lines[-1][:3] != lines[0][:3]:
                raise Mismatch(f"two codes in one reply: {lines!r}")
        self.check_enhanced(lines)
        return lines

    @staticmethod
    def check_enhanced(lines):
        """RFC 2034: a code of the same class on each line, but for the
        greeting, 354 and what EHLO and HELO hear."""
        for line in lines:
            found = re.match(r"([245])\d\d[ -]([245])\.\d{1,3}\.\d{1,3} .",
                             line)
            if lines[0][:3] in ("220", "334", "354") and \
                    not lines[0].endswith("start TLS") or re.match(
                    r"250[ -][\w.-]+$", lines[0]):
                if found:
                    raise Mismatch(f"an enhanced code: {line}")
            elif not found or found[1] != found[2]:
                raise Mismatch(f"no enhanced code: {line}")

    def ask(self, expected, command):
        """Sends a command, or nothing, and wants a reply that begins so."""
        if command is not None:
            self.send(command.encode() + b"\r\n")
        lines = self.take_reply()
        if not lines[-1].startswith(expected):
            raise Mismatch(f"{command}: expected {expected}, got {lines!r}")

    def wait_for_end(self):
        while not self.closed:
            self.hold()

    def expect_end(self):
        self.wait_for_end()
        if self.held:
            raise Mismatch(f"expected the end, got {self.held!r}")


def pattern(text):
    """A line of an .smtp file as a regular expression."""
    expression = ".*".join(re.escape(part) for part in text.split("..."))
    if re.fullmatch(r"[2-5]\d\d-", text):
        expression += ".*"
    return expression


def raw(text):
    """Octets written as "a\\r\\n" or "x"*3000, one behind the other."""
    octets = b""
    for word, _, times in re.findall(r'("([^"\\]|\\.)*")(?:\*(\d+))?', text):
        octets += ast.literal_eval("b" + word) * int(times or 1)
    return octets


class Dialogue:
    """One file.  Attributes: the connection, the last reply, what is to be
    sent in one write."""

    def __init__(self, suite, path):
        self.suite = suite
        self.lines = path.read_text().splitlines()
        self.listener = "inet"
        self.source = None
        self.connection = None
        self.reply = []
        self.outgoing = b""
        self.number = 0
        self.log_from = suite.log.stat().st_size if suite.log.exists() else 0

    def open(self):
        if self.connection is None:
            self.connection = Connection(
                self.suite.address(self.listener), self.source)
        return self.connection

    def close(self):
        """Between connections; nothing may be left unsaid."""
        if self.connection is None:
            return
        held = self.connection.held
        self.connection.socket.close()
        self.connection = None
        if held:
            raise Mismatch(f"more was said: {held!r}")

    def play(self):
        """None, or how the conversation went wrong."""
        try:
            self.run(0, len(self.lines), None)
            self.close()
        except (Mismatch, OSError) as wrong:
            return (f"line {self.number}: {self.lines[self.number - 1]}\n"
                    f"\tgot: {wrong}")
        finally:
            if self.connection is not None:
                self.connection.socket.close()
        return None

    def run(self, at, end, n):
        while at < end:
            self.number = at + 1
            line = self.lines[at]
            at += 1
            if line.startswith("@ repeat "):
                last = self.lines.index("@ end", at)
                for turn in range(int(line.split()[2])):
                    self.run(at, last, turn)
                at = last + 1
                continue
            if n is not None:
                line = line.replace("{n}", str(n))
            following = self.lines[at] if at < end else ""
            self.step(line, following)

    def step(self, line, following):
        kind, text = line[:2], line[3:]
        if not line or line.startswith("#"):
            return
        if kind in ("C:", "C+"):
            self.say(text.encode() + b"\r\n", following)
        elif kind in ("C!", "C&"):
            self.say(raw(text), following)
        elif line == "S: closed":
            self.open().expect_end()
            self.close()
        elif line == "S: gone":
            self.open().wait_for_end()
            self.connection.held = b""
            self.close()
        elif kind == "S:" and re.fullmatch(r"[2-5]\d\d", text):
            self.reply = self.open().take_reply()
            self.compare(text + ".*", self.reply[0])
        elif kind == "S:":
            self.expect(pattern(text))
        elif kind == "S~":
            self.expect(text)
        elif line.startswith("S until "):
            while not self.open().take_line().startswith(line[8:]):
                pass
        elif line.startswith("S has "):
            if not any(re.search(line[6:], s) for s in self.reply):
                raise Mismatch(f"{self.reply!r}")
        elif line.startswith("S lacks "):
            if any(re.search(line[8:], s) for s in self.reply):
                raise Mismatch(f"{self.reply!r}")
        elif kind == "L~":
            self.expect_log(text)
        elif kind == "M~":
            self.expect_mail(*text.split(" ", 1))
        elif kind == "M!":
            self.expect_no_mail(*text.split(" ", 1))
        elif line.startswith("@ listener "):
            self.close()
            self.listener = line.split()[2]
        elif line.startswith("@ from "):
            self.close()
            self.source = line.split()[2]
        elif line == "@ connect":
            self.close()
            self.open()
        elif line.startswith("@ no tls"):
            self.refuse_tls(line.split()[3:])
        elif line == "@ end tls":
            self.open().end_tls()
        elif line.startswith("@ tls"):
            self.open().speak_tls(self.options(line.split()[2:]))
        elif line.startswith("@ scram "):
            name, password, *plus = line.split()[2:]
            self.open().scram(name, password, bool(plus))
        elif line == "@ hang up":
            self.open().socket.shutdown(socket.SHUT_WR)
        else:
            raise Mismatch("a line that means nothing")

    def options(self, words):
        return [word.replace("=@", f"={self.suite.dir}/") for word in words]

    def refuse_tls(self, words):
        """The handshake must fail, and the connection end."""
        try:
            self.open().speak_tls(self.options(words))
            self.open().hold()      # an alert may come behind it
        except Mismatch:
            self.connection.socket.close()
            self.connection = None
            return
        raise Mismatch("the handshake was good")

    def say(self, octets, following):
        """Lines that are joined by C+ (raw: C&) go out in one write."""
        self.outgoing += octets
        if following[:2] not in ("C+", "C&"):
            octets, self.outgoing = self.outgoing, b""
            self.open().send(octets)

    def expect(self, expression):
        line = self.open().take_line()
        self.reply = [line]
        Connection.check_enhanced(self.reply)
        self.compare(expression, line)

    @staticmethod
    def compare(expression, line):
        # S~ is anchored by its own ^; all else is the whole line.
        whole = expression if expression.startswith("^") \
            else f"^{expression}$"
        if not re.search(whole, line):
            raise Mismatch(line)

    def expect_log(self, expression):
        """Waits for a line in the log that was written since the start."""
        def found():
            with open(self.suite.log, errors="replace") as log:
                log.seek(self.log_from)
                return any(re.search(expression, s) for s in log)
        watch.until(found, self.suite.log, PATIENCE) or self.fail(
            "no such line in the log")

    def has_mail(self, user, expression):
        read = self.suite.letters[user]
        for path in (self.suite.dir / "home" / user).glob("Maildir/new/*"):
            if path not in read:
                read[path] = path.read_bytes()
        return any(re.search(expression.encode(), letter)
                   for letter in read.values())

    def expect_mail(self, user, expression):
        """Waits for a message with such a line (or lines, \\r\\n between) in
        the Maildir of `user`."""
        watch.until(lambda: self.has_mail(user, expression), self.suite.log,
                    PATIENCE) or self.fail("no such message in the mailbox")

    def expect_no_mail(self, user, expression):
        if self.has_mail(user, expression):
            self.fail("there is such a message in the mailbox")

    @staticmethod
    def fail(why):
        raise Mismatch(why)
