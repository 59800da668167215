"""Daily seals over the audit objects: what a seal covers, what it states, and how it is stored.

A seal covers every object whose key lies after the window of the previous seal and before the end of its own day. The
windows leave no gaps, so each object belongs to exactly one seal. The manifest lists the objects in parts of bounded
size, the statement names the parts and the previous statement by their hashes, and a signature covers the statement.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final, Protocol, Self, cast

from ..canonical import Json, canonical, digest

SCHEMA: Final = 1

MAX_PART_OBJECTS: Final = 5000
"""Objects in one part of a manifest: about one megabyte."""

SEALED_PREFIXES: Final = ("outcomes/", "refusals/")
"""In key order, so that a manifest is in key order too."""

SEALS_PREFIX: Final = "seals/"


def seal_key(day: str) -> str:
    """Return the key of a day's seal."""
    return f"{parts_prefix(day)}seal.json"


def part_key(day: str, number: int) -> str:
    """Return the key of a part of a day's manifest; the first has the number 1."""
    return f"{parts_prefix(day)}{number:06d}.jsonl"


def parts_prefix(day: str) -> str:
    """Return the key prefix of a day's seal and of the parts of its manifest."""
    return f"{SEALS_PREFIX}date={day}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The keys below one prefix that a seal covers: after `start` and before `end`."""

    prefix: str
    start: str
    end: str


def windows(after: str | None, day: str) -> tuple[Window, ...]:
    """Return the windows of the seal of `day`, whose predecessor is the seal of `after` (None: it is the first)."""
    return tuple(
        Window(
            prefix=prefix,
            start=_end_of(prefix, after) if after else prefix,
            end=_end_of(prefix, day),
        )
        for prefix in SEALED_PREFIXES
    )


def _end_of(prefix: str, day: str) -> str:
    """Return a key between the day's last and the next day: the slash after a date sorts before this digit."""
    return f"{prefix}date={day}0"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedObject:
    """An audit object and the hexadecimal SHA-256 of its content."""

    key: str
    sha256: str

    def line(self) -> str:
        """Return the object as a line of the manifest."""
        return canonical(asdict(self)) + "\n"


def write_part(objects: Iterable[SealedObject]) -> bytes:
    """Return a part of a manifest as it is stored."""
    return "".join(each.line() for each in objects).encode()


def read_part(content: bytes) -> Iterator[SealedObject]:
    """Parse the objects of a part.

    Raises:
        ValueError: it is not a part of a manifest.
    """
    for line in content.splitlines():
        fields = _mapping(json.loads(line))
        yield SealedObject(key=_text(fields, "key"), sha256=_text(fields, "sha256"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestPart:
    """A part of a manifest: its key, how many objects it lists, and the hexadecimal SHA-256 of its content."""

    key: str
    objects: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """The signed content: the day, the manifest, and the day (`after`) and the hash (`previous`) of the seal before."""

    day: str
    after: str | None
    parts: tuple[ManifestPart, ...]
    previous: str | None
    sealed_at: str

    @property
    def objects(self) -> int:
        """The number of objects that the seal covers."""
        return sum(part.objects for part in self.parts)

    def statement(self) -> dict[str, Json]:
        """Return the seal in the form that is signed."""
        return {
            "schema": SCHEMA,
            "kind": "seal",
            "day": self.day,
            "after": self.after,
            "objects": self.objects,
            "parts": [asdict(part) for part in self.parts],
            "previous": self.previous,
            "sealed_at": self.sealed_at,
        }

    def digest(self) -> str:
        """Return the hexadecimal SHA-256 of the statement: it is signed, and the next seal names it as `previous`."""
        return digest(self.statement())


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature, the ARN of its key, and the name of the algorithm in KMS."""

    key: str
    algorithm: str
    value: bytes


class SealSigner(Protocol):
    """The key that signs seals."""

    def sign(self, digest: bytes) -> Signature:
        """Sign a SHA-256.

        Raises:
            Unavailable: the key did not answer.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedSeal:
    """A seal with its signature, as it is stored."""

    seal: Seal
    signature: Signature

    def content(self) -> bytes:
        """Return the content of the stored object."""
        signature = {
            "key": self.signature.key,
            "algorithm": self.signature.algorithm,
            "value": base64.b64encode(self.signature.value).decode(),
        }
        return canonical({"statement": self.seal.statement(), "signature": signature}).encode()

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Parse a stored seal.

        Raises:
            ValueError: it is not a seal, or has fields that this release does not know.
        """
        stored = _mapping(json.loads(content))
        statement, signature = _mapping(stored.get("statement")), _mapping(stored.get("signature"))
        signed = cls(
            seal=_seal_from(statement),
            signature=Signature(
                key=_text(signature, "key"),
                algorithm=_text(signature, "algorithm"),
                value=base64.b64decode(_text(signature, "value"), validate=True),
            ),
        )
        if canonical(signed.seal.statement()) != canonical(statement):
            raise ValueError("it has fields that this release does not know")
        return signed


def _seal_from(statement: Mapping[str, Json]) -> Seal:
    parts = statement.get("parts")
    if not isinstance(parts, Sequence) or isinstance(parts, str):
        raise ValueError("parts must be a list")
    return Seal(
        day=_text(statement, "day"),
        after=_optional_text(statement, "after"),
        parts=tuple(_part_from(_mapping(part)) for part in parts),
        previous=_optional_text(statement, "previous"),
        sealed_at=_text(statement, "sealed_at"),
    )


def _part_from(fields: Mapping[str, Json]) -> ManifestPart:
    objects = fields.get("objects")
    if not isinstance(objects, int):
        raise ValueError("objects must be an integer")
    return ManifestPart(key=_text(fields, "key"), objects=objects, sha256=_text(fields, "sha256"))


def _mapping(value: Json) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise ValueError("an object is missing")
    return value


def _text(fields: Mapping[str, Json], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a string")
    return value


def _optional_text(fields: Mapping[str, Json], name: str) -> str | None:
    return cast("None", fields[name]) if name in fields and fields[name] is None else _text(fields, name)
