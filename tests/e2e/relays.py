#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Exim and OpenSMTPD between two hosts of ours: each takes letters of several
kinds from relais and hands them on to relais, with many recipients of whom one
is unknown.

Both run from what tests/peers unpacked, as hosts of their own, s3 and s4.
"""
import email
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402
from postfix import PEERS, are_whole, letters, submit   # noqa: E402

LIBRARIES = ":".join(PEERS + d for d in (
    "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"))
USERS = ["u%d" % n for n in range(40)]
SENDER = "jqp@s1.example"
FIRST = """\
relay-from 10.99.0.0/24
route %(exim)s {
    via [10.99.0.3]:25
}
route %(opensmtpd)s {
    via [10.99.0.4]:25
}
"""
LAST = """\
domain %(exim)s {
    deliver maildir ~/Maildir
}
domain %(opensmtpd)s {
    deliver maildir ~/Maildir
}
"""
DOMAINS = {"exim": "exim.example", "opensmtpd": "opensmtpd.example"}

EXIM = """\
exim_path = %(peers)s/usr/sbin/exim4
keep_environment = LD_LIBRARY_PATH
spool_directory = /var/spool/exim4
log_file_path = /var/spool/exim4/%%slog
primary_hostname = mail.s3.example
disable_ipv6 = true
deliver_drop_privilege = true
# what comes is no user's of this machine
local_from_check = false
smtp_accept_max_per_connection = 0
acl_smtp_rcpt = accept
acl_smtp_data = accept
tls_advertise_hosts =
host_lookup =
rfc1413_hosts =

begin acl
accept:
    accept

begin routers
by_mx:
    driver = dnslookup
    transport = smtp

begin transports
smtp:
    driver = smtp
    max_rcpt = 100
    hosts_try_dane =

begin retry
* * F,1h,1s
"""

OPENSMTPD = """\
queue ttl 1h
listen on 0.0.0.0 port 25 hostname mail.s4.example
action "on" relay helo mail.s4.example
match from any for any action "on"
"""
# Directories that are compiled in and not on this machine, seen by the host's
# own mount namespace alone.
OPENSMTPD_START = """\
mount -t tmpfs -o mode=755 tmpfs /var/lib &&
mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd &&
chmod 711 /var/spool/smtpd &&
exec %(peers)s/usr/sbin/smtpd -d -f /etc/smtpd.conf
"""


class Relay(hosts.Host):
    """Somebody else's server; `said` is what it says."""

    def __init__(self, net, name, number, accounts, mounts=None):
        super().__init__(net, name, number, accounts=accounts, mounts=dict(
            mounts or {}, **{PEERS: os.path.join(net.peers, "root")}))
        net.hosts[name] = self

    def spawn(self, *args):
        with open(self.path("said"), "ab") as said:
            subprocess.Popen(self.command(
                "env", "LD_LIBRARY_PATH=" + LIBRARIES, *args), stdout=said,
                stderr=said, stdin=subprocess.DEVNULL,
                preexec_fn=hosts.die_with_parent)
        hosts.wait_for("the server of " + self.name, self.listens)

    def listens(self):
        try:
            self.smtp().quit()
            return True
        except OSError:
            return False

    def log(self):
        with open(self.path("said"), errors="replace") as f:
            return f.read()


class Exim(Relay):
    def __init__(self, net, number):
        self.spool = os.path.join(net.dir, "exim4")
        os.mkdir(self.spool)
        super().__init__(net, "s3", number, ["Debian-exim"],
                         {"/var/spool/exim4": self.spool})

    def furnish(self, aliases):
        super().furnish(aliases)
        hosts.write(self.path("etc/exim4/exim4.conf"), EXIM % {
            "peers": PEERS}, 0o640)
        uid = hosts.FIRST_UID + self.accounts.index("Debian-exim")
        os.chown(self.path("etc/exim4/exim4.conf"), 0, uid)
        os.chown(self.spool, uid, uid)

    def start(self):
        self.spawn(PEERS + "/usr/sbin/exim4", "-bdf", "-q10s")

    def log(self):
        """What it wrote as well as what it said."""
        text = super().log()
        for name in ("mainlog", "paniclog"):
            path = os.path.join(self.spool, name)
            if os.path.exists(path):
                with open(path, errors="replace") as f:
                    text += f.read()
        return text


class Opensmtpd(Relay):
    def __init__(self, net, number):
        super().__init__(net, "s4", number, ["opensmtpd", "opensmtpq"])

    def furnish(self, aliases):
        super().furnish(aliases)
        hosts.write(self.path("etc/smtpd.conf"), OPENSMTPD)

    def start(self):
        self.spawn("unshare", "--mount", "sh", "-c",
                   OPENSMTPD_START % {"peers": PEERS})


def all_kinds(check, s1, s2, domain):
    """From us to it, from it to us."""
    sent = letters()
    before = len(s2.mail("u0"))
    for octets in sent.values():
        submit(s1, SENDER, ["u0@" + domain], octets)
    are_whole(check, s2, "u0", sent)
    traces = [email.message_from_bytes(m).get_all("Received")
              for m in s2.mail("u0")[before:]]
    check.claim("each passed three servers", all(
        len(t) == 3 and re.search(r"by s2\.example .*with ESMTP", t[0], re.S)
        for t in traces))
    for name in os.listdir(s2.path("home/u0/Maildir/new")):
        os.unlink(s2.path("home/u0/Maildir/new", name))


def many(check, s1, s2, domain):
    """The one who is unknown is refused in the dialogue, and it tells so."""
    before = len(s1.mail("jqp"))
    counts = {u: len(s2.mail(u)) for u in USERS[1:]}
    submit(s1, SENDER, ["%s@%s" % (u, domain)
                        for u in USERS[1:] + ["stranger"]],
           letters()["dots"])
    got = [len(s2.wait_mail(u, n + 1)) - n for u, n in counts.items()]
    check.claim("each of %d recipients has it once" % len(got),
                got == [1] * len(got))
    bounce = s1.wait_mail("jqp", before + 1)[-1]
    check.claim("the sender is told of the unknown one", b"5.1.1" in bounce
                and b"stranger@" + domain.encode() in bounce and
                email.message_from_bytes(bounce)["Return-Path"] == "<>")


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        for n, name in enumerate(["s1", "s2", "s3", "s4"]):
            net.zone(name + ".example", "@ MX 10 mail",
                     "mail A 10.99.0.%d" % (n + 1))
        for domain in DOMAINS.values():
            net.zone(domain, "@ MX 10 mail.s2.example.")
        net.serve_dns()
        s1 = net.host("s1", users=["jqp"], config=FIRST % DOMAINS)
        s2 = net.host("s2", users=USERS, config=LAST % DOMAINS)
        between = {"exim": Exim(net, 3), "opensmtpd": Opensmtpd(net, 4)}
        for host in (s1, s2, *between.values()):
            host.start()
        for name, host in between.items():
            print("---- %s ----" % name)
            all_kinds(check, s1, s2, DOMAINS[name])
            many(check, s1, s2, DOMAINS[name])
            if name == "exim":
                check.claim("Exim sends by BDAT", s2.wait_log(
                    r"disconnect from .* bdat=[1-9]"))
        for host in (s1, s2):
            host.wait_empty()
            host.stop()
            check.claim("the log of %s has no error" % host.name, not
                        re.search(r"\b(error|fatal|panic):", host.log()))
    return check.end()


if __name__ == "__main__":
    sys.exit(main())
