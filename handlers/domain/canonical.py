"""One spelling for one value, so that equal things have equal hashes."""

import hashlib
import json
from collections.abc import Mapping, Sequence

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
