"""HTTP calls in API Gateway's format, and the answers to them."""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self, cast

from ...contracts.api_routes import MAX_BODY_BYTES, MAX_DEPTH

_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=63072000",
    "x-content-type-options": "nosniff",
}

TITLES: Final[Mapping[int, str]] = {
    400: "The request is malformed",
    401: "No valid access token",
    403: "Not allowed",
    404: "Not found",
    409: "The current state does not allow it",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "The request cannot be carried out",
    503: "Not available now",
}
"""The title of each kind of problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call: its route, parameters and claims, none of them trusted."""

    route: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    claims: Mapping[str, object]
    """The token's claims, as passed on by API Gateway's authorizer."""
    trace: str

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Self:
        """Parse an event of API Gateway, payload format 2.0."""
        context = _object_in(event, "requestContext")
        headers = {name.lower(): str(value) for name, value in _object_in(event, "headers").items()}
        claims = _object_in(_object_in(_object_in(context, "authorizer"), "jwt"), "claims")
        return cls(
            route=str(event.get("routeKey", "")),
            path=_object_in(event, "pathParameters"),
            query=_object_in(event, "queryStringParameters"),
            headers=headers,
            body=_body(event),
            claims=claims,
            trace=headers.get("x-amzn-trace-id") or str(context.get("requestId", "")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to a call."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content_type: str = "application/json"

    def as_event(self, trace: str) -> dict[str, Any]:
        """Return the answer in API Gateway's form, with the headers of every answer."""
        headers = {**_HEADERS, "content-type": self.content_type, "trace-id": trace, **self.headers}
        return {"statusCode": self.status, "headers": headers, "body": json.dumps(self.body), "isBase64Encoded": False}


@dataclass(frozen=True, slots=True)
class ApiProblem(Exception):
    """An RFC 9457 problem; raised to end a call."""

    status: int
    code: str
    detail: str
    extensions: Mapping[str, Any] = field(default_factory=dict[str, Any])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def reply(self, trace: str) -> Reply:
        """Return the problem as an answer."""
        body = {
            "type": f"urn:booking:problem:{self.code}",
            "title": TITLES[self.status],
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "trace_id": trace,
            **self.extensions,
        }
        return Reply(status=self.status, body=body, headers=self.headers, content_type="application/problem+json")


def read_json(call: Call) -> dict[str, Any]:
    """Return the JSON object in the body of a call.

    Raises:
        ApiProblem: it is too large, not JSON, not an object, nested too deeply, or names a field twice.
    """
    if len(call.body) > MAX_BODY_BYTES:
        raise ApiProblem(413, "BODY_TOO_LARGE", f"The body must have at most {MAX_BODY_BYTES} bytes.")
    if call.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise ApiProblem(415, "NOT_JSON", "The header Content-Type must be application/json.")
    try:
        value = json.loads(call.body, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ApiProblem(400, "NOT_JSON", "The body must be a JSON object without repeated fields.") from error
    if not isinstance(value, dict):
        raise ApiProblem(400, "NOT_JSON", "The body must be a JSON object.")
    body = cast("dict[str, Any]", value)
    if _depth(body) > MAX_DEPTH:
        raise ApiProblem(400, "NOT_JSON", f"The body must be nested at most {MAX_DEPTH} levels deep.")
    return body


def _object_in(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object of an event; API Gateway omits empty ones."""
    return cast("Mapping[str, Any]", event.get(name) or {})


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a field is repeated")
    return values


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _depth(value: object) -> int:
    inner: Iterable[object]
    if isinstance(value, dict):
        inner = cast("dict[str, object]", value).values()
    elif isinstance(value, list):
        inner = cast("list[object]", value)
    else:
        return 0
    return 1 + max((_depth(each) for each in inner), default=0)
