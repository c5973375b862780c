#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""sendmail(8) as cron, mail(1), PHP, git and mutt call it, and as nobody
should: exit statuses of sysexits.h, and who has what mail in the end.
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

OK, USAGE, DATAERR, NOUSER, IOERR, TEMPFAIL = 0, 64, 65, 67, 74, 75
PLAIN = b"Subject: x\n\nhi\n"

# status, arguments, input, for how many it makes a letter (joe, ann)
CALLS = [
    (OK, ["joe"], PLAIN, 1, 0),
    (OK, ["joe", "ann", "joe"], PLAIN, 1, 1),
    (OK, ["-i", "-FCronDaemon", "-odi", "-oem", "-oi", "-t"],
     b"To: joe\n\n.\nx\n", 1, 0),
    (OK, ["-t", "-i"], b"To: joe\r\nSubject: php\r\n\r\nx", 1, 0),
    (OK, ["-oem", "-oi", "-f", "jqp@s1.example", "--", "joe"], PLAIN, 1, 0),
    (OK, ["-t"], b"To: undisclosed-recipients:;\nBcc: ann\n\nx", 0, 1),
    (OK, ["-t"], b"To: \"a, b\" <joe@s1.example>,,\n (c) ann\n\nx", 1, 1),
    (OK, ["-t", "ann"], b"To: joe\n\nx", 1, 1),
    (OK, ["-t"], b"To: joe\nResent-To: ann\n\nx", 0, 1),
    (OK, ["joe"], b"no header, no end", 1, 0),
    (OK, ["joe"], b"", 1, 0),
    (OK, ["joe"], b"a\0b\n\xff\xfe\n" + b"x" * 5000, 1, 0),
    (OK, ["-f", "", "joe"], PLAIN, 1, 0),
    (NOUSER, ["nobodyx"], PLAIN, 0, 0),
    (NOUSER, ["nobodyx", "joe"], PLAIN, 1, 0),
    (NOUSER, ["--", "-joe@s1.example"], PLAIN, 0, 0),
    (NOUSER, ["joe", "-v"], PLAIN, 1, 0),
    (DATAERR, ["joe\r\nDATA"], PLAIN, 0, 0),
    (DATAERR, ["a@b@c", "joe"], PLAIN, 0, 0),
    (DATAERR, ["-t"], b"To: joe, (\n\nx", 0, 0),
    (DATAERR, ["-t"], b"Subject: to nobody\n\nx", 0, 0),
    (DATAERR, ["u%d@s1.example" % i for i in range(1001)], PLAIN, 0, 0),
    (USAGE, ["-f", "a@b\r\nRCPT TO:<joe>", "ann"], PLAIN, 0, 0),
    (OK, ["-N", "success,failure", "-R", "hdrs", "-V", "a b", "joe"], PLAIN,
     1, 0),
    (OK, ["-N", "never", "-V", "a+20b", "ann"], PLAIN, 0, 1),
    (USAGE, ["-N", "never,delay", "joe"], PLAIN, 0, 0),
    (USAGE, ["-R", "some", "joe"], PLAIN, 0, 0),
    (USAGE, ["-V", "a\nRCPT", "joe"], PLAIN, 0, 0),
    (USAGE, ["-Z", "joe"], PLAIN, 0, 0),
    (USAGE, [], PLAIN, 0, 0),
]

# the same with descriptors closed, where a connection could take their place
CLOSED = [
    (NOUSER, "2>&-", ["nobodyx", "joe"], 1),
    (NOUSER, "2>&- >&-", ["nobodyx", "joe"], 1),
    (OK, "2>&-", ["-v", "joe"], 1),
    (OK, "2>&- >&-", ["-v", "joe"], 1),
    (IOERR, "<&-", ["joe"], 0),
]


def call(s1, args, given, redirect=None):
    words = ["sendmail"] + args
    if redirect is not None:
        words = ["sh", "-c", 'exec sendmail "$@" ' + redirect, "sh"] + args
    return subprocess.run(s1.command(*words, user="jqp"), input=given,
                          capture_output=True, timeout=60)


def as_programs_do(check, s1):
    joe = ann = 0
    for status, args, given, joes, anns in CALLS:
        done = call(s1, args, given)
        joe, ann = joe + joes, ann + anns
        check.claim("%d from sendmail %s" % (status, args[:6]),
                    done.returncode == status)
        check.claim("and a reason when it is not 0",
                    (done.stderr == b"") == (status == OK))
    check.claim("a letter for each who should have one",
                len(s1.wait_mail("joe", joe)) == joe and
                len(s1.wait_mail("ann", ann)) == ann)
    return joe


def with_closed_descriptors(check, s1, joe):
    for status, redirect, args, joes in CLOSED:
        done = call(s1, args, PLAIN, redirect)
        joe += joes
        check.claim("%d from sendmail %s %s" % (status, args, redirect),
                    done.returncode == status)
    check.claim("nobody went without", len(s1.wait_mail("joe", joe)) == joe)


def a_dialog_that_ends_early(check, s1):
    done = call(s1, ["-bs"], b"QUIT\r\n" + b"NOOP\r\n" * 20000)
    check.claim("-bs outlives a server that has closed",
                done.returncode == OK and
                done.stdout.endswith(b"\r\n221 2.0.0 s1.example Bye\r\n"))


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        net.zone("s1.example", "@ MX 10 mail", "mail A 10.99.0.1")
        net.serve_dns()
        s1 = net.host("s1", users=["jqp", "joe", "ann"])
        s1.start()
        joe = as_programs_do(check, s1)
        with_closed_descriptors(check, s1, joe)
        a_dialog_that_ends_early(check, s1)
        s1.wait_empty()
        s1.stop()
        check.claim("75 when relais does not run",
                    call(s1, ["joe"], PLAIN).returncode == TEMPFAIL)
        check.claim("no error in the log", not re.search(
            r"\b(error|fatal|panic):", s1.log()))
    return check.end()


sys.exit(main())
