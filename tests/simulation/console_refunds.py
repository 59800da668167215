"""Refunds made in the gateway's console, concurrently with booked ones, with reconcile, and with people."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache

from tests.simulation.choices import Choices
from tests.simulation.history import History
from tests.simulation.people import close_cases, decide_case
from tests.simulation.scenarios import DAY, same, shop_after_purchase
from tests.simulation.simulated_ports import SimulatedDeployment
from tests.simulation.simulated_shop import AFTER_FENCE, ORDER, OVER_HTTP, SOON, States, refund_request

STUCK = 31 * DAY + AFTER_FENCE
"""The time at which a refund that stays pending becomes a case."""
WEEKS = timedelta(days=40)
"""The time at which the last refund, if its bank never ends it, has become a case."""
_OPENINGS = {"sold": timedelta(0), "refunded": AFTER_FENCE, "under way": AFTER_FENCE, "stuck": STUCK}
_ENDS = ("settle", "fail", "reverse")


def shop_with_console_refund(*, is_slow: bool = False) -> States:
    """Return the shop after a console refund of 4.00 for a mug, before the ledger records it."""
    history = History(Choices(replayed=()), shop_after_purchase("one mug"), fault_percent=0)
    history.add_event("refund_in_console", key=ORDER, amount_minor=400, is_slow=is_slow)
    history.run()
    return tuple(history.states)  # type: ignore[return-value]


@cache
def shop_with_case(opening: str) -> States:
    """Return the shop with such a refund in the ledger and a case about it; `stuck`: the first case was closed, and
    this is another.
    """
    if opening == "sold":
        return shop_after_purchase("one mug")
    states = _reconcile(shop_with_console_refund(is_slow=opening != "refunded"), AFTER_FENCE)
    if opening == "stuck":
        states = _reconcile(close_cases(states, AFTER_FENCE, SimulatedDeployment.PRESENT), STUCK)
    return states


def _reconcile(states: States, after: timedelta) -> States:
    history = History(Choices(replayed=()), states, fault_percent=0)
    history.add_reconcile(after, ORDER)
    history.run()
    return tuple(history.states)  # type: ignore[return-value]


def refunding_in_console(history_of: Callable[[States], History], choices: Choices) -> History:
    """Play console refunds that settle at once, late or never, or are reversed; people close the cases and may err."""
    opening = [*_OPENINGS][choices.below(len(_OPENINGS))]
    history, after = history_of(shop_with_case(opening)), _OPENINGS[opening]
    if opening == "sold":
        _refund_in_console(history, choices, is_slow=choices.below(2) == 1)
    elif opening == "stuck":
        history.add_meeting(decide_case(after, errs=choices.below(2) == 1))
    _happen(history, choices, after)
    for _ in range(1 + choices.below(2)):
        history.begin_act()
        after += (SOON, DAY)[choices.below(2)]
        history.add_event("end_in_console", key=ORDER, number=1, end=_ENDS[choices.below(len(_ENDS))])
        _happen(history, choices, after)
    if opening == "sold":
        for number in (1, 2):  # the ledger may not have had it for long enough to call it stuck
            history.add_event("end_in_console", key=ORDER, number=number, end="settle")
    history.ends, history.between_rests = after + WEEKS, WEEKS
    return history


def _refund_in_console(history: History, choices: Choices, *, is_slow: bool = False) -> None:
    amount_minor = (400, 1000)[choices.below(2)]
    about = {"is_funded": choices.below(2) == 0} if is_slow and OVER_HTTP else {}
    history.add_event("refund_in_console", key=ORDER, amount_minor=amount_minor, is_slow=is_slow, **about)


def _happen(history: History, choices: Choices, after: timedelta) -> None:
    """Add one or two more actors, and perhaps reconcile."""
    for _ in range(1 + choices.below(2)):
        kind = choices.below(4)
        if kind <= 1:
            request = refund_request(f"r{kind}", "p1", amount_minor=(600, 700)[kind])
            history.add(f"refund-{len(history.executions)}", same(request), after=after)
        elif kind == 2:
            history.add_meeting(decide_case(after, errs=choices.below(2) == 1))
        else:
            _refund_in_console(history, choices)
    if choices.below(2):
        history.add_reconcile(after + AFTER_FENCE, ORDER)
