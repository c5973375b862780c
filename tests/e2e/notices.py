#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Notices of every kind, in English and French, read by Python's email package
and by three detectors of bounces: Mailman's, Sisimai, and Perl's BounceParser.
"""
import collections
import email
import email.policy
import email.utils
import functools
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import hosts    # noqa: E402

NOTICES = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       "../notices")
PLAIN = ["text/plain", "message/delivery-status", "text/rfc822-headers"]
EIGHT_BIT, UTF8 = 1, 8
GREEN = "rfc822; green@there.example"
SUBJECTS = {
    "failed": ("Undelivered Mail Returned to Sender",
               "Message non remis, retourné à l'expéditeur"),
    "delayed": ("Delayed Mail (still being retried)",
                "Message retardé (nouvelles tentatives en cours)"),
    "delivered": ("Successful Mail Delivery Report",
                  "Accusé de remise de votre message"),
}
# name: (action, status, final recipient) of each; what each must say, in both
# languages
CASES = {
    "unknown": ([("failed", "5.1.1", GREEN)],
                "There is no mailbox with this address.",
                "Il n'existe pas de boîte aux lettres à cette adresse."),
    "expired": ([("failed", "5.4.7", GREEN)],
                "It was tried for 5 days (7 attempts), without success.",
                "La remise a été tentée pendant 5 jours (7 tentatives), sans "
                "succès."),
    "delayed": ([("delayed", "4.2.2", GREEN)],
                "The recipient's mailbox is full.",
                "La boîte aux lettres du destinataire est pleine."),
    "delivered": ([("delivered", "2.0.0", GREEN)],
                  "The message has been delivered to the recipient below.",
                  "Le message a été remis au destinataire ci-dessous."),
    "relayed": ([("relayed", "2.0.0", GREEN)],
                "That server does not report what becomes of it",
                "Ce serveur n'envoie pas d'accusé de remise\u00a0: sauf échec"),
    "expanded": ([("expanded", "2.0.0", "rfc822; club@here.example")],
                 "The address below stands for several recipients.",
                 "L'adresse ci-dessous désigne plusieurs destinataires."),
    "mixed": ([("failed", "5.3.4", GREEN),
               ("delayed", "4.4.3", "rfc822; brown@where.example"),
               ("delivered", "2.0.0", "rfc822; black@here.example"),
               ("failed", "5.3.4", "rfc822; white@there.example")],
              "without large attachments",
              "sans pièces jointes volumineuses"),
    "full": ([("failed", "5.7.1", GREEN)],
             "refuses your message, by its rules.",
             "refuse votre message, selon ses règles."),
    "full-delayed": ([("delayed", "4.0.0", GREEN)],
                     "does not take the message now.",
                     "n'accepte pas le message pour l'instant."),
    "encoded": ([("failed", "5.1.2", GREEN)],
                "Objet\u00a0: Le déjeuner à midi",
                "Objet\u00a0: Le déjeuner à midi"),
    "raw": ([("failed", "5.7.10", GREEN)],
            "Your message may only travel encrypted",
            "Votre message ne peut voyager que chiffré"),
    "global": ([("failed", "5.4.6", "utf-8; émile@there.example")],
               "The message went round in a circle",
               "Le message tournait en rond"),
    "not-global": ([("failed", "5.6.7",
                     "utf-8; \\x{E9}mile@there.example")],
                   "<émile@there.example>", "<émile@there.example>"),
    "hostile": ([("failed", "5.1.1", GREEN)],
                "There is no mailbox", "Il n'existe pas de boîte"),
    "digest": ([("failed", "5.7.28", "rfc822; customer%d@there.example" % i)
                for i in range(3)],
               "It is about 3 messages that you sent",
               "au sujet de 3 messages que vous avez envoyés"),
    "digest-long": ([("failed", "5.7.28",
                      "rfc822; customer%d@there.example" % i)
                     for i in range(1000)],
                    "Subject: Newsletter 999",
                    "Objet\u00a0: Newsletter 999"),
    "double": ([("failed", "5.1.2", "rfc822; forged@where.example")],
               "Another notice of this system could not be delivered",
               "Un autre avis de ce système n'a pas pu être remis"),
    "huge": ([("failed", "5.0.0", "rfc822; u%d@there.example" % i)
              for i in range(1000)],
             "refuses your message.", "refuse votre message."),
}
ENGLISH, FRENCH = "en", "fr"


class Notice:
    """One that was written, with what is expected of it."""

    def __init__(self, directory, name, flags):
        self.file, self.flags = name, flags
        self.name, self.asked = name.split(".")
        self.language = FRENCH if self.name == "encoded" else self.asked
        self.people, english, french = CASES[self.name]
        self.says = english if self.asked == ENGLISH else french
        self.path = os.path.join(directory, name)
        with open(self.path, "rb") as f:
            self.octets = f.read()
        self.message = email.message_from_bytes(
            self.octets, policy=email.policy.default)
        self.parts = list(self.message.iter_parts())
        self.utf8 = self.flags & UTF8 != 0

    def defects(self):
        """Of all of its parts, and of every field."""
        found = []
        for part in self.message.walk():
            found += part.defects
            for _, value in part.items():
                found += getattr(value, "defects", [])
        return found

    def words(self):
        """Less its line ends."""
        return re.sub(r"[ \r\n]+", " ", self.parts[0].get_content())

    @functools.cached_property
    def groups(self):
        """The fields of each block of the machine's part."""
        part = self.parts[1]
        if part.get_content_type() == "message/delivery-status":
            return [dict(block.items()) for block in part.get_payload()]
        text = self.octets.decode().split("message/global-delivery-status"
                                          "\r\n", 1)[1]
        text = text.split("\r\n\r\n", 1)[1].split("\r\n\r\n--", 1)[0]
        return [dict(line.split(": ", 1) for line in
                     block.replace("\r\n ", " ").split("\r\n"))
                for block in text.split("\r\n\r\n")]

    def told(self):
        return [(g["Action"], g["Status"], g["Final-Recipient"])
                for g in self.groups[1:]]

    def types(self):
        if self.name == "full":
            return PLAIN[:2] + ["message/rfc822"]
        if self.utf8:
            return ["text/plain", "message/global-delivery-status",
                    "message/global-headers"]
        return PLAIN


