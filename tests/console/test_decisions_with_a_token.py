"""On a deployed stage the console can only send decisions, through the API and with each person's own token."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import urllib3

from cli.api_decisions import ApiDecisions
from tests.console.asgi_client import ConsoleClient, fields_of
from tests.console.stage_api import DeployedStageApi, PoolReply
from tests.console.test_order_report import text_of


@pytest.fixture
def stage() -> DeployedStageApi:
    return DeployedStageApi()


@pytest.fixture
def client(stage: DeployedStageApi) -> ConsoleClient:
    return ConsoleClient(stage.services()).open()


def confirmation(client: ConsoleClient, stage: DeployedStageApi, decision: str) -> dict[str, str]:
    """Return the hidden fields of the form that confirms a decision."""
    fields = fields_of(client.get("/approvals").text) | {"decision": decision, "mode": "plan"}
    page_of_form = client.send_form(f"/orders/{stage.order_id}/decisions", fields)
    assert page_of_form.status == 200
    assert fields["request_id"] == fields_of(page_of_form.text)["request_id"]
    return fields_of(page_of_form.text)


def decide(client: ConsoleClient, stage: DeployedStageApi, token: str, **changes: str) -> tuple[int, str]:
    """Send the form on the approvals page and the one that confirms it; return the status and the text."""
    fields = confirmation(client, stage, "approve") | {"token": token, "mode": "do", **changes}
    answer = client.send_form(f"/orders/{stage.order_id}/decisions", fields)
    assert not token or token not in answer.text
    return answer.status, text_of(answer.text)


@pytest.mark.parametrize("is_slow", [False, True])
def test_an_approver_decides_as_themselves(client: ConsoleClient, stage: DeployedStageApi, is_slow: bool) -> None:
    """This also works if the execution ends after the API has answered."""
    stage.api.machine.is_slow = is_slow
    assert decide(client, stage, stage.approver())[0] == 303
    assert stage.api.world.order(stage.order_id).account.refunded_minor == 600
    assert "Nothing waits." in client.get("/approvals").text


def test_the_same_form_again_is_a_replay(client: ConsoleClient, stage: DeployedStageApi) -> None:
    fields = confirmation(client, stage, "deny") | {"token": stage.approver(), "mode": "do"}
    for _ in range(2):
        assert client.send_form(f"/orders/{stage.order_id}/decisions", fields).status == 303
    assert stage.api.world.order(stage.order_id).account.refundable_minor == 1000


def test_a_refusal_of_the_api_is_shown_with_its_reason(client: ConsoleClient, stage: DeployedStageApi) -> None:
    both, expired = stage.api.token("sam", "approver", "staff"), stage.api.token("eva", "approver", exp=1)
    for token, reason in ((both, "OWN_DECISION"), (stage.api.staff(), "ROLE_NOT_ALLOWED"), (expired, "UNAUTHORIZED")):
        status, text = decide(client, stage, token)
        assert (status, reason in text) == (409, True), text
    assert stage.api.world.order(stage.order_id).account.refunded_minor == 0


@pytest.mark.parametrize(
    ("decision", "consequence"), [("approve", "the gateway pays the money back"), ("deny", "no money moves")]
)
def test_a_decision_is_confirmed_before_it_is_sent(
    client: ConsoleClient, stage: DeployedStageApi, decision: str, consequence: str
) -> None:
    """One click must not move money: the second form shows the amount and the order."""
    assert "Your access token" not in client.get("/approvals").text
    fields = fields_of(client.get("/approvals").text) | {"decision": decision, "token": stage.approver()}
    page = client.send_form(f"/orders/{stage.order_id}/decisions", fields).text
    facts = (consequence, "6.00 EUR", stage.subject, stage.order_id, "Your access token")
    assert [fact for fact in facts if fact not in text_of(page)] == []
    assert stage.approver() not in page
    assert stage.pool.paths == []


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"decision": "maybe"}, (400, "either approve or deny")),
        ({"subject": "ref_none"}, (409, "Nothing waits under the id 'ref_none'")),
    ],
)
def test_only_pending_subjects_can_be_decided(
    client: ConsoleClient, stage: DeployedStageApi, changes: dict[str, str], answer: tuple[int, str]
) -> None:
    fields = fields_of(client.get("/approvals").text) | {"decision": "approve", **changes}
    page = client.send_form(f"/orders/{stage.order_id}/decisions", fields)
    assert (page.status, answer[1] in page.text.replace("&#39;", "'")) == (answer[0], True)


@pytest.mark.parametrize("token", ["", "secret", "a.b", "a.b.c\r\nhost: evil.example", "a.b.c.d"])
def test_an_invalid_token_is_not_sent(client: ConsoleClient, stage: DeployedStageApi, token: str) -> None:
    status, text = decide(client, stage, token)
    assert (status, "The access token must be complete" in text) == (400, True)
    assert stage.pool.paths == []


def test_a_form_of_another_session_sends_nothing(client: ConsoleClient, stage: DeployedStageApi) -> None:
    assert decide(client, stage, stage.approver(), csrf="0" * 64)[0] == 403
    assert stage.pool.paths == []


def test_the_decision_form_is_the_only_form(client: ConsoleClient, stage: DeployedStageApi) -> None:
    """People buy and refund through applications that use the stage's API."""
    for path in (
        "/purchase",
        *(f"/orders/{stage.order_id}/{form}" for form in ("refunds", "captures", "cancellations")),
    ):
        assert client.post(path, mode="do", by="a", reason="r", request_id="x").status in (404, 405), path
    page = client.get(f"/orders/{stage.order_id}").text
    assert page.count('<form class="action"') == 1


