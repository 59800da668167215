"""Budgets: the calls of a request, and the size of an order."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from handlers.adapters.dynamodb.attribute_values import Item
from handlers.adapters.dynamodb.order_items import order_item
from handlers.contracts.request_rules import MAX_LINES, MAX_REASON_LENGTH
from handlers.contracts.storage import SHARDS
from handlers.domain.answers import Answer
from handlers.domain.lifecycles import RefundStatus
from handlers.domain.order import Order
from handlers.domain.payments import GatewayStatus
from handlers.domain.ports import Change
from handlers.domain.requests import IssueRefund, Line, MakeDecision, Units
from handlers.domain.rules.approvals import NO_APPROVALS, decide_refund
from handlers.domain.rules.refunds import APPROVED_LIMIT, KB, ORDINARY_LIMIT, reserve_refund, worst_case_bytes
from tests.domain.orders import NOON, ORIGIN, apply_status, pending_order
from tests.fakes.dynamodb.values import size_of
from tests.handlers.world import World, purchase_of, refund_of

WRITES = {"put_item orders", "update_item orders", "transact_write_items"}


def _count_calls(world: World, booking: object) -> Counter[str]:
    """Calls by kind that one attempt of the purchase or refund function made."""
    world.calls.clear()
    world.step(booking)
    kinds = ("write" if call in WRITES else "gateway" if "gateway" in call else "read" for call in world.calls)
    return Counter(kinds)


def _world() -> World:
    world = World()
    world.stock(MUG=(800, 2000), POT=(2450, 5))
    return world


@pytest.mark.parametrize("token", ["pm_ok", "pm_declined"])
def test_a_purchase_costs_two_writes_no_read_and_one_gateway_call(token: str) -> None:
    """Budget per request, and law 8 (replay): a replay costs one call of DynamoDB."""
    world = _world()
    purchase = purchase_of(payment_method=token, MUG=(1, 800))
    assert _count_calls(world, purchase) == {"write": 2, "gateway": 1}
    assert _count_calls(world, purchase) == {"write": 1}


@pytest.mark.parametrize("fields", [{"amount_minor": 5}, {"lines": [{"sku": "MUG", "quantity": 1}]}, {}])
def test_a_refund_costs_two_writes_one_read_and_one_gateway_call(fields: dict[str, object]) -> None:
    """Budget per request, and law 8 (replay); the sandbox itself looks its charge up besides."""
    world = _world()
    order_id = world.book(purchase_of(MUG=(2, 800)))["order_id"]
    assert _count_calls(world, refund_of(order_id, **fields)) == {"write": 2, "read": 1, "gateway": 2}
    assert _count_calls(world, refund_of(order_id, **fields)) == {"read": 1}
    assert _count_calls(world, refund_of(order_id, "r-2", amount_minor=99999)) == {"read": 1}


def test_the_record_step_costs_one_read_and_one_put() -> None:
    """Budget per request."""
    world = _world()
    world.book(purchase_of(MUG=(2, 800)))
    assert world.calls[-2:] == ["get_item orders", "put_object audit"]


def _row(world: World, order_id: str) -> Item:
    item: Item = world.dynamodb.get_item(TableName="orders", Key={"pk": {"S": f"ORDER#{order_id}"}})["Item"]
    return item


@pytest.mark.over_gateways(nightly=True)
@pytest.mark.parametrize("ends_at_once", [True, False])
@pytest.mark.parametrize("override", [None, "window"])
def test_an_accepted_refund_fits_into_the_item_until_it_ends(ends_at_once: bool, override: str | None) -> None:
    """Law 31 (room): with any lines, text and refunds in flight, each can still end and be reversed."""
    lines = tuple(Line(sku=f"{n:02d}{'s' * 62}", quantity=99_999, unit_price_minor=99_999) for n in range(MAX_LINES))
    order = apply_status(pending_order(lines), pending_order(lines).order_id, GatewayStatus.SETTLED)
    units = tuple(Units(sku=line.sku, quantity=1_111) for line in lines)
    refused: Answer | None = None
    while refused is None:
        request = IssueRefund(
            request_id=f"{order.version:064d}",
            order_id=order.order_id,
            requested_by="a" * 64,
            reason="\U0001f600" * MAX_REASON_LENGTH,
            units=units,
            override=override,
        )
        decided = reserve_refund(order, request, ORIGIN, NOON)
        if isinstance(decided, Answer):
            refused = decided
        else:
            order = _settle_refund(decided.after, request.refund_id) if ends_at_once else decided.after
    assert refused.code == "LEDGER_FULL"
    limit = APPROVED_LIMIT if override else ORDINARY_LIMIT
    assert f"at most {limit // KB} KB are allowed" in refused.message
    assert size_of(order_item(order)) <= worst_case_bytes(order) <= limit
    for refund_id in order.account.refunds:
        order = apply_status(_settle_refund(order, refund_id), refund_id, GatewayStatus.REVERSED)
    assert size_of(order_item(order)) <= worst_case_bytes(order) <= limit
    assert len(order.account.refunds) >= 25


def _settle_refund(order: Order, refund_id: str) -> Order:
    """Approve a refund if it is held, let its bank be slow, and settle it."""
    if order.account.refunds[refund_id].status is RefundStatus.AWAITING_APPROVAL:
        decision = MakeDecision(
            request_id=refund_id.rjust(64, "d"),
            order_id=order.order_id,
            subject=refund_id,
            decision="approve",
            requested_by="b" * 64,
        )
        approved = decide_refund(order, decision, ORIGIN, NOON, NO_APPROVALS)
        assert isinstance(approved, Change), approved
        order = approved.after
    return apply_status(apply_status(order, refund_id, GatewayStatus.PENDING), refund_id, GatewayStatus.SETTLED)


MAX_MODULES = 150
"""Measured: 110 to 130 on Python 3.11, a third of them ours; a new dependency at import time would exceed it."""


@pytest.mark.parametrize("function", ["purchase", "refund", "record", "reconcile"])
def test_a_function_is_imported_within_its_budget_and_without_boto3(function: str) -> None:
    """A cold start pays for each module: clients are built lazily, and the schemas of messages were built before."""
    code = f"import sys; before = set(sys.modules); import handlers.{function}; print(*(set(sys.modules) - before))"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    imported = set(ran.stdout.split())
    assert imported.isdisjoint({"botocore", "pydantic", "pydantic_core", "urllib3", "hypothesis", "pulumi"})
    assert len(imported) <= MAX_MODULES, f"{len(imported)} modules"


def test_changes_are_spread_over_all_shards() -> None:
    """One partition of an index takes 1000 writes a second, so orders are spread."""
    world = _world()
    for number in range(80):
        world.book(purchase_of(f"buy-{number}", MUG=(1, 800)))
    rows = world.dynamodb.scan(TableName="orders")["Items"]
    days = {row["changed_day"]["S"] for row in rows if "changed_day" in row}
    assert days == {f"2026-03-01#{shard}" for shard in range(SHARDS)}


def test_an_order_at_rest_is_not_in_the_attention_index() -> None:
    """The index is sparse: it contains only orders with money in flight."""
    world = _world()
    settled = world.book(purchase_of(MUG=(1, 800)))["order_id"]
    waiting = world.book(purchase_of("buy-2", "pm_timeout", MUG=(1, 800)))["order_id"]
    assert "attention" not in _row(world, settled)
    assert _row(world, waiting)["attention_since"] == {"S": "2026-03-01T12:00:00.000000Z"}
    world.reconcile()
    assert "attention" not in _row(world, waiting)


def _count_metrics(world: World) -> Counter[str]:
    """Return the total of each metric in the log lines, in the embedded format."""
    counted: Counter[str] = Counter()
    for line in (each for each in map(json.loads, world.lines) if "_aws" in each):
        (described,) = line["_aws"]["CloudWatchMetrics"]
        assert all(name in line for name in described["Dimensions"][0])
        counted[described["Metrics"][0]["Name"]] += line[described["Metrics"][0]["Name"]]
    return counted


def test_log_lines_are_json_and_metrics_count_each_outcome_once() -> None:
    """One structured line per step; business metrics in the embedded format."""
    world = _world()
    order_id = world.book(purchase_of(MUG=(2, 800)))["order_id"]
    for _ in range(2):
        world.book(refund_of(order_id, amount_minor=300))
    world.book(refund_of(order_id, "no", amount_minor=30_000))
    world.book(purchase_of("buy-2", "pm_timeout", MUG=(1, 800)))
    assert _count_metrics(world) == {
        "Purchases": 1,
        "MoneyIn": 1600,
        "Refunds": 1,
        "MoneyOut": 300,
        "Rejections": 1,
        "UnknownOutcomes": 1,
    }
    steps = [line for line in map(json.loads, world.lines) if "step" in line]
    raised = [line for line in steps if "error" in line]
    assert [(line["error"], line["request"]) for line in raised] == [("PaymentOutcomeUnknown", "buy-2")] * 3
    assert {"execution", "request", "order", "status", "code", "replayed"} <= set(steps[0])


@pytest.mark.parametrize("capture_token", ["pm_ok", "pm_capture_timeout"])
def test_money_is_counted_when_it_is_captured(capture_token: str) -> None:
    """A hold moves no money and a capture does, also one that reconcile finds; a cancelled hold never does."""
    world = _world()
    captured, cancelled = (
        world.book({**purchase_of(name, token, MUG=(2, 800)), "capture": "later"})["order_id"]
        for name, token in (("buy-1", capture_token), ("buy-2", "pm_ok"))
    )
    world.book({"action": "cancel", "request_id": "no", "order_id": cancelled, "requested_by": "agent-7"})
    assert _count_metrics(world) == {"Purchases": 2}
    capture = {"action": "capture", "request_id": "yes", "order_id": captured, "requested_by": "agent-7"}
    world.book({**capture, "amount_minor": 900})
    world.reconcile()
    counted = _count_metrics(world)
    assert (counted["MoneyIn"], counted["Purchases"]) == (900, 2)
