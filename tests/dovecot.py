# SPDX-License-Identifier: ISC
"""Dovecot's authentication, from Debian's package, in a directory of its own.

    with dovecot.Dovecot(peers, directory, users) as d:
        d.socket                        # where it is asked

users: lines of its passwd-file.  It needs root, for a view of /usr of its own
in which it is installed; nobody else sees that.
"""
import os
import signal
import subprocess

import hosts

CONFIG = """\
base_dir = {run}
protocols =
log_path = {top}/log
auth_mechanisms = plain login scram-sha-256
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = {top}/users
}}
userdb {{
  driver = static
  args = uid=2000 gid=2000 home=/nonexistent
}}
service auth {{
  unix_listener relais {{
    mode = 0666
  }}
}}
"""
IDS = ("dovecot", "dovenull")
START = """\
set -e
mount -t overlay overlay -o lowerdir="$1"/usr:/usr /usr
mount --bind "$2"/passwd /etc/passwd
mount --bind "$2"/group /etc/group
LD_LIBRARY_PATH=/usr/lib/dovecot exec /usr/sbin/dovecot -F -c "$2"/conf
"""


class Dovecot:
    def __init__(self, peers, directory, users):
        self.root = os.path.join(peers, "root")
        self.top = directory
        self.run = os.path.join(directory, "run")
        self.socket = os.path.join(self.run, "relais")
        for name, line in (("passwd", "%s:x:%d:%d::/nonexistent:/bin/false\n"),
                           ("group", "%s:x:%d:\n")):
            with open("/etc/" + name) as f:
                text = f.read()
            for i, who in enumerate(IDS):
                number = hosts.FIRST_UID + 500 + i
                text += line % ((who,) + (number,) * (line.count("%") - 1))
            hosts.write(os.path.join(directory, name), text)
        hosts.write(os.path.join(directory, "conf"), CONFIG.format(
            run=self.run, top=directory))
        hosts.write(os.path.join(directory, "users"), "".join(
            u + "\n" for u in users))
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        os.makedirs(self.run, exist_ok=True)
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "--pid",
             "--fork", "--kill-child", "--mount-proc", "sh", "-c", START,
             "dovecot", self.root, self.top], stdin=subprocess.DEVNULL,
            preexec_fn=hosts.die_with_parent)
        hosts.wait_for("Dovecot", lambda: os.path.exists(self.socket))

    def stop(self):
        """Its socket stays, as after a crash."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self.process = None

    def log(self):
        with open(os.path.join(self.top, "log")) as f:
            return f.read()
