#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""TLS as others see it: versions, certificates, names, tickets, and what is
refused, by openssl(1) and sslscan; letters of swaks, msmtp, curl, Python and
Postfix.
"""
import os
import re
import smtplib
import ssl
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
sys.path.insert(0, HERE)
import hosts    # noqa: E402
import postfix  # noqa: E402

PEERS = postfix.PEERS
TICKET = "/var/spool/relais/ticket"
FROM = "jones@s1.example"
PERL = ":".join(PEERS + "/usr/lib/%s/perl5/5.36" % d for d in (
    "x86_64-linux-gnu", "aarch64-linux-gnu"))
STARTTLS, REQUIRED, IMMEDIATE = 25, 2587, 2465
CONFIG = """\
relay-from 127.0.0.0/8
listen required {
    address 0.0.0.0
    port %d
    tls required
}
listen immediate {
    address 0.0.0.0
    port %d
    tls immediate
}
""" % (REQUIRED, IMMEDIATE)


# ---- openssl(1) -------------------------------------------------------------

class Client:
    """openssl s_client on the host itself."""

    def __init__(self, check, host):
        self.check, self.host = check, host

    def run(self, *args, port=STARTTLS, say="", wait=0.0):
        """What it tells of the handshake and of what the server said."""
        way = ["-starttls", "smtp", "-name", "client.example"]
        command = self.host.command(
            "openssl", "s_client", "-connect", "127.0.0.1:%d" % port,
            *([] if port == IMMEDIATE else way), *args)
        p = subprocess.Popen(command, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        # tickets of 1.3 come behind the handshake, with the first reply
        time.sleep(0.3)
        for line in say.splitlines(True):
            try:
                p.stdin.write(line.encode())
                p.stdin.flush()
            except BrokenPipeError:
                break
            time.sleep(wait or 0.1)
        try:
            return p.communicate(timeout=30)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            p.kill()
            return p.communicate()[0].decode(errors="replace") + "\nHANGS"

    def says(self, text, pattern, *args, **more):
        more.setdefault("say", "quit\r\n")
        said = self.run(*args, **more)
        if not self.check.claim(text, re.search(pattern, said)):
            print(said[-1500:])
        return said

    def is_refused(self, text, *args, **more):
        said = self.run(*args, say="quit\r\n", **more)
        good = re.search(r"Cipher is \(NONE\)|alert|no peer certificate",
                         said) and not re.search("Cipher is [^(]", said)
        if not self.check.claim(text, good):
            print(said[-1500:])


def versions(c):
    for port in (STARTTLS, REQUIRED, IMMEDIATE):
        for option, name in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
            c.says("%s at port %d" % (name, port), "New, %s, Cipher is [^(]"
                   % name, option, port=port)
        for option in ("-tls1", "-tls1_1"):
            c.is_refused("%s is refused at port %d" % (option[1:], port),
                         option, "-cipher", "ALL@SECLEVEL=0", port=port)
    for algorithm, kind in (("RSA-PSS+SHA256", "RSA-PSS"),
                            ("ECDSA+SHA256", "ECDSA")):
        for option in ("-tls1_2", "-tls1_3"):
            c.says("%s with %s" % (option[1:], kind),
                   "(?s)Peer signature type: " + kind, option, "-sigalgs",
                   algorithm)
    c.says("TLS 1.2 with RSA and PKCS #1", "Peer signature type: RSA\n",
           "-tls1_2", "-sigalgs", "RSA+SHA512")
    for group in ("P-256", "P-384", "P-521", "X25519", "X448"):
        for option in ("-tls1_2", "-tls1_3"):
            c.says("%s with %s" % (option[1:], group), "Cipher is [^(]",
                   option, "-groups", group)
    for cipher in ("AES128-SHA", "kRSA", "DHE", "RC4:3DES:NULL:EXPORT"):
        c.is_refused("TLS 1.2 by %s is refused" % cipher, "-tls1_2",
                     "-cipher", cipher + "@SECLEVEL=0")
    for algorithm in ("RSA+SHA1", "ECDSA+SHA1"):
        c.is_refused("signatures by %s are refused" % algorithm, "-tls1_2",
                     "-sigalgs", algorithm, "-cipher", "ALL@SECLEVEL=0")


def names(c):
    for asked, got in (("s1.example", "rsa|ec"), ("other.example", "other"),
                       ("mx.wild.example", "wild"),
                       ("exact.wild.example", "other"),
                       ("MX.WILD.EXAMPLE", "wild"),
                       ("a.b.wild.example", "rsa|ec"),
                       ("wild.example", "rsa|ec"), ("x", "rsa|ec"),
                       ("nobody.example", "rsa|ec")):
        c.says("who wants %s gets %s" % (asked, got),
               r"subject=CN ?= ?(%s)\n" % got, "-servername", asked)
    c.says("who says no name gets the first", r"subject=CN ?= ?(rsa|ec)\n",
           "-noservername")


def protocols(c):
    c.says("ALPN: smtp is ours", "ALPN protocol: smtp", "-alpn",
           "http/1.1,smtp")
    for offer in ("http/1.1", "h2,http/1.1", "imap,pop3", "SMTP"):
        c.is_refused("ALPN: %s is refused" % offer, "-alpn", offer)


def renegotiation(c):
    said = c.run("-tls1_2", say="R\nNOOP\r\nquit\r\n")
    if not c.check.claim("renegotiation is refused", "RENEGOTIATING" in said
                         and re.search("no renegotiation|alert", said)):
        print(said[-800:])
    c.says("secure renegotiation is known", "Secure Renegotiation IS "
           "supported", "-tls1_2")


def resumption(c):
    """A session is taken up again, where it was made."""
    for option in ("-tls1_2", "-tls1_3"):
        c.run(option, "-sess_out", TICKET, say="NOOP\r\nquit\r\n",
              wait=1)
        c.says(option[1:] + " is resumed", "Reused, ", option, "-sess_in",
               TICKET)
        c.says(option[1:] + " begins anew at another listener", "New, ",
               option, "-sess_in", TICKET, port=REQUIRED)


def no_tickets(c):
    """The switch that turns them off, without the end of any process."""
    before = lasting(c.host)
    c.host.configure(c.host.blocks + CONFIG + "tls-tickets no\n")
    c.host.run("relais", "reload")
    c.host.wait_log("certificates of generation 2 are in force")
    time.sleep(0.3)
    for option in ("-tls1_2", "-tls1_3"):
        said = c.run(option, "-sess_out", TICKET, say="NOOP\r\nquit\r\n")
        c.check.claim(option[1:] + ": no ticket is handed out",
                      "TLS session ticket:" not in said)
    c.host.configure(c.host.blocks + CONFIG + "tls-minimum 1.3\n")
    c.host.run("relais", "reload")
    c.host.wait_log("certificates of generation 3 are in force")
    time.sleep(0.3)
    c.is_refused("TLS 1.2 is refused, once it is too old", "-tls1_2")
    c.says("and 1.3 is not", "New, TLSv1.3", "-tls1_3")
    c.host.configure(c.host.blocks + CONFIG)
    c.host.run("relais", "reload")
    c.host.wait_log("certificates of generation 4 are in force")
    time.sleep(0.3)
    c.check.claim("no process began anew for that",
                  lasting(c.host) == before)


def lasting(host):
    """All processes but agents, which come and go."""
    return [p for p in host.processes() if p[0] != "agent"]


def scan(c):
    """sslscan, at both kinds of listener."""
    for port in (STARTTLS, IMMEDIATE):
        done = subprocess.run(c.host.command(
            PEERS + "/usr/bin/sslscan", "--no-colour",
            *(["--starttls-smtp"] if port == STARTTLS else []),
            "127.0.0.1:%d" % port), capture_output=True, text=True,
            timeout=120)
        said = done.stdout
        good = all(re.search(p, said) for p in (
            r"SSLv2\s+disabled", r"SSLv3\s+disabled", r"TLSv1.0\s+disabled",
            r"TLSv1.1\s+disabled", r"TLSv1.2\s+enabled",
            r"TLSv1.3\s+enabled", r"not vulnerable to heartbleed",
            r"Session renegotiation not supported|"
            r"Secure session renegotiation supported"))
        good = good and not re.search(
            r"(?m)^(Accepted|Preferred).*(RC4|DES|NULL|EXP|anon|MD5)|"
            r"[^t] vulnerable to|Compression enabled", said)
        if not c.check.claim("sslscan finds nothing at port %d" % port, good):
            print(said)


# ---- other people's programs ------------------------------------------------

def letter(subject):
    return ("From: %s\nTo: %s\nSubject: %s\n\nhello\n" % (
        FROM, FROM, subject)).encode()


def programs():
    swaks = ["env", "PERL5LIB=" + PERL, "perl", PEERS + "/usr/bin/swaks",
             "--server", "127.0.0.1",
             "--helo", "client.example", "--from", FROM, "--to", FROM,
             "--data", "-"]
    msmtp = ["env", "LD_LIBRARY_PATH=" + ":".join(
        PEERS + "/usr/lib/" + d for d in
        ("x86_64-linux-gnu", "aarch64-linux-gnu")), PEERS + "/usr/bin/msmtp",
        "--host=127.0.0.1", "--auth=off", "--tls=on",
        "--tls-certcheck=off", "--from=" + FROM]
    curl = ["curl", "-sSk", "--mail-from", FROM, "--mail-rcpt", FROM,
            "--crlf", "-T", "-"]
    return {
        "swaks": swaks + ["-tls"],
        "swaks-immediate": swaks + ["-tlsc", "-p", str(IMMEDIATE)],
        "msmtp": msmtp + ["--tls-starttls=on", "--", FROM],
        "msmtp-immediate": msmtp + ["--tls-starttls=off",
                                    "--port=%d" % IMMEDIATE, "--", FROM],
        "curl": curl + ["--ssl-reqd", "smtp://127.0.0.1/c.example"],
        "curl-immediate": curl + ["smtps://127.0.0.1:%d/c.example"
                                  % IMMEDIATE],
        "curl-1.2": curl + ["--ssl-reqd", "--tls-max", "1.2",
                            "smtp://127.0.0.1/c.example"],
    }


def trusting():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def python(host):
    with host.smtp() as client:
        client.starttls(context=trusting())
        client.sendmail(FROM, [FROM], letter("python").decode())
    with hosts.inside(host.ns, lambda: smtplib.SMTP_SSL(
            "127.0.0.1", IMMEDIATE, "c.example", context=trusting())) as c:
        c.sendmail(FROM, [FROM], letter("python-immediate").decode())


def traces(host):
    """{subject: our Received line} of what has arrived."""
    found = {}
    for octets in host.mail("jones"):
        text = octets.decode()
        subject = re.search(r"(?m)^Subject: (\S+)", text).group(1)
        found[subject] = re.search(r"Received:[^\n]*(\n[ \t][^\n]*)*",
                                   text).group(0)
    return found


def others_send(check, s1, s2):
    wanted = ["python", "python-immediate", "postfix"]
    for name, args in programs().items():
        done = subprocess.run(s1.command(*args), capture_output=True,
                              input=letter(name), timeout=60)
        if not check.claim(name + " is content", done.returncode == 0):
            print(done.stdout.decode(), done.stderr.decode())
        wanted.append(name)
    python(s1)
    s2.run_program("/usr/sbin/sendmail", "-f", "u0@s2.example", FROM,
                   input=letter("postfix"))
    wanted.append("plain")
    s1.wait_mail("jones", len(wanted))
    found = traces(s1)
    check.claim("plain is plain", "with ESMTP " in found[wanted.pop()])
    for name in wanted:
        check.claim("the letter of %s came by TLS" % name, re.search(
            r"using TLSv1\.[23] with cipher", found.get(name, "")) and
            "with ESMTPS " in found[name])
    check.claim("Postfix saw TLS", "TLS connection established to" in
                s2.log())


def plain_is_plain(check, s1):
    with s1.smtp() as client:
        client.ehlo()
        check.claim("STARTTLS is announced", client.has_extn("starttls"))
        client.sendmail(FROM, [FROM], letter("plain").decode())
        check.claim("a letter without TLS is taken where it may", True)
        client.starttls(context=trusting())
        client.ehlo()
        check.claim("and no more behind it", not client.has_extn("starttls"))
    with hosts.inside(s1.ns, lambda: smtplib.SMTP("127.0.0.1",
                                                  REQUIRED)) as client:
        client.ehlo()
        code, text = client.docmd("MAIL", "FROM:<%s>" % FROM)
        check.claim("530 where it must be", code == 530 and
                    text.startswith(b"5.7.0"))


# ---- all of it --------------------------------------------------------------

def furnish(s1):
    s1.blocks = (s1.certificate("rsa", ["s1.example"], rsa=True) +
                 s1.certificate("ec", ["s1.example"]) +
                 s1.certificate("other", ["other.example",
                                          "exact.wild.example"]) +
                 s1.certificate("wild", ["*.wild.example"]))
    s1.configure(s1.blocks + CONFIG)
    s1.start()


def make_hosts(net):
    net.zone("s1.example", "@ MX 10 mail", "mail A 10.99.0.1")
    net.zone("s2.example", "@ MX 10 mail", "mail A 10.99.0.2")
    net.serve_dns()
    s1 = net.host("s1", users=["jones"],
                  mounts={PEERS: os.path.join(net.peers, "root")})
    furnish(s1)
    s2 = postfix.Postfix(net, "s2", 2, users=["u0"])
    net.hosts["s2"] = s2
    with open(s2.path("etc/postfix/main.cf"), "a") as f:
        f.write("smtp_tls_security_level = encrypt\n"
                "smtp_tls_loglevel = 1\n"
                "relayhost = [10.99.0.1]\n")
    with open(s2.path("etc/postfix/master.cf"), "a") as f:
        f.write("tlsmgr unix - - n 1000 1 tlsmgr\n")
    s2.start()
    return s1, s2


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        s1, s2 = make_hosts(net)
        c = Client(check, s1)
        for part in (versions, names, protocols, renegotiation, scan):
            part(c)
        resumption(c)
        no_tickets(c)
        plain_is_plain(check, s1)
        others_send(check, s1, s2)
        s1.stop()
        check.claim("our log has no error", not re.search(
            r"\b(error|fatal|panic):", s1.log()))
    return check.end()


if __name__ == "__main__":
    sys.exit(main())
