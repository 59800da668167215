"""Bookings through Stripe: the real handlers over the adapter and the double, with faults at every HTTP call."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from handlers.purchase import purchase
from handlers.reconcile import settle_order
from handlers.runtime.reconcile.gateway_notices import reconcile_batch
from tests.environment import THOROUGH
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.s3 import FakeS3
from tests.handlers.paying import StripePayer
from tests.handlers.world import World, purchase_of, refund_of
from tests.support.stripe.fault_plan import AFTER, BEFORE, StripeFault
from tests.support.stripe.webhook_delivery import Webhooks

HISTORIES, CHUNK = (20_000, 20) if THOROUGH else (8, 8)
TOKENS = (
    *("pm_ok", "pm_ok", "pm_declined", "pm_refund_declined", "pm_timeout", "pm_that_nobody_has"),
    *("pm_card_createDispute", "pm_card_createDisputeInquiry", "pm_card_refundFail", "pm_card_pendingThenFailedRefund"),
)
MUGS = 40


@dataclass
class StripeWorld(World):
    """A world whose functions pay through Stripe."""

    dynamodb: FakeDynamoDB = field(default_factory=lambda: FakeDynamoDB(strict=False))
    s3: FakeS3 = field(default_factory=lambda: FakeS3(strict=False))
    pays_through: str = "stripe"

    def __post_init__(self) -> None:
        super().__post_init__()
        assert isinstance(self.payer, StripePayer)
        self.double, self.vault = self.payer.double, self.payer.vault
        self.webhooks = Webhooks(self.double)
        self.double.endpoints.create_endpoint({"url": "https://a.example/", "enabled_events[]": "*"})
        self.stock(MUG=(800, MUGS))

    def settle_everything(self) -> None:
        """Let days pass, and let reconcile run when executions, senders, misses and slow banks have ended."""
        for pause in (timedelta(minutes=20), timedelta(hours=2), timedelta(hours=26), timedelta(days=3), timedelta(1)):
            self.clock.advance(pause)
            self.reconcile(limit=1000)

    def deliver(self, order: Callable[[list[str]], list[str]]) -> None:
        """Deliver the webhooks that wait, as reconcile gets them: notices in some order."""
        results = [json.loads(body)["data"]["object"] for _, body in self.webhooks.waiting]
        self.webhooks.waiting.clear()
        bodies = order([json.dumps(notice) for item in results if (notice := _notice_of(item))])
        records = [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]
        deps = self.dependencies()
        reconcile_batch({"Records": records}, deps, lambda order_id: settle_order(order_id, deps), lambda: True)

    def check_laws(self) -> None:
        """The ledgers agree with the money at Stripe, the stock and the audit trail."""
        assert self.findings() == ()
        orders = [self.order(order_id) for order_id in self.order_ids()]
        assert [order.in_flight for order in orders if order.in_flight] == []
        accounts = [order.account for order in orders]
        net = sum(each.captured_minor - each.refunded_minor - each.disputed_minor for each in accounts)
        assert self.double.books.balance() == net
        assert self.available("MUG") + sum(order.account.captured_minor // 800 for order in orders) == MUGS

    def order_ids(self) -> list[str]:
        rows = self.dynamodb.scan(TableName="orders")["Items"]
        return [row["pk"]["S"].removeprefix("ORDER#") for row in rows if row["pk"]["S"].startswith("ORDER#")]


def _notice_of(item: dict[str, Any]) -> dict[str, str]:
    """Return the notice of an event's object: by order, or by payment for a dispute, which has no metadata."""
    if "booking_order" in (item.get("metadata") or {}):
        return {"order_id": item["metadata"]["booking_order"]}
    return {"reference": item["payment_intent"]} if item.get("payment_intent") else {}


@pytest.fixture
def world() -> StripeWorld:
    return StripeWorld()


