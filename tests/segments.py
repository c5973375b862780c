# SPDX-License-Identifier: ISC
"""Reads a queue's journal while it grows, for tests that must know what had
been recorded when a process died.  The format: queue/INTERNALS.md.

    reader = segments.Reader(host.path("spool/queue/journal"))
    reader.poll(mark)       # what is new since is marked so
    reader.done[id, number], reader.accepted[id]
"""
import os
import struct

BLOCK, HEAD = 4096, 64
MAGIC = b"RELAISjB"
HEAD_FORMAT = struct.Struct(">8sIQQQQQIII")
ACCEPT, FILE, RESULT, EXPAND, REPORTED, SPILLED, ABORT, REMOVE = range(1, 9)
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def crc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ 0x82f63b78 if n & 1 else n >> 1
        table.append(n)
    return table


TABLE = crc_table()


def crc32c(octets):
    crc = 0xffffffff
    for octet in octets:
        crc = TABLE[(crc ^ octet) & 255] ^ crc >> 8
    return crc ^ 0xffffffff


def id_of(text):
    """A message's id, as a number, from the 13 characters of the log."""
    value = 0
    for c in text:
        value = value << 5 | ALPHABET.index(c)
    return value


class Head:
    def __init__(self, raw):
        (magic, _, self.lineage, self.position, self.previous, _, _,
         self.length, self.sum, own) = HEAD_FORMAT.unpack(raw)
        self.good = magic == MAGIC and crc32c(raw[:-4]) == own
        self.size = -(-(HEAD + self.length) // BLOCK) * BLOCK


def head_at(fd, offset):
    raw = os.pread(fd, HEAD, offset)
    if len(raw) < HEAD or raw[:8] != MAGIC:
        return None
    head = Head(raw)
    return head if head.good else None


class Reader:
    def __init__(self, directory):
        self.directory = directory
        self.position = -1
        self.done = {}          # (id, number): mark
        self.accepted = {}      # id: mark
        self.kinds = set()      # of records
        self.batches = self.missed = 0

    def open_all(self):
        """[(base, descriptor)], which the caller closes."""
        found = []
        for name in os.listdir(self.directory):
            if len(name) != 2:
                continue
            fd = os.open(os.path.join(self.directory, name), os.O_RDONLY)
            head = head_at(fd, 0)
            found.append((head.position if head else -1, fd))
        return sorted(found)

    def poll(self, mark):
        """Takes up what has been written since the last time."""
        try:
            segments = self.open_all()
        except FileNotFoundError:
            return
        for base, fd in segments:
            if base != -1:
                self.take_segment(base, fd, mark)
        for _, fd in segments:
            os.close(fd)

    def take_segment(self, base, fd, mark):
        if self.position < base:
            # the older ones were read to their ends
            head = head_at(fd, 0)
            if self.position != -1 and head.previous not in (
                    self.position, base):
                self.missed += 1
            self.position = base
        size = os.fstat(fd).st_size
        while self.position - base < size:
            head = head_at(fd, self.position - base)
            if head is None or head.position != self.position:
                return
            records = os.pread(fd, head.length, self.position - base + HEAD)
            after = head_at(fd, self.position - base + head.size)
            is_last = after is None or after.position != head.position + \
                head.size
            if is_last and crc32c(records) != head.sum:
                return          # a torn one, or one that is being written
            self.take_records(records, mark)
            self.position += head.size
            self.batches += 1

    def take_records(self, records, mark):
        at = 0
        while at < len(records):
            length, kind = struct.unpack_from(">IB", records, at)
            at += 5
            self.kinds.add(kind)
            if kind in (ACCEPT, FILE):
                number = struct.unpack_from(">Q", records, at + 8)[0]
                self.accepted.setdefault(number, mark)
            elif kind == RESULT:
                number, which, _, row = struct.unpack_from(
                    ">QIBH", records, at)
                if row == 0:
                    self.done.setdefault((number, which), mark)
            at += length
