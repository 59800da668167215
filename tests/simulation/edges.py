"""Scenarios for edge cases: months, a gateway that forgets, cases, erasure, unreadable items, two releases."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import cache, partial
from typing import Any

from handlers.contracts.storage import order_key
from handlers.domain.canonical import format_instant
from handlers.domain.ledger import key_of
from handlers.domain.requests import order_id_of, refund_id_of
from tests.simulation.changes import ORDERS_TABLE
from tests.simulation.choices import Choices
from tests.simulation.console_refunds import STUCK, shop_with_case
from tests.simulation.fold import ledger_of, require
from tests.simulation.history import History, first_message
from tests.simulation.people import open_cases, outcome_in_books
from tests.simulation.releases import continue_order
from tests.simulation.scenarios import DAY, MAX_ACTORS, PURCHASES, add, add_reconciles, same, shop_after_purchase
from tests.simulation.services import calls
from tests.simulation.simulated_ports import SimulatedDeployment
from tests.simulation.simulated_shop import (
    AFTER_FENCE,
    CUSTOMER,
    OPENING,
    ORDER,
    OVER_HTTP,
    SHOP,
    SIX,
    SOON,
    START,
    States,
    decision_request,
    judgement_request,
    purchase_request,
    refund_request,
    request_on,
    resolve_request,
)
from tests.simulation.steps import Program

MONTHS = (DAY, 7 * DAY, 20 * DAY, 30 * DAY, 31 * DAY, 62 * DAY, 125 * DAY)
"""Times at which something happens again: after the life of a key or hold, at the ages of a review, within and after
the refund window, at a dispute, and long after everything.
"""
LAST_REDRIVE = 14 * DAY
WEEKS = timedelta(days=40)
"""The time by which every wait of the last act is over, and a refund that its bank never ends is a case."""
HistoryOf = Callable[[States], History]


@cache
def shop_with_stuck_refund(fate: str, after: timedelta) -> States:
    """Return the shop with the forgetful gateway after a refund whose request or reply was lost, and reconcile `after`
    that.
    """
    history = History(
        Choices(replayed=()), shop_after_purchase("one mug"), fault_percent=0, deployment=SimulatedDeployment.FORGETFUL
    )
    history.fixed_tries = 0
    history.add("first", SIX)
    (actor,) = history.actors
    history.advance(actor)
    while actor.owner is not None and actor.owner.phase == "refund":
        assert actor.node is not None
        if calls.things[actor.node.call].service == "gateway":
            history.strike(actor, actor.node, fate)
        else:
            history.advance(actor)
    history.add_reconcile(after, ORDER)
    history.run()
    return tuple(history.states)  # type: ignore[return-value]


def resolving(history_of: HistoryOf, choices: Choices) -> History:
    """Play a case that waits for people: proposals, approvals and denials, by one person and by two."""
    states, since = _with_case(choices)
    history = history_of(states)
    if not OVER_HTTP:
        history.deployment = SimulatedDeployment.FORGETFUL
    ((order_id, case, _),) = open_cases(states)
    subject = case["subject"]
    true_outcome = outcome_in_books(states, key_of(case["about"]))
    for number in range(1 + choices.below(2)):
        outcome = true_outcome if true_outcome == "settled" or choices.below(3) else "settled"
        about = (subject, case["about"])[choices.below(2)]
        request = resolve_request(outcome, f"c{choices.below(2)}", order_id, about, by=f"agent-{choices.below(2)}")
        history.add(f"propose-{number}", same(request), after=since + SOON)
    for number in range(1 + choices.below(2)):
        by = ("lead-1", "lead-1", "agent-0", CUSTOMER)[choices.below(4)]
        decision = ("approve", "deny")[choices.below(3) == 2]
        request = judgement_request(decision, f"d{choices.below(2)}", order_id, subject, by=by)
        history.add(f"decide-{number}", same(request), after=since + SOON)
    if choices.below(2):
        history.add("again", same(SIX), after=since + SOON)
    if history.cast < MAX_ACTORS:
        history.add_reconcile(since + AFTER_FENCE, order_id)
    history.ends = since + WEEKS
    return history


def _with_case(choices: Choices) -> tuple[States, timedelta]:
    """Return a shop with a case, and its time: a refund that the gateway forgot, or one made in Stripe's dashboard."""
    if OVER_HTTP:
        opening, since = (("refunded", AFTER_FENCE), ("under way", AFTER_FENCE), ("stuck", STUCK))[choices.below(3)]
        return shop_with_case(opening), since
    fate, since = (("lost request", AFTER_FENCE), ("lost reply", 2 * DAY))[choices.below(2)]
    return shop_with_stuck_refund(fate, since), since


