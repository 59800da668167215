"""Write the API's OpenAPI document from its contracts: `python -m tools.openapi`.

Bodies come from the models of the requests, without the fields that the API takes from token, path and headers; routes
and roles come from the table of routes. What the API answers is described here, and tests validate real answers.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from handlers.contracts.api_routes import DEFAULT_PAGE, MAX_PAGE, OPENAPI, ROUTES, Route
from handlers.contracts.messages import MAX_LINES, PurchaseRequest, RefundRequest
from stepbooking import __version__

Json = dict[str, Any]
_ID = {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,64}$"}
_MINOR = {"type": "integer", "minimum": 0, "description": "In the currency's minor unit."}
_TEXT = {"type": "string"}
_TIME = {"type": "string", "format": "date-time"}


def build_document() -> Json:
    """Return the OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Booking API",
            "version": __version__,
            "summary": "Purchases and refunds, for customers, staff and auditors.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": _paths(),
        "components": {
            "securitySchemes": {
                "accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
            "schemas": _schemas(),
            "responses": {"Problem": _problem_response()},
        },
    }


def render_document() -> str:
    """Return the document as it is stored and served."""
    return json.dumps(build_document(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _paths() -> Json:
    paths: Json = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return paths


def _operation(route: Route) -> Json:
    statuses = _STATUSES[route.name]
    operation: Json = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [_tag(route)],
        "security": [] if route.is_public else [{"accessToken": []}],
        "parameters": [*_path_parameters(route), *_PARAMETERS.get(route.name, [])],
        "responses": {str(status): _response(route, status) for status in (*statuses, *_problems(route))},
    }
    if not route.is_public:
        operation["description"] = f"For {', '.join(sorted(route.roles))}."
        operation["x-roles"] = sorted(route.roles)
    if route.name in _BODIES:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": _BODIES[route.name]}}}
    return operation


def _tag(route: Route) -> str:
    parts = route.path.strip("/").split("/")
    return parts[1] if parts[0] == "v1" else "about"


def _path_parameters(route: Route) -> list[Json]:
    names = re.findall(r"\{(\w+)\}", route.path)
    schema = {"handle": {"type": "string", "maxLength": 700}}
    return [{"name": name, "in": "path", "required": True, "schema": schema.get(name, _ID)} for name in names]


def _problems(route: Route) -> tuple[int, ...]:
    """Return the statuses of the problems of a route."""
    if route.is_public:
        return ()
    posts = (400, 404, 409, 413, 415, 422) if route.method == "POST" else ()
    lists = (400,) if route.name == "list_orders" else ()
    named = (404,) if "{" in route.path and not posts else ()
    results = (409, 422) if route.name == "show_request" else ()
    return (401, 403, *posts, *lists, *named, *results, 503)


def _response(route: Route, status: int) -> Json:
    if status >= 400:
        return {"$ref": "#/components/responses/Problem"}
    schema = _ANSWERS["accepted"] if status == 202 else _ANSWERS[route.name]
    headers = {"Location": {"schema": _TEXT}, "Retry-After": {"schema": _TEXT}} if status == 202 else {}
    described = {"description": "Under way." if status == 202 else "Done."}
    return {
        **described,
        **({"headers": headers} if headers else {}),
        "content": {"application/json": {"schema": schema}},
    }


def _problem_response() -> Json:
    content = {"application/problem+json": {"schema": _ref("Problem")}, "application/json": {"schema": _ref("Gateway")}}
    return {"description": "A problem (RFC 9457). API Gateway's own answers have only a `message`.", "content": content}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: tuple[str, ...], **properties: Any) -> Json:
    return {"type": "object", "required": list(required), "properties": properties}


