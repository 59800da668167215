"""Lists of orders are complete, newest first, and paged without gaps or repetitions."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from console.order_lists import ListPosition, OrderLists, OrderPage
from tests.console.in_process_deployment import InProcessDeployment
from tests.handlers.world import purchase_of

ORDERS = 23


@pytest.fixture(scope="module")
def shop() -> InProcessDeployment:
    """Return orders of three customers over three days."""
    deployment = InProcessDeployment()
    deployment.world.stock(mug=(500, 99))
    for number in range(ORDERS):
        customer = {"customer_id": f"customer-{number % 3}"}
        deployment.book({**purchase_of(f"buy-{number}", mug=(1, 500)), **customer})
        deployment.world.clock.advance(timedelta(hours=3))
    return deployment


def lists_of(shop: InProcessDeployment) -> OrderLists:
    return OrderLists(client=shop.world.dynamodb, table="orders", now=shop.world.clock)


def pages(lists: OrderLists, size: int) -> Iterator[OrderPage]:
    """Yield every page, each from the end of the previous one, as in the link between them."""
    position: ListPosition | None = None
    for _ in range(60):
        page = lists.page(lists.list_changed(position), size=size, end=lists.continuation_of_changed(position))
        yield page
        if page.after is None or page.after.at < "2026-02":
            return
        position = ListPosition.parse(str(page.after))


@pytest.mark.parametrize("size", [1, 4, 23, 50])
def test_pages_of_any_size_contain_every_order_once_newest_first(shop: InProcessDeployment, size: int) -> None:
    found = [stored for page in pages(lists_of(shop), size) for stored in page.orders]
    times = [stored.order.ordered_at for stored in found if stored.order]
    assert len({stored.order_id for stored in found}) == len(found) == ORDERS
    assert times == sorted(times, reverse=True)


def test_lists_of_one_customer_or_day_contain_no_other_orders(shop: InProcessDeployment) -> None:
    lists = lists_of(shop)
    of_customer = lists.page(lists.of_customer("customer-1"))
    assert {stored.order.customer_id for stored in of_customer.orders if stored.order} == {"customer-1"}
    assert len(of_customer.orders) == 8
    of_day = lists.page(lists.list_changed(day="2026-03-02"))
    assert {stored.order.ordered_at[:10] for stored in of_day.orders if stored.order} == {"2026-03-02"}


def test_a_filtered_list_continues_on_the_next_page(shop: InProcessDeployment) -> None:
    lists = lists_of(shop)
    page = lists.page(lists.list_changed(), lambda order: bool(order and order.customer_id == "customer-2"), size=3)
    again = lists.page(lists.list_changed(page.after), lambda order: bool(order and order.customer_id == "customer-2"))
    assert (len(page.orders), len(again.orders), again.after) == (3, 4, None)


def test_a_quiet_stage_is_paged_back_a_week_at_a_time(shop: InProcessDeployment) -> None:
    shop.world.clock.advance(timedelta(days=20))
    try:
        found = list(pages(lists_of(shop), size=50))
    finally:
        shop.world.clock.advance(timedelta(days=-20))
    assert [len(page.orders) for page in found[:2]] == [0, 0]
    assert sum(len(page.orders) for page in found) == ORDERS


def test_an_order_in_flight_is_listed_until_it_is_settled() -> None:
    deployment = InProcessDeployment()
    deployment.world.stock(mug=(500, 9))
    deployment.book(purchase_of("lost", "pm_timeout", mug=(1, 500)))
    lists = lists_of(deployment)
    assert len(lists.page(lists.in_flight()).orders) == 1
    deployment.world.reconcile()
    assert lists.page(lists.in_flight()).orders == ()


@pytest.mark.parametrize("text", ["", "no position", "x" * 500 + "~y"])
def test_an_invalid_position_is_ignored(text: str) -> None:
    assert ListPosition.parse(text) is None
