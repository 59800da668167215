"""Refunds made in the gateway's dashboard: recorded at once, with a case, and only once."""

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handlers.adapters.sandbox_gateway import SandboxPaymentGateway
from handlers.domain.canonical import format_instant
from handlers.domain.order import Order
from handlers.domain.payments import (
    GatewayReply,
    GatewayStatus,
    Instruction,
    Movement,
    Operation,
    ReportedRefund,
)
from handlers.domain.requests import reported_refund_id_of
from handlers.reconcile import reconcile
from handlers.runtime.api.views import view_refunds
from handlers.runtime.dependencies import Dependencies
from handlers.runtime.reconcile import gateway_notices
from handlers.runtime.reconcile.reconciliation import Reconciliation
from tests.fakes.payment_gateway import FakeGateway
from tests.handlers.world import World, decision_of, purchase_of, refund_of, resolution_of


@dataclass
class Dashboard:
    """A gateway in whose dashboard people make refunds, by reference."""

    refunds: dict[str, ReportedRefund] = field(default_factory=dict)

    def refund(
        self, amount_minor: int, status: str = "settled", reference: str = "re_1", currency: str = "EUR"
    ) -> None:
        self.refunds[reference] = ReportedRefund(
            reference=reference, status=GatewayStatus(status), amount_minor=amount_minor, currency=currency
        )

    def gateway(self, world: World) -> SandboxPaymentGateway:
        """Return the sandbox, whose payments have these refunds."""
        refunds = self.refunds

        class WithDashboard(SandboxPaymentGateway):
            def lookup(self, instruction: Instruction) -> GatewayReply:
                reply = super().lookup(instruction)
                is_payment = instruction.operation in (Operation.CHARGE, Operation.AUTHORIZE)
                return replace(reply, refunds=tuple(refunds.values())) if is_payment else reply

        return WithDashboard(client=world.dynamodb, table="gateway", now=world.clock)

    def reconcile(self, world: World, order_id: str) -> dict[str, Any]:
        deps = world.dependencies()
        deps.__dict__["gateway"] = self.gateway(world)
        return reconcile({"schema": 1, "order_id": order_id}, deps)


def _paid_order(**more: Any) -> tuple[World, str, Dashboard]:
    world = World()
    world.stock(MUG=(800, 20))
    order_id = world.book({**purchase_of(MUG=(2, 800)), **more})["order_id"]
    return world, order_id, Dashboard()


def _kinds(order: Order, since: int = 2) -> list[str]:
    return [entry.kind.value for entry in order.ledger[since:]]


def _close(world: World, order_id: str, outcome: str, number: int = 1) -> dict[str, Any]:
    (case,) = world.order(order_id).account.open_cases
    world.book(resolution_of(order_id, case.case_id, f"resolution-{number}", outcome=outcome))
    return world.book(decision_of(order_id, case.case_id, f"decision-{number}"))


def test_a_dashboard_refund_is_recorded_at_once_and_opens_a_case() -> None:
    """Law 18 (conservation), law 38 (orphans): requested and settled in one write, by amount, without restocking."""
    world, order_id, dashboard = _paid_order()
    dashboard.refund(600)
    for _ in range(3):
        dashboard.reconcile(world, order_id)
    order = world.order(order_id)
    assert _kinds(order) == ["RefundRequested", "RefundSettled", "CaseOpened"]
    assert [order.ledger[2].facts[name] for name in ("by", "cause", "restock")] == ["gateway", "gateway", False]
    assert len({entry.recorded_at for entry in order.ledger[2:]}) == 1
    assert (order.status, order.account.refundable_minor, world.available("MUG")) == ("PARTIALLY_REFUNDED", 1000, 18)
    (case,) = order.account.open_cases
    assert (case.recurrence_key, case.amount_minor) == (("made_at_gateway", "", "settled 600 EUR"), 600)
    assert any('"MoneyOut": 600' in line for line in world.lines)
    (shown,) = view_refunds(order, for_customer=False)
    assert (shown["status"], shown["amount_minor"], "requested_by" in shown, shown["origin"]) == (
        *("SETTLED", 600, False, None),
    )
    assert world.book(refund_of(order_id))["amount_minor"] == 1000
    assert world.findings() == ()


