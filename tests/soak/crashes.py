"""Kill the functions of one embedded AWS from outside, as a failing machine would."""

import contextlib
import os
import random
import signal
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path


def descendants(pid: int) -> dict[int, str]:
    """Return the processes below a process, with their command lines."""
    command = ["ps", "-ww", "-eo", "pid=,ppid=,command="]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    parents = {int(row[0]): (int(row[1]), row[2] if len(row) > 2 else "") for row in rows}
    found: dict[int, str] = {}
    grown = {pid}
    while grown:
        grown = {child for child, (parent, _) in parents.items() if parent in grown and child not in found}
        found |= {child: parents[child][1] for child in grown}
    return found


def find_functions(pid: int, name: str) -> list[int]:
    """Return the processes below a process that run the Lambda function `name`."""
    return [each for each, command in descendants(pid).items() if _is_function(command) and _runs(each, name)]


def _runs(pid: int, name: str) -> bool:
    """Look for the function's name in the environment of a process; False for one that has ended."""
    wanted = f"AWS_LAMBDA_FUNCTION_NAME={name}"
    if (environment := Path(f"/proc/{pid}/environ")).exists():
        try:
            return wanted in environment.read_text(errors="replace").split("\0")
        except OSError:
            return False
    listed = subprocess.run(["ps", "-Eww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True)
    return wanted in listed.stdout.split()


@dataclass
class Crashes:
    """Kill a function of the instance after every few bookings, even in the middle of a call."""

    instance_pid: int
    every: int
    seed: int
    publisher: str
    """Name of the publish function, which is killed twice in any case."""
    publisher_kills_from: tuple[int, int]
    """Numbers of bookings after which it is killed."""
    killed: int = 0
    publishers_killed: int = 0
    _ended: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count_booking(self) -> None:
        """Count an ended booking, and kill a function after every few, while functions of other clients work."""
        with self._lock:
            self._ended += 1
            if self._ended % self.every == 0:
                self._kill_one()
            due = sum(self._ended >= number for number in self.publisher_kills_from)
            if self.publishers_killed < due:
                self._kill_publisher()

    def _kill_publisher(self) -> None:
        """Kill the publish function; if it is not running, try again after the next booking."""
        for pid in find_functions(self.instance_pid, self.publisher)[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.publishers_killed += 1

    def _kill_one(self) -> None:
        rng = random.Random(f"{self.seed}/{self._ended}")
        functions = [pid for pid, command in descendants(self.instance_pid).items() if _is_function(command)]
        if not functions:
            return
        try:
            os.kill(rng.choice(sorted(functions)), signal.SIGKILL)
        except ProcessLookupError:
            return
        self.killed += 1


def _is_function(command: str) -> bool:
    return command.endswith("/runtime/start.py")  # local/instance/function_runtime.py starts it for every function
