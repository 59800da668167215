"""Calls that schemathesis generates from the OpenAPI document, against the function in process.

Two of three are grounded: they name an existing SKU, order or case, so that some requests are accepted.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import jsonschema_rs
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core import NotSet

from handlers.contracts.api_routes import ROUTES, Role, Route
from tests.api.api_callers import Api, ApiReply, purchase_body
from tests.environment import THOROUGH
from tools.openapi import build_document

DOCUMENT = build_document()
CASES = 5_000 if THOROUGH else 100
MIN_ACCEPTED = 0.3
CALLS = settings(
    max_examples=-(-CASES // len(ROUTES)),
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)


def test_generated_calls_are_answered_as_documented() -> None:
    """At least MIN_ACCEPTED of the requests must be accepted, because refusals alone would prove little."""
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    operations = {each.ok().definition.raw["operationId"]: each.ok() for each in schema.get_all_operations()}
    posts = Counter[bool]()
    for route in ROUTES:
        _generate_calls(route, operations[route.name], posts)
    share = posts[True] / posts.total()
    print(f"{posts.total()} POSTs, {share:.0%} of them accepted")
    assert share >= MIN_ACCEPTED


def _generate_calls(route: Route, operation: Any, posts: Counter[bool]) -> None:
    valid, invalid = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)

    @CALLS
    @given(case=valid | valid | invalid, is_grounded=st.sampled_from([True, True, False]))
    def call(case: Any, is_grounded: bool) -> None:
        reply = _send(route, case, is_grounded=is_grounded)
        _check(route, reply)
        if route.method == "POST":
            posts[reply.status < 300] += 1

    call()


def _send(route: Route, case: Any, *, is_grounded: bool) -> ApiReply:
    api = Api()
    api.world.environment["BOOKING_APPROVAL_LIMITS"] = "EUR:500"
    path, body = dict(case.path_parameters or {}), None if isinstance(case.body, NotSet) else case.body
    if is_grounded and isinstance(body, dict | None) and case.meta.generation.mode is GenerationMode.POSITIVE:
        path |= {name: value for name, value in _SITUATIONS.get(route.name, _order)(api).items() if name in path}
        body = _GROUNDED.get(route.name, dict)(body) if body is not None else None
    target = route.path.format(**{name: quote(str(value), safe="") for name, value in path.items()})
    query = urlencode(case.query or {})
    headers = {name.lower(): str(value) for name, value in (case.headers or {}).items()} | {"prefer": "wait=5"}
    headers.pop("authorization", None)
    token = None if route.is_public else api.token("anna" if Role.CUSTOMER in route.roles else "zoe", *Role)
    return api.call(route.method, f"{target}?{query}" if query else target, token, body, **headers)


def _check(route: Route, reply: ApiReply) -> None:
    validator = _validator(route.name, reply.status, reply.headers["content-type"])
    assert validator is not None, f"{route.key} answered {reply.status}, which is not documented: {reply.body}"
    validator.validate(reply.body)


@cache
def _validator(name: str, status: int, content_type: str) -> jsonschema_rs.Validator | None:
    """Return a validator of an answer, or None if the document has no such answer."""
    operations = (each for path in DOCUMENT["paths"].values() for each in path.values())
    [operation] = [each for each in operations if each["operationId"] == name]
    response = operation["responses"].get(str(status))
    if response is None:
        return None
    if "$ref" in response:
        response = DOCUMENT["components"]["responses"]["Problem"]
    schema = response["content"][content_type]["schema"]
    return jsonschema_rs.validator_for({**schema, "components": DOCUMENT["components"]})


Situation = Callable[[Api], Mapping[str, str]]


def _order(api: Api) -> Mapping[str, str]:
    return {"order_id": api.place_order("anna"), "sku": "lamp"}


def _hold(api: Api) -> Mapping[str, str]:
    body = {**purchase_body(lamp=(2, 1000)), "capture": "later"}
    token, headers = api.token("anna", Role.CUSTOMER), {"idempotency_key": "hold", "prefer": "wait=5"}
    return {"order_id": api.call("POST", "/v1/orders", token, body, **headers).body["order_id"]}


def _challenge(api: Api) -> Mapping[str, str]:
    return {"order_id": api.place_challenged_order("anna")}


def _held_refund(api: Api) -> Mapping[str, str]:
    order_id = api.place_order("anna")
    sent, headers = {"reason": "broken", "amount_minor": 600}, {"idempotency_key": "held", "prefer": "wait=5"}
    reply = api.call("POST", f"/v1/orders/{order_id}/refunds", api.staff(), sent, **headers)
    return {"order_id": order_id, "subject": reply.body["refund_id"]}


def _case(api: Api) -> Mapping[str, str]:
    order_id, case_id = api.open_contradiction()
    return {"order_id": order_id, "subject": case_id}


def _request(api: Api) -> Mapping[str, str]:
    return {"handle": api.buy("anna").body["handle"]}


_SITUATIONS: Mapping[str, Situation] = {
    "capture": _hold,
    "cancel": _hold,
    "decide": _held_refund,
    "resolve": _case,
    "show_payment_action": _challenge,
    "show_request": _request,
}
"""The preparation of a grounded call of a route, which returns its path parameters; by default, a paid order."""


def _ground_purchase(body: dict[str, Any]) -> dict[str, Any]:
    options = {name: value for name, value in body.items() if name in ("capture", "gateway_customer")}
    return {**purchase_body(lamp=(1 + len(body["lines"]) % 3, 1000)), **options}


def _ground_amount(body: dict[str, Any]) -> dict[str, Any]:
    """Replace amount or lines by valid ones, and leave only one of them."""
    grounded = {name: value for name, value in body.items() if name not in ("amount_minor", "lines")}
    if body.get("amount_minor") is not None:
        return {**grounded, "amount_minor": 1 + int(body["amount_minor"]) % 400}
    return grounded | ({"lines": [{"sku": "lamp", "quantity": 1}]} if body.get("lines") is not None else {})


_GROUNDED: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "purchase": _ground_purchase,
    "refund": _ground_amount,
    "capture": _ground_amount,
}