def test_audit_objects_of_a_dashboard_refund_have_a_cause_and_no_result() -> None:
    """Law 23 (audit completeness): no request of ours caused it."""
    world, order_id, dashboard = _paid_order()
    dashboard.refund(600)
    dashboard.reconcile(world, order_id)
    records = [json.loads(body) for body in world.audit_objects().values()]
    results = {record["seq"]: (record["result"], record.get("cause")) for record in records if record["seq"] > 2}
    assert results == {4: (None, "gateway"), 5: (None, "reconcile")}


@pytest.mark.parametrize(("outcome", "refunded"), [("settled", 600), ("released", 0)])
def test_closing_the_case_of_a_dashboard_refund_does_not_count_it_again(outcome: str, refunded: int) -> None:
    """Law 37 (cases): for either decision, the gateway reports a later reversal."""
    world, order_id, dashboard = _paid_order()
    dashboard.refund(600)
    dashboard.reconcile(world, order_id)
    assert _close(world, order_id, outcome)["status"] == "succeeded"
    dashboard.refund(600, "settled" if outcome == "settled" else "reversed")
    for _ in range(2):
        world.clock.advance(timedelta(hours=7))
        assert dashboard.reconcile(world, order_id)["left_to_people"] == []
    order = world.order(order_id)
    assert (order.account.refunded_minor, order.account.open_cases) == (refunded, ())
    assert _kinds(order).count("RefundSettled") == 1
    assert world.findings() == ()


@pytest.mark.parametrize(
    ("first", "then", "kinds", "refunded", "reserved"),
    [
        ("pending", "pending", ["RefundPending"], 0, 600),
        ("pending", "settled", ["RefundPending", "RefundSettled"], 600, 0),
        ("pending", "declined", ["RefundPending", "RefundDeclined"], 0, 0),
        ("settled", "reversed", ["RefundSettled", "RefundReversed"], 0, 0),
        ("settled", "pending", ["RefundSettled"], 600, 0),
        ("reversed", "reversed", ["RefundSettled", "RefundReversed"], 0, 0),
    ],
)
def test_later_status_changes_of_a_dashboard_refund_reach_the_ledger(
    first: str, then: str, kinds: list[str], refunded: int, reserved: int
) -> None:
    """Law 29 (late reversals), law 17 (reversal), law 41 (events commute)."""
    world, order_id, dashboard = _paid_order()
    for status in (first, then, then):
        dashboard.refund(600, status)
        dashboard.reconcile(world, order_id)
        world.clock.advance(timedelta(days=1))
    order = world.order(order_id)
    assert [kind for kind in _kinds(order) if kind.startswith("Refund")] == ["RefundRequested", *kinds]
    assert (order.account.refunded_minor, order.account.reserved_minor) == (refunded, reserved)
    assert world.findings() == ()


def test_a_declined_dashboard_refund_is_not_recorded() -> None:
    """Law 18 (conservation)."""
    world, order_id, dashboard = _paid_order()
    dashboard.refund(600, "declined")
    assert dashboard.reconcile(world, order_id)["left_to_people"] == []
    assert world.order(order_id).version == 2