def test_a_subject_cannot_change_the_route(stage: DeployedStageApi) -> None:
    decision = {"order_id": "../../x?", "subject": "a/b#", "request_id": "k", "decision": "approve"}
    api = ApiDecisions(url="https://api.example.com", pool=stage.pool)  # type: ignore[arg-type]  # a double
    assert not api.send(decision, stage.approver()).is_accepted
    assert stage.pool.paths == ["/v1/orders/..%2F..%2Fx%3F/approvals/a%2Fb%23"]


@dataclass
class ScriptedPool:
    """Returns replies or raises errors in the given order, and repeats the last one."""

    script: list[PoolReply | urllib3.exceptions.HTTPError]
    urls: list[str] = field(default_factory=list[str])

    def request(self, _method: str, url: str, **_: Any) -> PoolReply:
        self.urls.append(url)
        reply = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(reply, urllib3.exceptions.HTTPError):
            raise reply
        return reply


def _reply(status: int, body: object = None, location: str = "/v1/requests/h") -> PoolReply:
    return PoolReply(status, json.dumps(body).encode(), {"location": location} if status == 202 else {})


ACCEPTED = _reply(202, {"status": "running", "handle": "h"})
NO_REPLY = urllib3.exceptions.HTTPError("timed out")
UNAUTHORIZED = _reply(401, {"code": "UNAUTHORIZED", "detail": "The token has expired."})
SUCCEEDED = _reply(200, {"status": "succeeded", "message": "Done."})
DECISION = {"order_id": "ord_1", "subject": "ref_1", "request_id": "k", "decision": "approve"}


def send_decision(*script: PoolReply | urllib3.exceptions.HTTPError) -> tuple[bool, bool, str, list[str]]:
    """Return whether the decision is accepted and settled, the message, and the URLs that were called."""
    pool = ScriptedPool([*script])
    api = ApiDecisions(url="https://api.example.com", pool=pool, sleep=lambda _: None)  # type: ignore[arg-type]  # a double
    answer = api.send(DECISION, "a.b.c")
    return answer.is_accepted, answer.is_settled, answer.message, pool.urls


@pytest.mark.parametrize(
    "polls",
    [
        [NO_REPLY],
        [_reply(429, {"message": "Too Many Requests"})],
        [UNAUTHORIZED],
        [_reply(503, {"code": "UNAVAILABLE", "detail": "Try again."})],
        [ACCEPTED],
        [_reply(200, [])],
        [_reply(502, None), _reply(500, "oops")],
        [_reply(202, {"status": "unknown", "code": "PAYMENT_OUTCOME_UNKNOWN"})],
    ],
)
def test_an_accepted_decision_stays_accepted_whatever_the_polls_return(
    polls: list[PoolReply | urllib3.exceptions.HTTPError],
) -> None:
    accepted, settled, message, _ = send_decision(ACCEPTED, *polls)
    assert (accepted, settled) == (True, False)
    assert message.startswith("The API accepted the decision, and its result is not known yet.")


def test_failed_polls_are_repeated() -> None:
    assert send_decision(ACCEPTED, _reply(429), _reply(503), SUCCEEDED)[:3] == (True, True, "Done.")


def test_a_rejection_after_the_acceptance_is_shown() -> None:
    rejected = _reply(409, {"code": "OWN_DECISION", "detail": "Another person must decide.", "result": "rejected"})
    accepted, _, message, urls = send_decision(ACCEPTED, rejected)
    assert (accepted, message) == (False, "The decision did not succeed. OWN_DECISION: Another person must decide.")
    assert urls[1:] == ["https://api.example.com/v1/requests/h"]


@pytest.mark.parametrize("first", [NO_REPLY, _reply(502, None), _reply(500, "oops"), _reply(503, [])])
def test_a_decision_without_a_reply_may_have_been_accepted(first: PoolReply | urllib3.exceptions.HTTPError) -> None:
    accepted, _, message, urls = send_decision(first)
    assert (accepted, len(urls)) == (False, 1)
    assert message.startswith("The API may not have accepted the decision. Look at the order before you repeat it.")


@pytest.mark.parametrize("location", [".evil.example/x", "@evil.example/x", "https://evil.example/x", ""])
def test_a_token_is_never_sent_to_another_host(location: str) -> None:
    accepted, settled, _, urls = send_decision(_reply(202, {"status": "running"}, location))
    assert (accepted, settled, len(urls)) == (True, False, 1)


def test_a_decision_whose_result_is_late_is_shown_as_accepted(stage: DeployedStageApi) -> None:
    """A redirect to the order would look like a success."""
    decisions = ApiDecisions(url="https://api.example.com", pool=stage.pool, sleep=lambda _: None)  # type: ignore[arg-type]  # a double
    stage.api.machine.is_slow = True
    client = ConsoleClient(replace(stage.services(), decide=decisions.send)).open()
    status, text = decide(client, stage, stage.approver())
    assert (status, "its result is not known yet" in text) == (202, True)
