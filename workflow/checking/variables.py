"""Follows variables along the arrows: what may have been assigned when a state is entered."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

from ..definition import Arrow, Scope, State
from ..json_type import Json
from ..json_values import child
from ..queries.jsonata_functions import FUNCTIONS
from ..records import Record
from .findings import Findings, Guesses
from .templates import Use


class _Known(Record):
    """The variables of a scope: those that come from around it, and those that it assigns itself."""

    around: frozenset[str]
    own: frozenset[str]


class Flow:
    """Checks that a variable that is read may have been assigned before, in its scope or one around it."""

    def __init__(self, findings: Findings, given: frozenset[str]) -> None:
        self._findings = findings
        self._given = given
        self._guesses = Guesses()
        self._unreadable: set[str] = set()
        """The scopes in which, or around which, a state has an Assign that is no object, and so may assign anything."""
        self._entry: dict[str, frozenset[str]] = {}
        self._taken: dict[str, frozenset[str]] = {"": given}

    def check(self, scope: Scope, uses: Mapping[str, list[Use]]) -> None:
        """Check a scope; the scopes around it come first. `uses` are the variables read, by state's pointer."""
        known = self._known(scope)
        if _assigns_unreadably(scope) or (scope.parent and scope.parent.scope.pointer in self._unreadable):
            self._unreadable.add(scope.pointer)
        self._check_shadows(scope)
        possible = _possible(scope)
        for state in scope.states:
            visible = known.around | possible.get(state.name, known.own)  # all, where no way is known to lead
            self._entry[state.pointer] = visible
            for use in () if scope.pointer in self._unreadable else uses.get(state.pointer, ()):
                if use.name not in visible:
                    self._undefined(use, visible, known)

    def _known(self, scope: Scope) -> _Known:
        own = frozenset(name for state in scope.states for name, _ in _assigned(state))
        parent = scope.parent
        if parent is None:
            return _Known(self._given, own)
        if parent.type == "Map" and parent.is_distributed:
            return _Known(frozenset(), own)
        return _Known(self._entry.get(parent.pointer, frozenset()), own)

    def _check_shadows(self, scope: Scope) -> None:
        """Refuse what was assigned on the way into the scope, as AWS does, even if a distributed Map cannot read it."""
        if scope.parent is None:
            return
        taken = self._entry.get(scope.parent.pointer, frozenset()) | self._taken[scope.parent.scope.pointer]
        self._taken[scope.pointer] = taken
        for state in scope.states:
            for name, pointer in _assigned(state):
                if name in taken:
                    self._findings.error(
                        "DUPLICATE_VARIABLE_NAME",
                        pointer,
                        f"${name} was assigned around this scope before, and an inner scope cannot set it.",
                        "Choose another name, or hand the value out as the scope's output.",
                    )

    def _undefined(self, use: Use, visible: frozenset[str], known: _Known) -> None:
        said = self._findings.warning if use.tolerant else self._findings.error
        if use.name in known.own:
            said(
                "UNDEFINED_VARIABLE",
                use.pointer,
                f"${use.name} is assigned only after this, on no way that leads here.",
                "Assign it earlier.",
            )
            return
        near = self._guesses.nearest(use.name, visible | known.own | FUNCTIONS | {"states"})
        said(
            "UNDEFINED_VARIABLE",
            use.pointer,
            f"No state assigns ${use.name} in this scope or one that it can see.",
            f"Did you mean ${near}?" if near else "Assign it before, or use $states.input.",
        )


def _possible(scope: Scope) -> dict[str, frozenset[str]]:
    """What may have been assigned when each state is entered; as bits, until nothing changes."""
    bits: dict[str, int] = {}
    entry: dict[str, int] = {}
    queue = deque([scope.start] if scope.start in scope.by_name else [])
    if queue:
        entry[str(scope.start)] = 0
    while queue:
        state = scope.by_name[str(queue.popleft())]
        for arrow in state.arrows:
            if arrow.target not in scope.by_name:
                continue
            after = entry[state.name] | _bits(bits, _assigned_on(state, arrow))
            before = entry.get(arrow.target)
            if before is None or after | before != before:
                entry[arrow.target] = after | (before or 0)
                queue.append(arrow.target)
    names = list(bits)
    cache: dict[int, frozenset[str]] = {}
    return {state: _names(known, names, cache) for state, known in entry.items()}


def _bits(bits: dict[str, int], names: Iterator[str]) -> int:
    result = 0
    for name in names:
        result |= bits.setdefault(name, 1 << len(bits))
    return result


def _names(known: int, names: list[str], cache: dict[int, frozenset[str]]) -> frozenset[str]:
    if known not in cache:
        cache[known] = frozenset(name for place, name in enumerate(names) if known >> place & 1)
    return cache[known]


def _assigned_on(state: State, arrow: Arrow) -> Iterator[str]:
    holder = state.fields if arrow.kind in ("next", "default") else arrow.holder
    return _names_in(holder)


def _names_in(holder: Mapping[str, Json]) -> Iterator[str]:
    assigned = holder.get("Assign")
    return (key.removesuffix(".$") for key in assigned) if isinstance(assigned, dict) else iter(())


def _assigns_unreadably(scope: Scope) -> bool:
    return any(
        not isinstance(holder.get("Assign", {}), dict) for state in scope.states for holder, _ in _holders(state)
    )


def _holders(state: State) -> Iterator[tuple[Mapping[str, Json], str]]:
    """A state, its rules and its catchers, each with its pointer."""
    yield state.fields, state.pointer
    for field in ("Choices", "Catch"):
        rules = state.fields.get(field)
        if isinstance(rules, list):
            here = child(state.pointer, field)
            yield from ((rule, child(here, n)) for n, rule in enumerate(rules) if isinstance(rule, dict))


def _assigned(state: State) -> Iterator[tuple[str, str]]:
    """Every variable that a state may assign, with the pointer of the assignment."""
    for holder, pointer in _holders(state):
        assigned = holder.get("Assign")
        if isinstance(assigned, dict):
            here = child(pointer, "Assign")
            yield from ((key.removesuffix(".$"), child(here, key)) for key in assigned)
