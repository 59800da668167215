"""The API works over HTTP in the embedded AWS, with IAM enforced and tokens of its own issuer."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from handlers.domain.requests import person_id_of
from local.instance.token_issuer import OWN_ISSUER
from local.pytest_plugin import DeployedStack
from tests.integration.api_client import BODY, Reply, buy, call, token, wait_for_result
from tests.integration.shop import available, order


def test_an_order_is_bought_refunded_and_read_through_the_api(shop: DeployedStack) -> None:
    status, bought, headers = buy(shop, "anna", "api-1")
    assert (status, bought["status"]) == (200, "succeeded")
    assert headers["cache-control"] == "no-store"
    stored = order(shop, bought["order_id"])
    assert stored["ledger"][0]["origin"] == "api"
    assert stored["customer_id"] == person_id_of(OWN_ISSUER, "anna")
    staff = token(shop, "sam", "staff")
    path = f"/v1/orders/{bought['order_id']}/refunds"
    back = call(shop, "POST", path, staff, {"reason": "broken", "amount_minor": 300}, idempotency_key="back")
    status, refunded, _ = wait_for_result(shop, back, staff)
    assert (status, refunded["refundable_minor"]) == (200, 500)
    own = token(shop, "anna", "customer")
    assert call(shop, "GET", path, own)[1]["refunds"][0]["status"] == "SETTLED"
    assert [each["order_id"] for each in call(shop, "GET", "/v1/orders", own)[1]["orders"]] == [bought["order_id"]]
    assert call(shop, "GET", "/v1/stock/MUG", own)[1]["price_minor"] == 800
    assert call(shop, "GET", f"/v1/orders/{bought['order_id']}", token(shop, "ben", "customer"))[0] == 404
    assert call(shop, "GET", "/v1/orders?needs_attention=true", staff)[0] == 200
    assert call(shop, "GET", "/v1/orders", token(shop, "eva", "auditor"))[0] == 200


def test_a_held_refund_needs_an_approver_who_did_not_request_it(shop: DeployedStack) -> None:
    order_id = buy(shop, "anna", "api-held")[1]["order_id"]
    staff, approver = token(shop, "sam", "staff", "approver"), token(shop, "eva", "approver")
    back = {"reason": "late", "amount_minor": 300, "override": "window"}
    held = call(shop, "POST", f"/v1/orders/{order_id}/refunds", staff, back, idempotency_key="held")
    status, body, _ = wait_for_result(shop, held, staff, until=("pending",))
    assert (status, body["code"]) == (202, "APPROVAL_NEEDED")
    queue = call(shop, "GET", "/v1/approvals", approver)[1]["approvals"]
    assert body["refund_id"] in [each["subject"] for each in queue]
    path = f"/v1/orders/{order_id}/approvals/{body['refund_id']}"
    own = call(shop, "POST", path, staff, {"decision": "approve"}, idempotency_key="own")
    assert wait_for_result(shop, own, staff)[1]["code"] == "OWN_DECISION"
    accepted = call(shop, "POST", path, approver, {"decision": "approve"}, idempotency_key="made")
    status, body, _ = wait_for_result(shop, accepted, approver)
    assert (status, body["refundable_minor"]) == (200, 500)


def test_holds_are_captured_or_cancelled_and_a_pending_payment_has_an_action(shop: DeployedStack) -> None:
    staff, own = token(shop, "sam", "staff"), token(shop, "hana", "customer")
    for verb, caller, status in (("capture", staff, "CONFIRMED"), ("cancel", own, "CANCELLED")):
        order_id = buy(shop, "hana", f"api-{verb}", {**BODY, "capture": "later"})[1]["order_id"]
        accepted = call(shop, "POST", f"/v1/orders/{order_id}/{verb}", caller, idempotency_key=verb)
        assert wait_for_result(shop, accepted, caller)[1]["order_status"] == status
    path = "/v1/orders"
    accepted = call(shop, "POST", path, own, {**BODY, "payment_method": "pm_3ds"}, idempotency_key="api-3ds")
    waiting = wait_for_result(shop, accepted, own, until=("pending",))[1]
    assert waiting["next_action"]["who"] == "customer"
    status, action, _ = call(shop, "GET", f"/v1/orders/{waiting['order_id']}/payment-action", own)
    assert (status, action["url"].startswith("https://sandbox.booking.invalid/")) == (200, True)


def test_repeated_purchases_with_one_key_make_one_order(shop: DeployedStack) -> None:
    before = available(shop, "MUG")
    replies = [buy(shop, "carl", "same") for _ in range(2)]
    assert {(status, body["order_id"]) for status, body, _ in replies} == {(200, replies[0][1]["order_id"])}
    assert available(shop, "MUG") == before - 1
    status, body, _ = buy(shop, "carl", "same", {**BODY, "payment_method": "pm_other"})
    assert (status, body["code"]) == (422, "KEY_REUSED")


def test_five_simultaneous_calls_with_one_key_make_one_order(shop: DeployedStack) -> None:
    """The key is rejected with another body."""
    own, before = token(shop, "gina", "customer"), available(shop, "MUG")
    barrier = Barrier(5)

    def purchase(_: int) -> Reply:
        barrier.wait(30)
        return call(shop, "POST", "/v1/orders", own, BODY, idempotency_key="at-once")

    with ThreadPoolExecutor(max_workers=5) as pool:
        first_replies = list(pool.map(purchase, range(5)))
    assert {status for status, _, _ in first_replies} <= {200, 202}, first_replies
    replies = [wait_for_result(shop, each, own) for each in first_replies]
    assert {(status, body["order_id"]) for status, body, _ in replies} == {(200, replies[0][1]["order_id"])}
    assert available(shop, "MUG") == before - 1
    status, body, _ = buy(shop, "gina", "at-once", {**BODY, "payment_method": "pm_other"})
    assert (status, body["code"]) == (422, "KEY_REUSED")


def test_direct_executions_cannot_forge_calls_of_the_api(shop: DeployedStack) -> None:
    """A MAC from another call is rejected for a different request, and only replays the same one."""
    bought = buy(shop, "dora", "mine")[1]
    executions = shop.client("stepfunctions").list_executions(stateMachineArn=shop.outputs["stateMachineArn"])
    purchase_execution = next(e for e in executions["executions"] if e["name"].startswith("purchase-mine-"))
    envelope = json.loads(
        shop.client("stepfunctions").describe_execution(executionArn=purchase_execution["executionArn"])["input"]
    )
    forged = {**envelope, "request": {**envelope["request"], "request_id": "another"}}
    assert (shop.run(forged).output or {})["code"] == "CALLER_NOT_PROVEN"
    assert (shop.run(envelope).output or {})["order_id"] == bought["order_id"]


def test_only_the_api_function_may_sign_proofs(shop: DeployedStack) -> None:
    lambda_, kms = shop.client("lambda"), shop.client("kms")
    functions = [shop.outputs[name] for name in ("purchaseFunction", "refundFunction", "apiFunction")]
    configurations = [lambda_.get_function_configuration(FunctionName=name) for name in functions]
    key = configurations[0]["Environment"]["Variables"]["BOOKING_PROOF_KEY"]
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeySpec"] == "HMAC_256"
    for configuration, may in zip(configurations, (False, False, True), strict=True):
        accepted = _may_sign(shop.client("kms", configuration["Role"]), key)
        assert accepted == may, configuration["FunctionName"]


def _may_sign(kms: Any, key: str) -> bool:
    try:
        kms.generate_mac(KeyId=key, MacAlgorithm="HMAC_SHA_256", Message=b"x")
    except kms.exceptions.ClientError:
        return False
    return True
