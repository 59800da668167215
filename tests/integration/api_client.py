"""Calls the API over HTTP, with tokens of the embedded AWS's own issuer."""

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from local.instance.token_issuer import issue_token
from local.pytest_plugin import DeployedStack

Reply = tuple[int, dict[str, Any], Mapping[str, str]]
BODY = {
    "currency": "EUR",
    "lines": [{"sku": "MUG", "quantity": 1, "unit_price_minor": 800}],
    "payment_method": "pm_ok",
}


def call(
    shop: DeployedStack, method: str, path: str, token: str | None = None, body: Any = None, **headers: str
) -> Reply:
    """Make a call, and repeat it while all ten concurrent executions of a new account are in use."""
    request_headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request_headers |= {"authorization": f"Bearer {token}"} if token else {}
    request_headers |= {"content-type": "application/json"} if body is not None else {}
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        shop.outputs["apiUrl"] + path, data=content, headers=request_headers, method=method
    )
    ssl_context = ssl.create_default_context(cafile=str(shop.instance.certificate))
    deadline = time.monotonic() + 60
    while True:
        reply = _send(request, ssl_context)
        if reply[0] not in (429, 503) or time.monotonic() > deadline:
            return reply
        time.sleep(0.2)


def _send(request: urllib.request.Request, ssl_context: ssl.SSLContext) -> Reply:
    try:
        with urllib.request.urlopen(request, context=ssl_context, timeout=60) as reply:
            return reply.status, json.load(reply), reply.headers
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), error.headers


def token(shop: DeployedStack, sub: str, *roles: str) -> str:
    return issue_token(shop.instance.folder, sub, roles)


def wait_for_result(shop: DeployedStack, reply: Reply, token: str, until: tuple[str, ...] = ()) -> Reply:
    """Wait for the result of an accepted request; the statuses in `until` also count as results."""
    status, body, headers = reply
    deadline = time.monotonic() + 60
    location = headers.get("location")
    while status == 202 and body["status"] not in until and time.monotonic() < deadline:
        time.sleep(0.05)
        reply = call(shop, "GET", str(location), token)
        status, body, _ = reply
    return reply


def buy(shop: DeployedStack, sub: str, key: str, body: Any = None) -> Reply:
    own = token(shop, sub, "customer")
    return wait_for_result(shop, call(shop, "POST", "/v1/orders", own, body or BODY, idempotency_key=key), own)
