"""Refunds and resolutions that await a decision: who sees the queue, and who may decide."""

import json
from typing import Any

import pytest

from handlers.contracts.api_routes import Role
from tests.api.api_callers import Api, ApiReply, person
from tests.handlers.world import decision_of, refund_of, resolution_of


@pytest.fixture
def api() -> Api:
    """A shop that holds refunds above 5 euros and accepts decisions only through its API."""
    api = Api()
    api.world.environment |= {"BOOKING_APPROVALS": "api-only", "BOOKING_APPROVAL_LIMITS": "EUR:500"}
    return api


def hold_refund(api: Api, customer: str = "anna", by: str = "sam", key: str = "back-1") -> tuple[str, str]:
    """Hold a refund, and return its order and its id."""
    order_id = api.place_order(customer, key=f"buy-{key}")
    sent = {"reason": "The handle is scratched.", "amount_minor": 600}
    path = f"/v1/orders/{order_id}/refunds"
    reply = api.call("POST", path, api.token(by, Role.STAFF), sent, idempotency_key=key, prefer="wait=5")
    assert (reply.status, reply.body["next_action"]["who"]) == (202, "approver")
    shown = api.call("GET", reply.headers["location"], api.token(by, Role.STAFF)).body
    assert (shown["refund_id"], shown["status"]) == (reply.body["refund_id"], "pending")
    return order_id, reply.body["refund_id"]


def queue(api: Api, sub: str = "eva", query: str = "") -> ApiReply:
    return api.call("GET", f"/v1/approvals{query}", api.token(sub, Role.APPROVER))


def decide(
    api: Api, order_id: str, subject: str, decision: str = "approve", token: str | None = None, **more: Any
) -> ApiReply:
    path = f"/v1/orders/{order_id}/approvals/{subject}"
    caller = token or api.token("eva", Role.APPROVER)
    key = more.pop("key", "dec-1")
    return api.call(
        "POST", path, caller, {"decision": decision, **more.pop("body", {})}, idempotency_key=key, prefer="wait=5"
    )


def test_an_approver_finds_a_held_refund_and_approves_it(api: Api) -> None:
    order_id, subject = hold_refund(api)
    [waiting] = queue(api).body["approvals"]
    assert (waiting["order_id"], waiting["subject"], waiting["amount_minor"]) == (order_id, subject, 600)
    assert (waiting["requested_by"], waiting["held_because"]) == (person("sam"), "above_limit")
    assert waiting["reason"] == "The handle is scratched."
    reply = decide(api, order_id, subject)
    assert (reply.status, reply.body["status"], reply.body["refundable_minor"]) == (200, "succeeded", 400)
    assert queue(api).body["approvals"] == []
    approved = api.world.order(order_id).ledger[-2]
    assert (approved.facts["by"], approved.facts["origin"]) == (person("eva"), "api")
    assert api.world.findings() == ()


def test_a_denied_refund_releases_its_amount(api: Api) -> None:
    order_id, subject = hold_refund(api)
    assert decide(api, order_id, subject, decision="deny").body["refundable_minor"] == 1000


def test_a_repeated_decision_is_replayed_and_a_different_one_is_refused(api: Api) -> None:
    order_id, subject = hold_refund(api)
    first, again = decide(api, order_id, subject), decide(api, order_id, subject)
    assert (first.status, again.status, again.body["replayed"]) == (200, 200, True)
    assert decide(api, order_id, subject, decision="deny").code == "KEY_REUSED"
    late = decide(api, order_id, subject, key="dec-2")
    assert (late.status, late.code) == (409, "NOT_AWAITING_DECISION")


@pytest.mark.parametrize("sub", ["sam", "anna"])
def test_nobody_may_decide_on_their_own_request_or_order(api: Api, sub: str) -> None:
    order_id, subject = hold_refund(api)
    both = api.token(sub, *Role)
    reply = decide(api, order_id, subject, token=both)
    assert (reply.status, reply.code) == (409, "OWN_DECISION")
    assert queue(api).body["approvals"][0]["subject"] == subject


