#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Submission over three smtpd processes: who sends as whom, and how much, while
files change and processes die; and From fields by the thousand, of which no
other reader sees a name that was not asked about.

Who has logged in is told by XCLIENT, and at the end by AUTH at port 587.
"""
import contextlib
import email.headerregistry
import email.utils
import os
import random
import re
import signal
import smtplib
import ssl
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402
import load     # noqa: E402

DOMAIN = "submission.example"
PORT = 1001
SENDERS = "jones: office@%s\n" % DOMAIN
FIELDS, SEED = 3000, 1


def config(**limits):
    return """\
smtpd {
 processes 3
 errors 1000
}
senders /etc/relais/senders
listen users {
 address 0.0.0.0
 port %d
 submission yes
 tls no
 auth no
 xclient 10.99.0.0/24
 limit {
  errors 0
 }
}
identity-limit {
%s}
""" % (PORT, "".join(" %s %d\n" % (k.replace("_", "-"), v)
                     for k, v in limits.items()))


class Client(load.Session):
    def __init__(self, host, identity):
        super().__init__(host.address, PORT)
        self.say("XCLIENT LOGIN=" + identity, "EHLO client.example")

    def ask(self, line):
        """Code and text"""
        self.socket.sendall(line.encode() + b"\r\n")
        return self.reply()

    def send(self, sender, text=b"Subject: x\r\n\r\nx\r\n", count=1):
        """The first reply that is no success, or the last."""
        for line in ["MAIL FROM:<%s>" % sender] + [
                "RCPT TO:<brown@%s>" % DOMAIN] * count + ["DATA"]:
            reply = self.ask(line)
            if reply[0] not in (250, 354):
                self.ask("RSET")
                return reply
        return self.content(text)


class Trial:
    def __init__(self, check, host):
        self.check, self.host = check, host
        self.own = "jones@" + DOMAIN

    def client(self, identity="jones"):
        return Client(self.host, identity)

    def senders(self, text):
        hosts.write(self.host.path("etc/relais/senders"), text)

    def pids(self, program):
        return [pid for name, pid in self.host.processes()
                if name == program]

    def signal(self, program, which):
        for pid in self.pids(program):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, which)

    def reload(self):
        self.host.run("relais", "reload")


def is_over(reply, rule):
    return reply[0] == 450 and reply[1].startswith("4.7.1 Limit %s: " % rule)


# ---- how much ----------------------------------------------------------------

def messages(t):
    people = [t.client() for _ in range(6)]
    good = [people[i].send(t.own)[0] for i in range(6)]
    over = [c.send(t.own) for c in people]
    t.check.claim("the seventh message of an hour waits, in each session",
                  good == [250] * 6 and all(
                      is_over(r, "messages-per-hour") for r in over))
    t.check.claim("it says how long: " + over[0][1], over[0][1].endswith(
        "you may send 6 messages an hour, try again in 10 minutes"))
    t.check.claim("the log says who it is", t.host.wait_log(
        r"warning: limit messages-per-hour: 7 of 6 from "
        r"sasl_username=jones"))
    stranger = load.Session(t.host.address)
    stranger.say("EHLO client.example")
    t.check.claim("others send, and so do those whom nobody knows",
                  t.client("brown").send("brown@" + DOMAIN)[0] == 250 and
                  stranger.letter("a@b.example", ["brown@" + DOMAIN],
                                  b"x\r\n")[0] == 250)
    t.check.claim("the name counts in any letter case", is_over(
        t.client("JONES").send(t.own), "messages-per-hour"))


def recipients(t):
    c = t.client("green")
    first = c.send("green@" + DOMAIN, count=20)
    over = c.send("green@" + DOMAIN)
    t.check.claim("the 21st recipient of an hour waits", first[0] == 250 and
                  is_over(over, "recipients-per-hour"))


def files_change(t):
    before = t.pids("lookup")
    c = t.client()
    was = c.ask("MAIL FROM:<office@%s>" % DOMAIN)
    c.ask("RSET")
    other = c.ask("MAIL FROM:<other@%s>" % DOMAIN)
    t.senders("jones: other@%s\nbad line\n" % DOMAIN)
    t.reload()
    now = c.ask("MAIL FROM:<other@%s>" % DOMAIN)
    c.ask("RSET")
    gone = c.ask("MAIL FROM:<office@%s>" % DOMAIN)
    t.check.claim("another file of senders holds at once, in each session",
                  was[0] == 250 and other[0] == 553 and now[0] == 250 and
                  gone[0] == 553)
    t.check.claim("what is wrong with it is told", t.host.wait_log(
        r"/etc/relais/senders:2: \"name: value\" was expected"))
    t.check.claim("no lookup began anew, and it has forgotten nothing",
                  before == t.pids("lookup") and
                  is_over(c.send(t.own), "messages-per-hour"))
    t.senders(SENDERS)
    t.host.configure(config(messages_per_hour=8, recipients_per_hour=0))
    t.reload()
    codes = [c.send(t.own)[0] for _ in range(3)]
    t.check.claim("nor for other limits, which hold for what was counted",
                  before == t.pids("lookup") and codes == [250, 250, 450])


def lookup_begins_anew(t):
    t.host.run("relais", "restart", "lookup")
    t.check.claim("a new lookup has counted nothing",
                  t.client().send(t.own)[0] == 250)


# ---- while processes die -----------------------------------------------------

def answered_by_the_next(t):
    t.host.configure(config(messages_per_hour=0, recipients_per_hour=0,
                            messages_per_day=0, recipients_per_day=0))
    t.reload()
    c = t.client()
    t.signal("lookup", signal.SIGSTOP)
    c.socket.sendall(b"MAIL FROM:<brown@%s>\r\n" % DOMAIN.encode())
    time.sleep(0.3)
    t.signal("lookup", signal.SIGKILL)
    t.check.claim("MAIL that a lookup died of is answered by the next",
                  c.reply()[0] == 553)
    for name, code in ("office", 250), ("brown", 550):
        c.say("MAIL FROM:<%s>" % t.own, "RCPT TO:<brown@%s>" % DOMAIN, "DATA")
        t.signal("lookup", signal.SIGSTOP)
        c.socket.sendall(b"From: %s@%s\r\n\r\nx\r\n.\r\nNOOP\r\n" % (
            name.encode(), DOMAIN.encode()))
        time.sleep(0.3)
        t.signal("lookup", signal.SIGKILL)
        t.check.claim("so is From: %s" % name,
                      [c.reply()[0], c.reply()[0]] == [code, 250])


def answered_in_vain(t):
    """The client waits for lookup, and queue dies meanwhile; or it leaves."""
    c, leaves = t.client(), t.client()
    for x in c, leaves:
        x.say("MAIL FROM:<%s>" % t.own, "RCPT TO:<brown@%s>" % DOMAIN, "DATA")
    t.signal("lookup", signal.SIGSTOP)
    for x in c, leaves:
        x.socket.sendall(b"From: office@%s\r\n\r\nvain\r\n.\r\n"
                         % DOMAIN.encode())
    time.sleep(0.3)
    leaves.close()
    t.signal("queue", signal.SIGKILL)
    time.sleep(0.3)
    t.signal("lookup", signal.SIGCONT)
    t.check.claim("if queue dies meanwhile, it is for later",
                  c.reply()[0] == 451 and c.send(t.own)[0] == 250)


def nobody_answers(t):
    """Master waits ever longer to start another."""
    c = t.client()
    began = time.monotonic()
    while time.monotonic() - began < 8:
        hosts.wait_for("a lookup", lambda: t.pids("lookup"))
        t.signal("lookup", signal.SIGKILL)
    code, text = c.ask("MAIL FROM:<%s>" % t.own)
    t.check.claim("without lookup MAIL is for later", code == 451 and
                  text.startswith("4.3.0 Who may send as "))
    # Until smtpd has heard of it, others are told to come again.
    hosts.wait_for("another lookup", lambda: t.client().send(t.own)[0] == 250)
    t.check.claim("and good as soon as it is there",
                  c.send(t.own)[0] == 250)


# ---- From fields -------------------------------------------------------------

WORDS = ("jones@" + DOMAIN, "jones@" + DOMAIN, "brown@" + DOMAIN, "<", ">",
         "<jones@%s>" % DOMAIN, "<jones@%s>" % DOMAIN, "<brown@%s>" % DOMAIN,
         '"brown@%s"' % DOMAIN, "(brown@%s)" % DOMAIN, "Jones", '"J. Jones"',
         ",", ",", ":", ";", "(", ")", '"', "\\", "@", ".", " ", " ", "\r\n ",
         "=?utf-8?Q?brown=40%s?=" % DOMAIN, "us:", "[", "]", "\t", "''",
         "jones @ " + DOMAIN, "jones", "J\u00f6nes", "@x:", "jones+x@" + DOMAIN)


def draw_fields():
    draw = random.Random(SEED)
    for _ in range(FIELDS):
        yield "".join(draw.choices(WORDS, k=draw.randrange(1, 6)))


def is_own(address):
    local, _, domain = address.lower().rpartition("@")
    return domain == DOMAIN and local in ("jones", "jones+x")


def strict_reader(text):
    """Addresses; None when something is wrong with it."""
    try:
        h = email.headerregistry.HeaderRegistry()("from", text)
        if h.defects or not h.addresses:
            return None
        return [a.addr_spec for a in h.addresses]
    except Exception:       # it has errors of its own
        return None


def lax_readers(text):
    """All that anybody may see in it."""
    seen = {a for _, a in email.utils.getaddresses([text])}
    try:
        h = email.headerregistry.HeaderRegistry()("from", text)
        seen.update(a.addr_spec for a in h.addresses)
    except Exception:
        pass
    return {a for a in seen if re.match(r"[^@\s]+@[^@\s]+$", a)}


def from_fields(t):
    c, wrong, refused, taken, sure = t.client(), [], 0, 0, 0
    for field in draw_fields():
        code = c.send(t.own, b"From: %s\r\nSender: %s\r\n\r\nx\r\n" % (
            field.encode(), t.own.encode()))[0]
        text = field.replace("\r\n", "")
        strict = strict_reader(text)
        plain = strict is not None and all(map(is_own, strict)) and \
            not re.search(r"[^ -~]|\[|\]", text)
        others = [a for a in lax_readers(text) if not is_own(a)]
        if code == 250 and others:
            wrong.append("%r is taken, and says %r" % (field, others))
        if code != 250 and plain:
            wrong.append("%r is good, and refused" % field)
        sure += plain
        taken += code == 250
        refused += code == 550
    print("\n".join(wrong[:20]))
    t.check.claim("of %d From fields %d are taken and %d refused; no reader "
                  "sees others in them; the %d that are surely good are taken"
                  % (FIELDS, taken, refused, sure),
                  not wrong and taken + refused == FIELDS and sure > 100)


# ---- port 587 as it comes ----------------------------------------------------

def by_auth(t):
    """One whose name is an address, and one whose is not."""
    tls = t.host.certificate()
    hosts.write(t.host.path("etc/relais/passwords"), "".join(
        "%s:%s\n" % (name, subprocess.check_output(
            ["openssl", "passwd", "-6", "secret of " + name],
            text=True).strip())
        for name in ("green", "brown@" + DOMAIN)), 0o600)
    t.host.configure(tls + "passwords file /etc/relais/passwords\n"
                     "senders /etc/relais/senders\n"
                     "listen users {\n address 0.0.0.0\n port 587\n}\n"
                     "identity-limit {\n messages-per-hour 3\n}\n")
    t.reload()
    context = ssl.create_default_context(
        cafile=t.host.path("etc/relais/mail.pem"))
    context.check_hostname = False
    for name in "green", "brown@" + DOMAIN:
        own = name.partition("@")[0] + "@" + DOMAIN
        c = smtplib.SMTP(t.host.address, 587, "client.example", timeout=60)
        c.starttls(context=context)
        c.login(name, "secret of " + name)
        first = c.sendmail(own, ["green@" + DOMAIN], "Subject: auth\n\nx\n")
        forged, header = c.mail(t.own), None
        try:
            c.sendmail(own, ["green@" + DOMAIN], "From: %s\n\nvain\n" % t.own)
        except smtplib.SMTPDataError as e:
            header = e
        c.sendmail(own, ["green@" + DOMAIN], "From: %s\n\nx\n" % own)
        c.mail(own)
        over = c.rcpt("green@" + DOMAIN)
        t.check.claim("%s, who says so by AUTH, sends as himself alone" % name,
                      first == {} and forged[0] == 553 and
                      header.smtp_code == 550)
        t.check.claim("and no more than he may", over[0] == 450 and
                      over[1].startswith(b"4.7.1 Limit messages-per-hour: "))
        c.close()
    letters = [x for x in t.host.wait_mail("green", 4)
               if b"Subject: auth" in x]
    t.check.claim("what was missing is there", len(letters) == 2 and all(
        b"\nFrom: <" in x and b"\nDate: " in x and b"\nMessage-ID: <" in x
        for x in letters))


def nothing_is_wrong(t):
    t.check.claim("nobody was accused or died of itself", not re.search(
        r"accuse|panic|fatal:|verdict that is none", t.host.log()))
    t.check.claim("nothing that was refused has arrived", not any(
        b"vain" in x for u in t.host.users for x in t.host.mail(u)))


CLAIMS = (messages, recipients, files_change, lookup_begins_anew,
          answered_by_the_next, answered_in_vain, nobody_answers,
          from_fields, by_auth, nothing_is_wrong)


def main():
    check = hosts.Checks()
    only = sys.argv[1:]
    with hosts.Net(hosts.tree()) as net:
        net.zone(DOMAIN, "@ A 10.99.0.1")
        net.serve_dns()
        host = net.host("submission", users=["jones", "brown", "green"])
        t = Trial(check, host)
        t.senders(SENDERS)
        host.configure(config(messages_per_hour=6, recipients_per_hour=20))
        host.start()
        load.enter(net.dns)
        for claim in CLAIMS:
            if not only or claim.__name__ in only:
                claim(t)
        host.stop()
    return check.end()


sys.exit(main())
