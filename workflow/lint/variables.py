"""Follow variables along the transitions: those that may, and those that must, be assigned when a state is entered."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping

from ..asl.definition import Scope, StateNode, Transition
from ..asl.json_type import Json
from ..asl.json_values import child
from ..asl.records import Record
from ..asl.suggestions import Guesses
from ..queries.jsonata_functions import FUNCTIONS
from .lint_findings import LintFindings
from .reads import VariableRead


class _Known(Record):
    """The variables of a scope: those of the enclosing scopes, and those that it assigns itself."""

    outer: frozenset[str]
    own: frozenset[str]
    certainly_outer: frozenset[str]
    """The variables of the enclosing scopes that are assigned on every path to this scope."""


class VariableFlow:
    """A check that every variable read is assigned before, on every path, in its scope or an enclosing one."""

    def __init__(self, findings: LintFindings, initial: frozenset[str]) -> None:
        self._findings = findings
        self._initial = initial
        self._guesses = Guesses()
        self._unreadable: set[str] = set()
        """The scopes in which, or around which, an Assign is not an object and so may assign anything."""
        self._entry: dict[str, frozenset[str]] = {}
        self._sure_entry: dict[str, frozenset[str]] = {}
        self._reserved: dict[str, frozenset[str]] = {"": initial}

    def check(self, scope: Scope, uses: Mapping[str, list[VariableRead]]) -> None:
        """Check a scope, after its enclosing scopes. `uses` are the reads of variables, by the state's pointer."""
        known = self._known_variables(scope)
        if _assigns_unreadably(scope) or (scope.parent and scope.parent.scope.pointer in self._unreadable):
            self._unreadable.add(scope.pointer)
        self._check_shadows(scope)
        tested_variables = _tested_variables(scope, uses)
        possible = _variables_on_entry(scope, lambda one, other: one | other, {})
        certain = _variables_on_entry(scope, lambda one, other: one & other, tested_variables)
        for state in scope.states:
            visible = known.outer | possible.get(state.name, known.own)  # an unreachable state sees all
            defined = known.certainly_outer | certain.get(state.name, known.own)
            self._entry[state.pointer], self._sure_entry[state.pointer] = visible, defined
            for use in () if scope.pointer in self._unreadable else uses.get(state.pointer, ()):
                if use.name not in visible:
                    self._report_undefined(use, visible, known)
                elif (
                    use.name not in defined
                    and not use.tolerant
                    and use.name not in tested_variables.get(state.name, ())
                ):
                    self._report_possibly_undefined(use, state)

    def _known_variables(self, scope: Scope) -> _Known:
        own = frozenset(name for state in scope.states for name, _ in _assignments(state))
        parent = scope.parent
        if parent is None:
            return _Known(self._initial, own, self._initial)
        if parent.type == "Map" and parent.is_distributed:
            return _Known(frozenset(), own, frozenset())
        none = frozenset[str]()
        return _Known(self._entry.get(parent.pointer, none), own, self._sure_entry.get(parent.pointer, none))

    def _check_shadows(self, scope: Scope) -> None:
        """Report assignments to variables of the enclosing scopes.

        Like AWS, report them even in a distributed Map, which cannot read these variables.
        """
        if scope.parent is None:
            return
        reserved = self._entry.get(scope.parent.pointer, frozenset()) | self._reserved[scope.parent.scope.pointer]
        self._reserved[scope.pointer] = reserved
        for state in scope.states:
            for name, pointer in _assignments(state):
                if name in reserved:
                    self._findings.error(
                        "DUPLICATE_VARIABLE_NAME",
                        pointer,
                        f"${name} is already assigned in an enclosing scope, and an inner scope cannot assign it.",
                        "Choose another name, or return the value as the output of the scope.",
                    )

    def _report_possibly_undefined(self, use: VariableRead, state: StateNode) -> None:
        self._findings.warning(
            "POSSIBLY_UNDEFINED_VARIABLE",
            use.pointer,
            f"${use.name} may not have been assigned on every path to {state.name!r}.",
            f"Assign it on every path, or test it: {{% $exists(${use.name}) ? … %}}."
            if state.query_language == "JSONata"
            else "Assign it on every path, or test it with IsPresent in a Choice.",
        )

    def _report_undefined(self, use: VariableRead, visible: frozenset[str], known: _Known) -> None:
        report = self._findings.warning if use.tolerant else self._findings.error
        if use.name in known.own:
            report(
                "UNDEFINED_VARIABLE",
                use.pointer,
                f"${use.name} is assigned only after this state, and on no path to it.",
                "Assign it in an earlier state.",
            )
            return
        suggestion = self._guesses.nearest(use.name, visible | known.own | FUNCTIONS | {"states"})
        report(
            "UNDEFINED_VARIABLE",
            use.pointer,
            f"No state assigns ${use.name} in this scope or a scope whose variables it can read.",
            f"Did you mean ${suggestion}?" if suggestion else "Assign it in an earlier state, or use $states.input.",
        )


