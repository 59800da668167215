"""The identity of requests: fields that make one the same request again, or another one."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.requests import IssueRefund, PlaceOrder, Units, order_id_of, refund_id_of
from tests.domain.orders import lines_of

PURCHASE = PlaceOrder(
    request_id="r", customer_id="c", currency="EUR", lines=lines_of((1, 5), (2, 7)), payment_method="pm_ok"
)
REFUND = IssueRefund(
    request_id="r",
    order_id="o",
    requested_by="a",
    reason="x",
    units=(Units(sku="A", quantity=1), Units(sku="B", quantity=2)),
)


@pytest.mark.parametrize("request_", [PURCHASE, REFUND])
def test_the_order_of_lines_does_not_change_the_fingerprint(request_: Any) -> None:
    """Law 10 (canonical)."""
    name = "lines" if isinstance(request_, PlaceOrder) else "units"
    turned = replace(request_, **{name: tuple(reversed(getattr(request_, name)))})
    assert turned.fingerprint == request_.fingerprint


@pytest.mark.parametrize(
    ("request_", "change"),
    [
        (PURCHASE, {"customer_id": "d"}),
        (PURCHASE, {"currency": "USD"}),
        (PURCHASE, {"lines": lines_of((1, 5))}),
        (PURCHASE, {"lines": lines_of((1, 5), (2, 8))}),
        (PURCHASE, {"payment_method": "pm_declined"}),
        (REFUND, {"order_id": "p"}),
        (REFUND, {"requested_by": "b"}),
        (REFUND, {"reason": "y"}),
        (REFUND, {"units": (Units(sku="A", quantity=1),)}),
        (REFUND, {"units": None}),
        (REFUND, {"units": None, "amount_minor": 5}),
    ],
)
def test_every_semantic_field_changes_the_fingerprint(request_: Any, change: dict[str, Any]) -> None:
    """Law 10 (canonical), law 9 (key reuse): amount, currency, order, lines, reason do."""
    assert replace(request_, **change).fingerprint != request_.fingerprint


@given(st.lists(st.text("ab_.:-", max_size=4), min_size=4, max_size=4))
def test_ids_of_different_requests_never_collide(parts: list[str]) -> None:
    """Law 8 (replay): two requests are one only if customer and request id are."""
    one, other = (parts[0], parts[1]), (parts[2], parts[3])
    assert (order_id_of(*one) == order_id_of(*other)) == (one == other)
    assert (refund_id_of(*one) == refund_id_of(*other)) == (one == other)


def test_ids_are_the_same_in_every_release() -> None:
    """Law 13 (no expiry): a repeat after years finds the same order, so these values may never change."""
    assert order_id_of("customer-1", "buy-1") == "ord_cf466969b1282408981155db2684475d"
    assert refund_id_of("ord_cf466969b1282408981155db2684475d", "refund-1") == "ref_99640db3ae9268f61621c73c9c33be80"
