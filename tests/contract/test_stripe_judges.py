"""Validation of adapter and double by Stripe's tools: stripe-mock, its OpenAPI document, and the official package."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Any

import pytest
import urllib3

from handlers.adapters.stripe.stripe_api import API_VERSION
from handlers.adapters.stripe.webhook_events import EVENT_TYPES, is_signed, parse_event
from handlers.domain.payments import GatewayStatus, Instruction, Operation, PaymentMethod
from tests.contract.stripe_judges import answer_problems, openapi, require_installed, stripe_mock
from tests.environment import require
from tests.fakes.clock import START, FakeClock
from tests.support.stripe import books
from tests.support.stripe.double import TEST_KEY, HttpCall, ServedReply, StripeDouble
from tests.support.stripe.gateways import stripe_gateway
from tests.support.stripe.webhook_delivery import Webhooks

pytestmark = pytest.mark.outside

TOKENS = (
    *("pm_ok", "pm_declined", "pm_card_authenticationRequired", "pm_card_processing", "pm_card_createDispute"),
    *("pm_card_createDisputeInquiry", "pm_card_pendingThenFailedRefund", "pm_card_refundFail", "pm_refund_declined"),
    *("pm_card_captureDeclined", "pm_that_nobody_has"),
)
MANUAL_CALLS = (
    ("GET", "/v1/payment_intents?limit=50", ""),
    ("GET", "/v1/events?limit=100&types[]=refund.failed", ""),
    ("GET", "/v1/disputes?limit=10", ""),
    ("GET", "/v1/balance_transactions?limit=100&expand[]=data.source&created[gte]=1", ""),
    ("GET", "/v1/account", ""),
    ("POST", "/v1/webhook_endpoints", f"url=https%3A%2F%2Fa.example%2F&enabled_events[]=*&api_version={API_VERSION}"),
    ("GET", "/v1/webhook_endpoints", ""),
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A call of the adapter, or a manual one, and the double's answer."""

    call: HttpCall
    reply: ServedReply


class RecordingDouble(StripeDouble):
    """A double that records its answers."""

    exchanges: list[Exchange]

    def handle(self, call: HttpCall) -> ServedReply:
        reply = super().handle(call)
        self.exchanges.append(Exchange(call, reply))
        return reply


def _run_every_kind_of_payment(double: StripeDouble, clock: FakeClock) -> None:
    gateway = stripe_gateway(double, clock)
    for number, token in enumerate(TOKENS):
        for operation in (Operation.CHARGE, Operation.AUTHORIZE):
            key = f"ord_{number}{operation}"
            order = Instruction(
                key=key, operation=operation, amount_minor=1000, currency="EUR", opened_at="2026-03-01T12:00:00.000000Z"
            )
            method = PaymentMethod(token=token, return_url="https://shop.example/back", gateway_customer="cus_1")
            paid = gateway.charge(order, method)
            about = replace(order, charge_key=key, charge_reference=paid.reference, amount_minor=600)
            if paid.status is GatewayStatus.AUTHORIZED:
                gateway.capture(replace(about, key=f"cap_{key}", operation=Operation.CAPTURE))
                gateway.void(replace(about, key=f"void_{key}", operation=Operation.VOID))
            gateway.refund(replace(about, key=f"ref_{key}", operation=Operation.REFUND))
            clock.advance(timedelta(days=4))
            gateway.lookup(replace(about, key=f"ref_{key}", operation=Operation.REFUND))
            gateway.lookup(order)
            gateway.fence(replace(order, reference=paid.reference))


