"""The console refuses requests of other sites, hosts and users, and stored markup never runs."""

import re
import stat
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import quote

import pytest

from console.server.entrance import Entrance
from console.server.guard import MAX_BODY
from console.server.serving import LOOPBACK, listen, write_launcher
from tests.console.asgi_client import HOST, ORIGIN, ConsoleClient
from tests.console.conftest import BookedShop, services_of
from tests.console.in_process_deployment import InProcessDeployment

PAGES = ("/", "/orders", "/attention", "/executions", "/trust", "/days", "/purchase", "/search?q=x", "/live.js")
INJECTION = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'{{7*7}}"


@pytest.fixture
def executions(shop: BookedShop) -> int:
    return len(shop.deployment.machine.executions)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        f"evil.example:{HOST.split(':')[1]}",
        "localhost:8123",
        "127.0.0.1",
        "127.0.0.1:80",
        "",
        "[::1]:8123",
    ],
)
def test_requests_with_a_foreign_host_are_refused(client: ConsoleClient, host: str) -> None:
    answer = client.send("GET", "/orders", [("host", host), ("cookie", client.cookie)])
    assert (answer.status, "ord_" in answer.text) == (421, False)


def test_requests_with_two_hosts_or_none_are_refused(client: ConsoleClient) -> None:
    for hosts in ([("host", HOST), ("host", "evil.example")], []):
        assert client.send("GET", "/orders", [*hosts, ("cookie", client.cookie)]).status == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1:8123", ""]
)
def test_a_form_from_a_foreign_origin_is_refused(
    client: ConsoleClient, shop: BookedShop, executions: int, origin: str
) -> None:
    form = {"csrf": client.entrance.csrf_token, "mode": "do", "by": "a", "reason": "r", "request_id": "x"}
    answer = client.send_form(f"/orders/{shop.order_id}/refunds", form, ("origin", origin))
    assert answer.status == 403
    assert len(shop.deployment.machine.executions) == executions


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_requested_by_another_site_is_refused(client: ConsoleClient, site: str) -> None:
    headers = [("host", HOST), ("cookie", client.cookie), ("sec-fetch-site", site)]
    assert client.send("GET", "/orders", headers).status == 403
    assert client.send("GET", "/orders", [*headers[:2], ("origin", "http://evil.example")]).status == 403


@pytest.mark.parametrize("token", ["", "wrong", "0" * 64])
def test_a_form_with_a_missing_or_wrong_token_is_refused(
    client: ConsoleClient, shop: BookedShop, executions: int, token: str
) -> None:
    form = {"csrf": token, "mode": "do", "by": "agent-7", "reason": "r", "amount": "1", "request_id": "x"}
    assert client.send_form(f"/orders/{shop.order_id}/refunds", form).status == 403
    del form["csrf"]
    assert client.send_form("/purchase", form).status == 403
    assert len(shop.deployment.machine.executions) == executions


@pytest.mark.parametrize("path", PAGES)
def test_no_page_is_shown_without_a_session(shop: BookedShop, path: str) -> None:
    visitor = ConsoleClient(services_of(shop.deployment))
    for cookie in (
        "",
        f"{visitor.entrance.cookie_name}=",
        f"{visitor.entrance.cookie_name}=guess",
        "a=b;;=;",
        "\x00",
    ):
        headers = [("host", HOST), *([("cookie", cookie)] if cookie else [])]
        answer = visitor.send("GET", path, headers)
        assert (answer.status, "ord_" in answer.text) == (401, False)


def test_the_start_token_works_exactly_once(shop: BookedShop) -> None:
    client = ConsoleClient(services_of(shop.deployment))
    assert [client.send("GET", f"/start?token={token}").status for token in ("", "x", "é")] == [403, 403, 403]
    first = client.send("GET", f"/start?token={client.entrance.start_token}")
    again = client.send("GET", f"/start?token={client.entrance.start_token}")
    assert (first.status, again.status, "set-cookie" in again.headers) == (200, 403, False)
    assert first.headers["set-cookie"].endswith("; HttpOnly; SameSite=Strict; Path=/")
    assert client.entrance.start_token not in repr(client.entrance)


def test_another_local_user_cannot_read_the_start_address(tmp_path: object) -> None:
    """Only the user can read the launcher, and the socket is on the loopback interface."""
    entrance = Entrance(port=1)
    launcher = write_launcher(entrance.start_url)
    try:
        assert stat.S_IMODE(launcher.stat().st_mode) == 0o600
        assert entrance.start_token in launcher.read_text("utf-8")
        assert entrance.start_token not in launcher.name
    finally:
        launcher.unlink()
    with listen() as listener:
        assert listener.getsockname()[0] == LOOPBACK


