"""On a deployed stage the console only decides, through the API, and each person as themselves."""

import pytest

from cli.api_decisions import ApiDecisions
from tests.console.asgi_client import ConsoleClient, fields_of
from tests.console.stage_api import DeployedStageApi
from tests.console.test_order_report import text_of


@pytest.fixture
def stage() -> DeployedStageApi:
    return DeployedStageApi()


@pytest.fixture
def client(stage: DeployedStageApi) -> ConsoleClient:
    return ConsoleClient(stage.services()).open()


def decide(client: ConsoleClient, stage: DeployedStageApi, token: str, **changes: str) -> tuple[int, str]:
    """Send the form of the page of approvals; return the status and the text."""
    fields = fields_of(client.get("/approvals").text) | {"decision": "approve", "token": token, **changes}
    answer = client.send_form(f"/orders/{stage.order_id}/decisions", fields)
    assert not token or token not in answer.text
    return answer.status, text_of(answer.text)


@pytest.mark.parametrize("is_slow", [False, True])
def test_an_approver_decides_as_themselves(client: ConsoleClient, stage: DeployedStageApi, is_slow: bool) -> None:
    """Also when the execution ends after the API has answered."""
    stage.api.machine.is_slow = is_slow
    assert "Your access token" in client.get("/approvals").text
    assert decide(client, stage, stage.approver())[0] == 303
    assert stage.api.world.order(stage.order_id).account.refunded_minor == 600
    assert "Nothing waits." in client.get("/approvals").text


def test_the_same_form_again_is_a_replay(client: ConsoleClient, stage: DeployedStageApi) -> None:
    fields = fields_of(client.get("/approvals").text) | {"decision": "deny", "token": stage.approver()}
    for _ in range(2):
        assert client.send_form(f"/orders/{stage.order_id}/decisions", fields).status == 303
    assert stage.api.world.order(stage.order_id).account.refundable_minor == 1000


def test_what_the_api_refuses_is_shown_with_its_reason(client: ConsoleClient, stage: DeployedStageApi) -> None:
    both, expired = stage.api.token("sam", "approver", "staff"), stage.api.token("eva", "approver", exp=1)
    for token, reason in ((both, "OWN_DECISION"), (stage.api.staff(), "ROLE_NOT_ALLOWED"), (expired, "UNAUTHORIZED")):
        status, text = decide(client, stage, token)
        assert (status, reason in text) == (409, True), text
    assert stage.api.world.order(stage.order_id).account.refunded_minor == 0


@pytest.mark.parametrize("token", ["", "secret", "a.b", "a.b.c\r\nhost: evil.example", "a.b.c.d"])
def test_what_is_no_token_is_not_sent(client: ConsoleClient, stage: DeployedStageApi, token: str) -> None:
    status, text = decide(client, stage, token)
    assert (status, "The access token must be a whole one" in text) == (400, True)
    assert stage.pool.paths == []


def test_a_form_of_another_session_sends_nothing(client: ConsoleClient, stage: DeployedStageApi) -> None:
    assert decide(client, stage, stage.approver(), csrf="0" * 64)[0] == 403
    assert stage.pool.paths == []


def test_no_other_form_exists(client: ConsoleClient, stage: DeployedStageApi) -> None:
    """People buy and refund through applications of the stage's API."""
    for path in (
        "/purchase",
        *(f"/orders/{stage.order_id}/{form}" for form in ("refunds", "captures", "cancellations")),
    ):
        assert client.post(path, mode="do", by="a", reason="r", request_id="x").status in (404, 405), path
    page = client.get(f"/orders/{stage.order_id}").text
    assert page.count('<form class="action"') == 1


def test_a_subject_leads_to_no_other_route(stage: DeployedStageApi) -> None:
    decision = {"order_id": "../../x?", "subject": "a/b#", "request_id": "k", "decision": "approve"}
    api = ApiDecisions(url="https://api.example.com", pool=stage.pool)  # type: ignore[arg-type]  # a double
    assert not api.send(decision, stage.approver()).is_accepted
    assert stage.pool.paths == ["/v1/orders/..%2F..%2Fx%3F/approvals/a%2Fb%23"]
