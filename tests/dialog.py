#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Plays tests/dialog/*.smtp against the real processes.

The suite is installed into a fresh directory and started once, unprivileged;
each file is then a conversation on connections of its own.  What the lines
mean is written in tests/README.md.  The last line of the output is
"N passed, N failed, N skipped".
"""

import argparse
import glob
import os
import pathlib
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dns  # noqa: E402
import judge  # noqa: E402
import scram  # noqa: E402
import watch  # noqa: E402
import hosts  # noqa: E402
from conversation import (  # noqa: E402
    PATIENCE, Connection, Dialogue, Mismatch)

HERE = pathlib.Path(__file__).resolve().parent
USERS = ("jones", "brown", "green", "crowd", "postmaster")

# Listeners beside inet and relay: what is said of them.
MORE = {
    "verify": "vrfy yes\n\texpn yes",
    "proxy": "proxy 127.0.0.1",
    "trusted": "xclient 127.0.0.1\n\txforward 127.0.0.1",
    "submission": "submission yes\n\ttls no\n\tauth no\n"
                  "\txclient 127.0.0.1",
    "any-sender": "submission yes\n\tany-sender yes\n\ttls no\n\tauth no\n"
                  "\txclient 127.0.0.1",
    "lmtp": "protocol lmtp\n\tsocket {runtime}/lmtp",
    "starttls": "tls starttls\n\tclient-certificate yes",
    "required": "tls required",
    "immediate": "tls immediate",
    "proxy-tls": "tls immediate\n\tproxy 127.0.0.1",
    "lmtp-tls": "protocol lmtp\n\ttls starttls",
    "login": "tls starttls\n\tauth yes",
    "login-first": "tls starttls\n\tauth required\n\tvrfy yes\n\texpn yes",
    "login-hidden": "tls immediate\n\tauth required\n\thide-client yes",
    "login-trusted": "tls immediate\n\tauth yes\n\txclient 127.0.0.1",
}
SOCKETS = {"socket": "submit", "lmtp-socket": "lmtp"}
SILENT = ("proxy", "immediate", "proxy-tls", "login-hidden",
          "login-trusted")      # these wait for their client

NO_TLS = "\ttls no\n"

# Of the certificates there are: the names, and how the key is made.
CERTIFICATES = {
    "rsa": ("mail.example.org", "rsa:2048"),
    "ec": ("mail.example.org", "ec -pkeyopt ec_paramgen_curve:P-256"),
    "other": ("*.other.example", "ec -pkeyopt ec_paramgen_curve:P-256"),
}

# Who may log in; "old" has no SCRAM.
PASSWORDS = {"jones": "secret", "brown": "geheim"}

# All other questions are refused.
NAMES = {"127.0.2.1": "A.trusted.example", "127.0.2.9": "b.other.example"}

# What the rules of the configuration refuse is known by names and addresses
# that no other dialogue uses.
RULES = """
relay-from 127.0.9.0/24 198.51.100.0/24
rule first {
	client 127.0.1.1
	recipient brown@foo.com
	then accept
}
rule by-client {
	client 127.0.1.0/24 !127.0.1.9
	then refuse
}
rule by-name {
	client 127.0.2.0/24
	name *.trusted.example
	then accept
}
rule by-no-name {
	client 127.0.2.0/24
	then refuse 550 5.7.25 Your address has no trusted name
}
rule by-helo {
	helo *.helo.rules.example localhost.rules.example
	then refuse 554 5.7.1 Not under this name
}
rule by-sender {
	sender bad@*.rules.example sender.rules.example
	then refuse
}
rule by-null-sender {
	helo null.rules.example
	sender <>
	then defer 451 4.7.1 Nobody writes to you now
}
rule by-recipient {
	recipient green@example.org
	sender *.recipient.rules.example
	then refuse 550 5.7.1 Not to this one
}
rule by-tls {
	helo plain.rules.example
	tls no
	then defer
}
rule by-no-tls {
	helo ciphered.rules.example
	tls yes
	then refuse
}
rule by-identity {
	identity uid:*
	sender *.identity.rules.example
	then refuse
}
rule by-no-identity {
	identity !*
	sender *.stranger.rules.example
	then defer
}
rule by-listener {
	listener relay
	sender *.listener.rules.example
	then refuse
}
rule relays-not {
	sender *.relay.rules.example
	then accept
}
rule urgent {
	sender urgent@a.tag.rules.example
	then priority 7
}
rule bulk {
	sender *.tag.rules.example
	recipient brown@foo.com green@foo.com
	then tag bulk
}
rule other {
	sender *.tag.rules.example
	then tag other
}
rule all-but-postmaster {
	sender *.postmaster.rules.example
	then refuse
}
"""

# ---- the suite ---------------------------------------------------------------

class Suite:
    """relais in a directory of its own, started and stopped once."""

    def __init__(self, tree, directory):
        self.tree = tree
        self.dir = directory
        self.log = directory / "log"
        self.runtime = directory / "run"
        self.account = None
        if os.geteuid() == 0:
            self.account = pwd.getpwnam("nobody")
        self.letters = {name: {} for name in USERS}    # what was read, once
        self.ports = {}
        self.master = None
        self.dns = dns.Server(("127.0.0.1", 0), otherwise=dns.REFUSED)
        for address, name in NAMES.items():
            self.dns.point(address, name)
            self.dns.say(name, "A", address)
        self.dns.point("127.0.2.2", dns.NXDOMAIN)

    def address(self, name):
        if name in SOCKETS:
            return str(self.runtime / SOCKETS[name])
        return ("127.0.0.1", self.ports[name])

    def certify(self):
        """Blocks of the configuration, for certificates that are new."""
        blocks = ""
        for name, (host, key) in CERTIFICATES.items():
            out = self.dir / name
            subprocess.run(
                ["openssl", "req", "-x509", "-nodes", "-subj", f"/CN={name}",
                 "-addext", f"subjectAltName=DNS:{host}", "-days", "30",
                 "-newkey", *key.split(), "-keyout", f"{out}.key",
                 "-out", f"{out}.crt"],
                check=True, stderr=subprocess.DEVNULL)
            (self.dir / f"{name}.key").chmod(0o600)
            blocks += (f"tls {name} {{\n\tcertificate {out}.crt\n"
                       f"\tkey {out}.key\n}}\n")
        return blocks

    def passwords(self):
        """A file of them, with few rounds."""
        lines = [f"old:{judge.crypt('secret', '$6$rounds=1000$')}\n"]
        for name, password in PASSWORDS.items():
            hashed = judge.crypt(password, "$6$rounds=1000$")
            lines.append(f"{name}:{hashed}:{scram.key(password)}\n")
        path = self.dir / "passwords"
        path.write_text("".join(lines))
        path.chmod(0o600)
        return path

    def configure(self):
        uid = self.account.pw_uid if self.account else os.getuid()
        gid = self.account.pw_gid if self.account else os.getgid()
        # High ports that are free now.
        held = [socket.socket() for _ in range(2 + len(MORE))]
        for s in held:
            s.bind(("127.0.0.1", 0))
        numbers = [s.getsockname()[1] for s in held]
        for s in held:
            s.close()
        self.ports = {"inet": numbers[0], "relay": numbers[1],
                      **dict(zip(MORE, numbers[2:]))}
        more = "".join(
            f"listen {name} {{\n\taddress 127.0.0.1\n"
            f"\tport {self.ports[name]}\n"
            f"\t{said.format(runtime=self.runtime)}\n"
            f"{'' if 'tls' in said else NO_TLS}}}\n"
            for name, said in MORE.items())
        users = self.dir / "users"
        lines = []
        for name in USERS:
            home = self.dir / "home" / name
            home.mkdir(parents=True)
            lines.append(f"{name}:x:{uid}:{gid}::{home}:/bin/sh\n")
        users.write_text("".join(lines))
        (self.dir / "aliases").write_text(
            "postmaster: jones\nlist: jones, brown, green\n"
            "unusable: |/bin/false\n"
            "away: smith@elsewhere.example\n"
            "both: list, smith@elsewhere.example\n"
            "many: " + ", ".join(f"m{n}@elsewhere.example"
                                 for n in range(101)) + "\n"
            "hundred: " + ", ".join(f"m{n}@elsewhere.example"
                                    for n in range(100)) + "\n"
            "moved: error:551 5.1.6 User not local; please try "
            "<smith@elsewhere.example>\n")
        (self.dir / "senders").write_text(
            "# who may send as others\n"
            "jones: office@example.org, @jones.example,\n"
            "\t*@*.sub.example\n"
            "all@example.org: *\n")
        (self.dir / "spool").mkdir()
        (self.dir / "run").mkdir()
        (self.dir / "relais.conf").write_text(f"""
