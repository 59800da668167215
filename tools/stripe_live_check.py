"""Charge, authenticate, refund and dispute in Stripe's test mode: `make stripe-live-check STRIPE_KEY_FILE=key.txt`.

It runs the adapter of the functions against Stripe itself, with a key of yours in test mode, in which no money moves.
Without a key it says so and ends. Nobody has run it yet.
"""

import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from handlers.adapters.stripe.stripe_api import ENDPOINT, StripeApi, urllib3_pool
from handlers.adapters.stripe.stripe_gateway import StripePaymentGateway
from handlers.domain.canonical import format_instant
from handlers.domain.errors import BookingError, PaymentOutcomeUnknown
from handlers.domain.payments import GatewayReply, GatewayStatus, Instruction, Operation, PaymentMethod

RETURN_URL = "https://example.com/"
DISPUTE_LOOKUPS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCheck:
    """One payment method, what is done with it, and the status that Stripe should give."""

    name: str
    token: str
    expected: GatewayStatus
    refunds: bool = False
    is_disputed: bool = False
    is_given_up: bool = False


CHECKS = (
    LiveCheck(name="charge", token="pm_card_visa", expected=GatewayStatus.SETTLED),
    LiveCheck(name="decline", token="pm_card_visa_chargeDeclined", expected=GatewayStatus.DECLINED),
    LiveCheck(name="3-D Secure", token="pm_card_authenticationRequired", expected=GatewayStatus.ACTION_REQUIRED),
    LiveCheck(
        name="3-D Secure, given up",
        token="pm_card_authenticationRequired",
        expected=GatewayStatus.FENCED,
        is_given_up=True,
    ),
    LiveCheck(name="refund", token="pm_card_visa", expected=GatewayStatus.SETTLED, refunds=True),
    LiveCheck(
        name="refund of a disputed payment",
        token="pm_card_createDispute",
        expected=GatewayStatus.DECLINED,
        refunds=True,
        is_disputed=True,
    ),
)


def check(gateway: StripePaymentGateway, each: LiveCheck, key: str) -> GatewayReply:
    """Pay, and refund or give up the payment if the check is about that; return Stripe's last reply."""
    opened_at = format_instant(gateway.now())
    order = Instruction(key=key, operation=Operation.CHARGE, amount_minor=100, currency="EUR", opened_at=opened_at)
    paid = gateway.charge(order, PaymentMethod(token=each.token, return_url=RETURN_URL))
    known = replace(order, reference=paid.reference)
    if each.is_given_up:
        return gateway.fence(known)
    if each.is_disputed:
        _await_dispute(gateway, known)
    if not each.refunds:
        return paid
    return gateway.refund(
        Instruction(
            key=f"ref_{key}",
            operation=Operation.REFUND,
            amount_minor=100,
            currency="EUR",
            opened_at=opened_at,
            charge_key=key,
            charge_reference=paid.reference,
        )
    )


def _await_dispute(gateway: StripePaymentGateway, order: Instruction) -> None:
    """Wait until Stripe shows the dispute, which it opens a moment after the payment.

    Raises:
        PaymentOutcomeUnknown: it shows none.
    """
    for _ in range(DISPUTE_LOOKUPS):
        if gateway.lookup(order).disputes:
            return
        time.sleep(1)
    raise PaymentOutcomeUnknown(f"Stripe shows no dispute of {order.key} after {DISPUTE_LOOKUPS} s.")


def run(secret: str, endpoint: str = ENDPOINT, write: Callable[[str], object] = print) -> int:
    """Run every check with a key of test mode, and return the exit code. The key is never written."""
    if not secret.startswith(("sk_test_", "rk_test_")):
        write("The key must be one of test mode (sk_test_... or rk_test_...), so that no money moves.")
        return 2
    api = StripeApi(pool=urllib3_pool(20), secret=lambda _fresh: secret, endpoint=endpoint)
    gateway = StripePaymentGateway(api=api, stage="live-check", now=lambda: datetime.now(UTC))
    failed = 0
    for each in CHECKS:
        key = f"check_{secrets.token_hex(8)}"
        try:
            status = check(gateway, each, key).status.value
        except BookingError as error:
            status = f"{type(error).__name__}: {error}"
        failed += status != each.expected
        write(f"{'passed' if status == each.expected else 'FAILED'}  {each.name}: {status}, expected {each.expected}")
    return 1 if failed else 0


def main(arguments: list[str]) -> int:
    """Read the key from the file that the only argument names."""
    if not arguments or not arguments[0]:
        sys.stdout.write("Skipped: name a file that holds a Stripe key in test mode, STRIPE_KEY_FILE=key.txt.\n")
        return 0
    file = Path(arguments[0])
    if not file.is_file():
        sys.stdout.write(f"{file} is not a file: name one that holds a Stripe key in test mode.\n")
        return 2
    return run(file.read_text("utf-8").strip())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
