"""Recovery from the audit trail restores lost or outdated orders, and verifies their hash chains."""

import json
from datetime import timedelta
from typing import Any

import pytest

from cli.forget import Eraser
from cli.recover import RecoveredOrder, Recovery, RecoveryOutcome
from handlers.adapters.dynamodb.order_repository import DynamoDBOrderRepository
from handlers.adapters.s3_audit import S3AuditTrail
from handlers.domain.canonical import Json, format_instant
from handlers.domain.lifecycles import CaseReason
from handlers.domain.order import Order
from handlers.domain.ports import RetryPolicy
from handlers.domain.rules.cases import open_case
from local.pytest_plugin import DeployedStack
from tests.fakes.dynamodb import FakeDynamoDB
from tests.handlers.world import World, decision_of, purchase_of, refund_of, resolution_of

from .conftest import Shell
from .test_verbs import buy_mugs


def book_orders() -> tuple[World, list[str]]:
    """Return a world with orders that are paid, partly refunded, declined and in flight."""
    world = World()
    world.stock(mug=(500, 100))
    orders = []
    for number, payment in enumerate(("pm_ok", "pm_ok", "pm_declined", "pm_timeout")):
        result = world.book(purchase_of(f"buy-{number}", payment, mug=(2, 500)))
        orders.append(str(result["order_id"]))
    world.book(refund_of(orders[0], "part-1", amount_minor=300))
    world.book(refund_of(orders[0], "part-2", amount_minor=200))
    world.book(refund_of(orders[1], "all"))
    return world, orders


def recover_outcomes(world: World, dry_run: bool = False) -> dict[str, RecoveryOutcome]:
    """Return the action taken for each order."""
    return {each.order_id: each.outcome for each in recover_orders(world, dry_run)}


def recover_orders(world: World, dry_run: bool = False) -> list[RecoveredOrder]:
    """Return the recovered orders with their explanations."""
    log = S3AuditTrail(client=world.s3, bucket="audit")
    return list(Recovery(log=log, client=world.dynamodb, table="orders", dry_run=dry_run).run())


def lose_table(world: World) -> None:
    """Lose the table, but not the trail and the gateway."""
    gateway = world.dynamodb.scan(TableName="gateway")["Items"]
    world.dynamodb = FakeDynamoDB()
    world.__post_init__()
    for item in gateway:
        world.dynamodb.put_item(TableName="gateway", Item=item)


def without_text(order: Order) -> tuple[Any, ...]:
    """Return the part of an order that the trail can restore."""
    answers = {subject: (request.request_id, request.answer) for subject, request in order.requests.items()}
    return order.ledger, order.account, order.status, answers


def test_recovery_restores_refunds_with_their_decisions() -> None:
    """A held refund has no final answer, and a decision keeps its own."""
    world = World()
    world.stock(mug=(500, 100))
    order = str(world.book(purchase_of("buy", "pm_ok", mug=(2, 500)))["order_id"])
    refunds = [world.book(refund_of(order, f"r-{n}", amount_minor=100, override="window")) for n in range(3)]
    world.book(decision_of(order, refunds[0]["refund_id"], "d-0"))
    world.book(decision_of(order, refunds[1]["refund_id"], "d-1", decision="deny"))
    before = without_text(world.order(order))
    lose_table(world)
    assert recover_outcomes(world) == {order: RecoveryOutcome.WRITTEN}
    assert without_text(world.order(order)) == before
    assert world.findings() == ()


def test_recovery_restores_disputes_and_cases_with_all_answers() -> None:
    """A denied and an approved proposal keep their own answers."""
    world = World()
    world.stock(mug=(500, 100))
    order = str(world.book(purchase_of("buy", "pm_disputed", mug=(2, 500)))["order_id"])
    world.reconcile(order_id=order)
    (row,) = world.dynamodb.scan(TableName="gateway")["Items"]
    world.dynamodb.put_item(TableName="gateway", Item={**row, "heard": {"S": "declined"}})
    world.reconcile(order_id=order)
    (case,) = world.order(order).account.open_cases
    for number, decision in enumerate(("deny", "approve")):
        world.book(resolution_of(order, case.case_id, f"p-{number}"))
        world.book(decision_of(order, case.case_id, f"d-{number}", decision=decision))
    world.book(refund_of(order, "none"))
    world.reconcile(order_id=order)
    before = without_text(world.order(order))
    assert len(before[3]) == 5
    lose_table(world)
    assert recover_outcomes(world) == {order: RecoveryOutcome.WRITTEN}
    assert without_text(world.order(order)) == before
    assert world.findings() == ()


