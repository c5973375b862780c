# SPDX-License-Identifier: ISC
"""TLS: handshakes a second beside openssl s_server, which has its key in its
own process; and the memory of clients that say nothing."""
import contextlib
import os
import re
import socket
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts        # noqa: E402

PORT, THEIRS = 465, 4465
PATIENCE = 60
CONFIG = """
relay-from 127.0.0.0/8
smtpd {
    processes %d
    sessions 8000
}
listen immediate {
    address 127.0.0.1
    port %d
    submission no
    tls immediate
}
"""
# What is measured: arguments of s_time.
KINDS = (("new, 1.3", ["-new", "-tls1_3"]), ("new, 1.2", ["-new", "-tls1_2"]),
         ("resumed, 1.2", ["-reuse", "-tls1_2"]))
PROGRAMS = ("smtpd", "keys", "lookup")


@contextlib.contextmanager
def relais(tree, name, processes, rsa):
    with hosts.Net(tree) as net:
        host = net.host(name)
        host.configure(host.certificate("certificate", [name + ".example"],
                                        rsa=rsa) + CONFIG % (processes, PORT))
        host.start()
        yield host
        host.stop()


@contextlib.contextmanager
def s_server(host):
    """The same certificate, in one process."""
    server = hosts.inside(host.ns, lambda: subprocess.Popen(
        ["openssl", "s_server", "-accept", "127.0.0.1:%d" % THEIRS, "-quiet",
         "-cert", host.path("etc/relais/certificate.pem"), "-key",
         host.path("etc/relais/certificate.key")], stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    try:
        hosts.wait_for("s_server", lambda: hosts.inside(
            host.ns, lambda: socket.socket().connect_ex(
                ("127.0.0.1", THEIRS)) == 0))
        yield
    finally:
        server.kill()
        server.wait()


def rate(host, port, kind, seconds):
    """Handshakes a second, of one client after the other."""
    said = hosts.inside(host.ns, lambda: subprocess.run(
        ["openssl", "s_time", "-connect", "127.0.0.1:%d" % port, "-time",
         str(seconds)] + kind, capture_output=True, text=True))
    found = re.search(r"(\d+) connections in (\d+) real seconds", said.stdout)
    return int(found[1]) / int(found[2]) if found and int(found[2]) else None


def handshakes(tree, seconds):
    """[(certificate, kind, ours, theirs)]."""
    for key, rsa in (("ECDSA P-256", False), ("RSA 2048", True)):
        with relais(tree, "s1", 1, rsa) as host, s_server(host):
            for kind, words in KINDS:
                yield (key, kind, rate(host, PORT, words, seconds),
                       rate(host, THEIRS, words, seconds))


# ---- memory ------------------------------------------------------------------

def private(host):
    """{program: octets of all its processes}, that are theirs alone."""
    total = dict.fromkeys(PROGRAMS, 0)
    for program, pid in host.processes():
        if program in total:
            with open("/proc/%d/smaps_rollup" % pid) as f:
                total[program] += 1024 * sum(map(int, re.findall(
                    r"Private_\w+:\s+(\d+)", f.read())))
    return total


def come(made, count):
    """So many that are greeted, and say EHLO."""
    came = []
    for _ in range(count):
        tls = made.wrap_socket(socket.create_connection(
            ("127.0.0.1", PORT), timeout=PATIENCE))
        tls.recv(512)
        tls.sendall(b"EHLO idle.example\r\n")
        while b"250 " not in tls.recv(4096):
            pass
        came.append(tls)
    return came


def idle(tree, counts):
    """[(clients, {program: octets of one})]."""
    if not hosts.allow_descriptors(max(counts) + 1024):
        return
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    with relais(tree, "s1", 2, False) as host:
        clients = hosts.inside(host.ns, lambda: come(made, 10))
        before = private(host)
        for count in counts:
            clients += hosts.inside(host.ns, lambda n=count: come(
                made, n + 10 - len(clients)))
            after = private(host)
            yield count, {p: (after[p] - before[p]) / count for p in PROGRAMS}
        for c in clients:
            c.close()
