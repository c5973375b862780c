# SPDX-License-Identifier: ISC
"""A small internet in namespaces: hosts that run relais, and a DNS server.

    with hosts.Net(tree) as net:
        net.zone("s2.example", mx="mail.s2.example", ...)
        s1 = net.host("s1", users=["jqp"])
        ...

Each host has a network, mount and process namespace of its own, with its own
/etc, /home, /run and spool; killing it kills all that runs in it.  Needs root.
Nothing outside is touched: no address, account or file of the machine.
"""
import concurrent.futures
import contextlib
import ctypes
import os
import re
import resource
import shutil
import signal
import smtplib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ACCOUNTS = ("smtpd queue remote local lookup resolver keys drop control "
            "monitor log").split()
FIRST_UID = 61000
USER_UID = 2000
DNS = "10.99.0.53"
HERE = os.path.dirname(os.path.abspath(__file__))
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
PATIENCE = 60
# All clients of most tests are one, and in a hurry.
UNLIMITED = """\
limit {
    connections 0
    connections-per-minute 0
    messages-per-minute 0
    recipients-per-minute 0
    errors 0
    unknown-users 0
}
"""


# Few tests are about how long failures are gathered.
GATHERED = """\
notices {
    gather 1s
}
"""


STRANGE = re.compile(r"warning|error|fatal|status=(?!sent)|accuses")


class Timeout(Exception):
    pass


def wait_for(what, test, patience=PATIENCE):
    """Polls for what gives no event of its own; the time is a ceiling."""
    end = time.monotonic() + patience
    while True:
        got = test()
        if got:
            return got
        if time.monotonic() > end:
            raise Timeout("waited %d s for %s" % (patience, what))
        time.sleep(0.02)


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)


def run(*args, **more):
    return subprocess.run(args, check=True, capture_output=True, text=True,
                          **more).stdout


