"""Stages with another API than dev: one accepts decisions only through the API, one has an EXPRESS machine."""

from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from cli.api_decisions import ApiDecisions
from handlers.domain.requests import person_id_of
from local.drivers.in_process import deploy
from local.instance import Instance
from local.instance.token_issuer import OWN_AUDIENCE, OWN_ISSUER, sign_token
from local.pytest_plugin import DeployedStack, start_instance
from tests.integration.api_client import BODY, buy, call, token, wait_for_result
from tests.integration.shop import refund, set_stock
from tests.integration.stage_values import API, DEV, EXPRESS, PROGRAM

pytestmark = pytest.mark.nightly
STRICT = {**DEV, **API, "booking:approvals": "api-only", "booking:apiDecidingClients": '["risk-check"]'}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    yield from start_instance(tmp_path_factory.mktemp("other-stages"))


def _stage(aws: Instance, name: str, config: dict[str, Any]) -> DeployedStack:
    """Deploy a stage next to the others, with this configuration instead of its own."""
    stage = DeployedStack(instance=aws, outputs=deploy(aws, PROGRAM, name, config))
    set_stock(stage, "MUG", 800, 100)
    return stage


@pytest.fixture(scope="module")
def strict(aws: Instance) -> DeployedStack:
    return _stage(aws, "staging", STRICT)


@pytest.fixture(scope="module")
def express(aws: Instance) -> DeployedStack:
    return _stage(aws, "prod", EXPRESS)


def _hold(stage: DeployedStack, key: str) -> tuple[str, str]:
    """Return an order and its held refund."""
    order_id, staff = str(buy(stage, "anna", f"buy-{key}")[1]["order_id"]), token(stage, "sam", "staff")
    back = {"reason": "late", "amount_minor": 300, "override": "window"}
    accepted = call(stage, "POST", f"/v1/orders/{order_id}/refunds", staff, back, idempotency_key=key)
    body = wait_for_result(stage, accepted, staff, until=("pending",))[1]
    assert body["code"] == "APPROVAL_NEEDED"
    return order_id, str(body["refund_id"])


def test_an_api_only_stage_refuses_direct_decisions_and_overrides(strict: DeployedStack) -> None:
    """Callers that start executions directly could name any approver."""
    order_id, subject = _hold(strict, "direct")
    approver = person_id_of(OWN_ISSUER, "eva")
    fields = {"order_id": order_id, "subject": subject, "decision": "approve", "requested_by": approver}
    decision = strict.run({"action": "decide", "request_id": "direct", **fields})
    override_execution = strict.run(refund("direct-2", order_id, amount_minor=100, override="window"))
    assert [each.result["code"] for each in (decision, override_execution)] == ["API_REQUIRED", "API_REQUIRED"]
    # The console of a deployed stage sends the same decision like this.
    api = ApiDecisions(
        url=strict.outputs["apiUrl"], pool=urllib3.PoolManager(ca_certs=str(strict.instance.certificate))
    )
    own = api.send({**fields, "request_id": "own"}, token(strict, "sam", "approver"))
    assert (own.is_accepted, "OWN_DECISION: " in own.message) == (False, True)
    assert api.send({**fields, "request_id": "made"}, token(strict, "eva", "approver")).is_accepted


def _client_token(stage: DeployedStack, sub: str) -> str:
    """Return a token as an identity provider issues it to a machine client."""
    claims = {"iss": OWN_ISSUER, "sub": sub, "client_id": sub, "aud": OWN_AUDIENCE, "groups": ["approver"]}
    return sign_token(stage.instance.folder, {"typ": "at+jwt"}, {**claims, "exp": 4_000_000_000})


def test_only_a_listed_machine_client_may_decide(strict: DeployedStack) -> None:
    order_id, subject = _hold(strict, "robots")
    path, approve = f"/v1/orders/{order_id}/approvals/{subject}", {"decision": "approve"}
    other, listed = (_client_token(strict, sub) for sub in ("risk-check-2", "risk-check"))
    status, body, _ = call(strict, "POST", path, other, approve, idempotency_key="robot")
    assert (status, body["code"]) == (403, "MACHINE_NOT_ALLOWED")
    accepted = call(strict, "POST", path, listed, approve, idempotency_key="robot")
    status, body, _ = wait_for_result(strict, accepted, listed)
    assert (status, body["refundable_minor"]) == (200, 500)


def test_the_api_returns_the_result_of_an_express_machine_immediately(express: DeployedStack) -> None:
    own = token(express, "anna", "customer")
    status, bought, _ = call(express, "POST", "/v1/orders", own, BODY, idempotency_key="now")
    assert (status, bought["status"], bought["amount_minor"]) == (200, "succeeded", 800)
    status, again, _ = call(express, "POST", "/v1/orders", own, BODY, idempotency_key="now")
    assert (status, again["order_id"], again["replayed"]) == (200, bought["order_id"], True)
    reply = call(express, "GET", f"/v1/requests/{bought['handle']}", own)
    assert (reply[0], reply[1]["order_id"]) == (200, bought["order_id"])
    status, refused, _ = call(
        express, "POST", "/v1/orders", own, {**BODY, "payment_method": "pm_declined"}, idempotency_key="no"
    )
    assert (status, refused["code"]) == (422, "PAYMENT_DECLINED")
