"""Admission to the deployed API by API Gateway's authorizer and the function behind it, with IAM enforced.

The tests control the issuer of the tokens, the embedded AWS's own, so its key signs invalid ones, too.
"""

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from handlers.contracts.api_routes import ROUTES, Role, Route
from handlers.domain.requests import person_id_of
from local.instance.token_issuer import OWN_AUDIENCE, OWN_ISSUER, issue_token, public_keys_file, sign_token
from local.pytest_plugin import DeployedStack
from tests.integration.api_client import buy, call, token

PROTECTED = [route for route in ROUTES if not route.is_public]


def target(route: Route, **parameters: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda name: parameters.get(name[1], "x1"), route.path)


@pytest.mark.parametrize("role", [*Role, None])
def test_every_route_is_open_only_to_its_roles(shop: DeployedStack, role: Role | None) -> None:
    """Every combination is tested. Statuses after admission (404, 415, 200) do not matter."""
    caller = token(shop, "maria", *([role] if role else []))
    for route in ROUTES:
        status, body, _ = call(shop, route.method, target(route), caller)
        is_admitted = route.is_public or role in route.roles
        assert (status not in (401, 403)) == is_admitted, (route.key, status, body)
        assert is_admitted or body["code"] == ("ROLE_NOT_ALLOWED" if role else "NO_ROLE"), (route.key, body)


def test_without_a_token_only_public_routes_answer(shop: DeployedStack) -> None:
    statuses = {route.key: call(shop, route.method, target(route))[0] for route in ROUTES}
    assert statuses == {route.key: 200 if route.is_public else 401 for route in ROUTES}


def _claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {"iss": OWN_ISSUER, "sub": "eve", "aud": OWN_AUDIENCE, "iat": now, "exp": now + 600, "groups": [*Role]}
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


def _sign_with(header: Mapping[str, Any], **changes: Any) -> Callable[[DeployedStack, Path], str]:
    return lambda shop, _: sign_token(shop.instance.folder, {"typ": "at+jwt", **header}, _claims(**changes))


def _encode(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def _unsigned_token(_shop: DeployedStack, _other: Path) -> str:
    return f"{_encode({'alg': 'none', 'typ': 'at+jwt', 'kid': 'embedded'})}.{_encode(_claims())}.AA"


def _hs256_token(shop: DeployedStack, _other: Path) -> str:
    """Return a token that is signed by HS256 with the public key as its secret, a classic attack."""
    text = f"{_encode({'alg': 'HS256', 'typ': 'at+jwt', 'kid': 'embedded'})}.{_encode(_claims())}"
    secret = public_keys_file(shop.instance.folder).read_bytes()
    mac = hmac.digest(secret, text.encode(), hashlib.sha256)
    return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def _altered_token(shop: DeployedStack, _other: Path) -> str:
    header, _, signature = sign_token(shop.instance.folder, {"typ": "at+jwt"}, _claims(groups=[])).split(".")
    return f"{header}.{_encode(_claims())}.{signature}"


ATTACKS: dict[str, Callable[[DeployedStack, Path], str]] = {
    "expired": _sign_with({}, exp=1),
    "without exp": _sign_with({}, exp=None),
    "another audience": _sign_with({}, aud="shop"),
    "without an audience": _sign_with({}, aud=None),
    "another issuer": _sign_with({}, iss="https://id.example.com"),
    "an ID token": _sign_with({"typ": "JWT"}),
    "alg none": _unsigned_token,
    "HS256": _hs256_token,
    "altered": _altered_token,
    "foreign, signed by the issuer of another instance": lambda _, other: issue_token(other, "eve", [*Role]),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_invalid_tokens_are_rejected_by_every_route(shop: DeployedStack, attack: str, tmp_path: Path) -> None:
    invalid_token = ATTACKS[attack](shop, tmp_path)
    assert {call(shop, route.method, target(route), invalid_token)[0] for route in PROTECTED} == {401}


@pytest.mark.parametrize("group", ["Domain staff", "[staff]", "staff,approver"])
def test_a_role_within_a_group_name_does_not_count(shop: DeployedStack, group: str) -> None:
    caller = token(shop, "eve", group)
    answers = [call(shop, route.method, target(route), caller) for route in PROTECTED]
    assert {(status, body["code"]) for status, body, _ in answers} == {(403, "NO_ROLE")}


def test_no_parameter_gives_a_customer_access_to_another_customers_order(shop: DeployedStack) -> None:
    bought = buy(shop, "ines", "hers")[1]
    cursors = [call(shop, "GET", "/v1/orders?limit=1", token(shop, "ines", "customer"))[1].get("cursor", "W10")]
    ben, ines_id = token(shop, "ben", *Role), person_id_of(OWN_ISSUER, "ines")
    as_customer = token(shop, "ben", "customer")
    own = {"order_id": bought["order_id"], "handle": bought["handle"], "subject": bought["order_id"], "sku": "MUG"}
    order_routes = [route for route in PROTECTED if "{order_id}" in route.path or "{handle}" in route.path]
    for route in order_routes:
        if Role.CUSTOMER in route.roles:
            status, body, _ = call(shop, route.method, target(route, **own), as_customer, idempotency_key="theirs")
            assert (status, bought["order_id"] in json.dumps(body)) == (404, False), route.key
    for query in (f"customer={ines_id}", f"customer={ines_id}&limit=100", "since=2020-01-01"):
        reply = call(shop, "GET", f"/v1/orders?{query}", as_customer)
        assert bought["order_id"] not in json.dumps(reply[1]), query
    assert call(shop, "GET", f"/v1/orders?cursor={quote(cursors[0])}x", as_customer)[0] == 400
    assert call(shop, "GET", f"/v1/requests/{bought['handle']}", ben)[0] == 404
