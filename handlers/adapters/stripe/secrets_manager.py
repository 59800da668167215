"""Stripe's secrets in AWS Secrets Manager: read once, and again when Stripe or a signature shows that they changed."""

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
    """A secret does not have the required content. The message never quotes it."""


class SecretUnreadable(SecretMisconfigured):
    """A secret does not exist, or may not be read; `cause` is Secrets Manager's error."""

    def __init__(self, arn: str, cause: ClientError) -> None:
        super().__init__(f"The secret {arn} must exist and be readable by this function: {code_of(cause)}.")
        self.cause = cause


class SecretsManagerClient(Protocol):
    """The operation of `boto3.client("secretsmanager")` that we use."""

    def get_secret_value(self, **request: object) -> Reply: ...


@dataclass(slots=True)
class ApiSecret:
    """The secret key of the API. `mode` is `live` or `test`, and the key must be of that mode.

    `client` is called by the first reading: creating a client takes longer than importing the adapter.
    """

    client: Callable[[], SecretsManagerClient]
    arn: str
    mode: str
    _value: str = ""

    def __call__(self, fresh: bool) -> str:
        """Return the key, after reading it again if requested.

        Raises:
            SecretMisconfigured: the secret cannot be read, or contains no key of this mode.
            Unavailable: Secrets Manager does not answer.
        """
        if fresh or not self._value:
            value = _read(self.client(), self.arn)
            if not value.startswith((f"sk_{self.mode}_", f"rk_{self.mode}_")):
                raise SecretMisconfigured(
                    f"The secret {self.arn} must contain a Stripe key in {self.mode} mode "
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
        """Return the secrets as last read."""
        return self._values or self.read_again()

    def read_again(self) -> tuple[str, ...]:
        """Read the secrets again, unless they have just been read.

        Raises:
            SecretMisconfigured: the secret cannot be read, or does not contain one or two.
            Unavailable: Secrets Manager does not answer.
        """
        now = self.now()
        if self._since is None or now - self._since >= MIN_AGE:
            values = tuple(_read(self.client, self.arn).split())
            if not 1 <= len(values) <= 2 or not all(value.startswith("whsec_") for value in values):
                raise SecretMisconfigured(
                    f"The secret {self.arn} must contain one or two signing secrets (whsec_...), separated by a space."
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
        raise Unavailable(f"The secret {arn} must be a string, not binary.")
    return value.strip()
