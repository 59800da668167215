"""The double of Stripe's API for `booking up --gateway stripe-double`: process, secrets, webhooks and tour.

The double is a part of this repository's tests, so only a checkout has it. The program is deployed as for Stripe, with
the double's address in the stage key stripeEndpoint.
"""

import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from handlers.adapters.stripe.connection import connect
from handlers.adapters.stripe.stripe_api import (
    API_VERSION,
    StripeApi,
    StripeError,
    StripeObject,
    StripeResult,
    urllib3_pool,
)
from handlers.adapters.stripe.stripe_gateway import StripePaymentGateway
from handlers.adapters.stripe.webhook_events import EVENT_TYPES
from handlers.domain.errors import BookingError
from handlers.domain.lifecycles import DisputeStatus
from local.instance import Instance

from .command_errors import CommandFailed, UsageError
from .doctor_stripe import PLACEHOLDER
from .executions import ClosedExecution
from .order_view import load_order
from .target import DeploymentTarget
from .tour import STEPS, TourState, TourStep, purchase_event, refund_event

GATEWAY: Final = "stripe-double"
ROOT: Final = Path(__file__).parents[1]
API_KEY: Final = "sk_test_double"  # the only key that the double accepts
RETURN_HOST: Final = "shop.example.com"
_KEY_NAME: Final = "booking-stripe-double-key"  # the secret with the key, shared by all stages
_WEBHOOK_SECONDS: Final = 60.0
_TIMEOUT: Final = 5.0
_ENDPOINTS: Final = "/v1/webhook_endpoints"


def require_checkout(root: Path = ROOT) -> None:
    """Require the double, which is below `root` in a checkout.

    Raises:
        UsageError: this is an installed package.
    """
    if not (root / "tests" / "support" / "stripe" / "__main__.py").is_file():
        raise UsageError(
            f"--gateway {GATEWAY} needs a checkout of the booking repository: the double of Stripe is a part of its "
            "tests, which the installed package does not have."
        )


def prepare(aws: Instance, stage: str) -> dict[str, str]:
    """Start the double beside the instance, create the stage's secrets, and return the stage's configuration for it."""
    address = aws.start_companion(GATEWAY, [sys.executable, "-m", "tests.support.stripe"], ROOT)
    return {
        "gateway": "stripe",
        "stripeMode": "test",
        "stripeEndpoint": address,
        "stripeSecretArn": _ensure_secret(aws, _KEY_NAME, API_KEY),
        "stripeWebhookSecretArn": _ensure_secret(aws, _signing_secret(stage), PLACEHOLDER),
        "returnHosts": f'["{RETURN_HOST}"]',
    }


def connect_webhooks(aws: Instance) -> None:
    """Register the address of the deployed webhooks with the double, and store the signing secret of the stage.

    Only the creation of an endpoint shows its secret, which replaces a placeholder. An endpoint whose secret is still a
    placeholder was left by an interruption: it is deleted and created again.
    """
    api, url, secrets = _api(aws), f"{aws.outputs()['webhookUrl']}stripe", aws.client("secretsmanager")
    name = _signing_secret(str(aws.outputs()["stage"]))
    existing = [each for each in _require(api.get(_ENDPOINTS, {"limit": "100"}))["data"] if each["url"] == url]
    if existing and secrets.get_secret_value(SecretId=name)["SecretString"] != PLACEHOLDER:
        return
    for endpoint in existing:
        _delete_endpoint(aws, endpoint["id"])
    secrets.put_secret_value(SecretId=name, SecretString=PLACEHOLDER)
    events = {f"enabled_events[{number}]": kind for number, kind in enumerate(EVENT_TYPES)}
    created = _require(api.post(_ENDPOINTS, {"url": url, "api_version": API_VERSION, **events}))
    secrets.put_secret_value(SecretId=name, SecretString=created["secret"])


def tour_steps(aws: Instance) -> tuple[TourStep, ...]:
    """Return the steps of the tour with Stripe: those for every gateway, and Stripe's own.

    A webhook may report a lost reply before the machine gives up, so that step may end either way.
    """
    shared = (step for step in STEPS if not step.is_sandbox_only)
    steps = (replace(step, expected={}) if step.order_name == "silent" else step for step in shared)
    confirmed = TourStep(
        title="A payment that the customer must confirm",
        event=_confirmed_purchase,
        expected={"status": "pending"},
        order_name="confirmed",
        afterwards=lambda target, execution: _confirm_payment(aws, target, execution),
    )
    disputed = TourStep(
        title="A payment that the customer disputes",
        event=lambda state: purchase_event(state, "disputed", "pm_card_createDispute", {"MUG": (1, 800)}),
        expected={"status": "succeeded", "refundable_minor": 800},
        order_name="disputed",
        afterwards=lambda target, execution: _wait_for_dispute(target, _order_id(execution), DisputeStatus.OPEN),
    )
    refunded = TourStep(
        title="A refund of it, before and after the bank decides for the shop",
        event=_disputed_refund,
        expected={"status": "rejected"},
        afterwards=lambda target, execution: _win_dispute(aws, target, _order_id(execution)),
        expected_then={"status": "succeeded", "amount_minor": 300, "refundable_minor": 500},
    )
    return (*steps, confirmed, disputed, refunded)


