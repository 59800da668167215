"""Payments that are captured later, through the API: staff capture, staff and the order's customer cancel."""

from typing import Any

import pytest

from handlers.contracts.api_routes import Role
from tests.api.api_callers import Api, ApiReply, person, purchase_body


@pytest.fixture
def api() -> Api:
    return Api()


def authorize(api: Api, sub: str = "anna", key: str = "buy-1") -> str:
    """Place an order whose payment is held, and return its id."""
    body = {**purchase_body(lamp=(2, 1000)), "capture": "later"}
    headers = {"idempotency_key": key, "prefer": "wait=5"}
    reply = api.call("POST", "/v1/orders", api.token(sub, Role.CUSTOMER), body, **headers)
    assert reply.body["order_status"] == "AUTHORIZED", reply
    return str(reply.body["order_id"])


def send(api: Api, verb: str, order_id: str, token: str, body: Any = None, key: str = "k-1") -> ApiReply:
    return api.call("POST", f"/v1/orders/{order_id}/{verb}", token, body, idempotency_key=key, prefer="wait=5")


@pytest.mark.parametrize(
    ("body", "captured"),
    [(None, 2000), ({}, 2000), ({"amount_minor": 700}, 700), ({"lines": [{"sku": "lamp", "quantity": 1}]}, 1000)],
)
def test_staff_can_capture_a_hold(api: Api, body: Any, captured: int) -> None:
    order_id = authorize(api)
    shown = api.call("GET", f"/v1/orders/{order_id}", api.staff()).body
    assert (shown["status"], shown["authorized_minor"], shown["captured_minor"]) == ("AUTHORIZED", 2000, 0)
    assert send(api, "capture", order_id, api.staff(), body).status == 200
    after = api.call("GET", f"/v1/orders/{order_id}", api.staff()).body
    assert (after["authorized_minor"], after["captured_minor"]) == (0, captured)
    assert api.world.findings() == ()


def test_a_capture_above_the_held_amount_is_rejected(api: Api) -> None:
    reply = send(api, "capture", authorize(api), api.staff(), {"amount_minor": 2001})
    assert (reply.status, reply.code) == (409, "CAPTURE_EXCEEDS_AUTHORIZATION")


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.STAFF])
def test_staff_and_the_customer_can_cancel(api: Api, role: Role) -> None:
    order_id = authorize(api)
    token = api.token("anna", Role.CUSTOMER) if role is Role.CUSTOMER else api.staff()
    reply = send(api, "cancel", order_id, token)
    assert (reply.status, reply.body["order_status"], api.world.available("lamp")) == (200, "CANCELLED", 50)


def test_a_customer_can_neither_capture_nor_cancel_the_order_of_another(api: Api) -> None:
    order_id = authorize(api)
    for sub in ("ben", ""):
        token = api.token(sub or "anna", Role.CUSTOMER)
        assert send(api, "capture", order_id, token).code == "ROLE_NOT_ALLOWED"
    assert send(api, "cancel", order_id, api.token("ben", Role.CUSTOMER)).code == "ORDER_NOT_FOUND"
    assert api.world.order(order_id).status.value == "AUTHORIZED"


@pytest.mark.parametrize("verb", ["capture", "cancel"])
def test_a_repeated_call_is_replayed_and_the_same_key_of_another_caller_is_refused(api: Api, verb: str) -> None:
    order_id = authorize(api)
    first, again = (send(api, verb, order_id, api.staff()) for _ in range(2))
    assert (first.status, again.body["replayed"]) == (200, True)
    other = send(api, verb, order_id, api.token("tom", Role.STAFF))
    assert (other.status, other.code) == (422, "KEY_REUSED")


def test_the_same_key_for_two_actions_makes_two_requests(api: Api) -> None:
    """Their results stay separate although both have one key."""
    order_id = authorize(api)
    token = api.staff()
    captured = send(api, "capture", order_id, token, {"amount_minor": 700}, key="same")
    path = f"/v1/orders/{order_id}/refunds"
    refund_body = {"reason": "broken", "amount_minor": 300}
    refunded = api.call("POST", path, token, refund_body, idempotency_key="same", prefer="wait=5")
    api.machine.executions.clear()
    results = [api.call("GET", f"/v1/requests/{each.body['handle']}", token).body for each in (captured, refunded)]
    assert [(each["action"], each["status"]) for each in results] == [("capture", "succeeded"), ("refund", "succeeded")]


@pytest.mark.parametrize("field", ["action", "request_id", "order_id", "requested_by", "customer_id", "via"])
@pytest.mark.parametrize("verb", ["capture", "cancel"])
def test_a_body_cannot_set_the_caller_or_the_order(api: Api, verb: str, field: str) -> None:
    order_id = authorize(api)
    reply = send(api, verb, order_id, api.staff(), {field: person("ben")})
    assert (reply.status, reply.code) == (422, "INVALID_REQUEST")
