"""Stock and prices."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.stock import (
    MAX_UNITS,
    AddItem,
    CountStock,
    MoveUnits,
    SetPrice,
    StockChanged,
    StockCommand,
    StockItem,
    StockRefused,
)
from tests.fakes.dynamodb import FakeDynamoDB, refusal
from tests.handlers.world import World, purchase_of, refund_of

TOKENS = ("pm_ok", "pm_declined", "pm_timeout", "pm_timeout_declined", "pm_timeout_never_arrives")


@pytest.mark.over_gateways
@given(st.integers(0, 6), st.lists(st.tuples(st.integers(1, 4), st.sampled_from(TOKENS)), max_size=6))
def test_stock_is_never_oversold_and_unpaid_units_are_restocked(stock: int, purchases: list[tuple[int, str]]) -> None:
    """Law 24 (stock): 0 ≤ available ≤ capacity; a declined purchase restores all of it."""
    world = World()
    world.stock(MUG=(800, stock))
    for number, (quantity, token) in enumerate(purchases):
        world.book(purchase_of(f"buy-{number}", token, MUG=(quantity, 800)))
        assert 0 <= world.available("MUG") <= stock
    world.reconcile(fence_after_seconds=0)
    assert world.available("MUG") + _count_sold_units(world) == stock


def _count_sold_units(world: World) -> int:
    orders = [world.order(item["pk"]["S"].removeprefix("ORDER#")) for item in _items(world)]
    return sum(line.quantity for order in orders if order.account.captured_minor for line in order.lines)


def _items(world: World) -> list[Any]:
    items = world.dynamodb.scan(TableName="orders")["Items"]
    return [item for item in items if item["pk"]["S"].startswith("ORDER#")]


@pytest.mark.over_gateways(nightly=True)
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


@given(st.lists(st.tuples(st.integers(1, 2), st.booleans()), max_size=3))
def test_units_of_a_refund_without_restock_never_return_to_stock(returns: list[tuple[int, bool]]) -> None:
    """Law 24 (stock): damaged goods are refunded by lines and stay out; later refunds leave them out."""
    world = World()
    world.stock(MUG=(800, 10))
    order_id = world.book(purchase_of(MUG=(6, 800)))["order_id"]
    for number, (quantity, restock) in enumerate(returns):
        lines = [{"sku": "MUG", "quantity": quantity}]
        assert world.book(refund_of(order_id, f"r-{number}", lines=lines, restock=restock))["status"] == "succeeded"
    world.book(refund_of(order_id, "rest"))
    assert world.available("MUG") == 10 - sum(quantity for quantity, restock in returns if not restock)
    assert world.order(order_id).account.refundable_minor == 0


def test_a_refund_with_another_restock_under_a_used_key_is_rejected() -> None:
    """Law 10 (canonical): the default and its absence are the same request, another value is another one."""
    world = World()
    world.stock(MUG=(800, 10))
    order_id = world.book(purchase_of(MUG=(6, 800)))["order_id"]
    first = world.book(refund_of(order_id, amount_minor=5))
    assert world.book(refund_of(order_id, amount_minor=5, restock=True)) == {**first, "replayed": True}
    assert world.book(refund_of(order_id, amount_minor=5, restock=False))["code"] == "KEY_REUSED"


def test_the_last_unit_is_sold_once() -> None:
    """Law 24 (stock)."""
    world = World()
    world.stock(LAMP=(4990, 1))
    results = [world.book(purchase_of(f"buy-{number}", LAMP=(1, 4990))) for number in range(3)]
    assert [result["code"] for result in results] == [None, "OUT_OF_STOCK", "OUT_OF_STOCK"]
    assert results[1]["message"] == "SKU LAMP has 0 available, fewer than the 1 requested."


@pytest.mark.over_gateways
def test_a_purchase_at_an_outdated_price_is_rejected_with_the_current_price() -> None:
    """Law 25 (price honesty)."""
    world = World()
    world.stock(MUG=(850, 20))
    result = world.book(purchase_of(MUG=(2, 800)))
    assert (result["status"], result["code"]) == ("rejected", "PRICE_CHANGED")
    assert result["message"] == "SKU MUG costs 8.50 EUR, not 8.00 EUR as quoted."
    assert world.available("MUG") == 20
    assert world.payer.effects() == {}


@pytest.mark.over_gateways
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(50, 10_000)), min_size=1, max_size=5))
def test_the_total_equals_the_sum_of_quantity_times_price(lines: list[tuple[int, int]]) -> None:
    """Law 25 (price honesty): in the charge, the ledger and the answer."""
    world = World()
    world.stock(**{f"S{number}": (price, quantity) for number, (quantity, price) in enumerate(lines)})
    result = world.book(purchase_of(**{f"S{number}": pair for number, pair in enumerate(lines)}))
    total = sum(quantity * price for quantity, price in lines)
    assert result["amount_minor"] == total
    assert world.gateway_net(result["order_id"]) == total
    assert world.order(result["order_id"]).account.captured_minor == total


@pytest.mark.over_gateways
@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ({"NONE": (1, 5), "USDMUG": (1, 5), "MUG": (1, 1), "POT": (99, 10)}, "SKU_NOT_FOUND"),
        ({"USDMUG": (1, 5), "MUG": (1, 1), "POT": (99, 10)}, "CURRENCY_MISMATCH"),
        ({"MUG": (1, 1), "POT": (99, 10)}, "PRICE_CHANGED"),
        ({"POT": (99, 10)}, "OUT_OF_STOCK"),
    ],
)
def test_the_most_serious_stock_mismatch_determines_the_code(lines: Any, code: str) -> None:
    """Law 25 (price honesty), law 27 (currency): it must equal the SKU's; nothing is charged or reserved."""
    world = World()
    world.stock(MUG=(800, 5), POT=(10, 5))
    usd = {"pk": "SKU#USDMUG", "sku": "USDMUG", "currency": "USD"}
    item = {name: {"S": value} for name, value in usd.items()} | {"price_minor": {"N": "5"}, "available": {"N": "9"}}
    world.dynamodb.put_item(TableName="orders", Item=item)
    result = world.book(purchase_of(**lines))
    assert (result["status"], result["code"]) == ("rejected", code)
    assert (world.available("MUG"), world.available("POT")) == (5, 5)
    assert _items(world) == []