def test_a_dashboard_refund_stays_a_case_until_the_refund_in_flight_ends() -> None:
    """Law 1 (cap), law 19 (reconcile): only one of the two can be made, and the gateway reports which."""
    world, order_id, dashboard = _paid_order(payment_method="pm_refund_timeout_never_arrives")
    assert world.book(refund_of(order_id, amount_minor=1200))["status"] == "unknown"
    dashboard.refund(600)
    dashboard.reconcile(world, order_id)
    order = world.order(order_id)
    assert (order.account.refunded_minor, order.account.reserved_minor) == (0, 1200)
    blocked = _close(world, order_id, "settled")
    assert (blocked["code"], "12.00 EUR is reserved" in blocked["message"]) == ("REFUND_EXCEEDS_BALANCE", True)
    world.clock.advance(timedelta(minutes=20))
    for _ in range(2):
        dashboard.reconcile(world, order_id)
    order = world.order(order_id)
    assert (order.account.refunded_minor, order.account.reserved_minor) == (600, 0)
    (case,) = order.account.open_cases
    assert world.book(decision_of(order_id, case.case_id, "decision-2"))["status"] == "succeeded"
    dashboard.reconcile(world, order_id)
    assert _kinds(world.order(order_id)).count("RefundSettled") == 1
    assert world.findings() == ()


def test_a_dashboard_refund_known_only_from_its_case_is_recorded_when_the_case_closes() -> None:
    """Law 37 (cases): the refund gets the id under which the gateway reports it."""
    world, order_id, dashboard = _paid_order(payment_method="pm_refund_timeout_never_arrives")
    world.environment["BOOKING_APPROVAL_LIMITS"] = "EUR:1000"
    held = world.book(refund_of(order_id, amount_minor=1200))
    assert held["status"] == "pending"
    dashboard.refund(600)
    dashboard.reconcile(world, order_id)
    (case,) = world.order(order_id).account.open_cases
    world.book(resolution_of(order_id, case.case_id, outcome="settled"))
    world.book(decision_of(order_id, held["refund_id"], "deny-1", decision="deny"))
    assert world.book(decision_of(order_id, case.case_id))["status"] == "succeeded"
    dashboard.reconcile(world, order_id)
    order = world.order(order_id)
    refund = order.account.refunds[reported_refund_id_of(order_id, "re_1")]
    assert (refund.status, order.account.refunded_minor, order.account.open_cases) == ("SETTLED", 600, ())
    dashboard.refund(600, "reversed")
    dashboard.reconcile(world, order_id)
    account = world.order(order_id).account
    assert (account.refunded_minor, account.open_cases) == (0, ())
    assert world.findings() == ()


def test_a_dashboard_refund_resolved_as_unpaid_is_recorded_once_the_balance_allows() -> None:
    """Law 18 (conservation), law 37 (cases): a wrong resolution does not hide money that the gateway moved."""
    world, order_id, dashboard = _paid_order(payment_method="pm_refund_timeout_never_arrives")
    world.book(refund_of(order_id, amount_minor=1200))
    dashboard.refund(600)
    dashboard.reconcile(world, order_id)
    assert _close(world, order_id, "released")["status"] == "succeeded"
    world.clock.advance(timedelta(minutes=20))
    for _ in range(2):
        dashboard.reconcile(world, order_id)
    order = world.order(order_id)
    assert (order.account.refunded_minor, order.account.reserved_minor, order.account.open_cases) == (600, 0, ())
    assert world.findings() == ()


@pytest.mark.parametrize("outcome", ["settled", "released"])
@pytest.mark.parametrize(
    ("first", "then", "refunded"),
    [("pending", "settled", 600), ("pending", "declined", 0), ("settled", "settled", 600), ("settled", "reversed", 0)],
)
def test_the_gateway_decides_how_a_dashboard_refund_ends_despite_its_resolution(
    outcome: str, first: str, then: str, refunded: int
) -> None:
    """Law 18 (conservation), law 37 (cases): closing the case does not change the refund's amount or status."""
    world, order_id, dashboard = _paid_order()
    dashboard.refund(600, first)
    dashboard.reconcile(world, order_id)
    before = world.order(order_id).account
    assert _close(world, order_id, outcome)["status"] == "succeeded"
    account = world.order(order_id).account
    assert (account.refunded_minor, account.reserved_minor) == (before.refunded_minor, before.reserved_minor)
    dashboard.refund(600, then)
    for _ in range(2):
        world.clock.advance(timedelta(hours=7))
        report = dashboard.reconcile(world, order_id)
        assert (report["left_to_people"], report["drift"]["gateway"]) == ([], 0)
    account = world.order(order_id).account
    assert (account.refunded_minor, account.reserved_minor, account.open_cases) == (refunded, 0, ())
    assert world.findings() == ()


