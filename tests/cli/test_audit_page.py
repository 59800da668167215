"""docs/explanation/audit.md describes the objects as they are written."""

import json
import re
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest

from handlers.domain.answers import Answer
from handlers.domain.ledger import Kind
from tests.components.synth import CHECKOUT
from tests.handlers.world import World, purchase_of, refund_of

PAGE = (CHECKOUT / "docs" / "explanation" / "audit.md").read_text("utf-8")


def columns(table: str) -> set[str]:
    """Return the columns of a table in the statement that creates it."""
    defined = PAGE.partition(f"CREATE EXTERNAL TABLE {table} (\n")[2].partition("\n)\n")[0]
    return set(re.findall(r"^  (\w+) +\w", defined, re.MULTILINE))


def members(table: str, column: str) -> set[str]:
    """Return the members of a column that is a struct or an array of structs."""
    struct = (
        PAGE.partition(f"TABLE {table} (")[2].partition(f"  {column} ")[2].partition("struct<")[2].partition(">")[0]
    )
    return set(re.findall(r"`?(\w+)`?:\w+", struct))


def records() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the outcome of a refund, and a refusal."""
    world = World()
    world.stock(mug=(500, 9))
    world.book(refund_of(world.book(purchase_of(mug=(2, 500)))["order_id"]))
    world.book(purchase_of("too-many", mug=(99, 500)))
    parsed = [json.loads(content) for _, content in sorted(world.audit_objects().items())]
    return parsed[-2], parsed[-1]


def test_tables_have_the_columns_of_the_records() -> None:
    """No column is missing or superfluous."""
    outcome, refusal = records()
    assert (set(outcome), set(refusal)) == (columns("booking_outcomes"), columns("booking_refusals"))
    answer = {"schema", *(field.name for field in fields(Answer))}
    assert answer == members("booking_outcomes", "result") == members("booking_refusals", "result")
    entries = [set(entry) for entry in outcome["ledger"]]
    assert members("booking_outcomes", "ledger") == set.intersection(*entries) | {"currency"}
    assert ["currency" in entry for entry in entries] == [True] + [False] * (len(entries) - 1)


def test_every_kind_of_entry_is_documented() -> None:
    """The page uses the names in the ledger."""
    assert [kind for kind in Kind if f"`{kind.value}`" not in PAGE] == []


@pytest.mark.parametrize("table", ["booking_outcomes", "booking_refusals"])
def test_athena_reads_the_prefixes_of_the_written_objects(table: str) -> None:
    """The location template, with the day in the projection's format, is the prefix of that day's objects."""
    statement = PAGE.partition(f"CREATE EXTERNAL TABLE {table} (")[2].partition(";")[0]
    [location] = re.findall(r"LOCATION 's3://AUDIT_BUCKET/([^']+)'", statement)
    [template] = re.findall(r"'storage.location.template' = 's3://AUDIT_BUCKET/([^']+)'", statement)
    assert "'projection.day.format' = 'yyyy-MM-dd'" in statement
    assert "PARTITIONED BY (day string)" in statement
    assert template.startswith(location)
    world = World()
    world.stock(mug=(500, 9))
    world.book(refund_of(world.book(purchase_of(mug=(2, 500)))["order_id"]))
    world.clock.advance(timedelta(days=1))
    world.book(purchase_of("too-many", mug=(99, 500)))
    keys = [key for key in world.audit_objects() if key.startswith(location)]
    days = {"booking_outcomes": "2026-03-01", "booking_refusals": "2026-03-02"}
    assert keys
    assert [key for key in keys if not key.startswith(template.replace("${day}", days[table]))] == []


def test_column_types_match_the_records() -> None:
    """A wrong type would make the column null in every row."""
    outcome, refusal = records()
    for table, record in (("booking_outcomes", outcome), ("booking_refusals", refusal)):
        struct = PAGE.partition(f"TABLE {table} (")[2].partition("struct<")[2].partition(">")[0]
        types = dict(re.findall(r"`?(\w+)`?:(\w+)", struct))
        values = {name: value for name, value in record["result"].items() if value is not None}
        assert {name: "string" if isinstance(value, str) else "number" for name, value in values.items()} == {
            name: "string" if types[name] == "string" else "number" for name in values
        }
