#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Postfix, Exim and OpenSMTPD as receivers of what relais sends, side by side:
a letter that is to arrive as it is, recipients of whom one is refused or put
off, one that is too large, a notice with the null path; and what each offers is
used.

All run from what tests/peers unpacked, as hosts of their own.
"""
import email
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402
import postfix  # noqa: E402
import relays   # noqa: E402

SENDER = "jqp@s1.example"
USERS = ["u1", "u2"]
KINDS = "dots", "eight-bit", "long-lines", "64k"
LATE = "later"              # who is put off until the host says otherwise
SIZE = 200000               # octets that each of them takes
CONFIG = """\
relay-from 10.99.0.0/24
retry {
    first 1h
}
"""
POSTFIX = """\
message_size_limit = %d
smtpd_recipient_restrictions =
    check_recipient_access inline:{{ later@ = 451 4.7.1 come again }},
    permit_mynetworks
smtpd_tls_security_level = may
smtpd_tls_chain_files = /etc/relais/mail.key /etc/relais/mail.pem
""" % SIZE
MASTER_CF = "tlsmgr unix - - n 1000? 1 tlsmgr\n"
EXIM = """\
exim_path = %%(peers)s/usr/sbin/exim4
keep_environment = LD_LIBRARY_PATH
spool_directory = /var/spool/exim4
log_file_path = /var/spool/exim4/%%%%slog
primary_hostname = mail.exim.example
disable_ipv6 = true
deliver_drop_privilege = true
message_size_limit = %d
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
tls_advertise_hosts = *
tls_certificate = /etc/exim4/mail.pem
tls_privatekey = /etc/exim4/mail.key
host_lookup =
rfc1413_hosts =

begin acl
rcpt:
    deny local_parts = !u1 : !u2 : !later
         message = 550 5.1.1 User unknown here
    defer local_parts = later
          message = 451 4.7.1 come again
    accept
accept:
    accept

begin routers
all:
    driver = accept
    transport = box

begin transports
box:
    driver = appendfile
    maildir_format
    directory = /var/spool/exim4/box
    return_path_add
    envelope_to_add
""" % SIZE
OPENSMTPD = """\
smtp max-message-size %d
pki mail cert "/etc/relais/mail.pem"
pki mail key "/etc/relais/mail.key"
table late { "later@opensmtpd.example" }
filter put-off phase rcpt-to match rcpt-to <late> \\
    reject "451 4.7.1 come again"
table strangers { "stranger@opensmtpd.example" }
filter unknown phase rcpt-to match rcpt-to <strangers> \\
    reject "550 5.1.1 User unknown here"
filter both chain { put-off, unknown }
listen on 0.0.0.0 port 25 hostname mail.opensmtpd.example tls pki mail \\
    filter both
