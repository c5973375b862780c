#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The programs that people send mail with, each with a letter of its own: by
SMTP swaks, curl, msmtp and Python; and what cron does with our sendmail.
"""
import email
import email.policy
import os
import re
import smtplib
import subprocess
import sys
from email.message import EmailMessage

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

PEERS = "/opt/peers"
LIBRARIES = ":".join(PEERS + "/usr/lib/" + d for d in (
    "x86_64-linux-gnu", "aarch64-linux-gnu"))
FROM = "jones@s1.example"
BODY = ".\n..\n.dot\ncaf\u00e9\n\nFrom here\n.\nend\n"
CONFIG = "relay-from 127.0.0.0/8\n"


def letter(subject):
    """As a user's program hands it over, with LF."""
    return ("From: %s\nTo: %s\nSubject: %s\nMIME-Version: 1.0\nContent-Type: "
            "text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n%s"
            % (FROM, FROM, subject, BODY)).encode()


class Client:
    def __init__(self, check, host):
        self.check, self.host = check, host

    def run(self, *args, **more):
        done = subprocess.run(self.host.command(*args), timeout=60,
                              capture_output=True, **more)
        if done.returncode != 0:
            print(done.stdout.decode(errors="replace"),
                  done.stderr.decode(errors="replace"))
        return done.returncode

    def arrives(self, subject, word, body=BODY):
        """The one letter with this subject: whole, and with one trace."""
        def find():
            return [m for m in map(email.message_from_bytes,
                                   self.host.mail("jones"))
                    if m["Subject"] == subject]

        found = hosts.wait_for("the letter of " + subject, find)
        m = found[0]
        trace = m.get_all("Received") or []
        got = m.get_payload(decode=True).decode()
        if not self.check.claim("%s: one letter arrives, whole" % subject,
                                len(found) == 1 and got == body):
            print(repr(got))
        self.check.claim("%s: one Received line, which says %s" % (
            subject, word), len(trace) == 1 and re.search(
                r"\b%s\b" % word, trace[0]))
        return m


def swaks(c):
    # it puts a line's end before the last dot, whatever is there
    c.check.claim("swaks is content", c.run(
        "perl", PEERS + "/usr/bin/swaks", "--server", "127.0.0.1", "--helo",
        "client.example", "--from", FROM, "--to", FROM, "--pipeline",
        "--data", "-", input=letter("swaks")[:-1]) == 0)
    c.arrives("swaks", "with ESMTP")


def curl(c):
    c.check.claim("curl is content", c.run(
        "curl", "-sS", "smtp://127.0.0.1/client.example", "--mail-from", FROM,
        "--mail-rcpt", FROM, "--crlf", "-T", "-", input=letter("curl")) == 0)
    c.arrives("curl", "with ESMTP")


def msmtp(c):
    c.check.claim("msmtp is content", c.run(
        "env", "LD_LIBRARY_PATH=" + LIBRARIES, PEERS + "/usr/bin/msmtp",
        "--host=127.0.0.1", "--auth=off", "--tls=off", "--from=" + FROM,
        "--", FROM, input=letter("msmtp")) == 0)
    c.arrives("msmtp", "with ESMTP")


def python(c):
    m = EmailMessage(policy=email.policy.SMTP)      # CRLF in as_bytes()
    m["From"] = m["To"] = FROM
    m["Subject"] = "python"
    body = BODY.replace("From", "from")         # which it would quote
    m.set_content(body)
    with c.host.smtp() as client:
        c.check.claim("smtplib is content", client.send_message(m) == {})
        # what it does beside: probes that must leave the session usable
        client.rset()
        codes = client.verify("jones")[0], client.noop()[0], client.helo()[0]
        c.check.claim("and may ask", codes == (252, 250, 250))
        m.replace_header("Subject", "python-helo")
        client.sendmail(FROM, [FROM], m.as_bytes())
    c.arrives("python", "with ESMTP", body)
    c.arrives("python-helo", "with SMTP", body)


def the_unknown(c):
    """Each of them hears why."""
    said = []
    for args in (("perl", PEERS + "/usr/bin/swaks", "--server", "127.0.0.1",
                  "--from", FROM, "--to", "x@s1.example"),
                 ("curl", "-sSv", "smtp://127.0.0.1", "--mail-from", FROM,
                  "--mail-rcpt", "x@s1.example", "-T", "-"),
                 ("env", "LD_LIBRARY_PATH=" + LIBRARIES,
                  PEERS + "/usr/bin/msmtp", "--host=127.0.0.1", "--from",
                  FROM, "--", "x@s1.example")):
        done = subprocess.run(c.host.command(*args), capture_output=True,
                              input=letter("unknown"), timeout=60)
        said.append(done.returncode != 0 and
                    b"5.1.1" in done.stdout + done.stderr)
    try:
        with c.host.smtp() as client:
            client.sendmail(FROM, ["x@s1.example"], "x")
    except smtplib.SMTPRecipientsRefused as e:
        said.append(e.recipients["x@s1.example"][0] == 550)
    c.check.claim("all of them hear of an unknown recipient: %s" % said,
                  said == [True] * 4)


def cron(c):
    """cron's own call, from an environment of nothing, as its user."""
    text = "From: root (Cron Daemon)\nTo: jones\nSubject: cron\n" \
        "X-Cron-Env: <LOGNAME=jones>\n\nout\n.\nput\n"
    uid = str(hosts.USER_UID)
    for name, environment in (("cron", ["PATH="]), ("cron-bare", [])):
        status = c.run("env", "-i", *environment, "/usr/bin/setpriv",
                       "--reuid", uid, "--regid", uid, "--clear-groups",
                       "/opt/relais/sbin/sendmail", "-FCronDaemon", "-i",
                       "-B8BITMIME", "-oem", "jones",
                       input=text.replace("cron\n", name + "\n", 1).encode())
        c.check.claim("%s: sendmail is content with no PATH and no HOME" %
                      name, status == 0)
        m = c.arrives(name, "uid " + uid, "out\n.\nput\n")
        c.check.claim("%s: sent by its user" % name,
                      m["Return-Path"] == "<jones@s1.example>" and
                      m["Date"] and m["Message-ID"])


def mail(c):
    """As mail(1) does: -t, recipients in the header, standard input."""
    c.check.claim("mail: sendmail -t is content", c.run(
        "env", "-i", "/opt/relais/sbin/sendmail", "-oi", "-t",
        input=letter("mail")) == 0)
    c.arrives("mail", "uid 0")


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        net.zone("s1.example", "@ MX 10 mail", "mail A 10.99.0.1")
        net.serve_dns()
        s1 = net.host("s1", users=["jones"], config=CONFIG,
                      mounts={PEERS: os.path.join(net.peers, "root")})
        s1.start()
        c = Client(check, s1)
        for client in (swaks, curl, msmtp, python, the_unknown, cron, mail):
            client(c)
        s1.wait_empty()
        s1.stop()
        check.claim("our log has no error",
                    not re.search(r"\b(error|fatal|panic):", s1.log()))
    return check.end()


sys.exit(main())