def _confirmed_purchase(state: TourState) -> Mapping[str, Any]:
    event = purchase_event(state, "confirmed", "pm_card_threeDSecure2Required", {"MUG": (1, 800)})
    return {**event, "return_url": f"https://{RETURN_HOST}/thanks"}


def _confirm_payment(aws: Instance, target: DeploymentTarget, execution: ClosedExecution) -> None:
    """Confirm a payment on the bank's page, as the customer does, and wait until a webhook has updated the order."""
    order_id = _order_id(execution)
    order = load_order(target, order_id)
    try:
        action = _gateway(aws).payment_action(order.instruction(order_id))
    except BookingError as error:
        raise CommandFailed(str(error)) from error
    if action is None:
        raise CommandFailed(f"The order {order_id} does not wait for a confirmation.")
    _confirm(action.url)
    _wait_until(lambda: load_order(target, order_id).status == "CONFIRMED", f"the payment of the order {order_id}")


def _order_id(execution: ClosedExecution) -> str:
    return str(execution.result["order_id"])


def _disputed_refund(state: TourState) -> Mapping[str, Any]:
    event = refund_event(state, "disputed-refund", 300)
    return {**event, "order_id": state.orders["disputed"]}


def _wait_for_dispute(target: DeploymentTarget, order_id: str, status: DisputeStatus) -> None:
    def has_status() -> bool:
        return any(each.status is status for each in load_order(target, order_id).account.disputes.values())

    _wait_until(has_status, f"the dispute of the order {order_id}")


def _win_dispute(aws: Instance, target: DeploymentTarget, order_id: str) -> None:
    """Answer the dispute, as a shop does in the dashboard, and wait until a webhook has reported the decision."""
    [dispute] = load_order(target, order_id).account.disputes.values()
    evidence = {"evidence[uncategorized_text]": "winning_evidence", "submit": "true"}
    _require(_api(aws).post(f"/v1/disputes/{dispute.reference}", evidence))
    _wait_for_dispute(target, order_id, DisputeStatus.WON)


def _wait_until(is_true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _WEBHOOK_SECONDS
    while not is_true():
        if time.monotonic() > end:
            raise CommandFailed(
                f"No webhook reported {what} within {_WEBHOOK_SECONDS:.0f} s. Run `booking reconcile` instead."
            )
        time.sleep(0.2)


def _confirm(page: str) -> None:
    """Press the button of the bank's page, as a browser does, without following the redirect."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = urllib3_pool(_TIMEOUT).request("POST", page, body=b"answer=confirm", headers=headers)
    if reply.status != 303:
        raise CommandFailed(f"The bank's page answered {reply.status}.")


def _gateway(aws: Instance) -> StripePaymentGateway:
    return connect(
        secrets=lambda: aws.client("secretsmanager"),
        secret_arn=_KEY_NAME,
        mode="test",
        endpoint=aws.companions()[GATEWAY],
        stage=str(aws.outputs()["stage"]),
        timeout_seconds=_TIMEOUT,
        now=lambda: datetime.now(UTC),
    )


def _delete_endpoint(aws: Instance, name: str) -> None:
    """Delete a webhook endpoint, which the product's own adapter never does."""
    url, headers = f"{aws.companions()[GATEWAY]}{_ENDPOINTS}/{name}", {"Authorization": f"Bearer {API_KEY}"}
    reply = urllib3_pool(_TIMEOUT).request("DELETE", url, body=None, headers=headers)
    if reply.status != 200:
        raise CommandFailed(
            f"The double of Stripe did not delete the webhook endpoint {name}: it answered {reply.status}."
        )


def _signing_secret(stage: str) -> str:
    """Return the name of a stage's signing secret: each stage has its own endpoint and secret."""
    return f"booking-stripe-double-signing-{stage}"


def _api(aws: Instance) -> StripeApi:
    return StripeApi(pool=urllib3_pool(_TIMEOUT), secret=lambda _: API_KEY, endpoint=aws.companions()[GATEWAY])


def _require(reply: StripeResult | StripeError) -> StripeObject:
    if isinstance(reply, StripeError):
        raise CommandFailed(f"The double of Stripe refused a call: {reply.reason}.")
    return reply.item


def _ensure_secret(aws: Instance, name: str, value: str) -> str:
    """Create a secret unless it exists, and return its ARN."""
    client = aws.client("secretsmanager")
    with suppress(client.exceptions.ResourceExistsException):
        client.create_secret(Name=name, SecretString=value)
    return str(client.describe_secret(SecretId=name)["ARN"])
