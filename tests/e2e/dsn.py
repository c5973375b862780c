#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What a sender wants to hear (RFC 3461), from the client that says it to who
is to tell: passed on to the letter to a server that announces DSN, told by us
where the next one does not, or where mail ends; and nothing is told that nobody
asked for.  Real Postfix is one that tells, and one that asks.
"""
import email
import os
import re
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402
import postfix  # noqa: E402
from scripted import EHLO, Script, offering     # noqa: E402

SENDER, OTHER = "jqp@s1.example", "ann@s1.example"
GONE = b"550 5.1.1 gone\r\n"
SAYS_DSN = {"EHLO": offering(b"DSN")}
CONFIG = """\
relay-from 10.99.0.0/24 127.0.0.0/8
domain s1.example {
    aliases /etc/aliases
}
route dsn.example {
    via [10.99.0.3]:2501
}
route old.example {
    via [10.99.0.3]:2502
}
route lmtp.example {
    lmtp [10.99.0.3]:2503
}
route gone.example {
    via [10.99.0.3]:2504
}
"""
ALIASES = """\
one: leaf@dsn.example
list: leaf1@dsn.example, leaf2@dsn.example
"""
ALL = "SUCCESS,FAILURE,DELAY"


class Case:
    """A letter: what MAIL and RCPT say; what the next host hears behind MAIL
    and of each RCPT, None: nobody is asked; what notices tell of whom."""

    def __init__(self, name, to, mail="", rcpt="", heard=None, told=(),
                 sender=SENDER):
        self.name, self.to, self.sender = name, to, sender
        self.mail, self.rcpt, self.heard, self.told = mail, rcpt, heard, told


CASES = [
    Case("plain", "plain@dsn.example", heard=("", {"plain@dsn.example": ""})),
    Case("all of it", "all@dsn.example", "RET=HDRS ENVID=QQ+2B31",
         "NOTIFY=%s ORCPT=rfc822;Someone+2Belse@x.example" % ALL,
         heard=(" RET=HDRS ENVID=QQ+2B31", {
             "all@dsn.example": " NOTIFY=%s ORCPT=rfc822;Someone+2Belse@"
             "x.example" % ALL})),
    Case("in another order", "order@dsn.example", "ret=full",
         "notify=delay,Failure",
         heard=(" RET=FULL", {"order@dsn.example":
                              " NOTIFY=FAILURE,DELAY "
                              "ORCPT=rfc822;order@dsn.example"})),
    Case("utf-8", "utf@dsn.example", "", "ORCPT=utf-8;\\x{E4}@y.example",
         heard=("", {"utf@dsn.example": " ORCPT=utf-8;\\x{E4}@y.example"})),
    Case("of an alias", "one@s1.example", "ENVID=alias", "NOTIFY=SUCCESS",
         heard=(" ENVID=alias", {
             "leaf@dsn.example":
             " NOTIFY=SUCCESS ORCPT=rfc822;one@s1.example"})),
    Case("of a list", "list@s1.example", "ENVID=list",
         "NOTIFY=SUCCESS,FAILURE", heard=(" ENVID=list", {
             leaf: " NOTIFY=FAILURE ORCPT=rfc822;list@s1.example"
             for leaf in ("leaf1@dsn.example", "leaf2@dsn.example")}),
         told=[("expanded", "list@s1.example")]),
    Case("of a list, success alone", "list@s1.example", "ENVID=alone",
         "NOTIFY=SUCCESS ORCPT=rfc822;x@y", heard=(" ENVID=alone", {
             leaf: " NOTIFY=NEVER ORCPT=rfc822;x@y"
             for leaf in ("leaf1@dsn.example", "leaf2@dsn.example")}),
         told=[("expanded", "list@s1.example")]),
    Case("no DSN there", "old@old.example", "RET=FULL ENVID=old",
         "NOTIFY=SUCCESS ORCPT=rfc822;x@y",
         heard=("", {"old@old.example": ""}),
         told=[("relayed", "old@old.example")]),
    Case("no DSN there, success not asked for", "quiet@old.example", "",
         "NOTIFY=FAILURE", heard=("", {"quiet@old.example": ""})),
    Case("LMTP", "box@lmtp.example", "", "NOTIFY=SUCCESS",
         heard=("", {"box@lmtp.example": ""}),
         told=[("delivered", "box@lmtp.example")]),
    Case("a mailbox here", "bob@s1.example", "", "NOTIFY=SUCCESS",
         told=[("delivered", "bob@s1.example")]),
    Case("failure", "f1@gone.example", told=[("failed", "f1@gone.example")]),
    Case("failure, never", "f2@gone.example", "", "NOTIFY=NEVER"),
    Case("failure, success asked", "f3@gone.example", "", "NOTIFY=SUCCESS"),
    Case("no sender", "null@old.example", "", "NOTIFY=" + ALL, sender="",
         heard=("", {"null@old.example": ""})),
    Case("a notice of ours", "f4@gone.example", sender="who@dsn.example",
         heard=("", {"who@dsn.example": " NOTIFY=NEVER"})),
]


class Server(Script):
    """Keeps the lines of each connection by themselves: several go on at
    once."""

    def __init__(self, *replies, **more):
        Script.__init__(self, *replies, **more)
        self.sessions = []

    def talk(self, connection):
        one = Script(self.replies, lmtp=self.lmtp)
        self.sessions.append(one.lines)
        one.talk(connection)


def open_servers(net, host):
    scripts = [Server(SAYS_DSN), Server(), Server(lmtp=True),
               Server(dict(SAYS_DSN, RCPT=GONE))]
    for i, script in enumerate(scripts):
        script.start(hosts.inside(host.ns, lambda port=2501 + i:
                                  socket.create_server((host.address, port))))
    return scripts


def send(client, case):
    client.docmd("MAIL", "FROM:<%s> %s" % (case.sender, case.mail))
    code, text = client.docmd("RCPT", "TO:<%s> %s" % (case.to, case.rcpt))
    assert code == 250, text
    code, text = client.data("From: %s\r\nSubject: %s\r\n\r\nhi\r\n"
                             % (SENDER, case.name))
    assert code == 250, text


def transactions(scripts):
    """(what stood behind MAIL, less SIZE; {recipient: what stood behind}) of
    each mail that was heard."""
    heard = []
    for line in (line for s in scripts for session in s.sessions
                 for line in list(session)):
        verb = re.match(r"(MAIL FROM|RCPT TO):<([^>]*)>(.*)", line)
        if verb is None:
            continue
        if verb.group(1) == "MAIL FROM":
            heard.append((re.sub(r" SIZE=\d+", "", verb.group(3)), {}))
        else:
            heard[-1][1][verb.group(2)] = verb.group(3)
    return heard


def notices(letters):
    """(action, final recipient) of each, with the letter's report."""
    told = []
    for letter in letters:
        message = email.message_from_bytes(letter)
        if message.get_content_type() != "multipart/report":
            continue
        fields = message.get_payload()[1].get_payload()
        told += [(one["Action"].lower(),
                  one["Final-Recipient"].split(";")[1].strip(), fields)
                 for one in fields[1:]]
    return told