def _body(model: type[BaseModel], *own: str) -> tuple[Json, Json]:
    """Return a request's schema without the fields that are not the body's, and the schemas that it refers to."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    definitions: Json = schema.pop("$defs", {})
    schema["properties"] = {name: each for name, each in schema["properties"].items() if name not in own}
    schema["required"] = [name for name in schema["required"] if name not in own]
    return schema, definitions


def _schemas() -> Json:
    purchase, lines = _body(PurchaseRequest, "action", "request_id", "customer_id")
    refund, refund_lines = _body(RefundRequest, "action", "request_id", "order_id", "requested_by")
    return {**lines, **refund_lines, "Purchase": purchase, "Refund": refund, **_VIEWS}


_VIEWS: Mapping[str, Json] = {
    "Problem": _object(
        ("type", "title", "status", "detail", "code", "trace_id"),
        type=_TEXT,
        title=_TEXT,
        status={"type": "integer"},
        detail=_TEXT,
        code=_TEXT,
        trace_id=_TEXT,
        handle=_TEXT,
    ),
    "Gateway": _object((), message={"type": ["string", "null"]}),
    "Result": _object(
        ("status", "handle"),
        status={"enum": ["succeeded", "pending", "unknown", "running"]},
        handle=_TEXT,
        action=_TEXT,
        request_id=_ID,
        order_id=_ID,
        refund_id=_ID,
        amount_minor=_MINOR,
        currency=_TEXT,
        order_status=_TEXT,
        refundable_minor=_MINOR,
        code=_TEXT,
        message=_TEXT,
        replayed={"type": "boolean"},
    ),
    "Line": _object(
        ("sku", "quantity", "unit_price_minor"), sku=_ID, quantity={"type": "integer"}, unit_price_minor=_MINOR
    ),
    "Order": _object(
        (
            *("order_id", "status", "currency", "ordered_at", "refundable_until", "lines"),
            *("captured_minor", "reserved_minor", "refunded_minor", "refundable_minor"),
        ),
        order_id=_ID,
        status=_TEXT,
        currency=_TEXT,
        ordered_at=_TIME,
        refundable_until=_TIME,
        lines={"type": "array", "items": _ref("Line"), "maxItems": MAX_LINES},
        captured_minor=_MINOR,
        reserved_minor=_MINOR,
        refunded_minor=_MINOR,
        refundable_minor=_MINOR,
        customer_id={**_ID, "description": "For staff and auditors, like the fields below."},
        origin={"enum": ["api", "direct", None]},
        needs_attention={"type": "boolean"},
        version={"type": "integer"},
    ),
    "RefundState": _object(
        ("refund_id", "status", "amount_minor", "currency", "requested_at"),
        refund_id=_ID,
        status=_TEXT,
        amount_minor=_MINOR,
        currency=_TEXT,
        requested_at=_TIME,
        requested_by=_ID,
        request_id=_ID,
        origin={"enum": ["api", "direct", None]},
    ),
    "RefundPreview": _object(
        ("dry_run", "amount_minor", "currency", "refundable_minor"),
        dry_run={"const": True},
        amount_minor=_MINOR,
        currency=_TEXT,
        refundable_minor=_MINOR,
    ),
}

_ANSWERS: Mapping[str, Json] = {
    "accepted": _ref("Result"),
    "purchase": _ref("Result"),
    "refund": {"anyOf": [_ref("Result"), _ref("RefundPreview")]},
    "list_orders": _object(("orders",), orders={"type": "array", "items": _ref("Order")}, cursor=_TEXT),
    "show_order": _ref("Order"),
    "list_refunds": _object(("refunds",), refunds={"type": "array", "items": _ref("RefundState")}),
    "show_request": _ref("Result"),
    "show_stock": _object(
        ("sku", "price_minor", "currency", "available"),
        sku=_ID,
        price_minor=_MINOR,
        currency=_TEXT,
        available={"type": "integer"},
    ),
    "show_caller": _object(
        ("id", "issuer", "subject", "is_machine", "roles"),
        id=_ID,
        issuer=_TEXT,
        subject=_TEXT,
        is_machine={"type": "boolean"},
        roles={"type": "array", "items": _TEXT},
    ),
    "show_openapi": {"type": "object"},
    "show_health": _object(("status",), status={"const": "ok"}),
}

_STATUSES: Mapping[str, tuple[int, ...]] = {
    route.name: (200, 202) if route.method == "POST" or route.name == "show_request" else (200,) for route in ROUTES
}

_BODIES: Mapping[str, Json] = {"purchase": _ref("Purchase"), "refund": _ref("Refund")}

_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "The same in each retry; with another body it is refused.",
    "schema": _ID,
}
_PREFER: Json = {
    "name": "Prefer",
    "in": "header",
    "description": "`wait=n`: wait up to n seconds for the result, capped by the stage.",
    "schema": {"type": "string", "pattern": "^wait=[0-9]{1,4}$"},
}


def _query(name: str, schema: Json, description: str = "") -> Json:
    described = {"description": description} if description else {}
    return {"name": name, "in": "query", "schema": schema, **described}


_PARAMETERS: Mapping[str, list[Json]] = {
    "purchase": [_KEY, _PREFER],
    "refund": [_KEY, _PREFER, _query("dry_run", {"type": "boolean"}, "Show what would happen; write nothing.")],
    "list_orders": [
        _query("customer", _ID, "Replaced by the caller for customers."),
        _query("since", {"type": "string", "format": "date"}, "A day in UTC."),
        _query("needs_attention", {"type": "boolean"}),
        _query("limit", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": DEFAULT_PAGE}),
        _query("cursor", _TEXT, "From the page before."),
    ],
}


if __name__ == "__main__":
    OPENAPI.write_text(render_document(), encoding="utf-8")