def test_recovery_restores_a_refund_that_had_no_request() -> None:
    """It was an orphan that two people settled, so no request can be repeated."""
    world = World()
    world.stock(mug=(500, 100))
    order = world.order(str(world.book(purchase_of(mug=(2, 500)))["order_id"]))
    facts: dict[str, Json] = {"movement_kind": "refund", "movement_currency": "EUR"}
    now = format_instant(world.clock())
    opened = open_case(order, "movement:txn_1", CaseReason.ORPHAN, now, amount_minor=300, facts=facts)
    assert opened is not None
    world.dependencies().orders.append(opened)
    world.reconcile(order_id=order.order_id)
    (case,) = opened.after.account.open_cases
    world.book(resolution_of(order.order_id, case.case_id, outcome="settled"))
    world.book(decision_of(order.order_id, case.case_id))
    before = without_text(world.order(order.order_id))
    lose_table(world)
    assert recover_outcomes(world) == {order.order_id: RecoveryOutcome.WRITTEN}
    assert without_text(world.order(order.order_id)) == before
    assert world.order(order.order_id).account.refunded_minor == 300
    assert world.findings() == ()


def test_recovery_restores_a_lost_table() -> None:
    """Ledgers, totals, statuses and answers are restored, and the trail agrees with each of them."""
    world, orders = book_orders()
    before = {order_id: without_text(world.order(order_id)) for order_id in orders}
    lose_table(world)
    assert dict.fromkeys(orders, RecoveryOutcome.WRITTEN) == recover_outcomes(world)
    assert before == {order_id: without_text(world.order(order_id)) for order_id in orders}
    assert world.findings() == ()


def test_a_second_recovery_changes_nothing() -> None:
    """A complete order is left unchanged."""
    world, orders = book_orders()
    before = world.dynamodb.scan(TableName="orders")["Items"]
    assert dict.fromkeys(orders, RecoveryOutcome.UNCHANGED) == recover_outcomes(world)
    assert before == world.dynamodb.scan(TableName="orders")["Items"]


def test_a_table_restored_to_an_earlier_time_is_brought_forward() -> None:
    """The texts and the salt in the restored items are kept."""
    world, orders = book_orders()
    restored = world.dynamodb.scan(TableName="orders")["Items"]
    world.book(refund_of(orders[0], "part-3", amount_minor=100))
    later = without_text(world.order(orders[0]))
    for item in restored:
        world.dynamodb.put_item(TableName="orders", Item=item)
    assert recover_outcomes(world)[orders[0]] is RecoveryOutcome.BROUGHT_FORWARD
    order = world.order(orders[0])
    assert later == without_text(order)
    assert order.requests[order.order_id].text == "pm_ok"
    assert order.salt
    assert world.findings() == ()


def test_erased_text_from_a_backup_is_erased_again() -> None:
    """Law 42 (erased is erased): the backup has the text and its salt, but the trail has the erasure."""
    world, orders = book_orders()
    restored = world.dynamodb.scan(TableName="orders")["Items"]
    old_salt = world.order(orders[0]).salt
    client, retry = world.dynamodb, RetryPolicy.without_delays()
    repository = DynamoDBOrderRepository(client=client, table="orders", retry=retry)
    assert Eraser(orders=repository, requested_by="privacy-1").erase(orders[0]).outcome == "erased"
    world.reconcile(order_id=orders[0])
    for item in restored:
        world.dynamodb.put_item(TableName="orders", Item=item)
    assert recover_outcomes(world)[orders[0]] is RecoveryOutcome.BROUGHT_FORWARD
    order = world.order(orders[0])
    assert {(each.text, each.fingerprint, each.erased) for each in order.requests.values()} == {("", "", True)}
    assert order.salt != old_salt
    assert world.findings() == ()


def test_an_order_ahead_of_the_trail_is_never_overwritten() -> None:
    """An outcome that the record step has not written yet survives a recovery."""
    world, orders = book_orders()
    world.step(refund_of(orders[0], "unrecorded", amount_minor=50))
    before = world.order(orders[0])
    assert recover_outcomes(world)[orders[0]] is RecoveryOutcome.AHEAD_OF_TRAIL
    assert before == world.order(orders[0])


