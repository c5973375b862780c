#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# tests/run: alone
"""Every process of a suite under valgrind, through a life of all sorts, each
component restarted under load: no error, and nothing lost at the end.

All walls stand but those that valgrind itself would hit, which are named in
tests/valgrind/walls.c.  What it says goes through a socket that it opens before
they stand.
"""
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

ROLES = ("smtpd queue remote local agent lookup users passwords keys "
         "resolver control monitor logger").split()
PROGRAMS = "/opt/valgrind"
PORT = 1500
CLIENTS = 10
CONFIG = """\
relay-from 10.99.0.0/24 127.0.0.0/8
passwords file /etc/relais/passwords
smtpd {
    processes 1
}
listen submissions {
    address 0.0.0.0
    port 465
}
"""
LETTER = b"From: jqp@s1.example\r\nSubject: x\r\n\r\n.a dot\r\n%s\r\n"
PATIENCE = 120
TRUSTING = ssl.create_default_context()
TRUSTING.check_hostname = False
TRUSTING.verify_mode = ssl.CERT_NONE


class Reports:
    """What each process says, one connection each: {pid: text}."""

    def __init__(self, host):
        self.texts = []
        self.threads = []
        self.address = "%s:%d" % (host.address, PORT)
        self.listener = hosts.inside(host.ns, lambda: socket.create_server(
            (host.address, PORT)))
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            connection, _ = self.listener.accept()
            t = threading.Thread(target=self.read, args=(connection,),
                                 daemon=True)
            t.start()
            self.threads.append(t)

    def read(self, connection):
        with connection:
            parts = iter(lambda: connection.recv(65536), b"")
            self.texts.append(b"".join(parts).decode(errors="replace"))

    def collect(self):
        """{(program, pid): report}"""
        for t in self.threads:
            t.join(PATIENCE)
        found = {}
        for text in self.texts:
            m = re.search(r"==(\d+)== Command: (\S+)", text)
            # a fork that is not yet its program writes here as well
            own = [line for line in text.split("\n")
                   if line.startswith("==%s==" % m[1])]
            found[os.path.basename(m[2]), int(m[1])] = "\n".join(own)
        return found

    def valgrind(self, *args):
        return ("valgrind", "--log-socket=" + self.address, "--vgdb=no",
                "--trace-children=yes", "--child-silent-after-fork=yes",
                "--leak-check=full", "--show-leak-kinds=definite",
                "--errors-for-leak-kinds=definite", "--num-callers=20",
                "--error-exitcode=99") + args


