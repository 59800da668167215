"""A bound on the time of regular expressions, which may backtrack for longer than anybody waits.

Python's `re` cannot be interrupted. A pattern with a repetition inside a repetition is therefore first tried in a
process of its own, which is stopped after some seconds; other patterns cost nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from typing import Final, cast

MAX_SECONDS: Final = 5
_SHORT: Final = 20  # characters that no pattern takes long to match
_PROBE: Final = (
    "import json, re, sys\np, f, t, place, whole = json.load(sys.stdin)\n"
    "c = re.compile(p, f)\nc.fullmatch(t) if whole else c.search(t, place)"
)


class CannotMatch(ValueError):
    """A sentence about a pattern, or a string, that cannot be matched."""


def refuse_endless(pattern: re.Pattern[str], text: str, place: int = 0, *, whole: bool = False) -> None:
    """Raise CannotMatch if matching takes longer than MAX_SECONDS."""
    if len(text) - place <= _SHORT or not _may_backtrack(pattern.pattern, pattern.flags):
        return
    import json
    import subprocess
    import sys

    flags = pattern.flags & (re.IGNORECASE | re.MULTILINE | re.DOTALL | re.ASCII)
    asked = json.dumps([pattern.pattern, int(flags), text, place, whole])
    try:
        subprocess.run([sys.executable, "-I", "-c", _PROBE], input=asked, text=True, timeout=MAX_SECONDS, check=True)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        raise CannotMatch(f"/{pattern.pattern}/ takes more than {MAX_SECONDS} seconds for this string") from None


@lru_cache(maxsize=256)
def _may_backtrack(source: str, flags: int) -> bool:
    """Return true for a repetition, or a choice, inside a repetition."""
    stack: list[tuple[object, bool]] = [(import_module("re._parser").parse(source, flags), False)]
    while stack:
        node, repeated = stack.pop()
        parts = _parts(node)
        operation = str(parts[0]) if isinstance(node, tuple) and len(parts) == 2 else ""
        if operation == "BRANCH" and repeated:
            return True
        if operation in ("MAX_REPEAT", "MIN_REPEAT"):
            _, maximum, repetition = _parts(parts[1])
            many = int(cast("int", maximum)) > 1
            if many and repeated:
                return True
            stack.append((repetition, repeated or many))
        else:
            stack.extend((part, repeated) for part in parts)
    return False


def _parts(node: object) -> tuple[object, ...]:
    """Return the parts of a parsed pattern, or of a list or tuple in one; a leaf has none."""
    is_parent = isinstance(node, list | tuple) or type(node).__name__ == "SubPattern"
    return tuple(cast("Iterable[object]", node)) if is_parent else ()