@pytest.mark.parametrize("claims", [{"client_id": "robot"}, {"gty": "client-credentials"}, {"idtyp": "app"}])
def test_a_machine_may_not_decide(api: Api, claims: dict[str, str]) -> None:
    order_id, subject = hold_refund(api)
    reply = decide(api, order_id, subject, token=api.token("robot", Role.APPROVER, **claims))
    assert (reply.status, reply.code) == (403, "MACHINE_NOT_ALLOWED")


def test_a_listed_client_may_decide_on_requests_of_others(api: Api) -> None:
    """Law 35 (approval): its whole name must match, and it needs the role, too."""
    api.world.environment["BOOKING_API_DECIDING_CLIENTS"] = "risk-check robot@clients"
    order_id, subject = hold_refund(api)
    for sub in ("risk", "robot", "risk-check robot@clients"):
        unlisted = api.token(sub, Role.APPROVER, gty="client-credentials")
        assert decide(api, order_id, subject, token=unlisted).code == "MACHINE_NOT_ALLOWED"
    for role in set(Role) - {Role.APPROVER}:
        other = api.token("robot@clients", role, azp="robot")
        assert decide(api, order_id, subject, token=other).code == "ROLE_NOT_ALLOWED"
    listed = api.token("robot@clients", Role.APPROVER, azp="robot")
    assert decide(api, order_id, subject, token=listed).status == 200
    assert api.world.order(order_id).ledger[-2].facts["by"] == person("robot@clients")


def test_a_listed_client_may_not_decide_on_its_own_request(api: Api) -> None:
    api.world.environment["BOOKING_API_DECIDING_CLIENTS"] = "robot"
    order_id, subject = hold_refund(api, by="robot")
    robot = api.token("robot", Role.APPROVER, client_id="robot")
    assert decide(api, order_id, subject, token=robot).code == "OWN_DECISION"


@pytest.mark.parametrize("field", ["action", "order_id", "subject", "requested_by", "request_id", "origin", "mac"])
def test_a_body_cannot_set_the_decider_or_the_subject(api: Api, field: str) -> None:
    order_id, subject = hold_refund(api)
    reply = decide(api, order_id, subject, body={field: person("eva")})
    assert (reply.status, reply.code) == (422, "INVALID_REQUEST")


def test_a_direct_decision_is_refused(api: Api) -> None:
    order_id, subject = hold_refund(api)
    direct = decision_of(order_id, subject, requested_by=person("eva"))
    assert api.world.book(direct)["code"] == "API_REQUIRED"


def test_a_directly_requested_refund_can_be_denied_but_not_approved(api: Api) -> None:
    """Law 35 (approval): anyone may have made a direct request."""
    order_id = api.place_order("anna")
    direct = api.world.book(refund_of(order_id, amount_minor=600, requested_by="bob"))
    assert direct["code"] == "APPROVAL_NEEDED"
    approval = decide(api, order_id, direct["refund_id"])
    assert (approval.status, approval.code) == (409, "API_REQUIRED")
    assert api.world.gateway_net(order_id) == 1000
    assert decide(api, order_id, direct["refund_id"], decision="deny", key="dec-2").status == 200
    assert api.world.findings() == ()


def test_a_directly_proposed_resolution_can_be_denied_but_not_approved(api: Api) -> None:
    """Law 37 (cases): it was proposed while the stage still accepted direct requests."""
    order_id, case_id = api.open_contradiction()
    api.world.environment["BOOKING_APPROVALS"] = "any"
    assert api.world.book(resolution_of(order_id, case_id, requested_by="bob"))["code"] == "APPROVAL_NEEDED"
    api.world.environment["BOOKING_APPROVALS"] = "api-only"
    assert decide(api, order_id, case_id).code == "API_REQUIRED"
    assert decide(api, order_id, case_id, decision="deny", key="dec-2").status == 200


def test_a_copied_proof_is_invalid_for_another_decision(api: Api) -> None:
    """A reader of the API's executions cannot use their proofs for another decision."""
    (first, one), (second, other) = hold_refund(api, key="a"), hold_refund(api, key="b")
    decide(api, first, one)
    seen = next(e for arn, e in api.machine.executions.items() if ":decide-" in arn)["input"]
    forged = seen.replace(first, second).replace(one, other)
    assert api.world.book(json.loads(forged))["code"] == "CALLER_NOT_PROVEN"


