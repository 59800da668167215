"""The one spelling of a value: canonical JSON with its hashes, and instants in UTC that sort as strings."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

Json = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]


def canonical(value: Json) -> str:
    """JSON with sorted keys, no white space and only ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def sha256(text: str) -> str:
    """The hexadecimal SHA-256 of an ASCII text."""
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def digest(value: Json) -> str:
    """The SHA-256 of a value's canonical spelling."""
    return sha256(canonical(value))


def salted(salt: str, value: Json) -> str:
    """A hash that says whether two values are the same, and without the salt not which one it is."""
    return digest([salt, value])


def parse_instant(text: str) -> datetime:
    """The instant that a text names; one without an offset is in UTC."""
    parsed = datetime.fromisoformat(text)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)


def format_instant(moment: datetime) -> str:
    """An instant in its one spelling."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def day_of(text: str) -> str:
    """The day (YYYY-MM-DD) of a written instant."""
    return text[:10]
