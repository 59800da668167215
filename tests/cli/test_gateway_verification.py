"""`booking audit verify --gateway` reports each difference with the order, the side and the next step."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from cli.command_errors import CommandFailed
from cli.gateway_verification import GatewayVerification, gateway_of
from cli.target import DeploymentTarget
from handlers.adapters.dynamodb.archive import Archive
from handlers.adapters.s3_audit import S3AuditTrail
from handlers.adapters.stripe.secrets_manager import SecretMisconfigured
from handlers.domain.errors import PaymentOutcomeUnknown
from handlers.domain.payments import GatewayReply, Instruction, MovementPage, PaymentGateway
from handlers.domain.trail.verification import Finding, Problem
from tests.console.in_process_deployment import OUTPUTS, FunctionConfigurations
from tests.handlers.world import World, purchase_of, refund_of

Damage = Callable[[World, str], object]


def _verification(world: World, gateway: PaymentGateway | None = None, **more: Any) -> GatewayVerification:
    return GatewayVerification(
        audit=S3AuditTrail(client=world.s3, bucket="audit"),
        load_order=Archive(client=world.dynamodb, table="orders").order,
        gateway=gateway or world.dependencies().gateway,
        settled_before=world.clock() + timedelta(minutes=5),
        **more,
    )


def _findings(world: World, **more: Any) -> list[Finding]:
    return list(_verification(world, **more).findings())


def _book_orders() -> tuple[World, str]:
    """Book a purchase, its refund on the next day, a capture for less, and a declined card."""
    world = World()
    world.stock(MUG=(800, 20))
    order_id = str(world.book(purchase_of(MUG=(2, 800)))["order_id"])
    held = world.book({**purchase_of("later", MUG=(2, 800)), "capture": "later"})["order_id"]
    world.book(purchase_of("no", "pm_declined", MUG=(1, 800)))
    world.clock.advance(timedelta(days=1))
    world.book(refund_of(order_id, amount_minor=300))
    capture = {"action": "capture", "request_id": "c", "order_id": held, "requested_by": "agent-7"}
    assert world.book({**capture, "amount_minor": 500})["status"] == "succeeded"
    return world, order_id


def _edit(world: World, key: str, **fields: dict[str, str]) -> None:
    item = world.dynamodb.get_item(TableName="gateway", Key={"pk": {"S": key}})["Item"]
    world.dynamodb.put_item(TableName="gateway", Item={**item, **fields})


def _drop(world: World, table: str, key: str) -> None:
    world.dynamodb.delete_item(TableName=table, Key={"pk": {"S": key}})


def test_matching_movements_and_entries_have_no_findings() -> None:
    """Law 38 (orphans): charges, captures, refunds, and outcomes that the ledger recorded days later."""
    world, _ = _book_orders()
    late = purchase_of("late", "pm_timeout", MUG=(1, 800))
    assert world.book(late)["status"] == "unknown"
    world.clock.advance(timedelta(days=3))
    world.reconcile()
    assert world.book(late)["status"] == "succeeded"
    verification = _verification(world)
    assert list(verification.findings()) == []
    assert verification.counts == {"movements": 4, "entries": 4}
    assert _findings(world, since=date(2026, 3, 2)) == []


@pytest.mark.parametrize("token", ["pm_dashboard_refund", "pm_dashboard_refund_reversed"])
def test_a_dashboard_refund_has_no_findings_after_reconcile(token: str) -> None:
    """Law 38 (orphans): neither on its own day, nor on the day on which the ledger recorded it."""
    world = World()
    world.stock(MUG=(800, 20))
    order_id = world.book(purchase_of(payment_method=token, MUG=(2, 800)))["order_id"]
    assert [each.problem for each in _findings(world)] == [Problem.NO_ENTRY]
    world.clock.advance(timedelta(days=3))
    world.reconcile(order_id=order_id)
    assert _findings(world) == []
    _drop(world, "gateway", order_id)
    assert {each.problem for each in _findings(world)} == {Problem.NO_MOVEMENT}


DIFFERENCES: list[tuple[Damage, Problem, str]] = [
    (
        lambda world, order_id: _drop(world, "gateway", order_id),
        Problem.NO_MOVEMENT,
        "Entry 2 (PaymentCaptured, 16.00 EUR) of {order} has no movement at the gateway (status `nothing`). "
        "`booking reconcile --order {order}` opens a case",
    ),
    (
        lambda world, order_id: _edit(world, order_id, amount_minor={"N": "1700"}),
        Problem.AMOUNT_DIFFERS,
        "Entry 2 (PaymentCaptured, 16.00 EUR) of {order} moved 17.00 EUR at the gateway (sandbox_",
    ),
    (
        lambda world, order_id: _drop(world, "orders", f"ORDER#{order_id}"),
        Problem.NO_ENTRY,
        "of order {order}, which the table lacks. `booking recover` restores it",
    ),
    (
        lambda world, order_id: _copy(world, order_id, "ref_unheard_of"),
        Problem.NO_ENTRY,
        "which the ledger of {order} lacks. `booking reconcile --order {order}` settles it or opens a case.",
    ),
]


@pytest.mark.parametrize(("damage", "problem", "expected_text"), DIFFERENCES)
def test_a_difference_names_the_order_the_side_and_the_next_step(
    damage: Damage, problem: Problem, expected_text: str
) -> None:
    """Law 38 (orphans): every entry without its movement, and every movement without its entry."""
    world, order_id = _book_orders()
    damage(world, order_id)
    found = _findings(world)
    assert {each.problem for each in found} == {problem}
    assert found[0].where == order_id
    assert expected_text.format(order=order_id) in found[0].message


def _copy(world: World, order_id: str, key: str) -> None:
    """Add a refund that nobody requested from us."""
    item = world.dynamodb.get_item(TableName="gateway", Key={"pk": {"S": order_id}})["Item"]
    refund = {"pk": {"S": key}, "kind": {"S": "refund"}, "charge": {"S": order_id}}
    world.dynamodb.put_item(TableName="gateway", Item={**item, **refund})


class SilentGateway:
    """A gateway that does not answer, with an empty list of movements or none."""

    def __init__(self, page: MovementPage | None) -> None:
        self.page = page

    def movements(self, *_: object) -> MovementPage | None:
        return self.page

    def lookup(self, instruction: Instruction) -> GatewayReply:
        raise PaymentOutcomeUnknown(f"The gateway did not answer about {instruction.key}.")


@pytest.mark.parametrize(("page", "number"), [(None, 1), (MovementPage(movements=()), 3)])
def test_what_a_silent_gateway_cannot_confirm_is_reported(page: MovementPage | None, number: int) -> None:
    """A gateway without a list is one finding; so is each entry that it does not answer about."""
    world, _ = _book_orders()
    silent: Any = SilentGateway(page)
    assert [each.problem for each in _findings(world, gateway=silent)] == [Problem.CANNOT_JUDGE] * number


def test_a_failing_movement_list_is_a_finding_that_names_the_day() -> None:
    """Findings of earlier days, of the ledgers and of the trail are kept."""
    world, _ = _book_orders()

    class FailingGateway(SilentGateway):
        def movements(self, *arguments: object) -> MovementPage | None:
            if str(arguments[0]) < "2026-03-01T":
                return MovementPage(movements=())
            raise SecretMisconfigured("The secret must contain a Stripe key.")

    failing: Any = FailingGateway(None)
    *_, finding = _findings(world, gateway=failing)
    assert finding.problem is Problem.CANNOT_JUDGE
    assert finding.message == (
        "From 2026-03-02 on, nothing was compared: The secret must contain a Stripe key. "
        "Repeat this with --since 2026-03-02."
    )


def test_movements_are_requested_one_day_at_a_time() -> None:
    """Each request covers the day and an hour on either side, so memory holds one day of movements."""
    world, _ = _book_orders()
    requested_ranges: list[tuple[str, str]] = []

    class RecordingGateway(SilentGateway):
        def movements(self, since: str, until: str, after: object) -> MovementPage | None:  # type: ignore[override]
            requested_ranges.append((since[:13], until[:13]))
            return super().movements(since, until, after)

    recording: Any = RecordingGateway(MovementPage(movements=()))
    _findings(world, gateway=recording)
    assert requested_ranges[1:] == [("2026-02-28T23", "2026-03-02T01"), ("2026-03-01T23", "2026-03-03T01")]


def test_the_gateway_is_configured_like_that_of_the_reconcile_function() -> None:
    """Settings come from the function, and credentials from the caller."""
    world, order_id = _book_orders()
    outputs = {**OUTPUTS, "reconcileFunction": "reconcile"}
    clients: dict[str, Any] = {"lambda": FunctionConfigurations(world.environment), "dynamodb": world.dynamodb}
    target = DeploymentTarget(name="here", outputs=outputs, client=clients.__getitem__)
    order = world.order(order_id)
    assert gateway_of(target).lookup(order.instruction(order_id)).amount_minor == 1600


def test_an_undecryptable_environment_is_reported_with_the_missing_permission() -> None:
    class UndecryptableFunction:
        def get_function_configuration(self, **_: str) -> dict[str, Any]:
            error = {"ErrorCode": "AccessDeniedException", "Message": "Lambda was unable to decrypt it."}
            return {"Environment": {"Error": error}}

    clients = {"lambda": UndecryptableFunction()}
    outputs = {**OUTPUTS, "reconcileFunction": "reconcile"}
    target = DeploymentTarget(name="here", outputs=outputs, client=clients.__getitem__)
    with pytest.raises(
        CommandFailed, match=r"Lambda was unable to decrypt it\. You need kms:Decrypt on the function's"
    ):
        gateway_of(target)
