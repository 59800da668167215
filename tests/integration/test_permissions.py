"""What a role allows is what its function was seen doing: nothing missing, nothing extra."""

import json
from typing import Any

import pytest

from local.pytest_plugin import DeployedStack
from local.recording import actions_by_function
from tests.integration.shop import audit_keys, purchase, refund

FUNCTIONS = ("purchaseFunction", "refundFunction", "recordFunction", "reconcileFunction")

ON_ITS_BEHALF = ("kms:", "logs:", "xray:", "sqs:SendMessage")
"""What AWS does in a function's name, without a call of the function's: keys, logs, traces, dead letters."""

TOKENS = (
    *("pm_ok", "pm_declined", "pm_timeout", "pm_timeout_declined", "pm_timeout_never_arrives"),
    *("pm_refund_declined", "pm_refund_timeout", "pm_refund_timeout_never_arrives"),
)


@pytest.fixture(scope="module")
def seen(shop: DeployedStack) -> dict[str, frozenset[str]]:
    """The actions of each function, after everything that can happen has happened."""
    for token in TOKENS:
        bought = shop.run(event := purchase(f"seen-{token}", {"MUG": 1}, token)).result
        shop.run(event)
        if bought["status"] == "succeeded":
            lines = [{"sku": "MUG", "quantity": 1}]
            shop.run(refund(f"seen-{token}", bought["order_id"], lines=lines))
    shop.run(purchase("seen-lamps", {"LAMP": 1_000_000}))
    _lose_an_audit_object(shop)
    for _ in range(2):
        _park(shop, {"some": "refusal"})  # the second time its record is there, and is read and compared
        shop.invoke("reconcileFunction", {"schema": 1, "fence_after_seconds": 0})
    return actions_by_function(shop.instance)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_allows_exactly_what_its_function_does(
    shop: DeployedStack, seen: dict[str, frozenset[str]], function: str
) -> None:
    done, allowed = seen[shop.outputs[function]], _allowed(shop, function)
    assert done - allowed == set()
    assert {action for action in allowed - done if not action.startswith(ON_ITS_BEHALF)} == set()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_permission_is_for_everything_but_where_aws_has_no_scope(shop: DeployedStack, function: str) -> None:
    everywhere = {
        action
        for statement in _statements(shop, function)
        if statement["Resource"] in ("*", ["*"])
        for action in statement["Action"]
    }
    assert everywhere == {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}


def _statements(shop: DeployedStack, function: str) -> list[dict[str, Any]]:
    role = shop.client("lambda").get_function_configuration(FunctionName=shop.outputs[function])["Role"].split("/")[-1]
    iam = shop.client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
    return [statement for document in documents for statement in document["Statement"]]


def _allowed(shop: DeployedStack, function: str) -> set[str]:
    return {action for statement in _statements(shop, function) for action in statement["Action"]}


def _lose_an_audit_object(shop: DeployedStack) -> None:
    key = audit_keys(shop, "outcomes/")[0]
    shop.client("s3").delete_object(Bucket=shop.outputs["auditBucket"], Key=key)


def _park(shop: DeployedStack, request: dict[str, Any]) -> None:
    """As the machine does when the record function fails for good."""
    report = {"schema": 1, "execution": "arn:test:parked", "requested_at": "2026-01-31T12:00:00Z", "request": request}
    shop.client("sqs").send_message(QueueUrl=shop.outputs["parkingQueueUrl"], MessageBody=json.dumps(report))
