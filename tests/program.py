# SPDX-License-Identifier: ISC
"""One program of the suite as a process, with master around it and one
neighbour in front of it, both played by the test.

    with program.Program(path, root, "LOOKUP") as p:
        p.tell("CONF_PASSWORDS", [fd], path="/x")
        p.tell("START")
        p.say("JUDGE", token=1, ...)
        for name, values in p.hear(): ...

The words are shared/ipc.def's; nothing of a program is known here.
"""
import contextlib
import os
import re
import socket
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
WIDTH = {"u8": "<B", "u16": "<H", "u32": "<I", "u64": "<Q"}
UID = 61999


def rows():
    """Roles by name, messages by name and by number: (name, fields)."""
    text = ""
    for name in ("ipc.def", "ipc_login.def", "ipc_remote.def",
                 "ipc_queue.def"):
        with open(os.path.join(HERE, "..", "shared", name)) as f:
            text += f.read()
    roles = re.findall(r"^ROLE\((\w+),", text, re.M)
    fields = {}
    for name, body in re.findall(
            r"^#define (\w+)_FIELDS\(F\)((?:.*\\\n)*.*)$", text, re.M):
        fields[name] = re.findall(r"F\((\w+), (\w+),", body)
    messages = re.findall(r"^MSG\((\w+),", text, re.M)
    return ({n: i for i, n in enumerate(roles)},
            {n: i + 1 for i, n in enumerate(messages)},
            {i + 1: (n, fields[n]) for i, n in enumerate(messages)})


ROLES, NUMBERS, ROWS = rows()


def encode(message, /, **values):
    body = b""
    for kind, field in ROWS[NUMBERS[message]][1]:
        value = values.get(field, 0 if kind in WIDTH else b"")
        if kind in WIDTH:
            body += struct.pack(WIDTH[kind], value)
        else:
            value = value.encode() if isinstance(value, str) else value
            body += struct.pack("<I", len(value)) + value
    return struct.pack("<HI", NUMBERS[message], len(body)) + body


def decode(frame):
    while frame:
        number, length = struct.unpack_from("<HI", frame)
        body, frame = frame[6:6 + length], frame[6 + length:]
        name, fields = ROWS[number]
        values = {}
        for kind, field in fields:
            if kind in WIDTH:
                size = struct.calcsize(WIDTH[kind])
                values[field] = struct.unpack(WIDTH[kind], body[:size])[0]
            elif kind in ("text", "bytes"):
                size = 4 + struct.unpack("<I", body[:4])[0]
                values[field] = body[4:size]
            else:
                break
            body = body[size:]
        yield name, values


def pair():
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


class Program:
    """path: of the program; root: what it shall be confined to; neighbours:
    roles that it is wired to, the first being the one that say() speaks for.
    """

    def __init__(self, path, root, *neighbours, patience=30):
        self.role = ROLES[os.path.basename(path).upper()]
        self.control, control = pair()
        self.log, log = pair()
        self.ends = {}
        unprivileged = os.geteuid() != 0
        self.control.send(self.hello("MASTER") + encode(
            "BOOT", uid=UID, gid=UID, flags=int(unprivileged), root=root))
        ends = [os.dup(s.fileno()) for s in (control, log)]
        high = [os.dup2(fd, 50 + i) for i, fd in enumerate(ends)]
        self.pid = os.posix_spawn(path, [path], dict(os.environ),
                                  file_actions=[
            (os.POSIX_SPAWN_DUP2, high[0], 3),
            (os.POSIX_SPAWN_DUP2, high[1], 4)])
        for fd in ends + high:
            os.close(fd)
        control.close()
        log.close()
        for role in neighbours:
            self.ends[role], theirs = pair()
            self.tell("WIRE", [theirs.fileno()], role=ROLES[role])
            theirs.close()
            self.ends[role].send(self.hello(role))
        self.neighbour = self.ends[neighbours[0]]
        for s in (self.control, self.log, *self.ends.values()):
            s.settimeout(patience)

    def hello(self, role):
        return encode("HELLO", role=ROLES[role], version=1, life=7)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.status = self.stop()

    def stop(self):
        with contextlib.suppress(OSError):
            self.tell("STOP")
        for s in (self.control, *self.ends.values()):
            s.close()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def lines(self):
        """What it has logged by now."""
        said = []
        self.log.setblocking(False)
        with contextlib.suppress(OSError):
            while line := self.log.recv(65536):
                said.append(line.decode(errors="replace"))
        return "\n".join(said)

    def tell(self, message, fds=(), /, **values):
        """As master."""
        socket.send_fds(self.control, [encode(message, **values)], list(fds))

    def say(self, message, /, **values):
        self.neighbour.send(encode(message, **values))

    def hear(self, role=None):
        """Waits for what is said to a neighbour: (name, values), in order."""
        frame = (self.ends[role] if role else self.neighbour).recv(65536)
        if not frame:
            raise EOFError("it is gone: " + self.lines())
        return decode(frame)
