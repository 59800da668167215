"""The word that was probably meant, and words in a sentence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

_SHORTEST_PART: Final = 4  # of a word, to be taken for the word
_MAX_PAIRS: Final = 200_000
"""So many take a third of a second."""


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The word that was probably meant."""
    known = list(words)
    for candidate in known:
        if candidate.lower() == word.lower():
            return candidate
    import difflib

    near = difflib.get_close_matches(word[:100], known, 1, 0.72)
    return near[0] if near else None


def likely(word: str, words: Collection[str]) -> str | None:
    """Return the word that was probably meant, also for a prefix, a suffix or a longer word."""
    near = nearest(word, words)
    if near is not None:
        return near
    alike = [each for each in words if _is_part(word.lower(), each.lower())]
    return alike[0] if len(alike) == 1 else None


def _is_part(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) >= _SHORTEST_PART and (long.startswith(short) or long.endswith(short))


class Guesses:
    """Guesses words among many, until it has compared so many pairs that it would take long."""

    def __init__(self) -> None:
        self._pairs = 0

    def nearest(self, word: str, words: Collection[str]) -> str | None:
        """The word that was probably meant; None also where no more is compared."""
        self._pairs += len(words)
        return nearest(word, words) if self._pairs <= _MAX_PAIRS else None


def joined(words: Sequence[str], last: str = "and") -> str:
    """Words as a sentence lists them."""
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def suggest(word: str, words: Collection[str], otherwise: str = "") -> str:
    """Return a remedy that names the word that was probably meant."""
    near = likely(word, words)
    return f"Did you mean {near}?" if near else otherwise
