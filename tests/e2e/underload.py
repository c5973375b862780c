#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# tests/run: alone
"""As root: fifty clients send without pause while every component is
restarted in turn, several times.  No connection is refused, and no letter that
was promised (250) is lost; what came twice is counted, and may only be a
letter whose 250 its client did not see.

RELAIS_ROUNDS says how often all are restarted: 10, and 2 with sanitizers.
"""
import collections
import os
import re
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

CLIENTS = 50
ROUNDS = int(os.environ.get(
    "RELAIS_ROUNDS", "2" if "RELAIS_SANITIZED" in os.environ else "10"))
ROLES = ("logger users lookup resolver queue remote local monitor smtpd "
         "control").split()
USERS = ["u%d" % i for i in range(16)]  # one mailbox takes them too slowly
GAP = 0.1           # between two restarts, for the load to be there
CONFIG = """\
relay-from 10.99.0.0/24
retry {
    first 1s
    maximum 2s
}
"""


class Client(threading.Thread):
    """Every second letter goes to a user here, every other to s2."""

    def __init__(self, host, number, over):
        super().__init__(daemon=True)
        self.host, self.number, self.over = host, number, over
        self.promised, self.unsure = [], []
        self.later = collections.Counter()
        self.refused = 0

    def send(self, client, n):
        mark = "mark-%d-%d" % (self.number, n)
        to = "%s@s%d.example" % (USERS[n // 2 % len(USERS)], 1 + n % 2)
        client.mail("x@s1.example")
        code = client.rcpt(to)[0]
        if code == 250:
            code = client.docmd("DATA")[0]
        if code != 354:
            self.later["%d before content" % code] += 1
            client.rset()
            return
        client.send(("Subject: %s\r\n\r\n%s\r\n.\r\n" % (
            mark, "text " * 200)).encode())
        self.unsure.append(mark)
        code = client.getreply()[0]
        if code == 250:
            self.promised.append(mark)
            self.unsure.pop()
        else:
            self.later["%d after content" % code] += 1

    def run(self):
        n = 0
        while not self.over.is_set():
            try:
                with self.host.smtp() as client:
                    client.ehlo()
                    for _ in range(5):
                        self.send(client, n)
                        n += 1
            except ConnectionRefusedError:
                self.refused += 1
            except (OSError, hosts.smtplib.SMTPException) as e:
                self.later[type(e).__name__] += 1


def restart_all(host):
    failed = []
    for n in range(ROUNDS):
        for role in ROLES:
            time.sleep(GAP)     # load, not an event, is what is waited for
            done = host.run("relais", "restart", role, check=False)
            if done.returncode != 0:
                failed.append((n, role, done.stderr))
    return failed


def marks(*hosts_):
    found = collections.Counter()
    for h in hosts_:
        for letter in (m for u in USERS for m in h.mail(u)):
            found[re.search(rb"^Subject: (mark-\d+-\d+)", letter,
                            re.M).group(1).decode()] += 1
    return found


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        for name in ("s1", "s2"):
            net.zone(name + ".example", "@ MX 10 mail.%s.example." % name,
                     "mail A 10.99.0." + name[1])
        net.serve_dns()
        s1 = net.host("s1", users=USERS, config=CONFIG)
        s2 = net.host("s2", users=USERS)
        s1.start()
        s2.start()
        over = threading.Event()
        clients = [Client(s1, i, over) for i in range(CLIENTS)]
        for c in clients:
            c.start()
        failed = restart_all(s1)
        over.set()
        for c in clients:
            c.join()
        print("sent", file=sys.stderr)
        s1.wait_empty(300)
        s2.wait_empty(300)
        found = marks(s1, s2)
        promised = [m for c in clients for m in c.promised]
        unsure = {m for c in clients for m in c.unsure}
        later = sum((c.later for c in clients), collections.Counter())
        twice = [m for m, count in found.items() if count > 1]
        lost = [m for m in promised if m not in found]
        print("%d restarts, %d promised, %d arrived, %d unsure, %d of them "
              "arrived, %d came twice, told to come later: %s" % (
                  ROUNDS * len(ROLES), len(promised), sum(found.values()),
                  len(unsure), len(unsure & set(found)), len(twice),
                  dict(later)))
        check.claim("every restart succeeded", not failed)
        for f in failed:
            print(f)
        check.claim("no connection was refused",
                    not sum(c.refused for c in clients))
        check.claim("each client got letters through",
                    all(c.promised for c in clients))
        check.claim("no client is told to come later before its content",
                    not later["451 before content"])
        check.claim("no letter with a 250 is lost", not lost)
        if lost:
            print(lost[:20])
        check.claim("no letter came twice", not twice)
        if twice:
            print(twice[:20], [m in unsure for m in twice[:20]])
        bad = re.findall(r".*(?:was killed|ended with status|accuses|fatal:).*",
                         s1.log())
        check.claim("nobody was killed, crashed or accused", not bad)
        for line in bad:
            print(line)
        s1.stop()
        s2.stop()
    return check.end()


sys.exit(main())
