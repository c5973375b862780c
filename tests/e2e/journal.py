#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The journal, seen from outside: what is delivered at once leaves no trace in
files or index; what waits survives kills; a stopped spool is files only; the
index can be made again; without a journal every message is a file.
"""
import glob
import hashlib
import json
import os
import re
import shutil
import signal
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

CONFIG = """\
relay-from 10.99.0.0/24
postmaster jones@s1.example
retry {
    first 1h
    maximum 1h
}
journal {
    segment 16M
    limit %s
}
"""
CLIENTS, LETTERS = 8, 1600
TEXT = b"Subject: middling\r\n\r\n" + b"0123456789abcdef\r\n" * 3500
BIG = b"Subject: big\r\n\r\n" + b"0123456789abcdef\r\n" * 20000
SMALL = b"Subject: small\r\n\r\nsome text\r\n"


def spool(host, *parts):
    return host.path("spool/queue", *parts)


def files(host):
    return [p for p in glob.glob(spool(host, "message/*/*"))]


def index(host):
    with open(spool(host, "index/data.mdb"), "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def touched(host):
    """When a name came or went in each of the directories of messages."""
    return [os.stat(p).st_mtime_ns for p in sorted(
        glob.glob(spool(host, "message/*")))]


def segments(host):
    return sorted(os.listdir(spool(host, "journal")))


def send(host, to, text=SMALL, sender="jones@s1.example"):
    with host.smtp() as client:
        client.sendmail(sender, [to], text)


def listed(host):
    """{id: [addresses]}"""
    lines = host.run("relais", "--json", "queue", "list").stdout
    return {m["queue_id"]: [r["address"] for r in m["recipients"]]
            for m in map(json.loads, lines.splitlines())}


def freeze(host, role, number):
    for pid in host.pids(role):
        os.kill(pid, number)


def kill_queue(host):
    old = host.pids("queue")
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    hosts.wait_for("another queue",
                   lambda: host.pids("queue") not in (set(), old))
    hosts.wait_for("its answer", lambda: host.run(
        "relais", "queue", "list", check=False).returncode == 0)


def leaves_no_trace(check, host):
    send(host, "jones@s1.example")
    host.wait_mail("jones")
    before, there = index(host), files(host)
    with host.smtp() as client:
        for _ in range(100):
            client.sendmail("x@bar.example", ["jones@s1.example"], SMALL)
    host.wait_mail("jones", 101)
    host.wait_empty()
    check.claim("a hundred letters are delivered, and neither index nor "
                "message/ has changed", index(host) == before and
                files(host) == there == [])


def goes_round(check, host):
    """Three times the first two segments; one message waits all the while."""
    def send_many():
        with host.smtp() as client:
            for _ in range(LETTERS // CLIENTS):
                client.sendmail("x@bar.example", ["jones@s1.example"], TEXT)

    freeze(host, "remote", signal.SIGSTOP)
    send(host, "slow@s2.example")
    count = len(host.mail("jones"))
    threads = [threading.Thread(target=send_many) for _ in range(CLIENTS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    host.wait_mail("jones", count + LETTERS, 180)
    hosts.wait_for("one message", lambda: len(listed(host)) == 1)
    check.claim("the ring goes round, and does not grow without need",
                2 <= len(segments(host)) <= 4)
    hosts.wait_for("the slow one to be a file", lambda: len(files(host)) == 1)
    kill_queue(host)
    check.claim("what stood in an old segment is a file",
                len(listed(host)) == 1)
    freeze(host, "remote", signal.SIGKILL)
    hosts.wait_for("its removal", lambda: host.run(
        "relais", "queue", "delete", *listed(host),
        check=False).returncode == 0)


def survives_kills(check, host):
    """Nobody delivers meanwhile, so that all of it stays in the journal."""
    freeze(host, "local", signal.SIGSTOP)
    count = len(host.mail("jones"))
    for text in (SMALL, BIG, SMALL):
        send(host, "jones@s1.example", text)
    before = listed(host)
    kill_queue(host)
    check.claim("a killed queue has what it had", len(before) == 3 and
                listed(host) == before)
    check.claim("a large one is a file, the others are not",
                len(files(host)) == 1)
    freeze(host, "local", signal.SIGCONT)
    host.wait_mail("jones", count + 3)
    host.wait_empty()
    check.claim("they come once each", len(host.mail("jones")) == count + 3)
    check.claim("and the large one whole", any(
        letter.endswith(BIG.replace(b"\r\n", b"\n"))
        for letter in host.mail("jones")))
    hosts.wait_for("its file to go", lambda: not files(host))
    send(host, "nobody@nowhere.example")
    host.wait_log("to=<nobody@nowhere.example>.*status=deferred")
    hosts.wait_for("its file", lambda: len(files(host)) == 1)
    deferred = listed(host)
    kill_queue(host)
    check.claim("what waits is a file, and still there after a kill",
                listed(host) == deferred)
    return deferred


def notices_are_hot(check, host):
    """A failure: the message gets a file, its notice none, and both go."""
    count, there = len(host.mail("jones")), len(files(host))
    send(host, "user@refused.example")
    host.wait_mail("jones", count + 1)
    check.claim("a failure is told", b"refused.example" in
                host.mail("jones")[-1])
    hosts.wait_for("the file to go", lambda: len(files(host)) == there)
    check.claim("and nothing of it is left", len(listed(host)) == there)


def stops_as_files(check, host, deferred):
    freeze(host, "remote", signal.SIGSTOP)
    send(host, "one@s2.example")
    send(host, "two@s2.example", BIG)
    before = listed(host)
    freeze(host, "remote", signal.SIGKILL)
    host.stop()
    names = {os.path.basename(p) for p in files(host)}
    check.claim("a stopped spool has all as files",
                set(before) == names and set(deferred) < names)
    shutil.rmtree(spool(host, "journal"))
    host.start()
    check.claim("it needs no journal to go on", set(listed(host)) == names)
    check.claim("and misses none", "journal is gone" not in host.log())
    return names


def rebuilds(check, host, names):
    done = host.run("relais", "queue", "rebuild", check=False)
    check.claim("rebuild wants a stopped suite", done.returncode == 1 and
                "stop it first" in done.stderr)
    host.stop()
    done = host.run("relais", "queue", "rebuild")
    kept = re.search(r"index is now (index-\d+);", done.stdout)
    check.claim("the index is put aside, and kept", kept and
                os.path.exists(spool(host, kept.group(1), "data.mdb")) and
                not os.path.exists(spool(host, "index")))
    host.start()
    hosts.wait_for("all messages", lambda: set(listed(host)) == names)
    check.claim("it is made again from the files", True)
    host.wait_log(r"the index is rebuilt: %d message" % len(names))


def loses_its_journal(check, host):
    """Only what the journal alone had can be gone: not what is a file."""
    freeze(host, "local", signal.SIGSTOP)
    count = len(host.mail("jones"))
    send(host, "jones@s1.example", BIG)
    host.kill()
    shutil.rmtree(spool(host, "journal"))
    host.boot()
    host.start()
    host.wait_mail("jones", count + 1)
    check.claim("a journal that is gone is told", host.wait_log(
        r"error: the journal is gone"))
    check.claim("the file that it knew of is delivered all the same",
                host.mail("jones")[-1].endswith(
                    BIG.replace(b"\r\n", b"\n")))


def goes_without(check, host, names):
    freeze(host, "local", signal.SIGSTOP)
    send(host, "jones@s1.example")
    before = set(listed(host))
    host.configure(CONFIG % "0")
    host.run("relais", "reload")
    hosts.wait_for("the segments to go", lambda: not segments(host))
    check.claim("with the limit 0 all becomes files", before <= {
        os.path.basename(p) for p in files(host)} and
        names <= set(listed(host)))
    count = len(files(host))
    send(host, "jones@s1.example")
    check.claim("and so does what comes", len(files(host)) == count + 1)
    freeze(host, "local", signal.SIGCONT)
    hosts.wait_for("both to be delivered",
                   lambda: len(files(host)) == count - 1)
    host.configure(CONFIG % "64M")
    host.run("relais", "reload")
    hosts.wait_for("a journal", lambda: len(segments(host)) >= 2)
    count = len(host.mail("jones"))
    send(host, "jones@s1.example")
    host.wait_mail("jones", count + 1)
    there = touched(host)
    send(host, "jones@s1.example")
    host.wait_mail("jones", count + 2)
    hosts.wait_for("its end", lambda: set(listed(host)) == names)
    check.claim("and back again", touched(host) == there)


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        net.zone("s1.example", "@ MX 10 mail", "mail A 10.99.0.1")
        net.zone("s2.example", "@ MX 10 mail", "mail A 10.99.0.2")
        net.zone("refused.example", "@ MX 0 .")
        net.serve_dns()
        s1 = net.host("s1", users=["jones"], config=CONFIG % "64M")
        s1.start()
        leaves_no_trace(check, s1)
        goes_round(check, s1)
        deferred = survives_kills(check, s1)
        notices_are_hot(check, s1)
        names = stops_as_files(check, s1, deferred)
        rebuilds(check, s1, names)
        loses_its_journal(check, s1)
        goes_without(check, s1, names)
        s1.stop()
        bad = re.findall(r".*(?:ended with status|accuses|fatal:).*",
                         s1.log())
        check.claim("nobody crashed, and nobody was accused", not bad)
        for line in bad:
            print(line)
    return check.end()


sys.exit(main())
