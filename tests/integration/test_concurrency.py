"""A repeated request moves money once, even if many callers send it at the same time.

Throttled executions may end as `failed`, which means that the request can be repeated, as the tests then do.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.pytest_plugin import DeployedStack
from tests.integration.shop import available, order, purchase, refund, set_stock

PARALLEL = 20


def test_twenty_parallel_starts_of_one_refund_move_money_once(shop: DeployedStack) -> None:
    order_id = shop.run(purchase("crowd-buy", {"TEAPOT": 2})).result["order_id"]
    results = _run_in_parallel(shop, [refund("crowd-refund", order_id, 1000)] * PARALLEL)
    outcomes = {(result["status"], result["amount_minor"], result["refundable_minor"]) for result in results}
    assert outcomes == {("succeeded", 1000, 3900)}
    assert [entry["type"] for entry in order(shop, order_id)["ledger"]] == [
        "OrderPlaced",
        "PaymentCaptured",
        "RefundRequested",
        "RefundSettled",
    ]


def test_parallel_refunds_never_exceed_the_paid_amount(shop: DeployedStack) -> None:
    """Of twenty refunds of 10.00 for a payment of 49.00, four succeed."""
    order_id = shop.run(purchase("greedy-buy", {"TEAPOT": 2})).result["order_id"]
    results = _run_in_parallel(shop, [refund(f"greedy-{number}", order_id, 1000) for number in range(20)])
    assert sorted(result["code"] or "refunded" for result in results) == [
        *["REFUND_EXCEEDS_BALANCE"] * 16,
        *["refunded"] * 4,
    ]
    assert sum(result["amount_minor"] for result in results if result["status"] == "succeeded") == 4000


@pytest.mark.nightly
def test_parallel_purchases_never_exceed_the_stock(shop: DeployedStack) -> None:
    set_stock(shop, "LAMP", 4990, 3)
    results = _run_in_parallel(shop, [purchase(f"rush-{number}", {"LAMP": 1}) for number in range(12)])
    assert sorted(result["code"] or "sold" for result in results) == ["OUT_OF_STOCK"] * 9 + ["sold"] * 3
    assert available(shop, "LAMP") == 0


def _run_in_parallel(shop: DeployedStack, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Start executions in parallel and return their results; throttled ones are repeated one by one."""
    with ThreadPoolExecutor(len(events)) as pool:
        started = list(pool.map(shop.start, events))
    results = [shop.wait(execution, timeout_seconds=900).result for execution in started]
    return [
        shop.run(event).result if result["status"] in ("failed", "unknown") else result
        for event, result in zip(events, results, strict=True)
    ]
