"""Where a state finds what its expressions refer to: in its input, in the context, or in a variable kept for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...failures import WorkflowError
from ..expressions import Reference, Source, form_of, place_of
from ..states.arrows import AnyState, Catching, Exit, Given, Link
from ..states.tasks import Task
from .graph import Graph, Home

LONGEST_VARIABLE: Final = 80
"""Characters of a variable's name. Source: developer guide, "Passing data between states with variables"."""
_INPUT = Reference(Source("state_input"))
_RESULT = Reference(Source("result"))


class Places:
    """Answers for the states of one graph, and knows which variables are kept for whom."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.inputs: dict[int, str] = {}
        self.outputs: dict[int, str] = {}
        self._taken = _remembered(graph)
        self._before = 0

    def settled(self) -> bool:
        """Whether nothing new had to be kept since this was asked last."""
        now = len(self.inputs) + len(self.outputs)
        settled, self._before = now == self._before, now
        return settled

    def kept_at(self, state: AnyState) -> Mapping[str, object]:
        """What this state must remember when it has done its work."""
        kept: dict[str, object] = {}
        if id(state) in self.inputs:
            kept[self.inputs[id(state)]] = _INPUT
        if id(state) in self.outputs:
            kept[self.outputs[id(state)]] = _own_output(state)
        return kept

    def kept_along(self, exit_: Exit) -> Mapping[str, object]:
        """What must be remembered along one way out of a state."""
        state = exit_.state
        if state.type == "Choice":
            return self.kept_at(state)
        return {self.inputs[id(state)]: _INPUT} if id(state) in self.inputs else {}

    def seen_from(self, state: AnyState, reference: Reference) -> Reference:
        """The same place as this state can name it."""
        source, _ = place_of(reference)
        if source.root == "input":
            return self._input(state, reference)
        if source.root == "output":
            return self._output(state, reference)
        if source.root == "variable" and not source.name:
            raise WorkflowError(f"{state!r} uses a variable that no attribute of a workflow holds")
        return reference

    def _input(self, state: AnyState, reference: Reference) -> Reference:
        home = self._home(state)
        _, path = place_of(reference)
        form = form_of(reference)
        if home.is_machine:
            return Reference(Source("context"), form, ("Execution", "Input", *path))
        again = [link for link in self.graph.into(home.start) if self._home(link.exit.state) is home]
        if state is home.start and not again:
            return Reference(Source("state_input"), form, path)
        if again:
            raise WorkflowError(f"{home.start!r} is both the start and a later state: start with a state of its own")
        name = self.inputs.get(id(home.start)) or self._variable(home.start, "input")
        self.inputs[id(home.start)] = name
        return Reference(Source("variable", name), form, path)

    def _output(self, state: AnyState, reference: Reference) -> Reference:
        source, path = place_of(reference)
        form = form_of(reference)
        owner = self._home(state).copies.get(id(source.owner))
        if owner is None:
            raise WorkflowError(
                f"{state!r} refers to the output of {source.owner!r}, which is no state of its workflow"
            )
        owners = self.graph.ends.get(id(owner), (owner,))
        if self._hands_on(state, owners):
            return Reference(Source("state_input"), form, path)
        self._check_done(state, owner, owners)
        name = self.outputs.get(id(owners[0])) or self._variable(owner, "output")
        self.outputs.update(dict.fromkeys(map(id, owners), name))
        return Reference(Source("variable", name), form, path)

    def _hands_on(self, state: AnyState, owners: tuple[AnyState, ...]) -> bool:
        """Whether whatever leads to a state hands it the output of one of these."""
        seen: set[int] = set()
        waiting = [state]
        while waiting:
            here = waiting.pop()
            if here is self.graph.start:
                return False
            seen.add(id(here))
            for link in self.graph.into(here):
                giver = link.exit.state
                if link.exit.output is not None or link.exit.kind == "catch":
                    return False
                if giver in owners:
                    continue
                if giver.type not in ("Choice", "Wait"):
                    return False
                if id(giver) not in seen:
                    waiting.append(giver)
        return True

    def _check_done(self, state: AnyState, owner: AnyState, owners: tuple[AnyState, ...]) -> None:
        ways: list[Link] = [
            link for one in owners for kind in ("next", "choice", "default") for link in self.graph.out_of(one, kind)
        ]
        if id(state) in self.graph.reached(without=ways):
            raise WorkflowError(
                f"{state!r} refers to the output of {owner!r}, but is reached by ways on which {owner!r} has not run"
            )

    def _home(self, state: AnyState) -> Home:
        return self.graph.homes[id(state)]

    def _variable(self, state: AnyState, what: str) -> str:
        """A variable's name that says what is kept in it, and that nobody else has."""
        room = LONGEST_VARIABLE - len(what) - len("_99_")
        letters = "".join(sign if f"a{sign}".isidentifier() else "_" for sign in state.name[:room])
        kept = letters if letters.isidentifier() and not letters.startswith("_") else f"s{letters}"
        name, number = f"{kept}_{what}", 1
        while name in self._taken:
            number += 1
            name = f"{kept}_{number}_{what}"
        self._taken.add(name)
        return name


def output_by(state: AnyState) -> Given | None:
    """What a state says that it gives; None where the States Language's default is right."""
    if state.output is not None:
        return state.output
    if isinstance(state, Task) and state.result_path:
        return Given(Reference(Source("result"), object, state.result_path))
    return None


def _own_output(state: AnyState) -> object:
    given = output_by(state)
    if given is not None:
        return given.value
    return _RESULT if isinstance(state, Catching) and state.type != "Inline" else _INPUT


def _remembered(graph: Graph) -> set[str]:
    """The names of the variables that the states themselves, or their ways out, remember."""
    holders = [*(state.assign for state in graph.states.values()), *(link.exit.assign for link in graph.links)]
    return {name for holder in holders for name in holder}
