# SPDX-License-Identifier: ISC
"""Kills a program, or lets its system calls fail, at the call that is named:
the hand on tests/faults/inject, which says what can be asked for.

    with inject.Injector(on_event) as injector:
        injector.attach(master's pid)
        injector.arm("queue", "fdatasync@journal", "after")
"""
import collections
import os
import subprocess
import threading

import hosts

Event = collections.namedtuple("Event", "kind role pid rest")


class Injector:
    """on_event is called with each event, in a thread of its own."""

    def __init__(self, on_event):
        self.on_event = on_event
        self.process = subprocess.Popen(
            [os.path.join(os.environ["RELAIS_BUILD"], "tests/faults/inject")],
            preexec_fn=hosts.die_with_parent, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.answered = threading.Semaphore(0)
        self.waits = False      # somebody does, for "armed"
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.stdin.close()
        self.process.wait()
        self.thread.join()
        self.process.stdout.close()

    def read(self):
        for line in self.process.stdout:
            words = line.split()
            if words[0] == "attached" or words[0] == "armed" and self.waits:
                self.waits = False
                self.answered.release()
            elif words[0] != "armed":
                self.on_event(Event(words[0], words[1], int(words[2]),
                                    words[3:]))

    def say(self, line):
        self.process.stdin.write(line + "\n")

    def wait(self):
        if not self.answered.acquire(timeout=30):
            raise RuntimeError("no answer from the injector")

    def attach(self, pid):
        self.say("attach %d" % pid)
        self.wait()

    def arm(self, role, call, action, when=1, count=1, error=0):
        self.say("arm %s %s %d %d %s %d" % (role, call, when, count, action,
                                            error))

    def arm_now(self, *args):
        """Not to be called by on_event.  No call is missed from now on."""
        self.waits = True
        self.arm(*args)
        self.wait()

    def disarm(self, role):
        self.say("disarm " + role)


def master_of(host):
    return next(pid for role, pid in host.processes()
                if role == "relais-master")
