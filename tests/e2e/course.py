#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The scenario of the textbooks: one message, three hosts, four recipients.

s1 takes a message for two users of s2, for one that s2 does not know, and for
a user of s3, which has an address and no mail exchanger.
"""
import email
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402  (the path above comes first)

BODY = ("From: jqp@s1.example\r\nSubject: the course\r\n\r\n"
        "a line\r\n.a line with a dot\r\n..two\r\n.\r\nthe end\r\n")
OUTSIDE_HOMES = """\
domain s3.example {
    deliver maildir /home/mail/%u
}
"""
TWO_FAMILIES = """\
listen six {
    address ::
    port 25
}
domain s2.example six.example by-mx.example by-host.example {
}
"""
RELAY = """\
relay-from 10.99.0.0/24 127.0.0.0/8
resolver %s:53
route by-mx.example {
    via s2.example
}
route by-host.example {
    via [mail.s2.example]
}
""" % hosts.DNS


def received(letter):
    return email.message_from_bytes(letter).get_all("Received") or []


def below_trace(letter):
    """What stands below the header lines that servers added."""
    return letter[letter.index(b"From: "):]


def one_message_many_recipients(check, s1, s2, s3):
    with s1.smtp() as client:
        refused = client.sendmail("jqp@s1.example", [
            "jones@s2.example", "brown@s2.example", "green@s2.example",
            "carol@s3.example"], BODY.encode())
    check.claim("s1 takes all four recipients", refused == {})
    jones = s2.wait_mail("jones")
    brown = s2.wait_mail("brown")
    carol = s3.wait_mail("carol")
    check.claim("each has one letter",
                len(jones) == len(brown) == len(carol) == 1)
    # dots are transparent, and the Maildir holds lines as Unix has them
    want = BODY.replace("\r\n", "\n").encode()
    for name, letters in (("jones", jones), ("brown", brown),
                          ("carol", carol)):
        check.claim("%s has it byte for byte" % name,
                    below_trace(letters[0]) == want)
    copies = re.findall(r": client=", s2.log())
    check.claim("one copy of the content went to s2", len(copies) == 1)
    check.claim("for both of its users",
                s2.wait_log(r"from=<jqp@s1\.example>, .*nrcpt=2 "))
    trace = received(jones[0])
    check.claim("each hop added a Received line, newest first",
                len(trace) == 2 and
                "by s2.example" in trace[0] and
                "from s1.example" in trace[0] and "10.99.0.1" in trace[0] and
                "by s1.example" in trace[1] and
                "from client.example" in trace[1])
    check.claim("s3 without MX was reached by its address",
                "by s3.example" in received(carol[0])[0])
    owner = os.stat(s2.path("home/jones/Maildir/new")).st_uid
    check.claim("the mailbox is jones's own",
                owner == hosts.USER_UID + s2.users.index("jones"))


def the_unknown_becomes_a_notice(check, s1):
    letters = s1.wait_mail("jqp")
    check.claim("the sender has one notice", len(letters) == 1)
    notice = email.message_from_bytes(letters[0])
    check.claim("with the null reverse-path",
                notice["Return-Path"] == "<>")
    check.claim("as RFC 3462 has it",
                notice.get_content_type() == "multipart/report" and
                notice.get_param("report-type") == "delivery-status")
    parts = notice.get_payload()
    check.claim("of three parts",
                [p.get_content_type() for p in parts] ==
                ["text/plain", "message/delivery-status",
                 "text/rfc822-headers"])
    status = [dict(p.items()) for p in parts[1].get_payload()]
    check.claim("about the unknown one alone",
                len(status) == 2 and
                status[1]["Final-Recipient"].replace(" ", "") ==
                "rfc822;green@s2.example")
    check.claim("which failed for good",
                status[1]["Action"] == "failed" and
                status[1]["Status"] == "5.1.1" and
                "550" in status[1]["Diagnostic-Code"])
    check.claim("in words for a person",
                "green@s2.example" in parts[0].get_payload())
    check.claim("with the header of the letter",
                "Subject: the course" in parts[2].get_payload())


def source_routes(check, s1, s2):
    before = len(s2.mail("jones"))
    with s1.smtp() as client:
        client.ehlo()
        mail = client.docmd("MAIL", "FROM:<@s1.example:jqp@bar.example>")
        rcpt = client.docmd("RCPT", "TO:<@s1.example:jones@s2.example>")
        data = client.data(BODY.encode())
    check.claim("source routes are taken",
                (mail[0], rcpt[0], data[0]) == (250, 250, 250))
    letter = s2.wait_mail("jones", before + 1)[-1]
    check.claim("and never given on",
                b"@s1.example:" not in letter and
                b"Return-Path: <jqp@bar.example>" in letter and
                s2.wait_log(r"from=<jqp@bar\.example>"))


def nobody_else_relays(check, s2):
    with s2.smtp() as client:
        client.ehlo()
        client.docmd("MAIL", "FROM:<x@bar.example>")
        code, text = client.docmd("RCPT", "TO:<carol@s3.example>")
    check.claim("s2, which lists nobody, relays for nobody",
                code == 550 and text.startswith(b"5.7.1"))


def a_list_with_a_stranger(check, s1, s2):
    """One member of an alias is nobody: he fails, the others have it once."""
    for h in (s1, s2):
        h.wait_empty()          # of what came before
    before = len(s1.mail("jqp")), len(s2.mail("jones"))
    with s1.smtp() as client:
        client.sendmail("jqp@s1.example", ["all@s1.example"], BODY.encode())
    jones = s2.wait_mail("jones", before[1] + 1)
    s1.wait_empty()
    jqp = s1.mail("jqp")[before[0]:]
    notices = [n for n in jqp if b"multipart/report" in n]
    check.claim("the members of an alias have the letter once each",
                len(jones) == before[1] + 1 and len(jqp) == 2 and
                below_trace(jones[-1]) == BODY.replace("\r\n",
                                                       "\n").encode())
    check.claim("and the sender hears of the one who is nobody",
                len(notices) == 1 and
                b"rfc822; ghost@s1.example" in notices[0])


def over_ipv6(check, s1, s2):
    """Its mail exchanger has no other address."""
    before = len(s2.mail("brown"))
    with s1.smtp() as client:
        client.sendmail("jqp@s1.example", ["brown@six.example"],
                        BODY.encode())
    letter = s2.wait_mail("brown", before + 1)[-1]
    check.claim("a host is reached by IPv6", below_trace(letter) ==
                BODY.replace("\r\n", "\n").encode() and
                "[IPv6:fd99::1]" in received(letter)[0])


def routes(check, s1, s2):
    """Neither domain is in the DNS: what a route names is looked up, with its
    mail exchangers or without."""
    for domain in ("by-mx.example", "by-host.example"):
        before = len(s2.mail("brown"))
        with s1.smtp() as client:
            client.sendmail("jqp@s1.example", ["brown@" + domain],
                            BODY.encode())
        s2.wait_mail("brown", before + 1)
        check.claim("%s goes where its route says" % domain, s1.wait_log(
            r"to=<brown@%s>, relay=mail\.s2\.example\[10\.99\.0\.2\]:25, "
            % re.escape(domain)))


def local_submission(check, s1, s2):
    before = len(s2.mail("brown"))
    s1.run("sendmail", "-t", "-i", user="jqp", input=(
        "To: Brown <brown@s2.example>\nBcc: jones@s2.example\n"
        "Subject: by hand\n\n.\nstill here\n"))
    letter = s2.wait_mail("brown", before + 1)[-1]
    message = email.message_from_bytes(letter)
    check.claim("sendmail -t -i sends, Bcc removed, From and Date added",
                message["Bcc"] is None and "jqp@s1.example" in message["From"]
                and message["Date"] and message["Message-ID"] and
                message.get_payload() == ".\nstill here\n")
    check.claim("its Received line names the caller's uid",
                "uid %d" % hosts.USER_UID in received(letter)[-1])


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        net.zone("s1.example", "@ MX 10 mail", "mail A 10.99.0.1")
        net.zone("s2.example", "@ MX 20 dead", "@ MX 10 mail",
                 "mail A 10.99.0.2", "dead A 10.99.0.9")
        net.zone("s3.example", "@ A 10.99.0.3")
        net.zone("six.example", "@ MX 10 mail", "mail AAAA fd99::2")
        net.serve_dns()
        s1 = net.host("s1", users=["jqp"], config=RELAY, aliases=(
            "all: jqp, ghost, jones@s2.example\n"))
        s2 = net.host("s2", users=["jones", "brown"],
                      config=TWO_FAMILIES)
        s3 = net.host("s3", users=["carol"], config=OUTSIDE_HOMES)
        s3.maildir = "mail/%s"
        os.mkdir(s3.path("home/mail"))
        os.chmod(s3.path("home/mail"), 0o1777)
        for h, address in (s1, "fd99::1/64"), (s2, "fd99::2/64"):
            hosts.run("ip", "-n", h.ns, "addr", "add", address, "dev",
                      "eth0", "nodad")
        # only the configuration says where DNS is
        hosts.write(s1.path("etc/resolv.conf"), "nameserver 10.99.0.9\n")
        for h in (s1, s2, s3):
            h.start()
        one_message_many_recipients(check, s1, s2, s3)
        the_unknown_becomes_a_notice(check, s1)
        source_routes(check, s1, s2)
        nobody_else_relays(check, s2)
        over_ipv6(check, s1, s2)
        routes(check, s1, s2)
        local_submission(check, s1, s2)
        a_list_with_a_stranger(check, s1, s2)
        for h in (s1, s2, s3):
            h.wait_empty()
            h.stop()
            check.claim("%s has no error in its log" % h.name,
                        not re.search(r"\b(error|fatal|panic):|was killed|"
                                      r"ended with status", h.log()))
            check.claim("%s has an empty spool" % h.name, not any(
                files for _, _, files in os.walk(h.path("spool/queue/message"))
            ))
    return check.end()


sys.exit(main())
