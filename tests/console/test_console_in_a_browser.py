"""The console works with a keyboard in Debian's Chromium. All tests share one browser and one shop.

The console runs in this process on fakes of AWS. Every wait is for a condition of the page, never for a time.
"""

import asyncio
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from console.rendering import render_report
from console.server.application import build_application
from console.server.console_services import ConsoleServices
from console.server.entrance import Entrance
from console.server.serving import listen, serve
from tests.console.conftest import BookedShop, book_shop, services_of
from tests.console.in_process_deployment import InProcessDeployment
from tests.console.stage_api import DeployedStageApi
from tests.console.test_console_attacks import INJECTION, inject
from tests.console.test_order_report import READ_AT, alter_entry, report_of
from tests.environment import require
from tests.handlers.world import purchase_of, refund_of

pytestmark = pytest.mark.outside

CHROMIUM = shutil.which("chromium")
SIZES = ((1440, 900), (390, 844))
PATHS = ("/orders", "/approvals", "/attention", "/executions", "/trust?since=all", "/days", "/purchase", "/nothing")
DARK_PATHS = ("/trust?since=all", "/purchase")
"""Pages that together contain every colour."""
Page = Any  # playwright's types come with the package, which may be missing


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start a headless Chromium for all tests."""
    require(CHROMIUM, "The browser tests need chromium (apt-get install chromium).")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def shop() -> BookedShop:
    """Return a shop with two pages of orders."""
    shop = book_shop(InProcessDeployment())
    shop.deployment.world.stock(cup=(100, 99))
    for number in range(26):
        shop.deployment.book({**purchase_of(f"cup-{number}", cup=(1, 100)), "customer_id": "customer-2"})
    return shop


@pytest.fixture(scope="module")
def console(shop: BookedShop) -> Iterator[Entrance]:
    """Serve the console of the shop on a free port."""
    with serve_console(services_of(shop.deployment)) as entrance:
        yield entrance


@contextmanager
def serve_console(services: ConsoleServices) -> Iterator[Entrance]:
    """Serve a console, and stop it after the block."""
    stopped, loop_ready = asyncio.Event(), threading.Event()
    with listen() as listener:
        entrance = Entrance(port=listener.getsockname()[1])
        application = build_application(services, entrance)
        loops: list[asyncio.AbstractEventLoop] = []

        async def announce_loop(scope: Any, receive: Any, send: Any) -> None:
            loops.append(asyncio.get_running_loop())
            loop_ready.set()
            await application(scope, receive, send)

        server = threading.Thread(target=serve, args=(announce_loop, listener, stopped))
        server.start()
        yield entrance
        loops[-1].call_soon_threadsafe(stopped.set)
        server.join()


@pytest.fixture(scope="module")
def context(browser: Any, console: Entrance) -> Iterator[Any]:
    """Return a browser profile that has opened the start address."""
    context = open_console(browser, console)
    yield context
    context.close()


def open_console(browser: Any, console: Entrance) -> Any:
    """Return a new browser profile that has opened the start address of a console."""
    context = browser.new_context(base_url=console.origin, reduced_motion="reduce")
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.goto(console.start_url)
    page.wait_for_url("**/orders")
    page.close()
    return context


@pytest.fixture
def page(context: Any) -> Iterator[Page]:
    """Open a page that fails its test if one of its scripts fails or its security policy is violated."""
    with open_checked_page(context) as opened:
        yield opened


@contextmanager
def open_checked_page(context: Any) -> Iterator[Page]:
    """Open a page, and assert after the block that nothing in it failed."""
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda message: problems.append(message.text) if "Security Policy" in message.text else None)
    opened.on("dialog", lambda dialog: problems.append(dialog.message) or dialog.dismiss())
    yield opened
    opened.close()
    assert problems == []


def reach(page: Page, name: str, role: str = "link") -> None:
    """Move the focus to an element with the Tab key, as someone without a mouse does."""
    element = page.get_by_role(role, name=name, exact=True).first
    for _ in range(150):
        page.keyboard.press("Tab")
        if element.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab does not reach the {role} {name!r}")


def type_into(page: Page, name: str, text: str, role: str = "textbox") -> None:
    """Reach a field with the keyboard and replace its text; a field that suggests values is a combobox."""
    reach(page, name, role)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def plan_and_do(page: Page) -> None:
    """Open the preview, then start the execution, by keyboard."""
    reach(page, "Show what would happen", "button")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="What would happen").wait_for()
    reach(page, "Start the execution", "button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/executions/**")


def test_a_purchase_and_its_refund_can_be_made_by_keyboard(page: Page) -> None:
    page.goto("/orders")
    reach(page, "New purchase")
    page.keyboard.press("Enter")
    page.wait_for_url("**/purchase")
    page.get_by_label("SKU 1").focus()
    page.keyboard.type("mug")
    type_into(page, "Quantity 1", "2")
    plan_and_do(page)
    assert "10.00 EUR was paid." in page.inner_text("main")
    reach(page, "its order")
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/ord_*")
    type_into(page, "Amount in EUR (empty: everything)", "4.00")
    type_into(page, "Reason", "late")
    plan_and_do(page)
    assert "4.00 EUR was refunded. 6.00 EUR can still be refunded." in page.inner_text("main")


def test_another_person_approves_a_refund_by_keyboard(page: Page, shop: BookedShop) -> None:
    """In the embedded AWS, the form has a field for the person."""
    shop.deployment.world.environment["BOOKING_APPROVAL_LIMITS"] = "EUR:100"
    held = shop.deployment.book(refund_of(shop.order_id, "refund-held", amount_minor=200))
    assert shop.deployment.result(held)["code"] == "APPROVAL_NEEDED"
    page.goto("/approvals")
    type_into(page, "Deciding as", "approver-1", "combobox")
    reach(page, "Show what the decision would do", "button")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="What would happen").wait_for()
    reach(page, "Start the execution", "button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/executions/**")
    assert "The refund of 2.00 EUR was approved." in page.inner_text("main")
    del shop.deployment.world.environment["BOOKING_APPROVAL_LIMITS"]


def test_an_approver_of_a_deployed_stage_decides_with_their_token_by_keyboard(browser: Any) -> None:
    stage = DeployedStageApi()
    with serve_console(stage.services()) as console, open_checked_page(open_console(browser, console)) as page:
        page.goto("/orders")
        reach(page, "Approvals")
        page.keyboard.press("Enter")
        page.wait_for_url("**/approvals")
        reach(page, "Continue", "button")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Approve the refund of 6.00 EUR?").wait_for()
        page.get_by_label("Your access token").press("Control+A")
        page.keyboard.insert_text(stage.approver())
        reach(page, "Approve", "button")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/orders/{stage.order_id}")
        assert "PARTIALLY_REFUNDED" in page.inner_text("main")
        assert stage.approver() not in page.content()
        page.context.close()
    assert stage.api.world.order(stage.order_id).account.refunded_minor == 600


def test_a_hold_that_nobody_captures_expires(page: Page, shop: BookedShop) -> None:
    """Law 33 (authorise): the order shows the hold, and after the next run of reconcile its expiry."""
    world = shop.deployment.world
    later = {**purchase_of("hold", mug=(1, 500)), "capture": "later", "hold_seconds": 3600}
    order_id = shop.deployment.result(shop.deployment.book(later))["order_id"]
    page.goto("/orders")
    reach(page, order_id)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/orders/{order_id}")
    assert "AUTHORIZED" in page.inner_text("main")
    world.clock.advance(timedelta(hours=2))
    world.reconcile()
    page.reload()
    page.get_by_text("PaymentVoided").first.wait_for()
    assert "CANCELLED" in page.inner_text("main")
    assert page.get_by_role("heading", name="Capture").count() == 0


def test_an_express_execution_is_found_by_its_arn_and_read_by_keyboard(page: Page, shop: BookedShop) -> None:
    """It has no history, so its states come from the machine's log."""
    arn = shop.deployment.log_as_express(shop.rejected)
    page.goto("/orders")
    reach(page, "Search by id", "searchbox")
    page.keyboard.type(f"{arn}\n")
    page.wait_for_url("**/executions/arn:aws:states:**")
    main = page.inner_text("main")
    assert "An EXPRESS execution, read from the machine's log" in main
    assert "REFUND_EXCEEDS_BALANCE" in main
    assert page.get_by_alt_text("State diagram with the path taken").count() == 1


