"""Processes of instances: their identity, their locks, and their end with all that they started."""

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

_GRACE_SECONDS = 5.0
_PROC_FILE = Path("/proc/self/cmdline")


def is_running(pid: int, argument: str) -> bool:
    """Does the process run, and does its command line hold the word? A pid alone may have been given to a stranger."""
    return argument in _command_line(pid)


def _command_line(pid: int) -> str:
    return _command_line_from_proc(pid) if _PROC_FILE.exists() else _command_line_from_ps(pid)


def _command_line_from_proc(pid: int) -> str:
    """The command line on Linux, where `ps` may not be installed; a zombie has none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _command_line_from_ps(pid: int) -> str:
    command = ["ps", "-ww", "-o", "stat=,command=", "-p", str(pid)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout.lstrip()
    return "" if shown.startswith("Z") else shown


def spawn(command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, which outlives this one; what it prints is added to `log`."""
    with log.open("ab") as opened:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=opened,
            stderr=opened,
            start_new_session=True,
        )


@contextlib.contextmanager
def exclusive_lock(file: Path, on_wait: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Hold a lock file: others that want it wait, after a call of `on_wait`. It goes with the process that holds it."""
    with file.open("w") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield


def terminate_group(leader: int, *, politely: bool = True) -> None:
    """End a session's process group: politely first, so that it writes its state down, if somebody needs that."""
    if politely:
        _send_signal(leader, signal.SIGTERM)
        _wait_for_end(leader)
    _send_signal(leader, signal.SIGKILL)
    _wait_for_end(leader)


def _wait_for_end(leader: int) -> None:
    end = time.monotonic() + _GRACE_SECONDS
    while time.monotonic() < end and _is_alive(leader):
        time.sleep(0.02)


def _send_signal(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _is_alive(pid: int) -> bool:
    """A process that has ended stays a zombie until its parent waits for it: that is not living."""
    with contextlib.suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    return _command_line(pid) != ""
