"""Stock and prices."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.handlers.world import World, purchase_of, refund_of

TOKENS = ("pm_ok", "pm_declined", "pm_timeout", "pm_timeout_declined", "pm_timeout_never_arrives")


@given(st.integers(0, 6), st.lists(st.tuples(st.integers(1, 4), st.sampled_from(TOKENS)), max_size=6))
def test_stock_is_never_oversold_and_what_is_not_bought_comes_back(stock: int, wishes: list[tuple[int, str]]) -> None:
    """Law 24 (stock): 0 ≤ available ≤ capacity; a declined purchase restores all of it."""
    world = World()
    world.stock(MUG=(800, stock))
    for number, (quantity, token) in enumerate(wishes):
        world.book(purchase_of(f"buy-{number}", token, MUG=(quantity, 800)))
        assert 0 <= world.available("MUG") <= stock
    world.reconcile(fence_after_seconds=0)
    assert world.available("MUG") + _sold(world) == stock


def _sold(world: World) -> int:
    orders = [world.order(item["pk"]["S"].removeprefix("ORDER#")) for item in _items(world)]
    return sum(line.quantity for order in orders if order.account.captured_minor for line in order.lines)


def _items(world: World) -> list[Any]:
    items = world.dynamodb.scan(TableName="orders")["Items"]
    return [item for item in items if item["pk"]["S"].startswith("ORDER#")]


@given(st.lists(st.integers(1, 3), max_size=4), st.booleans())
def test_each_refunded_unit_is_restocked_once(returns: list[int], reversed_later: bool) -> None:
    """Law 24 (stock): by lines and by everything; replays and reversals restock nothing."""
    world = World()
    world.stock(MUG=(800, 10))
    token = "pm_refund_reversed" if reversed_later else "pm_ok"
    order_id = world.book(purchase_of(payment_method=token, MUG=(6, 800)))["order_id"]
    for number, quantity in enumerate(returns):
        for _ in range(2):
            world.book(refund_of(order_id, f"r-{number}", lines=[{"sku": "MUG", "quantity": quantity}]))
        world.reconcile()
        assert world.available("MUG") <= 10
    world.book(refund_of(order_id, "rest"))
    assert world.available("MUG") == 10


def test_the_last_one_is_sold_once() -> None:
    """Law 24 (stock)."""
    world = World()
    world.stock(LAMP=(4990, 1))
    results = [world.book(purchase_of(f"buy-{number}", LAMP=(1, 4990))) for number in range(3)]
    assert [result["code"] for result in results] == [None, "OUT_OF_STOCK", "OUT_OF_STOCK"]
    assert results[1]["message"] == "1 of LAMP were asked for; 0 are available."


def test_a_purchase_charges_the_price_as_quoted_or_is_rejected_with_the_present_one() -> None:
    """Law 25 (price honesty)."""
    world = World()
    world.stock(MUG=(850, 20))
    result = world.book(purchase_of(MUG=(2, 800)))
    assert (result["status"], result["code"]) == ("rejected", "PRICE_CHANGED")
    assert result["message"] == "MUG was quoted at 8.00 EUR; it is 8.50 EUR."
    assert world.available("MUG") == 20
    assert world.dynamodb.scan(TableName="gateway")["Items"] == []


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 10_000)), min_size=1, max_size=5))
def test_the_total_is_the_sum_of_quantity_times_price_exactly(lines: list[tuple[int, int]]) -> None:
    """Law 25 (price honesty): what is charged, recorded and answered."""
    world = World()
    world.stock(**{f"S{number}": (price, quantity) for number, (quantity, price) in enumerate(lines)})
    result = world.book(purchase_of(**{f"S{number}": pair for number, pair in enumerate(lines)}))
    total = sum(quantity * price for quantity, price in lines)
    assert result["amount_minor"] == total
    assert world.gateway_net(result["order_id"]) == total
    assert world.order(result["order_id"]).account.captured_minor == total


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ({"NONE": (1, 5), "USDMUG": (1, 5), "MUG": (1, 1), "POT": (99, 10)}, "SKU_NOT_FOUND"),
        ({"USDMUG": (1, 5), "MUG": (1, 1), "POT": (99, 10)}, "CURRENCY_MISMATCH"),
        ({"MUG": (1, 1), "POT": (99, 10)}, "PRICE_CHANGED"),
        ({"POT": (99, 10)}, "OUT_OF_STOCK"),
    ],
)
def test_of_several_differences_the_gravest_is_the_code(lines: Any, code: str) -> None:
    """Law 25 (price honesty), law 27 (currency): it must equal the article's; nothing is charged or taken."""
    world = World()
    world.stock(MUG=(800, 5), POT=(10, 5))
    usd = {"pk": "SKU#USDMUG", "sku": "USDMUG", "currency": "USD"}
    item = {name: {"S": value} for name, value in usd.items()} | {"price_minor": {"N": "5"}, "available": {"N": "9"}}
    world.dynamodb.put_item(TableName="orders", Item=item)
    result = world.book(purchase_of(**lines))
    assert (result["status"], result["code"]) == ("rejected", code)
    assert (world.available("MUG"), world.available("POT")) == (5, 5)
    assert _items(world) == []


def test_an_article_that_left_the_catalogue_does_not_keep_a_refund_from_settling() -> None:
    """Law 24 (stock), and the well-known defect: a release-stock failure that skips the refund."""
    world = World()
    world.stock(MUG=(800, 5), POT=(10, 5))
    order_id = world.book(purchase_of(MUG=(2, 800), POT=(1, 10)))["order_id"]
    world.dynamodb.delete_item(TableName="orders", Key={"pk": {"S": "SKU#MUG"}})
    assert world.book(refund_of(order_id))["status"] == "succeeded"
    assert world.available("POT") == 5
    assert "Item" not in world.dynamodb.get_item(TableName="orders", Key={"pk": {"S": "SKU#MUG"}})


def test_an_existing_order_wins_over_stock_and_price() -> None:
    """Law 8 (replay): a repeat is a replay even when the shelf is empty and the price another by now."""
    world = World()
    world.stock(MUG=(800, 1))
    world.book(purchase_of(MUG=(1, 800)))
    world.stock(MUG=(999, 0))
    assert world.book(purchase_of(MUG=(1, 800)))["replayed"] is True