def build():
    """The programs, from the objects that the build has."""
    directory = os.environ["RELAIS_BUILD"]
    env = {k: v for k, v in os.environ.items()
           if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    hosts.run("make", "-C", directory, "valgrind-programs", env=env)
    return os.path.join(directory, "tests", "valgrind")


def send(host, recipients, text=b"x"):
    with host.smtp() as client:
        client.ehlo()
        if client.has_extn("starttls"):
            client.starttls(context=TRUSTING)
        return client.sendmail("jqp@s1.example", recipients, LETTER % text)


def log_in(host, password):
    """By each mechanism that smtplib has, until one is taken."""
    with hosts.inside(host.ns, lambda: hosts.smtplib.SMTP_SSL(
            host.address, 465, "client.example", timeout=PATIENCE,
            context=TRUSTING)) as client:
        try:
            return client.login("joe", password)[0]
        except hosts.smtplib.SMTPAuthenticationError as e:
            return e.smtp_code


def refused(host, recipient):
    try:
        send(host, [recipient])
    except hosts.smtplib.SMTPRecipientsRefused as e:
        return e.recipients[recipient][0]
    return 0


def a_bad_client(host):
    """Nonsense, and an end amid the content."""
    client = host.smtp()
    client.docmd("EHLO")
    client.docmd("MAIL", "FROM:<a@b")
    client.send(b"\0\xff\r\n")
    client.getreply()
    client.ehlo()
    client.docmd("MAIL", "FROM:<a@b.example>")
    client.docmd("RCPT", "TO:<jones@s1.example>")
    client.docmd("DATA")
    client.send(b"half a letter\r\n" * 9000)
    client.close()


def letters_in_and_out(check, s1, s2):
    check.claim("letters are taken", not any((
        send(s1, ["jones@s1.example", "brown@s1.example"]),
        send(s1, ["list@s1.example"], b"y" * 60 + b"\r\n" * 200000),
        send(s1, ["carol@s2.example", "green@s2.example"]),
        send(s1, ["x@dead.example"]))))
    check.claim("an unknown one is refused",
                refused(s1, "green@s1.example") == 550)
    a_bad_client(s1)
    check.claim("letters arrive", [
        len(h.wait_mail(u, n, PATIENCE)) for h, u, n in (
            (s1, "jones", 2), (s1, "brown", 2), (s2, "carol", 1))] ==
        [2, 2, 1])
    check.claim("and a notice",
                b"green@s2.example" in s1.wait_mail("jqp", 1, PATIENCE)[0])
    s1.wait_log(r"to=<x@dead\.example>, .*status=deferred", PATIENCE)


def commands(check, s1, reports):
    check.claim("sendmail sends", s1.run(
        *reports.valgrind("sendmail", "-t", "-i"), user="jqp",
        input="To: brown@s1.example\nBcc: jones\n\nhello\n.\n",
        check=False).returncode == 0)
    listed = s1.run(*reports.valgrind("relais", "queue", "list")).stdout
    check.claim("queue list lists", "x@dead.example" in listed)
    check.claim("the others do what they are told", [s1.run(
        *reports.valgrind(*words.split()), check=False).returncode
        for words in ("relais queue retry ALL", "relais-master -n",
                      "relais --json queue list")] == [0] * 3)
    s1.wait_mail("brown", 3, PATIENCE)


def pids(host, role):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                words = f.read().split(b"\0")
            if (os.readlink("/proc/%s/ns/pid" % pid) == os.readlink(
                    "/proc/%d/ns/pid" % host.pid) and
                    ("%s/%s" % (PROGRAMS, role)).encode() in words):
                found.append(int(pid))
        except OSError:
            continue
    return found


def one_dies(check, s1, role):
    old = pids(s1, role)
    os.kill(old[0], signal.SIGKILL)
    hosts.wait_for("another " + role, lambda: set(
        pids(s1, role)) - set(old), PATIENCE)

    def is_taken():
        try:
            return not send(s1, ["jones@s1.example"])
        except hosts.smtplib.SMTPException:
            return False

    before = len(s1.mail("jones"))
    hosts.wait_for("mail after the death of " + role, is_taken, PATIENCE)
    check.claim("mail arrives after the death of " + role,
                s1.wait_mail("jones", before + 1, PATIENCE))


class Client(threading.Thread):
    """Sends one letter after the other to a user here and to one on s2."""

    def __init__(self, host):
        super().__init__(daemon=True)
        self.host = host
        self.over = threading.Event()
        self.promised = 0

    def run(self):
        while not self.over.is_set():
            try:
                self.promised += not send(self.host, [
                    "joe@s1.example", "dave@s2.example"])
            except (OSError, hosts.smtplib.SMTPException):
                pass        # told to come later


def all_begin_anew(check, s1, s2):
    """Each is restarted while letters come in and go out."""
    clients = [Client(s1) for _ in range(CLIENTS)]
    for c in clients:
        c.start()
    roles = [r for r in ROLES if r != "agent"]
    check.claim("each is restarted under load", not [
        r for r in roles
        if s1.run("relais", "restart", r, check=False).returncode])
    for c in clients:
        c.over.set()
    for c in clients:
        c.join()
    promised = sum(c.promised for c in clients)
    check.claim("%d letters are taken meanwhile, and arrive" % promised, [
        len(h.wait_mail(u, promised, PATIENCE)) >= promised > 0
        for h, u in ((s1, "joe"), (s2, "dave"))] == [True] * 2)


def nothing_is_wrong(check, reports, killed):
    found = reports.collect()
    check.claim("each program was watched", set(ROLES) <= {
        program for program, _ in found})
    ended = {k: t for k, t in found.items() if "ERROR SUMMARY" in t}
    silent = sorted(k[0] for k in found if k not in ended)
    check.claim("each told how it ended, but those that were killed: %s" %
                silent, silent == sorted(killed))
    for (program, pid), text in sorted(ended.items()):
        good = "ERROR SUMMARY: 0 errors" in text and (
            "definitely lost: 0 bytes" in text or
            "no leaks are possible" in text)
        if not check.claim("%s has no error and no leak" % program, good):
            print(text)
        for line in text.split("\n"):
            if re.search(r"WARNING|(indirectly|possibly) lost: [1-9]", line):
                print(program + line)


def main():
    check = hosts.Checks()
    if os.environ.get("RELAIS_SANITIZED"):
        print("0 passed, 0 failed, 1 skipped")
        return 0
    programs = build()
    with hosts.Net(hosts.tree()) as net:
        net.zone("s1.example", "@ MX 10 mail", "mail A 10.99.0.1")
        net.zone("s2.example", "@ MX 10 mail", "mail A 10.99.0.2")
        net.zone("dead.example", "@ A 10.99.0.9")
        net.serve_dns()
        s1 = net.host("s1", users=["jqp", "jones", "brown", "joe"],
                      config=CONFIG, aliases="list: jones, brown\n",
                      mounts={PROGRAMS: programs})
        s1.configure(s1.certificate() + CONFIG)
        s1.run("relais", "passwd", "joe", input="sesame\n")
        s2 = net.host("s2", users=["carol", "dave"])
        s2.start()
        reports = Reports(s1)
        master = subprocess.Popen(
            s1.command(*reports.valgrind("relais-master", "-d", "-p",
                                         PROGRAMS)),
            stdin=subprocess.DEVNULL, preexec_fn=hosts.die_with_parent)
        hosts.wait_for("the suite, or its end", lambda: re.search(
            "ready, relais", s1.log()) or master.poll(), PATIENCE)
        letters_in_and_out(check, s1, s2)
        codes = [log_in(s1, p) for p in ("sesame", "wrong", "sesame")]
        check.claim("a password is judged: %s" % codes,
                    codes == [235, 535, 235])
        commands(check, s1, reports)
        all_begin_anew(check, s1, s2)
        killed = ("lookup", "queue")
        for role in killed:
            one_dies(check, s1, role)
        # relais stop would not know master by its name
        s1.run("sh", "-c", "kill -TERM $(cat /run/relais/master.pid)")
        check.claim("master ends in order", master.wait(PATIENCE) == 0)
        check.claim("our log has no error", not re.search(
            r"\b(error|fatal|panic):", s1.log()))
        nothing_is_wrong(check, reports, killed)
        if check.failed:
            s1.show_log()
    return check.end()


sys.exit(main())
