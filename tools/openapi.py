"""Write the API's OpenAPI document, and the table of its routes in the docs: `python -m tools.openapi`.

Bodies come from the models of the requests, without the fields that the API takes from token, path and headers; routes
and roles come from the table of routes. What the API answers is described in `openapi_answers`.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from handlers.contracts.api_routes import DEFAULT_PAGE, MAX_PAGE, OPENAPI, ROUTES, Role, Route
from handlers.contracts.messages import (
    CancelRequest,
    CaptureRequest,
    DecisionRequest,
    PurchaseRequest,
    RefundRequest,
    ResolutionRequest,
)
from stepbooking import __version__

from .openapi_answers import ANSWERS, ID, TEXT, VIEWS, Json, ref
from .openapi_links import links_of

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "use-the-api.md"
_BEGIN, _END = "<!-- routes: python -m tools.openapi -->", "<!-- end of routes -->"


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
        content = {"application/json": {"schema": ref(_BODIES[route.name][0])}}
        operation["requestBody"] = {"required": route.name not in _OPTIONAL_BODIES, "content": content}
    return operation


def _tag(route: Route) -> str:
    parts = route.path.strip("/").split("/")
    return parts[1] if parts[0] == "v1" else "about"


def _path_parameters(route: Route) -> list[Json]:
    names = re.findall(r"\{(\w+)\}", route.path)
    schema = {"handle": {"type": "string", "maxLength": 700}}
    return [{"name": name, "in": "path", "required": True, "schema": schema.get(name, ID)} for name in names]


def _problems(route: Route) -> tuple[int, ...]:
    """Return the statuses of the problems of a route; API Gateway may throttle every one."""
    if route.is_public:
        return (429,)
    posts = (400, 404, 409, 413, 415, 422) if route.method == "POST" else ()
    lists = (400,) if route.name in ("list_orders", "list_approvals") else ()
    named = (404,) if "{" in route.path and not posts else ()
    results = (409, 422) if route.name == "show_request" else ()
    return (401, 403, *posts, *lists, *named, *results, 429, 503)


def _response(route: Route, status: int) -> Json:
    if status >= 400:
        return {"$ref": "#/components/responses/Problem"}
    schema = ANSWERS["accepted"] if status == 202 else ANSWERS[route.name]
    headers = {"Location": {"schema": TEXT}, "Retry-After": {"schema": TEXT}} if status == 202 else {}
    described = {"description": "Under way." if status == 202 else "Done."}
    links = links_of(route.name)
    return {
        **described,
        **({"headers": headers} if headers else {}),
        **({"links": links} if links else {}),
        "content": {"application/json": {"schema": schema}},
    }


def _problem_response() -> Json:
    content = {"application/problem+json": {"schema": ref("Problem")}, "application/json": {"schema": ref("Gateway")}}
    return {"description": "A problem (RFC 9457). API Gateway's own answers have only a `message`.", "content": content}


def _body(model: type[BaseModel], *excluded: str) -> tuple[Json, Json]:
    """Return a request's schema without the fields that are not the body's, and the schemas that it refers to."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    definitions: Json = schema.pop("$defs", {})
    schema["properties"] = {name: each for name, each in schema["properties"].items() if name not in excluded}
    schema["required"] = [name for name in schema["required"] if name not in excluded]
    return schema, definitions


def _schemas() -> Json:
    schemas: Json = {}
    for name, model, excluded in _BODIES.values():
        schema, definitions = _body(model, *excluded)
        schemas |= {**definitions, name: schema}
    return {**schemas, **VIEWS}


_STATUSES: Mapping[str, tuple[int, ...]] = {
    route.name: (200, 202) if route.method == "POST" or route.name == "show_request" else (200,) for route in ROUTES
}

_BY_STAFF = ("action", "request_id", "order_id", "requested_by")
_BODIES: Mapping[str, tuple[str, type[BaseModel], tuple[str, ...]]] = {
    "purchase": ("Purchase", PurchaseRequest, ("action", "request_id", "customer_id")),
    "refund": ("Refund", RefundRequest, _BY_STAFF),
    "capture": ("Capture", CaptureRequest, _BY_STAFF),
    "cancel": ("Cancel", CancelRequest, _BY_STAFF),
    "decide": ("Decision", DecisionRequest, (*_BY_STAFF, "subject")),
    "resolve": ("Resolution", ResolutionRequest, (*_BY_STAFF, "subject")),
}
"""The name and the model of each body, and the fields that the API itself writes."""
_OPTIONAL_BODIES = ("capture", "cancel")

_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "The same in each retry; with another body it is refused.",
    "schema": ID,
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


_LIMIT = _query("limit", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": DEFAULT_PAGE})
_CURSOR = _query("cursor", TEXT, "From the page before.")

_PARAMETERS: Mapping[str, list[Json]] = {
    "purchase": [_KEY, _PREFER],
    "refund": [_KEY, _PREFER, _query("dry_run", {"type": "boolean"}, "Show what would happen; write nothing.")],
    "list_orders": [
        _query("customer", ID, "Replaced by the caller for customers."),
        _query("since", {"type": "string", "format": "date"}, "A day in UTC."),
        _query("needs_attention", {"type": "boolean"}),
        _LIMIT,
        _CURSOR,
    ],
    "list_approvals": [_LIMIT, _CURSOR],
    **{name: [_KEY, _PREFER] for name in ("capture", "cancel", "decide", "resolve")},
}


def render_page(page: str) -> str:
    """Return the page with the table of the routes and their roles between its marks."""
    before, _, rest = page.partition(_BEGIN)
    return f"{before}{_BEGIN}\n{_route_table()}{_END}{rest.partition(_END)[2]}"


def _route_table() -> str:
    head = f"| route | {' | '.join(Role)} | purpose |\n|---|{'---|' * len(Role)}---|\n"
    return head + "".join(f"| `{each.key}` | {_marks(each)} | {each.summary} |\n" for each in ROUTES)


def _marks(route: Route) -> str:
    return " | ".join("anyone" if route.is_public else "yes" if role in route.roles else "" for role in Role)


if __name__ == "__main__":
    OPENAPI.write_text(render_document(), encoding="utf-8")
    PAGE.write_text(render_page(PAGE.read_text("utf-8")), encoding="utf-8")
