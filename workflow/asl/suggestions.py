"""Suggestions for misspelled words, and lists of words for messages."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

_MIN_PART_LENGTH: Final = 4  # the minimum length of a prefix or suffix that stands for a word
_MAX_PAIRS: Final = 200_000
"""The maximum number of comparisons; that many take a third of a second."""


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the closest of the known words; None if none is close."""
    known = list(words)
    for candidate in known:
        if candidate.lower() == word.lower():
            return candidate
    import difflib

    matches = difflib.get_close_matches(word[:100], known, 1, 0.72)
    return matches[0] if matches else None


def likely(word: str, words: Collection[str]) -> str | None:
    """Return the closest known word, or else the only one of which the word is a prefix or suffix, or vice versa."""
    closest = nearest(word, words)
    if closest is not None:
        return closest
    matches = [each for each in words if _is_part(word.lower(), each.lower())]
    return matches[0] if len(matches) == 1 else None


def _is_part(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) >= _MIN_PART_LENGTH and (long.startswith(short) or long.endswith(short))


class Guesses:
    """Suggestions with a budget of comparisons; once it is spent, nothing more is suggested."""

    def __init__(self) -> None:
        self._pairs = 0

    def nearest(self, word: str, words: Collection[str]) -> str | None:
        """Return the closest of the known words; None if none is close or the budget is spent."""
        self._pairs += len(words)
        return nearest(word, words) if self._pairs <= _MAX_PAIRS else None


def format_list(words: Sequence[str], last: str = "and") -> str:
    """Return words as a list for a message, such as `a, b and c`."""
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def suggest(word: str, words: Collection[str], otherwise: str = "") -> str:
    """Return "Did you mean …?" with the word that was probably meant, or `otherwise` if there is none."""
    candidate = likely(word, words)
    return f"Did you mean {candidate}?" if candidate else otherwise
