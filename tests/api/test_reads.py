"""Reads through the API: customers see only their own orders, with any parameters."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.contracts.api_routes import Role
from tests.api.api_callers import Api, person, purchase_body
from tests.handlers.paying import KEY_ARN
from tests.handlers.stripe.test_stripe_bookings import StripeWorld


@pytest.fixture
def api() -> Api:
    return Api()


def anna(api: Api) -> str:
    return api.token("anna", Role.CUSTOMER)


def list_orders(api: Api, token: str, query: str = "") -> list[str]:
    """Return the ids of all pages of a list."""
    ids: list[str] = []
    cursor = ""
    while True:
        reply = api.call("GET", f"/v1/orders?{query}{cursor}", token)
        assert reply.status == 200, reply
        ids += [order["order_id"] for order in reply.body["orders"]]
        if "cursor" not in reply.body:
            return ids
        cursor = f"&cursor={reply.body['cursor']}"


def rewrite_last_entry(api: Api, order_id: str, kind: str) -> None:
    """Change the kind of the order's last entry."""
    key = {"pk": {"S": f"ORDER#{order_id}"}}
    item = api.world.dynamodb.get_item(TableName="orders", Key=key)["Item"]
    item["ledger"]["L"][-1]["M"]["type"] = {"S": kind}
    api.world.dynamodb.put_item(TableName="orders", Item=item)


@pytest.mark.parametrize("path", ["/v1/orders/{}", "/v1/orders/{}/refunds"])
def test_the_order_of_another_customer_appears_not_to_exist(api: Api, path: str) -> None:
    foreign, own = api.place_order("ben"), api.place_order("anna")
    answers = [api.call("GET", path.format(each), anna(api)) for each in (foreign, "ord_0", "%00", "ORDER%23x")]
    assert {(each.status, each.code, each.body["detail"]) for each in answers} == {
        (404, "ORDER_NOT_FOUND", "This order does not exist, or this caller may not see it.")
    }
    assert api.call("GET", path.format(own), anna(api)).status == 200


@pytest.mark.parametrize(
    "query", ["", "customer={ben}", "since=2026-01-01", "needs_attention=true", "customer={ben}&needs_attention=false"]
)
def test_no_filter_shows_a_customer_the_orders_of_others(api: Api, query: str) -> None:
    api.place_order("ben")
    own = api.place_order("anna")
    found = list_orders(api, anna(api), query.format(ben=person("ben")))
    assert found in ([own], [])
    assert found == [own] or "attention" in query


def test_a_cursor_of_another_caller_is_refused(api: Api) -> None:
    for number in range(3):
        api.place_order("ben", f"b{number}")
    token = api.token("ben", Role.CUSTOMER)
    cursor = api.call("GET", "/v1/orders?limit=1", token).body["cursor"]
    assert api.call("GET", f"/v1/orders?cursor={cursor}", token).status == 200
    for other in (anna(api), api.staff()):
        reply = api.call("GET", f"/v1/orders?limit=1&cursor={cursor}", other)
        assert (reply.status, reply.code) == (400, "BAD_CURSOR")


@given(cursor=st.text(alphabet="ABCDEFabcdef0123456789-_", max_size=80))
def test_an_invented_cursor_is_refused_or_shows_no_orders(cursor: str) -> None:
    api = Api()
    api.place_order("ben")
    reply = api.call("GET", f"/v1/orders?cursor={cursor}", anna(api))
    assert reply.status == 400 or reply.body["orders"] == []


def test_pages_show_every_order_once(api: Api) -> None:
    order_ids = set()
    for number in range(7):
        order_ids.add(api.place_order("anna" if number % 2 else "ben", f"k{number}"))
        api.world.clock.advance(timedelta(minutes=1))
    for query in ("limit=1&", "limit=3&", "limit=100&"):
        found = list_orders(api, api.staff(), query)
        assert sorted(found) == sorted(order_ids)
    assert len(list_orders(api, anna(api), "limit=2&")) == 3


def _remove_salt(api: Api, order_id: str) -> None:
    key = {"pk": {"S": f"ORDER#{order_id}"}}
    api.world.dynamodb.update_item(TableName="orders", Key=key, UpdateExpression="REMOVE salt")


@pytest.mark.parametrize(
    ("kind", "error"),
    [("RefundSettled", "LedgerBroken"), ("payment_blessed", "NewerRelease"), (None, "OrderIncomplete")],
)
def test_an_unreadable_order_does_not_hide_the_others(api: Api, kind: str | None, error: str) -> None:
    order_ids = [api.place_challenged_order(sub) for sub in ("anna", "ben")] + [api.place_order("eva")]
    if kind is None:
        _remove_salt(api, order_ids[0])
    else:
        rewrite_last_entry(api, order_ids[0], kind)
    assert sorted(list_orders(api, api.staff(), "limit=1&")) == sorted(order_ids[1:])
    assert api.call("GET", "/v1/approvals", api.token("eva", Role.APPROVER)).body == {"approvals": []}
    assert any(f'"order": "{order_ids[0]}", "error": "{error}"' in line for line in api.world.lines)
    reply = api.call("GET", f"/v1/orders/{order_ids[0]}", api.staff())
    assert (reply.status, reply.code) == (503, "UNAVAILABLE")


