#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The demonstration behind demo/run: see there.

Two ways to have two hosts: in namespaces, where each is a machine of its own
with real accounts and a real DNS server between them; and on loopback
addresses, where all is one ordinary user and s1 is told the way by a route.
"""
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests"))
import hosts    # noqa: E402

LETTER = """\
From: J. Q. Public <jqp@s1.example>
To: Jones <jones@s2.example>
Subject: a letter by relay post

Dear Jones,
you were away when I wrote this; the horses waited.
                                                jqp
"""
RUN = os.path.join(HERE, ".run")
LAST = os.path.join(HERE, "last")


def say(text):
    print("== " + text, flush=True)


def show(text):
    for line in text.rstrip("\n").split("\n"):
        print("   " + line)
    print(flush=True)


class Namespaces:
    def __init__(self, tree):
        self.net = hosts.Net(tree)

    def __enter__(self):
        self.net.__enter__()
        self.net.zone("s1.example", "@ MX 10 mail", "mail A 10.99.0.1")
        self.net.zone("s2.example", "@ MX 10 mail", "mail A 10.99.0.2")
        self.net.serve_dns()
        self.s1 = self.net.host("s1", users=["jqp"])
        self.s2 = self.net.host("s2", users=["jones"])
        return self

    def __exit__(self, *error):
        self.net.close()

    def start(self, host):
        host.start()

    def send(self):
        self.s1.run("sendmail", "-t", "-i", user="jqp", input=LETTER)

    def relais(self, host, *args):
        return host.run("relais", *args).stdout

    def mailbox(self):
        return "jones's mailbox on s2, /home/jones/Maildir/new"

    def prefixes(self):
        s1, s2 = self.s1, self.s2
        return {"s1": s1.command(), "s2": s2.command(),
                "jqp@s1": s1.command(user="jqp"),
                "jones@s2": s2.command(user="jones")}

    def by_hand(self):
        type_ = os.path.relpath(os.path.join(HERE, "type.py"))
        return [
            ("type SMTP to s2 from s1",
             "sh demo/on s1 python3 %s %s 25" % (
                 os.path.abspath(type_), self.s2.address)),
            ("send a letter as jqp",
             "echo hello | sh demo/on jqp@s1 sendmail -i jones@s2.example"),
            ("watch s1", "sh demo/on s1 tail -f /var/spool/relais/log"),
            ("watch s2", "sh demo/on s2 tail -f /var/spool/relais/log"),
            ("see the queue of s1", "sh demo/on s1 relais queue list"),
            ("see the processes", "sh demo/on s1 relais status"),
            ("read jones's letters",
             "sh demo/on jones@s2 sh -c 'cat ~/Maildir/new/*'"),
            ("stop s2, start it", "sh demo/on s2 relais stop; "
             "sh demo/on s2 relais start")]


class LoopbackHost:
    def __init__(self, top, tree, name, address, port, user, config):
        self.top = os.path.join(top, name)
        self.tree = os.path.join(tree, "opt/relais")
        self.name, self.address, self.port = name, address, port
        self.user, self.process = user, None
        self.home = os.path.join(self.top, "home", user)
        self.runtime = os.path.join(self.top, "run")
        self.config = os.path.join(self.top, "relais.conf")
        for d in (self.home, self.runtime, os.path.join(self.top, "spool")):
            os.makedirs(d)
        uid = demo_uid()
        hosts.write(os.path.join(self.top, "users"), "%s:x:%d:%d::%s:/bin/sh\n"
                    % (user, uid, uid, self.home))
        hosts.write(self.config, """\
