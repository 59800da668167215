"""The state that an engine keeps in its folder: read here, never written.

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
    """A run that holds, or held, the state."""

    pid: int
    host: str
    since: str

    @property
    def is_held(self) -> bool:
        """Does the run still go on? One of another machine counts as going on: nobody here can tell."""
        return self.host != socket.gethostname() or processes.is_running(self.pid, "pulumi")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineState:
    """The state of one stage of one project in a folder of the file backend."""

    folder: Path
    project: str
    stage: str

    def locks(self) -> list[StateLock]:
        """Every lock on the stage; of a killed run one is left."""
        return [_read_lock(file) for file in sorted((self._path("locks/organization") / self.stage).glob("*.json"))]

    def was_interrupted(self) -> bool:
        """Was the last run killed while it worked?"""
        return bool(self.locks() or self._latest_deployment().get("pending_operations"))

    def resources(self) -> list[Values]:
        """Every resource that the engine knows, as it keeps it."""
        return list(self._latest_deployment().get("resources") or [])

    @property
    def urn_prefix(self) -> str:
        """The beginning of the URN of every resource of the stage."""
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
        content = {}  # killed while it was writing
    return StateLock(
        pid=int(content.get("pid") or 0),
        host=str(content.get("hostname") or socket.gethostname()),
        since=str(content.get("timestamp") or "an unknown time"),
    )
