"""What `check` says, and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or doubtful in a definition."""

    code: str
    """In the manner of ValidateStateMachineDefinition, and the same where AWS has one."""
    severity: Severity
    """`error`: AWS refuses it, or it cannot work. `warning`: it runs, and is hardly meant so."""
    pointer: str
    """JSON pointer (RFC 6901) of the value; empty for the whole document."""
    sentence: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: {self.severity} {self.code}: {self.sentence} {self.remedy}".rstrip()


class Findings:
    """Collects findings; each is said once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], Finding] = {}

    def error(self, code: str, pointer: str, sentence: str, remedy: str = "") -> None:
        """Something that AWS refuses or that cannot work."""
        self._add(Finding(code, "error", _printable(pointer), _printable(sentence), _printable(remedy)))

    def warning(self, code: str, pointer: str, sentence: str, remedy: str = "") -> None:
        """Something that runs and is hardly meant so."""
        self._add(Finding(code, "warning", _printable(pointer), _printable(sentence), _printable(remedy)))

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._found.values())

    def has_within(self, pointer: str) -> bool:
        """Whether something was said about a member of this place."""
        return any(place.startswith(pointer + "/") for _, place, _ in self._found)

    def _add(self, finding: Finding) -> None:
        self._found.setdefault((finding.code, finding.pointer, finding.sentence), finding)


def _printable(text: str) -> str:
    """The text with halves of surrogate pairs, which nobody can print, escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The word that was probably meant."""
    known = list(words)
    for candidate in known:
        if candidate.lower() == word.lower():
            return candidate
    import difflib

    near = difflib.get_close_matches(word[:100], known, 1, 0.72)
    return near[0] if near else None


def meant(word: str, words: Iterable[str], otherwise: str = "") -> str:
    """A remedy that names the word that was probably meant."""
    near = nearest(word, words)
    return f"Did you mean {near}?" if near else otherwise
