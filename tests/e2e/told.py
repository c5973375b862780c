#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What senders are told of their mail, and when: failures gathered, delays
once, success when it is asked for, a flood of failures as one digest."""
import email
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

USERS = ["gather", "flood", "late", "french", "never", "list", "ops", "quiet",
         "marker", "one", "two"]
GATHER, DELAY, DIGEST_AFTER, DIGEST_TIME = 4, 3, 10, 20
FLOOD = int(sys.argv[1]) if len(sys.argv) > 1 else 500
CONFIG = """\
relay-from 10.99.0.0/24 127.0.0.0/8
notices {
    gather %ds
    delay %ds
    digest-after %d
    digest-time %ds
    double-bounces %%s
}
""" % (GATHER, DELAY, DIGEST_AFTER, DIGEST_TIME)
ALIASES = "team: one, two\n"
LETTER = "From: %s\r\nSubject: a letter\r\n%s\r\ntext\r\n"
NOTICE = r"(\w{13}): sender non-delivery notification: (\w{13})"
DELAYED = r"(\w{13}): sender delay notification: (\w{13})"
SUCCESS = r"(\w{13}): sender delivery status notification: (\w{13})"


def send(host, sender, *recipients, field="", options=()):
    """The id that the host gave."""
    with host.smtp() as client:
        return hand(client, sender, recipients, field, options)


def hand(client, sender, recipients, field="", options=()):
    client.ehlo()
    client.mail(sender)
    for r in recipients:
        code, text = client.rcpt(r, list(options))
        assert code == 250, text
    code, text = client.data((LETTER % (sender or "nobody@s1.example",
                                        field)).encode())
    assert code == 250, text
    return re.search(rb"\b(\w{13})\b", text.split(b"as ")[-1]).group(1) \
        .decode()


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


def whole_is_told_at_once(check, s1):
    """Its message needs no time: nobody is left to wait for."""
    about = send(s1, "quiet@s1.example", "no@s2.example")
    s1.wait_mail("quiet")
    check.claim("the notice of the last one ends the message",
                s1.wait_log(about + ": removed"))


def hears_of_delay(check, s1):
    about = send(s1, "late@s1.example", "x@late.example", "y@late.example")
    s1.wait_log(about + ": sender delay notification")
    letter, = s1.wait_mail("late")
    check.claim("who waits is told of as delayed", told_of(letter) == [
        ("x@late.example", "delayed"), ("y@late.example", "delayed")])
    s1.stop()
    s1.start()
    marker = send(s1, "marker@s1.example", "z@late.example")
    s1.wait_log(marker + ": sender delay notification")
    check.claim("once, whatever is started anew", len(re.findall(
        about + ": sender delay notification", s1.log())) == 1)


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

def is_flooded(check, s1):
    with s1.smtp() as client:
        for i in range(FLOOD):
            hand(client, "flood@s1.example", ["no%d@s2.example" % i])
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
        s1, s2, _ = made
        for host in made:
            host.start()
        hosts.side_by_side(
            (is_flooded, check, s1), (gathers, check, s1),
            (whole_is_told_at_once, check, s1), (hears_of_success, check, s1),
            (never_hears, check, s1), (reads_french, check, s1),
            (bounces_twice, check, s1, s2))
        hears_of_delay(check, s1)
        for host in made:
            check.claim("no error in the log of " + host.name, not re.search(
                r"\b(error|fatal|panic):", host.log()))
    return check.end()


sys.exit(main())
