"""The page of days shows the figures of the trail, in tables and plots."""

import re
import xml.etree.ElementTree as ET
from datetime import timedelta

from cli.audit_report import render_days
from cli.target import DeploymentTarget
from console.charts import DayMoney, draw_counts, draw_money
from handlers.adapters.s3_audit import S3AuditTrail
from tests.console.in_process_deployment import InProcessDeployment
from tests.handlers.world import purchase_of, refund_of


def test_money_rejections_and_open_orders_are_on_the_page() -> None:
    deployment = InProcessDeployment()
    world = deployment.world
    world.stock(mug=(500, 9))
    order = deployment.result(deployment.book(purchase_of("one", "pm_ok", mug=(2, 500))))["order_id"]
    deployment.book(purchase_of("two", "pm_declined", mug=(1, 500)))
    world.clock.advance(timedelta(days=1))
    deployment.book(refund_of(order, amount_minor=300))
    lost = deployment.result(deployment.book(purchase_of("three", "pm_timeout", mug=(1, 500))))["order_id"]
    target = DeploymentTarget(name="here", outputs=deployment.outputs, client=deployment.client)
    page = render_days(target, S3AuditTrail(client=world.s3, bucket="audit"), ["2026-03-01", "2026-03-02"])
    text = re.sub(r"<[^>]+>", " ", page)
    assert re.findall(r"in: +10.00 +EUR", text)
    assert re.findall(r"out: +3.00 +EUR", text)
    for words in ("PAYMENT_DECLINED", lost, "2026-03-02", "5.00"):
        assert words in text
    assert page.count("<svg") == 2


def test_a_page_without_money_states_that_no_money_moved() -> None:
    deployment = InProcessDeployment()
    target = DeploymentTarget(name="here", outputs=deployment.outputs, client=deployment.client)
    page = render_days(target, S3AuditTrail(client=deployment.world.s3, bucket="audit"), ["2026-03-01"])
    assert "No money moved on these days." in page
    assert "No money is in flight." in page


def test_bars_are_in_proportion_and_plots_are_xml() -> None:
    days = [
        DayMoney(day="a<b", money_in=100, money_out=50, label_in="1 &", label_out="<x>"),
        DayMoney(day="next", money_in=50, money_out=0, label_in="0.50", label_out="0"),
    ]
    root = ET.fromstring(draw_money(days, 'a "title" <'))
    heights = {
        kind: [float(each.attrib["height"]) for each in root.iter("rect") if each.attrib["class"] == kind]
        for kind in ("in", "out")
    }
    assert heights["in"][0] == 2 * heights["in"][1] == 2 * heights["out"][0]
    ET.fromstring(draw_counts({"<b>": 3, "CODE": 9}, "counts"))
    ET.fromstring(draw_counts({}, "none"))
    ET.fromstring(draw_money([], "none"))
