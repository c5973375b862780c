#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The programs that people submit mail with, each by every mechanism that it
has, under STARTTLS and under TLS from the first octet: with passwords in a
file, and with Dovecot's.  Each letter says who sent it, and how.
"""
import base64
import email
import os
import re
import smtplib
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import dovecot  # noqa: E402
import hosts    # noqa: E402
import postfix  # noqa: E402

PEERS = "/opt/peers"
LIBRARY = PEERS + "/usr/lib/x86_64-linux-gnu"
ENVIRONMENT = ("LD_LIBRARY_PATH=" + LIBRARY,
               "PERL5LIB=" + LIBRARY + "/perl5/5.36")
STARTTLS, TLS = 587, 465
LISTEN = """\
listen submission {
    address 0.0.0.0
    port 587
}
listen submissions {
    address 0.0.0.0
    port 465
}
"""
USER, PASSWORD = "joe", "s3same ,=%"
ALL = ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN")


class Server:
    def __init__(self, check, host, what):
        self.check, self.host, self.what = check, host, what
        self.address = USER + "@" + host.domain
        self.ca = "/etc/relais/mail.pem"
        self.sent = 0

    def letter(self, subject):
        return ("From: %s\r\nTo: %s\r\nSubject: %s\r\n\r\nhello\r\n" % (
            self.address, self.address, subject)).encode()

    def run(self, *args, **more):
        return subprocess.run(
            self.host.command("env", *ENVIRONMENT, *args), timeout=60,
            capture_output=True, **more)

    def arrives(self, subject, mechanism, status=True):
        """The one letter with this subject, and what the log says of it."""
        def find():
            return [m for m in map(email.message_from_bytes,
                                   self.host.mail(USER))
                    if m["Subject"] == subject]

        name = "%s: %s" % (self.what, subject)
        if not self.check.claim(name + ": the client is content", status):
            return
        # Postfix looks for letters once a minute, if it missed that one came.
        found = hosts.wait_for("the letter of " + subject, find, 150)
        self.sent += 1
        self.check.claim(name + ": one letter arrives, by ESMTPSA",
                         len(found) == 1 and "with ESMTPSA" in
                         found[0].get_all("Received")[0])
        said = re.findall("sasl_method=([^,]*), sasl_username=([^,]*)",
                          self.host.log())
        self.check.claim(name + ": by %s, as who he is" % mechanism,
                         said[-1] == (mechanism, USER) and
                         len(said) == self.sent)


# ---- the clients ------------------------------------------------------------

def connect(s, port):
    """By Python, under TLS."""
    context = ssl.create_default_context(
        cafile=s.host.path("etc/relais/mail.pem"))
    context.check_hostname = False

    def client():
        if port == TLS:
            return smtplib.SMTP_SSL(s.host.address, port, "client.example",
                                    timeout=60, context=context)
        c = smtplib.SMTP(s.host.address, port, "client.example", timeout=60)
        c.starttls(context=context)
        return c

    return hosts.inside(s.host.ns, client)


def python(s):
    for port in (STARTTLS, TLS):
        for mechanism in ("PLAIN", "LOGIN"):
            subject = "smtplib %s %d" % (mechanism, port)
            with connect(s, port) as c:
                c.ehlo()
                c.user, c.password = USER, PASSWORD
                method = getattr(c, "auth_" + mechanism.lower())
                code = c.auth(mechanism, method)[0]
                c.sendmail(s.address, [s.address], s.letter(subject))
                offered = c.esmtp_features["auth"].split()
            s.arrives(subject, mechanism, code == 235)
    return offered


def others(s):
    """Each of them costs time."""
    with connect(s, TLS) as c:
        c.ehlo()
        codes = [c.docmd("AUTH PLAIN " + base64.b64encode(m).decode())[0]
                 for m in (b"\0joe\0wrong", b"\0nobody\0" + PASSWORD.encode(),
                           b"root\0joe\0" + PASSWORD.encode())]
        codes.append(c.docmd("MAIL FROM:<%s>" % s.address)[0])
        codes.append(c.docmd("AUTH CRAM-MD5")[0])
    s.check.claim("%s: no other password, name or mechanism does: %s" % (
        s.what, codes), codes == [535, 535, 535, 530, 504])


def curl(s):
    for mechanism in ("PLAIN", "LOGIN"):
        for port, scheme, more in ((TLS, "smtps", ()),
                                   (STARTTLS, "smtp", ("--ssl-reqd",))):
            subject = "curl %s %d" % (mechanism, port)
            done = s.run("curl", "-sS", "%s://%s:%d/client.example" % (
                scheme, s.host.domain, port), "--cacert", s.ca, *more,
                "--user", USER + ":" + PASSWORD, "--login-options",
                "AUTH=" + mechanism, "--mail-from", s.address, "--mail-rcpt",
                s.address, "-T", "-", input=s.letter(subject))
            s.arrives(subject, mechanism, done.returncode == 0)


def swaks(s):
    for mechanism in ("PLAIN", "LOGIN"):
        for port, tls in ((STARTTLS, "--tls"), (TLS, "--tls-on-connect")):
            subject = "swaks %s %d" % (mechanism, port)
            done = s.run("perl", PEERS + "/usr/bin/swaks", "--server",
                         s.host.domain, "--port", str(port), tls, "--auth",
                         mechanism, "--auth-user", USER, "--auth-password",
                         PASSWORD, "--from", s.address, "--to", s.address,
                         "--data", "-", input=s.letter(subject))
            s.arrives(subject, mechanism, done.returncode == 0)


def msmtp(s):
    for mechanism in ("plain", "login", "scram-sha-256"):
        for port, starttls in ((STARTTLS, "on"), (TLS, "off")):
            subject = "msmtp %s %d" % (mechanism, port)
            done = s.run(
                PEERS + "/usr/bin/msmtp", "--host=" + s.host.domain,
                "--port=%d" % port, "--tls=on", "--tls-starttls=" + starttls,
                "--tls-trust-file=" + s.ca, "--auth=" + mechanism,
                "--user=" + USER, "--passwordeval=cat /etc/secret",
                "--from=" + s.address, "--", s.address,
                input=s.letter(subject).replace(b"\r", b""))
            s.arrives(subject, mechanism.upper(), done.returncode == 0)


def gsasl(s, mechanisms):
    """GNU SASL logs in and sends nothing; with -PLUS it binds to the TLS
    connection, by tls-exporter."""
    for mechanism in mechanisms:
        more = () if mechanism.endswith("PLUS") else ("--no-cb",)
        done = s.run(PEERS + "/usr/bin/gsasl", "--client", "--smtp",
                     "--connect=%s:%d" % (s.host.domain, STARTTLS),
                     "--mechanism=" + mechanism, "--verbose", *more,
                     "--authentication-id=" + USER, "--password=" + PASSWORD,
                     "--x509-ca-file=" + s.ca, input=b"")
        if not s.check.claim("%s: gsasl is let in by %s" % (
                s.what, mechanism), b"\n235 " in done.stdout):
            print((done.stdout + done.stderr).decode(errors="replace"))


# ---- Postfix ----------------------------------------------------------------

SASL_MAIN_CF = """
import_environment = MAIL_CONFIG LD_LIBRARY_PATH={libraries} SASL_PATH={sasl}
transport_maps = inline:{{ {maps} }}
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = texthash:/etc/postfix/sasl
smtp_sasl_security_options =
smtp_tls_security_level = encrypt
"""
SASL_MASTER_CF = "tlsmgr unix - - n 1000? 1 tlsmgr\n"
TRANSPORT = """\
{name} unix - - n - - smtp
    -o smtp_sasl_mechanism_filter={name}
    -o smtp_tls_wrappermode={wrap}
