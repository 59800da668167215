"""Secrets of Stripe in AWS Secrets Manager: read once, and anew when Stripe or a signature shows that they changed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from botocore.exceptions import ClientError

from ...domain.errors import BookingError, Unavailable
from ..clients import Reply, call, code_of

MIN_AGE: Final = timedelta(minutes=1)
"""Time between two readings of the signing secrets, so that forged webhooks cannot exhaust Secrets Manager."""


class SecretMisconfigured(BookingError):
    """A secret does not hold what it should. The message never quotes it."""


class SecretUnreadable(SecretMisconfigured):
    """A secret does not exist, or may not be read; `cause` is the refusal of Secrets Manager."""

    def __init__(self, arn: str, cause: ClientError) -> None:
        super().__init__(f"The secret {arn} must exist and be readable by this function: {code_of(cause)}.")
        self.cause = cause


class SecretsManagerClient(Protocol):
    """The operation of `boto3.client("secretsmanager")` that we use."""

    def get_secret_value(self, **request: object) -> Reply: ...


@dataclass(slots=True)
class ApiSecret:
    """The secret key of the API. `mode` is `live` or `test`, and the key must be of that mode."""

    client: SecretsManagerClient
    arn: str
    mode: str
    _value: str = ""

    def __call__(self, fresh: bool) -> str:
        """Return the key, read anew if asked.

        Raises:
            SecretMisconfigured: the secret cannot be read, or holds no key of this mode.
            Unavailable: Secrets Manager does not answer.
        """
        if fresh or not self._value:
            value = _read(self.client, self.arn)
            if not value.startswith((f"sk_{self.mode}_", f"rk_{self.mode}_")):
                raise SecretMisconfigured(
                    f"The secret {self.arn} must hold a Stripe key in {self.mode} mode "
                    f"(sk_{self.mode}_... or rk_{self.mode}_...)."
                )
            self._value = value
        return self._value


@dataclass(slots=True)
class SigningSecrets:
    """The signing secrets of the webhook endpoint: one, or two while it is being rolled, separated by white space."""

    client: SecretsManagerClient
    arn: str
    now: Callable[[], datetime]
    _values: tuple[str, ...] = ()
    _since: datetime | None = field(default=None)

    def current(self) -> tuple[str, ...]:
        """Return the secrets that are valid as far as we know."""
        return self._values or self.read_again()

    def read_again(self) -> tuple[str, ...]:
        """Read the secrets anew, unless that was done a moment ago.

        Raises:
            SecretMisconfigured: the secret cannot be read, or holds none, or more than two.
            Unavailable: Secrets Manager does not answer.
        """
        now = self.now()
        if self._since is None or now - self._since >= MIN_AGE:
            values = tuple(_read(self.client, self.arn).split())
            if not 1 <= len(values) <= 2 or not all(value.startswith("whsec_") for value in values):
                raise SecretMisconfigured(
                    f"The secret {self.arn} must hold one or two signing secrets (whsec_...), separated by a space."
                )
            self._values, self._since = values, now
        return self._values


def _read(client: SecretsManagerClient, arn: str) -> str:
    try:
        reply = call(client.get_secret_value, SecretId=arn)
    except ClientError as error:
        raise SecretUnreadable(arn, error) from error
    value = reply.get("SecretString")
    if not isinstance(value, str):
        raise Unavailable(f"The secret {arn} holds no text.")
    return value.strip()