def forgetting(history_of: HistoryOf, choices: Choices) -> History:
    """A gateway that forgets keys after a day and fences nothing, with repetitions, redrives and reconcile at various
    times.
    """
    history = history_of(OPENING if choices.below(2) else shop_after_purchase("one mug"))
    history.deployment = SimulatedDeployment.FORGETFUL
    is_new = tuple(history.states) == OPENING
    first = purchase_request("p1", mugs=2) if is_new else SIX
    history.add("first", same(first))
    if choices.below(2):
        history.add("rival", same(first if choices.below(2) else refund_request("r2", "p1", amount_minor=400)))
    for _ in range(1 + choices.below(2)):
        history.begin_act()
        after = (SOON, AFTER_FENCE, DAY + SOON, 20 * DAY)[choices.below(4)]
        if after < LAST_REDRIVE and choices.below(2):
            history.add_redrive(history.executions[0], after)
        else:
            history.add(f"again-{len(history.acts)}", same(first), after=after)
        if choices.below(2):
            history.add_reconcile(after, ORDER)
    history.ends = 20 * DAY + WEEKS
    return history


def confirming(history_of: HistoryOf, choices: Choices) -> History:
    """Play a payment that its customer completes or fails, soon, late or never; a cancellation, a refund."""
    history = history_of(OPENING)
    is_hold = choices.below(3) == 2
    first = purchase_request("p1", payment_method="pm_3ds_abandoned", **({"capture": "later"} if is_hold else {}))
    history.add("first", same(first))
    if choices.below(2):
        history.add("again-0", same(first))
    for number, after in enumerate((SOON, AFTER_FENCE, DAY)):
        if number:
            history.begin_act()
        for _ in range(1 + choices.below(2)):
            _confirm_or_not(history, choices, first, after, is_hold=is_hold)
        if choices.below(2) and history.cast < MAX_ACTORS:
            history.add_reconcile(after, ORDER)
    # A wait or a hold that the ledger does not know by then would begin only in the final reconciliation.
    history.begin_act()
    history.add_meeting(partial(reconcile_once, after=2 * DAY))
    return history


def reconcile_once(history: History, after: timedelta) -> None:
    """Reconcile the order of the first purchase, as a run between two disturbed ones would."""
    program = Program("reconcile", {"schema": 1, "order_id": ORDER}, START + after, history.deployment)
    program.run_to_end(history.apply)
    history.moments.add(START + after)


def _confirm_or_not(
    history: History, choices: Choices, first: dict[str, Any], after: timedelta, *, is_hold: bool
) -> None:
    """Add an action of the customer or another request."""
    kind, number = choices.below(6), len(history.executions)
    if kind <= 1:
        history.add_event("confirm", key=ORDER)
    elif kind == 2:
        history.add_event("abandon", key=ORDER)
    elif kind == 3:
        history.add(f"cancel-{number}", same(request_on("cancel", f"v{choices.below(2)}", "p1")), after=after)
    elif kind == 4:
        history.add(f"again-{number}", same(first), after=after)
    else:
        request = request_on("capture", "c0", "p1") if is_hold else refund_request("r0", "p1", amount_minor=600)
        history.add(f"asked-{number}", same(request), after=after)


def listing(history_of: HistoryOf, choices: Choices) -> History:
    """Play a gateway with a list: refunds are reversed, or made in its console, long after the order's last lookup."""
    history = history_of(shop_after_purchase("one mug"))
    history.deployment = SimulatedDeployment.LISTING
    first = refund_request("r0", "p1", amount_minor=600)
    history.add("first", same(first))
    history.add_reconcile(AFTER_FENCE, ORDER)
    after = AFTER_FENCE
    for number in range(1 + choices.below(2)):
        history.begin_act()
        after += (SOON, DAY, 7 * DAY)[choices.below(3)]
        about = {"key": refund_id_of(ORDER, "r0")} if choices.below(3) else {"key": ORDER, "amount_minor": 300}
        what = "refund_in_console" if "amount_minor" in about else "reverse"
        history.add_event("at_time", operation=what, at=format_instant(START + after), **about)
        if choices.below(2):
            history.add(f"again-{number}", same((first, SIX)[choices.below(2)]), after=after)
        if choices.below(2):
            history.add_reconcile(after + AFTER_FENCE)
        history.begin_act()
        after += DAY
        history.add_meeting(_sweep_at(after))
    history.ends = after + WEEKS
    return history


