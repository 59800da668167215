"""The webhook function: only signed events about our orders are queued, once each."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from handlers.adapters.stripe.secrets_manager import ApiSecret, SecretMisconfigured
from handlers.adapters.stripe.webhook_events import EVENT_TYPES, MAX_BODY_BYTES
from handlers.gateway_events import receive
from handlers.runtime.dependencies import Dependencies
from handlers.runtime.reconcile.gateway_notices import is_batch, reconcile_batch
from handlers.runtime.settings import Settings
from tests.fakes.clock import FakeClock
from tests.fakes.secrets_manager import FakeSecretsManager
from tests.fakes.sqs import FakeSQS
from tests.support.stripe.double import StripeDouble
from tests.support.stripe.fault_plan import StripeFault
from tests.support.stripe.gateways import stripe_gateway
from tests.support.stripe.webhook_delivery import Delivery, Webhooks, sign

SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:webhook"
QUEUE = "https://sqs.example/notices"
ENVIRONMENT = {
    "BOOKING_STAGE": "test",
    "BOOKING_STRIPE_MODE": "test",
    "BOOKING_STRIPE_WEBHOOK_SECRET": SECRET_ARN,
    "BOOKING_EVENTS_QUEUE_URL": QUEUE,
}
ORDER = {"key": "ord_1", "amount": "1000"}


@dataclass
class Endpoint:
    """The webhook function behind the double's endpoint."""

    clock: FakeClock = field(default_factory=FakeClock)
    sqs: FakeSQS = field(default_factory=FakeSQS)
    vault: FakeSecretsManager = field(default_factory=FakeSecretsManager)
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.double = StripeDouble(self.clock)
        self.webhooks = Webhooks(self.double)
        form = {"url": "https://shop.example/webhooks/stripe", "enabled_events[]": "*"}
        self.endpoint = self.double.endpoints.create_endpoint(form)
        self.vault.secrets[SECRET_ARN] = self.endpoint["secret"]
        clients = {"sqs": self.sqs, "secretsmanager": self.vault}
        settings = Settings(environment=ENVIRONMENT)
        self.deps = Dependencies(
            settings=settings, clients=clients.__getitem__, now=self.clock, write=self.lines.append
        )

    def pay(self, token: str = "pm_ok", stage: str = "test", order_id: str = "ord_1") -> None:
        """Let a payment of a stage happen at Stripe."""
        metadata = {"booking_key": order_id, "booking_order": order_id, "booking_stage": stage}
        form = {f"metadata[{name}]": value for name, value in metadata.items()}
        intent = self.double.endpoints.create({"amount": "1000", "currency": "eur", **form})
        self.double.endpoints.confirm({"payment_method": token}, intent["id"])

    def receive(self, sent: Delivery, **changed: object) -> int:
        """Deliver one webhook as the HTTP API does, and return the status."""
        event = {
            "version": "2.0",
            "routeKey": "POST /webhooks/{gateway}",
            "pathParameters": {"gateway": "stripe"},
            "headers": {"stripe-signature": sent.signature, "content-type": "application/json"},
            "body": sent.body.decode(),
            "isBase64Encoded": False,
        }
        reply = receive({**event, **changed}, self.deps)
        assert json.loads(reply["body"])["message"]
        return int(reply["statusCode"])

    def deliver_all(self) -> set[int]:
        """Deliver everything that waits."""
        return {self.receive(self.webhooks.take()) for _ in range(len(self.webhooks.waiting))}

    @property
    def notices(self) -> list[Mapping[str, Any]]:
        return [json.loads(body) for body in self.sqs.queues.get(QUEUE, {}).values()]

    def sign_event(self, event: object) -> Delivery:
        """Sign an event of the test's own."""
        body = json.dumps(event).encode()
        signature = sign(body, (self.endpoint["secret"],), int(self.clock().timestamp()))
        return Delivery(url="", body=body, signature=signature)


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


def test_signed_events_about_our_orders_are_queued(endpoint: Endpoint) -> None:
    endpoint.pay()
    assert endpoint.deliver_all() == {200}
    assert endpoint.notices
    assert {json.dumps(notice, sort_keys=True) for notice in endpoint.notices} == {'{"order_id": "ord_1", "schema": 1}'}


def test_a_dispute_names_the_payment_because_it_has_no_metadata(endpoint: Endpoint) -> None:
    endpoint.pay("pm_card_createDispute")
    endpoint.deliver_all()
    intent = endpoint.double.intent_of("ord_1")["id"]
    assert {"schema": 1, "reference": intent} in endpoint.notices


