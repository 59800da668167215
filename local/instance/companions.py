"""Processes beside an instance, such as a double of a payment provider: each has an address and ends with the instance.

A companion's port is kept in the run folder, because the deployed functions know its address. It gets the folder and
the port, and must end by itself when the instance has ended (`Instance(folder).is_running`).
"""

import json
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import StartFailed
from . import connections, processes
from .daemon_environment import inherited_environment

_FOLDER = "companions"
_START_SECONDS = 20.0


def running_companions(folder: Path) -> dict[str, str]:
    """Return the address of each companion that runs beside the instance of a run folder."""
    found = [Companion(folder, file.stem) for file in sorted((folder / _FOLDER).glob("*.json"))]
    return {each.name: each.address for each in found if each.pid is not None}


def stop_companions(folder: Path) -> None:
    """End every companion of a run folder."""
    for name in running_companions(folder):
        Companion(folder, name).stop()


@dataclass(frozen=True, slots=True)
class Companion:
    """A process beside the instance of a run folder, running or not."""

    folder: Path
    name: str

    @property
    def pid(self) -> int | None:
        """The id of the companion's process, or None if it is not running; the id of another process is ignored."""
        pid = self._record().get("pid", 0)
        return pid if pid and processes.is_running(pid, str(self.folder)) else None

    @property
    def address(self) -> str:
        """The address, which stays the same as long as the run folder exists."""
        return f"http://127.0.0.1:{self._record()['port']}"

    def start(self, command: Sequence[str], root: Path) -> str:
        """Run a command, with folder and port appended and the modules of `root`, and return the address.

        A running companion is left alone.

        Raises:
            StartFailed: it ended, or did not answer in time.
        """
        if self.pid is not None:
            return self.address
        self._file.parent.mkdir(exist_ok=True)
        port = self._record().get("port") or connections.free_port()
        if not connections.wait_for_free_port(port):
            raise StartFailed(f"Port {port} of {self.name} is taken by another program. Run `booking down`, and again.")
        process = self._spawn([*command, str(self.folder), str(port)], root)
        self._file.write_text(json.dumps({"pid": process.pid, "port": port}) + "\n")
        self._wait_until_it_listens(process, port)
        return self.address

    def stop(self) -> None:
        """End the process."""
        pid = self.pid
        if pid is not None:
            processes.terminate_group(pid)

    @property
    def _file(self) -> Path:
        return self.folder / _FOLDER / f"{self.name}.json"

    @property
    def _log(self) -> Path:
        return self._file.with_suffix(".log")

    def _record(self) -> Mapping[str, int]:
        try:
            return dict(json.loads(self._file.read_text()))
        except (OSError, ValueError):
            return {}

    def _spawn(self, command: Sequence[str], root: Path) -> subprocess.Popen[bytes]:
        environment = {**inherited_environment(), "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
        return processes.spawn(command, self.folder, environment, self._log)

    def _wait_until_it_listens(self, process: subprocess.Popen[bytes], port: int) -> None:
        end = time.monotonic() + _START_SECONDS
        while process.poll() is None and time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        self.stop()
        lines = self._log.read_text(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "it wrote no log")
        raise StartFailed(f"{self.name} did not start: {last} (see {self._log})")
