# SPDX-License-Identifier: ISC
"""Letters in numbers, and what became of each: clients that send without
pause, a server that takes what comes, and the sum of it.

A letter is known by its sender, NAME@sink.example; its first recipient is in
a mailbox of the host, its second at the sink.
"""
import collections
import ctypes
import hashlib
import os
import random
import re
import socket
import sys
import threading
import time

import hosts

REFUSALS = 15       # of strangers, then a new session: 20 are too many errors
SINK = hosts.DNS            # the sink is where the name server is
PATIENCE = 60               # seconds for one answer
POOL = 1 << 21
LINE = 76
TRACE = re.compile(rb"(?:(?:Return-Path|Delivered-To|X-Original-To|Received):"
                   rb".*\n(?:[ \t].*\n)*)*")
ID = re.compile(rb"with E?SMTP id (\w{13})")


def enter(namespace):
    """This thread is in that network from now on."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/run/netns/" + namespace) as f:
        if libc.setns(f.fileno(), hosts.CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


def pool(seed):
    """Lines of all lengths, some of which begin with dots."""
    draw = random.Random(seed)
    octets = bytearray(draw.choices(b"abcdefghij .....ABCDEFG", k=POOL))
    at = 0
    while at < POOL - 2 * LINE:
        at += draw.randrange(2, LINE)
        octets[at:at + 2] = b"\r\n"
        at += 2
    return bytes(octets)


def digest(text):
    """The same for CRLF and LF."""
    return hashlib.md5(text.replace(b"\r\n", b"\n")).digest()


class Letters:
    """Contents drawn by the logarithm of their sizes."""

    def __init__(self, seed, bits):
        self.pool, self.bits = pool(seed), bits

    def content(self, draw):
        return self.sized(draw, int(2 ** draw.uniform(0, self.bits)))

    def sized(self, draw, size):
        at = draw.randrange(POOL // 2)
        text = self.pool[at:at + size]
        while len(text) < size:
            text += self.pool[:size - len(text)]
        # a line's end that was cut is none
        rest = text[1:].rstrip(b"\r\n")
        return b"x" + (b"y" if rest[:1] == b"\n" else rest[:1]) + rest[1:] \
            + b"\r\n"


class Refused(Exception):
    pass


class Session:
    """A client's end of a connection, in the present network."""

    def __init__(self, address, port=25):
        self.socket = socket.create_connection((address, port), PATIENCE)
        self.file = self.socket.makefile("rb")
        self.slowest = 0.0
        self.refusals = 0       # since mail was accepted
        self.reply()

    def reply(self):
        """(code, text of the last line)"""
        begin = time.monotonic()
        line = b"   -"
        while line[3:4] == b"-":
            line = self.file.readline()
        self.slowest = max(self.slowest, time.monotonic() - begin)
        if len(line) < 4:
            raise ConnectionError("the server hung up")
        return int(line[:3]), line[4:].decode().strip()

    def say(self, *lines):
        """The code of each answer; sent in one write."""
        self.socket.sendall(b"".join(x.encode() + b"\r\n" for x in lines))
        return [self.reply()[0] for _ in lines]

    def content(self, text):
        dotted = b"\r\n" + text
        self.socket.sendall(dotted.replace(b"\r\n.", b"\r\n..")[2:] +
                            b".\r\n")
        return self.reply()

    def letter(self, sender, recipients, text):
        """The last reply; all recipients are taken, or Refused."""
        codes = self.say("MAIL FROM:<%s>" % sender, *[
            "RCPT TO:<%s>" % r for r in recipients])
        if set(codes) == {250}:
            codes = self.say("DATA")
        if codes != [354]:
            self.say("RSET")
            raise Refused(max(codes))
        return self.content(text)

    def close(self):
        self.file.close()
        self.socket.close()