def _sweep_at(after: timedelta) -> Callable[[History], None]:
    """Return an undisturbed run that covers due orders and the list, and must find every reversal (law 29)."""

    def meet(history: History) -> None:
        program = Program("reconcile", {"schema": 1, "days": []}, START + after, history.deployment)
        program.run_to_end(history.apply)
        history.moments.add(START + after)
        row = SHOP["dynamodb"].states.things[history.states[0]][ORDERS_TABLE][(order_key(ORDER),)]
        recorded = {key_of(entry["subject"]) for entry in ledger_of(row) if entry["type"] == "RefundReversed"}
        returned = {key for kind, key, _ in SHOP["gateway"].states.things[history.states[2]][1] if kind == "reversal"}
        require(returned <= recorded, "law 29", f"{sorted(returned - recorded)} came back unnoticed")

    return meet


def erasing(history_of: HistoryOf, choices: Choices) -> History:
    """The erasure of an order's text concurrently with refunds, repetitions, reused keys, reconcile and another
    erasure.
    """
    history = history_of(shop_after_purchase("one mug"))
    first = refund_request("r0", "p1", amount_minor=(300, 1000)[choices.below(2)])
    if choices.below(2):
        history.add("before", same(first))
        history.begin_act()
    history.add_forget(SOON, ORDER)
    for number in range(1 + choices.below(2)):
        kind = choices.below(4)
        request = {**first, "reason": "another text"} if kind == 3 else first if kind else refund_request("r9", "p1")
        add(history, f"refund-{number}", request)
    if choices.below(2):
        history.add_forget(AFTER_FENCE, ORDER)
    if choices.below(3) == 0:
        add(history, "bought-again", purchase_request("p1", **PURCHASES["one mug"]))
    if history.cast < MAX_ACTORS:
        add_reconciles(history, ORDER)
    return history


def lasting(history_of: HistoryOf, choices: Choices) -> History:
    """Months: late reversals, refunds within the window and behind it, holds, disputes, decisions, redrives."""
    what = ("one mug", "held", "refunds stuck", "refunds pending")[choices.below(4)]
    history = history_of(shop_after_purchase(what))
    is_held = what == "held"
    first = request_on("capture", "c0", "p1") if is_held else refund_request("r0", "p1", amount_minor=600)
    history.add("first", same(first))
    after = timedelta(0)
    for number in range(2):
        history.begin_act()
        after = MONTHS[choices.below(len(MONTHS) - 1)] if not number else max(after, MONTHS[choices.below(len(MONTHS))])
        for _ in range(1 + choices.below(2)):
            _happen(history, choices, first, after, what)
        if choices.below(2):
            history.add_reconcile(after, ORDER if choices.below(4) else None)
    history.ends, history.between_rests = after + WEEKS, WEEKS
    return history


def _happen(history: History, choices: Choices, first: dict[str, Any], after: timedelta, what: str) -> None:
    """Add one event at a time of the history's clock."""
    number, is_held = len(history.executions), what == "held"
    kind = choices.below(8)
    if kind == 0 and after < LAST_REDRIVE:
        history.add_redrive(history.executions[0], after)
    elif kind <= 1:
        history.add(f"again-{number}", same(first), after=after)
    elif kind == 2:
        history.add(
            f"refund-{number}", same(refund_request("r5", "p1", amount_minor=(100, 400)[choices.below(2)])), after=after
        )
    elif kind == 3 and is_held:
        history.add(f"cancel-{number}", same(request_on("cancel", "v0", "p1")), after=after)
    elif kind == 3:
        override = refund_request("r6", "p1", amount_minor=100, override="window")
        history.add(f"override-{number}", same(override), after=after)
        history.add(f"decision-{number}", same(decision_request("approve", "d6", override)), after=after)
    elif kind == 4:
        history.add_reversal(refund_request("r0", "p1"))
    elif kind == 5 and is_held:
        history.add_event("expire", key=ORDER)
    elif kind == 5:
        history.add_event("fail", key=refund_id_of(ORDER, "r0"))
    elif kind == 6 and what == "one mug":  # only if nothing is pending, which the console would not count
        history.add_event("refund_in_console", key=ORDER, amount_minor=(300, 400)[choices.below(2)])
    else:
        phase = ("open", "won", "lost", "inquiry")[choices.below(4)]
        history.add_event("dispute", key=ORDER, phase=phase)