def test_each_booking_makes_the_expected_number_of_stripe_calls(world: StripeWorld) -> None:
    """Two for a payment, three if it is declined, one for anything else, and none for a replay."""

    def calls_of(request: Any) -> int:
        before = len(world.double.calls)
        results.append(world.book(request))
        return len(world.double.calls) - before

    results: list[dict[str, Any]] = []
    assert calls_of(purchase_of(MUG=(2, 800))) == 2
    assert calls_of(refund_of(results[0]["order_id"], amount_minor=600)) == 1
    assert calls_of(refund_of(results[0]["order_id"], amount_minor=600)) == 0
    assert calls_of(purchase_of("buy-2", payment_method="pm_declined", MUG=(1, 800))) == 3
    assert calls_of({**purchase_of("buy-3", MUG=(1, 800)), "capture": "later"}) == 2
    capture = {"action": "capture", "request_id": "capture-1", "requested_by": "agent-1"}
    assert calls_of({**capture, "order_id": results[-1]["order_id"]}) == 1
    assert world.double.books.balance() == 1600 - 600 + 800


@pytest.mark.parametrize("by_webhook", [True, False])
def test_a_dashboard_refund_reaches_the_ledger_by_webhook_or_by_sweep(world: StripeWorld, by_webhook: bool) -> None:
    """Law 38 (orphans), law 41 (events commute), law 18 (conservation): also its failure after days."""
    order_id = world.book(purchase_of(MUG=(2, 800)))["order_id"]
    world.webhooks.waiting.clear()
    dashboard_refund = world.double.refund_in_dashboard(order_id, 600)

    def synchronize() -> None:
        if by_webhook:
            world.deliver(lambda bodies: [*bodies, *bodies])
        world.clock.advance(timedelta(minutes=5))
        if not by_webhook:
            world.reconcile(recent_seconds=7200)
        world.check_laws()

    synchronize()
    order = world.order(order_id)
    assert (order.account.refunded_minor, len(order.account.open_cases)) == (600, 1)
    world.clock.advance(timedelta(days=9))
    world.double.returns.advance(dashboard_refund, "failed")
    synchronize()
    order = world.order(order_id)
    assert (order.account.refunded_minor, order.account.refundable_minor) == (0, 1600)
    kinds = [entry.kind.value for entry in order.ledger[2:]]
    assert kinds == ["RefundRequested", "RefundSettled", "CaseOpened", "RefundReversed"]


def test_a_refund_that_failed_before_its_recorded_time_is_found_by_the_next_sweep(
    world: StripeWorld,
) -> None:
    """Law 29 (late reversals): an entry from after the return does not say that the return is known."""
    order_id = world.book(purchase_of(MUG=(2, 800)))["order_id"]
    now = world.clock()
    world.clock.advance(timedelta(days=1))
    refund_id = world.book(refund_of(order_id, amount_minor=600))["refund_id"]
    world.clock.now = now
    world.webhooks.waiting.clear()
    [dashboard_refund] = world.double.books.newest_first("refund")
    world.double.returns.advance(dashboard_refund, "failed")
    world.clock.advance(timedelta(hours=30))
    assert world.reconcile(recent_seconds=7200)["settled"] == [refund_id]
    assert world.order(order_id).account.refunded_minor == 0


def test_a_function_reads_its_key_once(world: StripeWorld) -> None:
    process = world.dependencies()
    for number in range(3):
        purchase(world.message(purchase_of(f"buy-{number}", MUG=(1, 800))), process)
    assert (world.vault.reads, len(world.double.calls)) == (1, 6)


ALLOWED, OTHER = "https://shop.example/thanks?order=1", "https://shop.example@evil.example/thanks"


@pytest.mark.parametrize(
    "url",
    [
        *(OTHER, "https://evil.example/", "https://evil.example\\@shop.example/", "https://shop.example.evil.example"),
        *("https://evil.example#@shop.example", "https://shop.example:443@evil.example/", "https://:443/"),
    ],
)
def test_a_return_url_must_be_on_an_allowed_host(world: StripeWorld, url: str) -> None:
    """Nothing is written or sent, so the request may be repeated with another address."""
    world.environment["BOOKING_RETURN_HOSTS"] = "shop.example,pay.shop.example"
    refused = world.book({**purchase_of(MUG=(1, 800)), "return_url": url})
    assert (refused["status"], refused["code"], refused["order_id"]) == ("rejected", "INVALID_REQUEST", None)
    assert refused["message"] == "return_url must be an https URL on pay.shop.example or shop.example."
    assert world.double.calls == []
    assert world.book({**purchase_of(MUG=(1, 800)), "return_url": ALLOWED})["status"] == "succeeded"


