#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""As root: every component is restarted while mail comes in; sessions and
deliveries that are under way end as if nothing had happened.  The
configuration is read again, a process that stands still is found, a message is
deleted.
"""
import json
import os
import re
import signal
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

ROLES = ("logger users lookup resolver queue remote local monitor smtpd "
         "control").split()
TEXT = b"Subject: x\r\n\r\nx\r\n"
SLOW_PORT = 2525
CONFIG = """\
relay-from 10.99.0.0/24
watchdog 2s
drain 30s
retry {
    first 1s
}
route slow.example {
    via [127.0.0.1]:2525
}
"""


class SlowServer:
    """Takes one message after the other; answers the dot when it may."""

    def __init__(self, host):
        self.at_dot = threading.Event()
        self.may_end = threading.Event()
        self.dots = 0
        self.listener = hosts.inside(host.ns, self.listen)
        threading.Thread(target=self.run, daemon=True).start()

    def listen(self):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", SLOW_PORT))
        s.listen(5)
        return s

    def run(self):
        while True:
            connection = self.listener.accept()[0]
            threading.Thread(target=self.serve, args=(connection,),
                             daemon=True).start()

    def serve(self, connection):
        with connection, connection.makefile("rwb") as f:
            def say(line):
                f.write(line + b"\r\n")
                f.flush()

            say(b"220 slow.example")
            for line in f:
                verb = line.strip().upper()
                if verb == b"DATA":
                    say(b"354 go on")
                    while f.readline().strip() != b".":
                        pass
                    self.at_dot.set()
                    self.may_end.wait(60)
                    self.dots += 1
                say(b"221 bye" if verb == b"QUIT" else b"250 ok")


def children(host):
    """{"role/instance": (pid, state)}, by relais status."""
    lines = host.run("relais", "--json", "status").stdout.splitlines()
    return {"%s/%d" % (p["role"], p["instance"]): (p["pid"], p["state"])
            for p in map(json.loads, lines)}


def pids(host, role):
    return {pid for name, (pid, _) in children(host).items()
            if name.split("/")[0] == role}


def outside(host, pid):
    """The number that a process of the host has out here."""
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink("/proc/%s/ns/pid" % p) != os.readlink(
                    "/proc/%d/ns/pid" % host.pid):
                continue
            with open("/proc/%s/status" % p) as f:
                numbers = re.search(r"NSpid:(.*)", f.read()).group(1).split()
        except OSError:
            continue
        if int(numbers[-1]) == pid:
            return int(p)
    raise ProcessLookupError(pid)


class Sender(threading.Thread):
    """Sends without pause; counts what it was promised, and refusals of
    connections."""

    def __init__(self, host, user):
        super().__init__(daemon=True)
        self.host, self.user = host, user
        self.over = threading.Event()
        self.promised, self.refused, self.later = 0, [], 0

    def run(self):
        while not self.over.is_set():
            try:
                with self.host.smtp() as client:
                    client.sendmail("x@bar.example", [
                        "%s@%s" % (self.user, self.host.domain)], TEXT)
                    self.promised += 1
            except ConnectionRefusedError as e:
                self.refused.append(e)
            except (OSError, hosts.smtplib.SMTPException):
                self.later += 1

    def end(self):
        self.over.set()
        self.join()


def each_is_restarted(check, host):
    sender = Sender(host, "jones")
    sender.start()
    for role in ROLES:
        old = pids(host, role)
        done = host.run("relais", "restart", role, check=False)
        if role in ("control", "monitor"):
            hosts.wait_for("another " + role,
                           lambda: not pids(host, role) & old)
        new = {pid for name, (pid, state) in children(host).items()
               if name.split("/")[0] == role and state == "running"}
        check.claim("relais restart %s: another process" % role,
                    done.returncode == 0 and new and not new & old)
        if done.returncode:
            print(done.stdout, done.stderr)
    done = host.run("relais", "restart", "all", check=False)
    check.claim("relais restart all", done.returncode == 0 and
                done.stdout.count("anew") == len(ROLES))
    sender.end()
    check.claim("no connection was refused", not sender.refused)
    host.wait_empty()
    got = len(host.mail("jones"))
    check.claim("all of %d promised letters came (%d came, %d were told to "
                "come later)" % (sender.promised, got, sender.later),
                sender.promised > 0 and got >= sender.promised)
    bad = re.findall(r".*(?:was killed by signal|ended with status).*",
                     host.log())
    check.claim("nothing was killed, and no status is wrong", not bad)
    for line in bad:
        print(line)
    check.claim("no line of the log is lost, by none of the loggers",
                len(re.findall(r"relais/master\[.*restart is done",
                               host.log())) == 2 * len(ROLES) and
                "log lines were lost" not in host.log())
    for name, status in (("master", 1), ("agent", 1), ("nobody", 2)):
        check.claim("restart of %s: status %d" % (name, status), host.run(
            "relais", "restart", name, check=False).returncode == status)


def a_session_survives(check, host):
    count = len(host.mail("jones"))
    old = pids(host, "smtpd")
    with host.smtp() as client:
        client.ehlo()
        client.mail("x@bar.example")
        client.rcpt("jones@" + host.domain)
        code = client.docmd("DATA")[0]
        client.send(b"Subject: half\r\n\r\n")
        host.run("relais", "restart", "smtpd")
        states = {pid: state for pid, state in children(host).values()}
        check.claim("the old smtpd is shown as stopping", code == 354 and
                    "stopping" in {states.get(p) for p in old})
        with host.smtp() as other:
            check.claim("a new one answers meanwhile", other.noop()[0] == 250)
        client.send(b"rest\r\n.\r\n")
        check.claim("an open DATA ends with 250",
                    client.getreply()[0] == 250)
        check.claim("and the session goes on", client.noop()[0] == 250)
    host.wait_mail("jones", count + 1)
    hosts.wait_for("the end of the old smtpd",
                   lambda: not old & pids(host, "smtpd"))


def a_delivery_survives(check, host, slow):
    old = pids(host, "remote")
    with host.smtp() as client:
        client.sendmail("x@bar.example", ["a@slow.example"], TEXT)
    slow.at_dot.wait(30)
    host.run("relais", "restart", "remote")
    both = pids(host, "remote")
    check.claim("two remotes while a delivery runs", old < both)
    host.run("relais", "restart", "queue")
    slow.may_end.set()
    host.wait_empty()
    hosts.wait_for("the end of the old remote",
                   lambda: not old & pids(host, "remote"))
    check.claim("it was delivered once, also over the end of queue",
                slow.dots == 1)
    with host.smtp() as client:
        client.sendmail("x@bar.example", ["a@slow.example"], TEXT)
    host.wait_empty()
    check.claim("the new remote delivers", slow.dots == 2)


def a_message_is_deleted(check, host, slow):
    slow.at_dot.clear()
    slow.may_end.clear()
    with host.smtp() as client:
        client.sendmail("x@bar.example", ["a@slow.example"], TEXT)
        client.sendmail("x@bar.example", ["a@nowhere.example"], TEXT)
    slow.at_dot.wait(30)

    def listed(text):
        lines = host.run("relais", "--json", "queue", "list").stdout
        return [m for m in map(json.loads, lines.splitlines())
                if text in json.dumps(m) and "running" not in json.dumps(m)]

    waiting = hosts.wait_for("a deferred message",
                             lambda: listed("nowhere"))[0]["queue_id"]
    running = [m["queue_id"] for m in map(json.loads, host.run(
        "relais", "--json", "queue", "list").stdout.splitlines())
        if m["queue_id"] != waiting][0]

    def delete(*ids):
        return host.run("relais", "queue", "delete", *ids, check=False)

    check.claim("what is being delivered is not deleted",
                delete(running).returncode == 1)
    # it is tried each second, and busy for that moment
    hosts.wait_for("its removal", lambda: delete(waiting).returncode == 0)
    host.wait_log(waiting + ": removed by an administrator")
    check.claim("a deleted message is no more, nor its file",
                delete(waiting).returncode == 1 and
                host.run("relais", "queue", "show", waiting,
                         check=False).returncode == 1 and
                not any(waiting in f for _, _, files in
                        os.walk(host.path("spool/queue")) for f in files))
    check.claim("delete wants ids", delete().returncode == 2 and
                delete("/").returncode == 2)
    slow.may_end.set()
    host.wait_empty()


def connect(host, port):
    with hosts.inside(host.ns, lambda: hosts.smtplib.SMTP(
            host.address, port, "c.example", timeout=30)) as client:
        return client.ehlo()[0]


LISTENER = """\
listen more {
    address 0.0.0.0
    port %d
}
"""


def refused(host, port):
    try:
        return connect(host, port) and False
    except ConnectionRefusedError:
        return True


def reload_changes(check, host):
    lookup, smtpd, queue = (pids(host, r) for r in
                            ("lookup", "smtpd", "queue"))
    sender = Sender(host, "brown")
    sender.start()
    with host.smtp() as session:
        session.ehlo()
        host.configure(CONFIG + LISTENER % 26 + "domain %s other.example {\n"
                       "}\n" % host.domain)
        done = host.run("relais", "reload", check=False)
        check.claim("relais reload", done.returncode == 0)
        print(done.stdout + done.stderr, end="")
        check.claim("a listener more", connect(host, 26) == 250)
        check.claim("a session goes on", session.noop()[0] == 250)
    with host.smtp() as client:
        client.sendmail("x@bar.example", ["jones@other.example"], TEXT)
        client.mail("x@bar.example")
        check.claim("a domain more",
                    client.rcpt("nosuch@other.example")[0] == 550)
    check.claim("who is concerned began anew, the others did not",
                not lookup & pids(host, "lookup") and
                not smtpd & {p for n, (p, s) in children(host).items()
                             if s == "running"} and
                queue == pids(host, "queue"))
    before = children(host)
    done = host.run("relais", "reload")
    check.claim("nothing changed: nobody begins anew", "0 processes" in
                done.stdout)
    host.configure(CONFIG + LISTENER % 27 + "domain %s {\n}\n" % host.domain)
    os.kill(outside(host, before["master/0"][0]), signal.SIGHUP)
    hosts.wait_for("SIGHUP", lambda: not refused(host, 27))
    hosts.wait_for("the end of a listener", lambda: refused(host, 26))
    with host.smtp() as client:
        client.ehlo()
        client.mail("x@bar.example")
        # nobody's mailbox here, but a relay's business elsewhere
        hosts.wait_for("a domain less", lambda: client.rcpt(
            "nosuch@other.example")[0] == 250)
    sender.end()
    host.wait_empty()
    check.claim("no connection was refused, no letter lost",
                not sender.refused and
                len(host.mail("brown")) >= sender.promised > 0)


def a_bad_reload_changes_nothing(check, host):
    before = children(host)
    host.configure(CONFIG + "prot 25\nlisten smtp {\n}\n")
    done = host.run("relais", "reload", check=False)
    check.claim("errors are told with file and line, status 78",
                done.returncode == 78 and re.search(
                    r"/etc/relais/relais\.conf:\d+: .*\bport\b|"
                    r"/etc/relais/relais\.conf:\d+: expected", done.stderr))
    host.wait_log(r"relais\.conf:\d+: expected")
    host.configure(CONFIG + "listen other {\n    address 192.0.2.99\n}\n")
    done = host.run("relais", "reload", check=False)
    check.claim("a listener that cannot be had: status 1, and why",
                done.returncode == 1 and "192.0.2.99" in done.stderr)
    check.claim("all is as it was", before == children(host) and
                connect(host, 27) == 250)
    host.configure(CONFIG + "spool /var/spool/other\n")
    done = host.run("relais", "reload", check=False)
    check.claim("what cannot change is told", done.returncode == 0 and
                "spool stays" in done.stderr)


def one_that_stands_still(check, host):
    for role in ("lookup", "smtpd"):
        pid = min(pids(host, role))
        os.kill(outside(host, pid), signal.SIGSTOP)
        host.wait_log(r"%s.* \(pid %d\) has not answered" % (role, pid))
        hosts.wait_for("another " + role, lambda: pid not in pids(host, role))
    count = len(host.mail("jones"))
    with host.smtp() as client:
        client.sendmail("x@bar.example", ["jones@" + host.domain], TEXT)
    check.claim("a process that stands still is replaced",
                len(host.wait_mail("jones", count + 1)) > count)


def the_ceiling(check, host):
    host.configure(CONFIG.replace("drain 30s", "drain 1s"))
    host.run("relais", "reload")
    with host.smtp() as client:
        client.ehlo()
        host.run("relais", "restart", "smtpd")
        check.claim("a session that stays is told 421 in the end",
                    client.getreply()[0] == 421)


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        net.zone("s1.example", "@ A 10.99.0.1")
        net.serve_dns()
        s1 = net.host("s1", users=["jones", "brown"], config=CONFIG)
        slow = SlowServer(s1)
        s1.start()
        each_is_restarted(check, s1)
        a_session_survives(check, s1)
        a_delivery_survives(check, s1, slow)
        a_message_is_deleted(check, s1, slow)
        reload_changes(check, s1)
        a_bad_reload_changes_nothing(check, s1)
        one_that_stands_still(check, s1)
        the_ceiling(check, s1)
        s1.stop()
    return check.end()


sys.exit(main())
