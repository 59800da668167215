"""Random histories of purchases, refunds, crashes, repeats and reconciliations, with the laws held after each."""

from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from handlers.adapters.dynamodb.archive import Archive
from handlers.adapters.dynamodb.attribute_values import decode_item
from handlers.adapters.dynamodb.order_items import attention, projection
from handlers.domain.account import fold
from handlers.domain.errors import Unavailable
from handlers.domain.order import Order
from tests.handlers.faults import MODES, Crash
from tests.handlers.world import World, purchase_of, refund_of

TOKENS = (
    "pm_ok",
    "pm_declined",
    "pm_timeout",
    "pm_timeout_then_ok",
    "pm_timeout_never_arrives",
    "pm_refund_declined",
    "pm_refund_timeout",
    "pm_refund_timeout_never_arrives",
    "pm_refund_reversed",
)
STOCK = 12


class Bookings(RuleBasedStateMachine):
    """One shop, one customer, everything that can go wrong."""

    gateway: ClassVar[str] = "sandbox"

    def __init__(self) -> None:
        super().__init__()
        self.world = World(pays_through=self.gateway)
        self.world.stock(MUG=(800, STOCK), POT=(2450, STOCK))
        self.latest = self.world.clock.now
        self.requests: list[dict[str, Any]] = []
        self.ledgers: dict[str, tuple[Any, ...]] = {}

    def orders(self) -> list[Order]:
        stored = Archive(client=self.world.dynamodb, table="orders").orders()
        return [each.order for each in stored if each.order]

    def attempt(self, request: dict[str, Any], fault: tuple[int, str] | None) -> None:
        self.world.faults.arm(**({f"at_{fault[0]}": fault[1]} if fault else {}))
        try:
            self.world.book(request)
        except Crash:
            pass
        finally:
            self.world.faults.arm()
        self.requests.append(request)

    faults = st.none() | st.tuples(st.integers(0, 7), st.sampled_from(MODES))

    @rule(token=st.sampled_from(TOKENS), mugs=st.integers(1, 3), fault=faults)
    def buy(self, token: str, mugs: int, fault: Any) -> None:
        request = purchase_of(f"buy-{len(self.requests)}", token, MUG=(mugs, 800), POT=(1, 2450))
        self.attempt(request, fault)

    @precondition(lambda self: self.requests)
    @rule(data=st.data(), amount=st.none() | st.integers(1, 5000), fault=faults)
    def refund(self, data: st.DataObject, amount: int | None, fault: Any) -> None:
        order = data.draw(st.sampled_from(self.orders() or [None]))  # type: ignore[list-item]
        if order is None:
            return
        lines = data.draw(st.booleans())
        fields: dict[str, Any] = {"lines": [{"sku": "MUG", "quantity": 1}]} if lines else {"amount_minor": amount}
        self.attempt(refund_of(order.order_id, f"r-{len(self.requests)}", **fields), fault)

    @precondition(lambda self: self.requests)
    @rule(data=st.data(), fault=faults)
    def repeat(self, data: st.DataObject, fault: Any) -> None:
        self.attempt(data.draw(st.sampled_from(self.requests)), fault)

    @rule(hours=st.integers(-24, 48))
    def time_passes(self, hours: int) -> None:
        self.world.clock.advance(timedelta(hours=hours))
        self.latest = max(self.latest, self.world.clock.now)

    @rule(fault=faults)
    def reconcile(self, fault: Any) -> None:
        self.world.faults.arm(**({f"at_{fault[0]}": fault[1]} if fault else {}))
        try:
            self.world.reconcile()
        except (Crash, Unavailable):
            pass
        finally:
            self.world.faults.arm()

    @invariant()
    def check_stock(self) -> None:
        """Law 24."""
        for sku in ("MUG", "POT"):
            assert 0 <= self.world.available(sku) <= STOCK

    @invariant()
    def check_money(self) -> None:
        """Laws 1 and 18."""
        for order in self.orders():
            account = order.account
            assert 0 <= account.refunded_minor + account.reserved_minor <= account.captured_minor
            if not order.in_flight:
                net = self.world.gateway_net(order.order_id) + self._unrecorded_reversals(order)
                assert net == account.captured_minor - account.refunded_minor

    @invariant()
    def check_ledgers(self) -> None:
        """Laws 21 and 22."""
        for row in self.world.dynamodb.scan(TableName="orders")["Items"]:
            if not row["pk"]["S"].startswith("ORDER#"):
                continue
            order_id, stored = row["pk"]["S"].removeprefix("ORDER#"), decode_item(row)
            order = self.world.order(order_id)
            known = self.ledgers.get(order_id, ())
            assert order.ledger[: len(known)] == known
            self.ledgers[order_id] = order.ledger
            assert fold(order.ledger) == order.account
            expected = projection(order)
            assert {key: stored.get(key) for key in expected} == expected
            for key, value in attention(order).items():
                assert stored[key] >= value  # reconcile looks later at an order whose services fail
            account = order.account
            assert ("attention" in stored) == bool(order.in_flight or account.open_cases or account.open_disputes)

    def _unrecorded_reversals(self, order: Order) -> int:
        """Return the sum of reversals that only one of ledger and gateway has so far."""
        at_gateway = self.world.payer.effects()
        settled = {
            each.refund_id for each in order.account.refunds.values() if at_gateway.get(each.refund_id) == "settled"
        }
        return sum(
            each.amount_minor
            * ((each.status == "REVERSED") - (each.status == "SETTLED" and each.refund_id not in settled))
            for each in order.account.refunds.values()
        )

    def teardown(self) -> None:
        """Laws 19 and 23: at rest everything agrees."""
        self.world.clock.now = self.latest + self.world.payer.longest_doubt
        days = sorted({row["changed_at"]["S"][:10] for row in self._order_rows()})
        for _ in range(2):
            self.world.reconcile(days=days[:31], fence_after_seconds=0, limit=1000)
        assert all(order.in_flight == () for order in self.orders())
        assert self.world.findings() == ()
        self.check_money()

    def _order_rows(self) -> list[Any]:
        rows = self.world.dynamodb.scan(TableName="orders")["Items"]
        return [row for row in rows if row["pk"]["S"].startswith("ORDER#")]


