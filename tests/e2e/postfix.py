#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""relais and Postfix, each as client and as server of the other: letters of
several kinds, many recipients of whom one is unknown, and crowds of letters.

Postfix is a host of its own, s2, that runs from what tests/peers unpacked.
"""
import email
import os
import re
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402
import mailq    # noqa: E402

PEERS = "/opt/peers"
LIBRARIES = ":".join(PEERS + d for d in (
    "/usr/lib/postfix", "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu"))
SESSIONS, CROWD_SIZE = 50, 4096
CROWD = int(os.environ.get("RELAIS_MESSAGES", "1000"))
MANY = 120                      # more than one job's recipients
USERS = ["u%d" % n for n in range(9)] + ["jqp"]
SINK = 2525
ETH_P_IP = 0x0800
RELAIS = """\
relay-from 10.99.0.0/24
route sink.example {
    via [10.99.0.2]:%d
}
listen filter {
    address 10.99.0.1
    port 2526
    xforward 10.99.0.2
}
listen lmtp {
    address 10.99.0.1
    port 2524
    protocol lmtp
}
""" % SINK

MAIN_CF = """\
compatibility_level = 3.6
daemon_directory = {peers}/usr/lib/postfix/sbin
command_directory = {peers}/usr/sbin
shlib_directory = {peers}/usr/lib/postfix
sendmail_path = {peers}/usr/sbin/sendmail
queue_directory = /var/spool/postfix
data_directory = /var/spool/postfix/data
import_environment = MAIL_CONFIG LD_LIBRARY_PATH={libraries}
export_environment = MAIL_CONFIG LD_LIBRARY_PATH={libraries}
maillog_file = /var/spool/postfix/log
enable_long_queue_ids = yes
myhostname = mail.s2.example
myorigin = s2.example
mydestination = s2.example
mynetworks = 127.0.0.0/8 10.99.0.0/24
inet_protocols = ipv4
smtpd_peername_lookup = no
smtputf8_enable = no
alias_maps =
alias_database =
local_recipient_maps = unix:passwd.byname
recipient_delimiter = +
home_mailbox = Maildir/
smtp_send_xforward_command = yes
lmtp_send_xforward_command = yes
transport_maps = inline:{{
    {{ u1@s1.example = smtp:[10.99.0.1]:2526 }},
    {{ u2@s1.example = lmtp:inet:10.99.0.1:2524 }},
    {{ u3@s1.example = lmtp:inet:10.99.0.1:2524 }} }}
