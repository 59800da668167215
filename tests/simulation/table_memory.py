"""The tables of the simulator, emptied between scenes before they outgrow the machine."""

from tests.simulation import (
    console_refunds,
    customers,
    edges,
    final_reconcile,
    history,
    laws,
    scenarios,
    services,
    steps,
)
from tests.simulation.simulated_shop import SHOP

LARGE = 400_000
"""Maximum steps of services; about 2 GB with everything that they refer to."""

_replies, _calls = len(services.replies.things), len(services.calls.things)
_states = {name: len(service.states.things) for name, service in SHOP.items()}


def size() -> int:
    """Return the number of steps in the tables."""
    return sum(len(service.steps) for service in SHOP.values())


def forget_if_large() -> None:
    """Empty the tables if they have grown large."""
    if size() > LARGE:
        forget()


def forget() -> None:
    """Restore the initial shop."""
    for name, service in SHOP.items():
        service.states.forget_all_but(_states[name])
        service.steps.clear()
    services.replies.forget_all_but(_replies)
    services.calls.forget_all_but(_calls)
    for module in (steps, history, final_reconcile, laws):
        module.forget()
    for cached in (
        scenarios.shop_after_purchase,
        console_refunds.shop_with_case,
        customers.shop_with_pending_purchase,
        edges.shop_with_stuck_refund,
        edges.poisoned_shop,
    ):
        cached.cache_clear()
