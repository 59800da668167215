"""Mutated graphs, each without one argument of one resource.

An argument is a value, a nested value, or (in a policy) a denial or a condition; the resource itself is one, too.
"""

import copy
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.components.synth import Graph, RegisteredResource

Path = tuple[str | int, ...]
ABSENT = "(the resource)"
_POLICIES = ("policy", "assumeRolePolicy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """An argument that was removed from a resource, and the graph without it."""

    type: str
    name: str
    argument: str
    graph: Graph


def removals(graph: Graph) -> Iterator[Removal]:
    """Yield a graph without each argument in turn."""
    for position, resource in enumerate(graph.resources):
        if resource.custom:
            yield _removal(graph, position, ABSENT, None)
            for path in _paths(resource.inputs):
                yield _removal(graph, position, _dotted_path(path), _without(resource, path))
            for argument, inputs in _weaker_policies(resource.inputs):
                yield _removal(graph, position, argument, replace(resource, inputs=inputs))


def _removal(graph: Graph, position: int, argument: str, replacement: RegisteredResource | None) -> Removal:
    removed = graph.resources[position]
    remaining = [*graph.resources[:position], *([replacement] if replacement else []), *graph.resources[position + 1 :]]
    mutated = Graph(remaining, graph.outputs, graph.registered)
    return Removal(type=removed.type, name=removed.name, argument=argument, graph=mutated)


def _paths(value: Any, below: Path = ()) -> Iterator[Path]:
    """Yield every key of every dictionary; a map with the user's own keys (tags, variables) counts as one."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        if isinstance(key, str):
            yield (*below, key)
        if key not in ("tags", "variables", "dimensions", "recoveryPointTags"):
            yield from _paths(inner, (*below, key))


def _dotted_path(path: Path) -> str:
    return ".".join(key for key in path if isinstance(key, str))


def _without(resource: RegisteredResource, path: Path) -> RegisteredResource:
    inputs = copy.deepcopy(resource.inputs)
    inner: Any = inputs
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return replace(resource, inputs=inputs)


def _weaker_policies(inputs: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the inputs without one denial, or without one condition, of a policy."""
    for key in set(_POLICIES) & set(inputs):
        for position, statement in enumerate(json.loads(inputs[key])["Statement"]):
            if statement["Effect"] == "Deny":
                yield f"{key}: denial {statement['Sid']}", _replace_statement(inputs, key, position, None)
            elif "Condition" in statement:
                weaker = {each: value for each, value in statement.items() if each != "Condition"}
                sid = statement.get("Sid", "trust")
                yield f"{key}: condition of {sid}", _replace_statement(inputs, key, position, weaker)


def _replace_statement(
    inputs: dict[str, Any], key: str, position: int, replacement: dict[str, Any] | None
) -> dict[str, Any]:
    document = json.loads(inputs[key])
    document["Statement"][position : position + 1] = [replacement] if replacement else []
    return {**inputs, key: json.dumps(document)}


def _position(removal: Removal) -> int:
    return [each.name for each in removal.graph.resources].index(removal.name)


def weakened_copies(graph: Graph, types: Collection[str]) -> dict[tuple[str, str], tuple[str, RegisteredResource]]:
    """Map each argument of the types to a resource that has it and a copy of that resource without it."""
    copies: dict[tuple[str, str], tuple[str, RegisteredResource]] = {}
    for each in removals(graph):
        if each.argument != ABSENT and each.type in types and (each.type, each.argument) not in copies:
            copy = each.graph.resources[_position(each)]
            weaker = replace(copy, name=f"{copy.name}--{len(copies)}")
            copies[each.type, each.argument] = (each.name, weaker)
    return copies