def _tested_variables(scope: Scope, uses: Mapping[str, list[VariableRead]]) -> dict[str, frozenset[str]]:
    """Return the variables whose presence each Choice tests; after it, they are not reported as possibly undefined."""
    choices = [state for state in scope.states if state.type == "Choice"]
    return {state.name: frozenset(use.name for use in uses.get(state.pointer, ()) if use.tolerant) for state in choices}


def _variables_on_entry(
    scope: Scope, join: Callable[[int, int], int], known_after: Mapping[str, frozenset[str]]
) -> dict[str, frozenset[str]]:
    """Return the variables assigned on entry to each state: on any path (join by or), or on every path (by and).

    A set of names is an integer with one bit per name, and states are visited again until nothing changes.
    `known_after` are names that count as assigned after a state, whatever it assigns.
    """
    bits: dict[str, int] = {}
    entry: dict[str, int] = {}
    queue = deque([scope.start] if scope.start in scope.by_name else [])
    if queue:
        entry[str(scope.start)] = 0
    while queue:
        state = scope.by_name[str(queue.popleft())]
        for transition in state.transitions:
            if transition.target not in scope.by_name:
                continue
            after = entry[state.name] | _bits(bits, _names_assigned_on(state, transition))
            after |= _bits(bits, known_after.get(state.name, ()))
            before = entry.get(transition.target)
            joined = after if before is None else join(before, after)
            if joined != before:
                entry[transition.target] = joined
                queue.append(transition.target)
    names = list(bits)
    cache: dict[int, frozenset[str]] = {}
    return {state: _names(known, names, cache) for state, known in entry.items()}


def _bits(bits: dict[str, int], names: Iterable[str]) -> int:
    result = 0
    for name in names:
        result |= bits.setdefault(name, 1 << len(bits))
    return result


def _names(known: int, names: list[str], cache: dict[int, frozenset[str]]) -> frozenset[str]:
    if known not in cache:
        cache[known] = frozenset(name for bit, name in enumerate(names) if known >> bit & 1)
    return cache[known]


def _names_assigned_on(state: StateNode, transition: Transition) -> Iterator[str]:
    holder = state.fields if transition.kind in ("next", "default") else transition.holder
    return _names_in(holder)


def _names_in(holder: Mapping[str, Json]) -> Iterator[str]:
    assigned = holder.get("Assign")
    return (key.removesuffix(".$") for key in assigned) if isinstance(assigned, dict) else iter(())


def _assigns_unreadably(scope: Scope) -> bool:
    return any(
        not isinstance(holder.get("Assign", {}), dict) for state in scope.states for holder, _ in _holders(state)
    )


def _holders(state: StateNode) -> Iterator[tuple[Mapping[str, Json], str]]:
    """Yield a state, its choice rules and its catchers, each with its JSON pointer."""
    yield state.fields, state.pointer
    for field in ("Choices", "Catch"):
        rules = state.fields.get(field)
        if isinstance(rules, list):
            location = child(state.pointer, field)
            yield from ((rule, child(location, n)) for n, rule in enumerate(rules) if isinstance(rule, dict))


def _assignments(state: StateNode) -> Iterator[tuple[str, str]]:
    """Yield every variable that a state may assign, with the JSON pointer of the assignment."""
    for holder, pointer in _holders(state):
        assigned = holder.get("Assign")
        if isinstance(assigned, dict):
            location = child(pointer, "Assign")
            yield from ((key.removesuffix(".$"), child(location, key)) for key in assigned)
