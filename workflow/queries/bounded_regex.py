"""A bound on the time of regular expressions, which may backtrack for longer than anybody waits.

Python's `re` cannot be interrupted. A match that may take many steps, by the number of the pattern's repetitions and
the length of the string, is therefore first tried in a process of its own, whose processor time is limited; other
matches cost nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from typing import Final, cast

MAX_SECONDS: Final = 1
"""Processor time of a match, so that the verdict is the same on a busy machine."""
_MAX_WAIT_SECONDS: Final = 60
"""Limit of waiting where processor time cannot be limited."""
_MAX_STEPS: Final = 100_000_000
"""Steps of a match that is done here, less than about a second."""
_SHORT: Final = 20  # characters that no pattern takes long to match
_FEW: Final = 50
"""Repetitions up to here count as none."""
_NESTED: Final = 100
"""The degree of a pattern whose steps may double with every character."""
_PROBE: Final = (
    "import json, re, sys\np, f, t, place, whole, limit = json.load(sys.stdin)\n"
    "try:\n    import resource\nexcept ImportError:\n    pass\n"
    "else:\n    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))\n"
    "c = re.compile(p, f)\nc.fullmatch(t) if whole else c.search(t, place)"
)


class CannotMatch(ValueError):
    """A sentence about a pattern, or a string, that cannot be matched."""


def refuse_endless(pattern: re.Pattern[str], text: str, place: int = 0, *, whole: bool = False) -> None:
    """Raise CannotMatch if matching takes longer than MAX_SECONDS of processor time."""
    length = len(text) - place
    if length <= _SHORT or length ** (_degree(pattern.pattern, pattern.flags) + (not whole)) <= _MAX_STEPS:
        return
    import json
    import subprocess
    import sys

    flags = pattern.flags & (re.IGNORECASE | re.MULTILINE | re.DOTALL | re.ASCII)
    asked = json.dumps([pattern.pattern, int(flags), text, place, whole, MAX_SECONDS])
    command = [sys.executable, "-I", "-c", _PROBE]
    try:
        subprocess.run(command, input=asked, text=True, timeout=_MAX_WAIT_SECONDS, check=True)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        raise CannotMatch(f"/{pattern.pattern}/ takes more than {MAX_SECONDS} second for this string") from None


@lru_cache(maxsize=256)
def _degree(source: str, flags: int) -> int:
    """Return the power of a string's length by which steps grow: the repetitions, or _NESTED for one in another.

    A choice in a repetition counts as nested.
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
            many = int(cast("int", maximum)) > 1
            if many and repeated:
                return _NESTED
            degree += int(cast("int", maximum)) > _FEW
            stack.append((repetition, repeated or many))
        else:
            stack.extend((part, repeated) for part in parts)
    return min(degree, _NESTED)


def _parts(node: object) -> tuple[object, ...]:
    """Return the parts of a parsed pattern, or of a list or tuple in one; a leaf has none."""
    is_parent = isinstance(node, list | tuple) or type(node).__name__ == "SubPattern"
    return tuple(cast("Iterable[object]", node)) if is_parent else ()
