"""Cases on the real handlers: problems that only people can settle stay visible until two of them have closed them."""

from datetime import timedelta
from typing import Any, ClassVar

import pytest

from handlers.adapters.sandbox_gateway import SandboxPaymentGateway
from handlers.domain.canonical import format_instant
from handlers.domain.lifecycles import CaseReason
from handlers.domain.order import Order
from handlers.domain.payments import Operation
from handlers.domain.rules.cases import open_case
from handlers.reconcile import reconcile
from tests.handlers.paying import OrphanListing
from tests.handlers.world import World, decision_of, purchase_of, refund_of, resolution_of


class Unfenced(SandboxPaymentGateway):
    """A gateway that can neither fence a key nor prove that it never arrived."""

    fences: ClassVar[frozenset[Operation]] = frozenset()
    miss_age: ClassVar[timedelta | None] = None


def _reconcile(world: World) -> dict[str, Any]:
    deps = world.dependencies()
    deps.__dict__["gateway"] = Unfenced(client=world.dynamodb, table="gateway", now=world.clock)
    return reconcile({"schema": 1, "recent_seconds": 7200}, deps)


def _case(order: Order) -> str:
    (case,) = order.account.open_cases
    return case.case_id


def _stuck_refund() -> tuple[World, str, str]:
    """An order with a refund that never reached a gateway which cannot fence it."""
    world = World()
    world.stock(MUG=(800, 20))
    order_id = world.book(purchase_of(payment_method="pm_refund_timeout_never_arrives", MUG=(2, 800)))["order_id"]
    refund = world.book(refund_of(order_id, lines=[{"sku": "MUG", "quantity": 1}]))
    assert refund["status"] == "unknown"
    world.clock.advance(timedelta(minutes=20))
    assert "cannot fence it" in _reconcile(world)["left_to_people"][0]
    return world, order_id, world.order(order_id).in_flight[0]


def _contradiction() -> tuple[World, str]:
    """A paid order whose payment the gateway calls declined."""
    world = World()
    world.stock(MUG=(800, 20))
    order_id = world.book(purchase_of(MUG=(2, 800)))["order_id"]
    (row,) = world.dynamodb.scan(TableName="gateway")["Items"]
    world.dynamodb.put_item(TableName="gateway", Item={**row, "heard": {"S": "declined"}})
    return world, order_id


def test_an_api_only_stage_rejects_direct_resolutions() -> None:
    """Law 37 (cases): a direct start can name any person, so it proposes nothing."""
    world, order_id = _contradiction()
    _reconcile(world)
    world.environment["BOOKING_APPROVALS"] = "api-only"
    refused = world.book(resolution_of(order_id, order_id))
    assert (refused["status"], refused["code"]) == ("rejected", "API_REQUIRED")
    assert world.order(order_id).account.open_cases[0].status == "OPEN"


def test_a_contradiction_is_reported_in_every_run_until_two_people_have_closed_it() -> None:
    """Law 37 (cases): a contradiction stays visible until two people closed it by an entry."""
    world, order_id = _contradiction()
    for days in (0, 1, 30):
        world.clock.advance(timedelta(days=days))
        (sentence,) = _reconcile(world)["cases"]
        assert sentence.startswith(f"{order_id}: case_")
    assert any('"OpenCases": 1' in line for line in world.lines)
    assert any('"OldestCaseAge": 2678400' in line for line in world.lines)
    case_id = _case(world.order(order_id))
    proposal = resolution_of(order_id, order_id)
    proposed = world.book(proposal)
    assert (proposed["status"], proposed["code"], proposed["case_id"]) == ("pending", "APPROVAL_NEEDED", case_id)
    assert len(_reconcile(world)["cases"]) == 1
    assert world.book(decision_of(order_id, case_id))["status"] == "succeeded"
    assert world.book(proposal)["status"] == "succeeded"
    version = world.order(order_id).version
    assert world.reconcile(order_id=order_id)["left_to_people"] == []
    world.clock.advance(timedelta(hours=7))
    report = _reconcile(world)
    assert (report["cases"], report["left_to_people"], report["drift"]["gateway"]) == ([], [], 0)
    assert world.order(order_id).version == version
    assert world.findings() == ()


