#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""usage: mailman.py FILE...

What Mailman's detector makes of each: lines "FILE permanent ADDRESS" and "FILE
temporary ADDRESS".  By Debian's own Python, for which Debian has it.
"""
import email
import os
import sys

from flufl.bounce import all_failures

for path in sys.argv[1:]:
    with open(path, "rb") as f:
        temporary, permanent = all_failures(email.message_from_binary_file(f))
    for kind, addresses in (("temporary", temporary),
                            ("permanent", permanent)):
        for address in sorted(addresses):
            print(os.path.basename(path), kind, address.decode())
