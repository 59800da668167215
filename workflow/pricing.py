"""What a way through a state machine costs: state transitions (STANDARD), requests and duration (EXPRESS).

Source: aws.amazon.com/step-functions/pricing, us-east-1; a transition is counted for every step, retries included, and
for the start. The free tier and the functions themselves are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from .deep_json import Json
from .definition import State, parse
from .pathways import paths

if TYPE_CHECKING:
    from .running import Run

DOLLARS_PER_TRANSITION: Final = Decimal("0.000025")
DOLLARS_PER_REQUEST: Final = Decimal("0.000001")
DOLLARS_PER_GB_SECOND: Final = Decimal("0.00001667")
CHUNK_MB: Final = 64
"""Memory of an EXPRESS workflow is billed in chunks; a small one takes one."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One way through a state machine and what it costs."""

    way: str
    """The path, arrows by error marked."""
    states: tuple[str, ...]
    transitions: int
    """Billed state transitions, without retries in a static estimate."""
    longest_seconds: float | None
    """Of an estimate: the limits of its tasks and waits together, None where one has none; of a run: its duration."""
    dollars_per_million: Decimal


def costs(definition: object, *, express: bool = False) -> list[Cost]:
    """What each way through a definition costs when nothing is tried again."""
    asl = parse(definition)
    by_name = asl.root.by_name
    found: list[Cost] = []
    for path in paths(asl):
        states = tuple(path.states)
        seconds = _longest([by_name[name] for name in states if name in by_name])
        transitions = len(states) + 1
        found.append(Cost(str(path), states, transitions, seconds, _dollars(transitions, seconds, express)))
    return found


def cost_of_runs(runs: Iterable[Run], *, express: bool = False) -> list[Cost]:
    """What runs cost, one line for each way that was taken, the dearest run of each."""
    dearest: dict[tuple[str, ...], Cost] = {}
    for run in runs:
        seconds = run.duration.total_seconds()
        one = Cost(
            " → ".join(run.path), run.path, run.transitions, seconds, _dollars(run.transitions, seconds, express)
        )
        if run.path not in dearest or dearest[run.path].dollars_per_million < one.dollars_per_million:
            dearest[run.path] = one
    return list(dearest.values())


def _dollars(transitions: int, seconds: float | None, express: bool) -> Decimal:
    """For a million executions."""
    if not express:
        return DOLLARS_PER_TRANSITION * transitions * 1_000_000
    tenths = -(-Decimal(str(seconds or 0)) // Decimal("0.1"))
    billed = tenths / 10 * CHUNK_MB / 1024 * DOLLARS_PER_GB_SECOND
    return (DOLLARS_PER_REQUEST + billed) * 1_000_000


def _longest(states: Iterable[State]) -> float | None:
    total = 0.0
    for state in states:
        seconds: Json = 0
        if state.type == "Task":
            seconds = state.fields.get("TimeoutSeconds")
        elif state.type == "Wait":
            seconds = state.fields.get("Seconds")
        elif state.type in ("Map", "Parallel"):
            seconds = None
        if not isinstance(seconds, int | float):
            return None
        total += seconds
    return total
