"""Sessions of calls that schemathesis makes up, each leading on from answers before it, against the deployed API.

The calls of a session are made up before it, so that they depend on no answer; only their paths are then filled in, by
the links of the OpenAPI document. Most are grounded as well: they name an article that exists, at its price, and
amounts that orders can give back.
"""

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from handlers.contracts.api_routes import ROUTES, Role, Route
from local.pytest_plugin import DeployedStack
from tests.integration.api_client import BODY, token, wait_for_result
from tools.openapi import build_document

MIN_CALLS = 300
MIN_ACCEPTED = 0.3
SESSIONS, STEPS = 50, 6
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
PEOPLE = {Role.CUSTOMER: "gerda", Role.STAFF: "gustav", Role.APPROVER: "gesine", Role.AUDITOR: "gregor"}
EXAMPLES = settings(
    max_examples=SESSIONS,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)
ROUTE_OF = {route.key: route for route in ROUTES}


class Visitors:
    """Four people, each with a role, and where the answers that they got lead."""

    def __init__(self, shop: DeployedStack) -> None:
        self.shop, self.calls, self.posts = shop, Counter[str](), Counter[bool]()
        self._tokens = {role: token(shop, name, role) for role, name in PEOPLE.items()}
        self._askers: dict[str, str] = {}
        self._offers: dict[str, Mapping[str, str]] = {}

    def make(self, case: Any) -> None:
        """Make a call, compare the answer with the document, and remember where it leads."""
        route = ROUTE_OF[case.operation.label]
        self.calls[route.name] += 1
        self._prepare(case, route)
        response = self._send(case)
        case.validate_response(response, checks=CHECKS)
        self._follow_links(case, response)
        if route.method == "POST":
            self.posts[self._final_status(case, response) < 300] += 1

    def _prepare(self, case: Any, route: Route) -> None:
        """Sign a call; three of four go where an answer led, with what can be carried out."""
        is_meant = case.meta.generation.mode is GenerationMode.POSITIVE and self.calls.total() % 4
        if is_meant and route.name in self._offers:
            case.path_parameters = {**case.path_parameters, **self._offers[route.name]}
        case.headers = {name: value for name, value in (case.headers or {}).items() if name.lower() != "authorization"}
        if not route.is_public:
            case.headers["Authorization"] = f"Bearer {self._token(route, case)}"
        if is_meant and route.method == "POST":
            case.headers["Idempotency-Key"] = f"session-{self.calls.total()}"
            if isinstance(case.body, dict):
                case.body = _ground(route.name, case.body, self.calls.total())

    def _token(self, route: Route, case: Any) -> str:
        """Return the token of the person who made the requested request, else of the route's first role."""
        asker = self._askers.get(str((case.path_parameters or {}).get("handle")))
        return asker or next(self._tokens[role] for role in Role if role in route.roles)

    def _send(self, case: Any) -> Response:
        """Send a call, and again while every execution that the account may have at once is in use."""
        deadline = time.monotonic() + 60
        while True:
            response: Response = case.call(
                base_url=self.shop.outputs["apiUrl"], verify=str(self.shop.instance.certificate)
            )
            if response.status_code not in (429, 503) or time.monotonic() > deadline:
                return response
            time.sleep(0.2)

    def _follow_links(self, case: Any, response: Response) -> None:
        answers = case.operation.definition.raw["responses"]
        links = answers.get(str(response.status_code), {}).get("links", {})
        for link in links.values():
            found = {name: _read(response.json(), where) for name, where in link["parameters"].items()}
            if None not in found.values():
                self._offers[link["operationId"]] = found

    def _final_status(self, case: Any, response: Response) -> int:
        """Wait for the end of a request."""
        if response.status_code != 202:
            return int(response.status_code)
        caller = case.headers["Authorization"].removeprefix("Bearer ")
        reply = (202, response.json(), {"location": response.headers["location"][0]})
        self._askers[reply[1]["handle"]] = caller
        return wait_for_result(self.shop, reply, caller, until=("pending", "unknown"))[0]


def _read(body: Any, expression: str) -> Any:
    """Return what a link's expression, `$response.body#/…`, finds in an answer; None if it finds nothing."""
    for part in expression.partition("#/")[2].split("/"):
        values: Any = dict(enumerate(body)) if isinstance(body, list) else body
        body = values.get(int(part) if isinstance(body, list) else part)
        if body is None:
            return None
    return body


def _ground(name: str, body: dict[str, Any], number: int) -> dict[str, Any]:
    """Make a body one that the shop can carry out; what it says otherwise stays."""
    if name == "purchase":
        kept = {field: body[field] for field in ("capture", "gateway_customer") if field in body}
        return {**BODY, **kept, "lines": [{**BODY["lines"][0], "quantity": 1 + number % 3}]}
    if name in ("refund", "capture"):
        rest = {field: value for field, value in body.items() if field not in ("amount_minor", "lines")}
        return {**rest, **({"amount_minor": 1 + number % 200} if number % 2 else {})}
    return body


@pytest.mark.nightly
def test_generated_sessions_are_answered_as_documented(shop: DeployedStack) -> None:
    """And a good part of the requests is accepted in the end, not only begun."""
    visitors = Visitors(shop)
    found = schemathesis.openapi.from_dict(build_document()).get_all_operations()
    cases = {operation.label: _cases(operation) for operation in (each.ok() for each in found)}
    sessions = st.tuples(cases["POST /v1/orders"], *[st.one_of(*cases.values())] * (STEPS - 1))

    @EXAMPLES
    @given(sessions)
    def visit(session: tuple[Any, ...]) -> None:
        for case in session:
            visitors.make(case)

    visit()
    calls, posts = visitors.calls.total(), visitors.posts.total()
    share = visitors.posts[True] / posts
    print(f"{calls} calls, {posts} POSTs, {share:.0%} of them accepted: {dict(visitors.calls)}")
    assert calls >= MIN_CALLS
    assert share >= MIN_ACCEPTED


def _cases(operation: Any) -> st.SearchStrategy[Any]:
    valid, invalid = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)
    return st.one_of(valid, valid, valid, invalid)
