"""Reconcile: bounded, idempotent, and explicit about problems that it cannot settle."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from handlers.adapters.sandbox_gateway import SandboxPaymentGateway
from handlers.domain.canonical import format_instant
from handlers.domain.ledger import Kind
from handlers.domain.payments import GatewayReply, Instruction, Operation
from handlers.reconcile import handler, reconcile
from handlers.runtime import dependencies
from tests.environment import THOROUGH
from tests.handlers.paying import UnansweringGateway
from tests.handlers.world import World, purchase_of, refund_of


def _open_cases(count: int) -> World:
    world = World()
    world.stock(MUG=(800, 200))
    for number in range(count):
        token = ("pm_timeout", "pm_timeout_declined", "pm_timeout_never_arrives")[number % 3]
        customer = {"customer_id": f"customer-{number}"}  # of one customer they would be the same purchase again
        world.book({**purchase_of(f"buy-{number}", token, MUG=(1, 800)), **customer})
    world.clock.advance(timedelta(hours=1))
    return world


@pytest.mark.over_gateways(nightly=True)
@settings(max_examples=2_000 if THOROUGH else 20)
@given(st.integers(1, 12), st.integers(1, 5))
def test_bounded_runs_with_continuations_settle_everything_once(cases: int, limit: int) -> None:
    """Law 19 (reconcile): work per run is bounded, and a continuation repeats nothing."""
    world, settled, continuation = _open_cases(cases), [], None
    for _ in range(200):
        report = world.reconcile(limit=limit, continuation=continuation)
        settled += report["settled"] + report["released"]
        continuation = report["continuation"]
        if continuation is None:
            break
    assert continuation is None
    assert len(settled) == len(set(settled)) == cases
    again = world.reconcile()
    assert [again[name] for name in ("settled", "released", "restored", "left_to_people")] == [[], [], [], []]
    assert world.findings() == ()


def test_a_key_unknown_to_the_gateway_is_not_released_while_an_attempt_may_run() -> None:
    """Law 19 (reconcile): only a key older than any execution is fenced."""
    world = World()
    world.stock(MUG=(800, 100))
    order_id = world.book(purchase_of(payment_method="pm_timeout_never_arrives", MUG=(1, 800)))["order_id"]
    assert world.reconcile()["released"] == []
    assert world.order(order_id).status == "PENDING"
    world.clock.advance(timedelta(minutes=16))
    assert world.reconcile()["released"] == [order_id]
    assert world.order(order_id).status == "CANCELLED"
    assert world.available("MUG") == 100


def test_a_deferred_order_gets_its_due_time_back_once_the_gateway_recovers() -> None:
    """Law 28 (isolation): one failed lookup does not make it due in every later run."""
    world = World()
    world.stock(MUG=(800, 100))
    order_id = world.book({**purchase_of(MUG=(1, 800)), "capture": "later"})["order_id"]
    key = {"pk": {"S": f"ORDER#{order_id}"}}
    waiting = world.dynamodb.get_item(TableName="orders", Key=key)["Item"]
    deps = world.dependencies()
    deps.__dict__["gateway"] = UnansweringGateway(client=world.dynamodb, table="gateway", now=world.clock)
    assert order_id in reconcile({"schema": 1}, deps)["postponed"]
    assert "deferred_since" in world.dynamodb.get_item(TableName="orders", Key=key)["Item"]
    world.clock.advance(timedelta(minutes=10))
    world.reconcile(days=[])
    assert world.dynamodb.get_item(TableName="orders", Key=key)["Item"] == waiting


def test_a_key_that_the_gateway_cannot_fence_is_left_to_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 19 (reconcile): nothing is released whose key may still move money."""

    class Unfenced(SandboxPaymentGateway):
        fences: ClassVar[frozenset[Operation]] = frozenset()
        miss_age: ClassVar[timedelta | None] = None

        def fence(self, instruction: Instruction) -> GatewayReply:
            raise AssertionError(instruction.key)

    world = _open_cases(3)
    deps = world.dependencies()
    deps.__dict__["gateway"] = Unfenced(client=world.dynamodb, table="gateway")
    report = reconcile({"schema": 1}, deps)
    assert (len(report["settled"]), len(report["released"]), len(report["left_to_people"])) == (2, 0, 1)
    assert "cannot fence it" in report["left_to_people"][0]