hostname %s.example
spool %s/spool
runtime %s
log file %s/log
users %s/users
listen smtp {
    address %s
    port %d
}
%s""" % (name, self.top, self.runtime, self.top, self.top, address, port,
         config))

    def command(self, *args):
        who = []
        if os.geteuid() == 0:
            who = ["setpriv", "--reuid", str(demo_uid()), "--regid",
                   str(demo_uid()), "--clear-groups"]
        return who + ["env", "RELAIS_RUNTIME=" + self.runtime,
                      "HOME=" + self.home, "PATH=%s/sbin:%s/bin:%s" % (
                          self.tree, self.tree, os.environ["PATH"])] + list(
                              args)

    def run(self, *args, **more):
        return subprocess.run(self.command(*args), check=True, text=True,
                              capture_output=True, timeout=60, **more)

    def log(self):
        with open(os.path.join(self.top, "log")) as f:
            return f.read()

    def start(self):
        self.process = subprocess.Popen(self.command(
            "relais-master", "-d", "-f", self.config, "-p",
            os.path.join(self.tree, "libexec/relais")),
            stderr=subprocess.DEVNULL)
        hosts.wait_for(self.name, self.greets)

    def greets(self):
        try:
            with socket.create_connection((self.address, self.port), 5) as s:
                return s.recv(4).startswith(b"220")
        except OSError:
            return False

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def mail(self, _user):
        new = os.path.join(self.home, "Maildir/new")
        try:
            return [open(os.path.join(new, n), "rb").read()
                    for n in sorted(os.listdir(new))]
        except FileNotFoundError:
            return []


def demo_uid():
    if os.geteuid() != 0:
        return os.getuid()
    return pwd.getpwnam("nobody").pw_uid


class Loopback:
    def __init__(self, tree):
        self.top = tempfile.mkdtemp(prefix="relais-demo.")
        os.chmod(self.top, 0o755)
        # a tree that the ordinary user can reach, wherever the source lies
        shutil.copytree(tree, os.path.join(self.top, "tree"), symlinks=True)
        tree = os.path.join(self.top, "tree")
        self.s1 = LoopbackHost(
            self.top, tree, "s1", "127.0.1.1", 20125, "jqp",
            "route s2.example {\n    via [127.0.1.2]:20125\n}\n")
        self.s2 = LoopbackHost(self.top, tree, "s2", "127.0.1.2", 20125,
                               "jones", "")
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", str(demo_uid()), self.top],
                           check=True)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.s1.stop()
        self.s2.stop()
        shutil.rmtree(self.top)

    def start(self, host):
        host.start()

    def send(self):
        self.s1.run("sendmail", "-t", "-i", "-f", "jqp@s1.example",
                    input=LETTER)

    def relais(self, host, *args):
        return host.run("relais", *args).stdout

    def mailbox(self):
        return "jones's mailbox on s2, %s/Maildir/new" % self.s2.home

    def prefixes(self):
        return {"s1": self.s1.command(), "s2": self.s2.command()}

    def by_hand(self):
        return [
            ("type SMTP to s2", "python3 demo/type.py 127.0.1.2 20125"),
            ("send a letter", "echo hello | sh demo/on s1 sendmail -i "
             "-f jqp@s1.example jones@s2.example"),
            ("watch s1 and s2", "tail -f %s/s?/log" % self.top),
            ("see the queue of s1", "sh demo/on s1 relais queue list"),
            ("see the processes", "sh demo/on s1 relais status"),
            ("read jones's letters",
             "cat %s/Maildir/new/*" % self.s2.home)]


def namespaces_work():
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    test = subprocess.run(["unshare", "--mount", "--pid", "--net", "--fork",
                           "true"], capture_output=True)
    return test.returncode == 0


def keep(world, letter):
    """What can be read when the hosts are gone."""
    shutil.rmtree(LAST, ignore_errors=True)
    os.makedirs(LAST)
    with open(os.path.join(LAST, "letter"), "wb") as f:
        f.write(letter)
    for host in (world.s1, world.s2):
        hosts.write(os.path.join(LAST, host.name + ".log"), host.log())


def stay(world):
    shutil.rmtree(RUN, ignore_errors=True)
    for name, words in world.prefixes().items():
        hosts.write(os.path.join(RUN, name), "\n".join(words) + "\n")
    say("s1 and s2 stay up; from another terminal, in %s:" %
        os.path.dirname(HERE))
    for what, command in world.by_hand():
        print("   # %s\n   %s" % (what, command))
    try:
        input("\n== Enter ends the demonstration: ")
    except (EOFError, KeyboardInterrupt):
        print()
    shutil.rmtree(RUN, ignore_errors=True)


def waiting(world):
    text = world.relais(world.s1, "queue", "list")
    return text if "jones@s2.example" in text and "(" in text else None


def tell(world, staying):
    say("s1.example is up, s2.example is not")
    world.start(world.s1)
    say("jqp on s1 writes to jones@s2.example")
    world.send()
    say("s1 could not reach s2 and keeps the letter: relais queue list")
    show(hosts.wait_for("the first attempt", lambda: waiting(world)))
    say("s2 comes up; s1 would try again by itself, but we ask it to: "
        "relais queue retry ALL")
    world.start(world.s2)
    show(world.relais(world.s1, "queue", "retry", "ALL"))
    letter = hosts.wait_for("the letter", lambda: world.s2.mail("jones"))[0]
    say("the letter in " + world.mailbox() + ":")
    show(letter.decode())
    say("the queue of s1 now: relais queue list")
    hosts.wait_for("an empty queue", lambda: "empty" in world.relais(
        world.s1, "queue", "list"))
    show(world.relais(world.s1, "queue", "list"))
    keep(world, letter)
    if staying:
        stay(world)


def main():
    args = sys.argv[2:]
    if set(args) - {"--stay", "--loopback"}:
        sys.exit("usage: demo/run [--stay] [--loopback]")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if "--loopback" in args or not namespaces_work():
        say("two hosts on loopback addresses, as an ordinary user")
        world = Loopback(sys.argv[1])
    else:
        say("two hosts and a DNS server, each in namespaces of its own")
        world = Namespaces(sys.argv[1])
    with world:
        tell(world, "--stay" in args)
    say("all is cleaned up; to be read in %s: letter, s1.log, s2.log" %
        os.path.relpath(LAST))
    if "--stay" not in args:
        say("to go on by hand:")
        show("sh demo/run --stay\n"
             "it keeps the hosts up, and prints the commands to type SMTP, to "
             "send, to watch and to read")


main()