@pytest.fixture(scope="module")
def exchanges() -> list[Exchange]:
    """Every kind of call of the adapter, and every kind of object in the double's answers."""
    clock = FakeClock()
    double = RecordingDouble(clock)
    double.exchanges = []
    _run_every_kind_of_payment(double, clock)
    [dispute, *_] = double.books.newest_first("dispute")
    answer = ("POST", f"/v1/disputes/{dispute['id']}", "evidence[uncategorized_text]=winning_evidence&submit=true")
    for method, target, body in (*MANUAL_CALLS, answer):
        headers = {"Authorization": f"Bearer {TEST_KEY}", "Stripe-Version": API_VERSION}
        headers |= {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        double.handle(HttpCall(method=method, target=target, body=body.encode(), headers=headers))
    return double.exchanges


def test_every_answer_of_the_double_matches_the_schema_of_stripe(exchanges: list[Exchange]) -> None:
    require_installed()
    found = {
        problem
        for each in exchanges
        for problem in answer_problems(each.call.method, each.call.target, each.reply.status, each.reply.parsed)
    }
    assert found == set()
    assert {each.reply.status for each in exchanges} == {200, 400, 402}


@pytest.mark.parametrize(
    "planted",
    [{"status": "paid"}, {"amount": "10"}, {"livemode": None}, {"colour": "red"}, {"next_action": {"type": None}}],
)
def test_the_schema_check_finds_a_wrong_field(exchanges: list[Exchange], planted: Mapping[str, Any]) -> None:
    require_installed()
    answer = {**exchanges[0].reply.parsed, **planted}
    assert answer_problems("POST", "/v1/payment_intents", 200, answer)


def test_stripe_mock_accepts_every_request_of_the_adapter(
    exchanges: list[Exchange], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Also checks our API version, because stripe-mock rejects any other than its own."""
    pool = urllib3.PoolManager(retries=False)
    with stripe_mock(tmp_path_factory.mktemp("stripe-mock")) as address:
        refused = {
            f"{each.call.method} {each.call.target}: {reply.data.decode()}"
            for each in exchanges
            if (reply := _forward(pool, address, each.call)).status != 200
        }
        planted = HttpCall(method="POST", target="/v1/refunds", body=b"colour=red", headers=exchanges[0].call.headers)
        assert _forward(pool, address, planted).status == 400
    pool.clear()
    assert refused == set()


def _forward(pool: urllib3.PoolManager, address: str, call: HttpCall) -> urllib3.BaseHTTPResponse:
    headers = {name: value for name, value in call.headers.items() if name != "Authorization"}
    headers["Authorization"] = "Bearer sk_test_123"  # the only form that stripe-mock accepts
    return pool.request(call.method, address + call.target, body=call.body or None, headers=headers)


def test_one_api_version_is_pinned_everywhere() -> None:
    require_installed()
    assert openapi()["info"]["version"] == API_VERSION == books.API_VERSION


# the official package


@pytest.fixture(scope="module")
def official() -> Any:
    """Import the official package, or skip the test."""
    require(find_spec("stripe"), "The official stripe package is not installed: run `make`.")
    import stripe

    return stripe


def test_the_official_package_can_read_the_double(official: Any) -> None:
    clock = FakeClock()
    double = StripeDouble(clock)
    _run_every_kind_of_payment(double, clock)
    client = official.StripeClient(TEST_KEY, http_client=_client_of(official, double), stripe_version=API_VERSION)
    intents = list(client.v1.payment_intents.list({"limit": 5}).auto_paging_iter())
    assert len(intents) == 2 * len(TOKENS)
    assert {type(intent).__name__ for intent in intents} == {"PaymentIntent"}
    moved = list(client.v1.balance_transactions.list({"limit": 100, "expand": ["data.source"]}).auto_paging_iter())
    assert {type(each.source).__name__ for each in moved} == {"Charge", "Refund", "Dispute"}
    assert sum(each.amount for each in moved) == double.books.balance()
    with pytest.raises(official.InvalidRequestError, match="No such payment_intent"):
        client.v1.payment_intents.retrieve("pi_nobody")
    declined = client.v1.payment_intents.create({"amount": 100, "currency": "eur"})
    with pytest.raises(official.CardError, match="The payment failed"):
        client.v1.payment_intents.confirm(declined.id, {"payment_method": "pm_declined"})


def _client_of(official: Any, double: StripeDouble) -> Any:
    class DoubleClient(official.HTTPClient):  # type: ignore[misc]  # the official package has no types here
        name = "double"

        def request(self, method: str, url: str, headers: Any, post_data: Any = None) -> Any:
            target = "/" + url.split("://", 1)[1].partition("/")[2]
            body = (post_data or "").encode() if isinstance(post_data or "", str) else post_data
            reply = double.handle(HttpCall(method=method.upper(), target=target, body=body, headers=headers))
            return reply.body.decode(), reply.status, {}

        def close(self) -> None:
            """Nothing is open."""

    return DoubleClient()


@pytest.fixture
def webhooks() -> Iterator[Webhooks]:
    """Return a double with an endpoint and a payment's webhook to deliver."""
    clock = FakeClock()
    waiting = Webhooks(StripeDouble(clock))
    form = {"url": "https://shop.example/webhooks/stripe"}
    form |= {f"enabled_events[{number}]": kind for number, kind in enumerate(EVENT_TYPES)}
    waiting.double.endpoints.create_endpoint(form)
    _run_every_kind_of_payment(waiting.double, clock)
    return waiting


def test_official_package_and_adapter_accept_the_webhooks_of_the_double(official: Any, webhooks: Webhooks) -> None:
    (secret,) = webhooks.double.endpoints.secrets.values()
    now = webhooks.double.books.now()
    for _ in range(len(webhooks.waiting)):
        sent = webhooks.take()
        event = official.Webhook.construct_event(sent.body, sent.signature, secret, tolerance=0)
        assert event["type"] in EVENT_TYPES
        assert is_signed(sent.body, sent.signature, (secret,), now)
        parsed = parse_event(sent.body)
        assert parsed is not None
        assert parsed.payment_intent.startswith("pi_")
        assert bool(parsed.order_id) is not parsed.type.startswith("charge.dispute")


def test_the_signature_check_agrees_with_the_official_one(official: Any, webhooks: Webhooks) -> None:
    """A changed body, an old signature, another secret and a rolled one."""
    (endpoint, secret), *_ = webhooks.double.endpoints.secrets.items()
    sent, now = webhooks.take(), webhooks.double.books.now()
    timestamp = int(now.timestamp())
    signature = official.WebhookSignature._compute_signature(f"{timestamp}.{sent.body.decode()}", secret)
    header = f"t={timestamp},v1={signature},v0=ignored"
    assert is_signed(sent.body, header, ("whsec_other", secret), now)
    assert not is_signed(sent.body, header, ("whsec_other",), now)
    assert not is_signed(sent.body + b" ", header, (secret,), now)
    assert not is_signed(sent.body, header, (secret,), now + timedelta(minutes=5, seconds=1))
    assert not is_signed(sent.body, f"v1={signature}", (secret,), now)
    assert not is_signed(sent.body, f"t={timestamp},t=1,v1={signature}", (secret,), now)
    webhooks.roll_secret(endpoint, "whsec_new")
    both = webhooks.take()
    assert is_signed(both.body, both.signature, (secret,), now)
    assert is_signed(both.body, both.signature, ("whsec_new",), now)


def test_a_body_that_is_not_an_event_is_parsed_as_none() -> None:
    assert parse_event(b"{") is None
    assert parse_event(b"[]") is None
    assert parse_event(b'{"object": "event"}') is None
    assert parse_event(b"[" * 100_000) is None
    assert parse_event(json.dumps({"object": "event", "livemode": False, "data": {"object": []}}).encode()) is None
    assert datetime(2026, 3, 1, 12, tzinfo=UTC) == START