def judge(check, scripts, letters):
    heard = transactions(scripts)
    told = sorted(n[:2] for n in notices(letters))
    for case in CASES:
        if case.heard is not None:
            check.claim("the next host hears what was said: " + case.name,
                        case.heard in heard)
    check.claim("the sender hears what it asked for, and nothing else: %s"
                % told, told == sorted(t for c in CASES for t in c.told))


def of_postfix(letters, action, recipient):
    return [fields for a, r, fields in notices(letters)
            if a == action and r.endswith(recipient)]


def with_postfix(check, s1, s2, scripts):
    """It takes what was said to us, tells, and says to us what it was told."""
    with s1.smtp() as client:
        client.ehlo()
        send(client, Case("to Postfix", "u1@s2.example", "ENVID=for+20you",
                          "NOTIFY=SUCCESS ORCPT=rfc822;u+2Bone@x.example",
                          sender=OTHER))
    hosts.wait_for("what Postfix tells", lambda: of_postfix(
        s1.mail("ann"), "delivered", "u1@s2.example"))
    fields = of_postfix(s1.mail("ann"), "delivered", "u1@s2.example")[0]
    check.claim("Postfix names envelope and recipient as they were said",
                fields[0]["Original-Envelope-Id"] == "for you" and
                "u+one@x.example" in fields[1]["Original-Recipient"])
    subprocess.run(s2.program("/usr/sbin/sendmail", "-f", "jqp@s2.example",
                              "-N", "success,delay", "-R", "hdrs", "-V",
                              "by+postfix", "px@dsn.example"),
                   input=b"Subject: x\n\nx\n", check=True, timeout=60)
    want = (" RET=HDRS ENVID=by+2Bpostfix", {
        "px@dsn.example": " NOTIFY=SUCCESS,DELAY "
        "ORCPT=rfc822;px@dsn.example"})
    hosts.wait_for("Postfix's letter", lambda: "px@dsn.example" in str(
        transactions(scripts)))
    check.claim("what Postfix says to us arrives at the next host",
                want in transactions(scripts))


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        s1 = net.host("s1", users=["jqp", "ann", "bob"], config=CONFIG,
                      aliases=ALIASES)
        s2 = postfix.Postfix(net, "s2", 2, users=["u1", "jqp"])
        net.hosts["s2"] = s2
        s3 = net.host("s3")
        with open(s2.path("etc/postfix/main.cf"), "a") as f:
            f.write("relayhost = [10.99.0.1]\n")
        for name, address in (("s1", s1.address), ("s2", s2.address)):
            net.zone(name + ".example", "@ MX 10 mail", "mail A " + address)
        net.serve_dns()
        scripts = open_servers(net, s3)
        s1.start()
        s2.start()
        with s1.smtp() as client:
            client.ehlo()
            for case in CASES:
                send(client, case)
        s1.wait_mail("jqp", sum(len(c.told) for c in CASES))
        s1.wait_empty()
        judge(check, scripts, s1.mail("jqp"))
        with_postfix(check, s1, s2, scripts)
        s1.wait_empty()
        s1.stop()
        check.claim("no error in the log", not re.search(
            r"\b(error|fatal|panic):", s1.log()))
    return check.end()


if __name__ == "__main__":
    sys.exit(main())
