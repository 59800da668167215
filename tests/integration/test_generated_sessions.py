"""Sessions of calls that schemathesis generates, each following links of earlier answers, against the deployed API.

The calls of a session are generated before it, so they depend on no answer; only their paths are filled in later, from
the links of the OpenAPI document. Most are also feasible: they name an existing SKU at its price, and amounts that
orders can refund.
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


class SessionCallers:
    """Four people, each with a role, and the links in the answers to their calls."""

    def __init__(self, shop: DeployedStack) -> None:
        self.shop, self.calls, self.posts = shop, Counter[str](), Counter[bool]()
        self._tokens = {role: token(shop, name, role) for role, name in PEOPLE.items()}
        self._tokens_by_handle: dict[str, str] = {}
        self._link_parameters: dict[str, Mapping[str, str]] = {}

    def make(self, case: Any) -> None:
        """Make a call, validate the answer against the document, and remember its links."""
        route = ROUTE_OF[case.operation.label]
        self.calls[route.name] += 1
        self._prepare(case, route)
        response = self._send(case)
        case.validate_response(response, checks=CHECKS)
        self._follow_links(case, response)
        if route.method == "POST":
            self.posts[self._final_status(case, response) < 300] += 1

    def _prepare(self, case: Any, route: Route) -> None:
        """Add a token to a call; three of four follow a link and are feasible."""
        is_feasible = case.meta.generation.mode is GenerationMode.POSITIVE and self.calls.total() % 4
        if is_feasible and route.name in self._link_parameters:
            case.path_parameters = {**case.path_parameters, **self._link_parameters[route.name]}
        case.headers = {name: value for name, value in (case.headers or {}).items() if name.lower() != "authorization"}
        if not route.is_public:
            case.headers["Authorization"] = f"Bearer {self._token(route, case)}"
        if is_feasible and route.method == "POST":
            case.headers["Idempotency-Key"] = f"session-{self.calls.total()}"
            if isinstance(case.body, dict):
                case.body = _make_feasible(route.name, case.body, self.calls.total())

    def _token(self, route: Route, case: Any) -> str:
        """Return the token of the person who made the request with this handle, else of the route's first role."""
        own_token = self._tokens_by_handle.get(str((case.path_parameters or {}).get("handle")))
        return own_token or next(self._tokens[role] for role in Role if role in route.roles)

    def _send(self, case: Any) -> Response:
        """Send a call, and repeat it while all concurrent executions of the account are in use."""
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
            found = {name: _read(response.json(), pointer) for name, pointer in link["parameters"].items()}
            if None not in found.values():
                self._link_parameters[link["operationId"]] = found

    def _final_status(self, case: Any, response: Response) -> int:
        """Wait for the end of a request."""
        if response.status_code != 202:
            return int(response.status_code)
        caller = case.headers["Authorization"].removeprefix("Bearer ")
        reply = (202, response.json(), {"location": response.headers["location"][0]})
        self._tokens_by_handle[reply[1]["handle"]] = caller
        return wait_for_result(self.shop, reply, caller, until=("pending", "unknown"))[0]


def _read(body: Any, expression: str) -> Any:
    """Return the value of a link's expression, `$response.body#/…`, in an answer, or None."""
    for part in expression.partition("#/")[2].split("/"):
        values: Any = dict(enumerate(body)) if isinstance(body, list) else body
        body = values.get(int(part) if isinstance(body, list) else part)
        if body is None:
            return None
    return body


def _make_feasible(name: str, body: dict[str, Any], number: int) -> dict[str, Any]:
    """Change a body so that the shop can carry it out; its other fields stay unchanged."""
    if name == "purchase":
        kept_fields = {field: body[field] for field in ("capture", "gateway_customer") if field in body}
        return {**BODY, **kept_fields, "lines": [{**BODY["lines"][0], "quantity": 1 + number % 3}]}
    if name in ("refund", "capture"):
        rest = {field: value for field, value in body.items() if field not in ("amount_minor", "lines")}
        return {**rest, **({"amount_minor": 1 + number % 200} if number % 2 else {})}
    return body


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # after schemathesis rejects a case
def test_generated_sessions_are_answered_as_documented(shop: DeployedStack) -> None:
    """A minimum share of the requests also succeeds in the end."""
    callers = SessionCallers(shop)
    found = schemathesis.openapi.from_dict(build_document()).get_all_operations()
    cases = {operation.label: _cases(operation) for operation in (each.ok() for each in found)}
    sessions = st.tuples(cases["POST /v1/orders"], *[st.one_of(*cases.values())] * (STEPS - 1))

    @EXAMPLES
    @given(sessions)
    def run_session(session: tuple[Any, ...]) -> None:
        for case in session:
            callers.make(case)

    run_session()
    calls, posts = callers.calls.total(), callers.posts.total()
    share = callers.posts[True] / posts
    print(f"{calls} calls, {posts} POSTs, {share:.0%} of them accepted: {dict(callers.calls)}")
    assert calls >= MIN_CALLS
    assert share >= MIN_ACCEPTED


def _cases(operation: Any) -> st.SearchStrategy[Any]:
    valid, invalid = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)
    return st.one_of(valid, valid, valid, invalid)
