#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Handshakes in crowds: more wait for keys than there are jobs for, and go on
when it does, or another one; many that begin and do not end are bounded, and
keep nobody out.
"""
import os
import re
import select
import signal
import socket
import ssl
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import hosts    # noqa: E402

PORT = 465
CONFIG = """
relay-from 127.0.0.0/8
smtpd {
    processes 1
}
listen immediate {
    address 127.0.0.1
    port %d
    auth no
    submission no
}
""" % PORT

# shared/limits.h has 64 jobs and 1024 handshakes of a process.
CROWD = 300
HALVES = 2500
HELLO = 130000      # octets of a ClientHello that OpenSSL makes room for
MEMORY_MAX = 400 << 20


def context():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


class Client:
    """A handshake that is gone on with when there is something to read."""

    def __init__(self, made):
        plain = socket.create_connection(("127.0.0.1", PORT), timeout=60)
        plain.setblocking(False)
        self.tls = made.wrap_socket(plain, do_handshake_on_connect=False)
        self.greeting = b""

    def go_on(self):
        """True when the server has greeted."""
        try:
            self.tls.do_handshake()
            self.greeting += self.tls.recv(512)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        return self.greeting.startswith(b"220 ")

    def close(self):
        self.tls.close()


def come(n):
    made = context()
    clients = [Client(made) for _ in range(n)]
    for c in clients:
        c.go_on()
    return clients


def all_are_greeted(clients, patience):
    """How many are, in that time."""
    left = {c.tls.fileno(): c for c in clients}
    poll = select.poll()
    for fd in left:
        poll.register(fd, select.POLLIN)
    end = time.monotonic() + patience
    while left and time.monotonic() < end:
        for fd, _ in poll.poll(1000):
            try:
                over = left[fd].go_on()
            except OSError as e:
                print("     %s" % e)
                poll.unregister(fd)
                continue
            if over:
                poll.unregister(fd)
                del left[fd]
    return len(clients) - len(left)


def pid_of(host, program):
    return next((pid for name, pid in host.processes() if name == program),
                None)


def a_crowd_waits(check, s1):
    """Beyond the jobs there are; some leave, the rest comes in."""
    keys = pid_of(s1, "keys")
    os.kill(keys, signal.SIGSTOP)
    clients = come(CROWD)
    time.sleep(0.5)         # each has said its hello
    leaving, staying = clients[::3], [
        c for i, c in enumerate(clients) if i % 3]
    for c in leaving:
        c.close()
    check.claim("nobody is greeted without a signature",
                not any(c.go_on() for c in staying))
    os.kill(keys, signal.SIGCONT)
    check.claim("%d wait for keys, and are greeted" % len(staying),
                all_are_greeted(staying, 30) == len(staying))
    for c in staying:
        c.close()


def a_crowd_waits_for_another(check, s1):
    keys = pid_of(s1, "keys")
    os.kill(keys, signal.SIGSTOP)
    clients = come(CROWD)
    time.sleep(0.5)
    os.kill(keys, signal.SIGKILL)
    check.claim("%d wait for another keys, and are greeted" % len(clients),
                all_are_greeted(clients, 30) == len(clients))
    for c in clients:
        c.close()


def memory_of(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"VmData:\s*(\d+) kB", f.read())[1]) << 10


def halves_are_bounded(check, s1):
    """Each a record full of a ClientHello that is longer."""
    smtpd = pid_of(s1, "smtpd")
    begin = bytes([22, 3, 1, 64, 0, 1]) + HELLO.to_bytes(3, "big") + \
        b"\3\3" + b"x" * (16384 - 6)
    held = []
    for _ in range(HALVES):
        s = socket.create_connection(("127.0.0.1", PORT), timeout=60)
        s.sendall(begin)
        held.append(s)
    clients = come(50)
    check.claim("beside %d half handshakes 50 whole ones are greeted" % HALVES,
                all_are_greeted(clients, 30) == 50)
    used = memory_of(smtpd)
    if not os.environ.get("RELAIS_SANITIZED"):
        check.claim("smtpd holds %d MiB for them" % (used >> 20),
                    used < MEMORY_MAX)
    gone = re.findall(r"SSL_accept error from unknown\[127\.0\.0\.1\]: too "
                      r"many handshakes at once", s1.log())
    check.claim("the oldest %d gave way" % len(gone), len(gone) > HALVES / 2)
    for s in held + clients:
        s.close()
    s1.wait_all_of_log(r"disconnect from ", HALVES)


def main():
    check = hosts.Checks()
    if not hosts.allow_descriptors(HALVES + 1024):
        print("0 passed, 0 failed, 1 skipped")
        return 0
    with hosts.Net(hosts.tree()) as net:
        s1 = net.host("s1")
        s1.configure(s1.certificate("rsa", ["s1.example"], rsa=True) +
                     s1.certificate("ec", ["s1.example"]) + CONFIG)
        s1.start()
        smtpd = pid_of(s1, "smtpd")
        for part in (a_crowd_waits, a_crowd_waits_for_another,
                     halves_are_bounded):
            hosts.inside(s1.ns, lambda p=part: p(check, s1))
        check.claim("smtpd has lived through it", pid_of(s1, "smtpd") == smtpd)
        s1.stop()
    return check.end()


if __name__ == "__main__":
    sys.exit(main())
