"""The pages of the console show stored data, and forms show a preview before they act."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from cli.command_errors import UsageError
from cli.console import console_services, run_console
from cli.target import DeploymentTarget
from console.alarm_states import runbook_section
from handlers.domain.payments import Movement
from tests.console.asgi_client import ConsoleClient, fields_of
from tests.console.conftest import BookedShop, services_of
from tests.console.test_order_report import alter_entry, text_of
from tests.handlers.world import purchase_of, resolution_of

Fields = dict[str, str]


def ledger_size(shop: BookedShop) -> int:
    return shop.deployment.world.order(shop.order_id).version


def plan_refund(client: ConsoleClient, shop: BookedShop, **fields: str) -> Fields:
    """Preview a refund, and return the form fields with which the preview would start it."""
    values = {"by": "agent-7", "reason": "late", "request_id": "console-1", "mode": "plan", **fields}
    page = client.post(f"/orders/{shop.order_id}/refunds", **values)
    assert page.status == 200, page.text
    return {**fields_of(page.text), "shown": text_of(page.text)}


def test_a_refund_is_previewed_before_it_is_made(client: ConsoleClient, shop: BookedShop) -> None:
    before = ledger_size(shop)
    fields = plan_refund(client, shop, amount="2.50")
    assert "2.50 EUR was refunded. 4.50 EUR can still be refunded." in fields.pop("shown")
    assert ledger_size(shop) == before
    answer = client.send_form(f"/orders/{shop.order_id}/refunds", {**fields, "mode": "do"})
    assert answer.status == 303
    assert ledger_size(shop) == before + 2
    again = client.send_form(f"/orders/{shop.order_id}/refunds", {**fields, "mode": "do"})
    assert (again.status, ledger_size(shop)) == (303, before + 2), "sending the same form again is a replay"
    page = client.get(answer.headers["location"])
    assert "2.50 EUR was refunded." in text_of(page.text)


def test_a_preview_shows_the_refusal_of_the_function(client: ConsoleClient, shop: BookedShop) -> None:
    shown = plan_refund(client, shop, amount="900")["shown"]
    assert "REFUND_EXCEEDS_BALANCE At most 7.00 EUR can be refunded, but 900.00 EUR was requested." in shown
    assert "INVALID_REQUEST" in plan_refund(client, shop, by="not an id!")["shown"]


@pytest.mark.parametrize("amount", ["1.234", "-1", "1e3", "NaN"])
def test_an_invalid_amount_is_rejected_with_an_example(client: ConsoleClient, shop: BookedShop, amount: str) -> None:
    page = client.post(f"/orders/{shop.order_id}/refunds", mode="plan", by="a", reason="r", amount=amount)
    assert (page.status, "is not an amount in EUR: write it like 12.34" in page.text) == (400, True)


def test_a_purchase_is_previewed_before_it_is_made(client: ConsoleClient, shop: BookedShop) -> None:
    form = client.get("/purchase")
    assert "mug (7 available)" in form.text
    values = fields_of(form.text) | {"sku0": "mug", "quantity0": "2", "customer": "customer-9", "payment": "pm_ok"}
    plan = client.send_form("/purchase", {**values, "mode": "plan"})
    assert "10.00 EUR was paid." in text_of(plan.text)
    assert shop.deployment.world.available("mug") == 7
    reply = client.send_form("/purchase", {**fields_of(plan.text), "mode": "do"})
    assert (reply.status, shop.deployment.world.available("mug")) == (303, 5)
    assert "10.00 EUR was paid." in text_of(client.get(reply.headers["location"]).text)
    assert "customer-9" in client.get("/orders?customer=customer-9").text


def test_the_preview_of_a_purchase_above_the_stock_shows_the_refusal(client: ConsoleClient) -> None:
    page = client.post(
        "/purchase", mode="plan", sku0="mug", quantity0="99", customer="c", payment="pm_ok", request_id="x"
    )
    assert "OUT_OF_STOCK" in page.text
    for fields, sentence in (({}, "Choose at least one SKU"), ({"sku0": "no", "quantity0": "1"}, "no SKU no"),
                             ({"sku0": "mug", "quantity0": "1.5"}, "must be an integer")):  # fmt: skip
        page = client.post("/purchase", mode="plan", **fields)
        assert (page.status, sentence in page.text) == (400, True)


def test_the_page_of_an_execution_is_live_while_it_runs(client: ConsoleClient, shop: BookedShop) -> None:
    machine = shop.deployment.machine
    machine.is_holding = True
    arn = shop.deployment.book(purchase_of("held", mug=(1, 500)))
    assert 'data-live="' in client.get(f"/executions/{arn}").text
    assert "1 execution is running." in client.get("/executions").text
    machine.release()
    page = client.get(f"/executions/{arn}").text
    assert ('data-live="' in page, "SUCCEEDED" in page) == (False, True)


def test_the_trust_page_links_to_an_altered_order(client: ConsoleClient, shop: BookedShop) -> None:
    assert "they agree, every hash chain is intact" in text_of(client.get("/trust?since=all").text)
    alter_entry(shop, seq=2, amount_minor=1)
    page = client.get("/trust?since=all")
    assert "chain broken" in page.text
    assert f'href="/orders/{shop.order_id}"' in page.text
    assert client.get("/trust?since=yesterday").status == 400


def test_the_latest_run_of_reconcile_is_shown_with_its_drift(client: ConsoleClient, shop: BookedShop) -> None:
    assert "not logged a finished run" in client.get("/trust?since=all").text
    world = shop.deployment.world
    shop.deployment.outputs = {**shop.deployment.outputs, "reconcileFunction": "reconcile"}
    client = ConsoleClient(services_of(shop.deployment)).open()
    world.lines.clear()
    [key] = [key for key in world.audit_objects() if key.endswith("000002.json")]
    world.s3.delete_object(Bucket="audit", Key=key)
    world.reconcile()
    shop.deployment.logs.put("reconcile-logs", "stream", world.clock(), *world.lines)
    text = text_of(client.get("/trust?since=all").text)
    assert "restored 1" in text
    assert "✓ ledger, gateway and audit trail agree" in text
    drift = {"_aws": {}, "Stage": "test", "Between": "gateway", "Drift": 2}
    shop.deployment.logs.put("reconcile-logs", "stream", world.clock(), json.dumps(drift))
    text = text_of(client.get("/trust?since=all").text)
    assert "drift from gateway 2" in text
    assert "something needs attention" in text


def test_the_trust_page_lists_open_orphans(client: ConsoleClient, shop: BookedShop) -> None:
    sweeps = shop.deployment.world.dependencies().sweeps
    assert "None is known." in client.get("/trust?since=all").text
    movement = Movement(
        reference="ch_<b>", at="2026-03-01T09:00:00.000000Z", kind="charge", amount_minor=4200, currency="EUR"
    )
    sweeps.add_orphan(movement, "2026-03-01T10:00:00.000000Z")
    page = client.get("/trust?since=all").text
    assert ("ch_&lt;b&gt;" in page, "42.00 EUR" in text_of(page)) == (True, True)
    sweeps.remove_orphan(movement.reference)
    assert "None is known." in client.get("/trust?since=all").text


def test_another_person_approves_a_held_refund_and_its_requester_cannot(
    client: ConsoleClient, shop: BookedShop
) -> None:
    shop.deployment.world.environment["BOOKING_APPROVAL_LIMITS"] = "EUR:100"
    held = plan_refund(client, shop, amount="5.00")
    assert "APPROVAL_NEEDED" in held.pop("shown")
    client.send_form(f"/orders/{shop.order_id}/refunds", {**held, "mode": "do"})
    queue = client.get("/approvals")
    assert "above limit" in queue.text
    decision = fields_of(queue.text) | {"decision": "approve", "mode": "plan"}
    path = f"/orders/{shop.order_id}/decisions"
    own = client.send_form(path, {**decision, "by": "agent-7"})
    assert "rejected" in text_of(own.text)
    other = client.send_form(path, {**decision, "by": "approver-1"})
    assert 'class="badge good">succeeded</span>' in other.text
    assert "RefundSettled" in other.text, text_of(other.text)
    assert shop.deployment.world.order(shop.order_id).account.refunded_minor == 300
    client.send_form(path, {**fields_of(other.text), "mode": "do"})
    assert shop.deployment.world.order(shop.order_id).account.refunded_minor == 800
    assert "Nothing waits." in client.get("/approvals").text


def test_another_person_closes_a_case_as_proposed(client: ConsoleClient, shop: BookedShop) -> None:
    world = shop.deployment.world
    (row,) = (each for each in world.dynamodb.scan(TableName="gateway")["Items"] if each["pk"]["S"] == shop.order_id)
    world.dynamodb.put_item(TableName="gateway", Item={**row, "heard": {"S": "declined"}})
    world.reconcile()
    (case,) = world.order(shop.order_id).account.open_cases
    shop.deployment.book(resolution_of(shop.order_id, case.case_id, outcome="settled"))
    queue = client.get("/approvals")
    assert "would close a case as settled" in queue.text, text_of(queue.text)
    decision = fields_of(queue.text) | {"decision": "approve", "by": "approver-1"}
    plan = client.send_form(f"/orders/{shop.order_id}/decisions", decision | {"mode": "plan"})
    assert "CaseClosed" in plan.text, text_of(plan.text)
    client.send_form(f"/orders/{shop.order_id}/decisions", fields_of(plan.text) | {"mode": "do"})
    assert world.order(shop.order_id).account.open_cases == ()
    assert "Nothing waits." in client.get("/approvals").text


@pytest.mark.parametrize(
    ("form", "inputs", "entry", "status"),
    [
        ("captures", {"amount": "2.50"}, "PaymentCaptured", "CONFIRMED"),
        ("cancellations", {}, "PaymentVoided", "CANCELLED"),
    ],
)
def test_a_held_payment_is_captured_or_cancelled_after_a_preview(
    client: ConsoleClient, shop: BookedShop, form: str, inputs: Fields, entry: str, status: str
) -> None:
    """Law 33 (authorise): the forms exist while the amount is held, and the preview moves nothing."""
    deployment = shop.deployment
    arn = deployment.book({**purchase_of("held", "pm_ok", mug=(1, 500)), "capture": "later"})
    path = f"/orders/{deployment.result(arn)['order_id']}"
    assert f'action="{path}/{form}"' in client.get(path).text
    plan = client.post(f"{path}/{form}", by="agent-7", request_id="console-1", mode="plan", **inputs)
    assert entry in plan.text, text_of(plan.text)
    assert "AUTHORIZED" in text_of(client.get(path).text)
    client.send_form(f"{path}/{form}", {**fields_of(plan.text), "mode": "do"})
    assert deployment.world.order(path.removeprefix("/orders/")).status.value == status
    assert f'action="{path}/{form}"' not in client.get(path).text


def test_a_held_refund_without_a_decision_expires(client: ConsoleClient, shop: BookedShop) -> None:
    world = shop.deployment.world
    world.environment["BOOKING_APPROVAL_LIMITS"] = "EUR:100"
    held = plan_refund(client, shop, amount="5.00")
    client.send_form(f"/orders/{shop.order_id}/refunds", {**held, "mode": "do"})
    assert shop.order_id in client.get("/approvals").text
    world.clock.advance(timedelta(days=8))
    world.reconcile()
    assert "Nothing waits." in client.get("/approvals").text
    assert "7.00 EUR" in text_of(client.get(f"/orders/{shop.order_id}").text)


def test_active_alarms_are_shown_with_their_runbook_section(client: ConsoleClient, shop: BookedShop) -> None:
    description = "Executions failed. What to do: docs/how-to/runbook.md#executions-failed"
    alarm = {
        "AlarmName": "booking-dev-x",
        "AlarmDescription": description,
        "StateValue": "ALARM",
        "StateReason": "1 > 0",
    }
    shop.deployment.cloudwatch.alarms[:] = [alarm, {**alarm, "AlarmName": "booking-prod-y"}]
    page = client.get("/trust?since=all").text
    assert "booking-dev-x" in page
    assert "booking-prod-y" not in page
    assert runbook_section("executions-failed").split("\n")[0][:20] in page


def test_search_redirects_to_orders_customers_and_executions(client: ConsoleClient, shop: BookedShop) -> None:
    name = shop.rejected.rpartition(":")[2]
    for query_text, location in (
        (shop.order_id, f"/orders/{shop.order_id}"),
        ("customer-1", "/orders?customer=customer-1"),
        (name, f"/executions/{shop.rejected}"),
        (shop.rejected, f"/executions/{shop.rejected}"),
    ):
        assert client.get(f"/search?q={query_text}").headers["location"] == location
    assert client.get("/search?q=nobody").status == 404


def test_the_next_page_of_a_list_continues_after_the_last_order(client: ConsoleClient, shop: BookedShop) -> None:
    world = shop.deployment.world
    world.stock(cup=(100, 99))
    for number in range(30):
        world.clock.advance(timedelta(minutes=1))
        shop.deployment.book({**purchase_of(f"cup-{number}", cup=(1, 100)), "customer_id": "customer-2"})
    first = client.get("/orders?customer=customer-2")
    assert first.text.count("<code>ord_") == 25
    older = first.text.partition('<a href="/orders?customer=customer-2&amp;before=')[2].partition('"')[0]
    second = client.get(f"/orders?customer=customer-2&before={older}")
    assert second.text.count("<code>ord_") == 5
    assert client.get("/orders?status=PARTIALLY_REFUNDED").text.count("<code>ord_") == 1
    assert client.get("/orders?status=nonsense&day=nonsense&before=nonsense").status == 200


def test_invalid_days_are_rejected_with_an_example(client: ConsoleClient) -> None:
    for query in ("from=x", "from=2026-03-02&to=2026-03-01", "from=2025-01-01&to=2026-03-01"):
        page = client.get(f"/days?{query}")
        assert (page.status, "Give two days such as" in page.text) == (400, True)


def test_a_missing_audit_object_does_not_break_the_page_of_its_order(client: ConsoleClient, shop: BookedShop) -> None:
    del shop.deployment.world.s3.versions[next(iter(shop.deployment.world.s3.versions))]
    assert client.get(f"/orders/{shop.order_id}").status == 200
    shop.deployment.outputs = {**shop.deployment.outputs, "purchaseFunction": ""}
    assert client.get("/nothing").status == 404


def test_a_deployed_stage_is_changed_only_through_its_api(shop: BookedShop) -> None:
    deployed = shop.deployment
    target = DeploymentTarget(name="prod", outputs=deployed.outputs, client=deployed.client)
    with pytest.raises(UsageError, match="this stage has none"):
        console_services(target, write=True, is_deployed=True)
    with_api = replace(target, outputs={**deployed.outputs, "apiUrl": "https://api.example.com"})
    for write in (True, False):
        services = console_services(with_api, write=write, is_deployed=True)
        assert (services.can_write, services.decide is not None) == (False, write)


def test_a_taken_port_is_a_usage_error(shop: BookedShop) -> None:
    from console.server.serving import listen

    with listen() as taken, pytest.raises(UsageError, match="cannot be used"):
        run_console(services_of(shop.deployment), taken.getsockname()[1], open_browser=False)
