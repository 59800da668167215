"""A repeated request moves money once, however many ask for it at the same time."""

from concurrent.futures import ThreadPoolExecutor

from local.pytest_plugin import DeployedStack
from tests.integration.conftest import available, order, purchase, put_on_shelf, refund

PARALLEL = 50


def test_fifty_parallel_starts_of_one_refund_move_money_once(shop: DeployedStack) -> None:
    order_id = shop.run(purchase("crowd-buy", {"TEAPOT": 2})).result["order_id"]
    event = refund("crowd-refund", order_id, 1000)
    results = [ended.result for ended in _all_at_once(shop, [event] * PARALLEL)]
    assert {(result["status"], result["amount_minor"]) for result in results} == {("succeeded", 1000)}
    stored = order(shop, order_id)
    assert sum(1 for entry in stored["ledger"] if "Refund" in str(entry) and "ettled" in str(entry)) == 1
    assert {result["refundable_minor"] for result in results} == {3900}


def test_a_crowd_cannot_refund_more_than_was_paid(shop: DeployedStack) -> None:
    """Twenty different refunds of 10.00 on 49.00: four fit."""
    order_id = shop.run(purchase("greedy-buy", {"TEAPOT": 2})).result["order_id"]
    ended = _all_at_once(shop, [refund(f"greedy-{number}", order_id, 1000) for number in range(20)])
    results = [each.result for each in ended]
    assert (
        sorted(result["code"] or "" for result in results if result["status"] != "succeeded")
        == ["REFUND_EXCEEDS_BALANCE"] * 16
    )
    assert sum(result["amount_minor"] for result in results if result["status"] == "succeeded") == 4000


def test_a_crowd_cannot_buy_more_than_there_is(shop: DeployedStack) -> None:
    put_on_shelf(shop, "LAMP", 4990, 3)
    ended = _all_at_once(shop, [purchase(f"rush-{number}", {"LAMP": 1}) for number in range(12)])
    outcomes = sorted(each.result["code"] or "sold" for each in ended)
    assert outcomes == ["OUT_OF_STOCK"] * 9 + ["sold"] * 3
    assert available(shop, "LAMP") == 0


def _all_at_once(shop: DeployedStack, events: list[dict[str, object]]) -> list[object]:
    with ThreadPoolExecutor(len(events)) as pool:
        started = list(pool.map(shop.start, events))
        return list(pool.map(shop.wait, started))