@pytest.mark.parametrize(
    ("outcome", "status", "refunded", "available"), [("settled", "succeeded", 800, 19), ("released", "failed", 0, 18)]
)
def test_closing_a_case_ends_its_refund_in_the_same_write(
    outcome: str, status: str, refunded: int, available: int
) -> None:
    """Law 37 (cases): the ordinary final entry, the end of the case and the restock are one transaction."""
    world, order_id, refund_id = _stuck_refund()
    case_id = _case(world.order(order_id))
    world.book(resolution_of(order_id, refund_id, outcome=outcome))
    version, net = world.order(order_id).version, world.gateway_net(order_id)
    decided = world.book(decision_of(order_id, f"case:{case_id}"))
    assert (decided["status"], decided["action"], decided["case_id"]) == ("succeeded", "decide", case_id)
    order = world.order(order_id)
    assert (order.version, order.account.open_cases, order.in_flight) == (version + 2, (), ())
    assert (order.account.refunded_minor, order.account.reserved_minor) == (refunded, 0)
    assert (world.available("MUG"), world.gateway_net(order_id)) == (available, net)
    assert world.book(refund_of(order_id, lines=[{"sku": "MUG", "quantity": 1}]))["status"] == status
    world.clock.advance(timedelta(hours=7))
    assert (_reconcile(world)["cases"], _reconcile(world)["restored"]) == ([], [])
    assert world.findings() == ()


def test_a_payment_resolved_as_unpaid_is_restocked() -> None:
    """Law 37 (cases): an order whose payment is stuck does not keep its stock for ever."""
    world = World()
    world.stock(MUG=(800, 20))
    purchase = purchase_of(payment_method="pm_timeout_never_arrives", MUG=(2, 800))
    order_id = world.book(purchase)["order_id"]
    world.clock.advance(timedelta(minutes=20))
    _reconcile(world)
    world.book(resolution_of(order_id, _case(world.order(order_id))))
    world.book(decision_of(order_id, _case(world.order(order_id))))
    assert (world.order(order_id).status, world.available("MUG")) == ("CANCELLED", 20)
    assert (world.book(purchase)["status"], world.book(purchase)["replayed"]) == ("failed", True)
    assert world.findings() == ()


@pytest.mark.over_gateways
@pytest.mark.parametrize(
    ("outcome", "status", "available"), [("released", "CANCELLED", 20), ("settled", "CONFIRMED", 18)]
)
def test_a_payment_stuck_at_its_bank_can_be_resolved_by_people(outcome: str, status: str, available: int) -> None:
    """Law 37 (cases), law 34 (pending is not unknown): nothing is stuck for ever."""
    world = World()
    world.stock(MUG=(800, 20))
    order_id = world.book(purchase_of(payment_method="pm_stuck_bank", MUG=(2, 800)))["order_id"]
    for days in (2, 20, 12):
        assert world.reconcile()["cases"] == []
        world.clock.advance(timedelta(days=days))
    (sentence,) = world.reconcile()["cases"]
    assert "(stuck) is OPEN" in sentence
    world.book(resolution_of(order_id, order_id, outcome=outcome))
    world.book(decision_of(order_id, _case(world.order(order_id))))
    assert (world.order(order_id).status, world.available("MUG")) == (status, available)
    assert world.reconcile()["cases"] == []
    assert world.order(order_id).in_flight == ()
    assert world.findings() == ()


def _authorize(**more: Any) -> tuple[World, str]:
    """An order whose payment is authorised."""
    world = World()
    world.stock(MUG=(800, 20))
    later = {"capture": "later", "hold_seconds": 86400}
    return world, world.book({**purchase_of(MUG=(2, 800)), **later, **more})["order_id"]


