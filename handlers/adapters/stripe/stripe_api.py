"""Stripe's API over HTTP: form posts with an idempotency key, a pinned version and a time limit.

The official SDK takes 0.2 s to import and 31 MB; these calls need urllib3 only, which is part of boto3's dependencies
and therefore of the Lambda runtime.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, cast
from urllib.parse import urlencode

from ...domain.errors import PaymentOutcomeUnknown
from .api_errors import ErrorMeaning, error_meaning

API_VERSION: Final = "2026-08-26.dahlia"
"""The version that stripe-mock v0.203.0 implements. Change both together, after reading Stripe's changelog."""
ENDPOINT: Final = "https://api.stripe.com"
StripeObject = Mapping[str, Any]  # Stripe's JSON; each reader checks the fields that it uses
Form = Mapping[str, str]


class HttpReply(Protocol):
    """The part of urllib3's response that we use."""

    @property
    def status(self) -> int:
        """HTTP status."""
        ...

    @property
    def data(self) -> bytes:
        """Body."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers."""
        ...


class HttpPool(Protocol):
    """The part of `urllib3.PoolManager` that we use."""

    def request(self, method: str, url: str, *, body: bytes | None, headers: Mapping[str, str]) -> HttpReply:
        """Send a request."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeResult:
    """An object in Stripe's answer. `is_replayed`: its state is that of the idempotency key's first use."""

    item: StripeObject
    is_replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeError:
    """An error in Stripe's answer. It contains no card data and no secret."""

    meaning: ErrorMeaning
    status: int
    code: str = ""
    decline_code: str = ""
    param: str = ""

    @property
    def reason(self) -> str:
        """The most specific code, for ledger and answer."""
        return self.decline_code or self.code or f"http_{self.status}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeApi:
    """One HTTP call per method call. Nothing is repeated, except once after a 401, with the secret read again."""

    pool: HttpPool
    secret: Callable[[bool], str]
    """Return the secret key; read it again if the argument is true."""
    endpoint: str = ENDPOINT
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def get(self, path: str, query: Form | None = None) -> StripeResult | StripeError:
        """Read an object or a list."""
        target = f"{path}?{urlencode(query)}" if query else path
        return self._call("GET", target, None, {})

    def post(self, path: str, form: Form, *, key: str = "") -> StripeResult | StripeError:
        """Create or change an object, once per idempotency key.

        Raises:
            PaymentOutcomeUnknown: no reply. The call may have taken effect.
        """
        key_header = {"Idempotency-Key": key} if key else {}
        return self._call("POST", path, urlencode(form).encode(), key_header)

    def _call(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> StripeResult | StripeError:
        reply = self._send(method, target, body, headers, fresh_secret=False)
        if isinstance(reply, StripeError) and reply.meaning is ErrorMeaning.UNAUTHORIZED:
            reply = self._send(method, target, body, headers, fresh_secret=True)
        return reply

    def _send(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str], *, fresh_secret: bool
    ) -> StripeResult | StripeError:
        from urllib3.exceptions import (
            HTTPError,
        )  # imported late, like the pool: with the sandbox, a cold start does not need it

        sent = {
            "Authorization": f"Bearer {self.secret(fresh_secret)}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Stripe-Version": API_VERSION,
            **self.headers,
            **headers,
        }
        try:
            reply = self.pool.request(method, self.endpoint + target, body=body, headers=sent)
        except HTTPError as error:
            raise PaymentOutcomeUnknown(
                f"Stripe did not answer {method} {_without_query(target)}."
            ) from _without_message(error)
        return _read(reply)


def urllib3_pool(timeout_seconds: float) -> HttpPool:
    """Return a connection pool with time limits that neither retries nor follows redirects."""
    from urllib3 import PoolManager, Retry, Timeout

    timeout = Timeout(connect=timeout_seconds / 5, read=timeout_seconds * 4 / 5)
    retries = Retry(total=0, redirect=0, raise_on_redirect=False)
    return cast("HttpPool", PoolManager(timeout=timeout, retries=retries, cert_reqs="CERT_REQUIRED"))


def _read(reply: HttpReply) -> StripeResult | StripeError:
    parsed = _parse(reply.data)
    if reply.status == 200 and parsed:
        return StripeResult(item=parsed, is_replayed=reply.headers.get("Idempotent-Replayed") == "true")
    details = parsed.get("error")
    error: StripeObject = cast("StripeObject", details) if isinstance(details, dict) else {}
    kind, code = str(error.get("type") or ""), str(error.get("code") or "")
    return StripeError(
        meaning=error_meaning(reply.status, kind, code),
        status=reply.status,
        code=code,
        decline_code=str(error.get("decline_code") or ""),
        param=str(error.get("param") or ""),
    )


def _parse(body: bytes) -> StripeObject:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return cast("StripeObject", parsed) if isinstance(parsed, dict) else {}


def _without_query(target: str) -> str:
    """Return a target without its query, which may be long."""
    return target.partition("?")[0]


def _without_message(error: Exception) -> Exception:
    """Return an error of the same kind without its message, which may contain a URL."""
    return ConnectionError(type(error).__name__)
