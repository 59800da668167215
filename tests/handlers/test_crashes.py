"""Everything that can fail, failing at every call: then retried, and reconciled."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from handlers.domain.canonical import format_instant
from handlers.domain.lifecycles import CaseReason
from handlers.domain.rules.cases import open_case
from tests.handlers.faults import MODES, Crash
from tests.handlers.world import World, decision_of, purchase_of, refund_of, resolution_of

LINES = {"MUG": (2, 800), "POT": (1, 2450)}


def _purchase_scene(token: str) -> Callable[[], tuple[World, dict[str, Any]]]:
    def scene() -> tuple[World, dict[str, Any]]:
        world = World()
        world.stock(MUG=(800, 20), POT=(2450, 5))
        return world, purchase_of("the-one", token, **LINES)

    return scene


def _refund_scene(token: str, **fields: Any) -> Callable[[], tuple[World, dict[str, Any]]]:
    def scene() -> tuple[World, dict[str, Any]]:
        world, purchase = _purchase_scene(token)()
        order_id = world.book(purchase)["order_id"]
        return world, refund_of(order_id, **fields)

    return scene


def _case_scene(decision: str | None) -> Callable[[], tuple[World, dict[str, Any]]]:
    """Return a scene: an order whose case somebody proposes to close, or whose resolution another person decides on."""

    def scene() -> tuple[World, dict[str, Any]]:
        world, purchase = _purchase_scene("pm_ok")()
        order_id = world.book(purchase)["order_id"]
        order, now = world.order(order_id), format_instant(world.clock())
        change = open_case(order, "movement:txn_1", CaseReason.ORPHAN, now, facts={"gateway_says": "refund 5 EUR"})
        assert change is not None
        world.dependencies().orders.append(change)
        proposal = resolution_of(order_id, "txn_1")
        if decision is None:
            return world, proposal
        case_id = world.book(proposal)["case_id"]
        return world, decision_of(order_id, case_id, decision=decision)

    return scene


SCENES = {
    "purchase": _purchase_scene("pm_ok"),
    "purchase declined": _purchase_scene("pm_declined"),
    "purchase, reply lost once": _purchase_scene("pm_timeout_then_ok"),
    "purchase, no reply": _purchase_scene("pm_timeout"),
    "purchase, never arrives": _purchase_scene("pm_timeout_never_arrives"),
    "refund by amount": _refund_scene("pm_ok", amount_minor=700),
    "refund by lines": _refund_scene("pm_ok", lines=[{"sku": "MUG", "quantity": 1}]),
    "refund of everything": _refund_scene("pm_ok"),
    "refund declined": _refund_scene("pm_refund_declined"),
    "refund, reply lost once": _refund_scene("pm_refund_timeout_then_ok"),
    "refund, no reply": _refund_scene("pm_refund_timeout"),
    "refund, never arrives": _refund_scene("pm_refund_timeout_never_arrives"),
    "refund over the balance": _refund_scene("pm_ok", amount_minor=4051),
    "purchase, disputed": _purchase_scene("pm_disputed"),
    "refund beside one of the dashboard": _refund_scene("pm_dashboard_refund", amount_minor=700),
    "proposal to close a case": _case_scene(None),
    "resolution approved": _case_scene("approve"),
    "resolution denied": _case_scene("deny"),
}
BY_DEFAULT = {"purchase", "purchase, no reply", "refund by lines", "refund, never arrives", "resolution approved"}
EVERY_SCENE = [name if name in BY_DEFAULT else pytest.param(name, marks=pytest.mark.nightly) for name in SCENES]
"""The others run at night; by default the crash matrix of the simulator has their calls, too."""


def _state(world: World) -> Any:
    """Everything that matters at rest, times aside."""
    rows = world.dynamodb.scan(TableName="orders")["Items"]
    ids = sorted(row["pk"]["S"].removeprefix("ORDER#") for row in rows if row["pk"]["S"].startswith("ORDER#"))
    ledgers = [
        [(each.kind, each.subject, each.amount_minor, each.facts.get("restocked")) for each in world.order(i).ledger]
        for i in ids
    ]
    return ledgers, world.payer.effects(), world.available("MUG"), world.available("POT")


def _bring_to_rest(world: World) -> None:
    world.clock.advance(world.payer.longest_doubt)
    for _ in range(2):
        world.reconcile()


def _calls(scene: Callable[[], tuple[World, dict[str, Any]]]) -> int:
    world, request = scene()
    world.faults.arm()
    world.book(request)
    return world.faults.seen


def _cases() -> Iterator[tuple[str, int, str]]:
    for name, scene in SCENES.items():
        for at in range(_calls(scene)):
            for mode in MODES:
                yield name, at, mode


@pytest.mark.over_gateways(nightly=True)
@pytest.mark.parametrize("name", EVERY_SCENE)
def test_a_retry_after_a_failure_at_any_call_ends_in_the_undisturbed_state(name: str) -> None:
    """Law 20 (crash and redrive): the same ledger, times aside, and the same effects at the gateway."""
    undisturbed, request = SCENES[name]()
    undisturbed.book(request)
    _bring_to_rest(undisturbed)
    for at in range(_calls(SCENES[name])):
        for mode in MODES:
            world, request = SCENES[name]()
            world.faults.arm(**{f"at_{at}": mode})
            try:
                world.book(request)
            except Crash:
                world.faults.arm()
                world.book(request)
            world.faults.arm()
            _bring_to_rest(world)
            world.book(request)
            _bring_to_rest(world)
            assert _state(undisturbed) == _state(world), (at, mode)
            assert world.findings() == (), (at, mode)


@pytest.mark.over_gateways(nightly=True)
@pytest.mark.parametrize("name", EVERY_SCENE)
def test_reconcile_makes_ledger_and_gateway_agree_after_a_crash_at_any_call(name: str) -> None:
    """Law 19 (reconcile): without a retry; it moves no money itself, and a second run changes nothing."""
    for at in range(_calls(SCENES[name])):
        for mode in ("crash_before", "crash_after"):
            world, request = SCENES[name]()
            before = world.payer.effects()
            world.faults.arm(**{f"at_{at}": mode})
            with pytest.raises(Crash):
                world.book(request)
            world.faults.arm()
            moved = world.payer.effects().keys() - before.keys()
            _bring_to_rest(world)
            settled = {key: state for key, state in world.payer.effects().items() if key not in before}
            assert {key for key, state in settled.items() if state != "fenced"} == moved
            rest = _state(world)
            _bring_to_rest(world)
            assert _state(world) == rest
            _assert_conserved(world)
            assert world.findings() == ()


def _assert_conserved(world: World) -> None:
    """Law 18 (conservation): the gateway's net = captured − refunded − disputed where nothing is in flight."""
    rows = world.dynamodb.scan(TableName="orders")["Items"]
    for order_id in (row["pk"]["S"].removeprefix("ORDER#") for row in rows if row["pk"]["S"].startswith("ORDER#")):
        order = world.order(order_id)
        assert order.in_flight == ()
        account = order.account
        assert world.gateway_net(order_id) == account.captured_minor - account.refunded_minor - account.disputed_minor