@pytest.mark.parametrize(
    ("outcome", "then", "refunded", "cases"),
    [
        ("settled", "settled", 600, 0),
        ("settled", "declined", 0, 0),
        ("released", "pending", 0, 0),
        ("released", "declined", 0, 0),
        ("released", "settled", 600, 1),
        ("released", "reversed", 0, 1),
    ],
)
def test_a_stuck_dashboard_refund_that_people_resolved_still_follows_the_gateway(
    outcome: str, then: str, refunded: int, cases: int
) -> None:
    """Law 18 (conservation), law 37 (cases): money that moved after all is recorded again, with a new case."""
    world, order_id, dashboard = _paid_order()
    dashboard.refund(600, "pending")
    dashboard.reconcile(world, order_id)
    _close(world, order_id, "settled")
    world.clock.advance(timedelta(days=31))
    dashboard.reconcile(world, order_id)
    assert world.order(order_id).account.open_cases[0].opened.facts["reason"] == "stuck"
    assert _close(world, order_id, outcome, 2)["status"] == "succeeded"
    assert world.order(order_id).account.reserved_minor == 0
    dashboard.refund(600, then)
    for _ in range(3):
        world.clock.advance(timedelta(hours=7))
        assert dashboard.reconcile(world, order_id)["left_to_people"] == []
    account = world.order(order_id).account
    assert (account.refunded_minor, account.reserved_minor, len(account.open_cases)) == (refunded, 0, cases)
    if then == "settled":
        dashboard.refund(600, "reversed")
        dashboard.reconcile(world, order_id)
        assert world.order(order_id).account.refunded_minor == 0
    assert world.findings() == ()


def _orphan(world: World, order_id: str) -> str:
    """Open the case of a dashboard refund like an earlier release, which knew them only from the gateway's list."""
    deps, now = world.dependencies(), world.clock()
    moved = Movement(
        reference="txn_1",
        at=format_instant(now),
        kind="refund",
        amount_minor=600,
        currency="EUR",
        order_id=order_id,
    )
    run = Reconciliation(
        orders=deps.orders,
        gateway=deps.gateway,
        audit=deps.audit,
        now=now,
        fence_after=timedelta(),
        watchlists=deps.sweeps,
    )
    run.open_orphan_case(world.order(order_id), moved)
    return _open_case_about(world, order_id, "movement:txn_1")


def _open_case_about(world: World, order_id: str, about: str) -> str:
    (case,) = (case for case in world.order(order_id).account.open_cases if case.about == about)
    return case.case_id


def _settle(world: World, order_id: str, case_id: str) -> dict[str, Any]:
    world.book(resolution_of(order_id, case_id, f"resolution-{case_id}", outcome="settled"))
    return world.book(decision_of(order_id, case_id, f"decision-{case_id}"))


@pytest.mark.parametrize("closed", ["before", "after", "never"])
@pytest.mark.parametrize("references", [("re_1",), ("re_2", "re_1")])
def test_an_orphan_case_of_an_earlier_release_matches_one_dashboard_refund(
    closed: str, references: tuple[str, ...]
) -> None:
    """Law 18 (conservation), law 39 (two releases): no refund is counted twice, and none is missed."""
    world, order_id, dashboard = _paid_order()
    orphan = _orphan(world, order_id)
    if closed == "before":
        assert _settle(world, order_id, orphan)["status"] == "succeeded"
    for reference in references:
        dashboard.refund(600, reference=reference)
    for _ in range(2):
        dashboard.reconcile(world, order_id)
    assert world.order(order_id).account.refunded_minor == 600 * len(references)
    for case in world.order(order_id).account.open_cases if closed != "never" else ():
        assert _settle(world, order_id, case.case_id)["status"] == "succeeded"
    dashboard.reconcile(world, order_id)
    assert world.order(order_id).account.refunded_minor == 600 * len(references)
    for reference in references:
        dashboard.refund(600, "reversed", reference)
    dashboard.reconcile(world, order_id)
    assert world.order(order_id).account.refunded_minor == 0
    assert world.findings() == ()


