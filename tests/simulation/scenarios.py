"""Scenarios: the requests, orders and world of a history, picked by its choices."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

from handlers.domain.requests import order_id_of
from tests.simulation.choices import Choices
from tests.simulation.history import History
from tests.simulation.simulated_shop import (
    AFTER_FENCE,
    CUSTOMER,
    LATE,
    OPENING,
    SOON,
    States,
    decision_request,
    purchase_request,
    refund_request,
    request_on,
)

DAY = timedelta(days=1)
MAX_ACTORS = 4
"""More actors seldom find more, but multiply the states."""
SKEWS = (timedelta(0), DAY, -DAY)

PURCHASES: dict[str, dict[str, Any]] = {
    "one mug": {"mugs": 1},
    "two lines": {"mugs": 1, "pens": 3},
    "refunds pending": {"mugs": 1, "payment_method": "pm_refund_pending"},
    "refunds declined": {"mugs": 1, "payment_method": "pm_refund_declined"},
    "refunds stuck": {"mugs": 1, "payment_method": "pm_refund_stuck"},
    "disputed": {"mugs": 1, "payment_method": "pm_dispute_lost"},
    "held": {"mugs": 1, "pens": 2, "capture": "later"},
}
_PAID = ("one mug", "two lines", "refunds pending", "refunds declined", "disputed")


@cache
def shop_after_purchase(what: str) -> States:
    """Return the shop after one undisturbed purchase (`p1`)."""
    history = History(Choices(replayed=()), OPENING, fault_percent=0)
    history.add("bought", purchase_request("p1", **PURCHASES[what]))
    history.run()
    return tuple(history.states)  # type: ignore[return-value]


def _refunds(what: str) -> list[dict[str, Any]]:
    """Return refunds at the limits: everything, half, the smallest unit, one too much, lines."""
    paid = 1000 if what != "two lines" else 1750
    variants: list[dict[str, Any]] = [{}, {"amount_minor": paid // 2}, {"amount_minor": paid}, {"amount_minor": 1}]
    variants += [{"amount_minor": paid // 2 + 1}, {"lines": [{"sku": "mug", "quantity": 1}]}]
    variants += [{"lines": [{"sku": "pen", "quantity": 2}]}] if what == "two lines" else [{"amount_minor": paid + 1}]
    return variants


def _moment(choices: Choices) -> tuple[timedelta, timedelta]:
    """Choose the delay of an execution's start and the error of its clock, usually zero."""
    kind = choices.below(8)
    if kind == 7:
        return LATE, timedelta(0)
    return timedelta(0), SKEWS[choices.below(3)] if kind == 6 else timedelta(0)


_requests: dict[str, Any] = {}


def same(request: Any) -> Any:
    """Return one object for equal requests, because tables compare identities."""
    return _requests.setdefault(repr(request), request)


def add(history: History, name: str, request: Any) -> None:
    after, skew = _moment(history.choices)
    history.add(name, same(request), after=after, skew=skew)


def add_reconciles(history: History, order_id: str) -> None:
    for _ in range(history.choices.below(max(1, MAX_ACTORS + 1 - len(history.actors)))):
        after = (SOON, AFTER_FENCE)[history.choices.below(2)]
        history.add_reconcile(after, None if history.choices.below(32) == 31 else order_id)


def refunding(history_of: Callable[[States], History], choices: Choices) -> History:
    """Two or three refunds of one order: duplicates, rivals, reused keys, lines; reconcile and the bank among them."""
    what = _PAID[choices.below(len(_PAID))]
    history = history_of(shop_after_purchase(what))
    variants = _refunds(what)
    requests = []
    for number in range(2 + choices.below(2)):
        relation = choices.below(4)
        if requests and relation == 1:
            request = requests[0]
        elif requests and relation == 2:
            request = {**requests[0], "reason": "other"}
        else:
            request = refund_request(f"r{number}", "p1", **variants[choices.below(len(variants))])
        requests.append(request)
        add(history, f"refund-{number}", request)
    add_reconciles(history, order_id_of(CUSTOMER, "p1"))
    if len(history.actors) < MAX_ACTORS and choices.below(2):
        history.add_reversal(requests[0])
    return history


