"""The normal form in which both drivers pass a resource's properties: plain values, and two special kinds.

A driver unwraps its wire format (protobuf signatures, the mocks' wrapped dictionaries) into `None`, `bool`, `int`,
`float`, `str`, `list`, `dict` with the program's camelCase keys, `FileArchive` and `UNKNOWN`. Only the driver handles
secrets: it records their paths, passes their values, and wraps the same paths of the outputs again (and those that
`Provider.secret_outputs` adds).
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

Values: TypeAlias = dict[str, Any]
"""Values under the names of a service or of Pulumi: properties, parameters of a request, parts of a response."""
ReadonlyValues: TypeAlias = Mapping[str, Any]
"""Read-only values."""
PropertyPath: TypeAlias = tuple[str | int, ...]
"""The place of a value in a resource's properties: ("attributes", 0, "name")."""


class _Unknown(enum.Enum):
    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = _Unknown.UNKNOWN
"""A placeholder for a value that only a creation provides; it occurs only in previews."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileArchive:
    """A file or folder from the program. Two with the same hash are equal, wherever they are."""

    hash: str
    path: Path | None = None
    is_asset: bool = False
    """True for a single file (Pulumi's asset) instead of a package of files (its archive)."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FileArchive) and other.hash == self.hash

    def __hash__(self) -> int:
        return hash(self.hash)


def integral_to_int(value: Any) -> Any:
    """Return the value with whole floats as integers: protobuf has only floats, and boto3 requires integers."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: integral_to_int(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [integral_to_int(item) for item in value]
    return value


def has_unknown(value: object) -> bool:
    """Return whether any part of the value is unknown before a creation."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN


def format_path(path: PropertyPath) -> str:
    """Format a path as in Pulumi's errors and detailed diffs.

    >>> format_path(("tags", "a.b"))
    'tags["a.b"]'
    >>> format_path(("attributes", 0, "name"))
    'attributes[0].name'
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.replace("_", "").isalnum():
            text += f".{part}" if text else part
        else:
            text += '["' + part.replace('"', '\\"') + '"]'
    return text
