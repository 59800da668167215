"""Calls of the API over HTTP, with tokens of the embedded AWS's own issuer."""

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
    """One call, repeated while the ten concurrent executions of a new account are all in use."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    sent |= {"authorization": f"Bearer {token}"} if token else {}
    sent |= {"content-type": "application/json"} if body is not None else {}
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(shop.outputs["apiUrl"] + path, data=content, headers=sent, method=method)
    trust = ssl.create_default_context(cafile=str(shop.instance.certificate))
    deadline = time.monotonic() + 60
    while True:
        reply = _send(request, trust)
        if reply[0] not in (429, 503) or time.monotonic() > deadline:
            return reply
        time.sleep(0.2)


def _send(request: urllib.request.Request, trust: ssl.SSLContext) -> Reply:
    try:
        with urllib.request.urlopen(request, context=trust, timeout=60) as reply:
            return reply.status, json.load(reply), reply.headers
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), error.headers


def token(shop: DeployedStack, sub: str, *roles: str) -> str:
    return issue_token(shop.instance.folder, sub, roles)


def wait_for_result(shop: DeployedStack, reply: Reply, token: str, until: tuple[str, ...] = ()) -> Reply:
    """The result of a request that was accepted; one of the statuses in `until` counts as a result, too."""
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