def test_a_tampered_record_is_not_used_for_recovery() -> None:
    """The hash chain is recomputed, and the order is left to people with an explanation."""
    world, orders = book_orders()
    lose_table(world)
    [key] = [key for key in world.s3.keys("audit") if orders[2] in key]
    record = json.loads(world.s3.get_object(Bucket="audit", Key=key)["Body"].read())
    record["ledger"][0]["amount_minor"] += 1
    world.s3.put_object(Bucket="audit", Key=key, Body=json.dumps(record).encode())
    [broken] = [each for each in recover_orders(world) if each.outcome is RecoveryOutcome.INVALID_RECORD]
    assert broken.order_id == orders[2]
    assert "its hash differs" in broken.explanation


def test_a_ledger_that_contradicts_the_trail_is_left_to_people() -> None:
    """Neither side is trusted."""
    world, orders = book_orders()
    item = next(each for each in world.dynamodb.scan(TableName="orders")["Items"] if orders[0] in each["pk"]["S"])
    item["ledger"]["L"][0]["M"]["amount_minor"]["N"] = "1"
    world.dynamodb.put_item(TableName="orders", Item=item)
    assert recover_outcomes(world)[orders[0]] is RecoveryOutcome.CONFLICTING


def test_a_dry_run_writes_nothing() -> None:
    """It reports the same outcomes as a recovery."""
    world, orders = book_orders()
    lose_table(world)
    assert dict.fromkeys(orders, RecoveryOutcome.WRITTEN) == recover_outcomes(world, dry_run=True)
    assert world.dynamodb.scan(TableName="orders")["Items"] == []


@pytest.mark.parametrize("request_id", ["buy-0"])
def test_a_repeated_purchase_of_a_recovered_order_moves_no_money(request_id: str) -> None:
    """The trail has no text to compare the request with, so it is refused rather than paid twice."""
    world, orders = book_orders()
    lose_table(world)
    recover_outcomes(world)
    world.stock(mug=(500, 100))
    before = world.gateway_net(orders[0])
    assert world.book(purchase_of(request_id, mug=(2, 500)))["code"] == "KEY_REUSED"
    assert before == world.gateway_net(orders[0])


def test_a_payment_in_flight_is_settled_after_a_recovery() -> None:
    """The attention index is rebuilt, too, so that reconcile finds the order and asks the gateway."""
    world, orders = book_orders()
    lose_table(world)
    recover_outcomes(world)
    assert world.order(orders[3]).in_flight == (orders[3],)
    world.clock.advance(timedelta(days=1))
    world.reconcile()
    assert world.order(orders[3]).in_flight == ()


def test_the_command_finds_nothing_to_recover_in_an_intact_stack(shell: Shell) -> None:
    """As in the runbook, a dry run comes first."""
    buy_mugs(shell)
    for arguments in (("recover", "--dry-run", "--json"), ("recover", "--json")):
        reply = shell(*arguments)
        assert (reply.exit_code, reply.document["left_to_people"]) == (0, [])
        assert reply.document["orders"]["written"] == 0
        assert reply.document["orders"]["unchanged"] > 0
    assert "Every hash chain was recomputed" in shell("recover").stdout


def test_the_command_restores_deleted_orders(shell: Shell, booking_stack: DeployedStack) -> None:
    """The commands are those of the runbook's drill."""
    orders = [str(buy_mugs(shell)["order_id"]) for _ in range(3)]
    assert shell("refund", orders[0], "--amount", "5", "--by", "agent-7", "--reason", "late").exit_code == 0
    before = [shell("show", order, "--json").document for order in orders]
    for order in orders[:2]:
        key = {"pk": {"S": f"ORDER#{order}"}}
        booking_stack.client("dynamodb").delete_item(TableName=booking_stack.outputs["ordersTable"], Key=key)
    assert shell("audit", "verify").exit_code != 0
    reply = shell("recover", "--json")
    assert (reply.exit_code, reply.document["orders"]["written"]) == (0, 2)
    after = [shell("show", order, "--json").document for order in orders]
    assert [each["ledger"] for each in before] == [each["ledger"] for each in after]
    assert [each["refundable_minor"] for each in before] == [each["refundable_minor"] for each in after]
    assert shell("audit", "verify").exit_code == 0
