"""The console blocks of a documentation page: commands after `$ `, each followed by its output.

In the expected output, a line `…` stands for any lines, and `…` within a line for any text. Spaces at the end of a line
do not count.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonStep:
    """A command of a page and its expected output."""

    command: str
    expected: str

    @property
    def arguments(self) -> list[str]:
        """The command's words, split like a shell."""
        return shlex.split(self.command)

    def matches(self, output: str) -> bool:
        """Compare the command's output with the page."""
        printed = "".join(f"{line.rstrip()}\n" for line in output.splitlines())
        lines = ("(?:.*\n)*" if line == "…" else _line_pattern(line) for line in self.expected.splitlines())
        return re.fullmatch("".join(lines), printed) is not None


def _line_pattern(line: str) -> str:
    return ".*".join(map(re.escape, line.rstrip().split("…"))) + "\n"


def lesson_steps(page: Path) -> Iterator[LessonStep]:
    """Yield the commands of all console blocks of a page, in order."""
    for block in re.findall(r"^```console\n(.*?)^```", page.read_text("utf-8"), re.M | re.S):
        for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.M):
            yield LessonStep(command=command, expected=expected)


def saved_files(page: Path) -> dict[str, str]:
    """Return the files that a page asks the reader to save: name → text of the block after ``... as `name`:``."""
    return dict(re.findall(r"as `([\w.]+)`:\n\n```\w+\n(.*?)^```", page.read_text("utf-8"), re.M | re.S))
