"""Where the provider of an instance listens: a file in its run folder, written by the server, read by its users."""

import contextlib
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAddress:
    """A serving process."""

    pid: int
    port: int
    source: str
    """A fingerprint of the code that it runs: after a change of the code another one is started."""

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """What the file of the run folder says; the process may have ended since."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            return cls(**json.loads((folder / "provider.json").read_text()))
        return None

    def save(self, folder: Path) -> None:
        """Write the file at once: a reader sees the old one or the new one."""
        fresh = folder / f"provider.json.{self.pid}"
        fresh.write_text(json.dumps(asdict(self)) + "\n")
        fresh.rename(folder / "provider.json")


def source_fingerprint() -> str:
    """Of the provider's code as it lies on disk now."""
    files = sorted(Path(__file__).parent.rglob("*.py"))
    facts = "\n".join(f"{file.name} {file.stat().st_mtime_ns}" for file in files)
    return hashlib.sha256(facts.encode()).hexdigest()[:16]
