#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""As root: each process but master may be killed and comes again; master's end
is the end of all, in order.
"""
import os
import re
import signal
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

ROLES = ("smtpd queue remote local lookup users resolver control monitor "
         "logger").split()
TEXT = b"Subject: x\r\n\r\nx\r\n"


def running(host, role):
    return [pid for r, pid in host.processes() if r == role]


def all_run(check, host):
    check.claim("all roles run",
                set(ROLES) <= {r for r, _ in host.processes()})


def send(host, user="jones"):
    with host.smtp() as client:
        client.sendmail("x@bar.example", [user + "@" + host.domain], TEXT)


def one_that_crashes_waits(check, host):
    for _ in range(4):
        old = running(host, "resolver")
        os.kill(old[0], signal.SIGKILL)
        hosts.wait_for("another resolver", lambda: set(
            running(host, "resolver")) - set(old))
    waits = host.wait_all_of_log(
        r"resolver \(pid \d+\) was killed by signal 9 "
        r"\(Killed\), starts again in (\d+) ms", 4)
    check.claim("who dies again and again waits longer each time: %s" % waits,
                waits == ["100", "200", "400", "800"])


def who_asks_waits_for_queue(check, host):
    """It is away for longer each time; a question is not for that refused."""
    for pause in (100, 200, 400):
        old = running(host, "queue")
        os.kill(old[0], signal.SIGKILL)
        host.wait_log(r"queue \(pid \d+\) was killed by .*, starts again in "
                      r"%d ms" % pause)
        done = host.run("relais", "queue", "list", check=False)
        check.claim("queue list while queue is away for %d ms" % pause,
                    done.returncode == 0)


def each_may_die(check, host):
    count = len(host.mail("jones"))
    for role in ROLES:
        old = running(host, role)
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        hosts.wait_for("another " + role, lambda: len(
            set(running(host, role)) - set(old)) == len(old))

        def try_send():
            try:
                send(host)
                return True
            except (OSError, hosts.smtplib.SMTPException):
                return False

        hosts.wait_for("mail after the death of " + role, try_send)
        count += 1
        check.claim("mail arrives after the death of " + role,
                    len(host.wait_mail("jones", count)) >= count)
    state = host.run("relais", "status").stdout
    check.claim("relais status tells of all roles",
                all(re.search(r"\b%s\b" % r, state) for r in ROLES))


def lines_wait_for_the_logger(check, host):
    """smtpd stands still, so that it hears late of its pair with the next
    logger, and has something to say before that."""
    smtpd = running(host, "smtpd")
    old = running(host, "logger")
    for pid in smtpd:
        os.kill(pid, signal.SIGSTOP)
    client = hosts.inside(host.ns, lambda: socket.create_connection(
        (host.address, 25), 30))
    port = client.getsockname()[1]
    restart = threading.Thread(target=host.run,
                               args=("relais", "restart", "logger"))
    restart.start()
    hosts.wait_for("the logger to be told", lambda: "stopping" in host.run(
        "relais", "status").stdout or not set(old) & set(
            running(host, "logger")))
    for pid in smtpd:
        os.kill(pid, signal.SIGCONT)
    restart.join()
    with client, client.makefile("rwb") as f:
        f.readline()
        f.write(b"QUIT\r\n")
        f.flush()
        f.read()
    log = host.wait_log(r"connect from unknown\[%s\]:%d" % (
        re.escape(host.address), port)) and host.log()
    check.claim("another logger", not set(old) & set(running(host, "logger")))
    check.claim("and no line is lost between them",
                "log lines were lost" not in log)


def masters_death_ends_all(check, host):
    os.kill(running(host, "relais-master")[0], signal.SIGKILL)
    hosts.wait_for("the end of all", host.is_gone)
    check.claim("status says that nothing runs",
                host.run("relais", "status", check=False).returncode == 3)
    host.start()
    count = len(host.mail("jones"))
    send(host)
    check.claim("the next start is clean",
                len(host.wait_mail("jones", count + 1)) == count + 1)


def an_orderly_stop(check, host):
    with host.smtp() as client:
        client.ehlo()
        host.stop()
        code = client.getreply()[0]
    check.claim("a waiting client is told 421", code == 421)
    check.claim("nothing is left running", host.processes() == [])
    check.claim("relais stop again says 3",
                host.run("relais", "stop", check=False).returncode == 3)


def bad_configuration(check, host):
    with open(host.path("etc/relais/bad.conf"), "w") as f:
        f.write("hostname s1.example\nlisten smtp {\n    prot 25\n}\n")
    done = host.run("relais", "-f", "/etc/relais/bad.conf", "check",
                    check=False)
    check.claim("a bad line is told with file, line and nearest word",
                done.returncode == 78 and
                "/etc/relais/bad.conf:3:" in done.stderr and
                "port" in done.stderr)


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        net.zone("s1.example", "@ A 10.99.0.1")
        net.serve_dns()
        s1 = net.host("s1", users=["jones"])
        s1.start()
        all_run(check, s1)
        lines_wait_for_the_logger(check, s1)
        one_that_crashes_waits(check, s1)
        who_asks_waits_for_queue(check, s1)
        each_may_die(check, s1)
        masters_death_ends_all(check, s1)
        an_orderly_stop(check, s1)
        bad_configuration(check, s1)
    return check.end()


sys.exit(main())
