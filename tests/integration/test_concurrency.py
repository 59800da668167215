"""A repeated request moves money once, however many callers send it at once.

A crowd may be throttled, and some executions give up: these say `failed`, and that the request may be repeated, as the
tests then do.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.pytest_plugin import DeployedStack
from tests.integration.shop import available, order, purchase, put_on_shelf, refund

PARALLEL = 20


def test_twenty_parallel_starts_of_one_refund_move_money_once(shop: DeployedStack) -> None:
    order_id = shop.run(purchase("crowd-buy", {"TEAPOT": 2})).result["order_id"]
    results = _run_together(shop, [refund("crowd-refund", order_id, 1000)] * PARALLEL)
    told = {(result["status"], result["amount_minor"], result["refundable_minor"]) for result in results}
    assert told == {("succeeded", 1000, 3900)}
    assert [entry["type"] for entry in order(shop, order_id)["ledger"]] == [
        "OrderPlaced",
        "PaymentCaptured",
        "RefundRequested",
        "RefundSettled",
    ]


def test_a_crowd_cannot_refund_more_than_was_paid(shop: DeployedStack) -> None:
    """Twenty different refunds of 10.00 on 49.00: four fit."""
    order_id = shop.run(purchase("greedy-buy", {"TEAPOT": 2})).result["order_id"]
    results = _run_together(shop, [refund(f"greedy-{number}", order_id, 1000) for number in range(20)])
    assert sorted(result["code"] or "refunded" for result in results) == [
        *["REFUND_EXCEEDS_BALANCE"] * 16,
        *["refunded"] * 4,
    ]
    assert sum(result["amount_minor"] for result in results if result["status"] == "succeeded") == 4000


@pytest.mark.nightly
def test_a_crowd_cannot_buy_more_than_there_is(shop: DeployedStack) -> None:
    put_on_shelf(shop, "LAMP", 4990, 3)
    results = _run_together(shop, [purchase(f"rush-{number}", {"LAMP": 1}) for number in range(12)])
    assert sorted(result["code"] or "sold" for result in results) == ["OUT_OF_STOCK"] * 9 + ["sold"] * 3
    assert available(shop, "LAMP") == 0


def _run_together(shop: DeployedStack, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Start executions together and return their results; those that were throttled away are repeated one by one."""
    with ThreadPoolExecutor(len(events)) as pool:
        started = list(pool.map(shop.start, events))
    results = [shop.wait(execution, timeout_seconds=900).result for execution in started]
    return [
        shop.run(event).result if result["status"] in ("failed", "unknown") else result
        for event, result in zip(events, results, strict=True)
    ]
