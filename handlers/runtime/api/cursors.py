"""Cursors of lists: an unsigned position, the caller's filters and the version, in one string.

A cursor only decides where a list continues. The caller's permissions are checked again for every page.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from ...domain.canonical import Json, canonical, digest
from .http_calls import ApiProblem

_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorPosition:
    """A position in a list over several partitions."""

    partition: int = 0
    sort: str = ""
    order_id: str = ""


def encode_cursor(position: CursorPosition, filters: Mapping[str, Json]) -> str:
    """Return the cursor of a position in the list that the filters select."""
    parts: list[Json] = [_VERSION, digest(filters)[:16], position.partition, position.sort, position.order_id]
    return base64.urlsafe_b64encode(canonical(parts).encode()).decode().rstrip("=")


def decode_cursor(text: str, filters: Mapping[str, Json]) -> CursorPosition:
    """Return the position in a cursor.

    Raises:
        ApiProblem: it is malformed, or was issued for other filters or another caller.
    """
    parts = _parts(text)
    if parts is None or parts[:2] != [_VERSION, digest(filters)[:16]]:
        raise ApiProblem(
            400, "BAD_CURSOR", "cursor must come from the previous page, with the same filters and caller."
        )
    return CursorPosition(partition=parts[2], sort=parts[3], order_id=parts[4])


def _parts(text: str) -> list[Any] | None:
    try:
        value = json.loads(base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    parts = cast("list[Any]", value) if isinstance(value, list) else []  # type: ignore[redundant-cast]  # pyright needs it
    kinds: list[Any] = [type(part) for part in parts]
    is_form = kinds == [int, str, int, str, str] and 0 <= parts[2] < 10_000 and len(parts[3]) <= 40
    return parts if is_form and len(parts[4]) <= 64 and _is_plain(parts[3] + parts[4]) else None


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and '"' not in text