def holding(history_of: Callable[[States], History], choices: Choices) -> History:
    """Play captures and cancellations of one hold, whole, partial or repeated; a refund; the end of the hold."""
    history = history_of(shop_after_purchase("held"))
    captures = ({}, {"amount_minor": 700}, {"lines": [{"sku": "pen", "quantity": 1}]}, {"amount_minor": 1501})
    for number in range(1 + choices.below(2)):
        if choices.below(3):
            request = request_on("capture", f"c{choices.below(2)}", "p1", **captures[choices.below(len(captures))])
        else:
            request = request_on("cancel", f"v{choices.below(2)}", "p1")
        add(history, f"held-{number}", request)
    if choices.below(2):
        add(history, "refund-0", refund_request("r0", "p1", **({}, {"amount_minor": 1})[choices.below(2)]))
    if len(history.actors) < MAX_ACTORS and choices.below(3) == 0:
        history.add("again", same(purchase_request("p1", **PURCHASES["held"])))
    add_reconciles(history, order_id_of(CUSTOMER, "p1"))
    return history


def approving(history_of: Callable[[States], History], choices: Choices) -> History:
    """Play refunds above the approval limit and decisions on them, including contradictory and repeated ones."""
    history = history_of(shop_after_purchase("one mug"))
    refunds = [
        refund_request(f"r{number}", "p1", override="window", **({}, {"amount_minor": 600})[choices.below(2)])
        for number in range(1 + choices.below(2))
    ]
    for number, request in enumerate(refunds):
        add(history, f"refund-{number}", request)
    for number in range(1 + choices.below(2)):
        decision = ("approve", "deny")[choices.below(2)]
        chosen = refunds[choices.below(len(refunds))]
        add(history, f"decision-{number}", decision_request(decision, f"d{choices.below(2)}", chosen))
    add_reconciles(history, order_id_of(CUSTOMER, "p1"))
    return history


def purchasing(history_of: Callable[[States], History], choices: Choices) -> History:
    """Two or three purchases of the last stock: duplicates, rivals, reused keys, declines, stale prices; a refund."""
    history = history_of(OPENING)
    variants: list[dict[str, Any]] = [{"mugs": 2}, {"mugs": 1, "pens": 2}, {"mugs": 2, "payment_method": "pm_declined"}]
    variants += [{"mugs": 4}, {"mugs": 1, "lines": [{"sku": "mug", "quantity": 1, "unit_price_minor": 999}]}]
    first = purchase_request("p1", **variants[choices.below(len(variants))])
    add(history, "purchase-0", first)
    for number in range(1, 2 + choices.below(2)):
        relation = choices.below(4)
        if relation == 1:
            request = first
        elif relation == 2:
            request = {**first, "payment_method": "pm_other"}
        else:
            request = purchase_request(f"p{number + 1}", **variants[choices.below(len(variants))])
        add(history, f"purchase-{number}", request)
    if choices.below(2):
        add(history, "refund-0", refund_request("r0", "p1"))
    add_reconciles(history, order_id_of(CUSTOMER, "p1"))
    return history


def poisoning(history_of: Callable[[States], History], choices: Choices) -> History:
    """Play an invalid request next to a valid one."""
    history = history_of(OPENING)
    good = purchase_request("p1")
    poison: list[Any] = [None, [], "purchase", 1e400, {"action": "purchase"}, {"action": "steal", "request_id": "p1"}]
    poison += [{**good, "lines": [{"sku": "mug", "quantity": True, "unit_price_minor": 1000}]}]
    poison += [{**good, "customer_id": "\ud83d\ude00"}, {**good, "more": 1}, {**good, "currency": "XXX"}]
    poison += [{**refund_request("r1", "p1"), "amount_minor": bad} for bad in (0, -1, 1.0, True, 10**40, "1", None)]
    add(history, "poison-0", poison[choices.below(len(poison))])
    add(history, "purchase-0", good)
    return history
