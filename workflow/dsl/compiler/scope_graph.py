"""The states of one scope and the arrows between them, with the questions that the compiler asks of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from ...asl.records import Record
from ..states.arrows import AnyState, Link

NO_IDS: Final[Mapping[int, Any]] = MappingProxyType({})


class Home(Record):
    """The workflow that a state was written in: what `input_of` means there, and which states `output_of` names."""

    start: AnyState
    prefix: str
    is_machine: bool
    copies: Mapping[int, AnyState]


class ScopeGraph(Record):
    """States by name, in the order of writing, and the arrows between them."""

    start: AnyState
    states: Mapping[str, AnyState]
    links: Sequence[Link]
    homes: Mapping[int, Home] = NO_IDS
    declared: frozenset[str] = frozenset()
    """The variables that are attributes of the workflow, which must assign them."""
    ends: Mapping[int, tuple[AnyState, ...]] = NO_IDS
    """The states by which a fragment ends well, by the id of the `Inline` in whose place they stand."""

    @cached_property
    def _ways(self) -> dict[tuple[int, str], list[Link]]:
        ways: dict[tuple[int, str], list[Link]] = {}
        for link in self.links:
            ways.setdefault((id(link.exit.state), link.exit.kind), []).append(link)
        return ways

    @cached_property
    def _leading_to(self) -> dict[int, list[Link]]:
        leading: dict[int, list[Link]] = {}
        for link in self.links:
            leading.setdefault(id(link.target), []).append(link)
        return leading

    def out_of(self, state: AnyState, kind: str) -> list[Link]:
        """The arrows of one kind that leave a state, in the order of writing."""
        return self._ways.get((id(state), kind), [])

    def into(self, state: AnyState) -> list[Link]:
        """The arrows that lead to a state."""
        return self._leading_to.get(id(state), [])

    def reachable(self, *, without: Iterable[Link] = ()) -> set[int]:
        """The states (their ids) that paths from the start lead to, some arrows left out."""
        left_out = {id(link) for link in without}
        ways: dict[int, list[Link]] = {}
        for link in self.links:
            if id(link) not in left_out:
                ways.setdefault(id(link.exit.state), []).append(link)
        reached, waiting = {id(self.start)}, [id(self.start)]
        while waiting:
            for link in ways.get(waiting.pop(), ()):
                if id(link.target) not in reached:
                    reached.add(id(link.target))
                    waiting.append(id(link.target))
        return reached
