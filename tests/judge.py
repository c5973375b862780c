# SPDX-License-Identifier: ISC
"""One judge of passwords as a process, and who is around it: master, and
lookup, which asks.

    with judge.Judge(program, root) as j:
        j.file("/path") or j.socket("/path")
        j.plain("joe", "secret")        # an outcome, by its name

The words are shared/ipc.def's; nothing of the program is known here.
"""
import ctypes

import program
import scram

OUTCOMES = "good bad later malformed cancelled weak".split()


class Judge(program.Program):
    """path: of the judge; root: what it shall be confined to."""

    def __init__(self, path, root, patience=30):
        self.mechanisms, self.token = None, 0
        self.heard = {}             # by token, in order
        super().__init__(path, root, "LOOKUP", patience=patience)

    # ---- master ------------------------------------------------------------

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
        for name, values in super().hear():
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
        self.say(
            "JUDGE", token=self.token, mechanism=mechanism,
            has_initial=int(initial is not None), initial=initial or b"",
            binding=binding, binding_data=data, address=address)
        return self.token

    def answer(self, token, data, cancelled=0):
        self.say("JUDGE_HEARS", token=token, data=data,
                 cancelled=cancelled)

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
