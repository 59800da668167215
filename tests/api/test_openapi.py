"""The OpenAPI document is generated from the contracts, and the API's answers match it."""

import re
from typing import Any

import pytest

from handlers.contracts.api_routes import OPENAPI, ROUTES, Role
from tests.api.api_callers import Api, ApiReply, purchase_body
from tools.openapi import PAGE, build_document, render_document, render_page

DOCUMENT = build_document()


def test_the_document_is_current() -> None:
    """Renew it with `python -m tools.openapi`."""
    assert OPENAPI.read_text(encoding="utf-8") == render_document()


def test_the_table_of_routes_is_current() -> None:
    """Renew it with `python -m tools.openapi`."""
    page = PAGE.read_text("utf-8")
    assert page == render_page(page)


def test_the_document_is_served() -> None:
    assert Api().call("GET", "/openapi.json").body == DOCUMENT


def test_the_document_lists_every_route_and_its_roles() -> None:
    found = {
        f"{method.upper()} {path}": operation.get("x-roles", [])
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
    }
    assert found == {route.key: sorted(route.roles) for route in ROUTES}


def test_every_reference_resolves() -> None:
    for reference in _references(DOCUMENT):
        assert _resolve({"$ref": reference}) is not None


def test_every_link_provides_all_path_parameters() -> None:
    paths = {route.name: set(re.findall(r"\{(\w+)\}", route.path)) for route in ROUTES}
    answers = [each for path in DOCUMENT["paths"].values() for operation in path.values()
               for each in operation["responses"].values()]  # fmt: skip
    links = [link for answer in answers for link in answer.get("links", {}).values()]
    assert links
    assert [link for link in links if set(link["parameters"]) != paths[link["operationId"]]] == []


@pytest.mark.parametrize("field", ["customer_id", "requested_by", "request_id", "action"])
def test_request_bodies_lack_the_fields_that_the_api_sets(field: str) -> None:
    for name in ("Purchase", "Refund", "Capture", "Cancel", "Decision", "Resolution"):
        assert field not in DOCUMENT["components"]["schemas"][name]["properties"]


def test_answers_match_their_schemas() -> None:
    api = Api()
    api.world.environment["BOOKING_APPROVAL_LIMITS"] = "EUR:500"
    customer, staff, approver = api.token("anna", Role.CUSTOMER), api.staff(), api.token("eva", Role.APPROVER)
    bought = api.buy("anna")
    waiting = api.place_challenged_order("anna")
    later = {**purchase_body(lamp=(1, 1000)), "capture": "later"}
    reserved = [api.call("POST", "/v1/orders", customer, later, idempotency_key=f"l{n}") for n in range(2)]
    first, second = (each.body["order_id"] for each in reserved)
    order = bought.body["order_id"]
    refund_body = {"reason": "scratched", "amount_minor": 100}
    key = {"idempotency_key": "back", "prefer": "wait=5"}
    held = api.call(
        "POST", f"/v1/orders/{order}/refunds", staff, {**refund_body, "amount_minor": 600}, idempotency_key="h"
    )
    refund = api.call("GET", held.headers["location"], staff).body["refund_id"]
    decision = f"/v1/orders/{order}/approvals/{refund}"
    answers = [
        ("purchase", bought),
        ("purchase", reserved[0]),
        ("refund", held),
        ("show_request", api.call("GET", held.headers["location"], staff)),
        ("list_approvals", api.call("GET", "/v1/approvals", approver)),
        ("list_approvals", api.call("GET", "/v1/approvals?limit=0", approver)),
        ("decide", api.call("POST", decision, approver, {"decision": "approve"}, **key)),
        ("decide", api.call("POST", decision, approver, {"decision": "deny"}, **key)),
        ("capture", api.call("POST", f"/v1/orders/{first}/capture", staff, {}, **key)),
        ("cancel", api.call("POST", f"/v1/orders/{second}/cancel", customer, **key)),
        ("refund", api.call("POST", f"/v1/orders/{order}/refunds?dry_run=true", staff, refund_body, **key)),
        ("refund", api.call("POST", f"/v1/orders/{order}/refunds", staff, refund_body, **key)),
        ("refund", api.call("POST", f"/v1/orders/{order}/refunds?dry_run=true", staff, refund_body, **key)),
        ("purchase", api.call("POST", "/v1/orders", customer, purchase_body(lamp=(99, 1000)), **key)),
        ("list_orders", api.call("GET", "/v1/orders", staff)),
        ("show_order", api.call("GET", f"/v1/orders/{order}", customer)),
        ("show_order", api.call("GET", f"/v1/orders/{order}", staff)),
        ("list_refunds", api.call("GET", f"/v1/orders/{order}/refunds", staff)),
        ("show_request", api.call("GET", f"/v1/requests/{bought.body['handle']}", customer)),
        ("show_payment_action", api.call("GET", f"/v1/orders/{order}/payment-action", customer)),
        ("show_payment_action", api.call("GET", f"/v1/orders/{waiting}/payment-action", customer)),
        ("show_stock", api.call("GET", "/v1/stock/lamp", customer)),
        ("show_caller", api.call("GET", "/v1/me", customer)),
        ("show_caller", api.call("GET", "/v1/me")),
        ("show_order", api.call("GET", "/v1/orders/ord_0", customer)),
    ]
    for name, reply in answers:
        _check(name, reply)


def _check(name: str, reply: ApiReply) -> None:
    [operation] = [o for each in DOCUMENT["paths"].values() for o in each.values() if o["operationId"] == name]
    assert str(reply.status) in operation["responses"], (name, reply)
    response = _resolve(operation["responses"][str(reply.status)])
    schema = _resolve(response["content"][reply.headers["content-type"]]["schema"])
    alternatives = [_resolve(each) for each in schema.get("anyOf", [schema])]
    assert any(_fits(reply.body, each) for each in alternatives), (name, reply)


def _fits(body: dict[str, Any], schema: dict[str, Any]) -> bool:
    known = schema.get("properties", {})
    is_problem = "trace_id" in known  # which may say more
    return set(schema.get("required", [])) <= set(body) and (is_problem or set(body) <= set(known))


def _resolve(value: Any) -> Any:
    if "$ref" not in value:
        return value
    found: Any = DOCUMENT
    for part in value["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [each for inner in value.values() for each in _references(inner)]
    return [each for inner in value for each in _references(inner)] if isinstance(value, list) else []