@pytest.mark.parametrize("target", ["ord_0/ref_0", "{order}/ref_0", "{order}/{order}", "{other}/{refund}", "%00/%00"])
def test_a_subject_that_awaits_no_decision_is_not_found(api: Api, target: str) -> None:
    order_id, subject = hold_refund(api)
    other = api.place_order("ben", "x")
    order, refund = target.format(order=order_id, other=other, refund=subject).split("/")
    reply = decide(api, order, refund)
    assert (reply.status, reply.code) == (404, "APPROVAL_NOT_FOUND")


def test_an_approver_can_read_an_order_only_while_it_awaits_a_decision(api: Api) -> None:
    order_id, subject = hold_refund(api)
    other = api.place_order("ben", "x")
    token = api.token("eva", Role.APPROVER)
    for path in ("/v1/orders/{}", "/v1/orders/{}/refunds"):
        assert api.call("GET", path.format(order_id), token).status == 200
        assert api.call("GET", path.format(other), token).status == 404
    assert api.call("GET", "/v1/orders", token).status == 403
    decide(api, order_id, subject)
    assert api.call("GET", f"/v1/orders/{order_id}", token).status == 404


def test_pages_of_the_queue_show_every_refund_once(api: Api) -> None:
    subjects = sorted(hold_refund(api, key=f"k{number}")[1] for number in range(5))
    found, cursor = [], ""
    while True:
        page = queue(api, query=f"?limit=2{cursor}").body
        found += [each["subject"] for each in page["approvals"]]
        if "cursor" not in page:
            break
        cursor = f"&cursor={page['cursor']}"
    assert sorted(found) == subjects


@pytest.mark.parametrize("query", ["limit=0", "customer=x", "cursor=W10", "since=2026-01-01"])
def test_a_malformed_parameter_of_the_queue_is_refused(api: Api, query: str) -> None:
    assert queue(api, query=f"?{query}").status == 400


def resolve(api: Api, order_id: str, subject: str, token: str | None = None, **body: str) -> ApiReply:
    path = f"/v1/orders/{order_id}/cases/{subject}"
    sent = {"outcome": "settled", "evidence": "The bank says so.", **body}
    return api.call("POST", path, token or api.staff(), sent, idempotency_key="res-1", prefer="wait=5")


def test_a_case_closes_when_a_second_person_approves_its_resolution(api: Api) -> None:
    order_id, case_id = api.open_contradiction()
    proposed = resolve(api, order_id, case_id)
    assert (proposed.status, proposed.code, proposed.body["case_id"]) == (202, "APPROVAL_NEEDED", case_id)
    [waiting] = queue(api).body["approvals"]
    assert (waiting["kind"], waiting["subject"], waiting["outcome"]) == ("resolution", case_id, "settled")
    assert waiting["reason"] == "The bank says so."
    assert decide(api, order_id, case_id, token=api.staff(Role.APPROVER)).code == "OWN_DECISION"
    assert decide(api, order_id, case_id, key="res-1").status == 200  # the key of another action
    location = f"/v1/requests/{proposed.body['handle']}"
    shown = api.call("GET", location, api.staff()).body
    assert (shown["action"], shown["status"]) == ("resolve", "succeeded")
    assert queue(api).body["approvals"] == []


@pytest.mark.parametrize("subject", ["case_0", "ord_0", "%00"])
def test_a_resolution_of_an_unknown_case_is_not_found(api: Api, subject: str) -> None:
    order_id, _ = api.open_contradiction()
    reply = resolve(api, order_id, subject)
    assert (reply.status, reply.code) == (404, "CASE_NOT_FOUND")


def test_customers_and_unlisted_machines_may_not_propose_a_resolution(api: Api) -> None:
    order_id, case_id = api.open_contradiction()
    assert resolve(api, order_id, case_id, token=api.token("anna", Role.CUSTOMER)).code == "ROLE_NOT_ALLOWED"
    robot = api.token("robot", Role.STAFF, client_id="robot")
    assert resolve(api, order_id, case_id, token=robot).code == "MACHINE_NOT_ALLOWED"
    api.world.environment["BOOKING_API_DECIDING_CLIENTS"] = "robot"
    assert resolve(api, order_id, case_id, token=robot).status == 202
    assert "cases" not in api.call("GET", f"/v1/orders/{order_id}", api.token("anna", Role.CUSTOMER)).body
