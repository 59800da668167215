"""Limits on the memory and work of one JSONata evaluation, and the errors for exceeding them."""

from __future__ import annotations

from typing import Final, cast

from ..asl.limits import MAX_PAYLOAD_BYTES

MAX_CHARACTERS: Final = 4_194_304
"""The maximum length of a string that an expression creates. Source: third-party measurements of Step Functions."""


class TooMuchMemory(Exception):
    """An expression needs more memory than Step Functions allows."""

    def __init__(self) -> None:
        super().__init__("Expression evaluation memory limit exceeded: Check for excessive memory usage")


class TooMuchWork(Exception):
    """An expression creates or reads more data than can be processed in a reasonable time."""

    def __init__(self) -> None:
        super().__init__("Expression evaluation took too long: Check for excessive data")


def work_of(value: object, *, created: bool) -> int:
    """Return the work of creating (`created`) or reading a list or a string: 1 per item created, 0.1 per item read.

    A character counts less than an item because it takes less memory: a tenth in a string that is too long to be passed
    to another state, and a hundredth in a shorter one.
    """
    if isinstance(value, list):
        size = len(cast("list[object]", value))
    elif isinstance(value, str):
        size = len(value) // (10 if len(value) > MAX_PAYLOAD_BYTES else 100)
    else:
        return 0
    return size if created else size // 10


def check_length(text: str) -> str:
    """Return a string; raises TooMuchMemory if it is longer than MAX_CHARACTERS."""
    if len(text) > MAX_CHARACTERS:
        raise TooMuchMemory
    return text
