"""Writes the page and the JSON schema of the order events: `python -m tests.handlers.event_schemas`.

The common fields come from the contract, the kinds from the ledger. The facts of a kind are those that the handlers
write in the scenes of the crash tests, so a new kind or fact shows here as soon as it has a scene.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from handlers.contracts.order_event import OrderEvent, OrderTotals
from handlers.domain.ledger import Kind
from tests.handlers.test_crashes import SCENES

REFERENCE: Final = Path(__file__).parents[2] / "docs" / "reference"
PAGE: Final = REFERENCE / "order-events.md"
SCHEMA: Final = REFERENCE / "order-events.schema.json"

_HEAD: Final = """\
# Order events

Written by `python -m tests.handlers.event_schemas` from the contract and from what the handlers write.
[Consume order events](../how-to/consume-order-events.md) shows how to receive them;
[order-events.schema.json](order-events.schema.json) is the JSON schema of an event's detail.

The source of every event is `booking.orders`, its detail type is the kind of the ledger entry. Free text, payment
methods, the salt and salted hashes are in no event. Consumers must keep fields, and pass over kinds, that they do not
know: a newer release adds some, and removes or renames none within one `schema` number.

## The detail

"""


def generate() -> dict[Path, str]:
    """Return the page and the schema."""
    facts = _observe()
    schema = json.dumps(_schema(facts), indent=2) + "\n"
    return {PAGE: _page(facts), SCHEMA: schema}


def _observe() -> dict[str, list[Mapping[str, Any]]]:
    """Return the facts of every event of every scene, by kind."""
    found: dict[str, list[Mapping[str, Any]]] = {kind.value: [] for kind in Kind}
    for scene in SCENES.values():
        world, request = scene()
        world.book(request)
        world.reconcile(fence_after_seconds=0)
        world.publish()
        for event in world.events.events:
            found[event["detail"]["type"]].append(event["detail"]["facts"])
    return found


def _page(facts: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    fields = [(f"`{name}`", text) for name, text in _fields(OrderEvent)]
    totals = [(f"`{name}`", text) for name, text in _fields(OrderTotals)]
    kinds = [(f"`{kind}`", _names(seen)) for kind, seen in facts.items()]
    return (
        _HEAD
        + _table(("field", "meaning"), fields)
        + "\n## `totals`\n\n"
        + _table(("field", "meaning"), totals)
        + "\n## `facts` of each kind\n\n"
        + _table(("kind", "facts (in brackets: not always; empty: any)"), kinds)
    )


def _fields(model: type[OrderEvent] | type[OrderTotals]) -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        yield field.alias or name, " ".join((field.description or "Schema number of the detail.").split())


def _names(seen: Sequence[Mapping[str, Any]]) -> str:
    names = sorted({name for each in seen for name in each})
    always = {name for name in names if all(name in each for each in seen)}
    return ", ".join(f"`{name}`" if name in always else f"[`{name}`]" for name in names)


def _table(head: tuple[str, str], rows: Sequence[tuple[str, str]]) -> str:
    return "".join(f"| {one} | {other} |\n" for one, other in (head, ("---", "---"), *rows))


def _schema(facts: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    described = OrderEvent.model_json_schema(by_alias=True)
    described["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    described["allOf"] = [
        {
            "if": {"properties": {"type": {"const": kind}, "facts_omitted": {"const": False}}},
            "then": {"properties": {"facts": _object(seen)}},
        }
        for kind, seen in facts.items()
        if seen
    ]
    return described


def _object(seen: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    names = sorted({name for each in seen for name in each})
    properties = {name: _type([each[name] for each in seen if name in each]) for name in names}
    required = [name for name in names if all(name in each for each in seen)]
    return {"type": "object", "properties": properties, "required": required}


def _type(values: Sequence[Any]) -> dict[str, Any]:
    """Return the schema that all of some values have."""
    kinds: dict[type, str] = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object"}
    names = sorted({kinds.get(type(value), "null") for value in values})
    return {"type": names[0] if len(names) == 1 else names}


if __name__ == "__main__":
    for path, text in generate().items():
        path.write_text(text)
