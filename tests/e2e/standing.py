#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""As root: what the kernel says of each process on a real host, compared with
the description in tests/walls/standing.
"""
import collections
import os
import pwd
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import hosts    # noqa: E402

DESCRIPTION = os.path.join(HERE, "..", "walls", "standing")
SANITIZED = "RELAIS_SANITIZED" in os.environ
LIMITS = {"core": "Max core file size", "fsize": "Max file size",
          "nproc": "Max processes", "data": "Max data size",
          "as": "Max address space", "nofile": "Max open files"}
NAMESPACES = "cgroup ipc mnt net pid user uts".split()
CLASSES = {os.SCHED_OTHER: "other", os.SCHED_BATCH: "batch"}
SEQPACKET, LISTENING = "0005", "00010000"
TEXT = b"Subject: x\r\n\r\nx\r\n"


# ---- the description --------------------------------------------------------

def read_description():
    """{program: {key: value}}; what is indented twice goes on a value."""
    blocks, block, key = {}, None, None
    with open(DESCRIPTION) as f:
        for line in f:
            if line.startswith("#") or not line.strip():
                continue
            if not line[0].isspace():
                block = blocks.setdefault(line.strip(), {})
            elif line.startswith("\t\t"):
                block[key] += ", " + line.strip()
            else:
                key, block[key] = line.strip().split(None, 1)
    common = blocks.pop("all")
    return {name: dict(common, **own) for name, own in blocks.items()}


def counts(text):
    """{kind: count} of "kind count, kind count"."""
    return dict(part.split() for part in text.split(", ")) if text else {}


# ---- what the kernel says ---------------------------------------------------

def read(pid, name):
    with open("/proc/%d/%s" % (pid, name), errors="replace") as f:
        return f.read()


def sockets(pid):
    """{inode: kind} of the sockets of the process' network."""
    kinds = {}
    for line in read(pid, "net/unix").splitlines()[1:]:
        f = line.split()
        kinds[f[6]] = ("unix-listener" if f[3] == LISTENING else
                       "pair" if f[4] == SEQPACKET else "unix")
    for table in ("tcp", "tcp6"):
        for line in read(pid, "net/" + table).splitlines()[1:]:
            f = line.split()
            kinds[f[9]] = "tcp-listener" if f[3] == "0A" else "tcp"
    return kinds


def kind_of(pid, fd, target, kinds):
    if fd == 2 and target != "/dev/null":
        return "stderr"
    if target == "/dev/null":
        return "null"
    found = re.fullmatch(r"socket:\[(\d+)\]", target)
    if found:
        return kinds.get(found.group(1), "socket")
    found = re.fullmatch(r"anon_inode:\[(\w+)\]", target)
    if found:
        return found.group(1)
    if not target.startswith("/") or target.startswith("/memfd:"):
        return target
    is_directory = os.path.isdir("/proc/%d/fd/%d" % (pid, fd))
    return "directory" if is_directory else "file"


def descriptors(pid):
    """{kind: count}, and the paths of files and directories."""
    kinds, paths, found = sockets(pid), [], collections.Counter()
    for fd in map(int, os.listdir("/proc/%d/fd" % pid)):
        target = os.readlink("/proc/%d/fd/%d" % (pid, fd))
        kind = kind_of(pid, fd, target, kinds)
        found[kind] += 1
        if kind in ("file", "directory"):
            paths.append(target)
    return {k: str(n) for k, n in found.items()}, paths


def maps(pid):
    """{how: count} of the rings, and what is writable and executable."""
    rings, both = collections.Counter(), []
    for line in read(pid, "maps").splitlines():
        rights = line.split()[1]
        if "/memfd:ring" in line:
            rings["writable" if "w" in rights else "read-only"] += 1
        if "w" in rights and "x" in rights:
            both.append(line)
    return {k: str(n) for k, n in rings.items()}, both


def limit(pid, name):
    """The lower and the higher one, which must not differ."""
    found = re.search(r"^%s +(\S+) +(\S+)" % re.escape(LIMITS[name]),
                      read(pid, "limits"), re.M)
    return found.group(1) if found.group(1) == found.group(2) else (
        "%s to %s" % found.groups())


def status(pid):
    return dict(line.split(":\t", 1) for line in read(
        pid, "status").splitlines() if ":\t" in line)


def ids(host):
    """{account: (uid, gid)} on the host."""
    found = {}
    with open(host.path("etc/passwd")) as f:
        for line in f:
            entry = pwd.struct_passwd(line.rstrip("\n").split(":"))
            found[entry.pw_name] = entry.pw_uid, entry.pw_gid
    return found


# ---- comparison -------------------------------------------------------------