def _capture_in_console(world: World, order_id: str, amount_minor: int = 1600) -> None:
    """Capture an order's payment in the gateway's console."""
    key = {"pk": {"S": order_id}}
    row = world.dynamodb.get_item(TableName="gateway", Key=key)["Item"]
    captured = {"heard": {"S": "settled"}, "amount_minor": {"N": str(amount_minor)}}
    world.dynamodb.put_item(TableName="gateway", Item={**row, **captured})


def _cancel_of(order_id: str) -> dict[str, Any]:
    return {"action": "cancel", "request_id": "cancel-1", "order_id": order_id, "requested_by": "agent-7"}


def _close(world: World, order_id: str, outcome: str, number: int = 1) -> dict[str, Any]:
    case_id = _case(world.order(order_id))
    world.book(resolution_of(order_id, case_id, f"resolution-{number}", outcome=outcome))
    return world.book(decision_of(order_id, case_id, f"decision-{number}"))


def test_a_console_capture_of_a_held_payment_counts_once_its_case_is_resolved() -> None:
    """Law 37 (cases): closing the case ends the order and records the money, and opens no second case."""
    world, order_id = _authorize()
    _capture_in_console(world, order_id)
    world.reconcile(order_id=order_id)
    assert _close(world, order_id, "settled")["status"] == "succeeded"
    order = world.order(order_id)
    assert (order.status, order.account.captured_minor, order.due_at()) == ("CONFIRMED", 1600, None)
    world.clock.advance(timedelta(hours=7))
    report = world.reconcile(order_id=order_id)
    assert (report["left_to_people"], report["drift"]["gateway"]) == ([], 0)
    assert world.order(order_id).version == order.version
    assert world.book(refund_of(order_id))["status"] == "succeeded"
    assert world.findings() == ()


@pytest.mark.parametrize("attempt", ["nothing", "cancel", "capture"])
def test_a_partial_console_capture_counts_once_its_case_is_resolved(attempt: str) -> None:
    """Law 37 (cases), law 18 (conservation), law 33 (authorise): the gateway's amount is allocated to all units."""
    world, order_id = _authorize()
    _capture_in_console(world, order_id, 700)
    if attempt == "cancel":
        assert world.book(_cancel_of(order_id))["status"] == "unknown"
    if attempt == "capture":
        one = {"action": "capture", "request_id": "c-1", "order_id": order_id, "requested_by": "agent-7"}
        assert world.book({**one, "lines": [{"sku": "MUG", "quantity": 1}]})["code"] == "CAPTURE_DECLINED"
    world.reconcile(order_id=order_id)
    assert _close(world, order_id, "settled")["status"] == "succeeded"
    order = world.order(order_id)
    assert (order.status, order.account.captured_minor, world.available("MUG")) == ("CONFIRMED", 700, 18)
    assert [share.as_json() for share in order.account.captured_shares or ()] == [[0, 2, 700]]
    if attempt == "cancel":
        assert world.book(_cancel_of(order_id))["code"] == "ALREADY_CAPTURED"
    world.clock.advance(timedelta(hours=7))
    report = world.reconcile(order_id=order_id)
    assert (report["left_to_people"], report["cases"], world.order(order_id).version) == ([], [], order.version)
    refund = world.book(refund_of(order_id))
    assert (refund["status"], refund["amount_minor"], world.available("MUG")) == ("succeeded", 700, 20)
    assert world.findings() == ()


def test_a_payment_of_less_than_the_charge_is_recorded_with_the_gateways_amount() -> None:
    """Law 18 (conservation), law 43 (true answers)."""
    world = World()
    world.stock(MUG=(800, 20))
    purchase = purchase_of(payment_method="pm_timeout", MUG=(2, 800))
    order_id = world.book(purchase)["order_id"]
    _capture_in_console(world, order_id, 1000)
    world.reconcile(order_id=order_id)
    assert _close(world, order_id, "settled")["status"] == "succeeded"
    assert (world.book(purchase)["status"], world.book(purchase)["amount_minor"]) == ("succeeded", 1000)
    assert world.reconcile(order_id=order_id)["left_to_people"] == []
    assert world.order(order_id).account.captured_minor == world.gateway_net(order_id) == 1000
    assert world.findings() == ()