@pytest.mark.parametrize("error", [-timedelta(days=1), timedelta(0), timedelta(days=1)])
def test_a_wrong_clock_never_releases_a_key_too_early(monkeypatch: pytest.MonkeyPatch, error: timedelta) -> None:
    """Law 19 (reconcile): a miss proves nothing while the sender may still run, even if its clock is wrong."""
    monkeypatch.setattr(SandboxPaymentGateway, "fences", frozenset())
    monkeypatch.setattr(SandboxPaymentGateway, "miss_age", timedelta(hours=25))
    world = World()
    world.stock(MUG=(800, 100))
    started = world.clock()
    world.clock.advance(error)
    request = purchase_of(payment_method="pm_timeout_never_arrives", MUG=(1, 800))
    order_id = world.book(request, requested_at=format_instant(started))["order_id"]
    world.clock.now = started + timedelta(hours=2)
    assert world.reconcile()["released"] == []
    world.clock.now = started + timedelta(hours=25) + max(error, timedelta(0))
    assert world.reconcile()["released"] == [order_id]


@pytest.mark.parametrize(
    "message",
    [{"days": ["yesterday"]}, {"limit": 0}, {"limit": 1001}, {"fence_after_seconds": -1}, {"order_id": "a b"}],
)
def test_an_invalid_reconcile_message_is_rejected(message: dict[str, Any]) -> None:
    """Invalid input is rejected before any order is read."""
    with pytest.raises(ValidationError, match=next(iter(message))):
        World().reconcile(**message)


def test_a_recent_run_covers_recent_orders_and_all_money_in_flight() -> None:
    """Law 19 (reconcile): its work follows the traffic, and money in flight is never too old."""
    world = World()
    world.stock(MUG=(800, 200))
    waiting = world.book(purchase_of("old-open", "pm_timeout", MUG=(1, 800)))["order_id"]
    old = world.book(purchase_of("old", MUG=(1, 800)))["order_id"]
    world.clock.advance(timedelta(hours=3))
    recent = world.book(purchase_of("new", MUG=(1, 800)))["order_id"]
    world.s3.versions.clear()
    report = world.reconcile(recent_seconds=7200)
    assert report["settled"] == [waiting]
    assert {each.partition("/")[0] for each in report["restored"]} == {waiting, recent}
    assert world.reconcile()["restored"] == [f"{old}/2"]


def test_a_single_order_can_be_reconciled() -> None:
    """Law 19 (reconcile)."""
    world = _open_cases(4)
    (first, *_) = sorted(row["pk"]["S"] for row in world.dynamodb.scan(TableName="orders")["Items"] if "ledger" in row)
    order_id = first.removeprefix("ORDER#")
    report = world.reconcile(order_id=order_id)
    assert report["settled"] + report["released"] == [order_id]
    assert world.reconcile(order_id="ord_none")["settled"] == []


@pytest.mark.over_gateways
def test_a_reversed_refund_is_found_and_recorded_as_its_own_outcome() -> None:
    """Law 17 (reversal): the gateway reports it later."""
    world = World()
    world.stock(MUG=(800, 100))
    order_id = world.book(purchase_of(payment_method="pm_refund_reversed", MUG=(2, 800)))["order_id"]
    answer = world.book(refund_of(order_id, amount_minor=600))
    assert answer["status"] == "succeeded"
    assert world.reconcile()["settled"] == [answer["refund_id"]]
    assert world.order(order_id).account.refundable_minor == 1600
    assert world.book(refund_of(order_id, amount_minor=600)) == {**answer, "replayed": True}
    assert world.findings() == ()
    assert world.reconcile()["settled"] == []


@pytest.mark.over_gateways
@pytest.mark.parametrize(
    ("token", "status", "refundable"),
    [("pm_refund_pending", "succeeded", 1000), ("pm_refund_pending_declined", "rejected", 1600)],
)
def test_a_refund_waiting_for_its_bank_is_pending_until_reconcile_ends_it(
    token: str, status: str, refundable: int
) -> None:
    """Law 34 (pending is not unknown)."""
    world = World()
    world.stock(MUG=(800, 100))
    order_id = world.book(purchase_of(payment_method=token, MUG=(2, 800)))["order_id"]
    answer = world.book(refund_of(order_id, amount_minor=600))
    assert (answer["status"], answer["next_action"]["who"]) == ("pending", "bank")
    assert world.reconcile()["settled"] == [answer["refund_id"]]
    assert world.book(refund_of(order_id, amount_minor=600))["status"] == status
    assert world.order(order_id).account.refundable_minor == refundable
    assert world.findings() == ()


