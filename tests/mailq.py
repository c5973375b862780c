# SPDX-License-Identifier: ISC
"""What mailq(1) prints, as scripts read it: Postfix's columns, for long ids."""
import re

HEAD = ("----Queue ID----- --Size-- ---Arrival Time---- "
        "--Sender/Recipient------")
MESSAGE = re.compile(
    r"(?P<id>[0-9A-Za-z]{10,17})(?P<mark>[*!#]?) *(?P<size>\d+) "
    r"(?P<time>[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) "
    r"(?P<sender>\S.*)")
REASON = re.compile(r" *\((.*)\)")
RECIPIENT = re.compile(r" {47}(\S.*)")
SUM = re.compile(r"-- (\d+) Kbytes in (\d+) Request(s?)\.")
EMPTY = "Mail queue is empty\n"


def parse(text):
    """[{id, mark, size, sender, recipients: [(address, reason)]}]; ValueError
    when it is not as Postfix prints it."""
    if text == EMPTY:
        return []
    lines = text.split("\n")
    if lines[0] != HEAD or lines[-1] != "":
        raise ValueError("no head, or no end")
    total = SUM.fullmatch(lines[-2])
    messages = [message(block.split("\n"))
                for block in "\n".join(lines[1:-3]).split("\n\n")]
    if lines[-3] != "" or not total or int(total.group(2)) != len(
            messages) or (total.group(3) == "s") != (len(messages) != 1):
        raise ValueError("a wrong sum: " + lines[-2])
    return messages


def message(lines):
    found = MESSAGE.fullmatch(lines[0])
    if not found or len(found.group("id") + found.group("mark")) > 17 or (
            lines[0][17] != " " or lines[0][26] != " "):
        raise ValueError("no message: " + lines[0])
    made = found.groupdict()
    made["size"] = int(made["size"])
    made["recipients"], reason = [], ""
    for line in lines[1:]:
        recipient, why = RECIPIENT.fullmatch(line), REASON.fullmatch(line)
        if recipient:
            made["recipients"].append((recipient.group(1), reason))
        elif why and len(line) == max(78, len(why.group(1)) + 2):
            reason = why.group(1)
        else:
            raise ValueError("neither a reason nor a recipient: " + line)
    if not made["recipients"]:
        raise ValueError("nobody gets it: " + lines[0])
    return made