def test_a_running_execution_is_updated_live(page: Page, shop: BookedShop) -> None:
    machine = shop.deployment.machine
    machine.is_holding = True
    arn = shop.deployment.book(purchase_of("held", mug=(1, 500)))
    page.goto(f"/executions/{arn}")
    page.get_by_text("RUNNING", exact=True).first.wait_for()
    machine.release()
    page.get_by_text("SUCCEEDED", exact=True).first.wait_for()
    assert page.get_by_role("status").inner_text() == "SUCCEEDED"
    assert page.locator("[data-live]").count() == 0


def test_an_altered_entry_is_found_on_the_trust_page(page: Page, shop: BookedShop) -> None:
    key = {"pk": {"S": f"ORDER#{shop.order_id}"}}
    dynamodb = shop.deployment.world.dynamodb
    intact = dynamodb.get_item(TableName="orders", Key=key)["Item"]
    alter_entry(shop, seq=2, amount_minor=1)
    page.goto("/trust?since=all")
    reach(page, shop.order_id)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/orders/{shop.order_id}")
    assert page.get_by_text("✗ computed").count() == 1
    dynamodb.put_item(TableName="orders", Item=intact)


def test_links_follow_the_hash_chain(page: Page, shop: BookedShop) -> None:
    page.goto(f"/orders/{shop.order_id}")
    links = page.locator("a.hash")
    hashes = [row.hash for row in report_of(shop).ledger]
    for index in range(links.count()):
        links.nth(index).press("Enter")
        page.wait_for_url(f"**#h-{hashes[index][:12]}")
        assert page.locator("tr:target .ok").inner_text() == "✓ same"


