"""Paths through a state machine, and the share of them that a set of runs has taken.

TooManyPaths    there are more paths than were asked for

A path takes each transition at most once; a run that goes round a loop counts as the path that remains without its
rounds. Branches and Map processors are scopes with paths of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .asl.definition import Scope, Transition, parse
from .deprecation import renamed_keywords
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
    transitions: tuple[Transition, ...]

    @property
    def states(self) -> tuple[str, ...]:
        """The states on the path, in order."""
        return (self.start, *(transition.target for transition in self.transitions))

    @property
    def key(self) -> tuple[object, ...]:
        """The key that distinguishes this path from all others."""
        return (self.scope, self.start, *(_key(transition) for transition in self.transitions))

    def __str__(self) -> str:
        pieces = [self.start]
        for transition in self.transitions:
            pieces.append(f"{_arrow_text(transition)} {transition.target}")
        suffix = f" (in {self.scope})" if self.scope else ""
        return " ".join(pieces) + suffix


@renamed_keywords(most="max_paths")
def paths(definition: object, *, scope: Scope | None = None, max_paths: int = 10_000) -> Iterator[StatePath]:
    """Yield the paths through the machine's own scope, or through `scope`; raises TooManyPaths after `max_paths`."""
    searched_scope = scope or parse(definition).root
    for found, path in enumerate(_find_paths(searched_scope, max_paths * _STEPS_PER_PATH)):
        if found == max_paths or path is None:
            raise TooManyPaths(
                f"there are more than {max_paths:,} paths through {searched_scope.pointer or 'the machine'}"
            )
        yield path


@renamed_keywords(most="max_paths")
def all_paths(definition: object, *, max_paths: int = 10_000) -> Iterator[StatePath]:
    """Yield the paths through every scope, outer scopes first."""
    parsed = parse(definition)
    for scope in parsed.scopes():
        yield from paths(parsed, scope=scope, max_paths=max_paths)


class Coverage:
    """The paths through a state machine that runs have taken."""

    def __init__(self, definition: object, runs: Iterable[Run] = ()) -> None:
        self.definition = parse(definition)
        self._taken: dict[tuple[object, ...], int] = {}
        for run in runs:
            self.add(run)

    def add(self, run: Run) -> None:
        """Count the paths that a run took; a path on which the run broke off does not count."""
        for path in taken_paths(self.definition, run):
            self._taken[path.key] = self._taken.get(path.key, 0) + 1

    @renamed_keywords(most="max_paths")
    def missing(self, *, max_paths: int = 10_000) -> tuple[StatePath, ...]:
        """Return the paths that no run took."""
        return tuple(path for path in all_paths(self.definition, max_paths=max_paths) if path.key not in self._taken)

    def share(self) -> float:
        """Return the share of all paths that runs took, from 0 to 1."""
        keys = [path.key for path in all_paths(self.definition)]
        return sum(key in self._taken for key in keys) / len(keys) if keys else 1.0


def taken_paths(definition: object, run: Run) -> tuple[StatePath, ...]:
    """Return the paths that a run took through each scope, without the rounds of loops."""
    by_pointer = {state.pointer: state for state in parse(definition).states()}
    unfinished: dict[tuple[tuple[int, ...], str], list[StateVisit]] = {}
    found: list[StatePath] = []
    for visit in run.visits:
        state = by_pointer.get(visit.pointer)
        if state is None:
            continue
        key = (visit.branch_indexes, state.scope.pointer)
        visits = unfinished.setdefault(key, [])
        visits.append(visit)
        if visit.transition is None:
            del unfinished[key]
            if state.ends and (visit.error is None or state.type == "Fail"):
                transitions = [each.transition for each in visits if each.transition is not None]
                found.append(StatePath(state.scope.pointer, visits[0].state, tuple(_without_loops(transitions))))
    return tuple(found)


def _find_paths(scope: Scope, max_steps: int) -> Iterator[StatePath | None]:
    """Yield the paths to an end; after `max_steps` transitions, yield None and stop."""
    can_end = _states_that_can_end(scope)
    if scope.start not in can_end:
        return
    start = str(scope.start)
    path: list[Transition] = []
    used: set[_Key] = set()
    if scope.by_name[start].ends:
        yield StatePath(scope.pointer, start, ())
    stack = [iter(scope.by_name[start].transitions)]
    while stack:
        transition = next(stack[-1], None)
        if transition is None:
            stack.pop()
            if path:
                used.discard(_key(path.pop()))
            continue
        if _key(transition) in used or transition.target not in can_end:
            continue
        max_steps -= 1
        if max_steps < 0:
            yield None
            return
        path.append(transition)
        used.add(_key(transition))
        state = scope.by_name[transition.target]
        if state.ends:
            yield StatePath(scope.pointer, start, tuple(path))
        stack.append(iter(state.transitions))


def _states_that_can_end(scope: Scope) -> set[str]:
    """Return the names of the states from which the scope can end; a path contains no others."""
    sources: dict[str, list[str]] = {}
    for state in scope.states:
        for transition in state.transitions:
            sources.setdefault(transition.target, []).append(state.name)
    worklist = [state.name for state in scope.states if state.ends]
    found = set(worklist)
    while worklist:
        new = [name for name in sources.get(worklist.pop(), ()) if name not in found]
        found.update(new)
        worklist.extend(new)
    return found


def _without_loops(transitions: list[Transition]) -> list[Transition]:
    """Return the transitions without loops: when one repeats, those after its first occurrence are dropped."""
    trail: list[Transition] = []
    indexes: dict[_Key, int] = {}
    for transition in transitions:
        index = indexes.get(_key(transition))
        if index is not None:
            for dropped in trail[index + 1 :]:
                del indexes[_key(dropped)]
            del trail[index + 1 :]
            continue
        indexes[_key(transition)] = len(trail)
        trail.append(transition)
    return trail


def _key(transition: Transition) -> _Key:
    return transition.source, transition.target, transition.kind, transition.index


def _arrow_text(transition: Transition) -> str:
    return {"next": "→", "default": "→(otherwise)", "choice": f"→(rule {transition.index + 1})", "catch": "→(caught)"}[
        transition.kind
    ]