@pytest.mark.parametrize("quoted", ["as facts", "as a sentence"])
def test_a_reversed_partial_capture_is_recorded_with_the_gateways_amount(quoted: str) -> None:
    """Law 18 (conservation), law 37 (cases), law 39 (two releases): an earlier release quoted a sentence alone."""
    world, order_id = _authorize()
    _capture_in_console(world, order_id, 700)
    key = {"pk": {"S": order_id}}
    row = world.dynamodb.get_item(TableName="gateway", Key=key)["Item"]
    world.dynamodb.put_item(TableName="gateway", Item={**row, "heard": {"S": "reversed"}})
    if quoted == "as facts":
        world.reconcile(order_id=order_id)
    else:
        says = {"ledger_says": "AUTHORIZED 1600", "gateway_says": "reversed 700 EUR"}
        opened = open_case(
            world.order(order_id), order_id, CaseReason.CONTRADICTION, format_instant(world.clock()), facts=says
        )
        assert opened is not None
        world.dependencies().orders.append(opened)
    assert _close(world, order_id, "settled")["status"] == "succeeded"
    for _ in range(2):
        world.clock.advance(timedelta(hours=7))
        assert world.reconcile(order_id=order_id)["left_to_people"] == []
    account = world.order(order_id).account
    assert (account.captured_minor, account.disputed_minor, account.open_cases) == (700, 700, ())
    assert world.findings() == ()


def test_a_capture_above_the_held_amount_stays_a_case() -> None:
    """Law 33 (authorise), law 37 (cases): a closed case about a payment that still waits opens again."""
    world, order_id = _authorize()
    _capture_in_console(world, order_id, 1700)
    world.reconcile(order_id=order_id)
    first = _case(world.order(order_id))
    _close(world, order_id, "settled")
    assert world.order(order_id).status == "AUTHORIZED"
    assert world.reconcile(order_id=order_id)["left_to_people"]
    assert _case(world.order(order_id)) != first
    assert world.findings() == ()


def test_cancelling_a_payment_captured_meanwhile_is_rejected() -> None:
    """Law 35 (cancel): the order is paid, and no case is left."""
    world, order_id = _authorize()
    _capture_in_console(world, order_id)
    answer = world.book(_cancel_of(order_id))
    assert (answer["status"], answer["code"]) == ("rejected", "ALREADY_CAPTURED")
    assert (world.order(order_id).status, world.available("MUG")) == ("CONFIRMED", 18)
    assert world.reconcile(order_id=order_id)["left_to_people"] == []
    assert world.order(order_id).account.open_cases == ()
    assert world.findings() == ()


@pytest.mark.parametrize(("amount_minor", "refundable", "entries"), [(600, 1000, 3), (1601, 1600, 1)])
def test_a_console_refund_counts_once_its_case_is_resolved(amount_minor: int, refundable: int, entries: int) -> None:
    """Law 37 (cases), law 38 (orphans): by amount, without restocking; one that does not fit changes no total."""
    world = World()
    world.stock(MUG=(800, 20))
    order_id = world.book(purchase_of(MUG=(2, 800)))["order_id"]

    def sweep() -> dict[str, Any]:
        deps = world.dependencies()
        deps.__dict__["gateway"] = OrphanListing(
            client=world.dynamodb, table="gateway", now=world.clock, order_id=order_id, amount_minor=amount_minor
        )
        world.clock.advance(timedelta(minutes=5))
        return reconcile({"schema": 1, "recent_seconds": 7200}, deps)

    sweep()
    world.book(resolution_of(order_id, _case(world.order(order_id)), outcome="settled"))
    version = world.order(order_id).version
    assert world.book(decision_of(order_id, _case(world.order(order_id))))["refundable_minor"] == refundable
    order = world.order(order_id)
    assert order.version == version + entries
    assert (order.account.refundable_minor, order.account.refunded_minor) == (refundable, 1600 - refundable)
    assert (sweep()["cases"], sweep()["restored"], world.available("MUG")) == ([], [], 18)
    assert world.book(refund_of(order_id))["amount_minor"] == refundable
    assert world.findings() == ()


