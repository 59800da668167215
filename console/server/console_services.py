"""The services of the console, passed by the command that starts it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..day_pages import DayFigures
from ..deployment import Deployment


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionAnswer:
    """The answer of a stage's API to a decision."""

    is_accepted: bool
    message: str
    is_settled: bool = True
    """False if it was accepted but its result is not known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleServices:
    """The deployed program, and the verbs that the console shares with the command."""

    deployment: Deployment
    day_figures: Callable[[Sequence[str]], Iterable[DayFigures]]
    """`booking audit report`: the totals of some days (YYYY-MM-DD)."""
    verify: Callable[[str | None], Mapping[str, Any]]
    """`booking audit verify`: its document, from a day on or for the whole trail."""
    start: Callable[[Mapping[str, Any]], str] | None = None
    """`booking run`: starts an execution and returns its ARN. None: the console only reads."""
    decide: Callable[[Mapping[str, str], str], DecisionAnswer] | None = None
    """Sends a decision to the API of a deployed stage, with the decider's access token.

    None: no form asks for a token.
    """
    now: Callable[[], datetime] = _now

    @property
    def can_write(self) -> bool:
        """True if forms that start executions exist."""
        return self.start is not None