def compare_status(pid, want, account):
    s, (uid, gid) = status(pid), account
    groups = set(s["Groups"].split()) - {gid}
    held = {s[c] for c in ("CapInh", "CapPrm", "CapEff", "CapAmb")}
    is_own = s["Uid"].split() == [uid] * 4 and s["Gid"].split() == [gid] * 4
    yield "account", want["account"] if is_own else s["Uid"]
    yield "groups", "own" if not groups else " ".join(groups)
    yield "umask", s["Umask"]
    yield "no-new-privs", s["NoNewPrivs"]
    yield "seccomp", s["Seccomp"]
    yield "threads", s["Threads"]
    yield "class", CLASSES.get(os.sched_getscheduler(pid), "?")
    yield "capabilities", ("none" if {int(c, 16) for c in held} == {0}
                           else " ".join(held))


def compare_place(pid, master):
    yield "root", os.readlink("/proc/%d/root" % pid)
    yield "namespaces", "master's" if all(
        os.readlink("/proc/%d/ns/%s" % (pid, n)) ==
        os.readlink("/proc/%d/ns/%s" % (master, n))
        for n in NAMESPACES) else "others"
    yield "environment", " ".join(sorted(
        v.split("=")[0] for v in read(pid, "environ").split("\0") if v))
    for name in LIMITS:
        yield name, limit(pid, name)


def compare_counts(what, want, found):
    for kind in sorted(set(want) | set(found)):
        a, b = want.get(kind, "0"), found.get(kind, "0")
        if a not in ("*", b):
            yield "%s: %s %s, not %s" % (what, kind, b, a)


def is_below(path, places):
    return any(path == p or path.startswith(p + "/") for p in places)


def adapt(want):
    """A sanitizer wants memory, and says on standard error what it finds."""
    if not SANITIZED:
        return want
    want = dict(want, data="*", environment="*", threads="*")
    want["as"] = "*"
    want["descriptors"] = want["descriptors"].replace("null 3",
                                                      "null *, stderr *")
    return want


def differences(pid, want, account, master):
    """What is said of one process and is not so."""
    want = adapt(want)
    for key, is_so in [*compare_status(pid, want, account),
                       *compare_place(pid, master)]:
        if want[key] not in ("*", is_so):
            yield "%s is %s, not %s" % (key, is_so, want[key])
    kinds, paths = descriptors(pid)
    yield from compare_counts("descriptors", counts(want["descriptors"]),
                              kinds)
    rings, both = maps(pid)
    yield from compare_counts("rings", counts(want.get("rings", "")), rings)
    for path in paths:
        if not is_below(path, want.get("files", "").split()):
            yield "has " + path
    if both and not SANITIZED:
        yield "maps writable code: " + both[0]


def all_differences(host, description):
    found, running = [], host.processes()
    master = [pid for name, pid in running if name == "relais-master"][0]
    for name in set(description) - {n for n, _ in running}:
        found.append(name + " does not run")
    known = ids(host)
    for name, pid in running:
        if name not in description:
            found.append(name + " is not described")
            continue
        want = description[name]
        account = [str(i) for i in known[want["account"]]]
        found += ["%s: %s" % (name, d) for d in differences(
            pid, want, account, master)]
    return found


def compare(check, host, absent):
    """What just ended, as a client's connection, may take a moment to go."""
    description = read_description()
    del description[absent]
    found = ["never compared"]

    def is_as_described():
        try:
            found[:] = all_differences(host, description)
        except (FileNotFoundError, ProcessLookupError) as e:
            found[:] = ["one that has just ended: %s" % e]
        return not found

    try:
        hosts.wait_for("what is described", is_as_described, 5)
    except hosts.Timeout:
        print("\n".join(found))
    for name in sorted(description):
        check.claim("%s stands as tests/walls/standing says, without %s" % (
            name, absent),
                    not [d for d in found if d.split()[0].rstrip(":") == name])
    check.claim("nothing else runs or is left", not found)


def no_set_id_bits(check):
    found = subprocess.run(["find", hosts.tree(), "-perm", "/6000"],
                           capture_output=True, text=True).stdout
    check.claim("no installed file is set-id", found == "")


def one_letter(host, count):
    """Whose agent waits for another for a while."""
    with host.smtp() as client:
        client.sendmail("x@bar.example", ["jones@s1.example"], TEXT)
    host.wait_mail("jones", count)


def main():
    check = hosts.Checks()
    no_set_id_bits(check)
    with hosts.Net(hosts.tree()) as net:
        net.zone("s1.example", "@ A 10.99.0.1")
        net.serve_dns()
        host = net.host("s1", users=["jones"])
        config = host.certificate() + (
            "route away.example {\n socket /run/away\n}\n")
        hosts.write(host.path("etc/relais/passwords"), "", 0o600)
        host.configure(config + "passwords file /etc/relais/passwords\n")
        host.start()
        one_letter(host, 1)
        compare(check, host, "dovecot")
        # one of the two judges
        host.run("mkdir", "/run/dovecot")
        host.configure(config + "passwords dovecot /run/dovecot/relais\n")
        host.run("relais", "reload")
        hosts.wait_for("no other judge", lambda: not host.pids("passwords"))
        one_letter(host, 2)
        compare(check, host, "passwords")
    return check.end()


sys.exit(main())
