"""Stripe's adapter, connected to the double."""

from collections.abc import Callable
from datetime import datetime

from handlers.adapters.stripe.stripe_api import StripeApi
from handlers.adapters.stripe.stripe_gateway import StripePaymentGateway
from tests.support.stripe.double import TEST_KEY, StripeDouble
from tests.support.stripe.pool import DoublePool

STAGE = "test"


def stripe_gateway(double: StripeDouble, now: Callable[[], datetime]) -> StripePaymentGateway:
    """Return the adapter, connected to a double in this process."""
    api = StripeApi(pool=DoublePool(double), secret=lambda fresh: TEST_KEY)
    return StripePaymentGateway(api=api, stage=STAGE, now=now)
