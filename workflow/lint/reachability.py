"""Check that every state of a scope is reachable, and that every state can reach an end.

Wrong transitions are resolved first, so that each mistake is reported only once: a misspelled target counts as the
state whose name it resembles, and any other unknown target as the next state without incoming transitions.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from ..asl.definition import Scope, StateNode
from ..asl.fields import TYPES, TYPES_WITH_NEXT
from ..asl.json_type import Json
from ..asl.json_values import child
from ..asl.records import Record
from .lint_findings import LintFindings
from .reads import has_placeholders

Guess = Callable[[str], "str | None"]
"""A function from an unknown state name to the existing one that was probably meant, or None."""


class _Transitions(Record):
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
    transitions = _transitions_of(scope, guess)
    start = scope.start if scope.start in transitions.targets else guess(scope.start or "")
    if not (transitions.ends or transitions.broken or transitions.strays):
        findings.error(
            "MISSING_END_STATE",
            child(scope.pointer, "States"),
            "No state ends this scope.",
            'Add "End": true to the last state, or add a Succeed or Fail state.',
        )
    elif start is not None:
        return _check_transitions(findings, scope, start, transitions)
    return ()


def _check_transitions(findings: LintFindings, scope: Scope, start: str, transitions: _Transitions) -> tuple[str, ...]:
    targets = transitions.targets
    reached: set[str] = set()
    _reach([start], targets, reached)
    unreached = _resolve_strays(transitions, reached) if transitions.strays and len(reached) < len(targets) else ()
    backward: dict[str, list[str]] = {name: [] for name in targets}
    for name, leads in targets.items():
        for target in leads:
            backward[target].append(name)
    ending: set[str] = set()
    _reach([*transitions.ends, *transitions.broken, *transitions.strays], backward, ending)
    has_exit = not ending.isdisjoint(reached)
    for state in scope.states:
        if state.name not in reached:
            findings.error(
                "UNREACHABLE_STATE",
                state.pointer,
                f"No path leads from {start!r} to {state.name!r}.",
                "Add a transition to this state, or remove it.",
            )
        elif state.name not in ending and has_exit and not ending.isdisjoint(backward[state.name]):
            findings.warning(
                "ENDLESS_LOOP",
                state.pointer,
                f"No path leads from {state.name!r} to an end.",
                "Add a transition out of the loop.",
            )
    return unreached


def _resolve_strays(transitions: _Transitions, reached: set[str]) -> tuple[str, ...]:
    """Resolve each reachable stray transition to the next state without incoming transitions; return these states.

    The states that become reachable are added to `reached`.
    """
    from bisect import bisect_right

    entered = {target for targets in transitions.targets.values() for target in targets}
    names = list(transitions.targets)
    positions = {name: position for position, name in enumerate(names)}
    unreached = [position for name, position in positions.items() if name not in reached and name not in entered]
    strays, found = Counter(transitions.strays), list[str]()
    waiting, rest = deque(name for name in names if name in reached), deque(names)
    while waiting:
        name = waiting.popleft()
        for _ in range(strays[name]):
            if unreached:
                after = bisect_right(unreached, positions[name])
                found.append(names[unreached.pop(after if after < len(unreached) else 0)])
            else:
                while rest and rest[0] in reached:
                    rest.popleft()
                found.extend(islice(rest, 1))  # none is left: enter a cycle of unreached states
            waiting.extend(_reach(found[-1:], transitions.targets, reached))
    return tuple(found)


def _transitions_of(scope: Scope, guess: Guess) -> _Transitions:
    states = scope.fields["States"]
    names: Iterable[str] = states if isinstance(states, dict) else ()
    transitions = _Transitions({name: [] for name in names}, [], [], [])
    transitions.strays.extend(name for name in names if name not in scope.by_name)
    for state in scope.states:
        name = state.name
        if state.ends:
            transitions.ends.append(name)
        for target in _targets_of_state(state):
            if not isinstance(target, str) or has_placeholders(target):
                transitions.strays.append(name)
            elif target in transitions.targets:
                transitions.targets[name].append(target)
            else:
                transitions.broken.append(name)
                match = guess(target)
                if match and match != name:
                    transitions.targets[name].append(match)
                else:
                    transitions.strays.append(name)
    return transitions


def _targets_of_state(state: StateNode) -> Iterator[Json]:
    """Yield the targets that a state names, whatever their JSON type, and None for each missing one."""
    fields = state.fields
    known = state.type in TYPES
    if state.type == "Choice" or not known:
        yield from _targets_of_rules(fields.get("Choices"), known or "Choices" in fields)
        if "Default" in fields:
            yield fields["Default"]
    if "Next" in fields:
        yield fields["Next"]
    elif not state.ends and (state.type in TYPES_WITH_NEXT or not (known or "Choices" in fields)):
        yield None
    yield from _targets_of_rules(fields.get("Catch"), "Catch" in fields)


def _targets_of_rules(rules: Json, given: bool) -> Iterator[Json]:
    if isinstance(rules, list) and rules:
        yield from (rule.get("Next") if isinstance(rule, dict) else None for rule in rules)
    elif given:
        yield None


def _reach(starts: Iterable[str], targets: Mapping[str, list[str]], reached: set[str]) -> list[str]:
    """Add every state that the starts lead to, and the starts, to `reached`; return the added states."""
    stack, added = list(starts), list[str]()
    while stack:
        name = stack.pop()
        if name not in reached:
            reached.add(name)
            added.append(name)
            stack.extend(targets[name])
    return added
