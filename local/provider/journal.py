"""The resources created for each URN, recorded before and after each call, so that a killed creation leaves no orphan.

An entry has three states. *Intended*: the call may or may not have reached AWS; the entry has the name and the tag
under which its resource would be found. *Created*: it has an id, and the engine may have died before saving that.
*Known*: the engine has shown that it knows the id (by a diff, read or update), so the next creation under this URN is a
new resource. A creation that finds an entry in the first two states adopts its resource.
"""

import json
import secrets
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path

OWN_TAGS = "booking:embedded:"
"""The prefix of this provider's own tags, which reads hide."""
MARKER_TAG = f"{OWN_TAGS}marker"
"""The tag of resources without a name, by which an orphan is found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One creation: its marker, its generated names, and its id once AWS has returned one."""

    urn: str
    marker: str
    names: dict[str, object]
    id: str | None = None
    known: bool = False

    @property
    def token(self) -> str:
        """The type of the resource, such as `aws:s3/bucket:Bucket`."""
        return self.urn.split("::")[2].split("$")[-1]


class Journal:
    """One file per instance, one line per event; safe for many threads of one process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._entries: dict[str, JournalEntry] = {}
        for line in path.read_text().splitlines() if path.exists() else ():
            self._replay(line)

    def orphan(self, urn: str) -> JournalEntry | None:
        """Return the creation under this URN that the engine may not know."""
        entry = self._entries.get(urn)
        return entry if entry and not entry.known else None

    def record_intent(self, urn: str, names: dict[str, object]) -> JournalEntry:
        """Record a creation before the AWS call."""
        return self._write(JournalEntry(urn=urn, marker=secrets.token_hex(8), names=names))

    def record_created(self, entry: JournalEntry, id_: str) -> JournalEntry:
        """Record the id after the AWS call."""
        return self._write(replace(entry, id=id_))

    def record_known(self, urn: str, id_: str) -> None:
        """Record that the engine has this id in its state."""
        entry = self._entries.get(urn)
        if entry and entry.id == id_ and not entry.known:
            self._write(replace(entry, known=True))

    def record_deleted(self, urn: str, id_: str | None) -> None:
        """Record that the resource is deleted."""
        entry = self._entries.get(urn)
        if entry and entry.id == id_:
            self._write(replace(entry, id=None, known=True))

    def entries(self, urn_prefix: str) -> list[JournalEntry]:
        """Return the creations below a URN prefix whose resources may exist, in order of their first creation."""
        entries = [entry for urn, entry in self._entries.items() if urn.startswith(urn_prefix)]
        return [entry for entry in entries if entry.id is not None or not entry.known]

    def orphans(self) -> list[JournalEntry]:
        """Return every creation that the engine may not know."""
        return [entry for entry in self._entries.values() if not entry.known]

    def clear(self) -> None:
        """Delete all entries, for an emptied account."""
        with self._lock:
            self._entries.clear()
            self._path.unlink(missing_ok=True)

    def _write(self, entry: JournalEntry) -> JournalEntry:
        with self._lock:
            self._entries[entry.urn] = entry
            with self._path.open("a") as file:
                file.write(json.dumps(asdict(entry)) + "\n")
        return entry

    def _replay(self, line: str) -> None:
        try:
            entry = JournalEntry(**json.loads(line))
        except (ValueError, TypeError):
            return  # a line whose process was killed while writing it
        self._entries[entry.urn] = entry
