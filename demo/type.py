#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Talks to a server line by line, as one did with telnet, but ends each line
with CRLF as SMTP wants it.

usage: type.py ADDRESS PORT
"""
import socket
import sys
import threading


def show(server):
    while True:
        text = server.recv(65536)
        if not text:
            print("(the server has closed the connection)", flush=True)
            return
        sys.stdout.write(text.decode("utf-8", "replace").replace("\r", ""))
        sys.stdout.flush()


def main():
    server = socket.create_connection((sys.argv[1], int(sys.argv[2])))
    reader = threading.Thread(target=show, args=(server,), daemon=True)
    reader.start()
    for line in sys.stdin:
        try:
            server.sendall(line.rstrip("\r\n").encode() + b"\r\n")
        except OSError:
            break
    reader.join(5)


if len(sys.argv) != 3:
    sys.exit(__doc__)
main()
