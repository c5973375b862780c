#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Other people's programs at extensions that few use: HAProxy in front of us,
by both versions of the PROXY protocol; Exim, whose letters come by BDAT; swaks
by XCLIENT, PROXY and LMTP.
"""
import contextlib
import email
import os
import re
import shutil
import smtplib
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

PEERS = "/opt/peers"
LIBRARIES = ":".join(PEERS + "/usr/lib/" + d for d in (
    "x86_64-linux-gnu", "aarch64-linux-gnu"))
JONES = "jones@s1.example"
CONFIG = """\
relay-from 127.0.6.0/24
listen proxied {
    address 127.0.0.1 ::1
    port 2525
    proxy 127.0.0.1 ::1
}
listen trusted {
    address 127.0.0.1
    port 2526
    xclient 127.0.0.1
}
listen lmtp {
    address 127.0.0.1
    port 2524
    protocol lmtp
    socket /run/relais/lmtp
}
"""
VERSIONS = {2601: "send-proxy", 2602: "send-proxy-v2",
            2603: "send-proxy-v2 proxy-v2-options crc32c"}
HAPROXY = """\
defaults
    mode tcp
    timeout connect 5s
    timeout client 30s
    timeout server 30s
""" + "".join("""\
listen p%d
    bind 127.0.0.1:%d
    bind ::1:%d
    server relais 127.0.0.1:2525 %s
""" % (port, port, port, how) for port, how in VERSIONS.items()) + """\
listen checked
    bind 127.0.0.1:2604
    option smtpchk EHLO check.example
    server relais 127.0.0.1:2525 send-proxy-v2 check inter 1s check-send-proxy
"""
EXIM = """\
primary_hostname = exim.example
exim_path = /etc/exim4/exim
exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = /var/spool/exim
keep_environment =
deliver_drop_privilege = true
log_file_path = /var/spool/exim/%slog
begin routers
all:
    driver = manualroute
    route_list = * 127.0.0.1
    self = send
    transport = relais
begin transports
relais:
    driver = smtp
    allow_localhost
    hosts_try_chunking = *
