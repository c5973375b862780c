# SPDX-License-Identifier: ISC
"""An SMTP or LMTP server that says what it is told to, right or wrong, and
writes down what it heard."""
import socket
import struct
import threading
import time

CLOSE, RESET, CONTENT, SILENCE = (object() for _ in range(4))

EHLO = b"250-bad.example\r\n250-PIPELINING\r\n250-SIZE\r\n250 8BITMIME\r\n"
CHUNKS = EHLO.replace(b"250 8", b"250-CHUNKING\r\n250 8")
PLAIN = b"250-bad.example\r\n250 SIZE\r\n"
GOOD = {"": b"220 bad.example ESMTP\r\n", "EHLO": EHLO, "LHLO": EHLO,
        "HELO": b"250 bad.example\r\n", "MAIL": b"250 2.1.0 ok\r\n",
        "RCPT": b"250 2.1.5 ok\r\n", "DATA": b"354 go on\r\n",
        ".": b"250 2.0.0 taken\r\n", "BDAT": b"250 2.0.0 so far\r\n",
        "RSET": b"250 2.0.0 ok\r\n", "XFORWARD": b"250 2.0.0 ok\r\n",
        "QUIT": b"221 2.0.0 bye\r\n"}


def offering(word, of=EHLO):
    return of.replace(b"250 8", b"250-" + word + b"\r\n250 8")


def drip(octets):
    """One a second."""
    return tuple(x for i in range(len(octets))
                 for x in (1.0, octets[i:i + 1]))


class Script:
    """`replies`: what is said differently from GOOD: octets, CLOSE, RESET,
    CONTENT (that is read), SILENCE, a number (of seconds to wait), a tuple of
    these one after the other, or a list, one for each time in a session, the
    last of it from then on.  "." answers the content, "BDAT" each chunk but
    the last.  `octets`: each octet of a reply leaves in its own packet."""

    def __init__(self, replies=(), octets=False, lmtp=False):
        self.replies, self.octets, self.lmtp = dict(replies), octets, lmtp
        self.lines = []         # all commands, as they came
        self.ahead = 0          # most commands in hand at once
        self.reads = []         # what came at once, each time
        self.mails = []         # recipients of each that were not refused
        self.taken = []         # those of them whose content was, too
        self.contents = []      # octets, as they came, of all that ended
        self.silences = []      # how long each of ours was borne
        self.connections = 0

    def serve(self, listener):
        """For ever, many connections side by side."""
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            run(self.talk, connection)

    def talk(self, connection):
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            Session(self, connection).run()
        except (EOFError, OSError):
            pass
        connection.close()

    def start(self, listener):
        run(self.serve, listener)


def run(function, *args):
    threading.Thread(target=function, args=args, daemon=True).start()


class Session:
    def __init__(self, script, connection):
        self.script, self.connection = script, connection
        self.input, self.chunks = b"", b""
        self.counts = {}
        self.recipients = []
        self.address = None

    def read(self):
        got = self.connection.recv(1 << 18)
        if not got:
            raise EOFError
        self.script.reads.append(got)
        self.input += got

    def line(self):
        while b"\r\n" not in self.input:
            self.read()
        line, self.input = self.input.split(b"\r\n", 1)
        return line

    def command(self):
        line = self.line().decode("latin-1")
        self.script.lines.append(line)
        self.script.ahead = max(self.script.ahead,
                                1 + self.input.count(b"\r\n"))
        return line

    def content(self):
        lines = []
        while not lines or lines[-1] != b".":
            lines.append(self.line())
        self.script.contents.append(b"".join(
            line + b"\r\n" for line in lines[:-1]))

    def chunk(self, size, last):
        while len(self.input) < size:
            self.read()
        self.chunks += self.input[:size]
        self.input = self.input[size:]
        if last:
            self.script.contents.append(self.chunks)
            self.chunks = b""

    def send(self, octets):
        """The code that this says."""
        step = 1 if self.script.octets else len(octets)
        for i in range(0, len(octets), step):
            self.connection.sendall(octets[i:i + step])
            time.sleep(0.001 if self.script.octets else 0)
        return int(octets[:3]) if octets[:3].isdigit() else 0

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   struct.pack("ii", 1, 0))
        raise EOFError

    def hear(self):
        """Whatever comes, until there is no more of it."""
        begun = time.monotonic()
        try:
            while self.connection.recv(65536):
                pass
        finally:
            self.script.silences.append(time.monotonic() - begun)
        raise EOFError

    def play(self, piece):
        """The code that was said, or 0."""
        if piece is CLOSE:
            raise EOFError
        if piece is RESET:
            self.reset()
        if piece is SILENCE:
            self.hear()
        if piece is CONTENT:
            self.content()
        elif isinstance(piece, float):
            time.sleep(piece)
        else:
            return self.send(piece)
        return 0

    def answer(self, verb):
        what = self.script.replies.get(verb, GOOD.get(verb, b"500 what\r\n"))
        if isinstance(what, list):
            n = self.counts[verb] = self.counts.get(verb, -1) + 1
            what = what[min(n, len(what) - 1)]
        return what if isinstance(what, tuple) else (what,)

    def say(self, verb):
        """The code that was said."""
        code = 0
        for piece in self.answer(verb):
            code = self.play(piece) or code
            if verb == "RCPT" and code // 100 == 2:
                self.recipients.append(self.address)
        return code

    def end(self):
        """The content is here: one verdict, or in LMTP one for each."""
        recipients, self.recipients = self.recipients, []
        self.script.mails.append(recipients)
        parts = [[r] for r in recipients] if self.script.lmtp else []
        for part in parts or [recipients]:
            self.judge(part)

    def judge(self, recipients):
        """A 2xx counts also when the connection breaks behind it."""
        for piece in self.answer("."):
            if self.play(piece) // 100 == 2 and recipients:
                self.script.taken.append(recipients)

    def take_chunk(self, line):
        words = line.split()
        last = len(words) > 2
        self.chunk(int(words[1]), last)
        if not last:
            self.say("BDAT")
        else:
            self.end()

    def run(self):
        self.say("")
        while True:
            line = self.command()
            verb = line.split(" ")[0].upper()
            if verb == "BDAT" and "BDAT-WORD" not in self.script.replies:
                self.take_chunk(line)
                continue
            if verb in ("MAIL", "RSET"):
                self.recipients, self.chunks = [], b""
            if verb == "RCPT":
                self.address = line[line.index("<") + 1:line.index(">")]
            code = self.say("BDAT-WORD" if verb == "BDAT" else verb)
            if verb == "DATA" and code == 354:
                self.content()
                self.end()
            if verb == "QUIT":
                return
