"""Read the state of a stage in the engine's folder, without ever writing it.

Layout: Pulumi's file backend, checkpoint version 3.
"""

import contextlib
import json
import socket
from dataclasses import dataclass
from pathlib import Path

from ..instance import processes
from ..provider.property_values import Values


@dataclass(frozen=True, slots=True, kw_only=True)
class StateLock:
    """A run that holds or held the lock of the state."""

    pid: int
    host: str
    since: str

    @property
    def is_held(self) -> bool:
        """Return whether the run is still going on.

        A run on another machine counts as such, because it cannot be checked.
        """
        return self.host != socket.gethostname() or processes.is_running(self.pid, "pulumi")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineState:
    """The state of one stage of one project in a folder of the file backend."""

    folder: Path
    project: str
    stage: str

    def locks(self) -> list[StateLock]:
        """Return every lock on the stage; a killed run leaves one."""
        return [_read_lock(file) for file in sorted((self._path("locks/organization") / self.stage).glob("*.json"))]

    def was_interrupted(self) -> bool:
        """Return whether the last run was killed during an operation."""
        return bool(self.locks() or self._latest_deployment().get("pending_operations"))

    def resources(self) -> list[Values]:
        """Return every resource in the engine's state, as stored."""
        return list(self._latest_deployment().get("resources") or [])

    @property
    def urn_prefix(self) -> str:
        """Return the prefix of the URNs of the stage's resources."""
        return f"urn:pulumi:{self.stage}::{self.project}::"

    def exists(self) -> bool:
        return self._file.exists()

    @property
    def _file(self) -> Path:
        return self._path("stacks") / f"{self.stage}.json"

    def _path(self, kind: str) -> Path:
        return self.folder / ".pulumi" / kind / self.project

    def _latest_deployment(self) -> Values:
        with contextlib.suppress(OSError, ValueError):
            checkpoint = json.loads(self._file.read_text())["checkpoint"]
            return dict(checkpoint.get("latest") or {})
        return {}


def _read_lock(file: Path) -> StateLock:
    try:
        content = json.loads(file.read_text())
    except (OSError, ValueError):
        content = {}  # killed while writing
    return StateLock(
        pid=int(content.get("pid") or 0),
        host=str(content.get("hostname") or socket.gethostname()),
        since=str(content.get("timestamp") or "an unknown time"),
    )