def test_staff_can_filter_orders_by_customer_date_and_attention(api: Api) -> None:
    own = api.place_order("anna")
    api.place_order("ben")
    token = api.staff()
    assert list_orders(api, token, f"customer={person('anna')}") == [own]
    assert list_orders(api, token, "needs_attention=true") == []
    assert list_orders(api, token, f"since={api.world.clock():%Y-%m-%d}&customer={person('anna')}") == [own]


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=101", "limit=x", "limit=", "limit=²", "customer=", "customer=a%20b", "since=today"),
        *("since=2026-02-30", "since=0001-01-01", "needs_attention=yes", "order_by=x", "cursor=", "cursor=W10"),
    ],
)
def test_a_malformed_filter_is_refused(api: Api, query: str) -> None:
    reply = api.call("GET", f"/v1/orders?{query}", api.staff())
    assert (reply.status, reply.code in ("BAD_FILTER", "BAD_CURSOR")) == (400, True)


def test_only_staff_and_auditors_see_the_customer_of_an_order(api: Api) -> None:
    order_id = api.place_order("anna")
    for role in (Role.STAFF, Role.AUDITOR):
        shown = api.call("GET", f"/v1/orders/{order_id}", api.token("eva", role)).body
        assert (shown["customer_id"], shown["origin"]) == (person("anna"), "api")
    assert "customer_id" not in api.call("GET", f"/v1/orders/{order_id}", anna(api)).body


def test_any_signed_in_caller_sees_the_stock(api: Api) -> None:
    shown = api.call("GET", "/v1/stock/lamp", anna(api)).body
    assert shown == {"sku": "lamp", "price_minor": 1000, "currency": "EUR", "available": 50}
    assert api.call("GET", "/v1/stock/sofa", anna(api)).code == "SKU_NOT_FOUND"
    assert api.call("GET", "/v1/stock/%2e%2e%2f", anna(api)).status == 404


def test_a_payment_action_is_shown_to_its_customer_and_not_stored(api: Api) -> None:
    path = f"/v1/orders/{api.place_challenged_order('anna')}/payment-action"
    reply = api.call("GET", path, anna(api))
    assert (reply.status, reply.headers["cache-control"]) == (200, "no-store")
    page = reply.body["url"]
    assert page.startswith("https://sandbox.booking.invalid/confirm/")
    assert page not in repr([api.world.lines, api.world.dynamodb.scan(TableName="orders"), api.world.audit_objects()])


@pytest.mark.parametrize(
    ("secrets", "error"), [({}, "SecretUnreadable"), ({KEY_ARN: "sk_live_4711"}, "SecretMisconfigured")]
)
def test_an_unusable_gateway_secret_is_answered_with_503_and_logged(secrets: dict[str, str], error: str) -> None:
    world = StripeWorld()
    api = Api(world)
    body = {**purchase_body(lamp=(1, 1000)), "payment_method": "pm_card_authenticationRequired"}
    headers = {"idempotency_key": "challenged", "prefer": "wait=5"}
    order_id = api.call("POST", "/v1/orders", anna(api), body, **headers).body["order_id"]
    world.vault.secrets = secrets
    reply = api.call("GET", f"/v1/orders/{order_id}/payment-action", anna(api))
    assert (reply.status, reply.code, KEY_ARN in repr(reply.body)) == (503, "UNAVAILABLE", False)
    assert any(f'"error": "{error}"' in line and KEY_ARN in line for line in world.lines)
    assert "4711" not in repr(world.lines)


def test_only_its_customer_sees_the_action_of_a_payment(api: Api) -> None:
    path = f"/v1/orders/{api.place_challenged_order('anna')}/payment-action"
    assert api.call("GET", path, api.token("ben", Role.CUSTOMER)).code == "ORDER_NOT_FOUND"
    for role in set(Role) - {Role.CUSTOMER}:
        assert api.call("GET", path, api.token("anna", role)).code == "ROLE_NOT_ALLOWED"
    ben = api.token("ben", *Role)
    assert api.call("GET", path, ben).code == "ORDER_NOT_FOUND"


def test_a_completed_payment_has_no_action(api: Api) -> None:
    reply = api.call("GET", f"/v1/orders/{api.place_order('anna')}/payment-action", anna(api))
    assert (reply.status, reply.code) == (404, "NO_PAYMENT_ACTION")


def test_an_order_of_a_newer_release_is_answered_with_503(api: Api) -> None:
    order_id = api.place_order("anna")
    rewrite_last_entry(api, order_id, "payment_blessed")
    reply = api.call("GET", f"/v1/orders/{order_id}", anna(api))
    assert (reply.status, reply.code, reply.headers["retry-after"]) == (503, "UNAVAILABLE", "5")
