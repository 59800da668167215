"""`booking forget` erases the text of an order or of a customer, and `booking audit verify` still passes."""

from dataclasses import dataclass

import pytest

from cli.forget import Eraser, OrderErasure
from cli.main import run
from cli.reconcile import scope_of
from handlers.adapters.dynamodb.order_repository import DynamoDBOrderRepository
from handlers.contracts.messages import ReconcileInput
from handlers.domain.ports import Change, RetryPolicy, StaleOrder, Written
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


def test_an_erasure_is_done_once_and_a_dry_run_writes_nothing() -> None:
    world, order_id = _world()
    before = world.order(order_id)
    erased = OrderErasure(order_id=order_id, outcome="erased", texts=1)
    assert Eraser(orders=_repository(world), requested_by="p", dry_run=True).erase(order_id) == erased
    assert world.order(order_id) == before
    eraser = Eraser(orders=_repository(world), requested_by="p")
    assert eraser.erase(order_id) == erased
    assert eraser.erase(order_id) == OrderErasure(order_id=order_id, outcome="nothing to erase")
    assert world.order(order_id).ledger[-1].text("requested_by") == "p"


@dataclass(frozen=True)
class RacingRepository(DynamoDBOrderRepository):
    """A repository in which a refund always begins between the read and the write."""

    world: World = None  # type: ignore[assignment]  # a dataclass field after those with defaults

    def append(self, change: Change) -> Written | StaleOrder:
        self.world.book(refund_of(change.before.order_id, amount_minor=100))
        return super().append(change)


def test_a_refund_that_begins_meanwhile_wins_and_keeps_its_text() -> None:
    """Law 42 (erased is erased): the erasure is judged on the order at the moment of the write."""
    world, order_id = _world()
    client, retry = world.dynamodb, RetryPolicy.without_delays()
    racing = RacingRepository(client=client, table="orders", retry=retry, world=world)
    erasure = Eraser(orders=racing, requested_by="p").erase(order_id)
    assert (erasure.outcome, "it is RESERVED" in erasure.reason) == ("refused", True)
    assert "The handle is scratched." in {each.text for each in world.order(order_id).requests.values()}


@pytest.mark.parametrize("arguments", [(), ("--order", "ord_1", "--customer", "c-1")])
def test_an_erasure_names_an_order_or_a_customer(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["forget", "--by", "privacy-1", *arguments]) == 64
    assert "Use --order or --customer" in capsys.readouterr().err


def test_the_text_of_an_order_is_erased_while_its_chain_stays_intact(shell: Shell) -> None:
    """Without a terminal the verb needs --yes; afterwards its audit object exists at once."""
    order = str(buy_mugs(shell)["order_id"])
    assert shell("forget", "--order", order, "--by", "privacy-1").exit_code == 64
    dry = shell("forget", "--customer", "c-1", "--by", "privacy-1", "--dry-run", "--json")
    assert {"order_id": order, "outcome": "erased", "texts": 1, "reason": ""} in dry.document["orders"]
    assert shell("forget", "--order", order, "--by", "privacy-1", "--yes", "--json").exit_code == 0
    shown = shell("show", order, "--json").document
    assert shown["ledger"][-1]["type"] == "TextForgotten"
    assert shown["audit_objects"][-1].endswith("000003.json")
    assert shell("reconcile", "--order", order, "--json").document["restored"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--order", "ord_none"), "There is no order ord_none"),
        (("--day", "yesterday"), "--day must be a day"),
        (("--order", "ord_1", "--day", "2026-01-31"), "not both"),
    ],
)
def test_reconcile_refuses_an_order_or_a_day_that_is_none(
    shell: Shell, arguments: tuple[str, ...], message: str
) -> None:
    result = shell("reconcile", *arguments)
    assert (result.exit_code, message in result.stderr) == (64, True)


def test_reconcile_asks_for_the_day_that_was_named() -> None:
    assert ReconcileInput.model_validate({"schema": 1, **scope_of(None, "2026-01-31")}).days == ["2026-01-31"]