def test_search_filter_and_paging_work_by_keyboard(page: Page, shop: BookedShop) -> None:
    page.goto("/orders")
    reach(page, "Search by id", "searchbox")
    page.keyboard.type("customer-2\n")
    page.wait_for_url("**/orders?customer=customer-2")
    first = set(re.findall(r"ord_[0-9a-f]+", page.content()))
    reach(page, "Older orders")
    page.keyboard.press("Enter")
    page.wait_for_url("**before=*")
    second = set(re.findall(r"ord_[0-9a-f]+", page.content()))
    assert (len(first), len(second), first & second) == (25, 1, set())
    reach(page, "Search by id", "searchbox")
    page.keyboard.type(f"{shop.order_id}\n")
    page.wait_for_url(f"**/orders/{shop.order_id}")


def test_no_page_overflows_or_has_serious_findings_of_axe(page: Page, shop: BookedShop, tmp_path: Path) -> None:
    """All rules are checked in light mode, contrast also in dark mode, at both widths, with every detail open."""
    report = tmp_path / "report.html"
    text = render_report("order_report.html", report=report_of(shop), source="here", read_at=READ_AT)
    report.write_text(text, encoding="utf-8")
    for path in (*PATHS, f"/orders/{shop.order_id}", f"/executions/{shop.rejected}", report.as_uri()):
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert serious_findings(page) == [], path
        if path in DARK_PATHS:
            page.emulate_media(color_scheme="dark")
            assert serious_findings(page, "color-contrast") == [], path
            page.emulate_media(color_scheme="light")
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width)


def serious_findings(page: Page, *rules: str) -> list[str]:
    """Return the serious and critical findings of axe, for all of its rules or only the given ones."""
    from axe_playwright_python.sync_playwright import Axe

    options = {"resultTypes": ["violations"], "runOnly": list(rules) or ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found if each["impact"] in ("serious", "critical")]


def test_pages_work_without_scripts(browser: Any, context: Any, console: Entrance) -> None:
    opened = browser.new_context(java_script_enabled=False, storage_state=context.storage_state())
    page = opened.new_page()
    page.goto(f"{console.origin}/orders")
    page.get_by_label("Customer").fill("customer-2")
    page.get_by_role("button", name="Filter").press("Enter")
    page.wait_for_url("**customer=customer-2**")
    opened.close()


def test_a_report_shows_an_alteration_and_runs_no_injected_script(page: Page) -> None:
    shop = book_shop(InProcessDeployment())
    alter_entry(shop, seq=2, amount_minor=1)
    inject(shop.deployment, shop.order_id)
    html = render_report("order_report.html", report=report_of(shop), source=INJECTION, read_at=READ_AT)
    page.set_content(html)
    assert page.get_by_text("✗ not intact").count() == 1
    assert page.locator("script").count() == 0
    assert page.locator("img[onerror]").count() == 0