hostname mail.example.org
spool {self.dir}/spool
runtime {self.runtime}
log file {self.log}
users {users}
minimum-uid {min(uid, 1000)}
aliases {self.dir}/aliases
senders {self.dir}/senders
passwords file {self.passwords()}
auth-delay 3s
resolver 127.0.0.1:{self.dns.udp.server_address[1]}
message-size 1M
smtpd {{
	processes 2
	errors 20
}}
{hosts.UNLIMITED}
listen inet {{
	address 127.0.0.1
	port {numbers[0]}
	relay no
	tls no
}}
listen relay {{
	address 127.0.0.1
	port {numbers[1]}
	relay yes
	tls no
}}
domain foo.com example.org {{
	aliases {self.dir}/aliases
	deliver maildir ~/Maildir
}}
{self.certify()}{more}""" + RULES)
        if self.account:
            for path in [self.dir, *self.dir.rglob("*")]:
                os.chown(path, uid, gid)
        self.dir.chmod(0o755)

    def command(self, *arguments):
        """A command of relais, as the account that the suite runs as."""
        who = {}
        if self.account:
            who = {"user": self.account.pw_uid, "group": self.account.pw_gid,
                   "extra_groups": []}
        return subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, cwd="/",
            stdout=open(self.dir / "output", "ab"),
            stderr=subprocess.STDOUT, **who)

    def start(self):
        usr = next(self.tree.glob("**/relais-master")).parent
        children = next(self.tree.glob("**/libexec/relais"))
        watch.adopt_orphans()
        self.master = self.command(
            usr / "relais-master", "-d", "-f", self.dir / "relais.conf",
            "-p", children)
        changes = watch.Directory(self.runtime)
        deadline = time.monotonic() + PATIENCE
        names = ["socket", *(n for n in self.ports if n not in SILENT)]
        while names:
            if self.master.poll() is not None:
                raise Mismatch("master ended with status "
                               f"{self.master.returncode}\n{self.said()}")
            if time.monotonic() > deadline:
                raise Mismatch(f"no listener {names[0]}\n{self.said()}")
            try:
                with Connection(self.address(names[0])) as c:
                    c.take_line()
                names.pop(0)
            except (FileNotFoundError, ConnectionRefusedError):
                changes.wait(0.1)
        changes.close()

    def stop_politely(self):
        """As stop, with one client that waits, and one whose content is
        coming: RFC 5321 section 3.8, 421 and what was begun is finished."""
        with Connection(self.address("inet")) as idle, \
                Connection(self.address("inet")) as busy:
            for c in idle, busy:
                c.ask("220", None)
                c.ask("250", "EHLO client.example")
            busy.ask("250", "MAIL FROM:<smith@bar.example>")
            busy.ask("250", "RCPT TO:<jones@foo.com>")
            busy.ask("354", "DATA")
            busy.send(b"Subject: late\r\n\r\n")
            self.master.terminate()
            idle.ask("421 4.3.2", None)
            idle.expect_end()
            busy.ask("250 2.0.0", ".")

    def stop(self):
        """Ends the suite in order; what was wrong with that."""
        wrong = []
        self.master.terminate()
        try:
            status = self.master.wait(PATIENCE * 3)
            if status != 0:
                wrong.append(f"master ended with status {status}")
        except subprocess.TimeoutExpired:
            wrong.append("master does not end")
            self.master.kill()
            self.master.wait()
        left = watch.end_children()
        if left:
            wrong.append("processes left: " + ", ".join(left))
        return wrong

    def said(self):
        text = ""
        for name in ("output", "log"):
            path = self.dir / name
            if path.exists():
                lines = path.read_text(errors="replace").splitlines()
                text += "".join(f"\t{name}: {s}\n" for s in lines[-40:])
        return text

    def complaints(self):
        bad = re.compile(
            # no address can look like the head of a line
            r"^(\w+ +\d+ [\d:]+ \S+ )?[\w/-]+(\[\d+\])?: "
            r"((fatal|error|panic): |warning: .*(killed by signal|"
            r"ended with status|does not end|took too long|were lost))"
            r"|Sanitizer|runtime error")
        return [line for name in ("log", "output")
                if (self.dir / name).exists()
                for line in (self.dir / name).read_text(
                    errors="replace").splitlines() if bad.search(line)]


# ---- all of it ---------------------------------------------------------------

def install(build, directory):
    tree = directory / "tree"
    make = os.environ.get("MAKE") or "make"
    done = subprocess.run(
        [make, "-C", build, "install", f"DESTDIR={tree}"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        sys.exit(done.stdout.decode(errors="replace")
                 + "dialog.py: make install failed")
    return tree


def attempt(function):
    """None, or what went wrong."""
    try:
        function()
    except (Mismatch, OSError) as wrong:
        return str(wrong)
    return None


def report(results):
    """Prints (name, what was wrong or None) and sums up."""
    failed = 0
    for name, wrong in results:
        print(f"{'ok' if wrong is None else 'FAILED'} {name}")
        if wrong is not None:
            failed += 1
            print(f"\t{wrong}")
    print(f"{len(results) - failed} passed, {failed} failed, 0 skipped")
    return failed


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--build", default=".", help="where make ran")
    options.add_argument("--tree", help="a tree that make install made")
    options.add_argument("--keep", action="store_true")
    options.add_argument("files", nargs="*")
    given = options.parse_args()
    os.umask(0o022)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="relais-dialog."))
    directory.chmod(0o755)
    fresh = directory / "suite"
    fresh.mkdir()
    results = []
    try:
        tree = pathlib.Path(given.tree).resolve() if given.tree \
            else install(given.build, directory)
        suite = Suite(tree, fresh)
        suite.configure()
        try:
            suite.start()
            for name in given.files or sorted(
                    glob.glob(str(HERE / "dialog" / "*.smtp"))):
                path = pathlib.Path(name)
                results.append((path.name, Dialogue(suite, path).play()))
            results.append(("who waits at a stop hears 421, who sends may end",
                            attempt(suite.stop_politely)))
        except Mismatch as wrong:
            results.append(("the suite starts", str(wrong)))
        finally:
            wrong = suite.stop() if suite.master else []
        results.append(("the suite ends in order and leaves no process",
                        "; ".join(wrong) or None))
        bad = suite.complaints()
        results.append(("nobody complained in the log",
                        "\n\t".join(bad[:40]) or None))
        status = report(results)
        if status and given.keep:
            print(suite.said())
    finally:
        if given.keep:
            print(f"kept {directory}", file=sys.stderr)
        else:
            shutil.rmtree(directory, ignore_errors=True)
    sys.exit(1 if status else 0)


if __name__ == "__main__":
    main()
