"""Executions with any malformed JSON input end in a result that names the problem, and write no order."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.pytest_plugin import DeployedStack
from tests.integration.shop import audit_keys, purchase, refund

HUGE = 10**30
HOSTILE = [
    "",
    " ",
    "a" * 65,
    "a\u0000b",
    "../../etc/passwd",
    "${jndi:x}",
    "' OR 1=1 --",
    "{% $states.input %}",
    "\u202e",
]
AMOUNTS = [1.5, -1, 0, HUGE, True, "100", None]
"""Values that are not valid amounts of money."""


def _with_fields(event: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**event, **fields}


def _line(**fields: Any) -> dict[str, Any]:
    event = purchase("bad-line", {"MUG": 1})
    return _with_fields(event, lines=[event["lines"][0] | fields])


REFUND = refund("bad", "ord_0123456789abcdef0123456789abcdef")
CASES: dict[str, tuple[Any, str]] = {
    "no object": ([1, 2], "request"),
    "nothing": (None, "request"),
    "a text": ("purchase", "request"),
    "no action": ({"request_id": "x"}, "action"),
    "an unknown action": (_with_fields(purchase("bad"), action="steal"), "action"),
    "a missing field": ({k: v for k, v in purchase("bad").items() if k != "customer_id"}, "customer_id"),
    "an extra field": (_with_fields(purchase("bad"), discount=1), "discount"),
    "a wrong type": (_with_fields(purchase("bad"), lines="MUG"), "lines"),
    **{f"a price of {amount!r}": (_line(unit_price_minor=amount), "unit_price_minor") for amount in AMOUNTS},
    **{f"a quantity of {amount!r}": (_line(quantity=amount), "quantity") for amount in AMOUNTS},
    **{
        f"a refund of {amount!r}": (_with_fields(REFUND, amount_minor=amount), "amount_minor")
        for amount in AMOUNTS[:-1]
    },
    **{f"a request id {text!r}": (_with_fields(purchase("bad"), request_id=text), "request_id") for text in HOSTILE},
    **{f"a sku {text!r}": (_line(sku=text), "sku") for text in HOSTILE},
}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.parametrize("case", CASES)
def test_a_malformed_event_is_rejected_with_a_sentence_naming_the_field(shop: DeployedStack, case: str) -> None:
    event, field = CASES[case]
    items_before = _items(shop)
    execution = shop.run(event)
    assert (execution.status, execution.result["status"], execution.result["code"]) == (
        "SUCCEEDED",
        "rejected",
        "INVALID_REQUEST",
    )
    assert field in execution.result["message"]
    assert _items(shop) == items_before


@settings(max_examples=15, suppress_health_check=list(HealthCheck))  # an example is an execution of about 0.3 s
@given(event=JSON)
def test_any_json_value_ends_in_a_result(shop: DeployedStack, event: Any) -> None:
    execution = shop.run(event)
    assert (execution.status, execution.result["code"]) == ("SUCCEEDED", "INVALID_REQUEST")


def test_a_refusal_writes_its_audit_record_and_nothing_else(shop: DeployedStack) -> None:
    items, records = _items(shop), len(audit_keys(shop, "refusals/"))
    shop.run({"action": "steal"})
    assert (_items(shop), len(audit_keys(shop, "refusals/"))) == (items, records + 1)


def _items(shop: DeployedStack) -> list[int]:
    tables = (shop.outputs["ordersTable"], shop.outputs["gatewayTable"])
    return [int(shop.client("dynamodb").scan(TableName=table, Select="COUNT")["Count"]) for table in tables]
