"""The ways through a state machine, and which of them a set of runs has taken.

TooManyPaths    there are more ways than were asked for

A way takes each arrow once at most; a run that goes round a loop counts as the way that is left when its rounds are
taken out. Branches and processors of Maps are scopes with ways of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .asl.definition import Arrow, Scope, parse
from .failures import WorkflowError

if TYPE_CHECKING:
    from .interpreter import Run, StateVisit

_STEPS_PER_PATH: Final = 500
"""So many steps for each way, and there are more dead ends than anybody waits for."""
_Key = tuple[str, str, str, int]


class TooManyPaths(WorkflowError):
    """A sentence that names the scope and the limit."""


@dataclass(frozen=True, slots=True)
class StatePath:
    """One way through a scope, from its start to an end."""

    scope: str
    """The scope's pointer; empty for the machine itself."""
    start: str
    arrows: tuple[Arrow, ...]

    @property
    def states(self) -> tuple[str, ...]:
        """The states on the way."""
        return (self.start, *(arrow.target for arrow in self.arrows))

    @property
    def key(self) -> tuple[object, ...]:
        """Return the part that distinguishes this path from others."""
        return (self.scope, self.start, *(_key(arrow) for arrow in self.arrows))

    def __str__(self) -> str:
        pieces = [self.start]
        for arrow in self.arrows:
            pieces.append(f"{_sign(arrow)} {arrow.target}")
        where = f" (in {self.scope})" if self.scope else ""
        return " ".join(pieces) + where


def paths(definition: object, *, scope: Scope | None = None, most: int = 10_000) -> Iterator[StatePath]:
    """The ways through the machine's own scope, or through another one; raises TooManyPaths after `most`."""
    here = scope or parse(definition).root
    for found, path in enumerate(_ways(here, most * _STEPS_PER_PATH)):
        if found == most or path is None:
            raise TooManyPaths(f"there are more than {most:,} ways through {here.pointer or 'the machine'}")
        yield path


def all_paths(definition: object, *, most: int = 10_000) -> Iterator[StatePath]:
    """The ways through every scope, the outer ones first."""
    read = parse(definition)
    for scope in read.scopes():
        yield from paths(read, scope=scope, most=most)


class Coverage:
    """The paths through a state machine that runs have taken."""

    def __init__(self, definition: object, runs: Iterable[Run] = ()) -> None:
        self.definition = parse(definition)
        self._taken: dict[tuple[object, ...], int] = {}
        for run in runs:
            self.add(run)

    def add(self, run: Run) -> None:
        """Count the paths that a run took; one that broke off in the middle does not count."""
        for path in taken(self.definition, run):
            self._taken[path.key] = self._taken.get(path.key, 0) + 1

    def missing(self, *, most: int = 10_000) -> tuple[StatePath, ...]:
        """The ways that no run took."""
        return tuple(path for path in all_paths(self.definition, most=most) if path.key not in self._taken)

    def share(self) -> float:
        """Return the share of all paths that was taken, from 0 to 1."""
        every = [path.key for path in all_paths(self.definition)]
        return sum(key in self._taken for key in every) / len(every) if every else 1.0


def taken(definition: object, run: Run) -> tuple[StatePath, ...]:
    """The ways that a run took through each scope, rounds of loops taken out."""
    by_pointer = {state.pointer: state for state in parse(definition).states()}
    walking: dict[tuple[tuple[int, ...], str], list[StateVisit]] = {}
    found: list[StatePath] = []
    for visit in run.visits:
        state = by_pointer.get(visit.pointer)
        if state is None:
            continue
        key = (visit.strand, state.scope.pointer)
        walk = walking.setdefault(key, [])
        walk.append(visit)
        if visit.arrow is None:
            del walking[key]
            if state.ends and (visit.error is None or state.type == "Fail"):
                arrows = [each.arrow for each in walk if each.arrow is not None]
                found.append(StatePath(state.scope.pointer, walk[0].state, tuple(_without_rounds(arrows))))
    return tuple(found)


def _ways(scope: Scope, most_steps: int) -> Iterator[StatePath | None]:
    """The ways to an end; None, and no more, after so many steps."""
    ending = _leading_to_an_end(scope)
    if scope.start not in ending:
        return
    start = str(scope.start)
    trail: list[Arrow] = []
    used: set[_Key] = set()
    if scope.by_name[start].ends:
        yield StatePath(scope.pointer, start, ())
    stack = [iter(scope.by_name[start].arrows)]
    while stack:
        arrow = next(stack[-1], None)
        if arrow is None:
            stack.pop()
            if trail:
                used.discard(_key(trail.pop()))
            continue
        if _key(arrow) in used or arrow.target not in ending:
            continue
        most_steps -= 1
        if most_steps < 0:
            yield None
            return
        trail.append(arrow)
        used.add(_key(arrow))
        state = scope.by_name[arrow.target]
        if state.ends:
            yield StatePath(scope.pointer, start, tuple(trail))
        stack.append(iter(state.arrows))


def _leading_to_an_end(scope: Scope) -> set[str]:
    """The states from which the scope can end: no other is on a way."""
    sources: dict[str, list[str]] = {}
    for state in scope.states:
        for arrow in state.arrows:
            sources.setdefault(arrow.target, []).append(state.name)
    waiting = [state.name for state in scope.states if state.ends]
    found = set(waiting)
    while waiting:
        new = [name for name in sources.get(waiting.pop(), ()) if name not in found]
        found.update(new)
        waiting.extend(new)
    return found


def _without_rounds(arrows: list[Arrow]) -> list[Arrow]:
    """The arrows up to an end, cut back to the first time whenever one comes again."""
    kept: list[Arrow] = []
    places: dict[_Key, int] = {}
    for arrow in arrows:
        place = places.get(_key(arrow))
        if place is not None:
            for dropped in kept[place + 1 :]:
                del places[_key(dropped)]
            del kept[place + 1 :]
            continue
        places[_key(arrow)] = len(kept)
        kept.append(arrow)
    return kept


def _key(arrow: Arrow) -> _Key:
    return arrow.source, arrow.target, arrow.kind, arrow.index


def _sign(arrow: Arrow) -> str:
    return {"next": "→", "default": "→(otherwise)", "choice": f"→(rule {arrow.index + 1})", "catch": "→(caught)"}[
        arrow.kind
    ]
