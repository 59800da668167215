"""The tour's bookings have the expected outcomes with the real state machine and the real packages."""

from typing import Any

import pytest

from local.pytest_plugin import DeployedStack
from tests.integration.shop import audit_keys, available, order, purchase, refund, set_stock


@pytest.fixture(scope="module")
def purchase_result(shop: DeployedStack) -> dict[str, Any]:
    """Return the result of a purchase for 40.50 EUR."""
    return shop.run(purchase("journey-buy")).result


def test_a_purchase_is_paid_and_reduces_the_stock(shop: DeployedStack) -> None:
    before = available(shop, "MUG")
    result = shop.run(purchase("journey-stock", {"MUG": 3})).result
    assert (result["status"], result["amount_minor"], result["order_status"]) == ("succeeded", 2400, "CONFIRMED")
    assert available(shop, "MUG") == before - 3


def test_a_partial_refund_leaves_the_rest_refundable(shop: DeployedStack, purchase_result: dict[str, Any]) -> None:
    result = shop.run(refund("journey-part", purchase_result["order_id"], 1000)).result
    assert (result["status"], result["amount_minor"], result["refundable_minor"]) == ("succeeded", 1000, 3050)


def test_a_repeated_refund_is_replayed(shop: DeployedStack, purchase_result: dict[str, Any]) -> None:
    first = shop.run(refund("journey-part", purchase_result["order_id"], 1000)).result
    ledger = order(shop, purchase_result["order_id"])["ledger"]
    again = shop.run(refund("journey-part", purchase_result["order_id"], 1000)).result
    assert again == first | {"replayed": True}
    assert order(shop, purchase_result["order_id"])["ledger"] == ledger


def test_a_refund_over_the_balance_is_rejected(shop: DeployedStack, purchase_result: dict[str, Any]) -> None:
    result = shop.run(refund("journey-much", purchase_result["order_id"], 4051)).result
    assert (result["status"], result["code"]) == ("rejected", "REFUND_EXCEEDS_BALANCE")


def test_a_declined_card_is_rejected_and_its_stock_is_released(shop: DeployedStack) -> None:
    before = available(shop, "MUG")
    result = shop.run(purchase("journey-declined", {"MUG": 1}, "pm_declined")).result
    assert (result["status"], result["code"]) == ("rejected", "PAYMENT_DECLINED")
    assert available(shop, "MUG") == before


def test_an_order_beyond_the_stock_is_rejected_and_nothing_is_charged(shop: DeployedStack) -> None:
    set_stock(shop, "LAMP", 4990, 1)
    gateway_items = _gateway_items(shop)
    result = shop.run(purchase("journey-lamps", {"LAMP": 2})).result
    assert (result["status"], result["code"]) == ("rejected", "OUT_OF_STOCK")
    assert (available(shop, "LAMP"), _gateway_items(shop)) == (1, gateway_items)


def test_a_payment_without_a_reply_is_unknown_until_reconcile_settles_it(shop: DeployedStack) -> None:
    """Money may have moved, so the result is neither a success nor a failure, and the execution fails to alert."""
    event = purchase("journey-silence", {"MUG": 1}, "pm_timeout")
    execution = shop.run(event)
    assert (execution.status, execution.error, execution.result["status"]) == ("FAILED", "Booking.unknown", "unknown")
    shop.invoke("reconcileFunction", {"schema": 1, "order_id": execution.result["order_id"]})
    settled = shop.run(event).result
    assert (settled["status"], settled["replayed"], settled["order_status"]) == ("succeeded", True, "CONFIRMED")


def test_every_outcome_has_one_audit_object_and_a_replay_adds_none(shop: DeployedStack) -> None:
    event = purchase("journey-audit", {"MUG": 1})
    order_id = shop.run(event).result["order_id"]
    first = [key for key in audit_keys(shop) if order_id in key]
    shop.run(event)
    assert len(first) == 1
    assert [key for key in audit_keys(shop) if order_id in key] == first


def test_the_record_role_may_put_but_not_delete_audit_objects(shop: DeployedStack) -> None:
    """The handler and the bucket policy ensure that puts are conditional."""
    roles = shop.client("lambda").get_function_configuration(FunctionName=shop.outputs["recordFunction"])["Role"]
    name = roles.rsplit("/", 1)[-1]
    policies = shop.client("iam").list_role_policies(RoleName=name)["PolicyNames"]
    text = str(shop.client("iam").get_role_policy(RoleName=name, PolicyName=policies[0])["PolicyDocument"])
    assert "s3:PutObject" in text
    assert "Delete" not in text.replace("sqs:DeleteMessage", "")


def _gateway_items(shop: DeployedStack) -> int:
    return int(shop.client("dynamodb").scan(TableName=shop.outputs["gatewayTable"], Select="COUNT")["Count"])