@pytest.mark.parametrize("name", ["purchase", "refund by lines", "refund of everything"])
def test_a_stalled_attempt_moves_no_money_after_reconcile_released_it(name: str) -> None:
    """Law 19 (reconcile): a key is fenced before it is released, so no later attempt moves money."""
    world, request = SCENES[name]()

    def meanwhile(_: Any) -> None:
        world.clock.advance(world.payer.longest_doubt)
        assert len(world.reconcile()["released"]) == 1

    world.faults.arm()
    world.faults.between = {2 if name != "purchase" else 1: meanwhile}  # between the reservation and the gateway
    result = world.book(request)
    assert result["status"] == "failed"
    assert result["code"] in ("PAYMENT_RELEASED", "REFUND_RELEASED")
    _assert_conserved(world)
    assert world.available("MUG") == (20 if name == "purchase" else 18)
    assert world.book(request)["status"] == "failed"


@pytest.mark.over_gateways
def test_an_ambiguous_reply_is_unknown_and_keeps_the_reservation() -> None:
    """Law 15 (ambiguity): never `failed`."""
    world, request = SCENES["refund, no reply"]()
    result = world.book(request)
    assert result["status"] == "unknown"
    account = world.order(request["order_id"]).account
    assert (account.reserved_minor, account.refunded_minor) == (4050, 0)
    assert world.reconcile()["settled"] == [result["refund_id"]]
    assert world.order(request["order_id"]).account.refunded_minor == 4050


@pytest.mark.over_gateways
@pytest.mark.parametrize("mode", ["throttle", "lost_reply", "lost_request"])
def test_a_gateway_that_does_not_reply_is_never_treated_as_a_decline(mode: str) -> None:
    """Law 15 (ambiguity), and the well-known defect: a connection error treated as a decline."""
    world, request = SCENES["purchase"]()
    world.faults.arm(at_1=mode, at_3=mode, at_5=mode)
    result = world.book(request)
    assert result["status"] in ("unknown", "succeeded")
    world.faults.arm()
    _bring_to_rest(world)
    _assert_conserved(world)


def test_the_crash_matrix_has_more_than_300_points() -> None:
    """Law 20 (crash and redrive): the enumeration above is not empty by mistake."""
    assert len(list(_cases())) > 300
