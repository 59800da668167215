"""Malformed requests: any JSON may start an execution, and an invalid one is refused with a message."""

import json
import math
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handlers.domain.answers import Answer
from handlers.record import record
from handlers.refund import refund
from handlers.runtime.request_parsing import ALLOWED, parse_request
from tests.handlers.world import World, purchase_of, refund_of

IDENTIFIER = "1 to 64 characters of A-Z a-z 0-9 _ . : -"
PURCHASE = purchase_of(MUG=(1, 800))
REFUND = refund_of("ord_1", amount_minor=5)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(), max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)
invalid_amounts = st.one_of(
    st.integers(max_value=0),
    st.integers(min_value=10**12),
    st.booleans(),
    st.floats(),
    st.text(max_size=5),
    st.just("5"),
    st.lists(st.integers(), max_size=2),
    st.sampled_from([10**400, -(10**400), math.nan, math.inf, json.loads("1e400"), "0x10", "１２"]),
)


def _is_untouched(world: World) -> bool:
    rows = world.dynamodb.scan(TableName="orders")["Items"]
    return not world.payer.effects() and all(row["pk"]["S"].startswith("SKU#") for row in rows)


@given(json_values)
@example({"\ud800": 1, "action": "refund"})
@example({"action": "purchase", "request_id": "\ud800"})
@example({"action": {"action": "refund"}})
@example(["purchase"])
def test_an_arbitrary_json_value_is_refused_and_only_its_audit_object_is_written(value: Any) -> None:
    """Law 2 (positive integer), law 12 (validation is not stored)."""
    world = World()
    result = world.book(value)
    assert (result["status"], result["code"]) == ("rejected", "INVALID_REQUEST")
    assert re.search(r"must be|is missing|is not a field|remove it", result["message"])
    assert _is_untouched(world)
    assert len(world.audit_objects()) == 1
    assert world.findings() == ()


@pytest.mark.over_gateways
@given(invalid_amounts, st.sampled_from(("amount_minor", "unit_price_minor", "quantity")))
def test_an_amount_that_is_not_a_positive_integer_is_refused(amount: Any, field: str) -> None:
    """Law 2 (positive integer): ledger and gateway stay untouched."""
    line = {**PURCHASE["lines"][0], field: amount}
    request = {**REFUND, field: amount} if field == "amount_minor" else {**PURCHASE, "lines": [line]}
    world = World()
    world.stock(MUG=(800, 5))
    result = world.book(request)
    assert (result["status"], result["code"]) == ("rejected", "INVALID_REQUEST")
    assert field in result["message"]
    assert "must be an integer from 1 to" in result["message"]
    assert _is_untouched(world)


@given(st.sampled_from([PURCHASE, REFUND]), st.data())
def test_missing_and_extra_fields_are_named(request_: dict[str, Any], data: st.DataObject) -> None:
    """Law 12 (validation is not stored)."""
    missing = data.draw(st.sampled_from(sorted(set(request_) - {"amount_minor", "action"})))
    refusal = parse_request({key: value for key, value in request_.items() if key != missing})
    assert isinstance(refusal, Answer)
    assert refusal.message == f"{missing} is missing; it must be {ALLOWED[missing]}."
    extra = parse_request({**request_, "colour": "red"})
    assert isinstance(extra, Answer)
    assert extra.message == "colour is not a field of the contract; remove it."


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, "The request must be an object with the fields of its action, got null."),
        (
            {"action": "steal"},
            "action must be purchase, capture, cancel, refund, decide or resolve, got a string of 5 characters.",
        ),
        ({"lines": []}, "lines must be a list of 1 to 50 objects, one per sku, got a list of 0 items."),
        ({"lines": [1]}, "lines[0] must be an object with sku and quantity, got 1."),
        ({"lines": PURCHASE["lines"] * 2}, "lines must not contain the same sku twice; add the quantities up."),
        (
            {"currency": "eur"},
            "currency must be three capital letters of ISO 4217, such as EUR, got a string of 3 characters.",
        ),
        ({"currency": "ABC"}, "currency must be the ISO 4217 code of a currency in circulation, such as EUR."),
        ({"customer_id": "a b"}, f"customer_id must be {IDENTIFIER}, got a string of 3 characters."),
        ({"request_id": "r\n"}, f"request_id must be {IDENTIFIER}, got a string of 2 characters."),
        ({"request_id": "x" * 65}, f"request_id must be {IDENTIFIER}, got a string of 65 characters."),
        (
            {"payment_method": True, "currency": 1.5},
            "currency must be three capital letters of ISO 4217, such as EUR, got the number 1.5. (1 more)",
        ),
        ({"\ud800": 1}, "The request has a field whose name is not valid Unicode; remove it."),
    ],
)
def test_a_refusal_states_the_allowed_and_the_actual_value(change: dict[str, Any], message: str) -> None:
    """Law 2 (positive integer), and the same for every other field."""
    refusal = parse_request({**PURCHASE, **change} if change else None)
    assert isinstance(refusal, Answer)
    assert refusal.message == message


def test_amount_and_lines_together_are_refused() -> None:
    """Law 3 (default amount): a refund has one of them, or neither."""
    refusal = parse_request({**REFUND, "lines": [{"sku": "MUG", "quantity": 1}]})
    assert isinstance(refusal, Answer)
    assert refusal.message == ("amount_minor and lines must not both be given; give one, or neither for everything.")


def test_a_total_out_of_range_is_refused() -> None:
    """Law 2 (positive integer): it holds for the total of the lines, too."""
    line = {"quantity": 1_000_000, "unit_price_minor": 999_999_999_999}
    refusal = parse_request({**PURCHASE, "lines": [{"sku": "A", **line}]})
    assert isinstance(refusal, Answer)
    assert refusal.message == "lines must total at most 999999999999 minor units."


@given(st.text(min_size=1, max_size=200))
def test_a_refusal_never_quotes_a_string_of_the_caller(text: str) -> None:
    """A card number in the wrong field must not get into a log, or into an audit object that cannot be erased."""
    secret = f"4242 {text} 4242"
    for field in ("customer_id", "payment_method", "currency", "lines", "action"):
        refusal = parse_request({**PURCHASE, field: secret})
        assert isinstance(refusal, Answer)
        assert "4242" not in json.dumps(refusal.as_json())


@pytest.mark.parametrize("depth", [300, 100_000])
def test_deeply_nested_json_is_refused(depth: int) -> None:
    """JSON can be nested more deeply than the interpreter's stack."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    world = World()
    message = world.message({"action": "refund", "lines": value})
    assert record(message, world.dependencies())["code"] == "INVALID_REQUEST"
    assert refund(message, world.dependencies())["code"] == "INVALID_REQUEST"
