# SPDX-License-Identifier: ISC
"""Who died when, and what was recorded then: so a test knows which deliveries
may have been made again, and that no other was."""
import collections
import re
import time

import load
import segments

WHICH = {"mailbox": 0, "sink": 1}       # the recipient's number
# a delivery may be made again when one of these dies before its record
CONCERNED = {"mailbox": {"queue", "local", "agent", "all"},
             "sink": {"queue", "remote", "all"}}
STAMPS = 0.01                           # how coarse a file's time is
# A file that has its name when queue dies, and no record, goes to quarantine.
# A queue that is told to stop before it was told to start leaves a journal of
# which nothing counts, and says so.
FAILED = (r"accuses|which is killed|fatal:|error: (?!0 messages stay|"
          r"\w{13}: a message that is newer|\d+ files? in quarantine)")


class Deaths:
    def __init__(self, host):
        self.host = host
        self.reader = segments.Reader(host.path("spool/queue/journal"))
        self.all = []                   # (time, role), by number

    def note(self, role):
        """One has died just now; what the journal has by now counts as
        recorded at that time.  The caller lets one in at a time."""
        when = time.time()
        self.reader.poll(len(self.all))
        self.all.append((when, role))

    def was_unrecorded(self, place, first, number):
        """Had the journal no result at the first death after it came?"""
        mark = self.reader.done.get((segments.id_of(number), WHICH[place]),
                                    1 << 60)
        for n, (when, role) in enumerate(self.all):
            if when >= first - STAMPS and role in CONCERNED[place]:
                return mark > n
        return False

    def claims(self, check, twice, whole=True):
        """twice: what load.claims found; whole: no segment was lost."""
        excused = collections.Counter()
        for place, name, came in twice:
            for (first, _, number), (_, _, again) in zip(came, came[1:]):
                fine = number == again and self.was_unrecorded(place, first,
                                                               number)
                excused[fine] += 1
                if not fine:
                    print("again: %s %s %s" % (place, name, came))
        check.claim("what came again (%d) was unrecorded when one died (%d)"
                    % (sum(excused.values()), excused[True]),
                    not excused[False])
        check.claim("and the journal was read%s (%d batches)" % (
            " whole" * whole, self.reader.batches),
            self.reader.batches > 0 and not (whole and self.reader.missed))

    def ends(self, check, clients, sink, bad=""):
        """What tests of kills claim in the end.  The log has no line of an
        accusation or of a failure, nor one that has `bad`."""
        twice = load.claims(check, clients, {
            "mailbox": load.in_mailboxes(self.host), "sink": sink.taken()})
        self.claims(check, twice)
        lines = re.findall(".*(?:%s%s).*" % (FAILED, bad), self.host.log())
        check.claim("nobody was accused, and nothing failed", not lines)
        for line in lines[:20]:
            print(line)
