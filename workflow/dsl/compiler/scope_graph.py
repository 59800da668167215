"""The states of one scope and the transitions between them, with the queries that the compiler runs on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from ...asl.records import Record
from ..states.transitions import AnyState, Link

NO_IDS: Final[Mapping[int, Any]] = MappingProxyType({})


class Home(Record):
    """The workflow that a state was written in, to which its `input_of` and `output_of` refer."""

    start: AnyState
    prefix: str
    is_machine: bool
    copies: Mapping[int, AnyState]


class ScopeGraph(Record):
    """The states of a scope by name, in the order of writing, and the transitions between them."""

    start: AnyState
    states: Mapping[str, AnyState]
    links: Sequence[Link]
    homes: Mapping[int, Home] = NO_IDS
    declared: frozenset[str] = frozenset()
    """The variables that are attributes of the workflow, which must assign them itself."""
    ends: Mapping[int, tuple[AnyState, ...]] = NO_IDS
    """The states at which a fragment succeeds, by the id of the `Inline` that they replace."""

    @cached_property
    def _links_out(self) -> dict[tuple[int, str], list[Link]]:
        links: dict[tuple[int, str], list[Link]] = {}
        for link in self.links:
            links.setdefault((id(link.exit.state), link.exit.kind), []).append(link)
        return links

    @cached_property
    def _links_in(self) -> dict[int, list[Link]]:
        links: dict[int, list[Link]] = {}
        for link in self.links:
            links.setdefault(id(link.target), []).append(link)
        return links

    def out_of(self, state: AnyState, kind: str) -> list[Link]:
        """Return the transitions of one kind out of a state, in the order of writing."""
        return self._links_out.get((id(state), kind), [])

    def into(self, state: AnyState) -> list[Link]:
        """Return the transitions into a state."""
        return self._links_in.get(id(state), [])

    def reachable(self, *, without: Iterable[Link] = ()) -> set[int]:
        """Return the ids of the states that can be reached from the start without taking these transitions."""
        excluded = {id(link) for link in without}
        links_out: dict[int, list[Link]] = {}
        for link in self.links:
            if id(link) not in excluded:
                links_out.setdefault(id(link.exit.state), []).append(link)
        reached, worklist = {id(self.start)}, [id(self.start)]
        while worklist:
            for link in links_out.get(worklist.pop(), ()):
                if id(link.target) not in reached:
                    reached.add(id(link.target))
                    worklist.append(id(link.target))
        return reached
