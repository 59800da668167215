"""The cost of a path through a state machine: state transitions (STANDARD), requests and duration (EXPRESS).

Source: aws.amazon.com/step-functions/pricing, us-east-1. Every step counts as one transition, retries included, and so
does the start. An EXPRESS workflow is billed for every 100 ms begun, at the rate of its first 1,000 GB-hours a month,
and for one chunk of memory, which holds 50 MB, the definition and 14 MB of data. The free tier and the functions
themselves are not included.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from .asl.definition import Definition, Scope, StateNode, parse
from .asl.json_type import Json
from .asl.limits import MAX_EXPRESS_SECONDS
from .coverage import StatePath, paths

if TYPE_CHECKING:
    from .interpreter import Run

DOLLARS_PER_TRANSITION: Final = Decimal("0.000025")
DOLLARS_PER_REQUEST: Final = Decimal("0.000001")
DOLLARS_PER_GB_SECOND: Final = Decimal("0.00001667")
CHUNK_MB: Final = 64
"""The size of the chunks in which an EXPRESS workflow's memory is billed; a small workflow uses one."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one path through a state machine."""

    path: str
    """The path as text; an estimate marks transitions by rule, default or catcher, as in `work →(caught) failed`."""
    states: tuple[str, ...]
    transitions: int
    """Billed state transitions; an estimate does not include retries."""
    max_seconds: float | None
    """The longest possible duration in an estimate; the actual duration of a run.

    An estimate adds up the limits of the path's tasks and waits, capped by the limit of the execution; None if
    unlimited.
    """
    dollars_per_million: Decimal
    """Dollars for a million executions; an EXPRESS estimate assumes the longest duration."""
    transitions_per_item: int = 0
    """The maximum number of transitions that each item of the path's Maps adds; not included in the other numbers."""


class _Extent(NamedTuple):
    """The maximum cost and duration of a path or a state."""

    transitions: int = 0
    seconds: float | None = 0.0
    per_item: int = 0

    def then(self, after: _Extent) -> _Extent:
        """Return the extent of both, one after the other."""
        seconds = None if self.seconds is None or after.seconds is None else self.seconds + after.seconds
        return _Extent(self.transitions + after.transitions, seconds, self.per_item + after.per_item)

    def in_parallel_with(self, other: _Extent) -> _Extent:
        """Return the extent of both at the same time."""
        seconds = None if self.seconds is None or other.seconds is None else max(self.seconds, other.seconds)
        return _Extent(self.transitions + other.transitions, seconds, self.per_item + other.per_item)


def costs(definition: object, *, express: bool = False) -> list[Cost]:
    """Price each path through a definition, without retries; each branch counts with the maximum over its paths."""
    asl = parse(definition)
    limits = [asl.root.fields.get("TimeoutSeconds"), MAX_EXPRESS_SECONDS if express else None]
    inner = _extents(asl)
    found: list[Cost] = []
    for path in paths(asl):
        extent = _path_extent(asl.root, path, inner)
        ends = [one for one in (*limits, extent.seconds) if isinstance(one, int | float)]
        seconds = float(min(ends)) if ends else None
        transitions = extent.transitions + 1
        dollars = _dollars(transitions, seconds, express)
        found.append(Cost(str(path), path.states, transitions, seconds, dollars, extent.per_item))
    return found


def cost_of_runs(runs: Iterable[Run], *, express: bool = False) -> list[Cost]:
    """Return the cost of the most expensive run of each path that the runs took."""
    most_expensive: dict[tuple[str, ...], Cost] = {}
    for run in runs:
        seconds = run.duration.total_seconds()
        cost = Cost(
            " → ".join(run.path), run.path, run.transitions, seconds, _dollars(run.transitions, seconds, express)
        )
        if run.path not in most_expensive or most_expensive[run.path].dollars_per_million < cost.dollars_per_million:
            most_expensive[run.path] = cost
    return list(most_expensive.values())


def _dollars(transitions: int, seconds: float | None, express: bool) -> Decimal:
    """Return the dollars for a million executions, by transitions, or for EXPRESS by requests and duration."""
    if not express:
        return DOLLARS_PER_TRANSITION * transitions * 1_000_000
    return (DOLLARS_PER_REQUEST + express_gb_seconds(seconds or 0) * DOLLARS_PER_GB_SECOND) * 1_000_000


def express_gb_seconds(seconds: float) -> Decimal:
    """Return the GB-seconds billed for an EXPRESS execution of this duration that uses one chunk of memory."""
    tenths = (Decimal(str(seconds)) * 10).to_integral_value(ROUND_CEILING)
    return max(tenths, Decimal(1)) / 10 * CHUNK_MB / 1024


def _extents(asl: Definition) -> dict[str, _Extent]:
    """Return the maximum over all paths through each nested scope, by its pointer; inner scopes are computed first."""
    known: dict[str, _Extent] = {}
    for scope in reversed(list(asl.scopes())):
        if scope.parent is not None:
            extents = [_path_extent(scope, path, known) for path in paths(asl, scope=scope)]
            seconds = [extent.seconds for extent in extents if extent.seconds is not None]
            known[scope.pointer] = _Extent(
                max((extent.transitions for extent in extents), default=0),
                max(seconds, default=0.0) if len(seconds) == len(extents) else None,
                max((extent.per_item for extent in extents), default=0),
            )
    return known


def _path_extent(scope: Scope, path: StatePath, known: Mapping[str, _Extent]) -> _Extent:
    extent = _Extent()
    for name in path.states:
        extent = extent.then(_state_extent(scope.by_name[name], known))
    return extent


def _state_extent(state: StateNode, known: Mapping[str, _Extent]) -> _Extent:
    inner = [known[scope.pointer] for scope in state.scopes]
    if state.type == "Map":
        each = sum(item.transitions + item.per_item for item in inner)
        return _Extent(1, None, each + _child_execution_transitions(state, each))
    own = _Extent(1, _limit(state))
    return own.then(functools.reduce(_Extent.in_parallel_with, inner, _Extent()))


def _child_execution_transitions(state: StateNode, each: int) -> int:
    """Return the transitions to add per item of a distributed Map, which starts a child execution for each item.

    A STANDARD child execution counts its start; an EXPRESS one counts no transitions, so the item's own are subtracted.
    """
    if not state.is_distributed:
        return 0
    configs = (scope.fields.get("ProcessorConfig") for scope in state.scopes)
    is_express = any(isinstance(config, dict) and config.get("ExecutionType") == "EXPRESS" for config in configs)
    return -each if is_express else 1


def _limit(state: StateNode) -> float | None:
    seconds: Json = 0
    if state.type == "Task":
        seconds = state.fields.get("TimeoutSeconds")
    elif state.type == "Wait":
        seconds = state.fields.get("Seconds")
    return float(seconds) if isinstance(seconds, int | float) else None