@pytest.mark.parametrize(("amount_minor", "currency"), [(500, "EUR"), (600, "USD")])
def test_an_orphan_case_of_another_amount_counts_as_another_refund(amount_minor: int, currency: str) -> None:
    """Law 18 (conservation), law 27 (currency)."""
    world, order_id, dashboard = _paid_order()
    orphan = _orphan(world, order_id)
    dashboard.refund(amount_minor, currency=currency)
    dashboard.reconcile(world, order_id)
    assert _settle(world, order_id, orphan)["status"] == "succeeded"
    reported = amount_minor if currency == "EUR" else 0
    assert world.order(order_id).account.refunded_minor == 600 + reported
    assert world.findings() == ()


@pytest.mark.parametrize(("amount_minor", "currency"), [(1601, "EUR"), (600, "USD")])
def test_a_dashboard_refund_that_cannot_fit_the_order_only_opens_a_case(amount_minor: int, currency: str) -> None:
    """Law 1 (cap), law 27 (currency)."""
    world, order_id, dashboard = _paid_order()
    dashboard.refund(amount_minor, currency=currency)
    dashboard.reconcile(world, order_id)
    order = world.order(order_id)
    assert (_kinds(order), order.account.refundable_minor) == (["CaseOpened"], 1600)
    assert _close(world, order_id, "settled")["status"] == "succeeded"
    dashboard.reconcile(world, order_id)
    assert world.order(order_id).account.open_cases == ()
    assert world.findings() == ()


def test_a_dashboard_refund_of_disputed_money_overdraws_the_order() -> None:
    """Law 36 (disputes): refundable is never negative, and overdrawn is shown."""
    world, order_id, dashboard = _paid_order(payment_method="pm_disputed")
    dashboard.reconcile(world, order_id)
    dashboard.refund(600)
    dashboard.reconcile(world, order_id)
    account = world.order(order_id).account
    assert (account.refunded_minor, account.refundable_minor, account.overdrawn_minor) == (600, 0, 600)
    assert world.findings() == ()


@pytest.mark.parametrize("token", ["pm_3ds_abandoned", "pm_declined"])
def test_a_dashboard_refund_of_an_uncaptured_payment_is_ignored(token: str) -> None:
    """Law 43 (true answers): there is no captured money to refund."""
    world, order_id, dashboard = _paid_order(payment_method=token)
    dashboard.refund(600)
    dashboard.reconcile(world, order_id)
    order = world.order(order_id)
    assert (order.account.refunds, order.account.cases) == ({}, {})


def test_a_dashboard_refund_of_a_held_payment_waits_until_its_capture_is_recorded() -> None:
    """Law 43 (true answers), law 37 (cases): it is left to people with the reason, and recorded after the capture."""
    world, order_id, dashboard = _paid_order(capture="later", hold_seconds=86400)
    key = {"pk": {"S": order_id}}
    row = world.dynamodb.get_item(TableName="gateway", Key=key)["Item"]
    captured = {"heard": {"S": "settled"}, "amount_minor": {"N": "700"}}
    world.dynamodb.put_item(TableName="gateway", Item={**row, **captured})
    dashboard.refund(200)
    _, sentence = dashboard.reconcile(world, order_id)["left_to_people"]
    assert sentence.endswith("re_1 made at the gateway is not recorded, because the payment is not captured here")
    assert _close(world, order_id, "settled")["status"] == "succeeded"
    assert dashboard.reconcile(world, order_id)["left_to_people"] == []
    account = world.order(order_id).account
    assert (account.captured_minor, account.refunded_minor) == (700, 200)
    assert world.findings() == ()


