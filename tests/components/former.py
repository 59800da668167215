"""Find the former names of a renamed resource, as the engine does: its own aliases and those of its parents.

Source: the engine's `computeAliases` and `inheritedChildAlias` (pkg/resource/deploy/source_eval.go, step_generator.go):
a child whose name begins with its parent's name follows a rename of its parent.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from tests.components.synth import Graph, RegisteredResource


def former_urns(graph: Graph) -> dict[str, str]:
    """Return each former URN under which the engine finds a resource, with the resource's present URN."""
    known: dict[str, list[str]] = {}
    for each in graph.resources:  # parents come before their children
        known[each.urn] = list(dict.fromkeys(_former_urns(each, known)))
    return {former: urn for urn, formers in known.items() for former in formers}


def _former_urns(each: RegisteredResource, known: dict[str, list[str]]) -> Iterator[str]:
    parent_urns = known.get(each.parent, [])
    for former in parent_urns:
        yield _urn(each, former, each.type, _inherited_name(each.name, each.parent, former))
    for alias in each.aliases:
        yield from _alias_urns(each, alias, parent_urns)


def _alias_urns(each: RegisteredResource, alias: dict[str, Any], parent_urns: Iterable[str]) -> Iterator[str]:
    """Yield the URNs of one alias: below the parent, and below each former URN of the parent."""
    if "urn" in alias:
        yield alias["urn"]
        return
    spec = alias["spec"]
    elsewhere, type_ = spec.get("parentUrn"), spec.get("type") or each.type
    for parent in [elsewhere] if elsewhere else [each.parent, *parent_urns]:
        inherited = each.name if elsewhere else _inherited_name(each.name, each.parent, parent)
        yield _urn(each, parent, type_, spec.get("name") or inherited)


def _inherited_name(name: str, parent: str, former: str) -> str:
    now, then = parent.rpartition("::")[2], former.rpartition("::")[2]
    return then + name.removeprefix(now) if name.startswith(now) else name


def _urn(each: RegisteredResource, parent: str, type_: str, name: str) -> str:
    """Return a URN as the SDK's mocks write it, with the type of the direct parent only."""
    stack, project, *_ = each.urn.split("::")
    prefix = f"{parent.split('::')[2].split('$')[-1]}$" if parent else ""
    return f"{stack}::{project}::{prefix}{type_}::{name}"
