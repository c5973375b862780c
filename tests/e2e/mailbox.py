#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Users who make the most of their mailboxes: links, pipes, a full disk, and
agents that are stopped by their own user, as kill(2) lets him.
"""
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

USERS = ["good", "link", "linknew", "pipe", "readonly", "away", "full",
         "stopper"]
LETTER = b"Subject: a letter\r\n\r\n%s\r\n"
AGENT_IDLE, OLDER_TIME = 10, 5      # local/agents.c, master/agents.c

# what stands in a mailbox's place, and what is said of it
PUT_OFF = {"link": "4.2.0", "linknew": "4.2.0", "pipe": "4.2.0",
           "readonly": "4.2.0", "away": "4.3.0", "full": "4.3.1"}

STOP_OWN = """\
import os, signal
for p in range(2, 1000):
    if p != os.getpid():
        try:
            os.kill(p, signal.SIGSTOP)
        except OSError:
            pass
"""


def send(s1, user, text=b"text"):
    with s1.smtp() as client:
        client.sendmail("x@bar.example", ["%s@s1.example" % user],
                        LETTER % text)


def furnish(s1):
    home = {u: s1.path("home", u) for u in USERS}
    os.makedirs(s1.path("home/outside/tmp"))
    os.makedirs(s1.path("home/outside/cur"))
    os.mkdir(s1.path("home/outside/new"))
    subprocess.run(["chmod", "-R", "777", s1.path("home/outside")],
                   check=True)
    os.symlink("/home/outside", home["link"] + "/Maildir")
    for d in ("tmp", "cur"):
        os.makedirs(home["linknew"] + "/Maildir/" + d)
    os.symlink("/home/outside/new", home["linknew"] + "/Maildir/new")
    os.mkdir(home["pipe"] + "/Maildir")
    os.mkfifo(home["pipe"] + "/Maildir/tmp")
    for u in ("linknew", "pipe"):
        uid = str(hosts.USER_UID + USERS.index(u))
        subprocess.run(["chown", "-hR", uid, home[u]], check=True)
    os.chmod(home["readonly"], 0o500)
    os.rmdir(home["away"])
    s1.run("mount", "-t", "tmpfs", "-o", "size=64k,mode=777", "full",
           "/home/full")


def odd_mailboxes(check, s1):
    for user in PUT_OFF:
        send(s1, user, b"x" * 900 if user != "full" else
             (b"x" * 900 + b"\r\n") * 200)
    for user, dsn in PUT_OFF.items():
        said = s1.wait_log(r": to=<%s@.*dsn=(\S+), status=(\w+)" % user, 20)
        check.claim("%s: %s" % (user, said.group(0)[2:]),
                    said.groups() == (dsn, "deferred"))
    send(s1, "good")
    check.claim("others have their mail", s1.wait_mail("good", 1, 20))
    left = [f for _, _, files in os.walk(s1.path("home/outside"))
            for f in files]
    check.claim("no link leads out of a home", left == [])
    found = s1.run("find", "/home/full", "-type", "f").stdout
    check.claim("nothing is left of what did not fit", found == "")


def agents_of(s1, user):
    return re.findall(r"^agent/%s +(\d+)" % user,
                      s1.run("relais", "status").stdout, re.M)


def an_agent_that_is_stopped(check, s1):
    send(s1, "stopper")
    s1.wait_mail("stopper", 1, 20)
    first = agents_of(s1, "stopper")
    s1.run("python3", "-c", STOP_OWN, user="stopper")
    time.sleep(AGENT_IDLE + 1)      # local sends it home; it does not hear
    check.claim("a stopped agent stays", len(first) == 1 and
                agents_of(s1, "stopper") == first)
    send(s1, "stopper")
    s1.wait_mail("stopper", 2, 20)
    hosts.wait_for("the end of the older agent", lambda: first[0] not in
                   agents_of(s1, "stopper"), OLDER_TIME + 5)
    check.claim("and ends when the next one comes: a user has one place",
                len(agents_of(s1, "stopper")) == 1)


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        net.zone("s1.example", "@ MX 10 mail", "mail A 10.99.0.1")
        net.serve_dns()
        s1 = net.host("s1", users=USERS)
        furnish(s1)
        s1.start()
        odd_mailboxes(check, s1)
        an_agent_that_is_stopped(check, s1)
        s1.stop()
    return check.end()


sys.exit(main())