in_flow_delay = 0
"""
# service, type, private, unprivileged, chroot, wake up, processes, command
MASTER_CF = """\
smtp       inet       n - n -    -   smtpd
pickup     unix       n - n 60   1   pickup
cleanup    unix       n - n -    0   cleanup
qmgr       unix       n - n 300  1   qmgr
rewrite    unix       - - n -    -   trivial-rewrite
bounce     unix       - - n -    0   bounce
defer      unix       - - n -    0   bounce
trace      unix       - - n -    0   bounce
flush      unix       n - n 1000 0   flush
proxymap   unix       - - n -    -   proxymap
smtp       unix       - - n -    -   smtp
lmtp       unix       - - n -    -   lmtp
showq      unix       n - n -    -   showq
error      unix       - - n -    -   error
retry      unix       - - n -    -   error
local      unix       - n n -    -   local
anvil      unix       - - n -    1   anvil
scache     unix       - - n -    1   scache
postlog    unix-dgram n - n -    1   postlogd
"""
# name: owner is the account postfix, group postdrop where it is public
QUEUE_MODES = dict.fromkeys(
    "active bounce corrupt data defer deferred flush hold incoming private "
    "saved trace sink".split(), 0o700)
QUEUE_MODES.update(maildrop=0o730, public=0o710)


class Postfix(hosts.Host):
    def __init__(self, net, name, number, **more):
        self.queue = os.path.join(net.dir, name, "postfix")
        super().__init__(net, name, number, accounts=("postfix", "postdrop"),
                         mounts={PEERS: os.path.join(net.peers, "root"),
                                 "/var/spool/postfix": self.queue}, **more)

    def furnish(self, aliases):
        super().furnish(aliases)
        hosts.write(self.path("etc/postfix/main.cf"), MAIN_CF.format(
            peers=PEERS, libraries=LIBRARIES))
        hosts.write(self.path("etc/postfix/master.cf"), MASTER_CF)
        postfix, postdrop = (hosts.FIRST_UID + self.accounts.index(a)
                             for a in ("postfix", "postdrop"))
        os.makedirs(os.path.join(self.queue, "pid"))
        for name, mode in QUEUE_MODES.items():
            path = os.path.join(self.queue, name)
            os.mkdir(path)
            os.chown(path, postfix,
                     postfix if mode == 0o700 else postdrop)
            os.chmod(path, mode)

    def program(self, path, *args):
        return self.command("env", "LD_LIBRARY_PATH=" + LIBRARIES,
                            PEERS + path, *args)

    def run_program(self, *args, **more):
        return subprocess.run(self.program(*args), check=True,
                              capture_output=True, timeout=60, **more).stdout

    def start(self):
        """Without -d it would leave its terminal, of which it has none.  All
        of it ends with the host."""
        self.spawn("/usr/lib/postfix/sbin/master", "-d")
        hosts.wait_for("Postfix", lambda: self.listens(25))

    def spawn(self, *args):
        with open(os.path.join(self.queue, "said"), "ab") as said:
            subprocess.Popen(self.program(*args), stdout=said, stderr=said,
                             stdin=subprocess.DEVNULL,
                             preexec_fn=hosts.die_with_parent)

    def listens(self, port):
        def knock():
            with socket.socket() as s:
                return s.connect_ex((self.address, port)) == 0
        return hosts.inside(self.ns, knock)

    def log(self):
        try:
            with open(os.path.join(self.queue, "log"),
                      errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def waiting(self):
        """How many messages Postfix still has."""
        return sum(len(files) for d in ("maildrop", "incoming", "active",
                                        "deferred")
                   for _, _, files in os.walk(os.path.join(self.queue, d)))


# ---- letters ----------------------------------------------------------------

def letters():
    """{subject: octets, with CRLF}: sizes, dots, high octets, long lines."""
    bodies = {
        "empty": b"",
        "a-line": b"hello\r\n",
        "dots": b".\r\n..\r\n.a\r\n\r\n.\r\nend.\r\n.\r\n",
        "eight-bit": b"caf\xc3\xa9 \xff\xfe\x80\r\n\xa0.\r\n",
        "from-lines": b"From here\r\n>From there\r\n\r\nFrom\r\n",
        "long-lines": (b"x" * 998 + b"\r\n" + b"." * 500 + b"\r\n") * 20,
        "blanks": b" \r\n\t\r\n\r\n\r\ntext \r\n\r\n\r\n",
        "64k": (b"y" * 62 + b"\r\n") * 1024,
        "3m": (b".line of sixty-four octets, of which none must be lost: %05d"
               b"\r\n" * 49152) % tuple(range(49152)),
    }
    return {k: b"From: jqp@s1.example\r\nDate: Mon, 1 Jan 2024 00:00:00 "
            b"+0000\r\nMessage-ID: <%s@s1.example>\r\nTo: someone@s2.example"
            b"\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; "
            b"charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
            b"Subject: %s\r\n\r\n%s" % (k.encode(), k.encode(), body)
            for k, body in bodies.items()}


def below_trace(letter):
    """What stands below the header lines that servers added."""
    return letter[letter.index(b"From: "):]


def are_whole(check, receiver, user, sent):
    got = receiver.wait_mail(user, len(sent))
    stored = sorted(below_trace(g) for g in got)
    want = sorted(s.replace(b"\r\n", b"\n") for s in sent.values())
    check.claim("%s has %d letters of all kinds, byte for byte" % (
        receiver.name, len(sent)), stored == want)
    for w in want:
        if w not in stored:
            print("not among them: %r" % w[:400])


def submit(host, sender, recipients, octets):
    """A letter by SMTP, as it is; smtplib would mend its line ends."""
    with host.smtp() as client:
        client.ehlo()
        client.docmd("MAIL", "FROM:<%s> BODY=8BITMIME" % sender)
        for r in recipients:
            code, text = client.docmd("RCPT", "TO:<%s>" % r)
            assert code == 250, text
        client.docmd("DATA")
        client.send(re.sub(rb"(?m)^\.", b"..", octets) + b".\r\n")
        code, text = client.getreply()
        assert code == 250, text


class Wire:
    """Remembers the segments that a host gets at port 25."""

    def __init__(self, host):
        self.segments = []
        self.socket = hosts.inside(host.ns, lambda: socket.socket(
            socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP)))
        self.socket.bind(("eth0", ETH_P_IP))
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                packet = self.socket.recv(1 << 17)
            except OSError:
                return
            if b"RCPT TO:" in packet:
                self.segments.append(packet)

    def has_groups(self):
        """From MAIL up to DATA, or with the content behind it."""
        return any(b"MAIL FROM:" in s and (b"DATA\r\n" in s or
                                           b"\r\nBDAT " in s)
                   for s in self.segments)


# ---- relais is the client ---------------------------------------------------

def relais_sends(check, s1, s2):
    sent = letters()
    for octets in sent.values():
        submit(s1, "jqp@s1.example", ["u0@s2.example"], octets)
    are_whole(check, s2, "u0", sent)


def relais_sends_to_many(check, s1, s2):
    known = ["u1+%d@s2.example" % n for n in range(MANY)]
    submit(s1, "jqp@s1.example", known + ["stranger@s2.example"],
           letters()["dots"])
    got = s2.wait_mail("u1", MANY)
    to = sorted(email.message_from_bytes(g)["Delivered-To"] for g in got)
    check.claim("Postfix has it for each of %d recipients" % MANY,
                to == sorted(known))
    letter = s1.wait_mail("jqp")[0]
    told = re.findall(rb"(?m)^Final-Recipient: *rfc822; *(\S+)$", letter)
    check.claim("our notice names the unknown one, and Postfix's words",
                told == [b"stranger@s2.example"] and
                b"Status: 5.1.1" in letter and
                b"User unknown in local recipient table" in letter)


# ---- Postfix is the client --------------------------------------------------

def postfix_submit(s2, sender, recipients, octets):
    s2.run_program("/usr/sbin/sendmail", "-i", "-f", sender, *recipients,
                   input=octets.replace(b"\r\n", b"\n"))


def postfix_sends(check, s1, s2):
    sent = letters()
    for octets in sent.values():
        postfix_submit(s2, "u0@s2.example", ["u0@s1.example"], octets)
    are_whole(check, s1, "u0", sent)


def postfix_sends_to_many(check, s1, s2):
    """The sender is a user of ours, so the bounce comes back to us."""
    before = len(s1.mail("jqp"))
    known = USERS[1:9]
    postfix_submit(s2, "jqp@s1.example",
                   [u + "@s1.example" for u in known + ["stranger"]],
                   letters()["dots"])
    each = [len(s1.wait_mail(u)) for u in known]
    check.claim("each of %d recipients has Postfix's letter" % len(known),
                each == [1] * len(known))
    bounce = s1.wait_mail("jqp", before + 1)[-1]
    message = email.message_from_bytes(bounce)
    told = re.findall(rb"(?m)^Final-Recipient: *rfc822; *(\S+)$", bounce)
    check.claim("our user has Postfix's bounce about the unknown one",
                message["Return-Path"] == "<>" and
                message.get_content_type() == "multipart/report" and
                told == [b"stranger@s1.example"] and
                b"Status: 5.1.1" in bounce)


# ---- crowds -----------------------------------------------------------------

def postfix_forwards(check, s1, s2):
    """What Postfix sends to a filter, and to mailboxes."""
    with s1.smtp(s2) as client:
        client.sendmail("jqp@s1.example", ["u1@s1.example"],
                        "Subject: xforward\n\nx\n")
    check.claim("Postfix says by XFORWARD whose letter it is", s1.wait_log(
        r": client=\S+\[10\.99\.0\.2\], orig_queue_id=[0-9A-Za-z]+, "
        r"orig_client=\S+\[10\.99\.0\.1\], .*orig_helo=client\.example"))
    def heard():
        return len(re.findall(r"postfix/lmtp\[.* to=<u[23]@s1\.example>"
                              r".* status=sent", s2.log()))

    before = heard()
    postfix_submit(s2, "jqp@s2.example",
                   ["u2@s1.example", "u3@s1.example"],
                   b"Subject: lmtp\r\n\r\nx\r\n")
    for user in "u2", "u3":
        hosts.wait_for("the letter by LMTP", lambda u=user: any(
            b"with LMTP" in m for m in s1.mail(u)))
    check.claim("Postfix hears of both recipients by LMTP", hosts.wait_for(
        "its log", lambda: heard() == before + 2))


def source(s2, sender, recipient, port_of):
    began = time.monotonic()
    s2.run_program("/usr/sbin/smtp-source", "-s", str(SESSIONS),
                   "-m", str(CROWD), "-l", str(CROWD_SIZE), "-f", sender,
                   "-t", recipient, "inet:%s:25" % port_of.address)
    return time.monotonic() - began


def message_ids(texts):
    return {m for t in texts
            for m in re.findall(rb"(?mi)^Message-Id: *(\S+)", t)}


def a_crowd_comes(check, s1, s2):
    taken = source(s2, "x@bar.example", "crowd@s1.example", s1)
    got = s1.wait_mail("crowd", CROWD)
    print("%d letters in %d sessions, taken in %.1f s" % (
        CROWD, SESSIONS, taken))
    check.claim("all of smtp-source's letters are delivered, once",
                len(got) == CROWD == len(message_ids(got)))


def a_crowd_goes(check, s1, s2):
    s2.spawn("/usr/sbin/smtp-sink", "-u", "postfix", "-R",
             "/var/spool/postfix/sink", "-d", "%M.",
             "inet:%s:%d" % (s2.address, SINK), str(SESSIONS))
    hosts.wait_for("the sink", lambda: s2.listens(SINK))
    began = time.monotonic()
    source(s2, "x@bar.example", "x@sink.example", s1)
    s1.wait_empty()
    print("%d letters to smtp-sink in %.1f s" % (
        CROWD, time.monotonic() - began))
    sink = os.path.join(s2.queue, "sink")
    got = []
    for name in os.listdir(sink):
        with open(os.path.join(sink, name), "rb") as f:
            got.append(f.read())
    check.claim("all are taken by smtp-sink, once",
                len(got) == CROWD == len(message_ids(got)))


# ---- what waits -------------------------------------------------------------

def listed(s1, s2):
    """What mailq and postqueue print, read by the same eyes."""
    return [mailq.parse(text) for text in (
        s1.run("mailq").stdout,
        s2.run_program("/usr/sbin/postqueue", "-p").decode())]


def outline(messages):
    return [(m["mark"], m["sender"], sorted(r for r, _ in m["recipients"]))
            for m in messages]


def queues_look_alike(check, s1, s2):
    people = ["a@late.example", "b@late.example"]
    for host in s1, s2:
        with s1.smtp(host) as client:
            client.sendmail("jqp@s1.example", people, "Subject: x\n\nx\n")
        host.wait_all_of_log(r"@late\.example>.* status=deferred", 2)
    ours, theirs = hosts.wait_for("both to wait", lambda: (lambda both: both if
        all(m and all(why for _, why in m[0]["recipients"]) for m in both)
        else None)(listed(s1, s2)))
    check.claim("mailq is what postqueue -p of Postfix would be",
                outline(ours) == outline(theirs) == [
                    ("", "jqp@s1.example", people)])
    s1.run("relais", "queue", "hold", "ALL")
    s2.run_program("/usr/sbin/postsuper", "-h", "ALL")
    ours, theirs = listed(s1, s2)
    check.claim("also of what is held", outline(ours) == outline(theirs) == [
        ("!", "jqp@s1.example", people)])
    s1.run("relais", "queue", "delete", "ALL")
    s2.run_program("/usr/sbin/postsuper", "-d", "ALL")
    check.claim("and of nothing", listed(s1, s2) == [[], []])


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        net.zone("s1.example", "@ MX 10 mail", "mail A 10.99.0.1")
        net.zone("s2.example", "@ MX 10 mail", "mail A 10.99.0.2")
        # nobody listens there
        net.zone("late.example", "@ MX 10 mail", "mail A " + hosts.DNS)
        net.serve_dns()
        s1 = net.host("s1", users=USERS + ["crowd"], config=RELAIS)
        s2 = Postfix(net, "s2", 2, users=USERS)
        net.hosts["s2"] = s2
        s1.start()
        s2.start()
        to_s1, to_s2 = Wire(s1), Wire(s2)
        relais_sends(check, s1, s2)
        relais_sends_to_many(check, s1, s2)
        check.claim("we pipeline to Postfix", to_s2.has_groups())
        postfix_sends(check, s1, s2)
        postfix_sends_to_many(check, s1, s2)
        postfix_forwards(check, s1, s2)
        check.claim("Postfix pipelines to us", to_s1.has_groups())
        a_crowd_comes(check, s1, s2)
        a_crowd_goes(check, s1, s2)
        s1.wait_empty()
        hosts.wait_for("an empty queue of Postfix", lambda: not s2.waiting())
        queues_look_alike(check, s1, s2)
        s1.stop()
        check.claim("our log has no error",
                    not re.search(r"\b(error|fatal|panic):", s1.log()))
        check.claim("Postfix complains of nothing", not re.search(
            r"warning: (?!.*(compatib|backwards))|error:|fatal:|panic:",
            s2.log()))
    return check.end()


if __name__ == "__main__":
    sys.exit(main())
