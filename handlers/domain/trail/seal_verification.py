"""Verification of seals: signatures, the chain, the manifests, and every sealed object against what is stored now.

Reads seal by seal and object by object, so it needs no more memory for a year than for a day.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from ..ports import AuditTrail
from .seals import (
    SEALS_PREFIX,
    ManifestPart,
    SealedObject,
    Signature,
    SignedSeal,
    Window,
    parts_prefix,
    read_part,
    seal_key,
    windows,
)
from .verification import Finding, Problem

SEALING_TIME: Final = timedelta(hours=26)
"""Time after closing within which a day must be sealed; then the heartbeat alarm fires."""

SignatureCheck = Callable[[bytes, Signature], bool]
"""Return whether the sealing key made this signature of a SHA-256."""


@dataclass(slots=True, kw_only=True)
class SealedHistory:
    """The number of seals and objects that a verification has read, and the first and the last sealed day."""

    seals: int = 0
    objects: int = 0
    first: str | None = None
    last: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealVerification:
    """A verification of every seal from the day `since` on (None: from the first)."""

    audit: AuditTrail
    is_valid: SignatureCheck
    due: str
    """The last day that must be sealed by now."""
    since: str | None = None
    history: SealedHistory = field(default_factory=SealedHistory)

    def findings(self) -> Iterator[Finding]:
        """Yield every seal that is missing, broken or unchained, and every object that differs from its seal."""
        previous: SignedSeal | None = None
        for key in self._seal_keys():
            signed = self._parse(key)
            if signed is None:
                yield _broken_finding(key, "It is not a seal.")
                continue
            yield from self._judge_seal(key, signed)
            yield from self._judge_link(key, signed, previous)
            yield from self._judge_objects(signed)
            self._count(signed)
            previous = signed
        yield from self._judge_end()

    def _seal_keys(self) -> Iterator[str]:
        after: str | None = parts_prefix(self.since) if self.since else SEALS_PREFIX
        while after is not None:
            page = self.audit.keys(SEALS_PREFIX, after)
            yield from (name for name in page.names if name.endswith("/seal.json"))
            after = page.after

    def _parse(self, key: str) -> SignedSeal | None:
        try:
            return SignedSeal.parse(self.audit.read(key) or b"")
        except ValueError:
            return None

    def _count(self, signed: SignedSeal) -> None:
        self.history.seals += 1
        self.history.objects += signed.seal.objects
        self.history.first = self.history.first or signed.seal.day
        self.history.last = signed.seal.day

    def _judge_seal(self, key: str, signed: SignedSeal) -> Iterator[Finding]:
        if seal_key(signed.seal.day) != key:
            yield _broken_finding(key, f"It is the seal of {signed.seal.day}.")
        if not self.is_valid(bytes.fromhex(signed.seal.digest()), signed.signature):
            yield _broken_finding(key, "The sealing key did not sign it.")

    def _judge_link(self, key: str, signed: SignedSeal, previous: SignedSeal | None) -> Iterator[Finding]:
        """Check that a seal names the seal before it by day and hash. With `since`, the first one is not checked."""
        if previous is None and self.since is not None:
            return
        expected = (previous.seal.day, previous.seal.digest()) if previous else (None, None)
        if (signed.seal.after, signed.seal.previous) != expected:
            before = f"the seal of {previous.seal.day}" if previous else "no seal"
            yield _broken_finding(key, f"It does not follow {before}, which now precedes it.")

    def _judge_end(self) -> Iterator[Finding]:
        last = self.history.last
        if last is not None and last < self.due:
            yield Finding(
                problem=Problem.SEAL_MISSING,
                where=seal_key(self.due),
                message=f"Days after {last} are not sealed; {self.due} is due.",
            )

    def _judge_objects(self, signed: SignedSeal) -> Iterator[Finding]:
        """Compare the manifest with the listing in one pass; both are in key order."""
        unreadable = [finding for part in signed.seal.parts if (finding := self._judge_part(part))]
        yield from unreadable
        if not unreadable:
            yield from self._compare(signed)

    def _compare(self, signed: SignedSeal) -> Iterator[Finding]:
        seal = signed.seal
        sealed, listed = self._manifest(signed), self._list_keys(windows(seal.after, seal.day))
        entry, key = next(sealed, None), next(listed, None)
        while entry is not None or key is not None:
            if entry is not None and (key is None or entry.key < key):
                yield _missing_finding(entry.key, seal.day)
                entry = next(sealed, None)
            elif key is not None and (entry is None or key < entry.key):
                yield _unsealed_finding(key, seal.day)
                key = next(listed, None)
            elif entry is not None:
                yield from self._judge_content(entry, seal.day)
                entry, key = next(sealed, None), next(listed, None)

    def _judge_content(self, entry: SealedObject, day: str) -> Iterator[Finding]:
        content = self.audit.read(entry.key)
        if content is None:
            yield _missing_finding(entry.key, day)
        elif hashlib.sha256(content).hexdigest() != entry.sha256:
            message = f"It is not what was sealed on {day}: its hash differs."
            yield Finding(problem=Problem.ALTERED, where=entry.key, message=message)

    def _judge_part(self, part: ManifestPart) -> Finding | None:
        content = self.audit.read(part.key)
        if content is None:
            return _broken_finding(part.key, "A part of the manifest is missing.")
        if hashlib.sha256(content).hexdigest() != part.sha256:
            return _broken_finding(part.key, "The part of the manifest is not what was sealed: its hash differs.")
        return None

    def _manifest(self, signed: SignedSeal) -> Iterator[SealedObject]:
        for part in signed.seal.parts:
            yield from read_part(self.audit.read(part.key) or b"")

    def _list_keys(self, covered: tuple[Window, ...]) -> Iterator[str]:
        for window in covered:
            after: str | None = window.start
            while after is not None and after < window.end:
                page = self.audit.keys(window.prefix, after)
                yield from (name for name in page.names if name < window.end)
                after = page.after


def _broken_finding(key: str, message: str) -> Finding:
    return Finding(problem=Problem.SEAL_BROKEN, where=key, message=message)


def _missing_finding(key: str, day: str) -> Finding:
    return Finding(problem=Problem.MISSING, where=key, message=f"It was sealed on {day} and is missing.")


def _unsealed_finding(key: str, day: str) -> Finding:
    message = f"It was not there when {day} was sealed: it was written more than 48 hours after its day."
    return Finding(problem=Problem.UNSEALED, where=key, message=message)


def statements_of_proof(history: SealedHistory) -> tuple[str, ...]:
    """Return what a verification without findings proves. docs/explanation/audit.md gives the reasons."""
    sealed = (
        f"Through {history.last}: {history.objects} audit objects match {history.seals} seals in one chain. "
        "Nobody has changed, removed or added one since its day was sealed, whatever role or bucket permission they "
        "had."
        if history.last
        else "No day is sealed yet."
    )
    return (
        sealed,
        "Later days: ledgers and audit objects agree, and no object was overwritten or deleted. A role that can write "
        "both the orders table and new audit objects (reconcile's) could still have added entries that never happened; "
        "compare them with the payment provider's own list.",
        "Not proven: anything against an administrator of this account, who can change the functions and the policies "
        "of bucket and sealing key. A copy of the seals in another account (sealCopyBucket) detects that.",
    )
