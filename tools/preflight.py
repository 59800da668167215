"""Report in one line what prevents an installation. Must run under any Python, however old."""

import os
import sys

MINIMUM_VERSION = (3, 11)
REQUIRED_BYTES = (
    1500 * 1000 * 1000
)  # .venv takes 0.9 GB (pulumi-aws alone 0.3 GB), packages and the run folder the rest


def find_problem(folder):
    """Return the problem that prevents an installation into `folder`, or None."""
    if sys.version_info < MINIMUM_VERSION:
        return "Python %d.%d is too old: install Python %d.%d or newer, or name one with PYTHON=…" % (
            sys.version_info[0],
            sys.version_info[1],
            MINIMUM_VERSION[0],
            MINIMUM_VERSION[1],
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return "Python's venv module is missing: install it (Debian and Ubuntu: apt install python3-venv)."
    if os.path.isdir(os.path.join(folder, ".venv", "bin")):
        return None
    free = free_bytes(folder)
    if free < REQUIRED_BYTES:
        return "Only %d MB are free in %s and %d MB are needed: free some disk space." % (
            free // 1000000,
            folder,
            REQUIRED_BYTES // 1000000,
        )
    return None


def free_bytes(folder):
    """Return the bytes that this user can still write in `folder`."""
    volume = os.statvfs(folder)
    return volume.f_bavail * volume.f_frsize


if __name__ == "__main__":
    message = find_problem(os.getcwd())
    if message:
        sys.stderr.write(message + "\n")
        sys.exit(1)
