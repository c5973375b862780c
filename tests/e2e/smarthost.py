#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""TLS and logins towards other servers: scripted ones, each with a way of its
own, what the log says of each, and what they saw; then Postfix with Dovecot's
passwords, and another host of ours, as smarthosts.

All scripted cases run side by side, each with a name and an address of its own.
"""
import base64
import json
import os
import re
import socket
import ssl
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import dovecot  # noqa: E402
import hosts    # noqa: E402
import peer     # noqa: E402
import postfix  # noqa: E402
from peer import (CLOSE, HANDSHAKE, HELLO, PASSWORD, SILENCE,  # noqa: E402
                  TOKEN, USER)

ZONE = "peer.example"
FIRST = 100
WRONG = "not this one"
BASE = """\
relay-from 10.99.0.0/24 127.0.0.0/8
remote {
    ca-file /etc/relais/ca.pem
    command-time 12s
}
"""
SENT, LATER = "sent", "deferred"
EHLO = b"250-peer.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
GOOD = {"": b"220 peer.example ESMTP\r\n",
        "EHLO": EHLO + b"250 STARTTLS\r\n",
        "HELO": b"250 peer.example\r\n",
        "STARTTLS": (b"220 go on\r\n", HANDSHAKE),
        "MAIL": b"250 2.1.0 ok\r\n", "RCPT": b"250 2.1.5 ok\r\n",
        "DATA": b"354 go on\r\n", ".": b"250 2.0.0 taken\r\n",
        "RSET": b"250 2.0.0 ok\r\n", "QUIT": b"221 2.0.0 bye\r\n"}
PLAIN = EHLO + b"250 SIZE\r\n"
LOGIN = "login %s /etc/relais/password\n" % USER


class Case:
    """route: what its block says; replies: what is said differently from
    GOOD, in plain text and, from `tls`, under TLS; certificate: whose; auth:
    the mechanisms, and what becomes of them."""

    def __init__(self, name, route, wanted, dsn, log=None, replies=(), tls=(),
                 certificate=None, port=25, most=ssl.TLSVersion.TLSv1_3,
                 auth=None, connections=1):
        self.name, self.route, self.wanted = name, route, wanted
        self.dsn, self.log, self.port, self.auth = dsn, log, port, auth
        self.replies = dict(GOOD, **dict(replies))
        under = {"EHLO": PLAIN}
        if auth:
            under["EHLO"] = EHLO + b"250 AUTH %s\r\n" % auth.encode()
        self.tls = dict(GOOD, **dict(under, **dict(tls)))
        self.certificate = certificate or "good"
        self.most, self.connections = most, connections
        self.host = "%s.%s" % (name, ZONE)
        self.lines = []         # (under TLS, line)
        self.taken = self.seen = 0
        self.names = []         # by SNI
        self.resumed = []

    def block(self):
        return "route %s {\n via [%s]:%d\n %s\n}\n" % (
            self.host, self.host, self.port, self.route.replace(";", "\n"))


def garbage(line=b"\x15\x03\x01\x00\x02\x02\x28 no TLS here\r\n"):
    return {"STARTTLS": (b"220 go on\r\n", HELLO, line, CLOSE)}


VERIFIED, REQUIRED = "tls verified", "tls required"
MAY, SECURED = r", tls=TLSv1\.3:\S+, policy=may$", r"tls=TLSv1\.3:\S+, policy="
NO_TLS = {"EHLO": PLAIN}
TRUST = r"no trust in the certificate of \S+: "
FAILED = r"cannot start TLS with "
CASES = [
    Case("may", "", SENT, "2.0.0", MAY),
    Case("may-unoffered", "", SENT, "2.0.0", r"taken\)$", NO_TLS),
    Case("no", "tls no", SENT, "2.0.0", r"taken\)$"),
    Case("required-unoffered", REQUIRED, LATER, "4.7.4", "not offered",
         NO_TLS),
    Case("verified-unoffered", VERIFIED, LATER, "4.7.4", "not offered",
         NO_TLS),
    Case("required-helo", REQUIRED, LATER, "4.7.4", "not offered",
         {"EHLO": b"502 what\r\n"}),
    Case("may-refused", "", SENT, "2.0.0", r"taken\)$",
         {"STARTTLS": b"454 4.7.0 not now\r\n"}),
    Case("required-refused", REQUIRED, LATER, "4.7.4", "454 not now",
         {"STARTTLS": b"454 4.7.0 not now\r\n"}),
    Case("may-garbage", "", SENT, "2.0.0", r"taken\)$", garbage(),
         connections=2),
    Case("may-closed", "", SENT, "2.0.0", r"taken\)$", garbage(b""),
         connections=2),
    Case("may-old", "", SENT, "2.0.0", r"taken\)$", connections=2,
         most=ssl.TLSVersion.TLSv1_1),
    Case("required-garbage", REQUIRED, LATER, "4.7.5", FAILED, garbage()),
    Case("verified-old", VERIFIED, LATER, "4.7.5", FAILED,
         most=ssl.TLSVersion.TLSv1_1),
    Case("injected", "", LATER, "4.5.0", "protocol error",
         {"STARTTLS": (b"220 go on\r\n250 peer.example\r\n", HANDSHAKE)}),
    Case("injected-required", REQUIRED, LATER, "4.5.0", "protocol error",
         {"STARTTLS": (b"220 go on\r\n250", HANDSHAKE)}),
    Case("verified", VERIFIED, SENT, "2.0.0", SECURED + "verified$"),
    Case("verified-1-2", VERIFIED, SENT, "2.0.0",
         r"tls=TLSv1\.2:\S+, policy=verified$",
         most=ssl.TLSVersion.TLSv1_2),
    Case("other-name", VERIFIED, LATER, "4.7.5", TRUST + "hostname mismatch",
         certificate="other"),
    Case("expired", VERIFIED, LATER, "4.7.5", TRUST + ".*expired",
         certificate="expired"),
    Case("self-signed", VERIFIED, LATER, "4.7.5", TRUST + "self-signed",
         certificate="alone"),
    Case("unknown", VERIFIED, LATER, "4.7.5", TRUST + "unable to get",
         certificate="stranger"),
    Case("may-expired", "", SENT, "2.0.0", MAY, certificate="expired"),
    Case("required-other", REQUIRED, SENT, "2.0.0", SECURED + "required$",
         certificate="other"),
    Case("immediate", VERIFIED, SENT, "2.0.0", SECURED + "verified$",
         port=465),
    Case("immediate-plain", "tls may", LATER, "4.7.5", FAILED, port=465,
         certificate="none"),
    Case("cut", VERIFIED, LATER, "4.4.2", "lost connection",
         tls={"MAIL": CLOSE}),
    # what the first EHLO said counts no more
    Case("anew", "", SENT, "2.0.0", MAY,
         tls={"EHLO": b"250 peer.example\r\n"}),
    Case("helo-under-tls", "", SENT, "2.0.0", MAY,
         tls={"EHLO": b"502 what\r\n"}),
    # ---- logins
    Case("plain", LOGIN, SENT, "2.0.0", SECURED, auth="LOGIN PLAIN"),
    Case("login", LOGIN + ";mechanisms login", SENT, "2.0.0", SECURED,
         auth="PLAIN LOGIN"),
    Case("scram", LOGIN, SENT, "2.0.0", SECURED,
         auth="PLAIN SCRAM-SHA-256"),
    Case("token", "login joe /etc/relais/token;mechanisms xoauth2", SENT,
         "2.0.0", SECURED, auth="XOAUTH2 PLAIN"),
    Case("token-immediate", "login joe /etc/relais/token;mechanisms xoauth2",
         SENT, "2.0.0", SECURED, auth="XOAUTH2", port=465),
    Case("token-wrong", "login joe /etc/relais/wrong;mechanisms xoauth2",
         LATER, "4.7.8", "no login as joe at .*535", auth="XOAUTH2"),
    Case("wrong", "login joe /etc/relais/wrong", LATER, "4.7.8",
         "no login as joe at .*535", auth="PLAIN LOGIN"),
    Case("wrong-scram", "login joe /etc/relais/wrong", LATER, "4.7.8",
         "no login as joe at .*535", auth="SCRAM-SHA-256 PLAIN"),
    Case("impostor", LOGIN, LATER, "4.7.8", "one who knows the password",
         auth="SCRAM-SHA-256", tls={"v=": b"dj1BQUFB"}),
    Case("no-proof", LOGIN, LATER, "4.7.8", "does not prove",
         auth="SCRAM-SHA-256", tls={"v=": None}),
    Case("second-choice", LOGIN, SENT, "2.0.0", SECURED,
         auth="SCRAM-SHA-256 PLAIN", tls={
             "SCRAM-SHA-256": b"504 5.5.4 not really\r\n"}),
    Case("no-auth", LOGIN, LATER, "4.7.0", "no mechanism"),
    Case("auth-later", LOGIN, LATER, "4.7.0", "454 busy", auth="PLAIN",
         tls={"PLAIN": b"454 4.7.0 busy\r\n"}),
    Case("login-stripped", LOGIN, LATER, "4.7.4", "not offered",
         {"EHLO": EHLO + b"250 AUTH PLAIN LOGIN\r\n"}),
    Case("login-other", LOGIN, LATER, "4.7.5", TRUST, auth="PLAIN",
         certificate="other"),
]


NEXT = [Case("next-a", VERIFIED, None, None, certificate="expired"),
        Case("next-b", VERIFIED, None, None)]
RESUMED = Case("resumed", "", SENT, None, tls={
    ".": (GOOD["."], CLOSE)})
KNOWN_LATER = Case("known-later", VERIFIED, SENT, None, certificate="stranger")
SILENT = Case("silent", "", SENT, "2.0.0", r"taken\)$",
              {"STARTTLS": (b"220 go on\r\n", SILENCE)}, connections=2)
SERVERS = CASES + NEXT + [RESUMED, KNOWN_LATER, SILENT]
MX = """\
route next.peer.example {
    via next.peer.example
    tls verified
}
"""
BY_MECHANISM = """\
route u%d@s2.example {
    via [mail.s2.example]
    login joe /etc/relais/%s
    mechanisms %s
}
"""
SUBMISSION = """\
route u1@s3.example {
    via [s3.example]:587
    login joe /etc/relais/password
}
"""
MECHANISMS = ("plain", "login", "scram-sha-256")
POSTFIX = """
smtpd_tls_security_level = may
smtpd_tls_cert_file = /etc/postfix/good.pem
smtpd_tls_key_file = /etc/postfix/good.key
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = /var/spool/postfix/dovecot/run/relais
smtpd_relay_restrictions = permit_sasl_authenticated, reject
"""
S3 = """\
tls mail {
    certificate /etc/relais/good.pem
    key /etc/relais/good.key
}
listen submission {
    address 0.0.0.0
    port 587
    any-sender yes
}
passwords file /etc/relais/passwords
"""


def open_servers(net, servers, certificates):
    records = ["next MX 10 next-a", "next MX 20 next-b"]
    for i, case in enumerate(SERVERS):
        ip = "10.99.0.%d" % (FIRST + i)
        records.append("%s A %s" % (case.name, ip))
        hosts.run("ip", "-n", servers.ns, "addr", "add", ip + "/24", "dev",
                  "eth0")
        listener = hosts.inside(servers.ns, lambda ip=ip, case=case:
                                socket.create_server((ip, case.port)))
        tls = peer.context(case, certificates) if case.certificate != "none" \
            else None
        threading.Thread(target=peer.serve, args=(case, listener, tls),
                         daemon=True).start()
    net.zone("s1.example", "@ MX 10 mail", "mail A 10.99.0.1")
    net.zone("s2.example", "@ MX 10 mail", "mail A 10.99.0.2")
    net.zone("s3.example", "@ MX 10 mail", "@ A 10.99.0.3",
             "mail A 10.99.0.3")
    net.zone(ZONE, *records)
    net.serve_dns()


def copy(certificates, name, host, where):
    for end in ".pem", ".key":
        with open(certificates[name] + end) as f:
            hosts.write(host.path(where, name + end), f.read(), 0o600)


def furnish(s1, certificates):
    copy(certificates, "ca", s1, "etc/relais")
    for name, text in (("password", PASSWORD), ("wrong", WRONG),
                       ("token", TOKEN)):
        hosts.write(s1.path("etc/relais", name), text + "\n", 0o600)
    s1.configure(BASE + MX + SUBMISSION + "".join(
        c.block() for c in SERVERS) + "".join(
        BY_MECHANISM % (i, "password", m)
        for i, m in enumerate(MECHANISMS)) +
        BY_MECHANISM % (len(MECHANISMS), "wrong", "plain"))


# ---- what came of it --------------------------------------------------------

def send(client, *recipients):
    client.sendmail("jqp@s1.example", recipients,
                    "From: jqp@s1.example\r\nSubject: x\r\n\r\nhello\r\n")


def verdicts(log, recipient):
    return re.findall(r": to=<%s>, .*dsn=([\d.]+), status=(\w+) (\(.*)$"
                      % re.escape(recipient), log, re.M)


def wait_verdict(s1, recipient, n=1):
    hosts.wait_for("verdict %d for %s" % (n, recipient), lambda: len(
        verdicts(s1.log(), recipient)) >= n, 40)
    return verdicts(s1.log(), recipient)


def judge(check, case, log):
    got = verdicts(log, "r@" + case.host)
    check.claim("%s: %s" % (case.name, got), len(got) == 1 and
                got[0][:2] == (case.dsn, case.wanted) and
                re.search(case.log, got[0][2]))
    check.claim("%s: %d connections, %d letters" % (
        case.name, case.seen, case.taken), case.seen == case.connections and
        case.taken == (case.wanted == SENT))


def judge_all(check, log):
    cases = {c.name: c for c in CASES}
    for case in CASES:
        judge(check, case, log)
    check.claim("the name of the host is said in the handshake", all(
        set(c.names) <= {c.host} for c in CASES) and
        cases["verified"].names == ["verified." + ZONE])
    check.claim("behind 220 nothing more is said in plain text", all(
        [x for x in cases[n].lines if not x[0]][-1][1] == "STARTTLS"
        for n in ("may", "verified", "injected", "injected-required",
                  "plain", "cut")))
    mail = [x for secured, x in cases["anew"].lines if secured]
    check.claim("EHLO again, and what the first one said counts no more",
                mail[0].startswith("EHLO ") and mail[1:3] == [
                    "MAIL FROM:<jqp@s1.example>",
                    "RCPT TO:<r@anew.%s>" % ZONE])
    check.claim("no login in plain text, or with who was not verified",
                not any("AUTH" in x for c in CASES for secured, x in c.lines
                        if not secured or c.certificate != "good"))
    asked = [x for _, x in cases["token"].lines if x.startswith("AUTH")]
    check.claim("a token that is too long for the command waits",
                asked == ["AUTH XOAUTH2"])


def tls_is_avoided(check, s1):
    """What was learnt of a host holds for the next connection."""
    case = [c for c in CASES if c.name == "may-garbage"][0]
    before = len(case.lines)
    # the connection of before may still be open
    hosts.wait_for("the end of it", lambda: case.lines[-1][1] == "QUIT", 10)
    with s1.smtp() as client:
        send(client, "r@" + case.host)
    wait_verdict(s1, "r@" + case.host, 2)
    check.claim("a host whose TLS failed is spoken to in plain text",
                case.seen == 3 and case.taken == 2 and "STARTTLS" not in
                [x for _, x in case.lines[before:]])


def sessions_are_resumed(check, s1):
    for n in range(1, 4):
        with s1.smtp() as client:
            send(client, "r@" + RESUMED.host)
        wait_verdict(s1, "r@" + RESUMED.host, n)
    check.claim("a session is taken up again: %s" % RESUMED.resumed,
                RESUMED.resumed == [False, True, True])


def next_host(check, s1):
    got = wait_verdict(s1, "r@next." + ZONE)
    check.claim("who is not trusted is passed by: %s" % got,
                got[0][1] == SENT and NEXT[0].seen == 1 and
                NEXT[0].taken == 0 and NEXT[1].taken == 1)


def other_anchors(check, s1, certificates):
    """A reload brings them, and ends nothing; what is none is refused."""
    ca = s1.path("etc/relais/ca.pem")
    before = s1.pids("remote")
    with open(os.path.join(os.path.dirname(certificates["ca"]),
                           "nobody.pem")) as f:
        hosts.write(ca, f.read())
    s1.run("relais", "reload")
    with s1.smtp() as client:
        send(client, "r@" + KNOWN_LATER.host)
    got = wait_verdict(s1, "r@" + KNOWN_LATER.host)
    check.claim("other anchors hold after a reload, without another process: "
                "%s" % got, got[0][1] == SENT and s1.pids("remote") == before)
    hosts.write(ca, "no certificates\n")
    done = s1.run("relais", "check", check=False)
    check.claim("a file of none is an error of the configuration",
                done.returncode == 78 and "ca.pem: expected certificates in "
                "PEM" in done.stdout + done.stderr)


def in_queue(s1):
    lines = s1.run("relais", "--json", "queue", "list").stdout.splitlines()
    return {r["address"]: r for line in lines
            for r in json.loads(line)["recipients"]}


def closed(check, s1):
    """No login is tried again and again."""
    case = [c for c in CASES if c.name == "wrong"][0]
    for who in "second", "third":
        hosts.wait_for("a time for all letters", lambda: all(
            "next_attempt" in r for a, r in in_queue(s1).items()
            if a.endswith(case.host)))
        with s1.smtp() as client:
            send(client, who + "@" + case.host)
        hosts.wait_for("the next letter", lambda w=who: w + "@" + case.host
                       in in_queue(s1))
    said = in_queue(s1)["r@" + case.host]["delay_reason"]
    check.claim("a destination that refuses the login is closed, and says so: "
                "%d, %s" % (case.seen, said), case.seen == 1 and
                "no login as joe" in said and
                not verdicts(s1.log(), "third@" + case.host))


def no_secrets(check, s1):
    text = s1.log()
    for case in CASES:
        if case.auth:
            text += s1.run("relais", "trace", case.host, check=False).stdout
    secrets = [PASSWORD, TOKEN, WRONG] + [base64.b64encode(x).decode()[4:20]
                                          for x in (
        b"\0joe\0" + PASSWORD.encode(), PASSWORD.encode(), WRONG.encode(),
        b"\0joe\0" + WRONG.encode(), TOKEN.encode())]
    check.claim("no secret is in the log or in a trace", "AUTH" in text and
                not any(x in text for x in secrets))


# ---- other people's, and our own --------------------------------------------

def a_postfix(check, s1, s2):
    for i, mechanism in enumerate(MECHANISMS):
        s2.wait_mail("u%d" % i)
        check.claim("Postfix: %s" % mechanism, hosts.wait_for(
            "its word", lambda m=mechanism: re.search(
                "sasl_method=%s, sasl_username=joe" % m.upper(), s2.log())))
    got = wait_verdict(s1, "u%d@s2.example" % len(MECHANISMS))
    check.claim("Postfix: a wrong password: %s" % got, got[0][:2] == (
        "4.7.8", LATER))


def large_ones(check, s1, s2):
    """Content of many records, under TLS and a login."""
    for name in os.listdir(s2.path("home/u0/Maildir/new")):
        os.unlink(s2.path("home/u0/Maildir/new", name))
    sent = {k: v for k, v in postfix.letters().items()
            if k in ("3m", "64k", "dots")}
    for octets in sent.values():
        postfix.submit(s1, "jqp@s1.example", ["u0@s2.example"], octets)
    postfix.are_whole(check, s2, "u0", sent)


def ourselves(check, s1, s3):
    got = wait_verdict(s1, "u0@s3.example")
    check.claim("relais to relais is under TLS: %s" % got,
                re.search(MAY, got[0][2]) and b"with ESMTPS" in
                s3.wait_mail("u0")[0])
    got = wait_verdict(s1, "u1@s3.example")
    check.claim("and with a login it is bound to it: %s" % got,
                got[0][1] == SENT and s3.wait_log(
                    "sasl_method=SCRAM-SHA-256-PLUS, sasl_username=joe"))


def make_hosts(net):
    certificates = peer.make_certificates(
        os.path.join(net.dir, "certificates"), ZONE)
    s1 = net.host("s1", users=["jqp"])
    s2 = postfix.Postfix(net, "s2", 2, users=["u0", "u1", "u2"])
    net.hosts["s2"] = s2
    s3 = net.host("s3", users=["joe", "u0", "u1"], config=S3)
    open_servers(net, net.host("peer"), certificates)
    furnish(s1, certificates)
    copy(certificates, "good", s2, "etc/postfix")
    copy(certificates, "good", s3, "etc/relais")
    with open(s2.path("etc/postfix/main.cf"), "a") as f:
        f.write(POSTFIX)
    with open(s2.path("etc/postfix/master.cf"), "a") as f:
        f.write("tlsmgr unix - - n 1000? 1 tlsmgr\n")
    s3.run("relais", "passwd", USER, input=PASSWORD + "\n")
    return s1, s2, s3, certificates


def letters(s1):
    with s1.smtp() as client:
        for case in CASES:
            send(client, "r@" + case.host)
        send(client, "r@next." + ZONE)
        send(client, "r@" + SILENT.host)
        send(client, "u0@s3.example", "u1@s3.example")
        for i in range(len(MECHANISMS) + 1):
            send(client, "u%d@s2.example" % i)


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        s1, s2, s3, certificates = make_hosts(net)
        with dovecot.Dovecot(net.peers, os.path.join(s2.queue, "dovecot"),
                             [USER + ":{PLAIN}" + PASSWORD]):
            for host in s2, s3, s1:
                host.start()
            letters(s1)
            for case in CASES:
                wait_verdict(s1, "r@" + case.host)
            judge_all(check, s1.log())
            tls_is_avoided(check, s1)
            sessions_are_resumed(check, s1)
            next_host(check, s1)
            closed(check, s1)
            a_postfix(check, s1, s2)
            large_ones(check, s1, s2)
            other_anchors(check, s1, certificates)
            ourselves(check, s1, s3)
            no_secrets(check, s1)
            wait_verdict(s1, "r@" + SILENT.host)
            judge(check, SILENT, s1.log())
            s1.stop()
        check.claim("no error in our log", not re.search(
            r"\b(error|fatal|panic):", s1.log()))
    return check.end()


if __name__ == "__main__":
    sys.exit(main())
