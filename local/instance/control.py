"""The token that protects MiniStack's own endpoints, which reset, inspect and configure the embedded AWS.

Without it every program on this machine, and every page in a browser, could empty the account or read its messages.
"""

import hmac
import json
from collections.abc import Iterable
from typing import Final

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    Scope,
)

from .connections import TOKEN_HEADER

_PREFIX: Final = "/_ministack/"
_OPEN: Final = frozenset({"/_ministack/health", "/_ministack/ready"})
"""Endpoints that neither reveal nor change anything."""


def protect_control_endpoints(app: ASGIFramework, token: str) -> ASGIFramework:
    """Answer 403 to requests for a control endpoint that lack the token."""

    async def check_token(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] == "http" and _is_control(scope["path"]) and not _has_token(scope["headers"], token):
            await _forbid(send)
        else:
            await app(scope, receive, send)

    return check_token


def _is_control(path: str) -> bool:
    return path.startswith(_PREFIX) and path not in _OPEN


def _has_token(headers: Iterable[tuple[bytes, bytes]], token: str) -> bool:
    token_header = dict(headers).get(TOKEN_HEADER.encode(), b"")
    return hmac.compare_digest(token_header, token.encode())


async def _forbid(send: ASGISendCallable) -> None:
    problem = f"Control endpoints need the header {TOKEN_HEADER} with the instance's token."
    headers = [(b"content-type", b"application/json")]
    await send(HTTPResponseStartEvent(type="http.response.start", status=403, headers=headers, trailers=False))
    await send(
        HTTPResponseBodyEvent(type="http.response.body", body=json.dumps({"error": problem}).encode(), more_body=False)
    )
