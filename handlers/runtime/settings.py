"""The settings of a function. No other module reads its environment variables."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Self


class Misconfigured(Exception):
    """An environment variable is missing or invalid. The message names it and the allowed values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings, each read on use, because a function has only the variables that it needs."""

    environment: Mapping[str, str]

    @property
    def stage(self) -> str:
        """Name of the deployment."""
        return self._text("BOOKING_STAGE")

    @property
    def orders_table(self) -> str:
        """Name of the table of orders and stock."""
        return self._text("BOOKING_ORDERS_TABLE")

    @property
    def gateway(self) -> str:
        """Name of the payment gateway: `sandbox` or `stripe`. Its own settings are checked as well."""
        name = self._choice("BOOKING_GATEWAY", "sandbox", "stripe")
        required = ("gateway_table",) if name == "sandbox" else ("stripe_secret", "stripe_mode", "stripe_endpoint")
        for setting in required:
            getattr(self, setting)
        return name

    @property
    def gateway_table(self) -> str:
        """Name of the sandbox gateway's table."""
        return self._text("BOOKING_GATEWAY_TABLE")

    @property
    def stripe_secret(self) -> str:
        """ARN of the secret with Stripe's secret key."""
        return self._text("BOOKING_STRIPE_SECRET")

    @property
    def stripe_webhook_secret(self) -> str:
        """ARN of the secret with the signing secrets of Stripe's webhooks."""
        return self._text("BOOKING_STRIPE_WEBHOOK_SECRET")

    @property
    def stripe_mode(self) -> str:
        """Mode of Stripe: `live` or `test`."""
        return self._choice("BOOKING_STRIPE_MODE", "live", "test")

    @property
    def stripe_endpoint(self) -> str:
        """Address of Stripe's API, or of a double in a stage that moves no money."""
        return self.environment.get("BOOKING_STRIPE_ENDPOINT") or "https://api.stripe.com"

    @property
    def return_hosts(self) -> frozenset[str]:
        """Hosts to which a bank may send a customer back."""
        return frozenset(self.environment.get("BOOKING_RETURN_HOSTS", "").split(",")) - {""}

    @property
    def events_queue_url(self) -> str:
        """URL of the queue of orders that gateway events name."""
        return self._text("BOOKING_EVENTS_QUEUE_URL")

    @property
    def audit_bucket(self) -> str:
        """Name of the audit bucket."""
        return self._text("BOOKING_AUDIT_BUCKET")

    @property
    def parking_queue_url(self) -> str:
        """URL of the parking queue."""
        return self._text("BOOKING_PARKING_QUEUE_URL")

    @property
    def event_bus(self) -> str:
        """Name of the bus that order events are published to."""
        return self._text("BOOKING_EVENT_BUS")

    @property
    def seal_key(self) -> str:
        """ARN of the key that seals are signed with."""
        return self._text("BOOKING_SEAL_KEY")

    @property
    def proof_key(self) -> str | None:
        """ARN of the key with which the API proves callers, if the deployment has an API."""
        return self.environment.get("BOOKING_PROOF_KEY") or None

    @property
    def machine(self) -> str:
        """ARN of the booking machine."""
        return self._text("BOOKING_MACHINE")

    @property
    def is_express(self) -> bool:
        """True if the machine's executions are EXPRESS."""
        return self._text("BOOKING_WORKFLOW_TYPE") == "EXPRESS"

    @property
    def issuer(self) -> str:
        """Issuer of the tokens that the API accepts."""
        return self._text("BOOKING_API_ISSUER")

    @property
    def audiences(self) -> tuple[str, ...]:
        """Audiences of the tokens that the API accepts, separated by spaces."""
        return tuple(self._text("BOOKING_API_AUDIENCES").split(" "))

    @property
    def roles_claim(self) -> str:
        """Claim of a token that lists its groups."""
        return self._text("BOOKING_API_ROLES_CLAIM")

    @property
    def deciding_clients(self) -> frozenset[str]:
        """Subjects of the clients acting for themselves that may decide and resolve, separated by spaces."""
        return frozenset(self.environment.get("BOOKING_API_DECIDING_CLIENTS", "").split())

    @property
    def api_wait_seconds(self) -> int:
        """Maximum seconds that a call may wait for its result."""
        return self._integer("BOOKING_API_WAIT_SECONDS", 0, 0, 25)

    @property
    def seal_copy_bucket(self) -> str | None:
        """Name of the bucket that seals are copied to as well, if there is one."""
        return self.environment.get("BOOKING_SEAL_COPY_BUCKET") or None

    @property
    def refund_window(self) -> timedelta:
        """Time after a purchase within which it can be refunded."""
        return timedelta(days=self._integer("BOOKING_REFUND_WINDOW_DAYS", None, 0, 3650))

    @property
    def payment_action_window(self) -> timedelta:
        """Time within which a customer must confirm a payment that asks for it."""
        return timedelta(seconds=self._integer("BOOKING_PAYMENT_ACTION_SECONDS", 3600, 60, 86_400))

    @property
    def approval_limits(self) -> dict[str, int]:
        """Amount above which another person must approve a refund, in minor units by currency; empty for none."""
        pairs = self.environment.get("BOOKING_APPROVAL_LIMITS", "").split()
        for pair in pairs:
            if not re.fullmatch(r"[A-Z]{3}:[0-9]{1,12}", pair):
                raise Misconfigured(f"BOOKING_APPROVAL_LIMITS must list pairs such as EUR:10000, got {pair!r}.")
        return {pair[:3]: int(pair[4:]) for pair in pairs}

    @property
    def approval_wait(self) -> timedelta:
        """Time for which a held refund waits for its approval."""
        return timedelta(days=self._integer("BOOKING_APPROVAL_DAYS", 7, 1, 365))

    @property
    def approvals_need_api(self) -> bool:
        """True if decisions and overrides count only when the API identified the caller."""
        mode = self._text("BOOKING_APPROVALS")
        if mode not in ("any", "api-only"):
            raise Misconfigured(f"BOOKING_APPROVALS must be any or api-only, got {mode!r}.")
        return mode == "api-only"

    @property
    def sdk_timeout(self) -> timedelta:
        """Time within which a call to AWS must end, including retries."""
        return timedelta(seconds=self._integer("BOOKING_SDK_TIMEOUT_SECONDS", 5, 1, 60))

    @classmethod
    def of(cls, environment: Mapping[str, str], required: tuple[str, ...]) -> Self:
        """Return the settings after reading those in `required`, so that mistakes show at startup.

        Raises:
            Misconfigured: one of them is missing or invalid.
        """
        settings = cls(environment=environment)
        for name in required:
            getattr(settings, name)
        return settings

    def _text(self, name: str) -> str:
        value = self.environment.get(name, "")
        if not value:
            raise Misconfigured(f"{name} is not set in the environment of this function.")
        return value

    def _choice(self, name: str, *allowed: str) -> str:
        value = self._text(name)
        if value not in allowed:
            raise Misconfigured(f"{name} must be {' or '.join(allowed)}, got {value!r}.")
        return value

    def _integer(self, name: str, default: int | None, minimum: int, maximum: int) -> int:
        text = self.environment.get(name, "" if default is None else str(default))
        if not text.isascii() or not text.isdigit() or not minimum <= int(text) <= maximum:
            raise Misconfigured(f"{name} must be an integer from {minimum} to {maximum}, got {text!r}.")
        return int(text)
