"""Each role allows exactly the calls that its function was recorded making: none missing, none extra."""

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import pytest

from handlers.adapters.kms_proof import KMSProofKey
from handlers.domain.canonical import last_closed_day
from handlers.domain.requests import enclose, person_id_of
from handlers.domain.trail.audit import refusals_of
from handlers.runtime.api.handles import RequestHandle
from local.instance.recorded_calls import permissions_by_function
from local.instance.token_issuer import OWN_ISSUER
from local.pytest_plugin import DeployedStack
from tests.integration.api_client import BODY, buy, call, token, wait_for_result
from tests.integration.event_consumer import subscribe
from tests.integration.shop import audit_keys, erase, purchase, refund

FUNCTIONS = (
    "purchaseFunction",
    "refundFunction",
    "recordFunction",
    "reconcileFunction",
    "sealFunction",
    "publishFunction",
    "apiFunction",
)

ON_ITS_BEHALF = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncrypt",
    "logs:",
    "xray:",
    "sqs:SendMessage",
    *(f"dynamodb:{action}" for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")),
)
"""Actions of AWS on a function's behalf without a call of the function: keys, logs, traces, dead letters, streams."""

TOKENS = (
    *("pm_ok", "pm_declined", "pm_timeout", "pm_timeout_declined", "pm_timeout_never_arrives"),
    *("pm_refund_declined", "pm_refund_timeout", "pm_refund_timeout_never_arrives"),
)

NOT_RECORDABLE = {"reconcileFunction": ("dynamodb:UpdateItem", "-gateway-table-")}
"""Actions that need more time than a test, with a part of the resource: holds expire after an hour at the earliest
(tests/handlers/test_payment_lifecycle.py)."""


@pytest.fixture(scope="module")
def recorded_permissions(shop: DeployedStack) -> dict[str, frozenset[tuple[str, str]]]:
    """Drive the functions through every outcome and return each one's actions on resources."""
    for method in TOKENS:
        bought = shop.run(event := purchase(f"seen-{method}", {"MUG": 1}, method)).result
        shop.run(event)
        if bought["status"] == "succeeded":
            lines = [{"sku": "MUG", "quantity": 1}]
            shop.run(refund(f"seen-{method}", bought["order_id"], lines=lines))
    for action in ("capture", "cancel"):
        held = shop.run({**purchase(f"seen-{action}", {"MUG": 1}), "capture": "later"}).result["order_id"]
        shop.run({"action": action, "request_id": action, "order_id": held, "requested_by": "agent-7"})
    _forge_callers(shop)
    _call_the_api(shop)
    shop.run(purchase("seen-lamps", {"LAMP": 1_000_000}))
    replayed = purchase("seen-pm_ok", {"MUG": 1})
    outcome = {"request": replayed, "result": shop.run(replayed).result}
    _lose_an_audit_object(shop)
    for _ in range(2):  # the second time they find their own writes, which they read and compare
        shop.invoke("recordFunction", _report({"request": {"some": "refusal"}}))
        _park(shop, {"request": {"some": "other refusal"}})
        _park(shop, outcome)
        shop.invoke("reconcileFunction", {"schema": 1, "fence_after_seconds": 0})
    _seal_a_closed_day(shop)
    with subscribe(shop, "recorder") as consumer:
        order_id = shop.run(purchase("seen-last", {"MUG": 1})).result["order_id"]
        consumer.wait_for({order_id: 2})
    return permissions_by_function(shop.instance)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_allows_exactly_the_recorded_calls_of_its_function(
    shop: DeployedStack, recorded_permissions: dict[str, frozenset[tuple[str, str]]], function: str
) -> None:
    """A statement covers each recorded call, and each allowed action on a resource was recorded."""
    needed, allowed = recorded_permissions[shop.outputs[function]], set(_grants(shop, function))
    assert [each for each in needed if not any(_covers(grant, each) for grant in allowed)] == []
    unused = [grant for grant in sorted(allowed) if not any(_covers(grant, each) for each in needed)]
    assert [grant for grant in unused if not _is_not_recordable(function, grant)] == []


def _is_not_recordable(function: str, grant: tuple[str, str]) -> bool:
    action, resource = NOT_RECORDABLE.get(function, ("", ""))
    return grant[0] == action and resource in grant[1]


def _covers(grant: tuple[str, str], need: tuple[str, str]) -> bool:
    """Check if a grant on a pattern of ARNs covers an action on an ARN."""
    return grant[0] == need[0] and fnmatchcase(need[1], grant[1])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_actions_that_aws_cannot_scope_are_allowed_on_all_resources(shop: DeployedStack, function: str) -> None:
    everywhere = {
        action
        for statement in _statements(shop, function)
        if statement["Resource"] in ("*", ["*"])
        for action in statement["Action"]
    }
    streams = {"dynamodb:ListStreams"} if function == "publishFunction" else set[str]()
    assert everywhere == {"xray:PutTelemetryRecords", "xray:PutTraceSegments"} | streams


