"""Check the structure of a scope: its fields, its start state, and the names and transitions of its states."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from ..asl.definition import Scope, StateNode
from ..asl.fields import BRANCH, LANGUAGES, PROCESSOR, TOP, TYPES_THAT_CAN_FAIL, TYPES_WITH_NEXT
from ..asl.json_values import child
from ..asl.limits import MAX_SECONDS, MAX_STATE_NAME_LENGTH
from ..asl.suggestions import Guesses, suggest
from .lint_context import unknown_field
from .lint_findings import LintFindings
from .reachability import check_reachable
from .reads import has_placeholders

_MAX_NAMED: Final = 3


class ScopeChecker:
    """A checker of scopes that knows every state, to distinguish a target in another scope from an unknown name."""

    def __init__(self, findings: LintFindings, states: list[StateNode]) -> None:
        self._findings = findings
        self._by_name: dict[str, StateNode] = {}
        self._guesses = Guesses()
        self._guessed: dict[tuple[str, str], str | None] = {}
        self._unreached: tuple[str, ...] = ()
        for state in states:
            first = self._by_name.setdefault(state.name, state)
            if first is not state:
                self._report_duplicate(state, first)

    def check(self, scope: Scope) -> None:
        """Check one scope."""
        self._check_fields(scope)
        if not self._has_states(scope):
            return
        self._check_start(scope)
        self._check_names(scope)
        self._unreached = check_reachable(self._findings, scope, partial(self._guess, scope))
        for state in scope.states:
            self._check_transitions(state)

    def _report_duplicate(self, state: StateNode, first: StateNode) -> None:
        self._findings.error(
            "DUPLICATE_STATE_NAME",
            state.pointer,
            f"The state name {state.name!r} is already used at {first.pointer}.",
            "State names must be unique in the whole machine, including its branches and Maps: rename one.",
        )

    def _check_fields(self, scope: Scope) -> None:
        table, what = _table(scope)
        for name in scope.fields:
            location = child(scope.pointer, name)
            if name in table:
                continue
            if (scope.parent is not None and name == "ProcessorConfig") or name not in ("QueryLanguage", *TOP):
                unknown_field(self._findings, name, location, what, dict.fromkeys(table))
            else:
                self._findings.error(
                    "UNSUPPORTED_FIELD", location, f"{name} belongs to the machine, not to {what}.", "Remove it."
                )
        if not isinstance(scope.fields.get("Comment", ""), str):
            self._findings.error("WRONG_TYPE", child(scope.pointer, "Comment"), "Comment must be a string.")
        if scope.parent is None:
            self._check_machine_fields(scope)

    def _check_machine_fields(self, scope: Scope) -> None:
        fields = scope.fields
        for name, allowed in (("Version", ("1.0",)), ("QueryLanguage", LANGUAGES)):
            value, location, words = fields.get(name), child("", name), " or ".join(allowed)
            if name in fields and not isinstance(value, str):
                self._findings.error("WRONG_TYPE", location, f"{name} must be a string: {words}.")
            elif isinstance(value, str) and value not in allowed and not has_placeholders(value):
                sentence = f"{name} must be {words}, got {value!r}."
                self._findings.error("INVALID_VALUE", location, sentence, suggest(value, allowed))
        limit = fields.get("TimeoutSeconds", 1)
        if isinstance(limit, bool) or not isinstance(limit, int | float) or limit != limit // 1:
            if not has_placeholders(limit):
                self._findings.error("WRONG_TYPE", "/TimeoutSeconds", "TimeoutSeconds must be an integer.")
        elif not 1 <= limit <= MAX_SECONDS:
            self._findings.error(
                "INVALID_VALUE", "/TimeoutSeconds", f"TimeoutSeconds must be from 1 to 99999999, got {limit}."
            )

    def _has_states(self, scope: Scope) -> bool:
        states, location = scope.fields.get("States"), child(scope.pointer, "States")
        if "States" not in scope.fields:
            self._report_missing(scope, "States", "States is missing.")
        elif not isinstance(states, dict):
            self._findings.error("WRONG_TYPE", location, "States must be an object that maps state names to states.")
        elif not states:
            self._findings.error("EMPTY_LIST", location, "States must contain at least one state.", "Add a state.")
        else:
            for name, state in states.items():
                if not isinstance(state, dict):
                    self._findings.error("WRONG_TYPE", child(location, name), "A state must be an object.")
            return True
        return False

    def _report_missing(self, scope: Scope, field: str, sentence: str) -> None:
        self._findings.missing_field("MISSING_REQUIRED_FIELD", scope.pointer, sentence, f"Add {field}.", (field,))

    def _check_start(self, scope: Scope) -> None:
        location = child(scope.pointer, "StartAt")
        if "StartAt" not in scope.fields:
            self._report_missing(scope, "StartAt", "StartAt, which names the first state, is missing.")
        elif scope.start is None:
            self._findings.error("WRONG_TYPE", location, "StartAt must be a string: the name of a state.")
        else:
            self._check_target(scope, scope.start, location)

    def _check_names(self, scope: Scope) -> None:
        for state in scope.states:
            if not state.name or len(state.name) > MAX_STATE_NAME_LENGTH:
                self._findings.error(
                    "INVALID_STATE_NAME",
                    state.pointer,
                    f"A state name must have 1 to {MAX_STATE_NAME_LENGTH} characters, got {len(state.name)}.",
                    "Choose a shorter name." if state.name else "Give the state a name.",
                )

    def _check_transitions(self, state: StateNode) -> None:
        if state.type in TYPES_WITH_NEXT:
            self._check_next_or_end(state)
        for holder, pointer in _holders(state):
            name = "Default" if holder is state.fields and state.type == "Choice" else "Next"
            target, location = holder.get(name), child(pointer, name)
            if name not in holder:
                continue
            if not isinstance(target, str):
                self._findings.error("WRONG_TYPE", location, f"{name} must be a string: the name of a state.")
            else:
                self._check_target(state.scope, target, location)

    def _check_next_or_end(self, state: StateNode) -> None:
        end = state.fields.get("End")
        if "End" in state.fields and not isinstance(end, bool) and not has_placeholders(end):
            self._findings.error(
                "WRONG_TYPE", child(state.pointer, "End"), "End must be true.", "Write true, without quotes."
            )
        elif "Next" not in state.fields and end is not True and not has_placeholders(end):
            self._findings.missing_field(
                "MISSING_TRANSITION",
                state.pointer,
                "The state has neither Next nor End.",
                "Add Next or End.",
                ("Next", "End"),
            )
        elif "Next" in state.fields and end is True:
            self._findings.error(
                "CONFLICTING_FIELDS",
                child(state.pointer, "End"),
                "Next and End cannot be used together.",
                "Remove one.",
            )
        elif end is False:
            self._findings.warning(
                "INVALID_VALUE",
                child(state.pointer, "End"),
                "End must be true or omitted; false has no effect.",
                "Remove it.",
            )

    def _check_target(self, scope: Scope, target: str, pointer: str) -> None:
        if target in scope.by_name or has_placeholders(target):
            return
        if isinstance(scope.fields.get("States"), dict) and target in scope.fields["States"]:  # type: ignore[operator]
            return  # present but not an object, which is reported elsewhere
        elsewhere = self._by_name.get(target)
        if elsewhere is not None:
            self._findings.error(
                "TRANSITION_LEAVES_SCOPE",
                pointer,
                f"State {target!r} is in another scope ({elsewhere.scope.pointer or 'the top level'}).",
                "A transition cannot enter or leave a branch or a Map: end the scope, and continue from its state.",
            )
            return
        suggestion = self._guess(scope, target)
        self._findings.error(
            "MISSING_TRANSITION_TARGET",
            pointer,
            f"There is no state {target!r}.",
            f"Did you mean {suggestion}?" if suggestion else self._other_targets(),
        )

    def _other_targets(self) -> str:
        unreached = ", ".join(map(repr, self._unreached[:_MAX_NAMED]))
        return "Add it, or name a state of the same scope" + (
            f"; no transition leads to {unreached}." if unreached else "."
        )

    def _guess(self, scope: Scope, target: str) -> str | None:
        """Return the state that a wrong target was probably meant to name: see reachability.Guess.

        For a target nested in a state of this scope, that is the state around it.
        """
        ancestor = self._by_name.get(target)
        while ancestor is not None:
            if ancestor.scope is scope:
                return ancestor.name
            ancestor = ancestor.scope.parent
        key = scope.pointer, target
        if key not in self._guessed:
            self._guessed[key] = self._guesses.nearest(target, scope.by_name)
        return self._guessed[key]


def _table(scope: Scope) -> tuple[frozenset[str], str]:
    if scope.parent is None:
        return TOP, "a state machine"
    if scope.parent.type == "Map":
        return PROCESSOR, "the processor of a Map"
    return BRANCH, "a branch"


def _holders(state: StateNode) -> Iterator[tuple[dict[str, object], str]]:
    """Yield each object that may name a target, with its pointer: the state, its choice rules and its catchers."""
    if state.type in (*TYPES_WITH_NEXT, "Choice"):
        yield state.fields, state.pointer  # type: ignore[misc]
    for field, kinds in (("Choices", ("Choice",)), ("Catch", TYPES_THAT_CAN_FAIL)):
        rules = state.fields.get(field)
        if state.type in kinds and isinstance(rules, list):
            for index, rule in enumerate(rules):
                if isinstance(rule, dict):
                    yield rule, child(child(state.pointer, field), index)  # type: ignore[misc]
