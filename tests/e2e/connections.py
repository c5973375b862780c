#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# tests/run: alone
"""A crowd: five thousand clients that say nothing and a hundred that send, all
at one smtpd process.  Nobody is turned away, and who is idle costs little.
"""
import os
import re
import selectors
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

IDLE = 5000
ACTIVE = 100
AT_ONCE = 500               # half of the backlog
IDLE_MEMORY = 4096          # octets of smtpd, for one idle client
CONFIG = "smtpd {\n processes 1\n sessions 6000\n}\n"
LETTER = b"Subject: in the crowd\r\n\r\nhere I am\r\n"


def smtpd_of(host):
    """The one smtpd, by its number outside."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if (os.readlink("/proc/%s/exe" % pid).endswith("relais/smtpd") and
                    os.readlink("/proc/%s/ns/pid" % pid) == os.readlink(
                        "/proc/%d/ns/pid" % host.pid)):
                found.append(int(pid))
        except OSError:
            continue
    return found[0] if len(found) == 1 else None


def memory(pid):
    with open("/proc/%d/status" % pid) as f:
        return 1024 * int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])


def connect(host, count):
    """Sockets whose connections are under way."""
    def make():
        made = []
        for _ in range(count):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex((host.address, 25))
            made.append(s)
        return made

    return hosts.inside(host.ns, make)


def greeted(clients):
    """How many of them hear 220."""
    heard = 0
    end = time.monotonic() + hosts.PATIENCE
    with selectors.DefaultSelector() as waiting:
        for s in clients:
            waiting.register(s, selectors.EVENT_READ)
        while waiting.get_map() and time.monotonic() < end:
            for key, _ in waiting.select(1):
                waiting.unregister(key.fileobj)
                try:
                    heard += key.fileobj.recv(512).startswith(b"220 ")
                except OSError as e:
                    print(e)
    return heard


def a_crowd_is_let_in(check, host, crowd):
    heard = 0
    while len(crowd) < IDLE:
        clients = connect(host, min(AT_ONCE, IDLE - len(crowd)))
        crowd += clients
        heard += greeted(clients)
    check.claim("all of %d clients are greeted: %d" % (IDLE, heard),
                heard == IDLE)


def all_that_send_are_heard(check, host):
    """Each step is taken by all before the next, so all are open at once."""
    clients = [host.smtp() for _ in range(ACTIVE)]
    steps = (
        (lambda c: c.ehlo(), 250),
        (lambda c: c.docmd("MAIL", "FROM:<smith@bar.example>"), 250),
        (lambda c: c.docmd("RCPT", "TO:<jones@%s>" % host.domain), 250),
        (lambda c: c.docmd("DATA"), 354),
        (lambda c: (c.send(LETTER + b".\r\n"), c.getreply())[1], 250),
        (lambda c: c.quit(), 221))
    for step, code in steps:
        codes = [step(c)[0] for c in clients]
        if codes != [code] * ACTIVE:
            check.claim("all hear %d, not %s" % (code, set(codes)), False)
            return
    letters = host.wait_mail("jones", ACTIVE)
    check.claim("%d letters get through meanwhile" % ACTIVE,
                len(letters) == ACTIVE)


def an_idle_client_costs_little(check, before, pid):
    each = (memory(pid) - before) // IDLE
    text = "an idle client costs %d octets, below %d" % (each, IDLE_MEMORY)
    if os.environ.get("RELAIS_SANITIZED"):
        print("skip " + text)
    else:
        check.claim(text, each < IDLE_MEMORY)


def is_closed(s):
    """Who is still there has nothing more to read."""
    try:
        return s.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def main():
    check = hosts.Checks()
    if not hosts.allow_descriptors(IDLE + ACTIVE + 256):
        print("0 passed, 0 failed, 1 skipped")
        return 0
    with hosts.Net(hosts.tree()) as net:
        host = net.host("crowd", users=["jones"], config=CONFIG)
        host.start()
        host.smtp().quit()
        pid = smtpd_of(host)
        before = memory(pid)
        crowd = []
        a_crowd_is_let_in(check, host, crowd)
        an_idle_client_costs_little(check, before, pid)
        all_that_send_are_heard(check, host)
        check.claim("the crowd is still there",
                    not any(map(is_closed, crowd)))
        for s in crowd:
            s.close()
        with host.smtp() as client:
            check.claim("and when it goes the next is served",
                        client.ehlo()[0] == 250)
        check.claim("by the same process", smtpd_of(host) == pid)
        host.stop()
    return check.end()


sys.exit(main())