"""
# It begins anew for each delivery, and knows no more where its libraries are;
# the copy is without the set-uid bit, with which they are not looked for.
EXIM_ITSELF = """\
#!/bin/sh
LD_LIBRARY_PATH=%s exec /etc/exim4/exim4 "$@"
""" % LIBRARIES
LINES = 12000                   # more than one chunk


class Peer:
    def __init__(self, check, net, host):
        self.check, self.net, self.host = check, net, host

    def command(self, path, *args):
        return self.host.command("env", "LD_LIBRARY_PATH=" + LIBRARIES,
                                 path, *args)

    def run(self, *args, **more):
        done = subprocess.run(self.command(*args), capture_output=True,
                              timeout=60, **more)
        if done.returncode != 0:
            print(done.stdout.decode(errors="replace"),
                  done.stderr.decode(errors="replace"))
        return done.returncode

    def arrives(self, subject, body, *traces):
        """One letter with this subject: whole, and its trace says so."""
        def find():
            return [m for m in map(email.message_from_bytes,
                                   self.host.mail("jones"))
                    if m["Subject"] == subject]

        found = hosts.wait_for("the letter of " + subject, find)
        trace = found[0].get_all("Received")[0]
        self.check.claim("%s: one letter, whole" % subject, len(found) == 1
                         and found[0].get_payload().strip() == body.strip())
        if not self.check.claim("%s: its trace says %s" % (subject, traces),
                                all(t in trace for t in traces)):
            print(trace)


def through_haproxy(p):
    hosts.write(p.host.path("etc/haproxy.cfg"), HAPROXY)
    haproxy = subprocess.Popen(p.command(
        PEERS + "/usr/sbin/haproxy", "-db", "-f", "/etc/haproxy.cfg"))
    try:
        for n, port in enumerate(VERSIONS):
            hosts.inside(p.host.ns, lambda n=n, port=port: one_of_its(
                p, port, "127.0.5.%d" % (n + 1)))
        p.check.claim("who may relay is the client, not HAProxy", [
            hosts.inside(p.host.ns, lambda a=a: may_relay(2602, a))
            for a in ("127.0.6.1", "127.0.5.9")] == [True, False])
        p.host.wait_log(r"ehlo=1 (quit=1 )?commands")
        p.check.claim("HAProxy's own check is content", hosts.inside(
            p.host.ns, lambda: may_relay(2604, "127.0.6.2")))
    finally:
        haproxy.terminate()
        haproxy.wait()


def connect(port, source, address="127.0.0.1"):
    def attempt():
        with contextlib.suppress(OSError, smtplib.SMTPException):
            return smtplib.SMTP(address, port, "client.example", 20,
                                (source, 0))
    return hosts.wait_for("HAProxy at port %d" % port, attempt)


def one_of_its(p, port, source):
    name = VERSIONS[port]
    with connect(port, source) as client:
        client.sendmail("a@b.example", [JONES], "Subject: %s\n\nx\n" % name)
    p.arrives(name, "x\n", "[%s]" % source)
    p.check.claim("the log has its address: %s" % name, p.host.wait_log(
        r"(?m)connect from \S+\[%s\]:\d+$" % re.escape(source)))
    with connect(port, "::1", "::1") as client:
        client.sendmail("a@b.example", [JONES], "Subject: %s 6\n\nx\n" % name)
    p.arrives(name + " 6", "x\n", "[IPv6:::1]")


def may_relay(port, source):
    with connect(port, source) as client:
        client.ehlo()
        client.mail("a@b.example")
        return client.rcpt("user@elsewhere.example")[0] == 250


def exim(p):
    hosts.write(p.host.path("etc/exim4/exim4.conf"), EXIM)
    hosts.write(p.host.path("etc/exim4/exim"), EXIM_ITSELF, 0o755)
    shutil.copyfile(os.path.join(p.net.peers, "root/usr/sbin/exim4"),
                    p.host.path("etc/exim4/exim4"))
    os.chmod(p.host.path("etc/exim4/exim4"), 0o755)
    for name, lines in (("exim", 3), ("exim in chunks", LINES)):
        body = "".join(".%d\n" % n for n in range(lines)) + ".\n"
        p.check.claim("%s is content" % name, p.run(
            "/etc/exim4/exim", "-f", "a@b.example", "-odi", "-oi", JONES,
            input=("Subject: %s\n\n%s" % (name, body)).encode()) == 0)
        p.arrives(name, body, "with ESMTP")
    p.host.wait_log(r"disconnect from .* bdat=1 ")
    p.check.claim("they came by BDAT, the large one in several chunks",
                  p.host.wait_log(r" bdat=([2-9]|\d\d+) "))


def swaks(p, name, *args):
    return p.run("perl", PEERS + "/usr/bin/swaks", "--from", "a@b.example",
                 "--to", JONES, "--helo", "client.example", "--header",
                 "Subject: " + name, "--body", "x", *args)


def several_swaks(p):
    p.check.claim("swaks by XCLIENT is content", swaks(
        p, "xclient", "--server", "127.0.0.1:2526", "--xclient-addr",
        "192.0.2.31", "--xclient-name", "spike.example") == 0)
    p.arrives("xclient", "x", "spike.example [192.0.2.31]")
    p.check.claim("and is refused where it is not listed", swaks(
        p, "xclient", "--server", "127.0.0.1:25", "--xclient-addr",
        "192.0.2.31") != 0)
    for version in "12":
        name = "proxy %s" % version
        p.check.claim("swaks by PROXY %s is content" % version, swaks(
            p, name, "--server", "127.0.0.1:2525", "--proxy-version", version,
            "--proxy-family", "TCP4" if version == "1" else "AF_INET",
            "--proxy-protocol", "STREAM", "--proxy-source", "192.0.2.32",
            "--proxy-source-port", "40000", "--proxy-dest", "192.0.2.1",
            "--proxy-dest-port", "25") == 0)
        p.arrives(name, "x", "[192.0.2.32]")
    for name, where in (("lmtp", ("--server", "127.0.0.1:2524")),
                        ("lmtp socket", ("--socket", "/run/relais/lmtp"))):
        p.check.claim("swaks by %s is content" % name, swaks(
            p, name, "--protocol", "LMTP", *where) == 0)
        p.arrives(name, "x", "with LMTP")


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        net.zone("s1.example", "@ MX 10 mail", "mail A 10.99.0.1")
        net.serve_dns()
        spool = os.path.join(net.dir, "exim")
        os.mkdir(spool)
        s1 = net.host("s1", users=["jones"], config=CONFIG,
                      accounts=("Debian-exim",),
                      mounts={PEERS: os.path.join(net.peers, "root"),
                              "/var/spool/exim": spool})
        uid = hosts.FIRST_UID + s1.accounts.index("Debian-exim")
        os.chown(spool, uid, uid)
        s1.start()
        p = Peer(check, net, s1)
        through_haproxy(p)
        exim(p)
        several_swaks(p)
        s1.stop()
        check.claim("our log has no error",
                    not re.search(r"\b(error|fatal|panic):", s1.log()))
    return check.end()


sys.exit(main())