def test_a_refund_settles_even_if_its_sku_was_deleted() -> None:
    """Law 24 (stock), and the well-known defect: a release-stock failure that skips the refund."""
    world = World()
    world.stock(MUG=(800, 5), POT=(10, 5))
    order_id = world.book(purchase_of(MUG=(2, 800), POT=(1, 10)))["order_id"]
    world.dynamodb.delete_item(TableName="orders", Key={"pk": {"S": "SKU#MUG"}})
    assert world.book(refund_of(order_id))["status"] == "succeeded"
    assert world.available("POT") == 5
    assert "Item" not in world.dynamodb.get_item(TableName="orders", Key={"pk": {"S": "SKU#MUG"}})


def test_a_repeated_purchase_is_replayed_regardless_of_stock_and_price() -> None:
    """Law 8 (replay): even when the SKU is sold out and its price has changed."""
    world = World()
    world.stock(MUG=(800, 1))
    world.book(purchase_of(MUG=(1, 800)))
    world.inventory.execute(SetPrice(sku="MUG", price_minor=999, currency="EUR"))
    assert world.book(purchase_of(MUG=(1, 800)))["replayed"] is True


COMMANDS = st.one_of(
    st.builds(MoveUnits, sku=st.just("MUG"), units=st.integers(-4, 4).filter(bool), request_id=st.sampled_from("abc")),
    st.builds(SetPrice, sku=st.just("MUG"), price_minor=st.sampled_from([800, 900]), currency=st.just("EUR")),
    st.builds(CountStock, sku=st.just("MUG"), seen=st.integers(0, 9), counted=st.integers(0, 9)),
)


@dataclass
class SellingClient:
    """A DynamoDB client that sells a unit just before each write of a command."""

    world: World
    name: str
    sales: int = 0

    def __getattr__(self, operation: str) -> Any:
        def call(**request: Any) -> Any:
            if operation != "get_item":
                self._sell()
            return getattr(self.world.dynamodb, operation)(**request)

        return call

    def _sell(self) -> None:
        price = self.world.inventory.load("MUG").price_minor  # type: ignore[union-attr]  # the test stocked it
        result = self.world.book(purchase_of(f"sale-{self.name}-{self.sales}", MUG=(1, price)))
        self.sales += result["status"] == "succeeded"


