"""The crash matrix: each function × each of its calls × each way to fail, then retry, redelivery and reconcile.

It is complete, because the calls are those that the function really makes. `python -m
tests.simulation.test_crash_matrix` prints the table.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.simulation.changes import ORDERS_TABLE
from tests.simulation.choices import Choices
from tests.simulation.console_refunds import shop_with_console_refund
from tests.simulation.final_reconcile import reconcile_fully
from tests.simulation.fold import ledger_of, plain
from tests.simulation.history import Actor, History, kinds_of
from tests.simulation.laws import check_final_state
from tests.simulation.scenarios import shop_after_purchase
from tests.simulation.services import SimulatedCall, calls
from tests.simulation.simulated_ports import SimulatedDeployment
from tests.simulation.simulated_shop import (
    AFTER_FENCE,
    OPENING,
    ORDER,
    OVER_HTTP,
    SHOP,
    States,
    decision_request,
    purchase_request,
    refund_request,
    request_on,
)
from tests.simulation.test_interleavings import (
    HELD,
    SIX,
    judgement,
    proposal,
    shop_with_forgotten_refund,
    shop_with_held_refund,
    shop_with_proposal,
    shop_with_refund_in_flight,
)

OPENING_TYPES = (
    *("OrderPlaced", "RefundRequested", "RefundApproved"),
    *("PaymentCaptureRequested", "PaymentVoidRequested"),
)
FINAL_ERRORS = ("saved_error", "saved_error_after")
"""Stripe repeats such an error under its key for a day, so the payment is voided: a different but legal end."""
LINE = {"lines": [{"sku": "mug", "quantity": 1}]}


@dataclass(frozen=True)
class Subject:
    """A function with its input and world; without a `request` it is reconcile or the erasure of text."""

    title: str
    opening: Callable[[], States]
    request: Any
    phase: str
    after: timedelta = timedelta(0)
    deployment: SimulatedDeployment = SimulatedDeployment.PRESENT


SUBJECTS = [
    Subject("purchase", lambda: OPENING, purchase_request("p1", mugs=2, pens=1), "purchase"),
    Subject("purchase, declined", lambda: OPENING, purchase_request("p1", payment_method="pm_declined"), "purchase"),
    Subject("purchase, out of stock", lambda: OPENING, purchase_request("p1", mugs=4), "purchase"),
    Subject(
        "refund of an amount",
        lambda: shop_after_purchase("one mug"),
        refund_request("r1", "p1", amount_minor=600),
        "refund",
    ),
    Subject("refund of a line", lambda: shop_after_purchase("two lines"), refund_request("r1", "p1", **LINE), "refund"),
    Subject("refund, declined", lambda: shop_after_purchase("refunds declined"), refund_request("r1", "p1"), "refund"),
    Subject(
        "refund, too much",
        lambda: shop_after_purchase("one mug"),
        refund_request("r1", "p1", amount_minor=1001),
        "refund",
    ),
    Subject("refund, held", lambda: shop_after_purchase("one mug"), HELD, "refund"),
    Subject("decision, approved", shop_with_held_refund, decision_request("approve", "d1", HELD), "refund"),
    Subject("decision, denied", shop_with_held_refund, decision_request("deny", "d1", HELD), "refund"),
    Subject("record of a decision", shop_with_held_refund, decision_request("approve", "d1", HELD), "record"),
    Subject(
        "record of an outcome",
        lambda: shop_after_purchase("one mug"),
        refund_request("r1", "p1", amount_minor=600),
        "record",
    ),
    Subject("record of a refusal", lambda: OPENING, {"action": "steal"}, "record"),
    Subject("reconcile, known to the gateway", lambda: shop_with_refund_in_flight("lost reply"), None, "reconcile"),
    Subject("reconcile, disputed", lambda: shop_after_purchase("disputed"), None, "reconcile"),
    Subject("reconcile, unknown to the gateway", lambda: shop_with_refund_in_flight("lost request"), None, "reconcile"),
    Subject("reconcile, refunded in the console", shop_with_console_refund, None, "reconcile"),
    Subject(
        "capture of a part",
        lambda: shop_after_purchase("held"),
        request_on("capture", "c1", "p1", amount_minor=700),
        "purchase",
    ),
    Subject(
        "capture of a line", lambda: shop_after_purchase("held"), request_on("capture", "c1", "p1", **LINE), "purchase"
    ),
    Subject("cancel", lambda: shop_after_purchase("held"), request_on("cancel", "v1", "p1"), "purchase"),
    Subject("erasure", lambda: shop_after_purchase("one mug"), None, "forget"),
]
if not OVER_HTTP:  # the forgetful gateway is only behind the port, and Stripe ends a hold itself
    FORGETFUL = {"after": timedelta(days=2, hours=1), "deployment": SimulatedDeployment.FORGETFUL}
    SUBJECTS += [
        Subject(
            "reconcile, hold over", lambda: shop_after_purchase("held"), None, "reconcile", after=timedelta(days=8)
        ),
        Subject("proposal", shop_with_forgotten_refund, proposal("c1", "agent-1"), "refund", **FORGETFUL),
        Subject("record of a proposal", shop_with_forgotten_refund, proposal("c1", "agent-1"), "record", **FORGETFUL),
        Subject("case closed", shop_with_proposal, judgement("approve", "d1"), "refund", **FORGETFUL),
        Subject("resolution denied", shop_with_proposal, judgement("deny", "d1"), "refund", **FORGETFUL),
        Subject("record of a closed case", shop_with_proposal, judgement("approve", "d1"), "record", **FORGETFUL),
        Subject("forgotten refund, again", shop_with_forgotten_refund, SIX, "refund", **FORGETFUL),
    ]


def _begin(subject: Subject, tries: int) -> tuple[History, Actor]:
    """Return a history in which the subject's attempt is about to make its first call."""
    history = History(Choices(replayed=()), subject.opening(), fault_percent=0, deployment=subject.deployment)
    history.fixed_tries = tries
    if subject.phase == "forget":
        history.add_forget(AFTER_FENCE, ORDER)
    elif subject.request is None:
        history.add_reconcile(subject.after or AFTER_FENCE, ORDER)
    else:
        history.add("first", subject.request, after=subject.after)
        history.advance(history.actors[0])
    (actor,) = history.actors
    while actor.owner is not None and actor.owner.phase != subject.phase:
        history.advance(actor)
    return history, actor


