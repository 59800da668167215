"""Kill the functions of one embedded AWS from outside, as a failing machine would."""

import os
import random
import signal
import subprocess
import threading
from dataclasses import dataclass, field


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


@dataclass
class Crashes:
    """Kill a function of the instance, whatever it is doing, each time that so many bookings have ended."""

    instance_pid: int
    every: int
    seed: int
    killed: int = 0
    _ended: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count_booking(self) -> None:
        """Count a booking that has ended, and kill a function after every few, while other clients' functions work."""
        with self._lock:
            self._ended += 1
            if self._ended % self.every == 0:
                self._kill_one()

    def _kill_one(self) -> None:
        chance = random.Random(f"{self.seed}/{self._ended}")
        functions = [pid for pid, command in descendants(self.instance_pid).items() if _is_function(command)]
        if not functions:
            return
        try:
            os.kill(chance.choice(sorted(functions)), signal.SIGKILL)
        except ProcessLookupError:
            return
        self.killed += 1


def _is_function(command: str) -> bool:
    return command.endswith("/runtime/start.py")  # what local/instance/function_runtime.py starts for every function