class Client(threading.Thread):
    """Sends one letter after the other; each has a sender of its own."""

    def __init__(self, host, number, letters, over, seed=0, most=1 << 60,
                 users=None, sink=True):
        super().__init__(daemon=True)
        self.host, self.letters, self.over = host, letters, over
        self.number, self.most = number, most
        self.users = users or host.users
        self.sink = sink
        self.draw = random.Random("%d %d" % (seed, number))
        self.sent = {}          # name: digest
        self.largest = 0
        self.promised = {}      # name: id
        self.codes = collections.Counter()
        self.slowest = 0.0
        self.strangers = 0

    def run(self):
        enter(self.host.ns)
        while not self.is_over():
            session = None
            try:
                session = Session(self.host.address)
                session.say("EHLO client.example")
                while not self.is_over() and session.refusals < REFUSALS:
                    self.step(session)
            except OSError as e:
                self.codes[type(e).__name__] += 1
                time.sleep(0.02)
            if session is not None:
                self.slowest = max(self.slowest, session.slowest)
                session.close()

    def is_over(self):
        return self.over.is_set() or len(self.promised) >= self.most

    def step(self, session):
        if self.draw.random() < 0.1:
            self.ask_for_a_stranger(session)
        try:
            self.send(session)
        except Refused as e:
            self.codes["%d before content" % e.args[0]] += 1
            time.sleep(0.02)

    def ask_for_a_stranger(self, session):
        """Nobody has asked for this one, so all who can know are asked."""
        codes = session.say("MAIL FROM:<>", "RCPT TO:<nobody%d@%s>" % (
            self.draw.randrange(1 << 30), self.host.domain), "RSET")
        self.strangers += codes[1] == 250
        session.refusals += codes[1] != 250

    def send(self, session):
        name = "c%dn%d" % (self.number, len(self.sent))
        text = self.letters.content(self.draw)
        self.sent[name] = digest(text)
        user = self.draw.choice(self.users)
        to = ["%s@%s" % (user, self.host.domain)]
        if self.sink:
            to.append("x@sink.example")
        self.largest = max(self.largest, len(text))
        code, said = session.letter(name + "@sink.example", to, text)
        self.codes[code] += 1
        if code == 250:
            session.refusals = 0
            self.promised[name] = said.split()[-1]


# ---- the sink ---------------------------------------------------------------