@pytest.mark.parametrize("encoded", [True, False])
def test_the_signature_covers_the_raw_body(endpoint: Endpoint, encoded: bool) -> None:
    endpoint.pay()
    sent = endpoint.webhooks.take(2)
    body = base64.b64encode(sent.body).decode() if encoded else sent.body.decode()
    assert endpoint.receive(sent, body=body, isBase64Encoded=encoded) == 200
    compact = json.dumps(sent.event)
    assert endpoint.receive(sent, body=compact) == 400


def test_unsigned_forged_and_old_events_are_rejected(endpoint: Endpoint) -> None:
    endpoint.pay()
    sent = endpoint.webhooks.take(keep=True)
    assert endpoint.receive(sent, headers={}) == 400
    forged = sign(sent.body, ("whsec_forged",), int(endpoint.clock().timestamp()))
    assert endpoint.receive(sent, headers={"Stripe-Signature": forged}) == 400
    endpoint.clock.advance(timedelta(minutes=6))
    assert endpoint.receive(sent) == 400
    assert endpoint.receive(endpoint.webhooks.take()) == 200


def test_both_secrets_are_valid_while_one_is_rolled(endpoint: Endpoint) -> None:
    """The stored secret still is the old one; then both; then the new one only, which a signature makes us read."""
    endpoint.pay()
    old = endpoint.endpoint["secret"]
    endpoint.webhooks.roll_secret(endpoint.endpoint["id"], "whsec_new")
    assert endpoint.receive(endpoint.webhooks.take(keep=True)) == 200
    endpoint.webhooks.rolled.clear()
    endpoint.vault.secrets[SECRET_ARN] = f"{old}\nwhsec_new"
    assert endpoint.receive(endpoint.webhooks.take(keep=True)) == 400
    endpoint.clock.advance(timedelta(minutes=1))
    assert endpoint.receive(endpoint.webhooks.take(keep=True)) == 200


def test_forged_webhooks_do_not_exhaust_secrets_manager(endpoint: Endpoint) -> None:
    endpoint.pay()
    for _ in range(50):
        assert endpoint.receive(endpoint.webhooks.take(keep=True), headers={"stripe-signature": "t=1,v1=0"}) == 400
    assert endpoint.vault.reads == 1


def test_events_of_other_stages_and_types_are_acknowledged_and_ignored(endpoint: Endpoint) -> None:
    endpoint.pay(stage="other")
    endpoint.double.books.emit("customer.created", {"id": "cus_1", "object": "customer"})
    assert endpoint.deliver_all() == {200}
    assert endpoint.notices == []


def test_two_stages_of_one_account_ignore_each_others_events(
    endpoint: Endpoint,
) -> None:
    """Disputes and dashboard refunds do not name a stage, so reconcile looks the payment up."""
    form = {"url": "https://other.example/webhooks/stripe", "enabled_events[]": "*"}
    other = endpoint.double.endpoints.create_endpoint(form)["id"]
    endpoint.pay("pm_card_createDispute", stage="other")
    endpoint.double.refund_in_dashboard("ord_1", 100)
    deliveries = [endpoint.webhooks.take() for _ in range(len(endpoint.webhooks.waiting))]
    own = [sent for sent in deliveries if sent.url == endpoint.endpoint["url"]]
    assert [sent.event["type"] for sent in own] == [sent.event["type"] for sent in deliveries if sent not in own]
    assert {endpoint.receive(sent) for sent in own} == {200}
    assert {
        endpoint.receive(sent) for sent in deliveries if sent.url == endpoint.double.books.objects[other]["url"]
    } == {400}
    endpoint.deps.__dict__["gateway"] = stripe_gateway(endpoint.double, endpoint.clock)
    assert endpoint.notices
    assert all(notice.keys() == {"schema", "reference"} for notice in endpoint.notices)
    assert _take(endpoint, _batch(*(json.dumps(notice) for notice in endpoint.notices))) == ([], [])


@pytest.mark.parametrize("changed", [{"livemode": True}, {"account": "acct_other"}])
def test_events_of_another_mode_or_account_are_rejected(endpoint: Endpoint, changed: dict[str, object]) -> None:
    endpoint.pay()
    event = {**endpoint.webhooks.take(2).event, **changed}
    assert endpoint.receive(endpoint.sign_event(event)) == 400
    assert endpoint.notices == []


@pytest.mark.parametrize(
    "event",
    [
        None,
        7,
        [],
        {},
        {"object": "event"},
        {"object": "event", "livemode": False, "data": {"object": 7}, "type": EVENT_TYPES[0]},
    ],
)
def test_a_signed_but_invalid_event_is_rejected(endpoint: Endpoint, event: object) -> None:
    assert endpoint.receive(endpoint.sign_event(event)) == 400


