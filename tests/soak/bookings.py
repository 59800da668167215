"""A mixed load of purchases and refunds by several clients, and the claims that must hold afterwards."""

import random
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from handlers.adapters.dynamodb.archive import Archive, audit_objects
from handlers.adapters.dynamodb.attribute_values import decode_item
from handlers.adapters.s3_audit import S3AuditTrail
from handlers.domain.order import Order
from handlers.domain.trail.verification import verify
from local.pytest_plugin import DeployedStack
from tests.integration.event_consumer import subscribe
from tests.soak.crashes import Crashes
from tests.soak.event_publication import Publication

CLIENTS = 8
PRICES = {"SOAK-MUG": 800, "SOAK-LAMP": 4990}
CAPACITY = {"SOAK-MUG": 10_000, "SOAK-LAMP": 25}
TOKENS = ("pm_ok",) * 6 + (
    "pm_declined",
    "pm_timeout_then_ok",
    "pm_timeout",
    "pm_timeout_never_arrives",
    "pm_refund_declined",
    "pm_refund_timeout_then_ok",
    "pm_refund_timeout",
)


@dataclass
class Load:
    """Requests of the clients: purchases, refunds of earlier purchases, and repetitions of both."""

    seed: int
    purchases: list[tuple[str, int]] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def request(self, number: int) -> dict[str, Any]:
        """Return the request of one execution."""
        rng = random.Random(f"{self.seed}/{number}")
        with self._lock:
            kind = rng.random()
            if kind < 0.1 and self.sent:
                return rng.choice(self.sent)
            request = self._refund(rng, number) if kind < 0.55 and self.purchases else _purchase(rng, number)
            self.sent.append(request)
            return request

    def _refund(self, rng: random.Random, number: int) -> dict[str, Any]:
        order_id, paid = rng.choice(self.purchases)
        lines = {"lines": [{"sku": "SOAK-MUG", "quantity": 1}]}
        amount: Any = rng.choice([{"amount_minor": max(1, paid // 3)}, {"amount_minor": paid}, lines, {}])
        who = {"requested_by": "agent-1", "reason": "Soaked."}
        return {"action": "refund", "request_id": f"soak-r{number}", "order_id": order_id, **who, **amount}

    def remember_purchase(self, result: dict[str, Any]) -> None:
        """Remember a purchase that can be refunded."""
        if result.get("action") == "purchase" and result.get("status") == "succeeded":
            with self._lock:
                self.purchases.append((result["order_id"], result["amount_minor"]))


def _purchase(rng: random.Random, number: int) -> dict[str, Any]:
    lines = [{"sku": "SOAK-MUG", "quantity": rng.randint(1, 3), "unit_price_minor": PRICES["SOAK-MUG"]}]
    if rng.random() < 0.3:
        lines.append({"sku": "SOAK-LAMP", "quantity": 1, "unit_price_minor": PRICES["SOAK-LAMP"]})
    return {
        "action": "purchase",
        "request_id": f"soak-p{number}",
        "customer_id": f"customer-{rng.randint(1, 9)}",
        "currency": "EUR",
        "lines": lines,
        "payment_method": rng.choice(TOKENS),
    }


@dataclass(frozen=True, slots=True)
class Report:
    """State of the books when the load is over and reconcile has run."""

    statuses: Counter[str]
    results: Counter[str]
    crashes: int
    captured_minor: int
    refunded_minor: int
    gateway_net_minor: int
    stock: dict[str, int]
    stock_by_ledger: dict[str, int]
    in_flight: int
    findings: tuple[str, ...]
    left_to_people: tuple[str, ...]
    restored: int
    publisher_crashes: int
    publication: Publication

    def lines(self) -> Sequence[str]:
        """Return the report as text."""
        net_minor = self.captured_minor - self.refunded_minor
        return [
            f"executions             {dict(self.statuses)}",
            f"results                {dict(self.results.most_common())}",
            f"functions killed       {self.crashes}",
            f"captured − refunded    {self.captured_minor} − {self.refunded_minor} = {net_minor}",
            f"the gateway's net      {self.gateway_net_minor}",
            f"stock                  {self.stock}, by the ledgers {self.stock_by_ledger}",
            f"money in flight        {self.in_flight} orders",
            f"audit                  {len(self.findings)} findings after one reconcile, which restored {self.restored}",
            f"left to people         {len(self.left_to_people)}",
            f"publishers killed      {self.publisher_crashes}",
            *self.publication.lines(),
        ]

    def broken(self) -> list[str]:
        """List the claims that do not hold; empty is as it should be."""
        claims = {
            "captured − refunded is the gateway's net": (
                self.captured_minor - self.refunded_minor == self.gateway_net_minor
            ),
            "no stock below zero": min(self.stock.values()) >= 0,
            "stock is what the ledgers left of it": self.stock == self.stock_by_ledger,
            "no money in flight after reconcile": self.in_flight == 0,
            f"the audit is complete ({self.findings[:3]})": not self.findings,
            f"nothing is left to people ({self.left_to_people[:3]})": not self.left_to_people,
            "functions were killed": self.crashes > 0,
            "the publisher was killed twice": self.publisher_crashes == 2,
            **self.publication.claims(),
            "no execution is left running": set(self.statuses) <= {"SUCCEEDED", "FAILED"},
        }
        return [claim for claim, holds in claims.items() if not holds]


def soak(stack: DeployedStack, executions: int, *, seed: int = 1, kill_every: int = 4) -> Report:
    """Run the load with eight clients, kill functions meanwhile, reconcile once, and read the books."""
    _stock(stack)
    load, statuses, results = Load(seed), Counter[str](), Counter[str]()
    pid = stack.instance.pid
    assert pid is not None
    thirds = (executions // 3, 2 * executions // 3)
    crashes = Crashes(pid, kill_every, seed, stack.outputs["publishFunction"], thirds)
    with subscribe(stack, "soak") as consumer:
        with ThreadPoolExecutor(CLIENTS) as clients:
            for status, result in clients.map(lambda number: _book(stack, load, crashes, number), range(executions)):
                statuses[status] += 1
                results[f"{result.get('status')} {result.get('code') or ''}".strip()] += 1
        restored, left = _reconcile(stack)
        publication = Publication.read(stack, consumer, _versions(stack), seed)
    return _read_books(stack, statuses, results, crashes, restored, left, publication)


def _book(stack: DeployedStack, load: Load, crashes: Crashes, number: int) -> tuple[str, dict[str, Any]]:
    ended = stack.run(load.request(number), timeout_seconds=300)
    result = ended.result if isinstance(ended.output or ended.cause, dict) else {}
    load.remember_purchase(result)
    crashes.count_booking()
    return ended.status, result


def _stock(stack: DeployedStack) -> None:
    for sku, price in PRICES.items():
        texts = {"pk": f"SKU#{sku}", "sku": sku, "currency": "EUR"}
        numbers = {"schema": 1, "price_minor": price, "available": CAPACITY[sku]}
        item = {**{k: {"S": v} for k, v in texts.items()}, **{k: {"N": str(v)} for k, v in numbers.items()}}
        stack.client("dynamodb").put_item(TableName=stack.outputs["ordersTable"], Item=item)


def _reconcile(stack: DeployedStack) -> tuple[int, tuple[str, ...]]:
    """Reconcile to the last continuation; the load is over, so every unknown key is fenced at once."""
    restored, left, message = 0, list[str](), {"schema": 1, "fence_after_seconds": 0}
    while True:
        report = stack.invoke("reconcileFunction", message)
        restored += len(report["restored"])
        left += report["left_to_people"]
        if report["continuation"] is None:
            return restored, tuple(left)
        message = {**message, "continuation": report["continuation"]}


def _read_books(
    stack: DeployedStack,
    statuses: Counter[str],
    results: Counter[str],
    crashes: Crashes,
    restored: int,
    left: tuple[str, ...],
    publication: Publication,
) -> Report:
    archive = Archive(client=stack.client("dynamodb"), table=stack.outputs["ordersTable"])
    stored = [each for each in archive.orders() if each.order and _is_of_soak(each.order)]
    orders = [each.order for each in stored if each.order is not None]
    objects = audit_objects(S3AuditTrail(client=stack.client("s3"), bucket=stack.outputs["auditBucket"]))
    own_ids = {each.order_id for each in stored}
    objects = {key: body for key, body in objects.items() if key.partition("order=")[2].partition("/")[0] in own_ids}
    return Report(
        statuses,
        results,
        crashes.killed,
        captured_minor=sum(order.account.captured_minor for order in orders),
        refunded_minor=sum(order.account.refunded_minor for order in orders),
        gateway_net_minor=_gateway_net(stack, orders),
        stock={item.sku: item.available for item in archive.stock() if item.sku in CAPACITY},
        stock_by_ledger=_expected_stock(orders),
        in_flight=sum(bool(order.in_flight) for order in orders),
        findings=tuple(str(finding) for finding in verify(stored, objects)),
        left_to_people=left,
        restored=restored,
        publisher_crashes=crashes.publishers_killed,
        publication=publication,
    )


def _versions(stack: DeployedStack) -> dict[str, int]:
    """Return the number of entries of each order."""
    archive = Archive(client=stack.client("dynamodb"), table=stack.outputs["ordersTable"])
    return {each.order_id: each.order.version for each in archive.orders() if each.order and _is_of_soak(each.order)}


def _is_of_soak(order: Order) -> bool:
    return order.placed.text("request_id").startswith("soak-")


def _gateway_net(stack: DeployedStack, orders: Sequence[Order]) -> int:
    """Return charges minus refunds by the gateway's own books."""
    keys = {order.order_id for order in orders} | {refund for order in orders for refund in order.account.refunds}
    pages = stack.client("dynamodb").get_paginator("scan").paginate(TableName=stack.outputs["gatewayTable"])
    items = [decode_item(item) for page in pages for item in page["Items"]]
    sign = {"charge": 1, "refund": -1}
    settled = [item for item in items if item["pk"] in keys and item["heard"] == "settled"]
    return sum(sign[str(item["kind"])] * int(str(item["amount_minor"])) for item in settled)


def _expected_stock(orders: Sequence[Order]) -> dict[str, int]:
    left = Counter(CAPACITY)
    for order in orders:
        if order.status.value in ("DECLINED", "CANCELLED"):
            continue
        left.subtract({line.sku: line.quantity for line in order.lines})
        for entry in order.ledger:
            restocked: Any = entry.facts.get("restocked", ())
            left.update({order.lines[line].sku: units for line, units in restocked})
    return dict(sorted(left.items()))