class Sink:
    """A server for sink.example, in a process of its own.  A share of
    recipients is told 450 when they are first seen, so that their letters wait.
    What it takes is a line of its file before it says 250: the time, the
    sender, the content's digest, the id."""

    def __init__(self, net, share=0.05):
        self.path = os.path.join(net.dir, "sink")
        open(self.path, "wb").close()
        self.share = share
        self.lock = threading.Lock()
        self.seen = set()
        ready, told = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                hosts.die_with_parent()
                self.serve(net.dns, told)
            finally:
                os._exit(1)
        os.close(told)
        os.read(ready, 1)
        os.close(ready)

    def close(self):
        os.kill(self.pid, hosts.signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def serve(self, namespace, told):
        enter(namespace)
        listener = socket.create_server((SINK, 25), backlog=100)
        self.out = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        os.write(told, b".")
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=self.session, args=(connection,),
                             daemon=True).start()

    def is_late(self, sender):
        """Once for some: the choice is the same in each run."""
        with self.lock:
            if sender in self.seen or random.Random(
                    sender).random() >= self.share:
                return False
            self.seen.add(sender)
        return True

    def session(self, connection):
        try:
            with connection, connection.makefile("rwb") as f:
                self.talk(f)
        except (OSError, ValueError):
            pass

    def talk(self, f):
        def say(text):
            f.write(text + b"\r\n")
            f.flush()

        say(b"220 sink")
        sender, taken = "", 0
        for line in f:
            verb = line[:4].upper()
            if verb == b"EHLO":
                say(b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME")
            elif verb == b"MAIL":
                sender = line.split(b"<")[1].split(b"@")[0].split(
                    b">")[0].decode()
                taken = 0
                say(b"250 ok")
            elif verb == b"RCPT":
                late = self.is_late(sender)
                taken += not late
                say(b"450 4.2.0 later" if late else b"250 ok")
            elif verb == b"DATA":
                say(b"354 go" if taken else b"503 nobody")
                if taken:
                    self.take(f, sender or "<>")
                    say(b"250 taken")
            elif verb == b"QUIT":
                say(b"221 bye")
                return
            else:
                say(b"250 ok")

    def take(self, f, sender):
        lines = []
        for line in f:
            if line == b".\r\n":
                break
            lines.append(line[1:] if line[:1] == b"." else line)
        else:
            raise ConnectionError("amid the content")
        text = b"".join(lines).replace(b"\r\n", b"\n")
        body = text[TRACE.match(text).end():]
        found = ID.search(text)
        os.write(self.out, b"%.6f %s %s %s\n" % (
            time.time(), sender.encode(), digest(body).hex().encode(),
            found.group(1) if found else b"-"))

    def taken(self):
        """{sender: [(time, digest, id)]}"""
        found = collections.defaultdict(list)
        with open(self.path) as f:
            for line in f:
                when, sender, what, number = line.split()
                found[sender].append((float(when), bytes.fromhex(what),
                                      number))
        return found


def stage(net, users, config=""):
    """A host, and the sink."""
    net.zone("s1.example", "@ A 10.99.0.1")
    net.zone("sink.example", "@ MX 10 mail", "mail A " + SINK)
    net.serve_dns()
    return net.host("s1", users=users, config=config), Sink(net)


def in_mailboxes(host):
    """{sender: [(time, digest, id)]}"""
    found = collections.defaultdict(list)
    for user in host.users:
        new = host.path("home", user, "Maildir/new")
        for name in os.listdir(new) if os.path.isdir(new) else []:
            path = os.path.join(new, name)
            with open(path, "rb") as f:
                text = f.read()
            sender = re.match(rb"Return-Path: <([^@>]*)", text).group(1)
            number = ID.search(text)
            found[sender.decode() or "<>"].append((
                os.stat(path).st_mtime, digest(text[TRACE.match(text).end():]),
                number.group(1).decode() if number else "-"))
    return found


def wait_empty(host, patience=hosts.PATIENCE):
    """Who answers may have been killed a moment ago."""
    said = []

    def is_empty():
        said[:] = [host.run("relais", "queue", "list", check=False).stdout]
        return "Mail queue is empty" in said[0]

    try:
        hosts.wait_for("an empty queue", is_empty, patience)
    except hosts.Timeout:
        print(said[0])
        raise


# ---- the sum ----------------------------------------------------------------

def claims(check, clients, places):
    """What was promised is there, what is there was sent.  places: {name:
    {sender: [(time, digest, id)]}}.  Returns what came more than once: [(place,
    sender, arrivals by time)]."""
    sent = {n: d for c in clients for n, d in c.sent.items()}
    promised = {n for c in clients for n in c.promised}
    twice = []
    for place, found in places.items():
        missing = sorted(promised - set(found))
        torn = sorted(n for n, came in found.items() if n not in sent or
                      any(what != sent[n] for _, what, _ in came))
        twice += [(place, n, sorted(came)) for n, came in found.items()
                  if len(came) > 1]
        check.claim("%s: each of %d promised letters is there" % (
            place, len(promised)), promised and not missing)
        check.claim("%s: nothing is torn, and nothing came that nobody sent"
                    % place, not torn)
        for name in missing[:20]:
            print("missing: %s %s" % (name, [c.promised[name] for c in clients
                                             if name in c.promised]))
        for name in torn[:20]:
            print("torn or strange: %s %s" % (name, found[name]))
    print("%d sent, %d promised; %s" % (len(sent), len(promised), dict(sum(
        (c.codes for c in clients), collections.Counter()))), flush=True)
    return twice


def seed():
    """RELAIS_SEED, or any; the same again with the same."""
    value = int(os.environ.get("RELAIS_SEED", "0")) or random.randrange(
        1, 1 << 32)
    print("RELAIS_SEED=%d" % value, flush=True)
    return value


def amount(name, default, sanitized=None):
    """The environment's number, else the first argument's."""
    if name in os.environ:
        return int(os.environ[name])
    if len(sys.argv) > 1:
        return int(sys.argv[1])
    if sanitized is not None and "RELAIS_SANITIZED" in os.environ:
        return sanitized
    return default
