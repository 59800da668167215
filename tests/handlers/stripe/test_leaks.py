"""Secrets, client secrets, bank pages and payment methods are stored only where the guide says.

The guide (docs/how-to/first-stripe-account.md) names two places of payment methods: the input of an execution, and the
order's item beside its ledger, as text that can be erased.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from console.order_pages import read_order
from console.rendering import render_report
from handlers.gateway_events import receive
from handlers.reconcile import settle_order
from handlers.runtime.reconcile.gateway_notices import reconcile_batch
from tests.console.in_process_deployment import InProcessDeployment
from tests.handlers.stripe.test_gateway_events import ENVIRONMENT, QUEUE, SECRET_ARN
from tests.handlers.stripe.test_stripe_bookings import StripeWorld
from tests.handlers.world import purchase_of, refund_of
from tests.support.stripe.double import TEST_KEY

TOKENS = (
    *("pm_card_visa", "pm_card_threeDSecure2Required", "pm_card_visa_chargeDeclined", "pm_card_refundFail"),
    *("pm_card_createDispute", "pm_that_nobody_has"),
)
RETURN_URL = "https://shop.example/thanks"


def _deliver_webhooks(world: StripeWorld) -> None:
    """Deliver every webhook to its function, and the queued notices to reconcile."""
    deps = world.dependencies()
    while world.webhooks.waiting:
        sent = world.webhooks.take()
        headers = {"stripe-signature": sent.signature}
        request = {"pathParameters": {"gateway": "stripe"}, "headers": headers, "body": sent.body.decode()}
        assert receive(request, deps)["statusCode"] == 200
    records = [{"messageId": key, "body": body} for key, body in world.sqs.queues.get(QUEUE, {}).items()]
    reconcile_batch({"Records": records}, deps, lambda order_id: settle_order(order_id, deps), lambda: True)


def _act_as_customer(world: StripeWorld, order_id: str) -> Iterator[str]:
    """Yield what the customer is shown to complete a payment, and complete it."""
    action = world.dependencies().gateway.payment_action(world.order(order_id).instruction(order_id))
    assert action is not None
    yield action.url or action.client_secret
    world.double.payments.authenticate(world.double.intent_of(order_id))


@pytest.fixture
def shop() -> tuple[InProcessDeployment, list[str]]:
    """A shop after every kind of payment, and everything that must not be found in it."""
    world = StripeWorld()
    world.environment |= {**ENVIRONMENT, "BOOKING_RETURN_HOSTS": "shop.example"}
    (signing,) = world.double.endpoints.secrets.values()
    world.vault.secrets[SECRET_ARN] = signing
    deployment, hidden = InProcessDeployment(world=world), [TEST_KEY, signing]
    for number, token in enumerate((*TOKENS, TOKENS[1])):
        request_fields = purchase_of(f"buy-{number}", payment_method=token, MUG=(1, 800))
        request_fields |= {"return_url": RETURN_URL} if number < len(TOKENS) else {}
        bought = deployment.result(deployment.book(request_fields))
        if bought["status"] == "pending":
            hidden += _act_as_customer(world, bought["order_id"])
        _deliver_webhooks(world)
        deployment.book(refund_of(bought["order_id"], f"refund-{number}", amount_minor=300))
    world.clock.advance(timedelta(days=4))
    _deliver_webhooks(world)
    world.settle_everything()
    hidden += [item["client_secret"] for item in world.double.books.objects.values() if "client_secret" in item]
    return deployment, [*hidden, *TOKENS, "hooks.stripe", "_secret_", "whsec_"]


def _outputs(deployment: InProcessDeployment) -> Iterator[tuple[str, str]]:
    """Yield every text that the system has written, with its place."""
    world = deployment.world
    yield from (("log", line) for line in world.lines)
    yield from (("audit object", body.decode()) for body in world.audit_objects().values())
    rows = world.dynamodb.scan(TableName="orders")["Items"]
    yield from (("ledger", json.dumps(row.get("ledger"))) for row in rows)
    yield from (("queue", body) for queue in world.sqs.queues.values() for body in queue.values())
    yield from (("event", json.dumps(entry, default=str)) for entry in world.events.events)
    for row in rows:
        order_id = row["pk"]["S"].removeprefix("ORDER#")
        found = read_order(deployment, order_id) if row["pk"]["S"].startswith("ORDER#") else None
        if found is not None:
            read_at = datetime(2026, 3, 9, tzinfo=UTC)
            yield "report", render_report("order_report.html", report=found, source="here", read_at=read_at)


def test_no_secret_or_payment_method_leaks_into_logs_records_queues_or_reports(
    shop: tuple[InProcessDeployment, list[str]],
) -> None:
    deployment, hidden = shop
    written = list(_outputs(deployment))
    assert {place for place, _ in written} >= {"log", "audit object", "ledger", "queue", "report"}
    assert len(hidden) > 12
    found = {(place, text) for place, content in written for text in hidden if text in content}
    assert found == set()
