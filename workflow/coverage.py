"""Paths through a state machine, and the share of them that a set of runs has taken.

TooManyPaths    there are more paths than were asked for

A path takes each transition at most once; a run that goes round a loop counts as the path that remains without its
rounds. Branches and Map processors are scopes with paths of their own.
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
"""The number of transitions to try per requested path; a search beyond it is lost in dead ends."""
_Key = tuple[str, str, str, int]


class TooManyPaths(WorkflowError):
    """A scope has more paths than the limit; the message names both."""


@dataclass(frozen=True, slots=True)
class StatePath:
    """One path through a scope, from its start to an end."""

    scope: str
    """The scope's pointer; empty for the machine itself."""
    start: str
    arrows: tuple[Arrow, ...]

    @property
    def states(self) -> tuple[str, ...]:
        """The states on the path, in order."""
        return (self.start, *(arrow.target for arrow in self.arrows))

    @property
    def key(self) -> tuple[object, ...]:
        """The key that distinguishes this path from all others."""
        return (self.scope, self.start, *(_key(arrow) for arrow in self.arrows))

    def __str__(self) -> str:
        pieces = [self.start]
        for arrow in self.arrows:
            pieces.append(f"{_sign(arrow)} {arrow.target}")
        where = f" (in {self.scope})" if self.scope else ""
        return " ".join(pieces) + where


def paths(definition: object, *, scope: Scope | None = None, most: int = 10_000) -> Iterator[StatePath]:
    """Yield the paths through the machine's own scope, or through `scope`; raises TooManyPaths after `most`."""
    here = scope or parse(definition).root
    for found, path in enumerate(_ways(here, most * _STEPS_PER_PATH)):
        if found == most or path is None:
            raise TooManyPaths(f"there are more than {most:,} paths through {here.pointer or 'the machine'}")
        yield path


def all_paths(definition: object, *, most: int = 10_000) -> Iterator[StatePath]:
    """Yield the paths through every scope, outer scopes first."""
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
        """Count the paths that a run took; a path on which the run broke off does not count."""
        for path in taken(self.definition, run):
            self._taken[path.key] = self._taken.get(path.key, 0) + 1

    def missing(self, *, most: int = 10_000) -> tuple[StatePath, ...]:
        """Return the paths that no run took."""
        return tuple(path for path in all_paths(self.definition, most=most) if path.key not in self._taken)

    def share(self) -> float:
        """Return the share of all paths that runs took, from 0 to 1."""
        every = [path.key for path in all_paths(self.definition)]
        return sum(key in self._taken for key in every) / len(every) if every else 1.0


def taken(definition: object, run: Run) -> tuple[StatePath, ...]:
    """Return the paths that a run took through each scope, without the rounds of loops."""
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
    """Yield the paths to an end; after `most_steps` transitions, yield None and stop."""
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
    """Return the names of the states from which the scope can end; a path contains no others."""
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
    """Return the transitions without loops: when one repeats, those after its first occurrence are dropped."""
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
