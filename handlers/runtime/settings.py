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
        return timedelta(days=self._whole("BOOKING_REFUND_WINDOW_DAYS", None, 0, 3650))

    @property
    def sdk_timeout(self) -> timedelta:
        """How long one call of AWS may take."""
        return timedelta(seconds=self._whole("BOOKING_SDK_TIMEOUT_SECONDS", 5, 1, 60))

    @classmethod
    def of(cls, environment: Mapping[str, str], needed: tuple[str, ...]) -> Self:
        """The settings, with the properties named in `needed` read once now, so that a fault shows at the start.

        Raises:
            Misconfigured: the first of them that is missing or wrong.
        """
        settings = cls(environment=environment)
        for name in needed:
            getattr(settings, name)
        return settings

    def _text(self, name: str) -> str:
        value = self.environment.get(name, "")
        if not value:
            raise Misconfigured(f"{name} is not set in this function's environment.")
        return value

    def _whole(self, name: str, default: int | None, least: int, most: int) -> int:
        text = self.environment.get(name, "" if default is None else str(default))
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise Misconfigured(f"{name} is {text!r}; allowed is a whole number from {least} to {most}.")
        return int(text)
