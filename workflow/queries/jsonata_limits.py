"""Limits on the memory and the work of one evaluation of JSONata, and the errors beyond them."""

from __future__ import annotations

from typing import Final, cast

from ..asl.limits import MAX_PAYLOAD_BYTES

MAX_CHARACTERS: Final = 4_194_304
"""Characters of a string that an expression makes. Source: measured on Step Functions by others."""


class TooMuchMemory(Exception):
    """An expression makes more than Step Functions holds."""

    def __init__(self) -> None:
        super().__init__("Expression evaluation memory limit exceeded: Check for excessive memory usage")


class TooMuchWork(Exception):
    """An expression makes or goes through more data than anybody waits for."""

    def __init__(self) -> None:
        super().__init__("Expression evaluation took too long: Check for excessive data")


def work_of(value: object, *, made: bool) -> int:
    """Return the work of a list or string that is made, or gone through, by its length.

    Strings weigh less, for they take less memory: long ones, which no state can pass on, a tenth of a list's items.
    """
    if isinstance(value, list):
        size = len(cast("list[object]", value))
    elif isinstance(value, str):
        size = len(value) // (10 if len(value) > MAX_PAYLOAD_BYTES else 100)
    else:
        return 0
    return size if made else size // 10


def bounded(text: str) -> str:
    """Return the string unless it is too long."""
    if len(text) > MAX_CHARACTERS:
        raise TooMuchMemory
    return text
