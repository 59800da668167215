"""Limit the time of regular expression matches, which can backtrack almost forever.

Python's `re` cannot be interrupted. A match that may take many steps, judging by the number of repetitions in the
pattern and the length of the string, is therefore first tried in a separate process with limited CPU time. Other
matches have no overhead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from typing import Final, cast

MAX_SECONDS: Final = 1
"""The maximum CPU time of a match; unlike wall time, it gives the same verdict on a busy machine."""
_MAX_WAIT_SECONDS: Final = 60
"""The maximum wall time of a match, where the platform cannot limit CPU time."""
_MAX_STEPS: Final = 100_000_000
"""The maximum estimated steps of a match that runs in this process; they take less than about a second."""
_CHEAP_LENGTH: Final = 20  # characters; no pattern takes long to match so few
_CHEAP_REPETITIONS: Final = 50
"""A repetition of at most this many does not raise a pattern's degree."""
_NESTED: Final = 100
"""The degree given to a pattern whose steps may double with every character."""
_PROBE: Final = (
    "import json, re, sys\np, f, t, start, fullmatch, limit = json.load(sys.stdin)\n"
    "try:\n    import resource\nexcept ImportError:\n    pass\n"
    "else:\n    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))\n"
    "c = re.compile(p, f)\nc.fullmatch(t) if fullmatch else c.search(t, start)"
)


class CannotMatch(ValueError):
    """A pattern or string that cannot be matched; the message gives the reason."""


def reject_endless(pattern: re.Pattern[str], text: str, start: int = 0, *, fullmatch: bool = False) -> None:
    """Raise CannotMatch if matching takes more than MAX_SECONDS of CPU time."""
    length = len(text) - start
    if length <= _CHEAP_LENGTH or length ** (_degree(pattern.pattern, pattern.flags) + (not fullmatch)) <= _MAX_STEPS:
        return
    import json
    import subprocess
    import sys

    flags = pattern.flags & (re.IGNORECASE | re.MULTILINE | re.DOTALL | re.ASCII)
    request = json.dumps([pattern.pattern, int(flags), text, start, fullmatch, MAX_SECONDS])
    command = [sys.executable, "-I", "-c", _PROBE]
    try:
        subprocess.run(command, input=request, text=True, timeout=_MAX_WAIT_SECONDS, check=True)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        raise CannotMatch(f"/{pattern.pattern}/ takes more than {MAX_SECONDS} second to match this string") from None


@lru_cache(maxsize=256)
def _degree(source: str, flags: int) -> int:
    """Return the power of the string's length with which the steps of a match grow.

    It is the number of repetitions, or _NESTED if a repetition contains another one or an alternation.
    """
    stack: list[tuple[object, bool]] = [(import_module("re._parser").parse(source, flags), False)]
    degree = 0
    while stack:
        node, repeated = stack.pop()
        parts = _parts(node)
        operation = str(parts[0]) if isinstance(node, tuple) and len(parts) == 2 else ""
        if operation == "BRANCH" and repeated:
            return _NESTED
        if operation in ("MAX_REPEAT", "MIN_REPEAT"):
            _, maximum, repetition = _parts(parts[1])
            is_repeated = int(cast("int", maximum)) > 1
            if is_repeated and repeated:
                return _NESTED
            degree += int(cast("int", maximum)) > _CHEAP_REPETITIONS
            stack.append((repetition, repeated or is_repeated))
        else:
            stack.extend((part, repeated) for part in parts)
    return min(degree, _NESTED)


def _parts(node: object) -> tuple[object, ...]:
    """Return the parts of a parsed pattern, or of a list or tuple in it; empty for a leaf."""
    is_parent = isinstance(node, list | tuple) or type(node).__name__ == "SubPattern"
    return tuple(cast("Iterable[object]", node)) if is_parent else ()