def test_an_accepted_purchase_is_replayed_when_its_host_is_no_longer_allowed(world: StripeWorld) -> None:
    world.environment["BOOKING_RETURN_HOSTS"] = "shop.example"
    purchase = {**purchase_of(MUG=(1, 800)), "return_url": "https://SHOP.example:8443"}
    assert world.book(purchase)["status"] == "succeeded"
    world.environment["BOOKING_RETURN_HOSTS"] = ""
    assert world.book(purchase)["replayed"]
    refused = world.book({**purchase, "request_id": "buy-2"})
    assert refused["message"].startswith("return_url must be left out")


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER])
@pytest.mark.parametrize("call", range(4))
@pytest.mark.parametrize("token", ["pm_ok", "pm_declined", "pm_refund_declined"])
def test_ledger_and_stripe_agree_after_a_fault_at_any_call(
    world: StripeWorld, fault: StripeFault, call: int, token: str
) -> None:
    """The crash matrix: a purchase and a refund of it, with one HTTP call going wrong."""
    world.double.faults.add(fault, skip=call)
    bought = world.book(purchase_of(payment_method=token, MUG=(1, 800)))
    world.settle_everything()
    world.book(refund_of(bought["order_id"], amount_minor=300))
    world.settle_everything()
    assert world.findings() == ()
    account = world.order(bought["order_id"]).account
    assert world.order(bought["order_id"]).in_flight == ()
    assert world.double.books.balance() == account.captured_minor - account.refunded_minor


@pytest.mark.parametrize("token", ["pm_timeout_never_arrives", "pm_refund_timeout_never_arrives"])
def test_a_request_that_never_arrived_is_released_once_its_absence_is_certain(world: StripeWorld, token: str) -> None:
    """Law 19: a payment is fenced; a refund cannot be, and waits until a miss is proof."""
    bought = world.book(purchase_of(payment_method=token, MUG=(1, 800)))
    world.clock.advance(timedelta(hours=1))
    released = world.reconcile()["released"]
    assert bool(released) is (token == "pm_timeout_never_arrives")
    if not released:
        refund = world.book(refund_of(bought["order_id"], amount_minor=300))
        world.clock.advance(timedelta(hours=24))
        assert world.reconcile()["released"] == []
        world.settle_everything()
        assert world.order(bought["order_id"]).account.refunds[refund["refund_id"]].status == "RELEASED"
    assert world.order(bought["order_id"]).in_flight == ()


def _history(seed: int, *, polls: bool) -> StripeWorld:
    """Run a history that the seed chooses; and end it with webhooks, shuffled, repeated and lost, or not."""
    rng, world = random.Random(seed), StripeWorld()
    orders: list[str] = []
    for number in range(rng.randrange(3, 9)):
        if rng.random() < 0.6:
            world.double.faults.add(rng.choice([*BEFORE, *AFTER]), skip=rng.randrange(4))
        if orders and rng.random() < 0.5:
            amount = rng.choice([100, 300, 800])
            world.book(
                refund_of(rng.choice(orders), f"refund-{number}", amount_minor=amount), attempts=rng.randrange(1, 4)
            )
        else:
            order_request = purchase_of(f"buy-{number}", payment_method=rng.choice(TOKENS), MUG=(1, 800))
            orders.append(world.book(order_request, attempts=rng.randrange(1, 4))["order_id"])
        world.clock.advance(timedelta(minutes=rng.choice([0, 1, 20, 90])))
    world.double.faults.planned.clear()
    if not polls:
        for _ in range(3):
            world.deliver(lambda ids: rng.choices(ids, k=rng.randrange(len(ids) + 2)) if ids else [])
            world.clock.advance(timedelta(hours=2))
    world.settle_everything()
    return world


@pytest.mark.parametrize("first", range(0, HISTORIES, CHUNK))
def test_random_histories_end_alike_with_and_without_webhooks(first: int) -> None:
    """Law 41 (events commute): shuffled, repeated and lost webhooks end as polling does."""
    for seed in range(first, first + CHUNK):
        polled, results = _history(seed, polls=True), _history(seed, polls=False)
        polled.check_laws()
        results.check_laws()
        ends = [
            {each: (world.order(each).status, world.order(each).account.disputed_minor) for each in world.order_ids()}
            for world in (polled, results)
        ]
        assert ends[0] == ends[1], seed
