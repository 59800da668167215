"""The connection of a function to Stripe."""

from collections.abc import Callable
from datetime import datetime

from .secrets_manager import ApiSecret, SecretsManagerClient
from .stripe_api import HttpPool, StripeApi, urllib3_pool
from .stripe_gateway import StripePaymentGateway


def connect(
    *,
    secrets: Callable[[], SecretsManagerClient],
    secret_arn: str,
    mode: str,
    endpoint: str,
    stage: str,
    timeout_seconds: float,
    now: Callable[[], datetime],
    pool: HttpPool | None = None,
) -> StripePaymentGateway:
    """Return the gateway. The first call creates the client of Secrets Manager, reads the secret and connects."""
    secret = ApiSecret(client=secrets, arn=secret_arn, mode=mode)
    api = StripeApi(pool=pool or urllib3_pool(timeout_seconds), secret=secret, endpoint=endpoint)
    return StripePaymentGateway(api=api, stage=stage, now=now)
