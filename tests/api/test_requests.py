"""Requests through the API: their callers, their answers and their idempotency keys."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.contracts.api_routes import Role
from handlers.domain.answers import Code
from handlers.runtime.api.execution_results import status_of_rejection
from tests.api.api_callers import Api, person, purchase_body


@pytest.fixture
def api() -> Api:
    return Api()


def refund(api: Api, order_id: str, key: str = "back-1", query: str = "", sub: str = "sam", **body: Any) -> Any:
    token = api.token(sub, Role.STAFF)
    path = f"/v1/orders/{order_id}/refunds{query}"
    sent = {"reason": "The handle is scratched.", **body}
    return api.call("POST", path, token, sent, idempotency_key=key, prefer="wait=5")


def test_a_purchase_belongs_to_its_caller_and_is_proven(api: Api) -> None:
    bought = api.buy("anna", lamp=(2, 1000))
    assert (bought.status, bought.body["amount_minor"], bought.body["status"]) == (200, 2000, "succeeded")
    order = api.world.order(bought.body["order_id"])
    assert (order.customer_id, order.placed.text("origin")) == (person("anna"), "api")
    assert api.world.findings() == ()


def test_a_call_without_waiting_is_answered_with_the_location_of_its_result(api: Api) -> None:
    api.machine.is_slow = True
    reply = api.buy("anna", wait=0)
    assert (reply.status, reply.body["status"]) == (202, "running")
    token = api.token("anna", Role.CUSTOMER)
    assert api.call("GET", reply.headers["location"], token).status == 202
    api.machine.finish_all()
    ended = api.call("GET", reply.headers["location"], token)
    assert (ended.status, ended.body["status"]) == (200, "succeeded")


def test_waiting_is_limited_by_the_maximum_of_the_stage(api: Api) -> None:
    api.machine.is_slow = True
    began = api.world.clock()
    assert api.buy("anna", wait=600).status == 202
    assert 9 < (api.world.clock() - began).total_seconds() <= 10


def test_a_repeated_call_is_replayed(api: Api) -> None:
    first, again = api.buy("anna"), api.buy("anna")
    assert (first.body["order_id"], again.body["replayed"]) == (again.body["order_id"], True)
    assert api.world.available("lamp") == 49


def test_another_body_under_a_used_key_is_refused(api: Api) -> None:
    api.buy("anna")
    reply = api.buy("anna", lamp=(2, 1000))
    assert (reply.status, reply.code) == (422, "KEY_REUSED")


def test_the_same_key_of_two_customers_makes_two_orders(api: Api) -> None:
    assert api.place_order("anna", "same") != api.place_order("ben", "same")


def test_ten_simultaneous_calls_with_one_key_make_one_order(api: Api) -> None:
    """All ten executions have started before the first one runs."""
    api.machine.is_slow = True
    replies = [api.buy("anna", wait=0) for _ in range(10)]
    assert {reply.body["order_id"] for reply in replies} == {replies[0].body["order_id"]}
    arns = list(api.machine.executions)
    with ThreadPoolExecutor(max_workers=1) as pool:
        list(pool.map(api.machine.finish, reversed(arns)))
    token = api.token("anna", Role.CUSTOMER)
    assert {api.call("GET", reply.headers["location"], token).status for reply in replies} == {200}
    assert api.world.available("lamp") == 49


def test_a_start_repeated_by_the_sdk_starts_one_execution(api: Api) -> None:
    """This used to be an error of the function, and a 502 of API Gateway."""
    api.machine.loses_replies = True
    assert api.buy("anna").status == 200
    assert len(api.machine.executions) == 1


FORBIDDEN = ["action", "request_id", "customer_id", "order_id", "requested_by", "via", "origin", "caller", "mac"]


@pytest.mark.parametrize("field", FORBIDDEN)
def test_a_body_cannot_set_the_fields_that_the_api_sets(api: Api, field: str) -> None:
    forged = {**purchase_body(lamp=(1, 1000)), field: person("ben")}
    token = api.token("anna", Role.CUSTOMER)
    reply = api.call("POST", "/v1/orders", token, forged, idempotency_key="k")
    assert (reply.status, reply.code) == (422, "INVALID_REQUEST")
    assert api.machine.executions == {}


@pytest.mark.parametrize("key", ["", "a b", "x" * 65, '"', "ä", "a,b"])
def test_a_request_without_a_valid_idempotency_key_is_refused(api: Api, key: str) -> None:
    token = api.token("anna", Role.CUSTOMER)
    reply = api.call("POST", "/v1/orders", token, purchase_body(lamp=(1, 1000)), idempotency_key=key)
    assert (reply.status, reply.code) == (400, "IDEMPOTENCY_KEY_MISSING")


def test_a_quoted_key_equals_the_unquoted_one(api: Api) -> None:
    assert api.place_order("anna", "key-1") == api.place_order("anna", '"key-1"')


BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 415),
    "no JSON": (b"{", 400),
    "a list": (b"[]", 400),
    "not a number": (b'{"currency": NaN}', 400),
    "a repeated field": (b'{"currency": "EUR", "currency": "USD"}', 400),
    "no UTF-8": (b'{"currency": "\xff"}', 400),
    "deep": (b'{"lines": ' + b"[" * 20 + b"]" * 20 + b"}", 400),
    "deeper than the stack": (b'{"lines": ' + b"[" * 30_000, 400),
    "large": (b" " * 65_537, 413),
}


@pytest.mark.parametrize("body", BODIES)
def test_a_body_must_be_a_small_json_object(api: Api, body: str) -> None:
    content, status = BODIES[body]
    token = api.token("anna", Role.CUSTOMER)
    assert api.call("POST", "/v1/orders", token, content, idempotency_key="k").status == status


def test_a_body_of_another_content_type_is_refused(api: Api) -> None:
    token = api.token("anna", Role.CUSTOMER)
    reply = api.call("POST", "/v1/orders", token, b"a=b", idempotency_key="k", content_type="text/plain")
    assert reply.status == 415


def test_a_rejected_request_is_answered_with_a_problem_and_its_code(api: Api) -> None:
    reply = api.buy("anna", lamp=(51, 1000))
    assert (reply.status, reply.code) == (409, "OUT_OF_STOCK")
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.body["detail"] == "SKU lamp has 50 available, fewer than the 51 requested."
    result = api.call("GET", f"/v1/requests/{reply.body['handle']}", api.token("anna", Role.CUSTOMER))
    assert (result.status, result.code) == (409, "OUT_OF_STOCK")


def test_a_refusal_is_read_from_the_audit_trail_once_its_execution_is_gone(api: Api) -> None:
    handle = api.buy("anna", lamp=(51, 1000)).body["handle"]
    api.machine.executions.clear()
    result = api.call("GET", f"/v1/requests/{handle}", api.token("anna", Role.CUSTOMER))
    assert (result.status, result.code) == (409, "OUT_OF_STOCK")


def test_an_unknown_outcome_is_answered_with_202_and_can_be_polled(api: Api) -> None:
    body = {**purchase_body(lamp=(1, 1000)), "payment_method": "pm_timeout"}
    token = api.token("anna", Role.CUSTOMER)
    reply = api.call("POST", "/v1/orders", token, body, idempotency_key="k", prefer="wait=5")
    assert (reply.status, reply.body["status"]) == (202, "unknown")
    assert api.call("GET", reply.headers["location"], token).status == 202


@pytest.mark.parametrize("code", list(Code))
def test_every_rejection_code_has_an_http_status(code: Code) -> None:
    assert status_of_rejection(code.value) in (404, 409, 422)


def test_an_express_machine_answers_without_polling(api: Api) -> None:
    api.world.environment["BOOKING_WORKFLOW_TYPE"] = "EXPRESS"
    reply = api.buy("anna", wait=0)
    assert reply.status == 200
    result = api.call("GET", f"/v1/requests/{reply.body['handle']}", api.token("anna", Role.CUSTOMER))
    assert result.status == 200


def test_a_handle_works_only_for_its_caller(api: Api) -> None:
    handle = api.buy("anna").body["handle"]
    for token in (api.token("ben", Role.CUSTOMER), api.staff(), api.token("anna", Role.CUSTOMER, iss="x")):
        assert api.call("GET", f"/v1/requests/{handle}", token).status in (401, 404)
    altered = handle[:-2] + ("AA" if handle[-2:] != "AA" else "BB")
    assert api.call("GET", f"/v1/requests/{altered}", api.token("anna", Role.CUSTOMER)).status == 404


@given(text=st.text(alphabet=st.characters(codec="ascii", exclude_characters="/?#%"), min_size=1, max_size=60))
def test_an_invented_handle_is_not_found(text: str) -> None:
    api = Api()
    assert api.call("GET", f"/v1/requests/{text}", api.token("ben", Role.CUSTOMER)).status == 404


def test_staff_can_refund_and_the_customer_sees_the_refund(api: Api) -> None:
    order_id = api.place_order("anna")
    assert refund(api, order_id, amount_minor=300).status == 200
    seen = api.call("GET", f"/v1/orders/{order_id}/refunds", api.token("anna", Role.CUSTOMER)).body["refunds"]
    assert [(each["amount_minor"], each["status"]) for each in seen] == [(300, "SETTLED")]
    assert "requested_by" not in seen[0]
    facts = [entry.facts for entry in api.world.order(order_id).ledger if "requested_by" in entry.facts]
    assert [(each["requested_by"], each["origin"]) for each in facts] == [(person("sam"), "api")]


def test_a_dry_run_shows_what_a_refund_would_do(api: Api) -> None:
    order_id = api.place_order("anna")
    shown = refund(api, order_id, query="?dry_run=true", amount_minor=300)
    assert (shown.status, shown.body["amount_minor"], shown.body["refundable_minor"]) == (200, 300, 700)
    refused = refund(api, order_id, query="?dry_run=true", amount_minor=1001)
    assert (refused.status, refused.code) == (409, "REFUND_EXCEEDS_BALANCE")
    assert len(api.world.order(order_id).ledger) == 2


def test_a_dry_run_under_a_used_key_shows_the_outcome_of_that_refund(api: Api) -> None:
    order_id = api.place_order("anna")
    refund(api, order_id, amount_minor=300)
    again = refund(api, order_id, query="?dry_run=true", amount_minor=300)
    assert (again.status, again.body["status"], again.body["amount_minor"]) == (200, "succeeded", 300)
    assert (again.body["dry_run"], again.body["replayed"]) == (True, True)
    other = refund(api, order_id, query="?dry_run=true", amount_minor=301)
    assert (other.status, other.code, other.body["dry_run"]) == (422, "KEY_REUSED", True)
    assert len(api.world.order(order_id).ledger) == 4


@pytest.mark.parametrize(
    ("method", "status", "code"),
    [("pm_refund_declined", 422, "REFUND_DECLINED"), ("pm_refund_pending", 200, "REFUND_PENDING")],
)
def test_a_dry_run_under_a_used_key_shows_a_refund_that_has_not_succeeded(
    api: Api, method: str, status: int, code: str
) -> None:
    body = {**purchase_body(lamp=(1, 1000)), "payment_method": method}
    headers = {"idempotency_key": "buy-1", "prefer": "wait=5"}
    bought = api.call("POST", "/v1/orders", api.token("anna", Role.CUSTOMER), body, **headers)
    refund(api, bought.body["order_id"], amount_minor=300)
    again = refund(api, bought.body["order_id"], query="?dry_run=true", amount_minor=300)
    assert (again.status, again.code) == (status, code)


def test_two_staff_members_with_the_same_key_get_separate_answers(api: Api) -> None:
    order_id = api.place_order("anna")
    first, second = refund(api, order_id, sub="sam"), refund(api, order_id, sub="tom")
    assert (first.status, second.status, second.code) == (200, 422, "KEY_REUSED")
    result = api.call("GET", f"/v1/requests/{second.body['handle']}", api.token("tom", Role.STAFF))
    assert (result.status, result.code) == (422, "KEY_REUSED")


def test_a_failing_service_is_answered_with_503_and_retry_after(api: Api) -> None:
    order_id = api.place_order("anna")
    api.world.faults.arm(at_0="throttle", at_1="throttle", at_2="throttle")
    reply = api.call("GET", f"/v1/orders/{order_id}", api.staff())
    assert (reply.status, reply.code, int(reply.headers["retry-after"]) > 0) == (503, "UNAVAILABLE", True)


def test_every_answer_has_the_security_headers_and_a_trace_id(api: Api) -> None:
    for reply in (
        api.buy("anna"),
        api.call("GET", "/health"),
        api.call("GET", "/v1/me"),
        api.call("GET", "/v1/me", api.staff(), x_amzn_trace_id="Root=1-5759e988-bd862e3fe1be46a994272793"),
    ):
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["trace-id"] in ("r-1", "Root=1-5759e988-bd862e3fe1be46a994272793")


def test_a_trace_id_leads_to_the_execution_and_its_audit_objects(api: Api) -> None:
    """Also for a refusal, which creates no order."""
    token, headers = api.token("anna", Role.CUSTOMER), {"prefer": "wait=5"}
    for key, body in (("good", purchase_body(lamp=(1, 1000))), ("bad", purchase_body(lamp=(51, 1000)))):
        trace = f"Root=1-5759e988-{key:0>24}"
        reply = api.call("POST", "/v1/orders", token, body, idempotency_key=key, x_amzn_trace_id=trace, **headers)
        assert reply.headers["trace-id"] == trace
        logged = [json.loads(line) for line in api.world.lines if trace in line]
        [execution] = [line["execution"] for line in logged if "execution" in line]
        objects = [each.decode() for each in api.world.audit_objects().values()]
        assert any(f':{execution}"' in each for each in objects), key


def test_the_input_of_an_execution_contains_the_caller_but_no_token(api: Api) -> None:
    api.machine.is_slow = True
    api.buy("anna")
    [execution] = api.machine.executions.values()
    sent = json.loads(execution["input"])
    assert set(sent) == {"request", "caller", "mac"}
    assert sent["caller"]["roles"] == ["customer"]
