"""Laws that need a gateway like Stripe to be tested: it forgets keys, limits rates, and fails for single orders."""

from datetime import timedelta

import pytest

from handlers.adapters.sandbox_tokens import TOKENS
from tests.handlers.stripe.test_stripe_bookings import StripeWorld
from tests.handlers.world import purchase_of, refund_of
from tests.support.stripe.card_behaviours import CARDS
from tests.support.stripe.fault_plan import StripeFault


def test_the_double_knows_every_payment_method_of_the_sandbox() -> None:
    """The tests of both gateways, and the tour, use the same tokens."""
    assert TOKENS.keys() <= CARDS.keys()


@pytest.fixture
def world() -> StripeWorld:
    return StripeWorld()


@pytest.mark.parametrize("after", [timedelta(minutes=30), timedelta(hours=2), timedelta(hours=30), timedelta(days=40)])
def test_a_repeat_moves_no_money_even_after_stripe_forgets_its_key(world: StripeWorld, after: timedelta) -> None:
    """Law 30 (key life): a payment and a refund without a reply, both repeated when their keys may have expired."""
    buy = purchase_of(payment_method="pm_timeout", MUG=(1, 800))
    order_id = world.book(buy)["order_id"]
    world.clock.advance(after)
    world.book(buy)
    world.reconcile(limit=1000)
    world.double.faults.add(StripeFault.REPLY_LOST, "create_refund", times=3)
    refund = refund_of(order_id, amount_minor=300)
    world.book(refund)
    world.double.faults.planned.clear()
    world.clock.advance(after)
    world.book(refund)
    world.settle_everything()
    world.book(buy)
    world.book(refund)
    world.check_laws()
    assert world.gateway_net(order_id) == 500
    assert len(world.payer.effects()) == 2


def test_an_order_that_stripe_cannot_look_up_delays_no_other(world: StripeWorld) -> None:
    """Law 28 (isolation): it is settled in a later run, and the others in this one."""
    orders = [
        world.book({**purchase_of(f"buy-{number}", "pm_timeout", MUG=(1, 800)), "customer_id": f"customer-{number}"})
        for number in range(3)
    ]
    world.clock.advance(timedelta(hours=2))
    world.double.faults.add(StripeFault.SAVED_ERROR, "search")
    assert len(world.reconcile()["settled"]) == 2
    world.settle_everything()
    world.check_laws()
    assert {world.order(each["order_id"]).status for each in orders} == {"CONFIRMED"}


@pytest.mark.parametrize("fault", [StripeFault.RATE_LIMITED, StripeFault.LOCK_TIMEOUT, StripeFault.KEY_IN_USE])
def test_a_burst_throttled_by_stripe_succeeds_through_retries(world: StripeWorld, fault: StripeFault) -> None:
    """Law 45 (a burst is late): every second call is refused, and no answer says that the payment failed."""
    results = []
    for number in range(20):
        world.double.faults.add(fault, "create", times=1)
        world.double.faults.add(fault, "confirm", times=1)
        results.append(world.book(purchase_of(f"buy-{number}", MUG=(1, 800))))
    assert {each["status"] for each in results} == {"succeeded"}
    world.check_laws()
    assert world.double.books.balance() == 20 * 800