"""
POSTFIX = {"plain": STARTTLS, "login": TLS, "scram-sha-256": STARTTLS}


def append(path, text):
    with open(path, "a") as f:
        f.write(text)


def a_postfix(check, net, s):
    """Each mechanism is a transport of its own."""
    client = postfix.Postfix(net, "s2", 2)
    net.hosts["s2"] = client
    to = {m: "%s+%s@%s" % (USER, m, s.host.domain) for m in POSTFIX}
    append(client.path("etc/postfix/main.cf"), SASL_MAIN_CF.format(
        libraries=postfix.LIBRARIES, sasl=LIBRARY + "/sasl2",
        maps=", ".join("{ %s = %s:[%s]:%d }" % (
            to[m], m, s.host.address, port) for m, port in POSTFIX.items())))
    append(client.path("etc/postfix/master.cf"), SASL_MASTER_CF + "".join(
        TRANSPORT.format(name=m, wrap="yes" if port == TLS else "no")
        for m, port in POSTFIX.items()))
    hosts.write(client.path("etc/postfix/sasl"), "".join(
        "[%s]:%d %s:%s\n" % (s.host.address, port, USER, PASSWORD)
        for port in (STARTTLS, TLS)))
    client.start()
    for mechanism in POSTFIX:
        subject = "Postfix " + mechanism
        postfix.postfix_submit(client, s.address, [to[mechanism]],
                               s.letter(subject))
        try:
            s.arrives(subject, mechanism.upper())
        except hosts.Timeout:
            print(client.log())
            raise
    client.kill()


# ---- servers ----------------------------------------------------------------

def a_file(check, net):
    host = net.host("s1", users=[USER],
                    mounts={PEERS: os.path.join(net.peers, "root")})
    host.configure(host.certificate() + LISTEN +
                   "passwords file /etc/relais/passwords\n")
    host.run("relais", "passwd", USER, input=PASSWORD + "\n")
    hosts.write(host.path("etc/secret"), PASSWORD + "\n")
    host.start()
    s = Server(check, host, "file")
    check.claim("a file of passwords lets them have %s" % (ALL,),
                tuple(python(s)) == ALL)
    for client in (curl, swaks, msmtp):
        client(s)
    gsasl(s, ALL)
    a_postfix(check, net, s)
    another_password(check, s)
    others(s)
    host.stop()
    check.claim("our log has no error", not re.search(
        r"\b(error|fatal|panic):", host.log()))


def another_password(check, s):
    """A reload changes it, and ends no session."""
    with connect(s, TLS) as c:
        c.ehlo()
        s.host.run("relais", "passwd", USER, input="another\n")
        before = s.host.pids("passwords") | s.host.pids("lookup")
        s.host.run("relais", "reload")
        codes = []
        for password in PASSWORD, "another":
            message = "\0%s\0%s" % (USER, password)
            codes.append(c.docmd("AUTH PLAIN " + base64.b64encode(
                message.encode()).decode())[0])
        check.claim("a reload takes another password, and goes on: %s" % codes,
                    codes == [535, 235] and before ==
                    s.host.pids("passwords") | s.host.pids("lookup"))


def dovecots(check, net, d):
    host = net.host("s3", users=[USER],
                    mounts={PEERS: os.path.join(net.peers, "root"),
                            "/run/dovecot": d.run})
    host.configure(host.certificate() + LISTEN +
                   "passwords dovecot /run/dovecot/relais\n")
    hosts.write(host.path("etc/secret"), PASSWORD + "\n")
    host.start()
    s = Server(check, host, "Dovecot")
    check.claim("Dovecot lets them have all but -PLUS",
                set(python(s)) == set(ALL[1:]))
    for client in (curl, swaks, msmtp):
        client(s)
    gsasl(s, ALL[1:])
    others(s)
    host.stop()
    check.claim("our log has no error", not re.search(
        r"\b(error|fatal|panic):", host.log()))


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        for number in (1, 2, 3):
            net.zone("s%d.example" % number, "@ MX 10 mail",
                     "@ A 10.99.0.%d" % number,
                     "mail A 10.99.0.%d" % number)
        net.serve_dns()
        a_file(check, net)
        with dovecot.Dovecot(net.peers, os.path.join(net.dir, "dovecot"),
                             [USER + ":{PLAIN}" + PASSWORD]) as d:
            dovecots(check, net, d)
    return check.end()


sys.exit(main())
