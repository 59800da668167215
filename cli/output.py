"""How results look: JSON for programs on standard output, tables for people; progress goes to standard error."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

COLOURS: Final = {"succeeded": "green", "rejected": "yellow", "failed": "red", "unknown": "magenta"}


PIPE_WIDTH: Final = 160  # columns where nobody's terminal sets them: a log wraps by itself


def stdout_console() -> Console:
    """Standard output; made afresh, for tests and pipes replace the stream."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def stderr_console() -> Console:
    """Standard error, for progress."""
    return Console(stderr=True, highlight=False)


def show(as_json: bool, document: Any, draw: Callable[[Console], None]) -> None:
    """Print the document as JSON, or let `draw` print it for people."""
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=not _is_utf8_output()))
    else:
        draw(stdout_console())


def _is_utf8_output() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str | Text]], right: Sequence[str] = ()) -> Table:
    """A table with a title; the columns named in `right` are numbers."""
    made = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    return made


def status_text(status: str) -> Text:
    """A booking's status in its colour."""
    return Text(status, style=COLOURS.get(status, ""))