@pytest.mark.parametrize("change", [{"heard": {"S": "declined"}}, {"amount_minor": {"N": "1599"}}])
def test_a_gateway_that_disagrees_with_the_ledger_is_drift_and_left_to_people(change: dict[str, Any]) -> None:
    """Law 18 (conservation): ledger == gateway is proven, not assumed."""
    world = World()
    world.stock(MUG=(800, 100))
    order_id = world.book(purchase_of(MUG=(2, 800)))["order_id"]
    (row,) = world.dynamodb.scan(TableName="gateway")["Items"]
    world.dynamodb.put_item(TableName="gateway", Item={**row, **change})
    before = world.order(order_id)
    report = world.reconcile()
    assert report["drift"]["gateway"] == 1
    assert report["left_to_people"][0].startswith(f"{order_id}: the ledger says CONFIRMED 1600, the gateway says")
    after = world.order(order_id)
    assert (after.ledger[:-1], after.ledger[-1].kind) == (before.ledger, Kind.CASE_OPENED)
    assert any('"Drift": 1' in line for line in world.lines)


def test_a_failing_service_postpones_one_order_and_not_the_run() -> None:
    """Law 19 (reconcile)."""
    twin, world = _open_cases(5), _open_cases(5)
    twin.calls.clear()
    twin.reconcile()
    loads = [at for at, call in enumerate(twin.calls) if call in ("get_item orders", "get_item gateway")]
    world.faults.arm(**{f"at_{loads[0]}": "throttle"})
    report = world.reconcile()
    assert len(report["postponed"]) == 1
    assert len(report["settled"]) + len(report["released"]) == 4
    assert world.reconcile()["postponed"] == []
    assert all(world.order(each).in_flight == () for each in report["postponed"])


def test_a_broken_ledger_is_left_to_people_and_does_not_stop_the_run() -> None:
    """Law 22 (tamper-evident)."""
    world = _open_cases(3)
    rows = [row for row in world.dynamodb.scan(TableName="orders")["Items"] if "ledger" in row]
    world.dynamodb.update_item(
        TableName="orders",
        Key={"pk": rows[0]["pk"]},
        UpdateExpression="SET ledger = list_append(ledger, ledger)",
    )
    report = world.reconcile()
    assert len(report["settled"]) + len(report["released"]) == 2
    assert any("OrderPlaced" in each for each in report["left_to_people"])