def test_the_opening_entry_of_a_dashboard_refund_has_an_empty_request_id() -> None:
    """Law 39 (two releases): an earlier release reads the request id of every refund."""
    world, order_id, dashboard = _paid_order()
    dashboard.refund(600)
    dashboard.reconcile(world, order_id)
    assert world.order(order_id).ledger[2].facts["request_id"] == ""


def test_a_dashboard_refund_is_recorded_after_a_capture_found_by_the_same_lookup() -> None:
    """Law 41 (events commute): the capture is recorded first, in the same run."""
    world, order_id, dashboard = _paid_order(payment_method="pm_timeout")
    dashboard.refund(600)
    dashboard.reconcile(world, order_id)
    assert _kinds(world.order(order_id), 1)[:3] == ["PaymentCaptured", "RefundRequested", "RefundSettled"]
    assert world.findings() == ()


def test_dashboard_refunds_that_no_longer_fit_into_the_item_are_left_to_people() -> None:
    """Law 31 (room), law 28 (isolation): they are not recorded, but reported."""
    world, order_id, dashboard = _paid_order()
    for number in range(300):
        dashboard.refund(1, reference=f"re_{number}")
    report = dashboard.reconcile(world, order_id)
    order = world.order(order_id)
    assert 40 < order.account.refunded_minor < 300
    missing = 300 - order.account.refunded_minor
    assert len(report["left_to_people"]) >= missing - 1
    size = len(json.dumps([entry.as_json() for entry in order.ledger]))
    assert size < 400 * 1024
    assert world.findings() == ()


@pytest.mark.parametrize(
    ("token", "days", "status", "refunded"),
    [
        ("pm_dashboard_refund", 0, "SETTLED", 400),
        ("pm_dashboard_refund_pending", 0, "PENDING", 0),
        ("pm_dashboard_refund_pending", 2, "SETTLED", 400),
        ("pm_dashboard_refund_reversed", 2, "REVERSED", 0),
    ],
)
def test_the_sweep_records_a_refund_of_the_sandbox_dashboard(token: str, days: int, status: str, refunded: int) -> None:
    """Law 29 (late reversals), law 38 (orphans): the list names its order, whose lookup reports it."""
    world, order_id, _ = _paid_order(payment_method=token)
    for _ in range(days + 1):
        world.clock.advance(timedelta(minutes=5))
        assert world.reconcile(recent_seconds=7200)["orphans"] == []
        world.clock.advance(timedelta(days=1))
    account = world.order(order_id).account
    (refund,) = account.refunds.values()
    assert (refund.status, account.refunded_minor, len(account.cases)) == (status, refunded, 1)
    assert world.findings() == ()


def test_the_sandbox_declines_a_refund_of_money_that_its_dashboard_refunded() -> None:
    """Law 1 (cap): the request is answered as declined, and a later refund takes only the rest."""
    world, order_id, _ = _paid_order(payment_method="pm_dashboard_refund")
    answer = world.book(refund_of(order_id))
    assert (answer["status"], answer["code"]) == ("rejected", "REFUND_DECLINED")
    world.reconcile(order_id=order_id)
    assert world.book(refund_of(order_id, "refund-2"))["amount_minor"] == 1200
    assert world.findings() == ()


def test_a_refund_reported_by_both_sweep_and_lookup_is_counted_once() -> None:
    """Law 37 (cases): sweep and lookup name the refund alike, so nothing is counted twice."""
    world, order_id, _ = _paid_order(payment_method="pm_dashboard_refund")
    world.clock.advance(timedelta(minutes=5))

    class Silent(SandboxPaymentGateway):
        def lookup(self, instruction: Instruction) -> GatewayReply:
            return GatewayReply(status=GatewayStatus.SETTLED, amount_minor=1600, currency="EUR")

    deps = world.dependencies()
    deps.__dict__["gateway"] = Silent(client=world.dynamodb, table="gateway", now=world.clock)
    reconcile({"schema": 1, "recent_seconds": 7200}, deps)
    assert _kinds(world.order(order_id)) == ["CaseOpened"]
    assert _close(world, order_id, "settled")["status"] == "succeeded"
    world.reconcile(order_id=order_id)
    order = world.order(order_id)
    assert (order.account.refunded_minor, order.account.open_cases) == (400, ())
    assert world.findings() == ()


