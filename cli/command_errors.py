"""Errors that end the command, and the exit codes.

CommandFailed something is wrong, as the message explains; exit code 1 └── UsageError     an argument, or a file that it
names, cannot be used; exit code 64 (EX_USAGE in sysexits.h)

The outcome of a booking is a result, not an error: EXIT_CODES maps its status to an exit code.
"""

from collections.abc import Mapping
from typing import Final

EXIT_CODES: Final[Mapping[str, int]] = {"succeeded": 0, "pending": 0, "rejected": 2, "failed": 3, "unknown": 3}


class CommandFailed(Exception):
    """A problem, described for the person who can solve it."""

    exit_code = 1


class UsageError(CommandFailed):
    """An argument, or a file that it names, that cannot be used."""

    exit_code = 64
