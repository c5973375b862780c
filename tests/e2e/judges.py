#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Those who judge passwords, each behind its walls, with the test as master
and as lookup: the file, a real Dovecot, and a Dovecot that is hostile.
"""
import contextlib
import os
import pty
import re
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import dovecot  # noqa: E402
import hosts    # noqa: E402
import judge    # noqa: E402

PROGRAMS = os.path.join(hosts.tree(), "opt/relais/libexec/relais")
PEERS = os.environ.get("RELAIS_PEERS",
                       os.path.join(hosts.HERE, ".cache", "peers"))
# RFC 7677 section 3: "pencil".
KEY = ("{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZ"
       "kBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=")
ALL = ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN")
OF_DOVECOT = ("SCRAM-SHA-256", "PLAIN", "LOGIN")
BOUND = dict(binding="tls-exporter", data=b"x" * 32)


def start(program, root):
    return judge.Judge(os.path.join(PROGRAMS, program), root)


# ---- the file ---------------------------------------------------------------

def file_judges(check, top, empty):
    path = os.path.join(top, "passwords")
    hosts.write(path, "# ours\njoe:%s\nann:%s:%s\nbob:%s\nuser:%s\nx:y\n" % (
        judge.crypt("sesame", "$y$"), judge.crypt("two words", "$2b$"), KEY,
        judge.crypt("p\u00e4ss", "$6$"), KEY))
    with start("passwords", empty) as j:
        check.claim("without a file nobody is judged",
                    j.plain("joe", "sesame") == "later")
        j.file(path)
        j.until_can(*ALL)
        for name, password in (("joe", "sesame"), ("ann", "two words"),
                               ("bob", "p\u00e4ss"), ("user", "pencil"),
                               ("bob", "pa\u0308ss")):
            check.claim("%s is let in by PLAIN and LOGIN" % name, [
                j.plain(name, password), j.identity,
                j.plain(name, password, name), j.login(name, password),
                j.identity] == ["good", name, "good", "good", name])
            check.claim("%s is not, by another" % name, [
                j.plain(name, password[1:]), j.identity, j.account,
                j.plain(name, password, "root"), j.plain(name, ""),
                j.login(name, password + " ")] ==
                ["bad", "", name, "bad", "malformed", "bad"])
        check.claim("SCRAM proves both sides to each other", [
            j.scram("user", "pencil"), j.scram("ann", "pencil"),
            j.scram("user", "pencil", plus=True, **BOUND),
            j.scram("user", "pencil", **BOUND)] == [("good", True)] * 4)
        check.claim("and neither, by another password, name or connection", [
            j.scram("user", "pencils"), j.scram("joe", "sesame"),
            j.scram("nobody", "pencil"),
            j.scram("user", "pencil", flag="y", **BOUND)[0],
            j.scram("user", "pencil", plus=True, binding="tls-unique",
                    data=b"")[0]] ==
            [("bad", False)] * 3 + ["malformed"] * 2)
        j.scram("nobody", "pencil")
        salt = j.salt
        j.scram("nobody", "pencil")
        check.claim("who is not there has a salt that stays", j.salt == salt)
        token = j.ask("LOGIN")
        j.next(token)
        j.answer(token, b"", cancelled=1)
        check.claim("a client may think better of it", j.next(token) == (
            "judged", "cancelled", "", ""))
        said = j.lines()
        check.claim("the file is told of, with what is wrong in it",
                    "passwords:6: expected a hash" in said and
                    "4 accounts, 1 warnings" in said)
        changes(check, j, path)
    check.claim("and ends as it is told", j.status == 0)


def changes(check, j, path):
    """Another file takes the place of the one before, unless it is none."""
    hosts.write(path, "joe:%s\n" % judge.crypt("other", "$y$"))
    j.file(path)
    j.until_can("PLAIN", "LOGIN")
    check.claim("a changed file holds at once", [
        j.plain("joe", "sesame"), j.plain("joe", "other"),
        j.scram("user", "pencil")[0]] == ["bad", "good", "bad"])
    with open(path, "a") as f:
        f.truncate(65 << 20)
    j.file(path)
    check.claim("one that is too large does not",
                j.plain("joe", "other") == "good" and
                "the one before holds" in j.lines())
    hosts.write(path, "")
    j.file(path)
    j.until_can()
    check.claim("an empty one lets nobody in",
                j.plain("joe", "other") == "bad")


def nobody_is_told_from_somebody(check, top, empty):
    """In the time that it takes."""
    path = os.path.join(top, "passwords")
    hosts.write(path, "".join("u%d:%s\n" % (i, judge.crypt("x%d" % i, "$y$"))
                              for i in range(5)))
    times = {"known": [], "unknown": []}
    with start("passwords", empty) as j:
        j.file(path)
        j.until_can("PLAIN", "LOGIN")
        for i in range(15):
            for who, name in (("known", "u%d" % (i % 5)),
                              ("unknown", "n%d" % i)):
                begun = time.monotonic()
                j.plain(name, "wrong")
                times[who].append(time.monotonic() - begun)
    known, unknown = (statistics.median(times[w]) for w in times)
    check.claim("a known name takes %.1f ms, an unknown one %.1f ms" % (
        known * 1e3, unknown * 1e3), 0.6 < unknown / known < 1.7)


def many_at_once(check, top, empty):
    """All that lookup may ask, while master asks whether it lives."""
    path = os.path.join(top, "passwords")
    hosts.write(path, "joe:%s\n" % judge.crypt("sesame", "$2b$"))
    with start("passwords", empty) as j:
        j.file(path)
        j.until_can("PLAIN", "LOGIN")
        tokens = [j.ask("PLAIN", b"\0joe\0" + (b"sesame" if i % 2 else b"x"))
                  for i in range(256)]
        got = [j.next(t)[1] for t in tokens]
    check.claim("256 at once are judged, each as it should",
                got == ["bad", "good"] * 128)


# ---- Dovecot ----------------------------------------------------------------

def address(n):
    """Failures cost an address time, in Dovecot."""
    return dict(address=bytes(10) + b"\xff\xff\x0a\0\0" + bytes([n]))


def dovecot_judges(check, top):
    users = ["joe:{PLAIN}sesame", "ann:" + KEY, "tab\u00fc:{PLAIN}t",
             "u" * 64 + ":{PLAIN}x", "v" * 65 + ":{PLAIN}x"]
    with dovecot.Dovecot(PEERS, os.path.join(top, "dovecot"), users) as d:
        os.chmod(d.run, 0o755)
        with start("dovecot", d.run) as j:
            j.socket(d.socket)
            j.until_can(*OF_DOVECOT)
            check.claim("Dovecot lets in by each", [
                j.plain("joe", "sesame"), j.identity,
                j.login("joe", "sesame"), j.identity,
                j.scram("joe", "sesame"), j.identity,
                j.scram("ann", "pencil"), j.plain("ann", "pencil"),
                j.plain("u" * 64, "x")] ==
                ["good", "joe", "good", "joe", ("good", True), "joe",
                 ("good", True), "good", "good"])
            check.claim("and asks for what was not said at first", [
                j.talk("PLAIN", b"\0joe\0sesame")] == [[b"", "good"]])
            got = [j.talk("PLAIN", initial=message, **address(i))[-1]
                   for i, message in enumerate((
                       b"\0joe\0wrong", b"\0nobody\0x",
                       b"\0" + b"v" * 65 + b"\0x", b"nonsense",
                       b"root\0joe\0sesame"))]
            check.claim("but not by another: %s" % got, got == ["bad"] * 5)
            token = j.ask("LOGIN")
            j.next(token)
            j.answer(token, b"", cancelled=1)
            check.claim("a client may think better of it, ask for what there "
                        "is not, and say too much", [
                            j.next(token)[1], j.talk("CRAM-MD5")[-1],
                            j.plain("x" * 9000, "x")] ==
                        ["cancelled", "malformed", "malformed"])
            check.claim("and is let in after that",
                        j.plain("joe", "sesame") == "good")
            away(check, d, j)
        check.claim("the judge ends as it is told", j.status == 0)


def away(check, d, j):
    token = j.ask("LOGIN")
    j.next(token)
    d.stop()
    j.until_can()
    check.claim("when Dovecot dies, who was amid it hears that it is later",
                j.next(token)[1] == "later" and
                j.plain("joe", "sesame") == "later")
    d.start()
    j.until_can(*OF_DOVECOT)
    check.claim("and when it is back, so is the judge",
                j.plain("joe", "sesame") == "good" and
                "Dovecot is back" in j.lines())


# ---- Dovecot, hostile -------------------------------------------------------

HELLO = b"VERSION\t1\t2\nMECH\tPLAIN\nMECH\tLOGIN\nSPID\t1\nDONE\n"
GREETINGS = {
    "silence and an end": b"",
    "half a greeting": HELLO[:20],
    "another version": b"VERSION\t2\t0\n" + HELLO,
    "no version": b"MECH\tPLAIN\nDONE\n",
    "an empty line": b"\n" + HELLO,
    "a line without end": b"VERSION\t" + b"1" * 40000,
    "greetings without end": b"VERSION\t1\t1\n" + b"MECH\tX\n" * 1000,
    "octets": bytes(range(256)) * 100,
    "an answer before it was asked": b"VERSION\t1\t1\nOK\t1\tuser=root\n",
    "DONE twice": HELLO + b"DONE\n",
    "a mechanism without a name": b"VERSION\t1\t1\nMECH\t\nDONE\n",
    "nothing but DONE": b"DONE\n",
}
ANSWERS = {
    "no number": b"OK\n",
    "a number too large": b"OK\t99999999999\tuser=root\n",
    "nobody": b"OK\t%d\n",
    "a name with a control": b"OK\t%d\tuser=ro\x01not\n",
    "a name too long": b"OK\t%d\tuser=" + b"x" * 300 + b"\n",
    "what is not base64": b"CONT\t%d\t!!!!\n",
    "too much of it": b"CONT\t%d\t" + b"A" * 8500 + b"\n",
    "two questions": b"CONT\t%d\tYQ==\nCONT\t%d\tYQ==\n",
    "a line without end": b"OK\t%d\tuser=" + b"x" * 20000,
    "an end": b"",
}


class Fake:
    """Says `greeting` to each, and `answer` to each AUTH."""

    def __init__(self, path):
        self.greeting, self.answer, self.calls = HELLO, None, 0
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        os.chmod(path, 0o666)
        self.listener.listen(16)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            client = self.listener.accept()[0]
            self.calls += 1
            with contextlib.suppress(OSError):
                self.talk(client)
            client.close()

    def talk(self, client):
        client.settimeout(10)
        client.sendall(self.greeting)
        if self.greeting != HELLO:
            if self.greeting in (b"", HELLO[:20]):
                return
            while client.recv(65536):
                pass            # until it is left alone
        for line in client.makefile("rb"):
            word, *more = line.rstrip(b"\n").split(b"\t")
            if word == b"AUTH":
                number = int(more[0])
                answer = self.answer
                if answer is None:
                    answer = b"OK\t%d\tuser=joe\n"
                if answer == b"":
                    return
                client.sendall(answer % (
                    (number,) * answer.count(b"%d")))


def hostile(check, top):
    directory = os.path.join(top, "fake")
    os.mkdir(directory)
    os.chmod(directory, 0o755)
    path = os.path.join(directory, "auth")
    with start("dovecot", directory) as j:
        j.socket(path)
        j.until_can()
        fake = Fake(path)
        j.until_can("PLAIN", "LOGIN")
        check.claim("the fake is believed while it behaves",
                    j.plain("joe", "x") == "good" and j.identity == "joe")
        for name, greeting in GREETINGS.items():
            fake.greeting, fake.answer = greeting, b""
            j.plain("joe", "x")             # which ends the one before
            calls = fake.calls
            hosts.wait_for("another connection",
                           lambda: fake.calls > calls + 1)
            worse = j.plain("joe", "x")
            fake.greeting, fake.answer = HELLO, None
            j.mechanisms = None
            j.until_can("PLAIN", "LOGIN")
            check.claim("%s: nobody is let in, until it behaves again" % name,
                        worse == "later" and j.plain("joe", "x") == "good")
        for name, answer in ANSWERS.items():
            fake.answer = answer
            token = j.ask("PLAIN", b"\0joe\0x")
            got = j.next(token)
            if got[0] == "says":
                got = j.next(token)
            fake.answer, j.mechanisms = None, None
            j.until_can("PLAIN", "LOGIN")
            check.claim("%s: nobody is let in" % name, got[1] == "later" and
                        got[2] == "" and j.plain("joe", "x") == "good")
        fake.answer = b"OK\t77\tuser=root\nFAIL\t78\nCONT\t79\tYQ==\n" \
            b"XYZ\t%d\nOK\t%d\tuser=joe\n"
        check.claim("what concerns nobody concerns nobody",
                    j.plain("joe", "x") == "good")
    check.claim("the judge ends as it is told", j.status == 0)


# ---- master -----------------------------------------------------------------

def reload(host):
    done = host.run("relais", "reload", check=False)
    return done.returncode, done.stdout + done.stderr


def master_starts(check, net, d):
    """The program that the configuration names, and no other."""
    host = net.host("s1", mounts={"/run/dovecot": d.run})
    file = host.path("etc/relais/passwords")

    def there():
        return {r: p for r, p in host.processes()
                if r in ("passwords", "dovecot")}

    host.start()
    check.claim("without passwords nobody judges", there() == {})
    hosts.write(file, "joe:" + KEY + "\n", 0o600)
    host.configure("passwords file /etc/relais/passwords\n")
    check.claim("a reload starts who judges by a file",
                reload(host)[0] == 0 and list(there()) == ["passwords"])
    host.wait_log("passwords: 1 accounts, 0 warnings")
    first, lookup = there(), host.pids("lookup")
    hosts.write(file, "joe:" + KEY + "\nann:" + KEY + "\n", 0o600)
    check.claim("another reload tells of another file, and begins nothing",
                reload(host)[0] == 0 and there() == first and
                host.pids("lookup") == lookup)
    host.wait_log("passwords: 2 accounts, 0 warnings")
    for mode in (0o604, 0o660):
        os.chmod(file, mode)
        status, said = reload(host)
        check.claim("a file of mode %o is refused" % mode,
                    status == 78 and "mode 600 or 640" in said and
                    there() == first)
    os.chmod(file, 0o600)
    os.kill(first["passwords"], 9)
    hosts.wait_for("another judge", lambda: there() not in ({}, first))
    hosts.wait_for("the file", lambda: host.log().count(
        "passwords: 2 accounts") == 2)
    check.claim("one that was killed comes again, with the file", True)
    host.configure("passwords dovecot /run/dovecot/relais\n")
    check.claim("who asks Dovecot takes its place",
                reload(host)[0] == 0 and list(there()) == ["dovecot"])
    done = host.run("relais", "status")
    check.claim("and has a line in the status",
                re.search(r"^dovecot .* running", done.stdout, re.M))
    host.configure("passwords dovecot /run/nowhere/relais\n")
    status, said = reload(host)
    check.claim("a directory that is not there is a warning",
                status == 0 and "nobody can log in" in said)
    host.wait_log("/run/nowhere/relais: No such file or directory; nobody")
    host.configure("")
    check.claim("without passwords again nobody judges",
                reload(host)[0] == 0 and there() == {})
    host.configure("passwords dovecot /run/nowhere/relais\n")
    host.stop()
    host.start()
    check.claim("a start does not wait for Dovecot",
                list(there()) == ["dovecot"])
    host.stop()
    wrong = [line for line in host.log().splitlines()
             if re.search("(error|fatal|panic): ", line) and
             not re.search("mode 600 or 640|the one before holds", line)]
    if not check.claim("our log has no error but those", wrong == []):
        print("\n".join(wrong))


# ---- relais passwd ----------------------------------------------------------

def at_a_terminal(host, *args, keys):
    """What is shown there, and the exit status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp("nsenter", host.command(*args))
    shown = b""
    with contextlib.suppress(OSError):
        while part := os.read(fd, 4096):
            shown += part
            if part.rstrip().endswith((b"Password:", b"more:")):
                os.write(fd, keys.pop(0) + b"\n")
    os.close(fd)
    return shown, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def passwd_makes_the_file(check, net, empty):
    host = net.host("s2")
    path = host.path("etc/relais/passwords")

    def passwd(*args, password="sesame"):
        return host.run("relais", "passwd", *args, check=False,
                        input=password + "\n").returncode

    check.claim("relais passwd makes accounts of each kind", [
        passwd("joe"), passwd("--crypt", "bcrypt", "ann"),
        passwd("--crypt=sha512", "--scram", "bob"),
        passwd("--scram", "key"), passwd("gone")] == [0] * 5)
    check.claim("in a file that is root's alone",
                os.stat(path).st_mode & 0o7777 == 0o600 and
                os.listdir(host.path("etc/relais")).count("passwords") == 1)
    check.claim("it refuses what is no name, password or method, or too long", [
        passwd("a:b"), passwd(), passwd("a", "b"), passwd("-x", "a"),
        passwd("--crypt", "des", "a"), passwd("-d", "nobody"),
        passwd("a", password=""), passwd("a", password="\x07"),
        passwd("a", password="x" * 256),
        passwd("--crypt", "bcrypt", "a", password="x" * 73)] ==
        [2, 2, 2, 2, 2, 1, 1, 1, 1, 1])
    check.claim("and deletes", passwd("-d", "gone") == 0)
    shown, status = at_a_terminal(host, "relais", "passwd", "joe",
                                  keys=[b"other", b"another"])
    check.claim("two passwords at a terminal are refused, and not shown",
                status == 1 and b"other" not in shown)
    shown, status = at_a_terminal(host, "relais", "passwd", "joe",
                                  keys=[b"changed", b"changed"])
    check.claim("the same twice is taken",
                status == 0 and b"joe is changed" in shown and
                b"changed\r\n" not in shown.split(b"joe")[0])
    with start("passwords", empty) as j:
        j.file(path)
        j.until_can(*ALL)
        got = [j.plain("joe", "changed"), j.scram("joe", "changed")[0],
               j.plain("joe", "sesame"), j.plain("ann", "sesame"),
               j.scram("ann", "sesame")[0], j.plain("bob", "sesame"),
               j.scram("bob", "sesame")[0], j.plain("key", "sesame"),
               j.scram("key", "sesame")[0], j.plain("gone", "sesame")]
        check.claim("the accounts get in by what they have: %s" % got, got == [
            "good", "good", "bad", "good", "bad", "good", "good", "good",
            "good", "bad"])
        check.claim("the file has nothing to warn of",
                    ": 4 accounts, 0 warnings" in j.lines())


def main():
    check = hosts.Checks()
    top = tempfile.mkdtemp(prefix="relais-judges.")
    os.chmod(top, 0o755)
    empty = os.path.join(top, "empty")
    os.mkdir(empty)
    os.chmod(empty, 0o755)
    try:
        hosts.run(os.path.join(hosts.HERE, "peers"), PEERS)
        file_judges(check, top, empty)
        nobody_is_told_from_somebody(check, top, empty)
        many_at_once(check, top, empty)
        dovecot_judges(check, top)
        hostile(check, top)
        with hosts.Net(hosts.tree(), PEERS) as net, dovecot.Dovecot(
                PEERS, os.path.join(top, "other"), ["joe:" + KEY]) as d:
            net.zone("s1.example", "@ MX 10 mail", "mail A 10.99.0.1")
            net.serve_dns()
            master_starts(check, net, d)
            passwd_makes_the_file(check, net, empty)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    return check.end()


sys.exit(main())