action "box" relay host smtp://10.99.0.5:25
match from any for domain "opensmtpd.example" action "box"
""" % SIZE


def certify(host):
    os.makedirs(host.path("etc/relais"))
    host.certificate()


class Postfix(postfix.Postfix):
    domain_of = "s2.example"
    shakes_hands = True
    chunks = r"disconnect from .* bdat=[1-9]"

    def __init__(self, net, number):
        super().__init__(net, "s2", number, users=USERS + [LATE])
        net.hosts["s2"] = self

    def furnish(self, aliases):
        super().furnish(aliases)
        certify(self)
        for name, more in (("main.cf", POSTFIX), ("master.cf", MASTER_CF)):
            with open(self.path("etc/postfix", name), "a") as f:
                f.write(more)

    def letters(self):
        return [m for u in self.users for m in self.mail(u)]


class Exim(relays.Exim):
    domain_of = "exim.example"
    shakes_hands = True
    chunks = r"<= jqp@s1\.example .* P=esmtps .* K "

    def furnish(self, aliases):
        super().furnish(aliases)
        certify(self)
        hosts.write(self.path("etc/exim4/exim4.conf"), EXIM % {
            "peers": postfix.PEERS}, 0o640)
        uid = hosts.FIRST_UID + self.accounts.index("Debian-exim")
        os.chown(self.path("etc/exim4/exim4.conf"), 0, uid)
        for end in "pem", "key":
            path = self.path("etc/exim4/mail." + end)
            os.rename(self.path("etc/relais/mail." + end), path)
            os.chown(path, 0, uid)
            os.chmod(path, 0o640)

    def letters(self):
        box = os.path.join(self.spool, "box/new")
        found = []
        for name in os.listdir(box) if os.path.isdir(box) else []:
            with open(os.path.join(box, name), "rb") as f:
                found.append(f.read())
        return found


class Opensmtpd(relays.Opensmtpd):
    """Its own deliveries want files of Debian's at their place, so one of ours
    has its mailboxes."""

    domain_of = "opensmtpd.example"
    shakes_hands = False        # Debian's cannot sign: "EVP lib"
    chunks = None               # which it does not know

    def __init__(self, net, number, boxes):
        super().__init__(net, number)
        self.boxes = boxes

    def furnish(self, aliases):
        super().furnish(aliases)
        certify(self)
        hosts.write(self.path("etc/smtpd.conf"), OPENSMTPD)

    def letters(self):
        return [m for u in self.boxes.users for m in self.boxes.mail(u)]


def text(subject, body):
    return (b"From: jqp@s1.example\r\nMIME-Version: 1.0\r\nContent-Type: "
            b"text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit"
            b"\r\nSubject: %s\r\n\r\n%s" % (subject.encode(), body))


def named(peer, subject):
    return [m for m in peer.letters()
            if b"\nSubject: %s\n" % subject.encode() in m]


def arrives(check, peer, subject, count=1):
    hosts.wait_for("%s at %s" % (subject, peer.domain_of),
                   lambda: len(named(peer, subject)) >= count)
    return named(peer, subject)


def said(s1, who, peer):
    """What became of a recipient: (dsn, status)."""
    return s1.wait_log(r"to=<%s@%s>, .*, dsn=([\d.]+), status=(\w+)" % (
        who, peer.domain_of)).groups()


def as_it_is(check, s1, peer):
    kinds = {k: v for k, v in postfix.letters().items() if k in KINDS}
    for octets in kinds.values():
        postfix.submit(s1, SENDER, ["u1@" + peer.domain_of], octets)
    for subject, octets in kinds.items():
        got = arrives(check, peer, subject)
        check.claim("%s has %s, octet for octet" % (peer.name, subject), [
            postfix.below_trace(m) for m in got] == [
                octets.replace(b"\r\n", b"\n")])


def one_is_refused(check, s1, peer):
    to = [u + "@" + peer.domain_of for u in USERS + ["stranger"]]
    postfix.submit(s1, SENDER, to, text("refused", b"x\r\n"))
    check.claim("%s refuses one: %s" % (peer.name, said(s1, "stranger", peer)),
                said(s1, "stranger", peer) == ("5.1.1", "bounced"))
    check.claim("and has it for the others, once each", len(
        arrives(check, peer, "refused", 2)) == 2)


def one_is_put_off(check, s1, peer):
    to = [u + "@" + peer.domain_of for u in (LATE, "u1")]
    postfix.submit(s1, SENDER, to, text("put off", b"x\r\n"))
    check.claim("%s puts one off: %s" % (peer.name, said(s1, LATE, peer)),
                said(s1, LATE, peer) == ("4.7.1", "deferred"))
    check.claim("and has it for the other", len(
        arrives(check, peer, "put off")) == 1)


def one_is_too_large(check, s1, peer):
    to = ["u2@" + peer.domain_of]
    postfix.submit(s1, SENDER, to, text("large", b"x" * 60 + b"\r\n" * SIZE))
    heard = s1.wait_log(r"to=<u2@%s>, .*, status=bounced (.*)" %
                        peer.domain_of).group(0)
    check.claim("%s has no letter that is too large: %s" % (
        peer.name, heard), not named(peer, "large"))


def a_null_path(check, s1, peer):
    postfix.submit(s1, "", ["u2@" + peer.domain_of], text("null", b"x\r\n"))
    got = arrives(check, peer, "null")
    check.claim("%s has a letter from nobody" % peer.name, [
        email.message_from_bytes(m)["Return-Path"] for m in got] == ["<>"])


def what_is_offered(check, s1, peer):
    """TLS, which nobody asked us for, and chunks; each tells it its way."""
    sent = re.findall(r"to=<\w+@%s>, .*status=sent.*" % re.escape(
        peer.domain_of), s1.log())
    check.claim("%s has all %s" % (
        peer.name, "by TLS" if peer.shakes_hands else
        "in plain text, because its handshake fails"), sent and all(
            (", tls=TLSv1" in line) == peer.shakes_hands for line in sent))
    if peer.chunks is not None:
        check.claim("%s has it in chunks" % peer.name, hosts.wait_for(
            "its log", lambda: re.search(peer.chunks, peer.log())))


def receives(check, s1, peer):
    peer.start()
    for step in (as_it_is, one_is_refused, one_is_put_off, one_is_too_large,
                 a_null_path, what_is_offered):
        step(check, s1, peer)


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        s1 = net.host("s1", users=["jqp"], config=CONFIG)
        peers = [Postfix(net, 2), Exim(net, 3)]
        s5 = hosts.Host(net, "s5", 5, users=USERS, domain="opensmtpd.example")
        peers.append(Opensmtpd(net, 4, s5))
        net.hosts["s5"] = s5
        net.zone("s1.example", "@ MX 10 mail", "mail A " + s1.address)
        for peer in peers:
            net.zone(peer.domain_of, "@ MX 10 mail", "mail A " + peer.address)
        net.serve_dns()
        s1.start()
        s5.start()
        hosts.side_by_side(*[(receives, check, s1, p) for p in peers])
        letters = s1.wait_mail("jqp", 2 * len(peers))
        told = sorted(re.findall(r"(?m)^Final-Recipient: *rfc822; *(\S+)$",
                                 b"\n".join(letters).decode("latin-1")))
        check.claim("the sender hears of those who were refused, and of no "
                    "other", told == sorted(
                        "%s@%s" % (u, p.domain_of) for p in peers
                        for u in ("stranger", "u2")))
        if check.failed:
            for peer in peers:
                print(peer.log()[-6000:])
        s1.stop()       # now our connections end, and are summed up
        s5.stop()
        check.claim("our log has no error", not re.search(
            r"\b(error|fatal|panic):", s1.log()))
    return check.end()


if __name__ == "__main__":
    sys.exit(main())