@pytest.mark.over_gateways
@given(st.integers(0, 9), st.lists(st.tuples(COMMANDS, st.booleans()), max_size=8))
def test_stock_commands_never_undo_a_sale(stock: int, commands: list[tuple[StockCommand, bool]]) -> None:
    """Law 32 (stock commutes): units afterwards = units before + units moved by commands - units sold."""
    world, moved = World(), dict[str, int]()
    world.stock(MUG=(800, stock))
    expected = stock
    for number, (command, is_raced) in enumerate(commands):
        racing = SellingClient(world=world, name=str(number))
        inventory = replace(world.inventory, client=racing) if is_raced else world.inventory
        outcome = inventory.execute(command)
        expected -= racing.sales
        if isinstance(outcome, StockChanged) and not outcome.replayed:
            if isinstance(command, MoveUnits):
                moved[command.request_id] = command.units
                expected += command.units
            elif isinstance(command, CountStock):
                assert expected == command.seen
                expected = command.counted
        elif isinstance(outcome, StockChanged):
            assert isinstance(command, MoveUnits)
            assert moved[command.request_id] == command.units
        assert world.available("MUG") == expected >= 0


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (AddItem(item=StockItem(sku="MUG", price_minor=1, currency="EUR", available=9)), "exists already, at 8.00 EUR"),
        (MoveUnits(sku="MUG", units=-6, request_id="x"), "has 5 available, so 6 cannot be removed"),
        (MoveUnits(sku="MUG", units=MAX_UNITS, request_id="x"), "would exceed the maximum"),
        (MoveUnits(sku="CUP", units=1, request_id="x"), "There is no SKU CUP"),
        (MoveUnits(sku="MUG", units=3, request_id="used"), "request id used was used to move 2 units"),
        (SetPrice(sku="MUG", price_minor=1, currency="USD"), "is sold in EUR, not USD"),
        (SetPrice(sku="CUP", price_minor=1, currency="EUR"), "There is no SKU CUP"),
        (CountStock(sku="MUG", seen=4, counted=9), "has 5 available, not 4"),
        (CountStock(sku="CUP", seen=4, counted=9), "There is no SKU CUP"),
    ],
)
def test_a_refused_stock_command_changes_nothing_and_states_the_reason(command: StockCommand, message: str) -> None:
    """Law 32 (stock commutes)."""
    world = World()
    world.stock(MUG=(800, 3))
    world.inventory.execute(MoveUnits(sku="MUG", units=2, request_id="used"))
    outcome = world.inventory.execute(command)
    assert isinstance(outcome, StockRefused)
    assert message in outcome.message
    assert world.inventory.load("MUG") == StockItem(sku="MUG", price_minor=800, currency="EUR", available=5)


def test_a_price_change_between_sales_does_not_oversell_stock() -> None:
    """Law 32 (stock commutes): the price changes while mugs are sold, and the sales stay sold."""
    world = World()
    world.stock(MUG=(800, 10))
    results = [world.book(purchase_of(f"buy-{number}", MUG=(1, 800))) for number in range(8)]
    world.inventory.execute(SetPrice(sku="MUG", price_minor=900, currency="EUR"))
    results += [world.book(purchase_of(f"buy-{number}", MUG=(1, 900))) for number in range(8, 18)]
    assert sum(result["status"] == "succeeded" for result in results) == 10
    assert world.available("MUG") == 0


class PopularSku(FakeDynamoDB):
    """A DynamoDB on which other buyers of the same SKU win a number of transactions."""

    conflicts = 0

    def transact_write_items(self, **request: Any) -> Any:
        if self.conflicts:
            self.conflicts -= 1
            reasons = [{"Code": "None"}, {"Code": "TransactionConflict"}]
            raise refusal("TransactionCanceledException", "conflict", CancellationReasons=reasons)
        return super().transact_write_items(**request)


@pytest.mark.parametrize(
    ("method", "status", "code", "left"),
    [("pm_ok", "succeeded", None, 4), ("pm_declined", "rejected", "PAYMENT_DECLINED", 5)],
)
def test_write_conflicts_on_a_popular_sku_do_not_change_the_outcome(
    method: str, status: str, code: str | None, left: int
) -> None:
    """Law 45 (a burst is late): each write may lose nineteen races, and the answer is the same."""
    dynamodb = PopularSku()
    world = World(dynamodb=dynamodb)
    world.stock(MUG=(800, 5))

    def conflict(name: str) -> None:
        dynamodb.conflicts = 19

    dynamodb.conflicts = 19
    world.faults.between = {20: conflict}  # the twenty calls before are those of the order's creation
    result = world.step(purchase_of(payment_method=method, MUG=(1, 800)))
    assert (result["status"], result["code"], world.available("MUG")) == (status, code, left)


@pytest.mark.parametrize("path", ["refund", "reconcile", "capture"])
def test_units_of_a_deleted_sku_are_not_recorded_as_restocked(path: str) -> None:
    """Law 24 (stock), law 43 (true answers): the money settles, and the entry lists only the restocked units."""
    world = World()
    world.stock(MUG=(800, 5), POT=(2450, 5))
    bought = purchase_of(
        payment_method="pm_refund_timeout" if path == "reconcile" else "pm_ok", MUG=(2, 800), POT=(1, 2450)
    )
    order_id = str(world.book({**bought, **({"capture": "later"} if path == "capture" else {})})["order_id"])
    world.dynamodb.delete_item(TableName="orders", Key={"pk": {"S": "SKU#MUG"}})
    if path == "capture":
        lines = [{"sku": "MUG", "quantity": 1}]
        request = {"action": "capture", "request_id": "c", "order_id": order_id, "requested_by": "a", "lines": lines}
        assert world.book(request)["status"] == "succeeded"
    else:
        world.book(refund_of(order_id))
        world.reconcile()
    [entry] = [each for each in world.order(order_id).ledger if {"restocked", "released"} & each.facts.keys()]
    assert entry.facts["released" if path == "capture" else "restocked"] == [[1, 1]]
    assert world.available("POT") == 5
    world.book(refund_of(order_id, "later"))
    world.reconcile()
    assert world.findings() == ()
