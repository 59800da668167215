"""Processes of instances: identity, locks, and termination with all their children."""

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
    """Return whether the process is running and its command line contains the word: a pid may have been reused."""
    return argument in _command_line(pid)


def _command_line(pid: int) -> str:
    return _command_line_from_proc(pid) if _PROC_FILE.exists() else _command_line_from_ps(pid)


def _command_line_from_proc(pid: int) -> str:
    """Return the command line on Linux, where `ps` may not be installed; a zombie has none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _command_line_from_ps(pid: int) -> str:
    command = ["ps", "-ww", "-o", "stat=,command=", "-p", str(pid)]
    command_line = subprocess.run(command, capture_output=True, text=True, check=False).stdout.lstrip()
    return "" if command_line.startswith("Z") else command_line


def spawn(command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a process in its own session, which outlives this one; its output is appended to `log`."""
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
    """Hold a lock file: others call `on_wait` and wait. The lock ends with the process that holds it."""
    with file.open("w") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield


def terminate_group(leader: int, *, politely: bool = True) -> None:
    """End a session's process group, first with SIGTERM if it should save its state."""
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
    """Return whether the process is alive. A zombie, whose parent has not waited for it, is not."""
    with contextlib.suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    return _command_line(pid) != ""