def test_a_denied_resolution_leaves_the_case_open_for_another_one() -> None:
    """Law 37 (cases)."""
    world, order_id, refund_id = _stuck_refund()
    case_id = _case(world.order(order_id))
    world.book(resolution_of(order_id, refund_id))
    other = world.book(resolution_of(order_id, case_id, "resolution-2"))
    assert other["code"] == "RESOLUTION_UNDER_WAY"
    assert world.book(decision_of(order_id, case_id, decision="deny"))["status"] == "succeeded"
    assert world.book(resolution_of(order_id, refund_id))["code"] == "RESOLUTION_DENIED"
    assert world.book(decision_of(order_id, case_id, "decision-2"))["code"] == "NOT_AWAITING_DECISION"
    assert _case(world.order(order_id)) == case_id
    assert world.book(resolution_of(order_id, case_id, "resolution-2"))["status"] == "pending"
    assert world.book(decision_of(order_id, case_id, "decision-3"))["status"] == "succeeded"
    _reconcile(world)
    assert world.findings() == ()


@pytest.mark.parametrize("person", ["agent-7", "customer-1"])
def test_neither_proposer_nor_customer_may_decide_on_a_resolution(person: str) -> None:
    """Law 37 (cases): two people close a case."""
    world, order_id, refund_id = _stuck_refund()
    world.book(resolution_of(order_id, refund_id))
    decided = world.book(decision_of(order_id, _case(world.order(order_id)), requested_by=person))
    assert decided["code"] == "OWN_DECISION"
    assert len(world.order(order_id).account.open_cases) == 1


def test_a_resolution_needs_an_open_case_and_its_own_request_id() -> None:
    """Law 9 (key reuse), law 37 (cases): only cases can be ended by people."""
    world = World()
    world.stock(MUG=(800, 20))
    order_id = world.book(purchase_of(MUG=(2, 800)))["order_id"]
    assert world.book(resolution_of(order_id, order_id))["code"] == "CASE_NOT_OPEN"
    assert world.book(resolution_of("ord_none", order_id))["code"] == "ORDER_NOT_FOUND"
    assert world.book(resolution_of(order_id, order_id, outcome="lost"))["code"] == "INVALID_REQUEST"
    world, order_id, refund_id = _stuck_refund()
    world.book(resolution_of(order_id, refund_id))
    assert world.book(resolution_of(order_id, refund_id, outcome="settled"))["code"] == "KEY_REUSED"
    assert world.book(resolution_of(order_id, refund_id, evidence="Another one."))["code"] == "KEY_REUSED"


def test_a_movement_under_a_resolved_key_opens_a_new_case() -> None:
    """Law 37 (cases): the gateway has the last word about its own money."""
    world, order_id, refund_id = _stuck_refund()
    first = _case(world.order(order_id))
    world.book(resolution_of(order_id, refund_id, outcome="settled"))
    world.book(decision_of(order_id, first))
    facts = {
        "kind": {"S": "refund"},
        "heard": {"S": "settled"},
        "charge": {"S": order_id},
        "amount_minor": {"N": "800"},
    }
    world.dynamodb.put_item(TableName="gateway", Item={"pk": {"S": refund_id}, **facts})
    (sentence,) = _reconcile(world)["left_to_people"]
    assert "the ledger says SETTLED by people 800, the gateway says settled 800" in sentence
    assert _case(world.order(order_id)) != first


def test_evidence_is_not_in_the_ledger() -> None:
    """Law 42 (erased is erased): the ledger contains only a salted hash of the text."""
    world, order_id, refund_id = _stuck_refund()
    world.book(resolution_of(order_id, refund_id))
    order = world.order(order_id)
    assert "evidence_sha256" in order.ledger[-1].facts
    assert not any("support says so" in str(entry.as_json()) for entry in order.ledger)
    assert not any(b"support says so" in body for body in world.audit_objects().values())