def _statements(shop: DeployedStack, function: str) -> list[dict[str, Any]]:
    role = shop.client("lambda").get_function_configuration(FunctionName=shop.outputs[function])["Role"].split("/")[-1]
    iam = shop.client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
    return [statement for document in documents for statement in document["Statement"]]


def _grants(shop: DeployedStack, function: str) -> Iterator[tuple[str, str]]:
    """Yield each allowed action with each pattern of ARNs, without AWS's own actions on the function's behalf."""
    for statement in _statements(shop, function):
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        for action in statement["Action"]:
            yield from ((action, each) for each in resources if not action.startswith(ON_ITS_BEHALF))


def _forge_callers(shop: DeployedStack) -> None:
    """Send envelopes with an invalid MAC, which the functions verify with KMS."""
    order_id = shop.run(purchase("seen-forged", {"MUG": 1})).result["order_id"]
    person = person_id_of("https://id.example.com", "eve")
    bought = {**purchase("forged-purchase", {"MUG": 1}), "customer_id": person}
    refunded = {**refund("forged-refund", order_id, amount_minor=1), "requested_by": person}
    for request in (bought, refunded):
        envelope = enclose(
            request, iss="https://id.example.com", sub="eve", roles=(), key=_ForgedKey(), now=datetime.now(UTC)
        )
        assert (shop.run(envelope).output or {})["code"] == "CALLER_NOT_PROVEN"


def _call_the_api(shop: DeployedStack) -> None:
    """Buy, use every list, get a payment action, and get a refusal whose execution no longer exists."""
    staff, own = token(shop, "seen-staff", "staff"), token(shop, "seen-anna", "customer")
    buy(shop, "seen-anna", "seen-api")
    accepted = call(shop, "POST", "/v1/orders", own, {**BODY, "payment_method": "pm_3ds"}, idempotency_key="seen-3ds")
    waiting = wait_for_result(shop, accepted, own, until=("pending",))[1]["order_id"]
    for path in (f"orders/{waiting}/payment-action", "orders", "stock/MUG"):
        assert call(shop, "GET", f"/v1/{path}", own)[0] == 200
    for query in ("", "?needs_attention=true"):
        assert call(shop, "GET", f"/v1/orders{query}", staff)[0] == 200
    handle = _write_refusal(shop, "seen-anna")
    assert call(shop, "GET", f"/v1/requests/{handle}", own)[1]["code"] == "OUT_OF_STOCK"
    erase(shop, *(key for key in audit_keys(shop, "refusals/") if "/forgotten-" in key))


def _write_refusal(shop: DeployedStack, sub: str) -> str:
    """Write the audit object of a refusal, and return the handle of its request."""
    day, execution = f"{datetime.now(UTC):%Y-%m-%d}", "forgotten"
    arn = f"{shop.outputs['stateMachineArn'].replace(':stateMachine:', ':execution:')}:{execution}"
    result = {"status": "rejected", "code": "OUT_OF_STOCK", "message": "There is none."}
    body = json.dumps({"execution": arn, "result": result}).encode()
    key = f"{refusals_of(day, arn)}0.json"
    shop.client("s3").put_object(Bucket=shop.outputs["auditBucket"], Key=key, Body=body)
    function = shop.client("lambda").get_function_configuration(FunctionName=shop.outputs["apiFunction"])
    proofs = function["Environment"]["Variables"]["BOOKING_PROOF_KEY"]
    signer = KMSProofKey(client=shop.client("kms", function["Role"]), key=proofs)
    request = RequestHandle("ord_0", "purchase", "forgotten", execution, day)
    return request.encode(person_id_of(OWN_ISSUER, sub), signer)


class _ForgedKey:
    """A key that is not the API's."""

    def sign(self, message: bytes) -> str:
        return base64.b64encode(hashlib.sha256(message).digest()).decode()

    def is_valid(self, message: bytes, mac: str) -> bool:
        return self.sign(message) == mac


def _seal_a_closed_day(shop: DeployedStack) -> None:
    """Put objects into the first day to seal, run the function twice, and remove all of them."""
    day, bucket, s3 = last_closed_day(datetime.now(UTC)), shop.outputs["auditBucket"], shop.client("s3")
    keys = [f"outcomes/date={day}/order=ord_old/000002.json", f"refusals/date={day}/old.json"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"{}")
    assert shop.invoke("sealFunction", {})["objects"] == len(keys)
    assert shop.invoke("sealFunction", {})["days"] == []
    erase(shop, *keys, *audit_keys(shop, "seals/"))


def _lose_an_audit_object(shop: DeployedStack) -> None:
    key = audit_keys(shop, "outcomes/")[0]
    shop.client("s3").delete_object(Bucket=shop.outputs["auditBucket"], Key=key)


def _report(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report as the machine sends it to the record function."""
    return {"schema": 1, "execution": "arn:test:told", "requested_at": "2026-01-31T12:00:00Z", **report}


def _park(shop: DeployedStack, report: dict[str, Any]) -> None:
    """Park a report, as the machine does when the record function finally fails."""
    shop.client("sqs").send_message(QueueUrl=shop.outputs["parkingQueueUrl"], MessageBody=json.dumps(_report(report)))
