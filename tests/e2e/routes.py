#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Each kind of route, with a real name server and three hosts to go to.

s1 has the routes; s2, s3 and s4 take mail of all domains, so that what tells is
where it went.
"""
import os
import re
import smtplib
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

DOMAINS = ("plain by below.wild wild a from tagged hub hub3 closed open wait "
           "change gone").split()
BASE = """\
relay-from 10.99.0.0/24 127.0.0.0/8
retry {
    first 1s
    maximum 2s
}
rule bulk {
    client 127.0.0.2
    then tag Bulk
}
"""
ROUTES = """\
route by.example {
    via [10.99.0.3]
}
route *.wild.example {
    via [10.99.0.3]
}
route Joe@a.example {
    via [10.99.0.4]
    helo joe.s1.example
}
route from.example {
    via [10.99.0.3]
    sender boss@s1.example
}
route from.example {
    via [10.99.0.4]
    sender *.other.example !x@*
}
route tagged.example {
    via [10.99.0.4]
    tag bulk
}
route hub.example {
    via exchange.example
}
route hub3.example {
    via [exchange.example]
}
route u0@s1.example {
    via [10.99.0.2]
}
route gone.example {
    discard
}
route no.example {
    refuse 550 5.1.6 Nobody is here any more
}
route closed.example {
    refuse 550 5.7.1 Not that
    tag bulk
}
"""
BEFORE = """\
route wait.example {
    via [10.99.0.2]:2599
    helo out.s1.example
}
route change.example {
    via [10.99.0.2]:2599
    helo out.s1.example
}
"""
AFTER = """\
route change.example {
    via [10.99.0.4]
    helo out.s1.example
}
"""
ALIASES = "dead: x@no.example\nmixed: x@no.example, jqp\nfar: u0@by.example\n"
JQP, BOSS = "jqp@s1.example", "boss@s1.example"
NORMAL, BULK = "127.0.0.1", "127.0.0.2"
S2, S3, S4 = ("10.99.0.%d" % n for n in (2, 3, 4))
# recipient, sender, client, where it goes
CASES = [
    ("u0@plain.example", JQP, NORMAL, S2),
    ("u0@by.example", JQP, NORMAL, S3),
    ("u0@below.wild.example", JQP, NORMAL, S3),
    ("u0@wild.example", JQP, NORMAL, S2),
    ("joe@a.example", JQP, NORMAL, S4),
    ("u0@a.example", JQP, NORMAL, S2),
    ("u1@from.example", BOSS, NORMAL, S3),
    ("u2@from.example", "y@z.other.example", NORMAL, S4),
    ("u3@from.example", "x@z.other.example", NORMAL, S2),
    ("u4@from.example", "", NORMAL, S2),
    ("u1@tagged.example", JQP, BULK, S4),
    ("u2@tagged.example", JQP, NORMAL, S2),
    ("u0@hub.example", JQP, NORMAL, S4),
    ("u0@hub3.example", JQP, NORMAL, S3),
    ("u0@s1.example", JQP, NORMAL, S2),
    ("u0@closed.example", JQP, NORMAL, S2),
]
USERS = ["u0", "u1", "u2", "u3", "u4", "joe"]


def call(s1, client):
    """A session from this address."""
    def connect():
        s = smtplib.SMTP(source_address=(client, 0), timeout=60)
        s.connect("127.0.0.1", 25)
        return s
    s = hosts.inside(s1.ns, connect)
    s.ehlo("client.example")
    return s


def send(s1, recipient, sender, client):
    s = call(s1, client)
    s.sendmail(sender, [recipient], "Subject: %s\r\n\r\nx\r\n" % recipient)
    s.close()


def relays_of(s1, recipient):
    """Where attempts for it went."""
    return re.findall(r"to=<%s>.*relay=\S*?\[?([0-9.]+)\]?:\d+.*status=sent"
                      % re.escape(recipient), s1.log())


def verdict(s1, recipient, client=NORMAL):
    s = call(s1, client)
    s.mail(JQP)
    code, text = s.rcpt(recipient)
    s.close()
    return code, text.decode()


def go_where_they_lead(check, s1):
    for recipient, sender, client, _ in CASES:
        send(s1, recipient, sender, client)
    send(s1, "far@s1.example", JQP, NORMAL)
    for recipient, sender, client, where in CASES:
        s1.wait_log(r"to=<%s>.*status=" % re.escape(recipient))
        check.claim("<%s> of <%s> by %s goes to %s" % (
            recipient, sender, client, where),
            where in relays_of(s1, recipient))
    check.claim("what is behind an alias goes by its route", hosts.wait_for(
        "the alias", lambda: relays_of(s1, "u0@by.example") == [S3, S3]))


def refuse(check, s1):
    check.claim("a refusal is said to the client", verdict(
        s1, "x@no.example") == (550, "5.1.6 Nobody is here any more"))
    check.claim("and of an alias that leads there", verdict(
        s1, "dead@s1.example") == (550, "5.1.6 Nobody is here any more"))
    check.claim("only those with the tag hear the other", verdict(
        s1, "x@closed.example", BULK) == (550, "5.7.1 Not that"))
    before = len(s1.mail("jqp"))
    send(s1, "mixed@s1.example", JQP, NORMAL)
    got = b"".join(s1.wait_mail("jqp", before + 2))
    check.claim("a member that is refused is told of, the others have it",
                b"5.1.6" in got and b"Subject: mixed" in got)


def discard(check, s1):
    send(s1, "x@gone.example", JQP, NORMAL)
    s1.wait_log(r"to=<x@gone\.example>.*status=sent \(discarded\)")
    check.claim("what is discarded goes nowhere", relays_of(
        s1, "x@gone.example") == [])


def change_while_mail_waits(check, s1):
    send(s1, "u0@wait.example", JQP, NORMAL)
    send(s1, "u0@change.example", JQP, NORMAL)
    for name in "wait", "change":
        s1.wait_log(r"to=<u0@%s\.example>.*status=deferred" % name)
    s1.configure(BASE + ROUTES + AFTER)
    s1.run("relais", "reload")
    for name, where in ("wait", S2), ("change", S4):
        s1.wait_log(r"to=<u0@%s\.example>.*status=sent" % name)
        check.claim("mail whose route is gone follows the new one: " + name,
                    relays_of(s1, "u0@%s.example" % name) == [where])


def main():
    check = hosts.Checks()
    with hosts.Net(hosts.tree()) as net:
        for d in DOMAINS:
            net.zone(d + ".example", "@ MX 10 mail.s2.example.")
        net.zone("s2.example", "mail A " + S2)
        net.zone("s4.example", "mail A " + S4)
        net.zone("exchange.example", "@ MX 10 mail.s4.example.", "@ A " + S3)
        net.serve_dns()
        s1 = net.host("s1", users=["jqp", "u0"], aliases=ALIASES,
                      config=BASE + ROUTES + BEFORE)
        takes = "domain %s {\n}\n" % " ".join(
            [d + ".example" for d in DOMAINS] + ["s1.example"])
        others = [net.host(n, users=USERS, config=takes)
                  for n in ("s2", "s3", "s4")]
        hosts.side_by_side(*((h.start,) for h in [s1] + others))
        go_where_they_lead(check, s1)
        refuse(check, s1)
        discard(check, s1)
        change_while_mail_waits(check, s1)
        check.claim("a route has a name of its own to say", re.search(
            r"Received: from joe\.s1\.example",
            "".join(m.decode() for m in others[2].mail("joe"))))
        s1.wait_empty()
        for h in [s1] + others:
            h.stop()
            check.claim("the log of %s has no error" % h.name, not re.search(
                r"\b(error|fatal|panic|accuses)\b", h.log()))
    return check.end()


if __name__ == "__main__":
    sys.exit(main())
