#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Power cuts of real file systems.

usage: cuts.py [--drop SYNCS] [--keep DIR] BUILD FS IMAGES [SEED]

A disk image with FS (ext4, xfs, btrfs) stands on blockfs, which logs what the
loop device writes and flushes, while `load` works in it.  Then images are
made: all that was flushed at some point, and of the 4 KiB blocks written
since then none, all, the first ones, or any; each is mounted, so that the
file system mends itself, and checked.  --drop: syncs that are not done (see
record.c).  The last line is "N images, N lost"; 1 is returned when one was.

It wants root, and makes its mounts as disks.py says.
"""
import os
import random
import shutil
import subprocess
import sys
import time

from disks import (MARK, SYNC, WRITE, clean_up, enter_namespace, mount, must,
                   read_log, run, scratch, unmount)

BLOCK = 4096
ZEROS = bytes(BLOCK)
MAKE = {"ext4": (64, "mkfs.ext4 -q -F -J size=4 -E lazy_itable_init=0"),
        "xfs": (320, "mkfs.xfs -q -f"),
        "btrfs": (128, "mkfs.btrfs -q -f")}
BATCHES = 40
TOLD = 3


def record(build, directory, fs, seed, drop):
    """Works on a file system; what is in the log before it begins?"""
    size, make = MAKE[fs]
    image, log = directory + "/image", directory + "/log"
    fuse, root = directory + "/fuse", directory + "/mount"
    for place in fuse, root:
        os.mkdir(place)
    with open(image, "wb") as file:
        file.truncate(size << 20)
    must(*make.split(), image)
    run("cp", "--sparse=always", image, directory + "/base")
    daemon = subprocess.Popen([build + "/tests/crash/blockfs", image, log,
                               fuse])
    while not os.path.exists(fuse + "/disk"):
        if daemon.poll() is not None:
            raise SystemExit("blockfs ended")
        time.sleep(0.01)
    done = mount(fs, fuse + "/disk", root)
    if done.returncode != 0:
        raise SystemExit("mount: " + done.stdout)
    os.mkdir(root + "/spool")
    os.sync()
    begin = os.stat(log).st_size
    must(build + "/tests/crash/load", "-m", fuse + "/marks", "-s", str(seed),
         "-n", str(BATCHES), root + "/spool",
         env=dict(os.environ, CRASH_DROP=drop, LD_PRELOAD=build +
                  "/tests/crash/record.so"))
    unmount(root)
    unmount(fuse)
    daemon.wait()
    return begin


class Disk:
    """Blocks that are not zero; what is flushed, and what is not."""

    def __init__(self, base):
        self.size = os.stat(base).st_size
        self.flushed, self.pending, self.marks = {}, [], []
        with open(base, "rb") as file:
            for number in range(self.size // BLOCK):
                block = file.read(BLOCK)
                if block != ZEROS:
                    self.flushed[number] = block

    def take(self, record):
        op, offset, data, _ = record
        if op == MARK:
            self.marks.append(data)
        elif op == WRITE:
            for at in range(0, len(data), BLOCK):
                self.pending.append((offset + at, data[at:at + BLOCK]))
        elif op == SYNC:
            for write in self.pending:
                self.put(self.flushed, write)
            self.pending = []

    @staticmethod
    def put(blocks, write):
        """A write smaller than a block, or beside its bounds, is possible."""
        offset, data = write
        while data:
            number, inside = divmod(offset, BLOCK)
            part = data[:BLOCK - inside]
            if len(part) < BLOCK:
                old = blocks.get(number, ZEROS)
                part = old[:inside] + part + old[inside + len(part):]
            blocks[number] = part
            used = BLOCK - inside
            offset, data = offset + used, data[used:]

    def choose(self, dice):
        way = dice.randrange(4)
        if way == 0:
            return []
        if way == 1:
            return self.pending
        if way == 2:
            return self.pending[:dice.randrange(len(self.pending) + 1)]
        return [w for w in self.pending if dice.random() < 0.5]

    def write(self, path, chosen):
        blocks = dict(self.flushed)
        for write in chosen:
            self.put(blocks, write)
        with open(path, "wb", buffering=0) as file:
            file.truncate(self.size)
            for number, block in blocks.items():
                if block != ZEROS:
                    os.pwrite(file.fileno(), block, number * BLOCK)


def check(build, directory, fs, disk):
    """What is wrong with it; empty: nothing."""
    root, marks = directory + "/mount", directory + "/marks"
    with open(marks, "wb") as file:
        file.write(b"".join(disk.marks))
    done = mount(fs, directory + "/cut", root)
    if done.returncode != 0:
        return "no mount: " + done.stdout
    try:
        done = run(build + "/tests/crash/check", marks, root + "/spool",
                   timeout=60)
    finally:
        unmount(root)
    if done.returncode == 0:
        return ""
    return "status %d: %s" % (done.returncode, done.stdout)


def cut_all(build, directory, fs, options):
    begin = record(build, directory, fs, options["seed"], options["drop"])
    records = read_log(directory + "/log")
    first = sum(end <= begin for _, _, _, end in records)
    disk = Disk(directory + "/base")
    dice = random.Random(options["seed"])
    points = sorted(dice.randrange(first, len(records) + 1)
                    for _ in range(options["images"]))
    at = lost = 0
    for point in points:
        while at < point:
            disk.take(records[at])
            at += 1
        disk.write(directory + "/cut", disk.choose(dice))
        keep = options["keep"] and "%s/%s-%d" % (options["keep"], fs, point)
        if keep:
            shutil.copyfile(directory + "/cut", keep)
        wrong = check(build, directory, fs, disk)
        if wrong:
            lost += 1
            if lost <= TOLD:
                print("FAIL %s behind record %d of %d: %s" %
                      (fs, point, len(records), wrong.strip()))
        elif keep:
            os.unlink(keep)
    flushes = sum(op == SYNC for op, _, _, _ in records)
    print("%s: %d records, %d flushes" % (fs, len(records), flushes))
    return lost


def main(arguments):
    options = {"drop": "", "keep": None, "seed": 1}
    while arguments and arguments[0] in ("--drop", "--keep"):
        options[arguments[0][2:]] = arguments[1]
        arguments = arguments[2:]
    if len(arguments) not in (3, 4) or arguments[1] not in MAKE:
        raise SystemExit(__doc__.split("\n")[2])
    build, fs = os.path.abspath(arguments[0]), arguments[1]
    options["images"] = int(arguments[2])
    if len(arguments) == 4:
        options["seed"] = int(arguments[3])
    directory = scratch("cuts")
    began = time.monotonic()
    try:
        lost = cut_all(build, directory, fs, options)
    finally:
        clean_up(directory, directory + "/mount", directory + "/fuse")
    print("%d images, %d lost, %.1f s" % (options["images"], lost,
                                          time.monotonic() - began))
    return lost > 0


if __name__ == "__main__":
    enter_namespace()
    sys.exit(main(sys.argv[1:]))
