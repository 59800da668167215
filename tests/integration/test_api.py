"""The API over HTTP, in the embedded AWS with IAM enforced and tokens of its own issuer."""

import base64
import hashlib
import hmac
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from handlers.domain.callers import person_id_of
from local.instance.token_issuer import OWN_AUDIENCE, OWN_ISSUER, issue_token, public_keys_file, sign_token
from local.pytest_plugin import DeployedStack
from tests.integration.shop import available, order

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


def ended(shop: DeployedStack, reply: Reply, token: str) -> Reply:
    """The result of a request that was accepted."""
    status, _, headers = reply
    deadline = time.monotonic() + 60
    location = headers.get("location")
    while status == 202 and time.monotonic() < deadline:
        time.sleep(0.05)
        reply = call(shop, "GET", str(location), token)
        status = reply[0]
    return reply


def buy(shop: DeployedStack, sub: str, key: str, body: Any = None) -> Reply:
    own = token(shop, sub, "customer")
    return ended(shop, call(shop, "POST", "/v1/orders", own, body or BODY, idempotency_key=key), own)


def test_a_purchase_and_a_refund_through_the_api(shop: DeployedStack) -> None:
    status, bought, headers = buy(shop, "anna", "api-1")
    assert (status, bought["status"]) == (200, "succeeded")
    assert headers["cache-control"] == "no-store"
    stored = order(shop, bought["order_id"])
    assert stored["ledger"][0]["origin"] == "api"
    assert stored["customer_id"] == person_id_of(OWN_ISSUER, "anna")
    staff = token(shop, "sam", "staff")
    path = f"/v1/orders/{bought['order_id']}/refunds"
    back = call(shop, "POST", path, staff, {"reason": "broken", "amount_minor": 300}, idempotency_key="back")
    status, refunded, _ = ended(shop, back, staff)
    assert (status, refunded["refundable_minor"]) == (200, 500)
    own = token(shop, "anna", "customer")
    assert call(shop, "GET", path, own)[1]["refunds"][0]["status"] == "SETTLED"
    assert [each["order_id"] for each in call(shop, "GET", "/v1/orders", own)[1]["orders"]] == [bought["order_id"]]
    assert call(shop, "GET", "/v1/stock/MUG", own)[1]["price_minor"] == 800
    assert call(shop, "GET", f"/v1/orders/{bought['order_id']}", token(shop, "ben", "customer"))[0] == 404
    assert call(shop, "GET", "/v1/orders?needs_attention=true", staff)[0] == 200
    assert call(shop, "GET", "/v1/orders", token(shop, "eva", "auditor"))[0] == 200


def test_one_key_is_one_order(shop: DeployedStack) -> None:
    before = available(shop, "MUG")
    replies = [buy(shop, "carl", "same") for _ in range(2)]
    assert {(status, body["order_id"]) for status, body, _ in replies} == {(200, replies[0][1]["order_id"])}
    assert available(shop, "MUG") == before - 1
    status, body, _ = buy(shop, "carl", "same", {**BODY, "payment_method": "pm_other"})
    assert (status, body["code"]) == (422, "KEY_REUSED")


def _claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {"iss": OWN_ISSUER, "sub": "eve", "aud": OWN_AUDIENCE, "iat": now, "exp": now + 600, "groups": ["staff"]}
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


def _signed(header: Mapping[str, Any], **changes: Any) -> Callable[[DeployedStack], str]:
    return lambda shop: sign_token(shop.instance.folder, {"typ": "at+jwt", **header}, _claims(**changes))


def _encoded(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def _unsigned(shop: DeployedStack) -> str:
    return f"{_encoded({'alg': 'none', 'typ': 'at+jwt', 'kid': 'embedded'})}.{_encoded(_claims())}.AA"


def _by_public_key(shop: DeployedStack) -> str:
    """HS256 with the public key as its secret: the classic confusion."""
    text = f"{_encoded({'alg': 'HS256', 'typ': 'at+jwt', 'kid': 'embedded'})}.{_encoded(_claims())}"
    secret = public_keys_file(shop.instance.folder).read_bytes()
    mac = hmac.digest(secret, text.encode(), hashlib.sha256)
    return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def _foreign(shop: DeployedStack, folder: Any) -> str:
    return issue_token(folder, "eve", ["staff"])


ATTACKS: dict[str, Callable[[DeployedStack], str]] = {
    "expired": _signed({}, exp=1),
    "without exp": _signed({}, exp=None),
    "another audience": _signed({}, aud="shop"),
    "another issuer": _signed({}, iss="https://id.example.com"),
    "an ID token": _signed({"typ": "JWT"}),
    "alg none": _unsigned,
    "HS256": _by_public_key,
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_other_token_is_let_in(shop: DeployedStack, attack: str) -> None:
    assert call(shop, "GET", "/v1/me", ATTACKS[attack](shop))[0] == 401


def test_no_token_and_a_foreign_one_are_not_let_in(shop: DeployedStack, tmp_path: Any) -> None:
    assert call(shop, "GET", "/v1/me")[0] == 401
    assert call(shop, "GET", "/v1/me", _foreign(shop, tmp_path))[0] == 401


@pytest.mark.parametrize("group", ["Domain staff", "[staff]", "staff,approver"])
def test_no_part_of_a_group_is_a_role(shop: DeployedStack, group: str) -> None:
    assert call(shop, "GET", "/v1/me", token(shop, "eve", group))[0] == 403


def test_whoever_starts_executions_cannot_speak_for_the_api(shop: DeployedStack) -> None:
    """Neither with a MAC of their own making, nor with one that they have seen."""
    bought = buy(shop, "dora", "mine")[1]
    executions = shop.client("stepfunctions").list_executions(stateMachineArn=shop.outputs["stateMachineArn"])
    seen = next(e for e in executions["executions"] if e["name"].startswith("purchase-mine-"))
    envelope = json.loads(shop.client("stepfunctions").describe_execution(executionArn=seen["executionArn"])["input"])
    forged = {**envelope, "request": {**envelope["request"], "request_id": "another"}}
    assert (shop.run(forged).output or {})["code"] == "CALLER_NOT_PROVEN"
    assert (shop.run(envelope).output or {})["order_id"] == bought["order_id"]


def test_only_the_api_may_make_proofs(shop: DeployedStack) -> None:
    lambda_, kms = shop.client("lambda"), shop.client("kms")
    functions = [shop.outputs[name] for name in ("purchaseFunction", "refundFunction", "apiFunction")]
    configurations = [lambda_.get_function_configuration(FunctionName=name) for name in functions]
    key = configurations[0]["Environment"]["Variables"]["BOOKING_PROOF_KEY"]
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeySpec"] == "HMAC_256"
    for configuration, may in zip(configurations, (False, False, True), strict=True):
        made = _may_sign(shop.client("kms", configuration["Role"]), key)
        assert made == may, configuration["FunctionName"]


def _may_sign(kms: Any, key: str) -> bool:
    try:
        kms.generate_mac(KeyId=key, MacAlgorithm="HMAC_SHA_256", Message=b"x")
    except kms.exceptions.ClientError:
        return False
    return True
