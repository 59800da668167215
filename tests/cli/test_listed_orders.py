"""`booking orders` lists orders of a customer, since an instant, or with money in flight."""

from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console

from cli.command_errors import UsageError
from cli.listed_orders import draw_page, page_as_json, select_orders
from cli.main import run
from console.order_lists import OrderLists, OrderPage
from tests.console.in_process_deployment import InProcessDeployment
from tests.handlers.world import purchase_of


@pytest.fixture(scope="module")
def lists() -> OrderLists:
    """Return orders of two customers over twelve days: one is only authorised, and the last one is unknown."""
    deployment = InProcessDeployment()
    deployment.world.stock(mug=(500, 99))
    variants: list[dict[str, Any]] = [{}, {}, {"capture": "later"}, {"payment_method": "pm_timeout"}]
    for number, variant in enumerate(variants):
        customer = {"customer_id": f"customer-{number % 2}"}
        deployment.book({**purchase_of(f"buy-{number}", "pm_ok", mug=(1, 500)), **customer, **variant})
        deployment.world.clock.advance(timedelta(days=4))
    return OrderLists.of(deployment, deployment.world.clock)


def page_of(lists: OrderLists, size: int = 25, **options: Any) -> OrderPage:
    filters: dict[str, Any] = {"customer": None, "since": None, "needs_attention": False, **options}
    return lists.page(select_orders(lists, **filters), size=size)


def days_of(page: OrderPage) -> list[str]:
    return [str(order["ordered_at"])[5:10] for order in page_as_json(page)["orders"]]


@pytest.mark.parametrize(
    ("options", "days"),
    [
        ({"customer": "customer-1"}, ["03-13", "03-05"]),
        ({"customer": "nobody"}, []),
        ({"since": "2026-03-05T00:00:00Z"}, ["03-13", "03-09", "03-05"]),
        ({"since": "2020-01-01"}, ["03-13", "03-09", "03-05", "03-01"]),
        ({"since": "2030-01-01T00:00:00+02:00"}, []),
        ({}, ["03-13"]),
    ],
)
def test_a_list_contains_the_selected_orders_newest_first(
    lists: OrderLists, options: dict[str, Any], days: list[str]
) -> None:
    assert days_of(page_of(lists, **options)) == days


def test_orders_in_flight_show_since_when(lists: OrderLists) -> None:
    listed = page_as_json(page_of(lists, needs_attention=True))
    unknown = next(order for order in listed["orders"] if order["status"] == "PENDING")
    assert unknown["in_flight_since"].startswith("2026-03-13")


def test_an_open_dispute_needs_attention() -> None:
    """The order is listed until the bank has decided."""
    deployment = InProcessDeployment()
    deployment.world.stock(mug=(500, 99))
    deployment.book(purchase_of("disputed", "pm_disputed", mug=(1, 500)))
    deployment.world.reconcile()
    lists = OrderLists.of(deployment, deployment.world.clock)
    (disputed,) = page_as_json(page_of(lists, needs_attention=True))["orders"]
    assert (disputed["open_disputes"], disputed["open_cases"], disputed["refundable_minor"]) == (1, 0, 0)


def test_a_limited_list_mentions_further_orders_and_shows_amounts(lists: OrderLists) -> None:
    page = page_of(lists, size=2, since="2026-01-01")
    assert (len(page.orders), page_as_json(page)["more"]) == (2, True)
    console = Console(width=200)
    with console.capture() as printed:
        draw_page(console, page)
    for words in ("AUTHORIZED", "5.00 EUR", "There are more: --limit"):
        assert words in printed.get()


@pytest.mark.parametrize("text", ["", "yesterday", "0001-01-01T00:00:00+14:00"])
def test_an_invalid_since_is_a_usage_error(lists: OrderLists, text: str) -> None:
    with pytest.raises(UsageError, match="--since must be an instant"):
        page_of(lists, since=text)


def test_two_filters_at_once_are_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["orders", "--customer", "c", "--needs-attention"]) == 64
    assert "Use one of --customer, --since and --needs-attention" in capsys.readouterr().err
