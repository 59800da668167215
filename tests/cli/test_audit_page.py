"""docs/audit.md describes the objects that are really written."""

import json
import re
from dataclasses import fields
from typing import Any

from handlers.domain.answers import Answer
from handlers.domain.ledger import Kind
from tests.components.synth import CHECKOUT
from tests.handlers.world import World, purchase_of, refund_of

PAGE = (CHECKOUT / "docs" / "audit.md").read_text("utf-8")


def columns(table: str) -> set[str]:
    """The columns of a table as Athena is told."""
    defined = PAGE.partition(f"CREATE EXTERNAL TABLE {table} (\n")[2].partition("\n)\n")[0]
    return set(re.findall(r"^  (\w+) +\w", defined, re.MULTILINE))


def members(table: str, column: str) -> set[str]:
    """The members of a column that is a struct, or an array of them."""
    struct = (
        PAGE.partition(f"TABLE {table} (")[2].partition(f"  {column} ")[2].partition("struct<")[2].partition(">")[0]
    )
    return set(re.findall(r"`?(\w+)`?:\w+", struct))


def records() -> tuple[dict[str, Any], dict[str, Any]]:
    """An outcome and a refusal."""
    world = World()
    world.stock(mug=(500, 9))
    world.book(refund_of(world.book(purchase_of(mug=(2, 500)))["order_id"]))
    world.book(purchase_of("too-many", mug=(99, 500)))
    parsed = [json.loads(content) for _, content in sorted(world.audit_objects().items())]
    return parsed[0], parsed[-1]


def test_the_tables_have_the_columns_of_the_records() -> None:
    """Nothing is left out, nothing is invented."""
    outcome, refusal = records()
    assert (set(outcome), set(refusal)) == (columns("booking_outcomes"), columns("booking_refusals"))
    answer = {"schema", *(field.name for field in fields(Answer))}
    assert answer == members("booking_outcomes", "result") == members("booking_refusals", "result")
    entries = [set(entry) for entry in outcome["ledger"]]
    assert members("booking_outcomes", "ledger") == set.intersection(*entries)


def test_every_kind_of_entry_is_told_with_its_money() -> None:
    """By the names in the ledger."""
    assert [kind for kind in Kind if f"`{kind.value}`" not in PAGE] == []
