"""`booking forget` erases the text of an order or of a customer, and `booking audit verify` still passes."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from cli.command_errors import CommandFailed, UsageError
from cli.forget import Eraser, OrderErasure, erase_and_show, forget_orphan
from cli.main import run
from cli.reconcile import scope_of
from cli.target import DeploymentTarget
from handlers.adapters.dynamodb.order_repository import DynamoDBOrderRepository
from handlers.contracts.messages import ReconcileInput
from handlers.domain.errors import Unavailable
from handlers.domain.payments import Movement
from handlers.domain.ports import Change, RetryPolicy, StaleOrder, Written
from local.pytest_plugin import DeployedStack
from tests.handlers.world import World, purchase_of, refund_of

from .conftest import Shell
from .test_verbs import buy_mugs


def _world() -> tuple[World, str]:
    world = World()
    world.stock(mug=(500, 100))
    order_id = str(world.book(purchase_of("buy", "pm_refund_timeout", mug=(2, 500)))["order_id"])
    return world, order_id


def _repository(world: World) -> DynamoDBOrderRepository:
    return DynamoDBOrderRepository(client=world.dynamodb, table="orders", retry=RetryPolicy.without_delays())


def test_an_order_is_erased_once_and_a_dry_run_writes_nothing() -> None:
    world, order_id = _world()
    before = world.order(order_id)
    erased = OrderErasure(order_id=order_id, outcome="erased", texts=1)
    assert Eraser(orders=_repository(world), requested_by="p", dry_run=True).erase(order_id) == erased
    assert world.order(order_id) == before
    eraser = Eraser(orders=_repository(world), requested_by="p")
    assert eraser.erase(order_id) == erased
    assert eraser.erase(order_id) == OrderErasure(order_id=order_id, outcome="nothing to erase")
    assert world.order(order_id).ledger[-1].text("requested_by") == "p"


def _break_ledger(table: Any, name: str, order_id: str) -> dict[str, Any]:
    """Add an entry to an order's ledger that is not legal there, and return the item as it was."""
    item: dict[str, Any] = table.get_item(TableName=name, Key={"pk": {"S": f"ORDER#{order_id}"}})["Item"]
    entries = item["ledger"]["L"]
    table.put_item(TableName=name, Item={**item, "ledger": {"L": [*entries, entries[0]]}})
    return item


