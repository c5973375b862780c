#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What senders are told of their mail, and when: failures gathered, delays
once, success when it is asked for, a flood of failures as one digest."""
import email
import email.utils
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402
import load     # noqa: E402

USERS = ["gather", "flood", "late", "french", "never", "list", "ops", "quiet",
         "marker", "one", "two", "full", "header", "plain", "large"]
GATHER, DELAY, DIGEST_AFTER, DIGEST_TIME = 4, 3, 10, 20
CONTENT, LIFE, SESSIONS = 4, 1000, 4
FLOOD = int(sys.argv[1]) if len(sys.argv) > 1 else 500
CONFIG = """\
relay-from 10.99.0.0/24 127.0.0.0/8
destination late.example {
    lifetime %ds
}
notices {
    gather %ds
    delay %ds
    digest-after %d
    digest-time %ds
    double-bounces %%s
    content %dK
}
""" % (LIFE, GATHER, DELAY, DIGEST_AFTER, DIGEST_TIME, CONTENT)
ALIASES = "team: one, two\n"
LETTER = "From: %s\r\nSubject: a letter\r\n%s\r\ntext\r\n"
NOTICE = r"(\w{13}): sender non-delivery notification: (\w{13})"
DELAYED = r"(\w{13}): sender delay notification: (\w{13})"
SUCCESS = r"(\w{13}): sender delivery status notification: (\w{13})"


def send(host, sender, *recipients, field="", options=(), mail=(), more=""):
    """The id that the host gave."""
    with host.smtp() as client:
        client.ehlo()
        client.mail(sender, list(mail))
        for r in recipients:
            code, text = client.rcpt(r, list(options))
            assert code == 250, text
        code, text = client.data((LETTER % (sender or "nobody@s1.example",
                                            field) + more).encode())
    assert code == 250, text
    return re.search(rb"\b(\w{13})\b", text.split(b"as ")[-1]).group(1) \
        .decode()


def status_of(letter):
    """The fields of each recipient."""
    report = email.message_from_bytes(letter).get_payload()[1]
    return report.get_payload()[1:]


def date(fields, name):
    return email.utils.parsedate_to_datetime(fields[name]).timestamp()


def told_of(letter):
    """[(recipient, action)] of a notice."""
    report = email.message_from_bytes(letter).get_payload()[1]
    return sorted((b["Final-Recipient"].split(";")[1].strip(), b["Action"])
                  for b in report.get_payload() if b["Action"])


def failures(host, user):
    told = map(told_of, host.mail(user))
    return [t for t in told if t[0][1] == "failed"]


def gathers(check, s1):
    about = send(s1, "gather@s1.example", "no1@s2.example", "no2@s3.example",
                 "no3@s2.example", "x@late.example")
    s1.wait_log(about + ": sender non-delivery notification")
    hosts.wait_for("the notice", lambda: failures(s1, "gather"))
    check.claim("failures of a message are told in one notice, while another "
                "recipient waits", failures(s1, "gather") == [[
                    ("no1@s2.example", "failed"), ("no2@s3.example", "failed"),
                    ("no3@s2.example", "failed")]])
    check.claim("which the log connects with the message", any(
        old == about for old, _ in re.findall(NOTICE, s1.log())))
    letter = next(m for m in s1.mail("gather")
                  if told_of(m)[0][1] == "failed")
    made = date(email.message_from_bytes(letter), "Date")
    check.claim("and says of each when it was tried", all(
        0 <= made - date(r, "Last-Attempt-Date") < 3600
        for r in status_of(letter)))


def whole_is_told_at_once(check, s1):
    """Its message needs no time: nobody is left to wait for."""
    about = send(s1, "quiet@s1.example", "no@s2.example")
    s1.wait_mail("quiet")
    check.claim("the notice of the last one ends the message",
                s1.wait_log(about + ": removed"))


def hears_of_delay(check, s1, s3):
    """On a host of its own, which is started anew when the other one needs it
    no more."""
    about = send(s3, "late@s3.example", "x@late.example", "y@late.example")
    s3.wait_log(about + ": sender delay notification")
    letter, = s3.wait_mail("late")
    check.claim("who waits is told of as delayed", told_of(letter) == [
        ("x@late.example", "delayed"), ("y@late.example", "delayed")])
    arrived = date(email.message_from_bytes(letter).get_payload()[1]
                   .get_payload()[0], "Arrival-Date")
    check.claim("tried since it came, and as long as its destination is", all(
        date(r, "Last-Attempt-Date") >= arrived and
        date(r, "Will-Retry-Until") == arrived + LIFE
        for r in status_of(letter)))
    s1.wait_log(r"to=<no2@s3\.example>.*status=bounced")
    s3.stop()
    s3.start()
    marker = send(s3, "marker@s3.example", "z@late.example")
    s3.wait_log(marker + ": sender delay notification")
    check.claim("once, whatever is started anew", len(re.findall(
        about + ": sender delay notification", s3.log())) == 1)


def returned(s1, user, mail=(), more=""):
    """What comes back with the notice: its type, and its text."""
    send(s1, user + "@s1.example", "no@s2.example", mail=mail, more=more)
    last = email.message_from_bytes(s1.wait_mail(user)[0]).get_payload()[-1]
    return last.get_content_type(), last.as_bytes()


def gets_it_back(check, s1):
    full, header, plain, large = hosts.side_by_side(
        (returned, s1, "full", ["RET=FULL"]),
        (returned, s1, "header", ["RET=HDRS"]), (returned, s1, "plain"),
        (returned, s1, "large", ["RET=FULL"],
         CONTENT * 1024 // 32 * ("x" * 30 + "\r\n")))
    check.claim("with RET=FULL all of it comes back",
                full[0] == "message/rfc822" and b"\n\ntext\n" in full[1])
    for name, (kind, text) in (
            ("with RET=HDRS", header), ("without RET", plain),
            ("with RET=FULL of one longer than `content`", large)):
        check.claim(name + " the header alone",
                    kind == "text/rfc822-headers" and
                    b"Subject: a letter" in text and
                    b"\ntext\n" not in text and b"xxx" not in text)


def hears_of_success(check, s1):
    asked = ("NOTIFY=SUCCESS,FAILURE",)
    about = send(s1, "list@s1.example", "one@s1.example", options=asked)
    s1.wait_log(about + ": sender delivery status notification")
    check.claim("success is told to who asks", told_of(
        s1.wait_mail("list")[0]) == [("one@s1.example", "delivered")])
    send(s1, "list@s1.example", "team@s1.example", options=asked)
    check.claim("of a list that it was expanded", told_of(
        s1.wait_mail("list", 2)[1]) == [("team@s1.example", "expanded")])
    send(s1, "list@s1.example", "no@s2.example", options=asked)
    check.claim("and failure to who asks for both", told_of(
        s1.wait_mail("list", 3)[2]) == [("no@s2.example", "failed")])


def never_hears(check, s1):
    about = send(s1, "never@s1.example", "no@s2.example",
                 options=("NOTIFY=NEVER",))
    s1.wait_log(about + ": removed")
    check.claim("who wants to hear nothing is told nothing", not re.search(
        about + r": sender \w", s1.log()) and not s1.mail("never"))


def reads_french(check, s1):
    send(s1, "french@s1.example", "no@s2.example",
         field="Content-Language: fr\r\n")
    letter = email.message_from_bytes(s1.wait_mail("french")[0])
    words = letter.get_payload()[0]
    check.claim("a notice is in the language of its message",
                words["Content-Language"] == "fr" or
                letter["Content-Language"] == "fr")


def bounces_twice(check, s1, s2):
    about = send(s1, "", "no@s2.example")
    s1.wait_log(about + ": postmaster non-delivery notification")
    letter = s1.wait_mail("ops")[0]
    check.claim("a notice that cannot be delivered goes to double-bounces",
                told_of(letter) == [("no@s2.example", "failed")])
    about = send(s2, "", "no@s1.example")
    last = s2.wait_log(
        about + r": postmaster non-delivery notification: (\w{13})").group(1)
    s2.wait_log(last + ": no notice for a notice")
    check.claim("and ends when it cannot be delivered there",
                s2.wait_log(last + ": removed"))


def flood(s1, numbers):
    load.enter(s1.ns)
    session = load.Session(s1.address)
    session.say("EHLO client.example")
    for i in numbers:
        session.letter("flood@s1.example", ["no%d@s2.example" % i],
                       (LETTER % ("flood@s1.example", "")).encode())
    session.close()


def is_flooded(check, s1):
    hosts.side_by_side(*[(flood, s1, range(i, FLOOD, SESSIONS))
                         for i in range(SESSIONS)])
    letters = s1.wait_mail("flood", DIGEST_AFTER + 1)
    counts = sorted(len(told_of(m)) for m in letters)
    check.claim("%d alike failures are %d notices and a digest" % (
        FLOOD, DIGEST_AFTER), counts == [1] * DIGEST_AFTER +
        [FLOOD - DIGEST_AFTER])
    check.claim("that tell of each once", sorted(
        r for m in letters for r, _ in told_of(m)) == sorted(
        "no%d@s2.example" % i for i in range(FLOOD)))


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        made = []
        for i, ops in (1, "ops@s1.example"), (2, "no@s1.example"), (3, "no"):
            net.zone("s%d.example" % i, "@ MX 10 mail",
                     "mail A 10.99.0.%d" % i)
            made.append(net.host("s%d" % i, users=USERS, aliases=ALIASES,
                                 config=CONFIG % ops))
        # nobody listens there
        net.zone("late.example", "@ MX 10 mail", "mail A " + hosts.DNS)
        net.serve_dns()
        s1, s2, s3 = made
        hosts.side_by_side(*[(host.start,) for host in made])
        hosts.side_by_side(
            (is_flooded, check, s1), (gathers, check, s1),
            (whole_is_told_at_once, check, s1), (hears_of_success, check, s1),
            (never_hears, check, s1), (reads_french, check, s1),
            (bounces_twice, check, s1, s2), (gets_it_back, check, s1),
            (hears_of_delay, check, s1, s3))
        for host in made:
            check.claim("no error in the log of " + host.name, not re.search(
                r"\b(error|fatal|panic):", host.log()))
    return check.end()


sys.exit(main())
