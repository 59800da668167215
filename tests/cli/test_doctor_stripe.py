"""Each check of `booking doctor` for Stripe passes on a healthy account and finds a planted fault, over HTTP."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.doctor_checks import Diagnosis, StageFacts, diagnose_stage
from cli.doctor_stripe import PLACEHOLDER, STRIPE_CHECKS, STRIPE_CHECKS_AFTER
from components.stage import Stage
from handlers.adapters.stripe.stripe_api import API_VERSION
from handlers.adapters.stripe.webhook_events import EVENT_TYPES
from tests.fakes.secrets_manager import FakeSecretsManager
from tests.support.stripe.double import TEST_KEY, StripeDouble
from tests.support.stripe.loopback_server import serve

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:{}-a1b2c3"
KEY, SIGNING = ARN.format("key"), ARN.format("signing")
URL = "https://a.execute-api.eu-central-1.amazonaws.com/webhooks/stripe"


@dataclass
class HealthyStage:
    """A stage whose secrets and Stripe account are valid until a test changes them."""

    address: str
    double: StripeDouble
    vault: FakeSecretsManager = field(
        default_factory=lambda: FakeSecretsManager({KEY: TEST_KEY, SIGNING: "whsec_double"})
    )
    mode: str = "test"
    webhook_secret: str = SIGNING

    def __post_init__(self) -> None:
        events = {f"enabled_events[{number}]": kind for number, kind in enumerate(EVENT_TYPES)}
        created = self.double.endpoints.create_endpoint({"url": URL, "api_version": API_VERSION, **events})
        self.endpoint = self.double.books.objects[created["id"]]

    def diagnose(self) -> dict[str, Diagnosis]:
        stage = Stage.of(
            "staging",
            {
                "gateway": "stripe",
                "stripeMode": "test",
                "stripeEndpoint": self.address,
                "stripeSecretArn": KEY,
                "stripeWebhookSecretArn": self.webhook_secret,
                "alertRecipientRequired": "false",
            },
        ).model_copy(update={"stripe_mode": self.mode})
        facts = StageFacts(
            stage=stage,
            outputs={"webhookUrl": URL.removesuffix("stripe")},
            client=lambda _: self.vault,
            now=datetime(2026, 3, 1, tzinfo=UTC),
        )
        return {each.check: each for each in diagnose_stage(facts, STRIPE_CHECKS, STRIPE_CHECKS_AFTER)}


@pytest.fixture
def account() -> Iterator[HealthyStage]:
    double = StripeDouble(lambda: datetime.now(UTC))
    with serve(double) as address:
        yield HealthyStage(address, double)


def test_a_healthy_account_passes_every_check(account: HealthyStage) -> None:
    assert {each.status for each in account.diagnose().values()} == {"passed"}


Fault = Callable[[HealthyStage], object]
FAULTS: dict[str, tuple[str, str, Fault]] = {
    "no secret": ("stripe-secret", "stripeSecretArn", lambda it: it.vault.secrets.pop(KEY)),
    "a key of the other mode": ("stripe-secret", "in live mode", lambda it: setattr(it, "mode", "live")),
    "a revoked key": ("stripe-api", "does not accept the key", lambda it: it.double.keys.clear()),
    "a key that may do too little": (
        *("stripe-api", "may not read balance transactions"),
        lambda it: it.double.forbidden.add("/v1/balance_transactions"),
    ),
    "an API version that Stripe does not know": (
        *("stripe-api", f"API version {API_VERSION}"),
        lambda it: setattr(it.double, "api_version", "2030-01-01.elder"),
    ),
    "no signing secret": ("stripe-webhooks", "stripeWebhookSecretArn", lambda it: it.vault.secrets.pop(SIGNING)),
    "a signing secret of another form": (
        *("stripe-webhooks", "whsec_..."),
        lambda it: it.vault.secrets.update({SIGNING: "secret"}),
    ),
    "the placeholder": ("stripe-webhooks", "placeholder", lambda it: it.vault.secrets.update({SIGNING: PLACEHOLDER})),
    "no endpoint": (
        "stripe-webhooks",
        "has no webhook endpoint",
        lambda it: it.endpoint.update(url="https://a.example"),
    ),
    "a disabled endpoint": ("stripe-webhooks", "is disabled", lambda it: it.endpoint.update(status="disabled")),
    "an event too few": (
        *("stripe-webhooks", f"does not get {EVENT_TYPES[-1]}."),
        lambda it: it.endpoint["enabled_events"].pop(),
    ),
    "an endpoint of another version": (
        *("stripe-webhooks", "must have the API version"),
        lambda it: it.endpoint.update(api_version="2020-08-27"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_check_finds_its_planted_fault_and_shows_no_secret(account: HealthyStage, fault: str) -> None:
    check, message, plant = FAULTS[fault]
    plant(account)
    found = account.diagnose()
    assert found[check].status == "finding"
    assert message in found[check].message
    shown = " ".join(each.message for each in found.values())
    assert [secret for secret in (TEST_KEY, "whsec_double") if secret in shown] == []


def test_webhooks_are_not_checked_without_a_secret_or_permission(account: HealthyStage) -> None:
    account.double.forbidden.add("/v1/webhook_endpoints")
    found = account.diagnose()["stripe-webhooks"]
    assert (found.status, URL in found.message) == ("not run", True)
    account.webhook_secret = ""
    assert account.diagnose()["stripe-webhooks"].status == "not run"


def test_the_page_lists_every_check_of_stripe() -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/first-real-account.md").read_text("utf-8")
    assert [name for name in (*STRIPE_CHECKS, *STRIPE_CHECKS_AFTER) if f"`{name}`" not in page] == []


def test_the_guide_lists_every_event_that_the_endpoint_needs() -> None:
    """Following the guide, without a checkout, thus leaves no finding of `booking doctor`."""
    guide = (Path(__file__).parents[2] / "docs" / "how-to" / "first-stripe-account.md").read_text(encoding="utf-8")
    assert set(EVENT_TYPES) == set(re.findall(r"`((?:payment_intent|charge|refund)\.[a-z_.]+)`", guide))
