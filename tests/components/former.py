"""Find the former names of a renamed resource, as the engine does: its own aliases and those of its parents.

Source: the engine's `computeAliases` and `inheritedChildAlias` (pkg/resource/deploy/source_eval.go, step_generator.go):
a child whose name begins with its parent's name follows a rename of its parent.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from tests.components.synth import Graph, RegisteredResource


def former_urns(graph: Graph) -> dict[str, str]:
    """Every URN under which the engine finds what has another one now, with the one that it has now."""
    known: dict[str, list[str]] = {}
    for each in graph.resources:  # parents come before their children
        known[each.urn] = list(dict.fromkeys(_formerly(each, known)))
    return {former: urn for urn, formers in known.items() for former in formers}


def _formerly(each: RegisteredResource, known: dict[str, list[str]]) -> Iterator[str]:
    above = known.get(each.parent, [])
    for former in above:
        yield _urn(each, former, each.type, _followed(each.name, each.parent, former))
    for alias in each.aliases:
        yield from _called(each, alias, above)


def _called(each: RegisteredResource, alias: dict[str, Any], above: Iterable[str]) -> Iterator[str]:
    """The URNs that one alias stands for: below the parent, and below whatever the parent was."""
    if "urn" in alias:
        yield alias["urn"]
        return
    told = alias["spec"]
    elsewhere, type_ = told.get("parentUrn"), told.get("type") or each.type
    for parent in [elsewhere] if elsewhere else [each.parent, *above]:
        followed = each.name if elsewhere else _followed(each.name, each.parent, parent)
        yield _urn(each, parent, type_, told.get("name") or followed)


def _followed(name: str, parent: str, former: str) -> str:
    now, then = parent.rpartition("::")[2], former.rpartition("::")[2]
    return then + name.removeprefix(now) if name.startswith(now) else name


def _urn(each: RegisteredResource, parent: str, type_: str, name: str) -> str:
    """As the SDK's mocks spell it: with the type of the parent alone, not of all that is above."""
    stack, project, *_ = each.urn.split("::")
    above = f"{parent.split('::')[2].split('$')[-1]}$" if parent else ""
    return f"{stack}::{project}::{above}{type_}::{name}"