def test_a_read_only_console_has_no_routes_that_write(shop: BookedShop, executions: int) -> None:
    client = ConsoleClient(services_of(shop.deployment, can_write=False)).open()
    for path in ("/purchase", f"/orders/{shop.order_id}/refunds"):
        assert client.post(path, mode="do", by="a", reason="r", request_id="x").status in (404, 405)
    assert client.get("/purchase").status == 404
    assert '<form class="action"' not in client.get(f"/orders/{shop.order_id}").text
    assert len(shop.deployment.machine.executions) == executions


def test_reading_every_page_writes_nothing(client: ConsoleClient, shop: BookedShop) -> None:
    world = shop.deployment.world
    before = (world.dynamodb.scan(TableName="orders"), world.audit_objects(), len(shop.deployment.machine.executions))
    for path in (*PAGES, f"/orders/{shop.order_id}", f"/executions/{shop.rejected}"):
        assert client.get(path).status in (200, 303, 404), path
    after = (world.dynamodb.scan(TableName="orders"), world.audit_objects(), len(shop.deployment.machine.executions))
    assert before == after


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(client: ConsoleClient, method: str) -> None:
    assert client.send(method, "/orders", [("host", HOST), ("cookie", client.cookie)]).status == 405


def test_a_body_that_is_too_long_or_not_a_form_is_refused(client: ConsoleClient) -> None:
    headers = [("host", HOST), ("origin", ORIGIN), ("cookie", client.cookie)]
    form = ("content-type", "application/x-www-form-urlencoded")
    assert client.send("POST", "/purchase", [*headers, form], b"a" * (MAX_BODY + 1)).status == 413
    for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x", ""):
        assert client.send("POST", "/purchase", [*headers, ("content-type", kind)], b"{}").status == 415


@pytest.mark.parametrize("path", [*PAGES, "/start?token=no", "/nothing", "/orders/ord_none", "/style.css"])
def test_every_response_has_restrictive_security_headers(client: ConsoleClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")


class TagCollector(HTMLParser):
    """Collect what could run: scripts, event attributes, and javascript: addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.dangerous: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.scripts += [str(values.get("src"))] if tag == "script" else []
        self.dangerous += [name for name in values if name.startswith("on") or name == "style"]
        self.dangerous += [str(value) for value in values.values() if re.match(r"\s*javascript:", value or "")]


def test_script_in_stored_data_is_escaped_and_never_runs(shop: BookedShop) -> None:
    """It is in a SKU, a customer, a reason, an input, a state, an error, a cause, a log line and a search."""
    deployment = shop.deployment
    inject(deployment, shop.order_id)
    arn = deployment.book({"sku": INJECTION, INJECTION: {"reason": INJECTION}})
    execution = deployment.machine.executions[arn]
    assert execution.run is not None
    visits = (
        *execution.run.visits,
        replace(execution.run.visits[0], state=INJECTION, error=INJECTION, cause=INJECTION),
    )
    execution.run = replace(execution.run, status="FAILED", error=INJECTION, cause=INJECTION, visits=visits)
    deployment.logs.put("record-logs", "stream", deployment.world.clock(), f"START {arn}", INJECTION, f"END {arn}")
    client = ConsoleClient(services_of(deployment)).open()
    injected_queries = ("/orders?customer=", "/search?q=", "/trust?since=", "/days?from=")
    paths = [f"{path}{quote(INJECTION)}" for path in injected_queries]
    paths += [*PAGES[:-1], f"/orders/{shop.order_id}", f"/executions/{arn}"]
    for path in paths:
        tags = TagCollector()
        tags.feed(client.get(path).text)
        assert (set(tags.scripts) <= {"/live.js"}, tags.dangerous) == (True, []), path
    assert "&lt;script&gt;alert(1)" in client.get(f"/executions/{arn}").text


def inject(deployment: InProcessDeployment, order_id: str) -> None:
    """Write markup into every string of a stored order, and into a SKU of the catalogue."""
    dynamodb = deployment.world.dynamodb
    item = dynamodb.get_item(TableName="orders", Key={"pk": {"S": f"ORDER#{order_id}"}})["Item"]
    item["customer_id"] = {"S": INJECTION}
    for entry in item["ledger"]["L"]:
        entry["M"] |= {"customer_id": {"S": INJECTION}, "subject": {"S": INJECTION}, INJECTION: {"S": INJECTION}}
    item["ledger"]["L"][0]["M"]["lines"]["L"][0]["L"][0] = {"S": INJECTION}
    dynamodb.put_item(TableName="orders", Item=item)
    sku = {"pk": {"S": f"SKU#{INJECTION}"}, "sku": {"S": INJECTION}, "currency": {"S": "EUR"}, "schema": {"N": "1"}}
    dynamodb.put_item(TableName="orders", Item={**sku, "price_minor": {"N": "1"}, "available": {"N": "1"}})
