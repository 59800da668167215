"""Handles of requests, with which only their caller can ask for the result later."""

import base64
import binascii
import hmac
import json
from dataclasses import astuple, dataclass
from typing import Any, Final, cast

from ...domain.canonical import Json, canonical, digest
from ...domain.requests import ProofSigner

_VERSION: Final = 1
_TAG_LENGTH: Final = 32
_MAX_LENGTH: Final = 700


@dataclass(frozen=True, slots=True)
class RequestHandle:
    """One request: its order, action, id and execution, and the day on which it was started."""

    order_id: str
    action: str
    request_id: str
    execution: str
    day: str

    def encode(self, person_id: str, key: ProofSigner) -> str:
        """Return the handle as a string that only `person_id` can use."""
        parts = [_VERSION, *astuple(self), _tag(self, person_id, key)]
        return base64.urlsafe_b64encode(canonical(parts).encode()).decode().rstrip("=")


def decode_handle(text: str, person_id: str, key: ProofSigner) -> RequestHandle | None:
    """Parse a handle; None if it is malformed, altered, or was issued to somebody else."""
    parts = _parts(text)
    if parts is None or parts[0] != _VERSION or not all(isinstance(part, str) for part in parts[1:]):
        return None
    order_id, action, request_id, execution, day, tag = cast("list[str]", parts[1:])
    handle = RequestHandle(order_id, action, request_id, execution, day)
    return handle if hmac.compare_digest(tag.encode(), _tag(handle, person_id, key).encode()) else None


def _parts(text: str) -> list[Any] | None:
    if len(text) > _MAX_LENGTH or not text.isascii():
        return None
    try:
        value = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    is_list = isinstance(value, list) and len(cast("list[Any]", value)) == 7  # type: ignore[redundant-cast]  # pyright needs it
    return cast("list[Any]", value) if is_list else None


def _tag(handle: RequestHandle, person_id: str, key: ProofSigner) -> str:
    """Return the MAC that binds a handle to a person. It differs from every MAC of a statement about a caller."""
    bound: Json = ["handle", person_id, *astuple(handle)]
    return key.sign(digest(bound).encode("ascii"))[:_TAG_LENGTH]
