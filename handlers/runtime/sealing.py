"""Sealing: write the seal of every closed day that has none, in order."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final

from ..domain.canonical import format_instant, last_closed_day, next_day, previous_day
from ..domain.errors import AuditContradiction
from ..domain.ports import AuditTrail, WriteOnceStore
from ..domain.trail.seals import (
    MAX_PART_OBJECTS,
    SEALS_PREFIX,
    ManifestPart,
    Seal,
    SealedObject,
    SealSigner,
    SignedSeal,
    Window,
    part_key,
    read_part,
    seal_key,
    windows,
    write_part,
)

_READERS: Final = 8  # below the ten connections that a boto3 client pools


@dataclass(slots=True, kw_only=True)
class SealedDays:
    """The days and objects that a run sealed, and a flag if it ran out of time before the last closed day."""

    days: list[str] = field(default_factory=list[str])
    objects: int = 0
    is_finished: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealer:
    """One run.

    Each write is conditional and each part final, so a run may stop anywhere, be repeated, or race another.
    """

    audit: AuditTrail
    signer: SealSigner
    copies: WriteOnceStore | None
    """The store that every seal is copied to as well; None for no copies."""
    now: Callable[[], datetime]
    has_time: Callable[[], bool]
    """Return whether there is time for one more part of a manifest."""
    part_objects: int = MAX_PART_OBJECTS

    def run(self) -> SealedDays:
        """Copy the last seal again, because the previous run may have failed there, then seal day after day."""
        sealed, latest = SealedDays(), self._find_latest()
        if latest:
            self._copy(latest)
        for day in self._due_days(latest):
            seal = self._seal(day, latest)
            if seal is None:
                sealed.is_finished = False
                return sealed
            sealed.days.append(day)
            sealed.objects += seal.objects
            latest = seal
        return sealed

    def _find_latest(self) -> Seal | None:
        """Find the latest seal, looking back from the last closed day as far as the first seal."""
        first = next(iter(self.audit.keys(SEALS_PREFIX).names), None)
        day = last_closed_day(self.now())
        while first is not None and seal_key(day) >= first:
            if seal := self._load_seal(day):
                return seal
            day = previous_day(day)
        return None

    def _load_seal(self, day: str) -> Seal | None:
        content = self.audit.read(seal_key(day))
        if content is None:
            return None
        try:
            return SignedSeal.parse(content).seal
        except ValueError as error:
            raise AuditContradiction(f"{seal_key(day)} is not a seal: {error}.") from error

    def _due_days(self, latest: Seal | None) -> Iterator[str]:
        """Yield every closed day after the latest seal. The very first seal also covers everything before it."""
        last = last_closed_day(self.now())
        day = next_day(latest.day) if latest else last
        while day <= last:
            yield day
            day = next_day(day)

    def _seal(self, day: str, latest: Seal | None) -> Seal | None:
        """Write the missing parts and then the seal; None if time runs out before the next part."""
        after = latest.day if latest else None
        parts, cursor = self._load_parts(day)
        objects = self._objects(after, day, cursor)
        while chunk := tuple(islice(objects, self.part_objects)):
            if not self.has_time():
                return None
            parts.append(self._write_part(part_key(day, len(parts) + 1), chunk))
        return self._write_seal(
            Seal(
                day=day,
                after=after,
                parts=tuple(parts),
                previous=latest.digest() if latest else None,
                sealed_at=format_instant(self.now()),
            )
        )

    def _load_parts(self, day: str) -> tuple[list[ManifestPart], str]:
        """Return the parts that an earlier run wrote, and the last key that they list."""
        parts, cursor = list[ManifestPart](), ""
        while (content := self.audit.read(part_key(day, len(parts) + 1))) is not None:
            objects = tuple(read_part(content))
            parts.append(_describe_part(part_key(day, len(parts) + 1), content, len(objects)))
            cursor = objects[-1].key
        return parts, cursor

    def _write_part(self, key: str, objects: tuple[SealedObject, ...]) -> ManifestPart:
        content = write_part(objects)
        if not self.audit.put(key, content) and self.audit.read(key) != content:
            raise AuditContradiction(f"Another run wrote {key} at the same time; the next run continues from it.")
        return _describe_part(key, content, len(objects))

    def _write_seal(self, seal: Seal) -> Seal:
        """Sign and write the seal. If another run wrote it first, it must be the same."""
        signature = self.signer.sign(bytes.fromhex(seal.digest()))
        signed = SignedSeal(seal=seal, signature=signature)
        if not self.audit.put(seal_key(seal.day), signed.content()):
            seal = self._load_seal(seal.day) or seal
        self._copy(seal)
        return seal

    def _copy(self, seal: Seal) -> None:
        """Copy the parts, then the seal; existing copies are left unchanged."""
        if self.copies is None:
            return
        for key in (*(part.key for part in seal.parts), seal_key(seal.day)):
            content = self.audit.read(key)
            if content is not None:
                self.copies.put(key, content)

    def _objects(self, after: str | None, day: str, cursor: str) -> Iterator[SealedObject]:
        """Yield every object after the cursor with its hash, in key order; contents are read concurrently."""
        with ThreadPoolExecutor(_READERS) as readers:
            for window in windows(after, day):
                for names in self._pages(window, max(window.start, cursor)):
                    yield from (each for each in readers.map(self._hash_object, names) if each)

    def _pages(self, window: Window, start: str) -> Iterator[list[str]]:
        after: str | None = start
        while after is not None and after < window.end:
            page = self.audit.keys(window.prefix, after)
            yield [name for name in page.names if name < window.end]
            after = page.after

    def _hash_object(self, key: str) -> SealedObject | None:
        """Return the object, or None if it has just been deleted; verification against the ledger reports that."""
        content = self.audit.read(key)
        return None if content is None else SealedObject(key=key, sha256=hashlib.sha256(content).hexdigest())


def _describe_part(key: str, content: bytes, objects: int) -> ManifestPart:
    return ManifestPart(key=key, objects=objects, sha256=hashlib.sha256(content).hexdigest())
