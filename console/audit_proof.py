"""The proof of each audit object of an order: agreement with the ledger, lock, and the seal that covers it."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from handlers.adapters.kms_signer import is_signature_valid
from handlers.adapters.s3_audit import S3AuditTrail
from handlers.domain.trail.audit import outcomes_of
from handlers.domain.trail.seals import SEALS_PREFIX, SignedSeal, read_part
from handlers.domain.trail.verification import StoredOrder, judge_outcome, required_records

from .deployment import Deployment

_SEAL_FILE: Final = "/seal.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One audit object of an order, or one that is missing."""

    key: str
    problems: tuple[str, ...] = ()
    locked_until: datetime | None = None
    lock_mode: str = ""
    sealed_on: str | None = None
    """The day whose seal covers it; None if no seal does yet."""
    seal_note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditProver:
    """A reader of audit objects, their locks and seals; each seal and manifest part is read once."""

    audit: S3AuditTrail
    kms: Any = None
    seal_key: str | None = None
    _seals: dict[str, SignedSeal | None] = field(default_factory=dict[str, SignedSeal | None])
    _hashes: dict[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    @classmethod
    def of(cls, deployment: Deployment) -> "AuditProver":
        """Return the prover of a deployment."""
        key = deployment.outputs.get("sealKeyArn")
        return cls(
            audit=S3AuditTrail(client=deployment.client("s3"), bucket=deployment.output("auditBucket")),
            kms=deployment.client("kms") if key else None,
            seal_key=str(key) if key else None,
        )

    def rows(self, stored: StoredOrder) -> Iterator[AuditRow]:
        """Yield a row for each audit object of an order, and for each that its ledger requires and that is missing."""
        days = sorted({str(entry.get("recorded_at", entry.get("at")))[:10] for entry in stored.entries})
        keys = [key for day in days for key in self._keys(outcomes_of(stored.order_id, day))]
        for key in keys:
            yield self._row(key, self.audit.read(key) or b"", stored)
        for key in sorted(required_records(stored).keys() - set(keys)):
            yield AuditRow(key=key, problems=("The ledger requires this object, and it is missing.",))

    def _row(self, key: str, content: bytes, stored: StoredOrder) -> AuditRow:
        locked_until, mode = self._lock(key)
        sealed_on, note, is_proven = self._seal_of(key, content)
        problems = [finding.message for finding in judge_outcome(key, content, stored)]
        return AuditRow(
            key=key,
            problems=tuple(problems if is_proven else [*problems, note]),
            locked_until=locked_until,
            lock_mode=mode,
            sealed_on=sealed_on,
            seal_note=note,
        )

    def _keys(self, prefix: str) -> Iterator[str]:
        after: str | None = ""
        while after is not None:
            page = self.audit.keys(prefix, after or None)
            yield from page.names
            after = page.after

    def _lock(self, key: str) -> tuple[datetime | None, str]:
        client: Any = self.audit.client  # S3Client has only what the functions use, and they do not read retentions
        try:
            retention = client.get_object_retention(Bucket=self.audit.bucket, Key=key).get("Retention", {})
        except ClientError:  # no object lock, or no permission to read it
            return None, ""
        return retention.get("RetainUntilDate"), str(retention.get("Mode", ""))

    def _seal_of(self, key: str, content: bytes) -> tuple[str | None, str, bool]:
        """Return the day of the seal over an object, a note, and False if the seal contradicts the object."""
        signed = self._seal_after(key.partition("date=")[2][:10])
        if signed is None:
            return None, "No seal covers it yet; a day is sealed 48 hours after its end.", True
        day = signed.seal.day
        sealed = self._sealed_hash(signed, key)
        if sealed is None:
            return day, f"The seal of {day} does not list it: it was written after its day was sealed.", False
        if sealed != hashlib.sha256(content).hexdigest():
            return day, f"It differs from what was sealed on {day}.", False
        if not self._is_signed(signed):
            return day, f"The sealing key did not sign the seal of {day}.", False
        return day, f"Unchanged since the seal of {day}, whose signature is valid.", True

    def _seal_after(self, day: str) -> SignedSeal | None:
        """Return the earliest seal of `day` or later: it covers the objects of that day."""
        if day not in self._seals:
            names = self._keys_after(f"{SEALS_PREFIX}date={day}")
            found = next((name for name in names if name.endswith(_SEAL_FILE)), None)
            self._seals[day] = _parse_seal(self.audit.read(found) or b"") if found else None
        return self._seals[day]

    def _keys_after(self, position: str) -> Iterator[str]:
        after: str | None = position
        while after is not None:
            page = self.audit.keys(SEALS_PREFIX, after)
            yield from page.names
            after = page.after

    def _sealed_hash(self, signed: SignedSeal, key: str) -> str | None:
        found = (self._part(part.key).get(key) for part in signed.seal.parts)
        return next((sha256 for sha256 in found if sha256), None)

    def _part(self, key: str) -> Mapping[str, str]:
        if key not in self._hashes:
            self._hashes[key] = {each.key: each.sha256 for each in read_part(self.audit.read(key) or b"")}
        return self._hashes[key]

    def _is_signed(self, signed: SignedSeal) -> bool:
        if self.seal_key is None:
            return False
        return is_signature_valid(self.kms, self.seal_key, bytes.fromhex(signed.seal.digest()), signed.signature)


def _parse_seal(content: bytes) -> SignedSeal | None:
    try:
        return SignedSeal.parse(content)
    except ValueError:
        return None
