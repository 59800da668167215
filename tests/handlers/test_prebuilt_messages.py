"""The prebuilt schemas are those of the models, and both say the same about any message."""

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from handlers.contracts import messages, prebuilt
from handlers.contracts.pydantic_engine import ValidationError as PrebuiltError
from tests.handlers.core_schemas import MODELS, generate

PURCHASE = {
    "action": "purchase", "request_id": "buy-1", "customer_id": "c", "currency": "EUR", "payment_method": "pm_ok",
    "lines": [{"sku": sku, "quantity": 2, "unit_price_minor": 800} for sku in ("MUG", "POT")],
    "capture": "later", "hold_seconds": 3600, "return_url": "https://shop.example/back", "gateway_customer": "cus_1",
}  # fmt: skip
ON_ORDER = {"request_id": "r", "order_id": "ord_1", "requested_by": "anna"}
REFUND = {
    "action": "refund",
    "reason": "scratched",
    "lines": [{"sku": "MUG", "quantity": 1}],
    "restock": False,
    **ON_ORDER,
    "override": "window",
}
RESULT = {"schema": 1, "status": "pending", "next_action": {"who": "bank", "until": None, "new": 1}, "later": [1]}
STEP = {"schema": 1, "execution": "arn", "requested_at": "2026-03-01T12:00:00Z", "request": PURCHASE}
CALLER = {"iss": "i", "sub": "s", "roles": ["staff"], "request_digest": "0" * 64, "expires": "2026-03-01T12:00:00Z"}
SAMPLES: dict[str, list[Any]] = {
    prebuilt.REQUEST: [
        PURCHASE,
        REFUND,
        {**REFUND, "lines": None, "amount_minor": 5},
        {"action": "capture", **ON_ORDER, "amount_minor": 5},
        {"action": "cancel", **ON_ORDER},
        {"action": "decide", **ON_ORDER, "subject": "ref_1", "decision": "deny"},
        {"action": "resolve", **ON_ORDER, "subject": "case_1", "outcome": "settled", "evidence": "a letter"},
    ],
    "ApiProof": [{"caller": CALLER, "mac": "bWFj"}],
    "BookingResult": [RESULT],
    "FunctionInput": [STEP, {**STEP, "new": {"a": 1}}],
    "RecordInput": [{**STEP, "result": RESULT}, {**STEP, "error": {"Error": "Unavailable", "Cause": "…"}}],
    "ReconcileInput": [{"schema": 1, "order_id": "ord_1", "limit": 5, "days": ["2026-03-01"], "continuation": "x"}],
    "ReconcileReport": [{"settled": ["ord_1"], "drift": {"audit": 1}}],
    "GatewayNotice": [{"order_id": "ord_1"}, {"reference": "pi_1"}],
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2_000_000_000_000) | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["sku", "quantity", "x"]), inner),
    max_leaves=4,
)


def test_the_prebuilt_schemas_are_current() -> None:
    """A model that changes without its prebuilt schema is found."""
    assert prebuilt.SCHEMAS.read_text("utf-8") == generate(), "run python -m tests.handlers.core_schemas"


@st.composite
def _mutated_messages(draw: st.DrawFn) -> tuple[str, Any]:
    """A message with some of its values, at any depth, replaced, removed or added."""
    name = draw(st.sampled_from(sorted(SAMPLES)))
    message = json.loads(json.dumps(draw(st.sampled_from(SAMPLES[name]))))
    for _ in range(draw(st.integers(0, 3))):
        place = message
        while inner := [each for each in _members(place) if isinstance(each, dict | list) and each]:
            if draw(st.booleans()):
                break
            place = draw(st.sampled_from(inner))
        _change(draw, place)
    return name, message


def _members(place: Any) -> list[Any]:
    return [*place.values()] if isinstance(place, dict) else [*place] if isinstance(place, list) else []


def _change(draw: st.DrawFn, place: Any) -> None:
    if isinstance(place, list):
        place[draw(st.integers(0, len(place) - 1))] = draw(st.sampled_from(place) | VALUES)
        return
    key = draw(st.sampled_from([*place, "new", "schema", "amount_minor"]))
    if draw(st.booleans()) and key in place:
        del place[key]
    else:
        place[key] = draw(VALUES)


@given(_mutated_messages())
@example((prebuilt.REQUEST, {**PURCHASE, "capture": "now"}))
@example((prebuilt.REQUEST, {**PURCHASE, "lines": [PURCHASE["lines"][0]] * 2}))
@example((prebuilt.REQUEST, {**REFUND, "amount_minor": 5}))
@example((prebuilt.REQUEST, {"action": "gift"}))
@example((prebuilt.REQUEST, "\ud800"))
@example((prebuilt.REQUEST, {"action": "cancel", **ON_ORDER, "\ud800": 1}))
def test_model_and_prebuilt_schema_agree_on_any_message(changed: tuple[str, Any]) -> None:
    """The same errors at the same places, or the same fields and the same JSON."""
    name, message = changed
    assert _judge(_prebuilt(name), message) == _judge(_model(name), message)


def test_unknown_members_are_dumped_at_any_depth_of_nesting() -> None:
    """Law 39 (two releases): unknown members are passed on as they are, at any depth."""
    later: list[Any] = []
    for _ in range(2 * sys.getrecursionlimit()):
        later = [later]
    dumped = prebuilt.BookingResult.model_validate({**RESULT, "later": later}).model_dump()["later"]
    depth = 0
    while dumped:
        [dumped], depth = dumped, depth + 1
    assert depth == 2 * sys.getrecursionlimit()


def _model(name: str) -> Callable[[Any], Any]:
    if name == prebuilt.REQUEST:
        return TypeAdapter(messages.BookingRequest).validate_python
    return MODELS[name].model_validate


def _prebuilt(name: str) -> Callable[[Any], Any]:
    return prebuilt.read_request if name == prebuilt.REQUEST else getattr(prebuilt, name).model_validate


def _judge(validate: Callable[[Any], Any], message: Any) -> Any:
    try:
        read = validate(message)
    except (ValidationError, PrebuiltError) as error:
        return str(error)
    return type(read).__name__, json.dumps(read.model_dump()), sorted(read.model_fields_set)


@pytest.mark.parametrize("fields", [{"order_id": "ord_1"}, {"order_id": "no/id"}, {}])
def test_a_prebuilt_message_is_constructed_like_its_model(fields: dict[str, Any]) -> None:
    """A prebuilt message has the fields, defaults and text of its model."""

    def build(make: Callable[..., Any]) -> Callable[[Any], Any]:
        return lambda given: make(**given)

    assert _judge(build(prebuilt.GatewayNotice), fields) == _judge(build(messages.GatewayNotice), fields)
