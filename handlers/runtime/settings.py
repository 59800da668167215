"""What a function is told by its environment; the one place at run time that reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Self


class Misconfigured(Exception):
    """A variable of the environment is missing or wrong; the message names it and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The environment, read when it is asked for: a function has only the variables that it needs."""

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
        """Which payment gateway: `sandbox`."""
        name = self._text("BOOKING_GATEWAY")
        if name != "sandbox":
            raise Misconfigured(f"BOOKING_GATEWAY is {name!r}; allowed is sandbox.")
        return name

    @property
    def gateway_table(self) -> str:
        """Name of the sandbox gateway's table."""
        return self._text("BOOKING_GATEWAY_TABLE")

    @property
    def audit_bucket(self) -> str:
        """Name of the audit bucket."""
        return self._text("BOOKING_AUDIT_BUCKET")

    @property
    def parking_queue_url(self) -> str:
        """URL of the queue of outcomes that could not be recorded."""
        return self._text("BOOKING_PARKING_QUEUE_URL")

    @property
    def refund_window(self) -> timedelta:
        """How long after a purchase it can be refunded."""
        return timedelta(days=self._integer("BOOKING_REFUND_WINDOW_DAYS", None, 0, 3650))

    @property
    def sdk_timeout(self) -> timedelta:
        """How long one call of AWS may take."""
        return timedelta(seconds=self._integer("BOOKING_SDK_TIMEOUT_SECONDS", 5, 1, 60))

    @classmethod
    def of(cls, environment: Mapping[str, str], required: tuple[str, ...]) -> Self:
        """The settings, with the properties named in `needed` read once now, so that a fault shows at the start.

        Raises:
            Misconfigured: the first of them that is missing or wrong.
        """
        settings = cls(environment=environment)
        for name in required:
            getattr(settings, name)
        return settings

    def _text(self, name: str) -> str:
        value = self.environment.get(name, "")
        if not value:
            raise Misconfigured(f"{name} is not set in this function's environment.")
        return value

    def _integer(self, name: str, default: int | None, minimum: int, maximum: int) -> int:
        text = self.environment.get(name, "" if default is None else str(default))
        if not text.isascii() or not text.isdigit() or not minimum <= int(text) <= maximum:
            raise Misconfigured(f"{name} is {text!r}; allowed is a whole number from {minimum} to {maximum}.")
        return int(text)
