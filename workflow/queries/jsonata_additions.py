"""Functions that Step Functions adds to JSONata, and `$now` and `$millis` on the virtual clock of a run.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import hashlib
import itertools
import uuid
from collections.abc import Callable
from typing import Any, Final

from ..asl.json_values import NotJson, json_text, read_json
from .intrinsic_functions import HASHES, Randomness
from .jsonata_engine import function, to_engine
from .jsonata_library import Functions
from .jsonata_limits import TooMuchMemory
from .jsonata_messages import TooDeep
from .jsonata_values import THREW, JsonataFailed, to_json

MAX_RANGE_ITEMS: Final = 360_145
"""The maximum length of the result of `$range`. Source: third-party measurements of Step Functions."""
_JAVA_FACTOR: Final = 0x5DEECE66D
_JAVA_MASK: Final = (1 << 48) - 1
MAX_DEPTH: Final = 100
"""The maximum nesting depth of an evaluation.

Source: third-party measurements of Step Functions, with 99 to 101 levels of five kinds.
"""
MAX_STEPS: Final = 1_000_000
"""The steps after which an evaluation is taken for an infinite loop; Step Functions limits its time instead."""


def additions(randomness: Randomness, now_ms: Callable[[], int]) -> dict[str, Any]:
    """Return the functions of one run, by name without `$`."""

    def now(picture: str | None, timezone: str | None) -> object:
        return Functions.datetime_from_millis(now_ms(), picture, timezone)

    def random_number(seed: float | None) -> float:
        return randomness.random() if seed is None else _java_random(int(seed))

    computed: dict[str, Callable[..., object]] = {
        "partition": _partition,
        "range": _range,
        "hash": _hash,
        "eval": _eval,
        "parse": _parse,
        "random": random_number,
        "uuid": lambda: str(uuid.UUID(int=randomness.getrandbits(128), version=4)),
        "millis": now_ms,
        "now": now,
    }
    return {name: function(name, compute) for name, compute in computed.items()}


def evaluation_limits(too_long: Exception | None = None, max_steps: int = MAX_STEPS) -> dict[str, Callable[..., None]]:
    """Return callbacks for before and after each step of an evaluation, which stop a runaway evaluation.

    They count steps and not time, so that an expression always fails at the same step.
    """
    steps, depth = itertools.count(1), 0
    message = f"did not end within {MAX_STEPS:,} steps. Check for infinite loop"

    def enter(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise TooDeep
        if next(steps) > max_steps:
            raise too_long or JsonataFailed(message)

    def leave(*_: object) -> None:
        nonlocal depth
        depth -= 1

    return {"__evaluate_entry": enter, "__evaluate_exit": leave}


def _partition(items: list[object], size: float) -> list[list[object]] | None:
    """Split items into chunks; undefined without items or for a size below 1. The size is truncated towards zero."""
    chunk_size = int(size)
    return (
        [items[start : start + chunk_size] for start in range(0, len(items), chunk_size)]
        if items and chunk_size > 0
        else None
    )


def _range(first: float, last: float, step: float | None) -> list[int] | int | None:
    """Return the integers from first to last; a single one is not in a list, and an empty range is undefined.

    All arguments are truncated towards zero.
    """
    by = int(step or 0)
    numbers = range(int(first), int(last) + (1 if by > 0 else -1), by) if by else range(0)
    if len(numbers) > MAX_RANGE_ITEMS:
        raise TooMuchMemory
    return numbers[0] if len(numbers) == 1 else list(numbers) or None


def _eval(expression: object, context: object) -> None:
    del expression, context
    raise JsonataFailed(f"{THREW}. T1006: Attempted to invoke a non-function")


def _hash(value: object, algorithm: str | None) -> str | None:
    if algorithm is None:
        return None
    if algorithm not in HASHES:
        raise JsonataFailed(f"{THREW}: $hash: the algorithm must be one of {', '.join(HASHES)}")
    text = value if isinstance(value, str) else json_text(to_json(value))
    return hashlib.new(HASHES[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _java_random(seed: int) -> float:
    """Return the first number of Java's random generator, as Step Functions does for a seed."""
    state = (seed ^ _JAVA_FACTOR) & _JAVA_MASK
    bits: list[int] = []
    for width in (26, 27):
        state = (state * _JAVA_FACTOR + 11) & _JAVA_MASK
        bits.append(state >> (48 - width))
    return ((bits[0] << 27) + bits[1]) / (1 << 53)


def _parse(text: str) -> object:
    try:
        return to_engine(read_json(text)[0])
    except (NotJson, AttributeError) as error:
        raise JsonataFailed(f"{THREW}: $parse: {error}") from None