def test_a_gateway_event_brings_a_dashboard_refund_into_the_ledger() -> None:
    """Law 41 (events commute): the event names the order, and lookups return the rest, any number of times."""
    world, order_id, _ = _paid_order(payment_method="pm_dashboard_refund")
    record = {"messageId": "m-1", "body": json.dumps({"order_id": order_id})}
    for _ in range(2):
        deps = world.dependencies()
        reply = gateway_notices.reconcile_batch(
            {"Records": [record, record]},
            deps,
            lambda each: not reconcile({"schema": 1, "order_id": each}, world.dependencies())["postponed"],
            lambda: True,
        )
        assert reply == {"batchItemFailures": []}
    assert _kinds(world.order(order_id)) == ["RefundRequested", "RefundSettled", "CaseOpened"]


class ConsoleWorld(World):
    """A world whose gateway has a console and declines refunds beyond the remaining money."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.gateway = FakeGateway()
        self.stock(MUG=(800, 20))

    def dependencies(self, **overrides: Any) -> Dependencies:
        deps = super().dependencies(**overrides)
        deps.__dict__["gateway"] = self.gateway
        return deps


_STEPS = st.one_of(
    st.tuples(st.just("refund"), st.sampled_from((None, 1, 700, 900, 1600))),
    st.tuples(st.just("console"), st.sampled_from((1, 700, 900, 1600))),
    st.tuples(st.just("reverse"), st.integers(0, 2)),
    st.tuples(st.just("reconcile"), st.none()),
    st.tuples(st.just("close"), st.none()),
)


@settings(max_examples=30)
@given(st.lists(_STEPS, max_size=9))
@example([("console", 700), ("refund", 900), ("refund", 1), ("reconcile", None), ("close", None), ("reverse", 0)])
def test_ledger_and_gateway_agree_for_any_mix_of_booked_and_console_refunds(
    steps: list[tuple[str, int | None]],
) -> None:
    """Law 18 (conservation), law 1 (cap), law 17 (reversal), law 37 (cases)."""
    world = ConsoleWorld()
    order_id = world.book(purchase_of(MUG=(2, 800)))["order_id"]
    for number, (what, how) in enumerate(steps):
        if what == "refund":
            world.book(refund_of(order_id, f"refund-{number}", **({"amount_minor": how} if how else {})))
        elif what == "console":
            world.gateway.refund_in_console(order_id, how or 0)
        elif what == "reverse":
            refunds = [key for key, booked in world.gateway.books.items() if booked.kind == "refund"]
            world.gateway.reverse(refunds[(how or 0) % len(refunds)] if refunds else "")
        elif what == "reconcile":
            world.reconcile(order_id=order_id)
        elif world.order(order_id).account.open_cases:
            case = world.order(order_id).account.open_cases[0]
            world.book(resolution_of(order_id, case.case_id, f"resolution-{number}", outcome="settled"))
            world.book(decision_of(order_id, case.case_id, f"decision-{number}"))
        world.clock.advance(timedelta(minutes=1))
    for _ in range(2):
        world.clock.advance(timedelta(hours=1))
        world.reconcile(order_id=order_id)
    order = world.order(order_id)
    account = order.account
    assert (account.reserved_minor, world.findings()) == (0, ())
    assert world.gateway.net_minor(order_id) == account.captured_minor - account.refunded_minor
    settled = [entry.subject for entry in order.ledger if entry.kind.value == "RefundSettled"]
    assert len(settled) == len(set(settled))