def its_octets(n):
    """What a relay may refuse."""
    lines = n.octets.split(b"\r\n")
    seven = max(n.octets) < 128
    return lines[-1] == b"" and max(map(len, lines)) <= 998 and \
        not any(re.search(rb"[\r\n\0]", line) for line in lines) and \
        seven == (n.flags & EIGHT_BIT == 0)


def its_header(n):
    m = n.message
    worst = n.people[0][0]
    subject = SUBJECTS.get(worst, SUBJECTS["delivered"])[
        n.language == FRENCH]
    to = "jane@here.example"
    if n.name == "double":
        to = "postmaster@mail.here.example"
        subject = ("Undelivered Notice (double bounce)",
                   "Avis non remis (double retour)")[n.language == FRENCH]
    elif n.name.startswith("digest"):
        subject += " (%d messages)" % len(n.people)
    return m["From"].addresses[0].addr_spec == \
        "MAILER-DAEMON@mail.here.example" and \
        [a.addr_spec for a in m["To"].addresses] == [to] and \
        m["Subject"] == subject and \
        m["Auto-Submitted"] == "auto-replied" and \
        m["Date"].datetime.timestamp() == 1795000000 and \
        re.fullmatch(r"<\w{13}@mail\.here\.example>", m["Message-ID"])


def its_parts(n):
    kind = "global-delivery-status" if n.utf8 else "delivery-status"
    return n.message.get_content_type() == "multipart/report" and \
        n.message.get_param("report-type") == kind and \
        [p.get_content_type() for p in n.parts] == n.types()


def its_words(n):
    """In its language, with all who are concerned, in short lines."""
    text = n.parts[0].get_content()
    other = "Le message" if n.language == ENGLISH else "The message"
    return n.parts[0]["Content-Language"] == n.language and \
        n.says in n.words() and other not in n.words() and \
        (n.name == "not-global" or n.utf8 or all(
            "<%s>" % final.split("; ")[1] in text
            for _, _, final in n.people)) and \
        all(len(line) <= 72 or " " not in line.strip()
            for line in text.splitlines())


def its_fields(n):
    """Of the machine's part."""
    first, rest = n.groups[0], n.groups[1:]
    dated = [g for g in rest if not email.utils.parsedate(
        g["Last-Attempt-Date"]) or not re.fullmatch(r"\w{13}",
                                                    g["Final-Log-ID"])]
    waits = [g for g in rest if (g["Action"] == "delayed") !=
             bool(email.utils.parsedate(g.get("Will-Retry-Until", "")))]
    return not dated and not waits and \
        first["Reporting-MTA"] == "dns; mail.here.example" and \
        (n.name.startswith("digest") or
         email.utils.parsedate(first["Arrival-Date"])) and \
        n.told() == n.people


def every_notice(check, notices):
    for what, holds in (
            ("has no defect", lambda n: not n.defects()),
            ("passes every relay that takes what it declares", its_octets),
            ("has a header that says what it is", its_header),
            ("is a report of its parts", its_parts),
            ("speaks plainly to people, in their language", its_words),
            ("tells machines of each recipient", its_fields)):
        wrong = [n.file for n in notices.values() if not holds(n)]
        check.claim("each %s%s" % (what, ": not " + " ".join(wrong)
                                   if wrong else ""), not wrong)


def threads(check, notices):
    m = notices["unknown.en"].message
    check.claim("a notice answers its message",
                m["In-Reply-To"] == "<1@here.example>" and
                m["References"].split() == ["<0@there.example>",
                                            "<00@there.example>",
                                            "<1@here.example>"])
    m = notices["encoded.en"].message
    check.claim("unless the message has no name that is one",
                "In-Reply-To" not in m and "References" not in m)


