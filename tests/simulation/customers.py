"""Payments waiting for their customer (who passes 3-D Secure, fails it, pays again or leaves) or for a bank."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache, partial

from tests.simulation.choices import Choices
from tests.simulation.edges import reconcile_once
from tests.simulation.history import History
from tests.simulation.scenarios import DAY, same
from tests.simulation.simulated_shop import (
    AFTER_FENCE,
    OPENING,
    ORDER,
    SOON,
    States,
    purchase_request,
    refund_request,
    request_on,
)

_METHODS = ("pm_3ds_abandoned", "pm_3ds_abandoned", "pm_stuck_bank")
_ACTS = ("pass", "fail", "pay again", "fail again", "bank pays", "bank declines")
WEEKS = timedelta(days=10)
"""The time by which the last hold is over."""


@cache
def shop_with_pending_purchase(method: str, capture: str) -> States:
    """Return the shop after a purchase (`p1`) that waits for its customer or its bank."""
    history = History(Choices(replayed=()), OPENING, fault_percent=0)
    history.add("bought", purchase_request("p1", payment_method=method, capture=capture))
    history.run()
    return tuple(history.states)  # type: ignore[return-value]


def waiting(history_of: Callable[[States], History], choices: Choices) -> History:
    """Play a waiting purchase, with actions of its customer and its bank, cancellation, repetition and its deadline."""
    method, capture = _METHODS[choices.below(len(_METHODS))], ("now", "now", "later")[choices.below(3)]
    first = same(purchase_request("p1", payment_method=method, capture=capture))
    if choices.below(2):
        history = history_of(shop_with_pending_purchase(method, capture))
    else:
        history = history_of(OPENING)
        history.add("first", first)
    after = timedelta(0)
    _happen(history, choices, first, after)
    for _ in range(1 + choices.below(2)):
        history.begin_act()
        after += (SOON, AFTER_FENCE, DAY)[choices.below(3)]
        _happen(history, choices, first, after)
    history.begin_act()
    # A wait that reconcile first met at the end of the history would begin only then.
    history.add_meeting(partial(reconcile_once, after=after + DAY))
    history.begin_act()
    history.add_event("act_on_payment", key=ORDER, act=("bank pays", "bank declines")[choices.below(2)])
    history.ends = after + WEEKS
    return history


def _happen(history: History, choices: Choices, first: object, after: timedelta) -> None:
    """Let the customer or the bank act once or twice, concurrently with a request and reconcile."""
    for _ in range(1 + choices.below(2)):
        history.add_event("act_on_payment", key=ORDER, act=_ACTS[choices.below(len(_ACTS))])
    number = len(history.executions)
    kind = choices.below(4)
    if kind == 1:
        history.add(f"cancel-{number}", same(request_on("cancel", "v0", "p1")), after=after)
    elif kind == 2:
        history.add(f"again-{number}", first, after=after)
    elif kind == 3:
        history.add(f"refund-{number}", same(refund_request("r0", "p1", amount_minor=400)), after=after)
    if choices.below(2):
        history.add_reconcile(after + (SOON, AFTER_FENCE)[choices.below(2)], ORDER)
