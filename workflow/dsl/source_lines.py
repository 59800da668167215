"""Lines in the user's own program that errors point to."""

from __future__ import annotations

import sys

from ..asl.records import Record

_OWN = (__name__.rpartition(".")[0], "workflow.deprecation")


class SourceLine(Record):
    """A line of a file."""

    file: str
    line: int


def find_source_line() -> SourceLine | None:
    """Return the line that called into the workflow language; None if there is none."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  # as logging does
    while frame.f_globals.get("__name__", "").startswith(_OWN):
        if frame.f_back is None:
            return None
        frame = frame.f_back
    return SourceLine(frame.f_code.co_filename, frame.f_lineno)
