"""Output: one JSON document or tables on standard output; progress goes to standard error."""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .json_output import print_json

COLOURS: Final = {"succeeded": "green", "pending": "cyan", "rejected": "yellow", "failed": "red", "unknown": "magenta"}
PIPE_WIDTH: Final = 160  # columns without a terminal
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")]


def stdout_console() -> Console:
    """Return a new console on standard output each time, because tests replace the stream."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def stderr_console() -> Console:
    """Return a console on standard error, for progress."""
    console = Console(stderr=True, highlight=False)
    return console if console.is_terminal else Console(stderr=True, highlight=False, width=PIPE_WIDTH)


def show(as_json: bool, document: Any, draw: Callable[[Console], None]) -> None:
    """Print the document as JSON, or call `draw` to print it for people."""
    if as_json:
        print_json(document)
    else:
        draw(stdout_console())


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str | Text]], right: Sequence[str] = ()) -> Table:
    """Build a table with a title; the columns named in `right` are aligned to the right."""
    built = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=None, pad_edge=False)
    for column in columns:
        built.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        built.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    return built


def status_text(status: str) -> Text:
    """Return a booking's status in its colour."""
    return Text(status, style=COLOURS.get(status, ""))


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun, such as `1 order` or `2 orders`."""
    return f"{number} {singular if number == 1 else plural or f'{singular}s'}"
