# SPDX-License-Identifier: ISC
"""One judge of passwords as a process, and who is around it: master, and
lookup, which asks.

    with judge.Judge(program, root) as j:
        j.file("/path") or j.socket("/path")
        j.plain("joe", "secret")        # an outcome, by its name

The words are shared/ipc.def's; nothing of the program is known here.
"""
import contextlib
import ctypes
import os
import re
import socket
import struct

import scram

HERE = os.path.dirname(os.path.abspath(__file__))
OUTCOMES = "good bad later malformed cancelled weak".split()
WIDTH = {"u8": "<B", "u16": "<H", "u32": "<I", "u64": "<Q"}
UID = 61999


def rows():
    """Roles by name, messages by name and by number: (name, fields)."""
    text = ""
    for name in ("ipc.def", "ipc_login.def", "ipc_remote.def"):
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


def encode(name, **values):
    body = b""
    for kind, field in ROWS[NUMBERS[name]][1]:
        value = values.get(field, 0 if kind in WIDTH else b"")
        if kind in WIDTH:
            body += struct.pack(WIDTH[kind], value)
        else:
            value = value.encode() if isinstance(value, str) else value
            body += struct.pack("<I", len(value)) + value
    return struct.pack("<HI", NUMBERS[name], len(body)) + body


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


class Judge:
    """program: its path; root: what it shall be confined to."""

    def __init__(self, program, root, patience=30):
        self.role = ROLES[os.path.basename(program).upper()]
        self.mechanisms, self.token = None, 0
        self.heard = {}             # by token, in order
        self.control, control = pair()
        self.log, log = pair()
        self.lookup, theirs = pair()
        for s in (self.control, self.lookup, self.log):
            s.settimeout(patience)
        unprivileged = os.geteuid() != 0
        self.control.send(self.hello("MASTER") + encode(
            "BOOT", uid=UID, gid=UID, flags=int(unprivileged), root=root))
        ends = [os.dup(s.fileno()) for s in (control, log)]
        high = [os.dup2(fd, 50 + i) for i, fd in enumerate(ends)]
        self.pid = os.posix_spawn(program, [program], dict(os.environ),
                                  file_actions=[
            (os.POSIX_SPAWN_DUP2, high[0], 3),
            (os.POSIX_SPAWN_DUP2, high[1], 4)])
        for fd in ends + high:
            os.close(fd)
        control.close()
        log.close()
        self.tell("WIRE", [theirs.fileno()], role=ROLES["LOOKUP"])
        theirs.close()
        self.lookup.send(self.hello("LOOKUP"))

    def hello(self, role):
        return encode("HELLO", role=ROLES[role], version=1, life=7)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.status = self.stop()

    def stop(self):
        with contextlib.suppress(OSError):
            self.tell("STOP")
        for s in (self.control, self.lookup):
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

    # ---- master ------------------------------------------------------------

    def tell(self, name, fds=(), **values):
        socket.send_fds(self.control, [encode(name, **values)], list(fds))

    def file(self, path):
        with open(path, "rb") as f:
            self.tell("CONF_PASSWORDS", [f.fileno()], path=path)
        self.tell("START")

    def socket(self, path):
        self.tell("CONF_DOVECOT", path=path)
        self.tell("START")

    # ---- lookup ------------------------------------------------------------

    def hear(self):
        """Waits for what is said to lookup, and keeps it by its token."""
        frame = self.lookup.recv(65536)
        if not frame:
            raise EOFError("the judge is gone: " + self.lines())
        for name, values in decode(frame):
            if name == "JUDGE_CAN":
                self.mechanisms = values["mechanisms"].decode().split()
            elif "token" in values:
                self.heard.setdefault(values["token"], []).append(
                    (name, values))

    def until_can(self, *mechanisms):
        while self.mechanisms is None or \
                set(self.mechanisms) != set(mechanisms):
            self.hear()

    def ask(self, mechanism, initial=None, binding="", data=b"",
            address=bytes(10) + b"\xff\xff\xc0\0\2\1"):
        self.token += 1
        self.lookup.send(encode(
            "JUDGE", token=self.token, mechanism=mechanism,
            has_initial=int(initial is not None), initial=initial or b"",
            binding=binding, binding_data=data, address=address))
        return self.token

    def answer(self, token, data, cancelled=0):
        self.lookup.send(encode("JUDGE_HEARS", token=token, data=data,
                                cancelled=cancelled))

    def next(self, token):
        """("says", octets), or ("judged", outcome, identity, account)."""
        while not self.heard.get(token):
            self.hear()
        name, values = self.heard[token].pop(0)
        if name == "JUDGE_SAYS":
            return "says", values["data"]
        return ("judged", OUTCOMES[values["outcome"]],
                values["identity"].decode(), values["account"].decode())

    def talk(self, mechanism, *answers, initial=None, **more):
        """All of it; what the judge said, then the outcome."""
        token = self.ask(mechanism, initial, **more)
        said, answers = [], list(answers)
        while True:
            got = self.next(token)
            said.append(got[1])
            if got[0] == "judged":
                self.identity, self.account = got[2:]
                return said
            self.answer(token, answers.pop(0) if answers else b"")

    # ---- clients -----------------------------------------------------------

    def plain(self, name, password, authorize=""):
        message = "\0".join((authorize, name, password)).encode()
        return self.talk("PLAIN", initial=message)[-1]

    def login(self, name, password):
        return self.talk("LOGIN", name.encode(), password.encode())[-1]

    def scram(self, name, password, binding="", data=b"", flag=None,
              plus=False):
        """A client of its own: an outcome, and whether the judge proved that
        it knows the password as well."""
        flag = flag or ("p=" + binding if plus else "n")
        client = scram.Client(name, password, flag, data if plus else b"")
        token = self.ask("SCRAM-SHA-256-PLUS" if plus else "SCRAM-SHA-256",
                         client.first(), binding, data)
        got = self.next(token)
        if got[0] == "judged":
            return got[1], False
        self.answer(token, client.final(got[1]))
        self.salt = client.salt
        got = self.next(token)
        proven = got[0] == "says" and client.is_proven(got[1])
        if got[0] == "says":
            self.answer(token, b"")
            got = self.next(token)
        self.identity, self.account = got[2:]
        return got[1], proven


def crypt(password, method):
    """A hash for a file: method is "$y$", "$2b$" or "$6$"."""
    lib = ctypes.CDLL("libcrypt.so.1")
    lib.crypt.restype = lib.crypt_gensalt.restype = ctypes.c_char_p
    setting = lib.crypt_gensalt(method.encode(), ctypes.c_ulong(0), None, 0)
    return lib.crypt(password.encode(), setting).decode()