POISONED = ("an unknown kind", "no salt", "a nested message", "a result of an unreadable order")


@cache
def poisoned_shop(poison: str) -> States:
    """Return a shop with something unreadable: a due order, or a parked result."""
    history = History(Choices(replayed=()), shop_after_purchase("one mug"), fault_percent=0)
    history.fixed_tries = 0
    request = same(purchase_request("p9", pens=1, mugs=0))
    history.add("poison", request)
    (actor,) = history.actors
    history.advance(actor)
    while actor.owner is not None and actor.owner.phase == "purchase":
        assert actor.node is not None
        if calls.things[actor.node.call].service == "gateway":
            history.strike(actor, actor.node, "lost reply")
        else:
            history.advance(actor)
    history.run()
    order_id = order_id_of(CUSTOMER, "p9")
    if poison == "no salt":
        history.states[0] = _without_salt(history.states[0], order_id)
    else:
        call = continue_order(history.states, order_id)
        history.apply(calls.things[call], call)
    if poison == "a nested message":
        _park(history, "[" * 100_000)
    elif poison == "a result of an unreadable order":
        _park(history, json.dumps(first_message("poison", request, START)))
    return tuple(history.states)  # type: ignore[return-value]


def _without_salt(state: int, order_id: str) -> int:
    rows = SHOP["dynamodb"].states.things[state]
    key = (order_key(order_id),)
    row = {name: value for name, value in rows[ORDERS_TABLE][key].items() if name != "salt"}
    return SHOP["dynamodb"].state_number({**rows, ORDERS_TABLE: {**rows[ORDERS_TABLE], key: row}})


def _park(history: History, body: str) -> None:
    queues = SHOP["sqs"].states.things[history.states[3]]
    parked = {**queues, "parking": {**queues.get("parking", {}), "poison": body}}
    history.states[3] = SHOP["sqs"].state_number(parked)


def poisoning_others(history_of: HistoryOf, choices: Choices) -> History:
    """Play orders next to an unreadable item: each of them ends as usual (law 28)."""
    poison = POISONED[choices.below(len(POISONED))]
    history = history_of(poisoned_shop(poison))
    add(history, "refund-0", refund_request("r0", "p1", **({}, {"amount_minor": 1})[choices.below(2)]))
    if choices.below(2):
        add(history, "purchase-0", purchase_request("p2"))
    if choices.below(2):
        add(history, "poisoned", purchase_request("p9", pens=1, mugs=0))
    history.add_reconcile((SOON, AFTER_FENCE)[choices.below(2)])
    return history


def releasing(history_of: HistoryOf, choices: Choices) -> History:
    """Two releases side by side: the other one writes an additional field, and perhaps an entry that this one cannot
    fold.
    """
    history = history_of(OPENING if choices.below(2) else shop_after_purchase("one mug"))
    is_new = tuple(history.states) == OPENING
    releases = (SimulatedDeployment.PRESENT, SimulatedDeployment.NEWER)
    first = purchase_request("p1", mugs=2) if is_new else refund_request("r0", "p1", amount_minor=600)
    for number in range(2 + choices.below(2)):
        relation = choices.below(3)
        request = first if relation < 2 else refund_request("r1", "p1", amount_minor=400)
        acts_as, records_as = releases[choices.below(2)], releases[choices.below(2)]
        history.add(f"{request['action']}-{number}", same(request), acts_as=acts_as, records_as=records_as)
    if choices.below(3) == 0:
        history.add_continuation(ORDER)
    if history.cast < MAX_ACTORS:
        history.add_reconcile(AFTER_FENCE, ORDER, releases[choices.below(2)])
    return history
