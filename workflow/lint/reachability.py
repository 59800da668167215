"""Check that every state of a scope is reachable, and that every state can reach an end.

Wrong transitions are resolved first, so that each mistake is reported only once: a misspelled target counts as the
state whose name it resembles, and any other unknown target as the next state without incoming transitions.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from ..asl.definition import Scope, StateNode
from ..asl.fields import MOVING, TYPES
from ..asl.json_type import Json
from ..asl.json_values import child
from ..asl.records import Record
from .lint_findings import LintFindings
from .reads import is_open

Guess = Callable[[str], "str | None"]
"""A function from an unknown state name to the existing one that was probably meant, or None."""


class _Ways(Record):
    """The transitions of a scope by state, including states that are not objects."""

    targets: dict[str, list[str]]
    ends: list[str]
    """The states that end the scope."""
    broken: list[str]
    """The states with a transition to an unknown state."""
    strays: list[str]
    """The states with a transition whose target is missing or resembles no name, once for each such transition."""


def check_reachable(findings: LintFindings, scope: Scope, guess: Guess) -> tuple[str, ...]:
    """Report unreachable states and endless loops; return the states that wrong transitions may have meant.

    The scope must have States. `guess` resolves misspelled targets.
    """
    ways = _ways(scope, guess)
    start = scope.start if scope.start in ways.targets else guess(scope.start or "")
    if not (ways.ends or ways.broken or ways.strays):
        findings.error(
            "MISSING_END_STATE",
            child(scope.pointer, "States"),
            "No state ends this scope.",
            'Add "End": true to the last state, or add a Succeed or Fail state.',
        )
    elif start is not None:
        return _check_ways(findings, scope, start, ways)
    return ()


def _check_ways(findings: LintFindings, scope: Scope, start: str, ways: _Ways) -> tuple[str, ...]:
    targets = ways.targets
    reached: set[str] = set()
    _reach([start], targets, reached)
    lost = _lead_strays(ways, reached) if ways.strays and len(reached) < len(targets) else ()
    backward: dict[str, list[str]] = {name: [] for name in targets}
    for name, leads in targets.items():
        for target in leads:
            backward[target].append(name)
    ending: set[str] = set()
    _reach([*ways.ends, *ways.broken, *ways.strays], backward, ending)
    is_way_out = not ending.isdisjoint(reached)
    for state in scope.states:
        if state.name not in reached:
            findings.error(
                "UNREACHABLE_STATE",
                state.pointer,
                f"No path leads from {start!r} to {state.name!r}.",
                "Add a transition to this state, or remove it.",
            )
        elif state.name not in ending and is_way_out and not ending.isdisjoint(backward[state.name]):
            findings.warning(
                "ENDLESS_LOOP",
                state.pointer,
                f"No path leads from {state.name!r} to an end.",
                "Add a transition out of the loop.",
            )
    return lost


def _lead_strays(ways: _Ways, reached: set[str]) -> tuple[str, ...]:
    """Resolve each reachable stray transition to the next state without incoming transitions; return these states.

    The states that become reachable are added to `reached`.
    """
    from bisect import bisect_right

    led = {target for targets in ways.targets.values() for target in targets}
    names = list(ways.targets)
    places = {name: place for place, name in enumerate(names)}
    lost = [place for name, place in places.items() if name not in reached and name not in led]
    strays, found = Counter(ways.strays), list[str]()
    waiting, rest = deque(name for name in names if name in reached), deque(names)
    while waiting:
        name = waiting.popleft()
        for _ in range(strays[name]):
            if lost:
                after = bisect_right(lost, places[name])
                found.append(names[lost.pop(after if after < len(lost) else 0)])
            else:
                while rest and rest[0] in reached:
                    rest.popleft()
                found.extend(islice(rest, 1))  # none is left: enter a cycle of unreached states
            waiting.extend(_reach(found[-1:], ways.targets, reached))
    return tuple(found)


def _ways(scope: Scope, guess: Guess) -> _Ways:
    states = scope.fields["States"]
    names: Iterable[str] = states if isinstance(states, dict) else ()
    ways = _Ways({name: [] for name in names}, [], [], [])
    ways.strays.extend(name for name in names if name not in scope.by_name)
    for state in scope.states:
        name = state.name
        if state.ends:
            ways.ends.append(name)
        for target in _named(state):
            if not isinstance(target, str) or is_open(target):
                ways.strays.append(name)
            elif target in ways.targets:
                ways.targets[name].append(target)
            else:
                ways.broken.append(name)
                near = guess(target)
                if near and near != name:
                    ways.targets[name].append(near)
                else:
                    ways.strays.append(name)
    return ways


def _named(state: StateNode) -> Iterator[Json]:
    """Yield the targets that a state names, whatever their JSON type, and None for each missing one."""
    fields = state.fields
    known = state.type in TYPES
    if state.type == "Choice" or not known:
        yield from _named_by_rules(fields.get("Choices"), known or "Choices" in fields)
        if "Default" in fields:
            yield fields["Default"]
    if "Next" in fields:
        yield fields["Next"]
    elif not state.ends and (state.type in MOVING or not (known or "Choices" in fields)):
        yield None
    yield from _named_by_rules(fields.get("Catch"), "Catch" in fields)


def _named_by_rules(rules: Json, given: bool) -> Iterator[Json]:
    if isinstance(rules, list) and rules:
        yield from (rule.get("Next") if isinstance(rule, dict) else None for rule in rules)
    elif given:
        yield None


def _reach(starts: Iterable[str], ways: Mapping[str, list[str]], reached: set[str]) -> list[str]:
    """Add every state that the starts lead to, and the starts, to `reached`; return the added states."""
    stack, added = list(starts), list[str]()
    while stack:
        name = stack.pop()
        if name not in reached:
            reached.add(name)
            added.append(name)
            stack.extend(ways[name])
    return added
