"""The report of an order shows stored data, verifies them, and runs no scripts."""

import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from console.order_pages import OrderReport, read_order
from console.rendering import MAX_REPORT_BYTES, render_report
from tests.console.conftest import BookedShop
from tests.console.in_process_deployment import InProcessDeployment
from tests.handlers.world import purchase_of, refund_of

READ_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def report_of(shop: BookedShop) -> OrderReport:
    found = read_order(shop.deployment, shop.order_id)
    assert found is not None
    return found


def page_of(shop: BookedShop) -> str:
    return render_report("order_report.html", report=report_of(shop), source="here", read_at=READ_AT)


def text_of(page: str) -> str:
    """Return the visible text of a page with normalised spaces."""
    words: list[str] = []
    parser = HTMLParser()
    parser.handle_data = words.append  # type: ignore[method-assign]
    parser.feed(page)
    return re.sub(r"\s+", " ", " ".join(words))


def test_totals_lines_and_ledger_agree(shop: BookedShop) -> None:
    report = report_of(shop)
    assert dict(report.totals) == {"captured": 1000, "reserved": 0, "refunded": 300, "refundable": 700}
    assert [row.recomputed == row.hash for row in report.ledger] == [True] * 4
    assert [row.previous for row in report.ledger[1:]] == [row.hash for row in report.ledger[:-1]]
    assert sum(line.left_minor for line in report.lines) == 700
    assert report.is_proven


def test_every_execution_of_the_order_is_shown_with_its_log_lines(shop: BookedShop) -> None:
    report = report_of(shop)
    assert [trace.path[1] for trace in report.traces] == ["purchase", "refund", "refund"]
    assert shop.rejected in {trace.arn for trace in report.traces}, "a refusal is in no ledger"
    for trace in report.traces:
        lines = [json.loads(line.text) for line in trace.logs if line.text.startswith("{")]
        assert {line["execution"] for line in lines} == {trace.arn}
        assert {line.function for line in trace.logs} == {trace.path[1], "record"}


def test_the_page_shows_why_a_refund_was_rejected(shop: BookedShop) -> None:
    text = text_of(page_of(shop))
    assert "REFUND_EXCEEDS_BALANCE" in text
    assert "At most 7.00 EUR can be refunded, but 1000.00 EUR was requested." in text


def test_the_page_is_self_contained_and_runs_no_scripts(shop: BookedShop) -> None:
    page = page_of(shop)
    assert "<script" not in page
    assert re.findall(r'(?:src|href)="(?!data:|#)', page) == []
    assert "default-src 'none'" in page


def test_personal_data_are_not_in_the_page(shop: BookedShop) -> None:
    page = page_of(shop)
    for secret in ("customer-1", "pm_ok", "agent-7", "The handle is scratched."):
        assert secret not in page


def test_an_altered_entry_is_shown_in_its_row(shop: BookedShop) -> None:
    alter_entry(shop, seq=2, amount_minor=1)
    report = report_of(shop)
    assert [bool(row.faults) for row in report.ledger] == [False, True, False, False]
    assert report.order is None or not report.is_proven
    text = text_of(page_of(shop))
    assert "not intact" in text
    assert "✗ computed" in text


def test_a_missing_audit_object_is_reported(shop: BookedShop) -> None:
    [key] = [key for key in shop.deployment.world.audit_objects() if key.endswith("000002.json")]
    shop.deployment.world.s3.delete_object(Bucket="audit", Key=key)
    [row] = [row for row in report_of(shop).audit if row.problems]
    assert row.key == key
    assert "missing" in row.problems[0]


def test_lock_date_and_seal_are_shown(shop: BookedShop) -> None:
    world = shop.deployment.world
    key = next(key for key in world.audit_objects() if key.startswith("outcomes/"))
    world.s3.retentions[key] = {"Mode": "COMPLIANCE", "RetainUntilDate": datetime(2036, 3, 1, tzinfo=UTC)}
    world.clock.advance(timedelta(days=4))
    world.seal()
    rows = report_of(shop).audit
    assert [row.problems for row in rows] == [()] * len(rows)
    assert {row.sealed_on for row in rows} == {"2026-03-02"}, "the first seal covers the days before it, too"
    assert "2036-03-01 00:00:00.000 UTC COMPLIANCE" in text_of(page_of(shop))


def test_an_object_changed_after_its_seal_is_found(shop: BookedShop) -> None:
    world = shop.deployment.world
    world.clock.advance(timedelta(days=4))
    world.seal()
    [key] = [key for key in world.audit_objects() if key.endswith("000002.json")]
    changed = world.audit_objects()[key].replace(b'"schema":1', b'"schema":2', 1)
    world.s3.put_object(Bucket="audit", Key=key, Body=changed)
    [row] = [row for row in report_of(shop).audit if row.problems]
    assert (row.key, "differs from what was sealed" in row.problems[-1]) == (key, True)


def test_an_order_with_many_executions_stays_below_150_kilobytes() -> None:
    deployment = InProcessDeployment()
    deployment.world.stock(mug=(500, 9))
    order = deployment.result(deployment.book(purchase_of("one", "pm_ok", mug=(2, 500))))["order_id"]
    for number in range(18):
        deployment.book(refund_of(order, f"refund-{number}", amount_minor=10))
    page = page_of(BookedShop(deployment, order, ""))
    assert len(page.encode()) <= MAX_REPORT_BYTES
    assert page.count("<article") == 19


def alter_entry(shop: BookedShop, seq: int, **changed: object) -> None:
    """Change fields of a stored entry, as someone with write access to the table could."""
    world = shop.deployment.world
    key = {"pk": {"S": f"ORDER#{shop.order_id}"}}
    item = world.dynamodb.get_item(TableName="orders", Key=key)["Item"]
    ledger = [TypeDeserializer().deserialize(entry) for entry in item["ledger"]["L"]]
    ledger[seq - 1] |= changed
    item["ledger"] = TypeSerializer().serialize(ledger)
    world.dynamodb.put_item(TableName="orders", Item=item)
