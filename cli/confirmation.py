"""Confirmation of verbs that delete something: `--yes`, or an answer on the terminal."""

import sys
from typing import Annotated

import typer

from .command_errors import CommandFailed, UsageError

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")]


def confirm(question: str, *, yes: bool, without_terminal: str | None = None) -> None:
    """Return if the deletion is confirmed.

    Without `--yes` the question needs a terminal. If there is none, the verb fails with the reason `without_terminal`,
    or continues if that is None.

    Raises:
        UsageError: there is no terminal to ask on.
        CommandFailed: the answer was not yes.
    """
    if yes:
        return
    if not has_terminal():
        if without_terminal is None:
            return
        raise UsageError(f"{without_terminal} Add --yes to confirm.")
    if not typer.confirm(question, err=True):
        raise CommandFailed("Nothing was deleted.")


def has_terminal() -> bool:
    """Return True if a person can read the question and answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()
