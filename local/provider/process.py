"""The server of an instance's provider for engines: `python -m <package>.provider RUN_FOLDER`.

The process outlives the engines, so that a killed `up` loses no work, and ends by itself with its instance. Its port
stays the same for a run folder if it is free.
"""

import contextlib
import hashlib
import json
import os
import signal
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

import grpc

from ..instance import Instance
from .journal import Journal
from .provider import EmbeddedProvider
from .server import listen

POLL_SECONDS: Final = 0.5
GRACE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAddress:
    """A serving process."""

    pid: int
    port: int
    source: str
    """A fingerprint of the code that it runs: after a code change another process is started."""

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Load the address from the run folder; the process may have ended since."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            return cls(**json.loads((folder / "provider.json").read_text()))
        return None

    def save(self, folder: Path) -> None:
        """Write the file atomically."""
        fresh = folder / f"provider.json.{self.pid}"
        fresh.write_text(json.dumps(asdict(self)) + "\n")
        fresh.rename(folder / "provider.json")


def source_fingerprint() -> str:
    """Return the fingerprint of the provider's code on disk."""
    files = sorted(Path(__file__).parent.rglob("*.py"))
    facts = "\n".join(f"{file.name} {file.stat().st_mtime_ns}" for file in files)
    return hashlib.sha256(facts.encode()).hexdigest()[:16]


def serve(folder: Path) -> None:
    """Serve until terminated, or until the instance has ended."""
    stop_requested = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop_requested.set())
    server, port = _start_server(EmbeddedProvider(Instance(folder).aws(), Journal(folder / "journal.jsonl")), folder)
    ProviderAddress(pid=os.getpid(), port=port, source=source_fingerprint()).save(folder)
    while not stop_requested.wait(POLL_SECONDS) and _is_instance_alive(folder):
        pass
    server.stop(GRACE_SECONDS).wait()


def _start_server(provider: EmbeddedProvider, folder: Path) -> tuple[grpc.Server, int]:
    previous = ProviderAddress.load(folder)
    try:
        return listen(provider, previous.port if previous else 0)
    except OSError:
        return listen(provider)


def _is_instance_alive(folder: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):
        os.kill(int((folder / "pid").read_text()), 0)
        return True
    return False


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
