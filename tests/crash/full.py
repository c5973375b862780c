#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A file system that fills up.

usage: full.py BUILD LEVELS [SEED]

`load` works on a small ext4; in the middle of its work all is used up but
some octets, each time some more: changes fail for want of space, and for
nothing else; when there is room again all of them succeed, and nothing that
was promised is lost.  The last line counts levels, and changes that were
refused; 1 is returned when a level failed.

It wants root, and makes its mounts as disks.py says.
"""
import os
import re
import shutil
import sys

from disks import (clean_up, enter_namespace, mount, must, run, scratch,
                   unmount)

SIZE = 24 << 20
STEP = 512
BATCHES = 30
EXIT_OURS = 70


def level(build, root, marks, free, seed):
    """How many changes were refused, and with EIO; what is wrong."""
    spool = root + "/spool"
    os.mkdir(spool)
    with open(marks, "wb"):
        pass
    done = run(build + "/tests/crash/load", "-f", str(free), "-m", marks,
               "-n", str(BATCHES), "-s", str(seed), spool)
    said = re.search(r"^(\d+) changes failed, (\d+) with EIO$",
                     done.stdout, re.M)
    refused = [int(n) for n in said.groups()] if said else [0, 0]
    # It ends when it does not know what is on disk: INTERNALS.md.
    if done.returncode not in (0, EXIT_OURS):
        return refused, done.stdout
    if refused[1]:
        return refused, "EIO"
    checked = run(build + "/tests/crash/check", marks, spool)
    return refused, checked.stdout if checked.returncode != 0 else ""


def all_levels(build, directory, levels, seed):
    root, marks = directory + "/mount", directory + "/marks"
    refused, failed = [0, 0], 0
    for number in range(levels):
        got, wrong = level(build, root, marks, number * STEP, seed + number)
        refused = [refused[0] + got[0], refused[1] + got[1]]
        if wrong:
            failed += 1
            print("FAIL %d octets free: %s" % (number * STEP, wrong.strip()))
        shutil.rmtree(root + "/spool")
        if os.path.exists(root + "/filler"):
            os.unlink(root + "/filler")
    print("%d levels, %d changes refused, %d with EIO, %d failed" %
          (levels, refused[0], refused[1], failed))
    return failed > 0 or refused[0] == 0


def main(arguments):
    if len(arguments) not in (2, 3):
        raise SystemExit(__doc__.split("\n")[2])
    build, levels = os.path.abspath(arguments[0]), int(arguments[1])
    seed = int(arguments[2]) if len(arguments) == 3 else 1
    directory = scratch("full")
    image, root = directory + "/image", directory + "/mount"
    try:
        os.mkdir(root)
        with open(image, "wb") as file:
            file.truncate(SIZE)
        must(*"mkfs.ext4 -q -F -m 0 -b 1024 -J size=4".split(), image)
        done = mount("ext4", image, root)
        if done.returncode != 0:
            raise SystemExit("mount: " + done.stdout)
        bad = all_levels(build, directory, levels, seed)
        unmount(root)
    finally:
        clean_up(directory, root)
    return bad


if __name__ == "__main__":
    enter_namespace()
    sys.exit(main(sys.argv[1:]))