def test_invalid_order_ids_are_ignored(endpoint: Endpoint) -> None:
    endpoint.pay(order_id="../../etc")
    endpoint.pay("pm_card_createDispute", order_id="x" * 500)
    assert endpoint.deliver_all() == {200}
    assert [notice for notice in endpoint.notices if "order_id" in notice] == []


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"pathParameters": {"gateway": "paypal"}}, 404),
        ({"pathParameters": None}, 404),
        ({"body": "x" * (MAX_BODY_BYTES + 1)}, 413),
        ({"body": None}, 413),
        ({"body": "%", "isBase64Encoded": True}, 413),
        ({"headers": None}, 400),
    ],
)
def test_malformed_webhooks_get_an_error_status(endpoint: Endpoint, changed: dict[str, object], status: int) -> None:
    endpoint.pay()
    assert endpoint.receive(endpoint.webhooks.take(), **changed) == status


def test_the_log_contains_no_body_header_or_secret(endpoint: Endpoint) -> None:
    endpoint.pay("pm_card_authenticationRequired")
    sent = endpoint.webhooks.take(keep=True)
    endpoint.deliver_all()
    text = "\n".join(endpoint.lines)
    assert "ord_1" in text
    for hidden in ("_secret_", "whsec_", "pm_card", "hooks.stripe", sent.signature):
        assert hidden not in text


def _batch(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]}


def _take(endpoint: Endpoint, batch: dict[str, Any], failing: tuple[str, ...] = ()) -> tuple[list[str], list[str]]:
    """Return the orders that were reconciled and the messages that come again."""
    reconciled: list[str] = []

    def settle_order(order_id: str) -> bool:
        reconciled.append(order_id)
        return order_id not in failing

    assert is_batch(batch)
    reply = reconcile_batch(batch, endpoint.deps, settle_order, lambda: len(reconciled) < 3)
    return reconciled, [each["itemIdentifier"] for each in reply["batchItemFailures"]]


def test_reconcile_settles_each_order_of_a_batch_once(endpoint: Endpoint) -> None:
    endpoint.pay()
    endpoint.deliver_all()
    batch = _batch(*(json.dumps(notice) for notice in endpoint.notices), "{", '{"order_id": 7}', "[]")
    assert _take(endpoint, batch) == (["ord_1"], [])


def test_a_payment_without_our_metadata_is_looked_up(endpoint: Endpoint) -> None:
    endpoint.pay("pm_card_createDispute")
    endpoint.deps.__dict__["gateway"] = stripe_gateway(endpoint.double, endpoint.clock)
    intent = endpoint.double.intent_of("ord_1")["id"]
    batch = _batch(json.dumps({"reference": intent}), '{"reference": "pi_unknown"}')
    assert _take(endpoint, batch) == (["ord_1"], [])
    endpoint.double.faults.add(StripeFault.RATE_LIMITED)
    assert _take(endpoint, batch) == ([], ["m0"])


def test_an_order_that_fails_or_gets_no_time_is_delivered_again(endpoint: Endpoint) -> None:
    batch = _batch(*(json.dumps({"order_id": f"ord_{number}"}) for number in range(4)))
    assert _take(endpoint, batch, failing=("ord_1",)) == (["ord_0", "ord_1", "ord_2"], ["m1", "m3"])
    assert not is_batch({"schema": 1})


@pytest.mark.parametrize(("value", "mode"), [("sk_test_1", "live"), ("rk_live_1", "test"), ("", "test")])
def test_a_key_of_the_other_mode_is_rejected(value: str, mode: str) -> None:
    vault = FakeSecretsManager({"arn": value})
    with pytest.raises(SecretMisconfigured, match=f"{mode} mode"):
        ApiSecret(client=lambda: vault, arn="arn", mode=mode)(False)


def test_the_api_key_is_cached_until_a_fresh_one_is_requested() -> None:
    vault = FakeSecretsManager({"arn": " rk_live_1\n"})
    secret = ApiSecret(client=lambda: vault, arn="arn", mode="live")
    assert [secret(False), secret(False), secret(True)] == ["rk_live_1"] * 3
    assert vault.reads == 2


@pytest.mark.parametrize("value", ["", "sk_test_1", "whsec_1 whsec_2 whsec_3"])
def test_a_secret_without_signing_secrets_is_a_misconfiguration(endpoint: Endpoint, value: str) -> None:
    endpoint.vault.secrets[SECRET_ARN] = value
    endpoint.pay()
    with pytest.raises(SecretMisconfigured, match="one or two signing secrets"):
        endpoint.receive(endpoint.webhooks.take())