def test_the_scheduled_function_continues_while_time_remains(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 19 (reconcile): no case starves behind a hundred others."""
    world = _open_cases(104)  # a run handles a hundred

    class Context:
        left = 60_000

        def get_remaining_time_in_millis(self) -> int:
            Context.left -= 50
            return Context.left

    monkeypatch.setattr(dependencies, "_composed", {})
    monkeypatch.setattr("handlers.reconcile.dependencies", lambda *_: world.dependencies())
    report = handler({}, Context())
    assert len(report["settled"]) + len(report["released"]) == 104
    assert report["continuation"] is None


def _store_unknown_kind(world: World, order_id: str) -> None:
    world.dynamodb.update_item(
        TableName="orders",
        Key={"pk": {"S": f"ORDER#{order_id}"}},
        UpdateExpression="SET ledger[0].#type = :kind",
        ExpressionAttributeNames={"#type": "type"},
        ExpressionAttributeValues={":kind": {"S": "PaymentTeleported"}},
    )


def _remove_salt(world: World, order_id: str) -> None:
    key = {"pk": {"S": f"ORDER#{order_id}"}}
    world.dynamodb.update_item(TableName="orders", Key=key, UpdateExpression="REMOVE salt")


def _report_unknown_status(world: World, order_id: str) -> None:
    item = {"pk": {"S": order_id}, "kind": {"S": "charge"}, "heard": {"S": "teleported"}, "amount_minor": {"N": "800"}}
    world.dynamodb.put_item(TableName="gateway", Item=item)


def _reject_records(world: World, _: str) -> None:
    def put_object(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}, "PutObject")  # type: ignore[arg-type]

    world.s3.put_object = put_object  # type: ignore[method-assign]


def _park_deep_nesting(world: World, _: str) -> None:
    world.park("[" * 100_000)


def _park_result_of_unreadable_order(world: World, order_id: str) -> None:
    _store_unknown_kind(world, order_id)
    world.park(json.dumps(world.message(purchase_of("buy-0", "pm_timeout", MUG=(1, 800)))))


def _lose_the_queue(world: World, _: str) -> None:
    def receive_message(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AWS.SimpleQueueService.NonExistentQueue"}}, "ReceiveMessage")  # type: ignore[arg-type]

    world.sqs.receive_message = receive_message  # type: ignore[method-assign]


@pytest.mark.parametrize(
    "poison",
    [
        _store_unknown_kind,
        _remove_salt,
        _report_unknown_status,
        _reject_records,
        _park_deep_nesting,
        _park_result_of_unreadable_order,
        _lose_the_queue,
    ],
)
def test_one_poisoned_input_does_not_stop_the_other_orders(poison: Callable[[World, str], None]) -> None:
    """Law 28 (isolation): eleven healthy orders are settled in the same run, and the poison is left to people."""
    world = World()
    world.stock(MUG=(800, 200))
    poisoned, *healthy = (
        world.book(purchase_of(f"buy-{number}", "pm_timeout", MUG=(1, 800)))["order_id"] for number in range(12)
    )
    poison(world, poisoned)
    world.clock.advance(timedelta(hours=1))
    report = world.reconcile()
    assert set(report["settled"]) >= set(healthy)
    assert len(report["left_to_people"]) == 1
    foreseen = poison in (_store_unknown_kind, _park_result_of_unreadable_order, _reject_records)
    assert any("traceback" in line for line in world.lines) is not foreseen


def test_a_deeply_nested_parked_request_does_not_stop_the_other_orders() -> None:
    """Law 28 (isolation): it is refused or left to people, by the depth of the stack at which it is read."""
    world = World()
    world.stock(MUG=(800, 200))
    waiting = world.book(purchase_of(payment_method="pm_timeout", MUG=(1, 800)))["order_id"]
    world.park(json.dumps(world.message("request")).replace('"request"}', "[" * 1000 + "]" * 1000 + "}"))
    world.clock.advance(timedelta(hours=1))
    report = world.reconcile()
    assert report["settled"] == [waiting]
    assert len(report["restored"]) + len(report["left_to_people"]) >= 1


def test_a_key_with_an_unknown_gateway_status_does_not_stop_its_orders_other_keys() -> None:
    """Law 28 (isolation): per key, within one order."""
    world = World()
    world.stock(MUG=(800, 20))
    order_id = world.book(purchase_of(payment_method="pm_refund_timeout", MUG=(2, 800)))["order_id"]
    refunds = [world.book(refund_of(order_id, f"r-{number}", amount_minor=100))["refund_id"] for number in range(3)]
    _report_unknown_status(world, refunds[0])
    assert world.reconcile()["settled"] == refunds[1:]


def test_a_failure_is_reported_without_free_text() -> None:
    """Law 28 (isolation): an error's own text may quote a request."""
    world = World()
    world.park(json.dumps({**world.message(refund_of("ord_1")), "requested_at": "the handle is scratched"}))
    report = world.reconcile()
    assert report["left_to_people"] == ["a parked outcome: ValueError"]
    assert not [line for line in world.lines if "scratched" in line]


def test_a_run_without_time_left_stops_and_the_next_one_continues() -> None:
    """Law 28 (isolation): a slow order costs its own time, never the whole run's."""
    world, time_left = _open_cases(6), iter([True, True, False])
    first = reconcile({"schema": 1}, world.dependencies(), lambda: next(time_left, False))
    assert len(first["settled"] + first["released"]) == 2
    second = world.reconcile(continuation=first["continuation"])
    assert len(second["settled"] + second["released"]) == 4


def test_orders_whose_lookups_fail_do_not_starve_later_orders() -> None:
    """Law 28 (isolation): they are retried with growing pauses, and settled once the gateway answers again."""
    world = _open_cases(12)
    deps = world.dependencies()
    deps.__dict__["gateway"] = UnansweringGateway(client=world.dynamodb, table="gateway")
    failed = reconcile({"schema": 1, "days": []}, deps)["postponed"]
    assert len(failed) == 12
    assert any('"PostponedByReconcile": 12' in line for line in world.lines)
    healthy = world.book(purchase_of("behind", "pm_timeout", MUG=(1, 800)))["order_id"]
    assert world.reconcile(days=[])["settled"] == [healthy]
    world.clock.advance(timedelta(minutes=16))
    report = world.reconcile(days=[])
    assert set(report["settled"] + report["released"]) == set(failed)