def _calls(subject: Subject) -> list[SimulatedCall]:
    """Return the calls of an undisturbed attempt."""
    history, actor = _begin(subject, 0)
    found_calls = []
    while actor.node is not None and actor in history.actors and _is_at(subject, actor):
        found_calls.append(calls.things[actor.node.call])
        history.advance(actor)
    return found_calls


def _is_at(subject: Subject, actor: Actor) -> bool:
    return actor.owner is None or actor.owner.phase == subject.phase


def _final_state(history: History, subject: Subject) -> Any:
    """Return ledger, stock, money and audit keys after a redelivery and reconcile, without times, executions, and the
    records of a temporary `unknown`.
    """
    if subject.request is not None:
        history.add("again", subject.request, after=subject.after)
    elif subject.phase == "forget":
        history.add_forget(AFTER_FENCE, ORDER)
    history.run()
    days = sorted({f"{each:%Y-%m-%d}" for each in history.moments})
    rest, _ = reconcile_fully(tuple(history.states), days, deployment=subject.deployment)  # type: ignore[arg-type]
    check_final_state(history, rest)
    rows = SHOP["dynamodb"].states.things[rest[0]][ORDERS_TABLE].values()
    ledgers = [
        [(e["seq"], e["type"], e["subject"], e["amount_minor"]) for e in ledger_of(r)] for r in rows if "ledger" in r
    ]
    stock = {plain(row["sku"]): plain(row["available"]) for row in rows if "sku" in row}
    objects = SHOP["s3"].states.things[rest[1]]
    unknown = {
        f"{e['seq']:06d}.json" for r in rows if "ledger" in r for e in ledger_of(r) if e["type"] in OPENING_TYPES
    }
    keys = sorted(
        key.partition("/order=")[2]
        for _, key in objects
        if key.startswith("outcomes/") and key.rpartition("/")[2] not in unknown
    )
    return {
        "ledgers": ledgers,
        "stock": stock,
        "moved": sorted(SHOP["gateway"].states.things[rest[2]][1]),
        "audit": keys,
    }


def _disturb(subject: Subject, position: int, kind: str, tries: int) -> Any:
    history, actor = _begin(subject, tries)
    for _ in range(position):
        history.advance(actor)
    assert actor.node is not None
    history.strike(actor, actor.node, kind.partition(",")[0])
    if kind.endswith("runs on first"):
        late = [each for each in history.actors if each.kind in ("zombie", "straggler")]
        history.actors = late + [each for each in history.actors if each not in late]
        while any(each in history.actors for each in late):
            history.advance(history.actors[0])
    return _final_state(history, subject)


def cells(subject: Subject) -> Iterator[tuple[int, SimulatedCall, str, int]]:
    """Yield every call, fault, and number of tries."""
    for position, call in enumerate(_calls(subject)):
        kinds = [*kinds_of(call)]
        kinds += [f"{kind}, runs on first" for kind in ("zombie", "straggler") if kind in kinds]
        for kind in kinds:
            for tries in (0, 1):
                yield position, call, kind, tries


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.title)
def test_a_failure_at_any_call_ends_in_the_undisturbed_ledger_and_the_same_money(subject: Subject) -> None:
    """Law 20: after any failure, retry, redelivery and reconcile end as if nothing had failed."""
    undisturbed = _final_state(_begin(subject, 0)[0], subject)
    for position, call, kind, tries in cells(subject):
        disturbed = _disturb(subject, position, kind, tries)
        if kind not in FINAL_ERRORS:
            assert undisturbed == disturbed, f"call {position} ({call.service}.{call.method}), {kind}"


def print_table() -> int:
    """Print the matrix, a line for each function and call; return the number of cells with a different end."""
    total, others = 0, 0
    for subject in SUBJECTS:
        undisturbed, found = _final_state(_begin(subject, 0)[0], subject), {}
        for position, call, kind, tries in cells(subject):
            same = _disturb(subject, position, kind, tries) == undisturbed
            others += not same and kind not in FINAL_ERRORS
            found.setdefault((position, f"{call.service}.{call.method}"), []).append(f"{'' if same else 'NOT '}{kind}")
            total += 1
        for (position, name), kinds in found.items():
            fault_kinds = sorted(set(kinds))
            print(f"{subject.title:34} {position + 1}. {name:30} same after: {'; '.join(fault_kinds)}")
    print(f"{total} cells, {others} with another end")
    return others


if __name__ == "__main__":
    sys.exit(print_table() > 0)