def allow_descriptors(want):
    """False where this machine does not let one process have so many."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < want:
        return False
    resource.setrlimit(resource.RLIMIT_NOFILE, (want, hard))
    return True


def die_with_parent():
    """So that no host outlives a test that was killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def serve(listener, session):
    """Calls session for each connection, in a thread of its own."""
    def accept():
        while True:
            s, _ = listener.accept()
            threading.Thread(target=session, args=(s,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def inside(namespace, function):
    """Calls function in a thread of that network namespace."""
    result = []

    def thread():
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            with open("/run/netns/" + namespace) as f:
                if libc.setns(f.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            result.append((function(), None))
        except BaseException as e:      # handed on to the caller below
            result.append((None, e))

    t = threading.Thread(target=thread)
    t.start()
    t.join()
    value, error = result[0]
    if error is not None:
        raise error
    return value


def side_by_side(*calls):
    """Each (function, argument...) in a thread of its own; what they return,
    in order.  The first to fail is told."""
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [f.result() for f in [pool.submit(*c) for c in calls]]


class Net:
    def __init__(self, tree, peers=None, keep=None):
        self.tree = os.path.abspath(tree)
        self.peers = peers or os.environ.get(
            "RELAIS_PEERS", os.path.join(HERE, ".cache", "peers"))
        self.dir = keep or tempfile.mkdtemp(prefix="relais-net.")
        os.chmod(self.dir, 0o755)
        self.tag = "r%d" % os.getpid()
        self.hosts = {}
        self.zones = {}
        self.server = None
        self.dns = self.tag + "dns"

    def __enter__(self):
        # so that a test that is told to end takes its hosts along
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        try:
            run(os.path.join(HERE, "peers"), self.peers)
            run("ip", "netns", "add", self.dns)
            self.ip("link", "add", "wire", "type", "bridge")
            for link in ("lo", "wire"):
                self.ip("link", "set", link, "up")
            self.ip("addr", "add", DNS + "/24", "dev", "wire")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *error):
        if error[0] is not None:
            for h in self.hosts.values():
                h.show_log()
        self.close()

    def ip(self, *args):
        run("ip", "-n", self.dns, *args)

    def close(self):
        for h in self.hosts.values():
            h.kill()
            subprocess.run(["ip", "netns", "del", h.ns], capture_output=True)
        if self.server is not None:
            self.server.kill()
            self.server.wait()
        subprocess.run(["ip", "netns", "del", self.dns], capture_output=True)
        shutil.rmtree(self.dir, ignore_errors=True)

    # ---- names -------------------------------------------------------------

    def zone(self, name, *records):
        """Each record is a zone file's line, owner first.  Without any the
        zone is broken: SERVFAIL is all that is said of it."""
        self.zones[name] = records

    def peer(self, path):
        return os.path.join(self.peers, "root", path)

    def peer_environment(self):
        return dict(os.environ, LD_LIBRARY_PATH=":".join(
            self.peer(d) for d in
            ("usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu")))

    def serve_dns(self, prepare=None):
        """Starts nsd, or lets it read the zones again; `prepare` may change
        NAME.zone in the directory that it is given."""
        directory = os.path.join(self.dir, "nsd")
        config = ["server:", " ip-address: " + DNS, " username: \"\"",
                  " chroot: \"\"", " zonesdir: \"%s\"" % directory,
                  " pidfile: \"%s/pid\"" % directory, " database: \"\"",
                  " xfrdfile: \"\"", " server-count: 1",
                  " rrl-ratelimit: 0",  # it would drop those of a burst
                  " zonelistfile: \"%s/list\"" % directory,
                  "remote-control:", " control-enable: no"]
        for name, records in self.zones.items():
            head = ["$ORIGIN %s." % name, "$TTL 1",
                    "@ SOA ns root 1 3600 600 86400 1", "@ NS ns",
                    "ns A " + DNS]
            if records:
                write(os.path.join(directory, name + ".zone"),
                      "\n".join(head + list(records)) + "\n")
            config += ["zone:", " name: " + name,
                       " zonefile: %s.zone" % name]
        write(os.path.join(directory, "conf"), "\n".join(config) + "\n")
        if self.server is not None:
            self.server.terminate()
            self.server.wait()
        if prepare is not None:
            prepare(directory)
        log = open(os.path.join(directory, "log"), "w")
        self.server = subprocess.Popen(
            ["ip", "netns", "exec", self.dns, self.peer("usr/sbin/nsd"), "-d",
             "-c", os.path.join(directory, "conf")],
            env=self.peer_environment(), stdout=log, stderr=log,
            stdin=subprocess.DEVNULL)
        log.close()
        wait_for("the DNS server", self.dns_answers)

    @contextlib.contextmanager
    def no_answers(self, host):
        """Meanwhile what `host` asks the DNS server is not answered."""
        self.ip("route", "add", "blackhole", host.address)
        try:
            yield
        finally:
            self.ip("route", "del", "blackhole", host.address)

    def dns_answers(self):
        if self.server.poll() is not None:
            raise RuntimeError(open(os.path.join(self.dir, "nsd/log")).read())
        name = next(iter(self.zones))
        question = struct.pack(">HHHHHH", 1, 0, 1, 0, 0, 0) + b"".join(
            bytes([len(p)]) + p.encode() for p in name.split("."))
        question += b"\0" + struct.pack(">HH", 6, 1)

        def ask():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.settimeout(0.2)
                s.sendto(question, (DNS, 53))
                try:
                    return s.recv(512)[:2] == b"\0\1"
                except OSError:
                    return False

        return inside(self.dns, ask)

    # ---- hosts -------------------------------------------------------------

    def host(self, name, **more):
        h = Host(self, name, 1 + len(self.hosts), **more)
        self.hosts[name] = h
        return h


class Host:
    """name: its short name; it is NAME.example unless domain says more.
    accounts: more of them, for servers that are not relais.
    limits: the limit block for its clients.
    mounts: {where on the host: from where outside}, for these as well."""

    def __init__(self, net, name, number, users=(), config="", domain=None,
                 aliases="", accounts=(), mounts=None, limits=UNLIMITED):
        self.net = net
        self.name = name
        self.domain = domain or name + ".example"
        self.address = "10.99.0.%d" % number
        self.ns = net.tag + name
        self.dir = os.path.join(net.dir, name)
        self.init = None
        self.maildir = "%s/Maildir"
        self.users = list(users)
        self.accounts = ["relais-" + a for a in ACCOUNTS] + list(accounts)
        self.mounts = mounts or {}
        self.limits = limits
        run("ip", "netns", "add", self.ns)
        net.ip("link", "add", "to-" + name, "type", "veth",
               "peer", "name", "eth0", "netns", self.ns)
        net.ip("link", "set", "to-" + name, "master", "wire", "up")
        for args in (("link", "set", "lo", "up"),
                     ("addr", "add", self.address + "/24", "dev", "eth0"),
                     ("link", "set", "eth0", "up")):
            run("ip", "-n", self.ns, *args)
        self.furnish(aliases)
        self.configure(config)
        self.boot()

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def furnish(self, aliases):
        shutil.copytree("/etc", self.path("etc"), symlinks=True)
        for d in ("home", "spool"):
            os.makedirs(self.path(d))
            os.chmod(self.path(d), 0o755)
        passwd, group = [], []
        for i, a in enumerate(self.accounts):
            passwd.append("%s:x:%d:%d::/nonexistent:/usr/sbin/nologin"
                          % (a, FIRST_UID + i, FIRST_UID + i))
            group.append("%s:x:%d:" % (a, FIRST_UID + i))
        for i, u in enumerate(self.users):
            passwd.append("%s:x:%d:%d:%s:/home/%s:/bin/sh" % (
                u, USER_UID + i, USER_UID + i, u.capitalize(), u))
            group.append("%s:x:%d:" % (u, USER_UID + i))
            os.mkdir(self.path("home", u))
            os.chown(self.path("home", u), USER_UID + i, USER_UID + i)
            os.chmod(self.path("home", u), 0o700)
        base = "root:x:0:0:root:/root:/bin/sh\n"
        write(self.path("etc/passwd"), base + "\n".join(passwd) + "\n")
        write(self.path("etc/group"), "root:x:0:\n" + "\n".join(group) + "\n")
        write(self.path("etc/aliases"), aliases)
        write(self.path("etc/mailname"), self.domain + "\n")
        for name in ("resolv.conf", "relais"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path("etc", name))
        write(self.path("etc/resolv.conf"), "nameserver %s\n" % DNS)

    def configure(self, more=""):
        gathered = "" if "notices {" in more else GATHERED
        write(self.path("etc/relais/relais.conf"), """\
hostname %s
log file /var/spool/relais/log
listen smtp {
    address 0.0.0.0
    port 25
}
%s%s%s""" % (self.domain, self.limits, gathered, more))

    def certificate(self, name="mail", names=None, rsa=False):
        """Makes one by itself, and its key; the block that says so."""
        base = self.path("etc/relais", name)
        kind = (["rsa:2048"] if rsa else
                ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
        alt = ",".join("DNS:" + n for n in names or [self.domain])
        run("openssl", "req", "-x509", "-newkey", *kind, "-nodes",
            "-days", "30", "-subj", "/CN=" + name,
            "-addext", "subjectAltName=" + alt,
            "-keyout", base + ".key.new", "-out", base + ".pem.new")
        os.chmod(base + ".key.new", 0o600)
        for end in ".key", ".pem":
            os.rename(base + end + ".new", base + end)
        return ("tls %s {\n certificate /etc/relais/%s.pem\n"
                " key /etc/relais/%s.key\n}\n" % (name, name, name))

    def boot(self):
        """Switches the host on; relais is started by start()."""
        self.init = subprocess.Popen(
            ["ip", "netns", "exec", self.ns, "unshare", "--mount", "--pid",
             "--fork", sys.executable, os.path.join(HERE, "hostinit.py"),
             self.dir, self.net.tree] + ["%s:%s" % (source, target)
             for target, source in self.mounts.items()],
            preexec_fn=die_with_parent,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL)
        line = self.init.stdout.readline()
        if line != b"furnished\n":
            raise RuntimeError("%s was not furnished: %s" % (
                self.name, line + self.init.stdout.read()))
        self.pid = self.first_pid()

    def first_pid(self):
        """The host's process 1, by its number outside."""
        children = "/proc/%d/task/%d/children"
        pid = self.init.pid
        while True:
            with open(children % (pid, pid)) as f:
                below = f.read().split()
            if not below:
                return pid
            pid = int(below[0])

    def kill(self):
        """As a power cut to all processes: none has time for anything."""
        if self.init is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.init.wait()
        self.init.stdout.close()
        self.init = None

    def command(self, *args, user=None):
        enter = ["nsenter", "-t", str(self.pid), "-m", "-n", "-p"]
        home = "/root" if user is None else "/home/" + user
        if user is not None:
            uid = str(USER_UID + self.users.index(user))
            enter += ["setpriv", "--reuid", uid, "--regid", uid,
                      "--clear-groups"]
        return enter + ["env", "HOME=" + home,
                        "PATH=/opt/relais/sbin:/opt/relais/bin:"
                        "/usr/sbin:/usr/bin:/sbin:/bin"] + list(args)

    def run(self, *args, user=None, check=True, **more):
        done = subprocess.run(self.command(*args, user=user), text=True,
                              capture_output=True, timeout=150, **more)
        if check and done.returncode != 0:
            raise RuntimeError("%s on %s: status %d\n%s%s" % (
                " ".join(args), self.name, done.returncode, done.stdout,
                done.stderr))
        return done

    def start(self):
        self.run("relais", "start")

    def stop(self):
        self.run("relais", "stop")

    # ---- what can be seen --------------------------------------------------

    def log(self):
        with contextlib.suppress(FileNotFoundError):
            with open(self.path("spool/log"), errors="replace") as f:
                return f.read()
        return ""

    def show_log(self):
        """Its end; and behind that, what was out of the ordinary."""
        lines = self.log().split("\n")
        strange = [x for x in lines if STRANGE.search(x)]
        print("---- log of %s ----" % self.name)
        print("\n".join(lines[-60:]))
        print("---- of it, %d lines are strange ----" % len(strange))
        print("\n".join(strange[-40:]), flush=True)

    def wait_log(self, pattern, patience=PATIENCE):
        return wait_for("%r in the log of %s" % (pattern, self.name),
                        lambda: re.search(pattern, self.log()), patience)

    def wait_all_of_log(self, pattern, count, patience=PATIENCE):
        """All that match, once there are so many."""
        def found():
            every = re.findall(pattern, self.log())
            return (every,) if len(every) >= count else None
        return wait_for("%d of %r in the log of %s" % (
            count, pattern, self.name), found, patience)[0]

    def mail(self, user):
        """The letters in new/, oldest first, as octets."""
        new = self.path("home", self.maildir % user, "new")
        with contextlib.suppress(FileNotFoundError):
            names = sorted(os.listdir(new),
                           key=lambda n: os.stat(os.path.join(new, n))
                           .st_mtime_ns)
            return [open(os.path.join(new, n), "rb").read() for n in names]
        return []

    def wait_mail(self, user, count=1, patience=PATIENCE):
        wait_for("%d letters of %s" % (count, user),
                 lambda: len(self.mail(user)) >= count, patience)
        return self.mail(user)

    def smtp(self, to=None):
        """A client on this host, connected to a host's port 25."""
        return inside(self.ns, lambda: smtplib.SMTP(
            (to or self).address, 25, "client.example", timeout=60))

    def processes(self):
        """[(program, pid)] of all of relais here, by pids outside."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink("/proc/%s/ns/pid" % pid) != os.readlink(
                        "/proc/%d/ns/pid" % self.pid):
                    continue
                program = os.readlink("/proc/%s/exe" % pid)
            except OSError:
                continue
            if program.startswith("/opt/relais/"):
                found.append((os.path.basename(program), int(pid)))
        return found

    def is_gone(self):
        """Nor is one dying: without a program it still holds its sockets."""
        return not self.processes() and not any(map(
            self.is_dying, filter(str.isdigit, os.listdir("/proc"))))

    def is_dying(self, pid):
        """The first of its threads may be gone long before the others."""
        try:
            threads = os.listdir("/proc/%s/task" % pid)
        except OSError:
            return False
        return any(self.is_dying_thread("/proc/%s/task/%s" % (pid, thread))
                   for thread in threads)

    def is_dying_thread(self, path):
        try:
            if os.readlink(path + "/ns/pid") != os.readlink(
                    "/proc/%d/ns/pid" % self.pid):
                return False
            with open(path + "/stat") as f:
                state = f.read().rpartition(")")[2].split()[0]
        except OSError:
            return False
        try:
            program = os.readlink(path + "/exe")
        except FileNotFoundError:
            return state not in "ZX"
        except OSError:
            return False
        return program.startswith("/opt/relais/")

    def pids(self, role):
        return {pid for r, pid in self.processes() if r == role}

    def queue_is_empty(self):
        """Who answers may just be coming again: that is no yes."""
        return "Mail queue is empty" in self.run(
            "relais", "queue", "list", check=False).stdout

    def wait_empty(self, patience=PATIENCE):
        try:
            wait_for("an empty queue on " + self.name, self.queue_is_empty,
                     patience)
        except Timeout as e:
            done = self.run("relais", "queue", "list", check=False)
            raise Timeout("%s\n%s%s" % (e, done.stdout, done.stderr)) \
                from None


class Checks:
    """Counts claims; the last line is what the suite sums up."""

    def __init__(self):
        self.passed = self.failed = 0

    def claim(self, text, truth):
        if truth:
            self.passed += 1
            print("ok   " + text, flush=True)
        else:
            self.failed += 1
            print("FAIL " + text, flush=True)
        return truth

    def end(self):
        print("%d passed, %d failed" % (self.passed, self.failed))
        return 1 if self.failed else 0


def tree():
    """Where `make install` of prefix /opt/relais was made."""
    return os.environ["RELAIS_TREE"]
