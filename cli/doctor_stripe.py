"""The checks of `booking doctor` for a stage that pays through Stripe. They only read, and never show a secret."""

from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from handlers.adapters.stripe.api_errors import ErrorMeaning
from handlers.adapters.stripe.secrets_manager import (
    ApiSecret,
    SecretMisconfigured,
    SecretUnreadable,
    SigningSecrets,
)
from handlers.adapters.stripe.stripe_api import (
    API_VERSION,
    ENDPOINT,
    StripeApi,
    StripeError,
    StripeObject,
    urllib3_pool,
)
from handlers.adapters.stripe.webhook_events import EVENT_TYPES
from handlers.domain.errors import PaymentOutcomeUnknown, Unavailable

from .doctor_checks import Check, NotRun, StageFacts

PLACEHOLDER: Final = "whsec_placeholder"
"""The placeholder of docs/how-to/first-stripe-account.md, stored before Stripe has created a signing secret."""
_TIMEOUT_SECONDS: Final = 10.0


def check_secret(facts: StageFacts) -> str | None:
    """Check that the secret with the API key can be read and contains a key of the stage's mode."""
    try:
        _secret(facts)(True)
    except SecretUnreadable as error:
        return _missing_secret(error.cause, "stripeSecretArn", facts.stage.stripe_secret_arn)
    except SecretMisconfigured as error:
        return f"{error} Put the right key into it, or correct stripeMode."
    return None


def check_api(facts: StageFacts) -> str | None:
    """Check that Stripe accepts the key and our version of its API."""
    reply = _get(facts, "/v1/balance_transactions", {"limit": "1"})
    if not isinstance(reply, StripeError):
        return None
    if reply.meaning is ErrorMeaning.UNAUTHORIZED:
        return f"Stripe does not accept the key in {facts.stage.stripe_secret_arn}. Store one that is not revoked."
    if reply.status == 403:
        return "The key may not read balance transactions. Give it the permissions in first-stripe-account.md."
    return f"Stripe refused a call with the API version {API_VERSION}: {reply.reason}."


def check_webhooks(facts: StageFacts) -> str | None:
    """Check that the stage's webhook endpoint exists at Stripe, is enabled, and gets the events that we read."""
    if not facts.stage.stripe_webhook_secret_arn:
        raise NotRun("The stage has no webhooks (stripeWebhookSecretArn is empty): reconcile polls for every change.")
    return _signing_problem(facts) or _endpoint_problem(facts, f"{facts.output('webhookUrl')}stripe")


def _signing_problem(facts: StageFacts) -> str | None:
    arn = facts.stage.stripe_webhook_secret_arn
    secrets = SigningSecrets(client=facts.client("secretsmanager"), arn=arn, now=lambda: facts.now)
    try:
        values = secrets.current()
    except SecretUnreadable as error:
        return _missing_secret(error.cause, "stripeWebhookSecretArn", arn)
    except SecretMisconfigured as error:
        return str(error)
    if PLACEHOLDER in values:
        return f"The secret {arn} still contains the placeholder. Store the signing secret that Stripe shows."
    return None


def _endpoint_problem(facts: StageFacts, url: str) -> str | None:
    reply = _get(facts, "/v1/webhook_endpoints", {"limit": "100"})
    if isinstance(reply, StripeError):
        raise NotRun(f"The key may not read webhook endpoints ({reply.reason}). Compare {url} with the dashboard.")
    found: list[StripeObject] = [endpoint for endpoint in reply["data"] if endpoint["url"] == url]
    if not found:
        return f"Stripe has no webhook endpoint {url} in {facts.stage.stripe_mode} mode. Add it."
    problems = [_problem_of(endpoint) for endpoint in found]
    return None if None in problems else problems[0]


def _problem_of(endpoint: StripeObject) -> str | None:
    url, wanted = endpoint["url"], endpoint["enabled_events"]
    missing = [] if "*" in wanted else [kind for kind in EVENT_TYPES if kind not in wanted]
    if endpoint["status"] != "enabled":
        return f"The webhook endpoint {url} is {endpoint['status']}. Enable it."
    if missing:
        return f"The webhook endpoint {url} does not get {', '.join(missing)}. Add these events to it."
    if endpoint.get("api_version") != API_VERSION:
        return f"The webhook endpoint {url} must have the API version {API_VERSION}, got {endpoint.get('api_version')}."
    return None


def _get(facts: StageFacts, path: str, query: Mapping[str, str]) -> StripeObject | StripeError:
    endpoint = facts.stage.stripe_endpoint or ENDPOINT
    api = StripeApi(pool=urllib3_pool(_TIMEOUT_SECONDS), secret=_secret(facts), endpoint=endpoint)
    try:
        reply = api.get(path, query)
    except SecretMisconfigured as error:
        raise NotRun("The key cannot be read: see the check stripe-secret.") from error
    except (PaymentOutcomeUnknown, Unavailable) as error:
        raise NotRun(f"{error}") from error
    return reply if isinstance(reply, StripeError) else reply.item


def _secret(facts: StageFacts) -> ApiSecret:
    stage = facts.stage
    return ApiSecret(client=lambda: facts.client("secretsmanager"), arn=stage.stripe_secret_arn, mode=stage.stripe_mode)


def _missing_secret(error: ClientError, key: str, arn: str) -> str:
    """Return the finding for a secret that does not exist; any other error is raised again."""
    answer: Mapping[str, Any] = error.response
    if answer.get("Error", {}).get("Code") != "ResourceNotFoundException":
        raise error
    return f"{key} {arn} does not exist in this account and region. Create it, or correct the key."


STRIPE_CHECKS: Final[Mapping[str, Check]] = {"stripe-secret": check_secret, "stripe-api": check_api}
STRIPE_CHECKS_AFTER: Final[Mapping[str, Check]] = {"stripe-webhooks": check_webhooks}
