"""API Gateway's part of a call: the route, the event, and the claims as flattened by its JWT authorizer."""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from handlers.contracts.api_routes import ROUTES, Route


def jwt(payload: Mapping[str, Any], **header: Any) -> str:
    """Return a token whose signature is not checked here."""
    parts = ({"alg": "RS256", "typ": "at+jwt", "kid": "1", **header}, payload)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


def claims_of(token: str) -> dict[str, str]:
    """Return the claims that the authorizer passes on: every claim as a string, an array as "[a b]"."""
    payload = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return {name: _flat(value) for name, value in payload.items()}


def event_of(
    method: str,
    target: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    claims: Mapping[str, str] | None = None,
) -> dict[str, Any] | None:
    """Return the event of a call, or None if no route matches (API Gateway answers 404)."""
    path, _, query = target.partition("?")
    route, parameters = _match(method, path)
    if route is None:
        return None
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": {name.lower(): value for name, value in (headers or {}).items()},
        "requestContext": {"requestId": "r-1", "routeKey": route.key, "stage": "$default"},
        "isBase64Encoded": bool(body),
    }
    if parameters:
        event["pathParameters"] = parameters
    if query:
        event["queryStringParameters"] = _join_values(query)
    if body:
        event["body"] = base64.b64encode(body).decode()
    if claims is not None:
        event["requestContext"]["authorizer"] = {"jwt": {"claims": dict(claims), "scopes": None}}
    return event


def _match(method: str, path: str) -> tuple[Route | None, dict[str, str]]:
    for route in sorted(ROUTES, key=lambda each: each.path.count("{")):
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path)
        found = re.fullmatch(pattern, path)
        if found and route.method == method:
            return route, {name: unquote(value) for name, value in found.groupdict().items()}
    return None, {}


def _join_values(query: str) -> dict[str, str]:
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    return {name: ",".join(each) for name, each in values.items()}


def _flat(value: Any) -> str:
    if isinstance(value, list):
        return "[" + " ".join(map(_flat, value)) + "]"
    return value if isinstance(value, str) else json.dumps(value)
