# SPDX-License-Identifier: ISC
"""resolver as a process of its own, between a test and its name servers.

    with resolving.Resolver(program, root, "127.0.0.1:53") as r:
        r.mail("example.org")           # an Answer
        r.name("192.0.2.1")             # ("found", "mail.example.org")
        r.mails(["a.example", "b.example"])     # many at once
"""
import collections
import ipaddress

import program

OUTCOMES = "ok unknown null later".split()
NAMED = "found none later".split()
MX, HOST = 0, 1
AT_ONCE = 500               # less than the credit

Answer = collections.namedtuple("Answer", "outcome secure found")


class Resolver(program.Program):
    def __init__(self, path, root, *servers, patience=60):
        super().__init__(path, root, "REMOTE", "SMTPD", patience=patience)
        for server in servers:
            self.tell("CONF_RESOLVER", server=server)
        self.tell("START")
        self.token = 0
        self.found = collections.defaultdict(list)
        self.answers = {}

    def ask(self, name, kind=MX):
        self.token += 1
        self.say("RESOLVE", token=self.token, name=name, kind=kind)
        return self.token

    def answer(self, token):
        """Waits for it: found are (preference, host, address)."""
        while token not in self.answers:
            for name, x in self.hear():
                if name == "ADDRESS":
                    self.found[x["token"]].append((
                        x["preference"], x["host"].decode(),
                        str(ipaddress.ip_address(x["address"]))))
                elif name == "RESOLVED":
                    self.answers[x["token"]] = Answer(
                        OUTCOMES[x["outcome"]], bool(x["secure"]),
                        self.found.pop(x["token"], []))
        return self.answers.pop(token)

    def mail(self, name, kind=MX):
        return self.answer(self.ask(name, kind))

    def mails(self, names, kind=MX, at_once=AT_ONCE):
        waiting, got = collections.deque(), []
        for name in names:
            if len(waiting) == at_once:
                got.append(self.answer(waiting.popleft()))
            waiting.append(self.ask(name, kind))
        return got + [self.answer(token) for token in waiting]

    # ---- smtpd -------------------------------------------------------------

    def name(self, *addresses):
        """(outcome, name) of the one, or a list of those of many."""
        smtpd, got, first = self.ends["SMTPD"], {}, self.token + 1
        for address in addresses:
            a = ipaddress.ip_address(address)
            self.token += 1
            smtpd.send(program.encode(
                "NAME_OF", token=self.token, address=a.packed
                if a.version == 6 else bytes(10) + b"\xff\xff" + a.packed))
        while len(got) < len(addresses):
            for name, x in self.hear("SMTPD"):
                if name == "NAMED":
                    got[x["token"]] = (NAMED[x["outcome"]],
                                       x["name"].decode())
        all = [got[first + i] for i in range(len(addresses))]
        return all[0] if len(all) == 1 else all

    # ---- the process -------------------------------------------------------

    def memory(self):
        """Octets of it that are in memory."""
        with open("/proc/%d/statm" % self.pid) as f:
            return int(f.read().split()[1]) * 4096
