#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What of the dialogue takes time or room: each limit of time, 421 wherever
a session is when relais goes away, a line of 50 MiB, replies in one write.
"""
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

SANITIZED = bool(os.environ.get("RELAIS_SANITIZED"))
MIB = 1 << 20
LINE = 50 * MIB
GROWTH = 2 * MIB            # input, output and what malloc keeps
STOP_CONTENT_TIME = 20      # shared/limits.h
DOMAIN = "dialogue.example"
CONFIG = """\
message-size 64M
smtpd {
    processes 1
    greeting-time %s
    command-time %s
    data-time %s
    answer-time %s
}
listen asked {
    address 0.0.0.0
    port 2525
    vrfy yes
    expn yes
}
"""
PATIENT = CONFIG % ("5m", "5m", "3m", "10m")
HASTY = CONFIG % ("1s", "2s", "3s", "4s")


class Client:
    """Lines to a server and back."""

    def __init__(self, host, *said, port=25):
        self.socket = hosts.inside(host.ns, lambda: socket.create_connection(
            (host.address, port), timeout=hosts.PATIENCE))
        self.file = self.socket.makefile("rb")
        self.reply()
        for line in said:
            self.say(line)
            self.reply()

    def say(self, line):
        self.socket.sendall(line.encode() + b"\r\n")

    def reply(self):
        """All lines of one; empty at the end of the connection."""
        lines = [self.file.readline().decode()]
        while lines[-1][3:4] == "-":
            lines.append(self.file.readline().decode())
        return "".join(lines)

    def close(self):
        self.file.close()
        self.socket.close()


EHLO = "EHLO client.example"
MAIL = "MAIL FROM:<smith@bar.example>"
RCPT = "RCPT TO:<jones@%s>" % DOMAIN


def pid_of(host, program):
    return [p for name, p in host.processes() if name == program][0]


def own_memory(pid):
    with open("/proc/%d/status" % pid) as f:
        return 1024 * int(re.search(r"RssAnon:\s+(\d+)", f.read())[1])


# ---- lines -------------------------------------------------------------------

def a_long_line(check, host):
    client = Client(host, EHLO, MAIL, RCPT, "DATA")
    client.socket.sendall(b"Subject: long\r\n\r\n")
    pid = pid_of(host, "smtpd")
    before = peak = own_memory(pid)
    for _ in range(LINE // MIB):
        client.socket.sendall(b"x" * MIB)
        peak = max(peak, own_memory(pid))
    client.socket.sendall(b"\r\n.\r\n")
    check.claim("a line of %d MiB is taken" % (LINE // MIB),
                client.reply().startswith("250 2.0.0"))
    client.close()
    text = "smtpd grew by %d KiB meanwhile" % ((peak - before) // 1024)
    if SANITIZED:
        print("skip " + text)
    else:
        check.claim(text, peak - before < GROWTH)
    letter = host.wait_mail("jones")[0]
    check.claim("and it arrives whole", b"\n" + b"x" * LINE + b"\n"
                in letter.replace(b"\r\n", b"\n"))


# ---- replies -----------------------------------------------------------------

def replies_in_one_write(check, host):
    """What strace(1) sees of smtpd while a client hears long replies."""
    pid = pid_of(host, "smtpd")
    client = Client(host, port=2525)
    trace = subprocess.Popen(
        ["strace", "-s", "1024", "-e", "trace=sendto", "-p", str(pid)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True)
    line = trace.stderr.readline()
    if "attached" not in line:
        print("skip replies in one write: " + line.strip())
        return
    replies = []
    for command in (EHLO, "HELP", "HELP STATUS", "EXPN team"):
        client.say(command)
        replies.append(client.reply())
    trace.send_signal(signal.SIGINT)
    writes = trace.communicate()[1]
    client.close()
    for reply in replies:
        shown = reply.replace('"', '\\"').replace("\r", "\\r").replace(
            "\n", "\\n")
        check.claim("%d lines in one write: %s" % (
            reply.count("\n"), reply.split("\r")[0]),
            reply.count("\n") > 1 and '"%s"' % shown in writes)


# ---- times -------------------------------------------------------------------

def hear(client):
    """What comes, after how many seconds, and whether that is all."""
    begin = time.monotonic()
    heard = client.reply()
    took = time.monotonic() - begin
    is_end = client.reply() == ""
    client.close()
    return heard, took, is_end


def is_421(check, what, heard, code, seconds, delay=2.0):
    said, took, is_end = heard
    check.claim("%s: %s after %.1f s" % (what, said.strip(), took),
                said.startswith("421 " + code) and
                seconds - 0.5 < took < seconds + delay * (5 if SANITIZED
                                                          else 1) and is_end)


def hears_421(check, what, client, code, seconds):
    is_421(check, what, hear(client), code, seconds)


TIMES = [
    ("greeting-time", (), 1),
    ("command-time, behind EHLO", (EHLO,), 2),
    ("command-time, behind MAIL", (EHLO, MAIL), 2),
    ("command-time, behind RCPT", (EHLO, MAIL, RCPT), 2),
    ("data-time", (EHLO, MAIL, RCPT, "DATA"), 3),
    ("data-time, amid content", (EHLO, MAIL, RCPT, "DATA",
                                 "Subject: half a letter"), 3)]


def wait_in_silence(host, said):
    client = Client(host, *said[:4])
    for line in said[4:]:
        client.say(line)
    return hear(client)


def each_time_limit(check, host):
    heard = hosts.side_by_side(*[(wait_in_silence, host, said)
                                 for _, said, _ in TIMES])
    for (what, _, seconds), one in zip(TIMES, heard):
        is_421(check, what, one, "4.4.2", seconds)


def our_own_time(check, host):
    """Neighbours that are there and say nothing."""
    for program, cases in (
            ("lookup", [((EHLO, MAIL), RCPT)]),
            ("queue", [((EHLO, MAIL, RCPT), "DATA"),
                       ((EHLO, MAIL, RCPT, "DATA"), ".")])):
        clients = [Client(host, *said) for said, _ in cases]
        pid = pid_of(host, program)
        os.kill(pid, signal.SIGSTOP)
        try:
            for client, (_, last) in zip(clients, cases):
                client.say(last)
            heard = hosts.side_by_side(*[(hear, c) for c in clients])
        finally:
            os.kill(pid, signal.SIGCONT)
        for one, (_, last) in zip(heard, cases):
            is_421(check, "answer-time, %s behind %s" % (program, last), one,
                   "4.3.0", 4)


# ---- going away --------------------------------------------------------------

def all_hear_421_at_a_stop(check, host):
    states = [("before EHLO", Client(host)),
              ("behind EHLO", Client(host, EHLO)),
              ("behind MAIL", Client(host, EHLO, MAIL)),
              ("behind RCPT", Client(host, EHLO, MAIL, RCPT)),
              ("amid a command", Client(host, EHLO)),
              ("while lookup is asked", Client(host, EHLO, MAIL))]
    states[-2][1].socket.sendall(b"MAIL FRO")
    silent = Client(host, EHLO, MAIL, RCPT, "DATA")
    silent.say("Subject: half a letter")
    sends = Client(host, EHLO, MAIL, RCPT, "DATA")
    sends.say("Subject: a whole letter\r\n")
    lookup = pid_of(host, "lookup")
    os.kill(lookup, signal.SIGSTOP)
    states[-1][1].say(RCPT)
    time.sleep(0.5)
    stop = threading.Thread(target=host.stop)
    stop.start()
    begin = time.monotonic()
    for what, client in states:
        hears_421(check, "a stop, " + what, client, "4.3.2", 0)
    os.kill(lookup, signal.SIGCONT)
    sends.say(".")
    check.claim("whose content comes may end it",
                sends.reply().startswith("250 2.0.0"))
    hears_421(check, "and then", sends, "4.3.2", 0)
    left = STOP_CONTENT_TIME - (time.monotonic() - begin)
    hears_421(check, "who does not end it", silent, "4.3.2", left)
    stop.join()
    check.claim("all has ended in order", "killed by signal" not in
                host.log() and host.processes() == [])


def stays(check, host):
    a_long_line(check, host)
    replies_in_one_write(check, host)
    host.configure(HASTY)
    host.run("relais", "reload")
    each_time_limit(check, host)
    our_own_time(check, host)
    host.stop()


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        host, leaving = [net.host(
            name, users=["jones", "brown"], config=PATIENT, domain=DOMAIN,
            aliases="team: jones, brown\n") for name in ("stays", "leaves")]
        host.start()
        leaving.start()
        hosts.side_by_side((stays, check, host),
                           (all_hear_421_at_a_stop, check, leaving))
    return check.end()


sys.exit(main())
