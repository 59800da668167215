"""The normal form in which both drivers hand over a resource's properties: plain values, and two kinds of their own.

A driver unwraps whatever its wire has (protobuf signatures, the mocks' wrapped dictionaries) into `None`, `bool`,
`int`, `float`, `str`, `list`, `dict` with the program's camelCase keys, `FileArchive` and `UNKNOWN`. Secrets are the
driver's business alone: it remembers their paths, hands over what is inside, and wraps the same paths of the outputs
again (and those that `Provider.secret_outputs` adds).
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

Values: TypeAlias = dict[str, Any]
"""Values under the names of a service or of Pulumi: properties, parameters of a request, parts of a response."""
ReadonlyValues: TypeAlias = Mapping[str, Any]
"""The same, for those who only read them."""
PropertyPath: TypeAlias = tuple[str | int, ...]
"""The place of a value in a resource's properties: ("attributes", 0, "name")."""


class _Unknown(enum.Enum):
    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = _Unknown.UNKNOWN
"""Stands for what only a creation can tell; met in previews only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileArchive:
    """A file or folder that the program hands over. Two with one hash are equal, wherever they lie."""

    hash: str
    path: Path | None = None
    is_asset: bool = False
    """A file for its own sake (Pulumi's asset), not a package of files (its archive)."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FileArchive) and other.hash == self.hash

    def __hash__(self) -> int:
        return hash(self.hash)


def integral_to_int(value: Any) -> Any:
    """The same value with 5.0 as 5: protobuf knows only floats, and boto3 refuses them where AWS counts."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: integral_to_int(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [integral_to_int(item) for item in value]
    return value


def has_unknown(value: object) -> bool:
    """Is any part of the value known only after a creation?"""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN


def format_path(path: PropertyPath) -> str:
    """A path as Pulumi spells it in errors and detailed diffs.

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