class BookingsOverStripe(Bookings):
    """The same shop, paid through Stripe's adapter over the double."""

    gateway = "stripe"


_HISTORIES = settings().max_examples // 6  # a step is a whole execution or two


@pytest.mark.parametrize("machine", [Bookings, BookingsOverStripe])
def test_no_random_history_breaks_a_law(machine: type[Bookings]) -> None:
    """Law 1 (cap), law 18 (conservation), law 19 (reconcile), law 21 (fold), law 22 (append-only), law 23 (audit
    completeness) and law 24 (stock): invariants, and the end.
    """
    run_state_machine_as_test(machine, settings=settings(max_examples=_HISTORIES, stateful_step_count=20))


@pytest.mark.over_gateways
@given(st.lists(st.integers(1, 900), min_size=2, max_size=4), st.data())
def test_concurrent_refunds_equal_some_serial_order(amounts: list[int], data: st.DataObject) -> None:
    """Law 14 (linearizable): Σ accepted ≤ refundable at the start, and no refund that still fits is refused."""
    world = World()
    world.stock(MUG=(800, 20))
    order_id = world.book(purchase_of(MUG=(1, 800)))["order_id"]
    results: list[dict[str, Any]] = []

    def interrupt(number: int) -> None:
        if number < len(amounts):
            at = data.draw(st.integers(0, 6))
            world.faults.between[world.faults.seen + at] = lambda _: interrupt(number + 1)
            results.append(world.book(refund_of(order_id, f"r-{number}", amount_minor=amounts[number])))

    interrupt(0)
    world.faults.between.clear()
    accepted = [each["amount_minor"] for each in results if each["status"] == "succeeded"]
    assert sum(accepted) <= 800
    assert world.order(order_id).account.refunded_minor == sum(accepted) == 800 - world.gateway_net(order_id)
    for refused in (each for each in results if each["status"] == "rejected"):
        assert refused["amount_minor"] > refused["refundable_minor"]
