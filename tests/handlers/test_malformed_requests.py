"""Any JSON can be started: what is no request is refused in a sentence that names the field."""

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handlers.domain.answers import Answer
from handlers.record import record
from handlers.refund import refund
from handlers.runtime.request_parsing import ALLOWED, parse_request
from tests.handlers.world import World, purchase_of, refund_of

PURCHASE = purchase_of(MUG=(1, 800))
REFUND = refund_of("ord_1", amount_minor=5)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(), max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)
not_amounts = st.one_of(
    st.integers(max_value=0),
    st.integers(min_value=10**12),
    st.booleans(),
    st.floats(),
    st.text(max_size=5),
    st.just("5"),
    st.lists(st.integers(), max_size=2),
    st.sampled_from([10**400, -(10**400), math.nan, math.inf, json.loads("1e400"), "0x10", "１２"]),
)


def _untouched(world: World) -> bool:
    rows = world.dynamodb.scan(TableName="orders")["Items"] + world.dynamodb.scan(TableName="gateway")["Items"]
    return all(row["pk"]["S"].startswith("SKU#") for row in rows)


@given(json_values)
@example({"\ud800": 1, "action": "refund"})
@example({"action": "purchase", "request_id": "\ud800"})
@example({"action": {"action": "refund"}})
@example(["purchase"])
def test_any_json_value_is_answered_and_nothing_but_its_record_is_written(value: Any) -> None:
    """Law 2 (positive integer), law 12 (validation is not stored): never an exception."""
    world = World()
    result = world.book(value)
    assert (result["status"], result["code"]) == ("rejected", "INVALID_REQUEST")
    assert "allowed" in result["message"]
    assert _untouched(world)
    assert len(world.audit_objects()) == 1
    assert world.findings() == ()


@given(not_amounts, st.sampled_from(("amount_minor", "unit_price_minor", "quantity")))
def test_an_amount_that_is_no_positive_integer_is_rejected(amount: Any, field: str) -> None:
    """Law 2 (positive integer): ledger and gateway untouched."""
    line = {**PURCHASE["lines"][0], field: amount}
    request = {**REFUND, field: amount} if field == "amount_minor" else {**PURCHASE, "lines": [line]}
    world = World()
    world.stock(MUG=(800, 5))
    result = world.book(request)
    assert (result["status"], result["code"]) == ("rejected", "INVALID_REQUEST")
    assert field in result["message"]
    assert "a whole number" in result["message"]
    assert _untouched(world)


@given(st.sampled_from([PURCHASE, REFUND]), st.data())
def test_a_missing_field_is_named_and_so_is_an_extra_one(request_: dict[str, Any], data: st.DataObject) -> None:
    """Law 12 (validation is not stored)."""
    missing = data.draw(st.sampled_from(sorted(set(request_) - {"amount_minor", "action"})))
    refusal = parse_request({key: value for key, value in request_.items() if key != missing})
    assert isinstance(refusal, Answer)
    assert refusal.message == f"{missing}: missing; allowed is {ALLOWED[missing]}."
    extra = parse_request({**request_, "colour": "red"})
    assert isinstance(extra, Answer)
    assert extra.message == "colour: no such field; allowed are only the fields of the contract."


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"action": "steal"}, "action: got a text of 5 characters; allowed is purchase or refund."),
        ({"lines": []}, "lines: got a list of 0; allowed is a list of 1 to 50 objects with one line per sku."),
        ({"lines": [1]}, "lines[0]: got 1; allowed is a line with sku and quantity."),
        ({"lines": PURCHASE["lines"] * 2}, "lines: the same sku comes twice; allowed is one line per sku."),
        (
            {"currency": "eur"},
            "currency: got a text of 3 characters; allowed is three capital letters of ISO 4217, such",
        ),
        ({"currency": "ABC"}, "currency: not the ISO 4217 code of a currency in circulation, such as EUR"),
        ({"customer_id": "a b"}, "customer_id: got a text of 3 characters; allowed is 1 to 64 characters of A-Z"),
        ({"request_id": "r\n"}, "request_id: got a text of 2 characters; allowed is 1 to 64 characters"),
        ({"request_id": "x" * 65}, "request_id: got a text of 65 characters; allowed is 1 to 64 characters"),
        ({"payment_method": 4242424242424242}, "payment_method: got 4242424242424242; allowed is a token of"),
    ],
)
def test_the_sentence_says_what_was_there_and_what_is_allowed(change: dict[str, Any], message: str) -> None:
    """Law 2 (positive integer) and the form of every other field."""
    refusal = parse_request({**PURCHASE, **change})
    assert isinstance(refusal, Answer)
    assert refusal.message.startswith(message)


def test_amount_and_lines_together_are_refused() -> None:
    """Law 3 (default amount): it is one of them, or neither."""
    refusal = parse_request({**REFUND, "lines": [{"sku": "MUG", "quantity": 1}]})
    assert isinstance(refusal, Answer)
    assert refusal.message.startswith("amount_minor, lines: both are given; allowed is one of them")


def test_a_total_beyond_all_bounds_is_refused() -> None:
    """Law 2 (positive integer): the sum of lines, too."""
    line = {"quantity": 1_000_000, "unit_price_minor": 999_999_999_999}
    refusal = parse_request({**PURCHASE, "lines": [{"sku": "A", **line}]})
    assert isinstance(refusal, Answer)
    assert "lines" in refusal.message


@given(st.text(min_size=1, max_size=200))
def test_no_text_that_was_sent_is_repeated(text: str) -> None:
    """A card number in the wrong field must not end up in a log or in a record that cannot be erased."""
    secret = f"4242 {text} 4242"
    for field in ("customer_id", "payment_method", "currency", "lines", "action"):
        refusal = parse_request({**PURCHASE, field: secret})
        assert isinstance(refusal, Answer)
        assert "4242" not in json.dumps(refusal.as_json())


@pytest.mark.parametrize("depth", [300, 100_000])
def test_deeply_nested_json_is_answered(depth: int) -> None:
    """Poison input, deeper than the interpreter's own stack."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    world = World()
    message = world.message({"action": "refund", "lines": value})
    assert record(message, world.parts())["code"] == "INVALID_REQUEST"
    assert refund(message, world.parts())["code"] == "INVALID_REQUEST"
