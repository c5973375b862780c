# SPDX-License-Identifier: ISC
"""Where spools are put: a file system of our own, and that of the machine."""
import contextlib
import os
import shutil
import subprocess
import tempfile

IMAGE_SIZE = 6 << 30


def run(*args):
    subprocess.run(args, check=True, capture_output=True)


@contextlib.contextmanager
def image(above):
    """A journalled ext4 in a file on a loop device, mounted; it goes at the
    end."""
    directory = tempfile.mkdtemp(prefix="relais-bench.", dir=above)
    mounted = os.path.join(directory, "mounted")
    path = os.path.join(directory, "image")
    try:
        os.chmod(directory, 0o755)
        os.mkdir(mounted)
        with open(path, "wb") as f:
            os.posix_fallocate(f.fileno(), 0, IMAGE_SIZE)
        run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,"
            "lazy_journal_init=0", path)
        run("mount", "-o", "loop", path, mounted)
        try:
            os.chmod(mounted, 0o755)
            yield mounted
        finally:
            unmount(mounted)
    finally:
        shutil.rmtree(directory)


def unmount(mounted):
    """Hosts that ended a moment ago may still hold it; lazily it goes with
    the last of them, and so does the loop device."""
    try:
        run("umount", mounted)
    except subprocess.CalledProcessError:
        run("umount", "-l", mounted)


@contextlib.contextmanager
def machine(above):
    directory = tempfile.mkdtemp(prefix="relais-bench.", dir=above)
    try:
        os.chmod(directory, 0o755)
        yield directory
    finally:
        shutil.rmtree(directory)


def memory(_):
    """No disk, hence no durability: what is left is the work of processors.
    """
    return machine("/dev/shm")


def describe(path):
    """File system, device and options."""
    return subprocess.run(
        ["findmnt", "-n", "-o", "FSTYPE,SOURCE,OPTIONS", "-T", path],
        check=True, capture_output=True, text=True).stdout.split("\n")[-2]
