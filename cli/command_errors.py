"""What the command can end with, besides success.

CommandFailed          something is wrong that the sentence says; exit code 1
└── UsageRefused       the command's own arguments or files are wrong; exit code 64 (sysexits' EX_USAGE)

A booking's own outcome is no failure of the command: EXIT_CODES gives its exit code.
"""

from collections.abc import Mapping
from typing import Final

EXIT_CODES: Final[Mapping[str, int]] = {"succeeded": 0, "rejected": 2, "failed": 3, "unknown": 3}


class CommandFailed(Exception):
    """A sentence for the person who can act."""

    exit_code = 1


class UsageError(CommandFailed):
    """The arguments, or a file that they name, cannot be used."""

    exit_code = 64