def machines(check, notices):
    first, second = notices["delivered.en"].groups
    check.claim("ENVID and ORCPT are told as they were meant",
                first["Original-Envelope-Id"] == "QQ314159=" and
                second["Original-Recipient"] ==
                "rfc822; green+x@there.example")
    check.claim("and where the message came from",
                first["Received-From-MTA"] ==
                "dns; laptop.here.example ([192.0.2.77])")
    _, second = notices["expired.fr"].groups
    check.claim("and what was said last, by whom",
                second["Diagnostic-Code"].startswith("smtp; 451 4.4.1 ") and
                second["Remote-MTA"] == "dns; mx.there.example" and
                second["Original-Recipient"] == "rfc822; club@here.example")


def originals(check, notices):
    returned = notices["full.fr"].parts[2].get_payload(0)
    check.claim("content is returned whole",
                returned["Subject"] == "The course on Monday" and
                "\r\n\r\nDéjà vu.\r\n--not a boundary\r\n".encode() in
                notices["full.fr"].octets)
    returned = notices["unknown.en"].parts[2].get_content()
    check.claim("the header is returned whole",
                returned.endswith("\t<00@there.example>\r\n") and
                returned.startswith("Received: from a.example"))
    returned = notices["raw.en"].parts[2]
    check.claim("also one that is not ASCII",
                "Subject: Le déjeuner" in returned.get_content() and
                returned["Content-Transfer-Encoding"] == "quoted-printable")
    returned = notices["huge.en"].parts[2].get_payload(decode=True)
    check.claim("also one that no relay would take",
                len(returned) > 99000 and returned.count(b"\0") > 5000)


def strangers(check, notices):
    n = notices["hostile.en"]
    check.claim("what strangers say makes no fields and no parts",
                len(n.groups) == 2 and len(n.parts) == 3 and
                b"\nFinal-Recipient: rfc822; forged" not in n.octets and
                "Original-Envelope-Id" not in n.groups[0] and
                "Original-Recipient" not in n.groups[1])


def detect(program, notices):
    """{file: {(what it says, of whom)}}"""
    said = subprocess.run(program + [n.path for n in notices], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    found = collections.defaultdict(set)
    for line in said.splitlines():
        name, rest = line.split(" ", 1)
        found[name].add(rest)
    return found


def detectors(check, notices):
    """They know ASCII alone, and are slow where there is much to read."""
    plain = [n for n in notices.values() if "global" not in n.name and
             (len(n.people) < 1000 or n.asked == ENGLISH)]
    flufl = detect([os.path.join(NOTICES, "mailman.py")], plain)
    perl = detect(["perl", os.path.join(NOTICES, "detect.pl")], plain)
    kinds = {"failed": "permanent", "delayed": "temporary"}
    missed = collections.defaultdict(list)
    for n in plain:
        people = [(action, status, final.split("; ")[1])
                  for action, status, final in n.people]
        # Mailman asks for those that it has written to.
        wants = {"%s %s" % (kinds[action], "club@here.example"
                            if n.name == "expired" else address)
                 for action, _, address in people if action in kinds}
        if flufl[n.file] != wants:
            missed["Mailman"].append(n.file)
        # What it calls an expired one's status is that of its last answer.
        wants = {"sisimai %s %s %s" % (
            action, "4.4.1" if n.name == "expired" else status, address)
                 for action, status, address in people}
        if n.name == "huge":
            wants = {w.replace("5.0.0 ", "") for w in wants}
        found = {f for f in perl[n.file] if f.startswith("sisimai")}
        if n.name == "huge":
            found = {re.sub(r" \d\.\d\.\d+ ", " ", f) for f in found}
        if found != wants:
            missed["Sisimai"].append(n.file)
        bounce = any(f.startswith("parser") for f in perl[n.file])
        if bounce != any(action == "failed" for action, _, _ in people):
            missed["BounceParser"].append(n.file)
    for name, what in (("Mailman", "who has failed, and who waits"),
                       ("Sisimai", "each recipient, its action and status"),
                       ("BounceParser", "which notices are bounces")):
        check.claim("%s finds %s%s" % (name, what, "".join(
            " (not in %s)" % f for f in missed[name])), not missed[name])


def main():
    check = hosts.Checks()
    program = os.path.join(os.environ["RELAIS_BUILD"], "tests/notices/write")
    with tempfile.TemporaryDirectory() as directory:
        said = subprocess.run([program, directory], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        notices = {}
        for line in said.splitlines():
            name, flags = line.split()
            notices[name] = Notice(directory, name, int(flags))
        check.claim("there are notices of every kind, in two languages",
                    {n.name for n in notices.values()} == set(CASES) and
                    len(notices) == 2 * len(CASES))
        every_notice(check, notices)
        threads(check, notices)
        machines(check, notices)
        originals(check, notices)
        strangers(check, notices)
        detectors(check, notices)
    return check.end()


sys.exit(main())