def test_an_order_with_a_broken_ledger_is_refused_and_the_others_are_erased(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world, first = _world()
    broken, last = (str(world.book(purchase_of(name, mug=(1, 500)))["order_id"]) for name in ("second", "third"))
    _break_ledger(world.dynamodb, "orders", broken)
    recorded = list[str]()
    eraser = Eraser(orders=_repository(world), requested_by="p")
    assert erase_and_show(eraser, [first, broken, last], recorded.append, as_json=True) == 1
    orders = json.loads(capsys.readouterr().out)["orders"]
    assert [each["outcome"] for each in orders] == ["erased", "refused", "erased"]
    assert orders[1]["reason"].startswith("Its ledger is broken: Entry ")
    assert recorded == [first, last]


def test_an_error_at_one_order_does_not_hide_earlier_erasures(capsys: pytest.CaptureFixture[str]) -> None:
    world, order_id = _world()
    eraser = Eraser(orders=_repository(world), requested_by="p")
    with pytest.raises(CommandFailed, match="ord_none no longer exists"):
        erase_and_show(eraser, [order_id, "ord_none"], str, as_json=True)
    assert [each["order_id"] for each in json.loads(capsys.readouterr().out)["orders"]] == [order_id]


@dataclass(frozen=True)
class RacingRepository(DynamoDBOrderRepository):
    """A repository in which a refund always starts between the read and the write."""

    world: World = None  # type: ignore[assignment]  # a dataclass field after those with defaults

    def append(self, change: Change) -> Written | StaleOrder:
        self.world.book(refund_of(change.before.order_id, amount_minor=100))
        return super().append(change)


def test_a_concurrent_refund_prevents_the_erasure() -> None:
    """Law 42 (erased is erased): the refund keeps its text, since it was in flight at the moment of the write."""
    world, order_id = _world()
    client, retry = world.dynamodb, RetryPolicy.without_delays()
    racing = RacingRepository(client=client, table="orders", retry=retry, world=world)
    erasure = Eraser(orders=racing, requested_by="p").erase(order_id)
    assert (erasure.outcome, "it is RESERVED" in erasure.reason) == ("refused", True)
    assert "The handle is scratched." in {each.text for each in world.order(order_id).requests.values()}


@dataclass(frozen=True)
class InterruptedRepository(DynamoDBOrderRepository):
    """A repository that accepts one write and then fails."""

    written: list[Change] = field(default_factory=list[Change])

    def append(self, change: Change) -> Written | StaleOrder:
        if self.written:
            raise Unavailable("orders")
        self.written.append(change)
        return super().append(change)


def test_an_interrupted_erasure_of_many_requests_is_completed_by_the_next_run() -> None:
    """Law 42 (erased is erased): one write is not enough, since update expressions have at most 4096 bytes."""
    world = World()
    world.stock(mug=(500, 100))
    order_id = str(world.book(purchase_of("buy", mug=(2, 500)))["order_id"])
    for number in range(64):
        world.book(refund_of(order_id, f"refund-{number}", amount_minor=1))
    count = len(world.order(order_id).requests)
    client, retry = world.dynamodb, RetryPolicy.without_delays()
    with pytest.raises(Unavailable):
        Eraser(orders=InterruptedRepository(client=client, table="orders", retry=retry), requested_by="p").erase(
            order_id
        )
    remaining = [each for each in world.order(order_id).requests.values() if not each.erased]
    assert len(remaining) == count - 30
    erasure = Eraser(orders=_repository(world), requested_by="p").erase(order_id)
    assert (erasure.outcome, erasure.texts) == ("erased", len(remaining))
    assert all(each.erased and not each.text for each in world.order(order_id).requests.values())


@pytest.mark.parametrize("arguments", [(), ("--order", "ord_1", "--customer", "c-1")])
def test_an_erasure_needs_exactly_one_target(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["forget", "--by", "privacy-1", *arguments]) == 64
    assert "Use exactly one of --order, --customer and --orphan" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--order", "--customer", "--orphan"])
def test_an_empty_id_is_rejected_with_its_option(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["forget", "--by", "privacy-1", option, ""]) == 64
    assert f"{option} '' is not an id" in capsys.readouterr().err


def _add_orphan(world: World) -> Callable[..., int]:
    """Add an orphan, and return a function that runs the verb on it."""
    movement = Movement(reference="txn_1", at="2026-03-01T00:00:00Z", kind="charge", amount_minor=500, currency="EUR")
    world.dependencies().sweeps.add_orphan(movement, "2026-03-01T00:00:00Z")
    target = DeploymentTarget(name="", outputs={"ordersTable": "orders"}, client=lambda _: world.dynamodb)

    def forget(reference: str = "txn_1", *, dry_run: bool = False, as_json: bool = False) -> int:
        return forget_orphan(target, reference, "privacy-1", dry_run=dry_run, yes=True, as_json=as_json)

    return forget


def test_the_evidence_of_a_closed_orphan_is_erased_once_and_not_by_a_dry_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = World()
    forget = _add_orphan(world)
    for by in ("anna", "eva"):
        world.dependencies().sweeps.close_orphan("txn_1", by, "A receipt.", "2026-03-02T00:00:00Z", dry_run=False)
    item = world.dynamodb.get_item(TableName="orders", Key={"pk": {"S": "ORPHAN#txn_1"}})["Item"]
    assert forget(dry_run=True) == 0
    assert capsys.readouterr().out == "Evidence of orphan txn_1: would be erased (dry run).\n"
    assert world.dynamodb.get_item(TableName="orders", Key={"pk": {"S": "ORPHAN#txn_1"}})["Item"] == item
    assert forget(as_json=True) == 0
    document = {"dry_run": False, "orders": [], "orphan": {"reference": "txn_1", "outcome": "erased"}}
    assert json.loads(capsys.readouterr().out) == document
    assert forget() == 0
    assert capsys.readouterr().out == "Evidence of orphan txn_1: nothing to erase.\n"


def test_the_evidence_of_an_open_orphan_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    forget = _add_orphan(World())
    assert forget() == 1
    assert "Evidence of orphan txn_1: refused. It is still open. Two people can close it" in capsys.readouterr().out


def test_an_unknown_orphan_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"There is no orphan txn_2\."):
        _add_orphan(World())("txn_2")


def test_the_text_of_an_order_is_erased_while_its_chain_stays_intact(shell: Shell) -> None:
    """Without a terminal the verb needs --yes. It writes the audit object immediately."""
    order = str(buy_mugs(shell)["order_id"])
    assert shell("forget", "--order", order, "--by", "privacy-1").exit_code == 64
    dry = shell("forget", "--customer", "c-1", "--by", "privacy-1", "--dry-run", "--json")
    assert {"order_id": order, "outcome": "erased", "texts": 1, "reason": ""} in dry.document["orders"]
    assert shell("forget", "--order", order, "--by", "privacy-1", "--yes", "--json").exit_code == 0
    shown = shell("show", order, "--json").document
    assert shown["ledger"][-1]["type"] == "TextForgotten"
    assert shown["audit_objects"][-1].endswith("000003.json")
    assert shell("reconcile", "--order", order, "--json").document["restored"] == []


def test_a_broken_ledger_is_reported_in_one_sentence(booking_stack: DeployedStack, shell: Shell) -> None:
    order = str(buy_mugs(shell)["order_id"])
    table, name = booking_stack.instance.client("dynamodb"), str(booking_stack.outputs["ordersTable"])
    item = _break_ledger(table, name, order)
    try:
        refused = shell("forget", "--order", order, "--by", "privacy-1", "--yes")
    finally:
        table.put_item(TableName=name, Item=item)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert re.fullmatch(r"Entry 1 \(\w+\) is not legal .*\.\n", refused.stderr)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--order", "ord_none"), "There is no order ord_none"),
        (("--day", "yesterday"), "--day must be a day"),
        (("--order", "ord_1", "--day", "2026-01-31"), "not both"),
    ],
)
def test_reconcile_rejects_an_unknown_order_or_an_invalid_day(
    shell: Shell, arguments: tuple[str, ...], message: str
) -> None:
    result = shell("reconcile", *arguments)
    assert (result.exit_code, message in result.stderr) == (64, True)


def test_reconcile_requests_the_given_day() -> None:
    assert ReconcileInput.model_validate({"schema": 1, **scope_of(None, "2026-01-31")}).days == ["2026-01-31"]
