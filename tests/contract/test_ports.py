"""One suite for each port, run against the fake and against the real adapter, on fakes and on servers.

The servers are DynamoDB Local (AWS's own) and MiniStack (the base of the embedded AWS); without them the same suite
still runs on the fakes.
"""

import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handlers.adapters.dynamodb.order_repository import DynamoDBOrderRepository
from handlers.adapters.dynamodb.stock_items import DynamoDBInventory
from handlers.adapters.s3_audit import S3AuditTrail
from handlers.adapters.sandbox_gateway import SandboxPaymentGateway
from handlers.adapters.sqs_parking import SQSParkingQueue
from handlers.contracts.storage import GATEWAY, ORDERS
from handlers.domain.canonical import Json, parse_instant
from handlers.domain.errors import AuditContradiction, PaymentOutcomeUnknown
from handlers.domain.order import Order, RefundPolicy, place_order
from handlers.domain.payments import (
    AUTHORIZATION_GONE,
    SEND_WINDOW,
    GatewayReply,
    GatewayStatus,
    Instruction,
    Operation,
    PaymentGateway,
    PaymentMethod,
)
from handlers.domain.ports import AuditTrail, Change, ParkingQueue, RetryPolicy, StaleOrder, Written
from handlers.domain.requests import IssueRefund, Line, Origin, PlaceOrder, Units
from handlers.domain.rules.refunds import reserve_refund
from handlers.domain.settlement import apply_gateway_reply
from handlers.domain.stock import AddItem, StockItem, StockMismatch
from tests.fakes.clock import FakeClock
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.payment_gateway import FakeGateway
from tests.fakes.s3 import FakeS3
from tests.fakes.sqs import FakeSQS
from tests.fakes.tables import table_request
from tests.support.stripe.double import StripeDouble
from tests.support.stripe.gateways import stripe_gateway

_numbers = itertools.count(1)
WHEN = "2026-03-01T12:00:00.000000Z"
DAY = "2026-03-01"


def _dynamodb(kind: str, request: pytest.FixtureRequest) -> Any:
    if kind == "fake":
        return FakeDynamoDB()
    return (
        request.getfixturevalue("dynamodb_local")
        if kind == "local"
        else request.getfixturevalue("ministack")("dynamodb")
    )


def _create_table(client: Any, schema: Any) -> str:
    name = f"contract-{next(_numbers)}"
    client.create_table(**table_request(name, schema))
    return name


# orders and stock

Shop = tuple[DynamoDBOrderRepository, DynamoDBInventory]


@pytest.fixture(params=["fake", "local", "ministack"])
def shop(request: pytest.FixtureRequest) -> Shop:
    """An order repository and an inventory with three mugs and nine pens, on one table."""
    client = _dynamodb(request.param, request)
    table = _create_table(client, ORDERS)
    policy = RetryPolicy(sleep=lambda _: None, rng=lambda: 0.0, max_attempts=3)
    inventory = DynamoDBInventory(client=client, table=table, retry=policy)
    for sku, price, available in (("mug", 1000, 3), ("pen", 250, 9)):
        inventory.execute(AddItem(item=StockItem(sku=sku, price_minor=price, currency="EUR", available=available)))
    return DynamoDBOrderRepository(client=client, table=table, retry=policy), inventory


def _order(request_id: str = "p1", mugs: int = 2, pens: int = 1, price: int = 1000) -> Order:
    lines = (
        Line(sku="mug", quantity=mugs, unit_price_minor=price),
        Line(sku="pen", quantity=pens, unit_price_minor=250),
    )
    place_request = PlaceOrder(
        request_id=request_id, customer_id="cus-1", currency="EUR", lines=lines, payment_method="pm_ok"
    )
    origin = Origin(execution="arn:execution", requested_at=WHEN)
    return place_order(place_request, origin, RefundPolicy(window=timedelta(days=30)), "salt", WHEN)


def _stock(inventory: DynamoDBInventory) -> tuple[int, int]:
    mug, pen = inventory.load("mug"), inventory.load("pen")
    assert mug is not None
    assert pen is not None
    return mug.available, pen.available


def _settlement(amount_minor: int) -> GatewayReply:
    return GatewayReply(status=GatewayStatus.SETTLED, reference="ref", amount_minor=amount_minor)


def _capture(order: Order) -> Change:
    change = apply_gateway_reply(order, order.order_id, _settlement(order.account.requested_minor), WHEN, WHEN)
    assert isinstance(change, Change)
    return change


def _line_refund(order: Order) -> Change:
    place_request = IssueRefund(
        request_id="r1",
        order_id=order.order_id,
        requested_by="agent",
        reason="broken",
        units=(Units(sku="mug", quantity=1),),
    )
    change = reserve_refund(order, place_request, Origin(execution="arn:refund", requested_at=WHEN), WHEN)
    assert isinstance(change, Change)
    return change


def test_an_order_is_read_as_it_was_written(shop: Shop) -> None:
    """Create, then load: the same ledger, account, requests and salt."""
    orders, inventory = shop
    order = _order()
    assert orders.load(order.order_id) is None
    assert orders.create(order) == Written(after=order)
    assert orders.load(order.order_id) == order
    assert _stock(inventory) == (1, 8)


def test_an_order_is_created_once_even_when_stock_is_empty(shop: Shop) -> None:
    """The second create returns the order of the first, regardless of the stock."""
    orders, inventory = shop
    order = _order(mugs=3)
    assert orders.create(order) == Written(after=order)
    assert orders.create(order) == StaleOrder(current=order)
    assert _stock(inventory) == (0, 8)


def test_a_stock_mismatch_is_reported_and_reserves_no_stock(shop: Shop) -> None:
    """Laws 24 and 25: each mismatch is reported with the actual stock item."""
    orders, inventory = shop
    short = orders.create(_order(mugs=4))
    assert isinstance(short, StockMismatch)
    assert {sku: item and item.available for sku, item in short.found.items()} == {"mug": 3}
    dear = orders.create(_order(price=999))
    assert isinstance(dear, StockMismatch)
    assert [item and item.price_minor for item in dear.found.values()] == [1000]
    assert orders.load(_order().order_id) is None
    assert _stock(inventory) == (3, 9)


def test_only_one_of_two_changes_to_the_same_version_is_written(shop: Shop) -> None:
    """Law 14: the other gets the current order."""
    orders, _ = shop
    order = _order()
    orders.create(order)
    captured = _capture(order)
    assert orders.append(captured) == Written(after=captured.after)
    lost = orders.append(captured)
    assert lost == StaleOrder(current=captured.after)


def test_returned_units_are_restocked_in_the_same_transaction(shop: Shop) -> None:
    """Law 24: once, together with the entry that records it."""
    orders, inventory = shop
    order = _order()
    orders.create(order)
    captured = _capture(order)
    orders.append(captured)
    reserved = _line_refund(captured.after)
    assert orders.append(reserved) == Written(after=reserved.after)
    (refund_id,) = reserved.after.account.in_flight
    settled = apply_gateway_reply(reserved.after, refund_id, _settlement(1000), WHEN, WHEN)
    assert isinstance(settled, Change)
    assert settled.restock == {"mug": 1}
    assert orders.append(settled) == Written(after=settled.after)
    assert orders.append(settled) == StaleOrder(current=settled.after)
    assert orders.load(order.order_id) == settled.after
    assert _stock(inventory) == (2, 8)


def test_orders_with_money_in_flight_are_listed_until_it_is_settled(shop: Shop) -> None:
    """The sparse index contains exactly the waiting orders, page by page."""
    orders, _ = shop
    created = [_order(f"p{number}", mugs=1, pens=1) for number in range(3)]
    for order in created:
        assert orders.create(order) == Written(after=order)
    assert _waiting(orders) == {order.order_id for order in created}
    orders.append(_capture(created[0]))
    assert _waiting(orders) == {order.order_id for order in created[1:]}
    changed = {name for shard in range(8) for name in orders.list_changed(DAY, shard, DAY, None, 10).names}
    assert changed == {order.order_id for order in created}


def test_a_deferred_order_is_listed_when_it_is_due_unless_it_changed(shop: Shop) -> None:
    """The due time is written alone, under the version that was loaded."""
    orders, _ = shop
    deferred, changed = (_order(f"p{number}", mugs=1, pens=1) for number in range(2))
    for order in (deferred, changed):
        assert orders.create(order) == Written(after=order)
    orders.append(_capture(changed))
    later = "2026-03-01T13:00:00.000000Z"
    orders.defer(deferred, later, later)
    orders.defer(changed, later, later)
    assert _waiting(orders) == set()
    assert _waiting(orders, later) == {deferred.order_id}


def _waiting(orders: DynamoDBOrderRepository, until: str = WHEN) -> set[str]:
    found = set[str]()
    for shard in range(8):
        after = None
        while True:
            page = orders.list_due(shard, until, after, 1)
            found.update(page.names)
            if page.after is None:
                break
            after = page.after
    return found


# the gateway


@pytest.fixture(params=["port fake", "stripe", "fake", "local", "ministack"])
def gateway(request: pytest.FixtureRequest) -> PaymentGateway:
    """The in-memory gateway, Stripe's adapter over the double, and the sandbox on every DynamoDB."""
    if request.param == "port fake":
        return FakeGateway()
    if request.param == "stripe":
        double = StripeDouble(FakeClock())
        double.endpoints.search_lag = timedelta()  # tests/handlers/stripe has the lag
        return stripe_gateway(double, double.books.now)
    client = _dynamodb(request.param, request)
    return SandboxPaymentGateway(client=client, table=_create_table(client, GATEWAY))


CHARGE = Instruction(key="order", operation=Operation.CHARGE, amount_minor=1000, currency="EUR", opened_at=WHEN)


def _charge(gateway: PaymentGateway, token: str) -> GatewayReply:
    return gateway.charge(CHARGE, PaymentMethod(token=token))


def _refund_of(charge_key: str, key: str, amount_minor: int) -> Instruction:
    return replace(CHARGE, key=key, operation=Operation.REFUND, amount_minor=amount_minor, charge_key=charge_key)


def test_a_key_moves_money_once(gateway: PaymentGateway) -> None:
    """Law 8: a repeated key gets the first outcome."""
    first = _charge(gateway, "pm_ok")
    assert first.status is GatewayStatus.SETTLED
    assert _charge(gateway, "pm_ok") == first
    assert gateway.lookup(CHARGE).status is GatewayStatus.SETTLED
    assert gateway.lookup(CHARGE).amount_minor == 1000


def test_a_decline_is_permanent(gateway: PaymentGateway) -> None:
    """Law 16: the key that was declined stays declined."""
    assert _charge(gateway, "pm_declined").status is GatewayStatus.DECLINED
    assert _charge(gateway, "pm_declined").status is GatewayStatus.DECLINED
    assert gateway.lookup(CHARGE).status is GatewayStatus.DECLINED
    assert gateway.lookup(CHARGE).reason


def test_a_fenced_key_never_moves_money(gateway: PaymentGateway) -> None:
    """Law 19: a late first attempt finds the fence."""
    assert gateway.lookup(CHARGE).status is GatewayStatus.NOTHING
    assert gateway.fence(CHARGE).status is GatewayStatus.FENCED
    assert _charge(gateway, "pm_ok").status is GatewayStatus.FENCED
    assert gateway.fence(CHARGE).status is GatewayStatus.FENCED
    assert gateway.lookup(CHARGE).status is GatewayStatus.FENCED


def test_fencing_a_settled_charge_reports_it_as_settled(gateway: PaymentGateway) -> None:
    """Law 19: a fence returns an earlier outcome."""
    _charge(gateway, "pm_ok")
    assert gateway.fence(CHARGE).status is GatewayStatus.SETTLED
    assert gateway.lookup(CHARGE).status is GatewayStatus.SETTLED


def test_keys_are_remembered_for_longer_than_they_may_be_sent(gateway: PaymentGateway) -> None:
    """Law 30 (key life): a key is only looked up once its gateway may have forgotten it."""
    assert gateway.key_life is None or gateway.key_life > SEND_WINDOW


def test_each_refund_key_moves_money_once(gateway: PaymentGateway) -> None:
    """Law 18: two refunds of one charge are two, the same refund is one."""
    _charge(gateway, "pm_ok")
    assert gateway.refund(_refund_of("order", "r1", 600)).status is GatewayStatus.SETTLED
    assert gateway.refund(_refund_of("order", "r1", 600)).status is GatewayStatus.SETTLED
    assert gateway.refund(_refund_of("order", "r2", 400)).status is GatewayStatus.SETTLED
    assert gateway.lookup(_refund_of("order", "r1", 600)).amount_minor == 600


def test_a_refund_of_an_unknown_charge_is_not_made(gateway: PaymentGateway) -> None:
    """It is declined, or unknown to a gateway whose search lags."""
    with suppress(PaymentOutcomeUnknown):
        assert gateway.refund(_refund_of("no-order", "r3", 1)).status is GatewayStatus.DECLINED


def test_refunds_can_be_declined(gateway: PaymentGateway) -> None:
    """Law 16: by the charge's token."""
    _charge(gateway, "pm_refund_declined")
    assert gateway.refund(_refund_of("order", "r1", 600)).status is GatewayStatus.DECLINED
    assert Operation.CHARGE in gateway.fences


def _authorize(gateway: PaymentGateway) -> Instruction:
    held = replace(CHARGE, operation=Operation.AUTHORIZE)
    reply = gateway.authorize(held, PaymentMethod(token="pm_ok"))
    assert (reply.status, reply.amount_minor) == (GatewayStatus.AUTHORIZED, 1000)
    assert gateway.lookup(held).status is GatewayStatus.AUTHORIZED
    return held


def _end_of(held: Instruction, operation: Operation, amount_minor: int = 1000) -> Instruction:
    key = f"{operation.value}-{held.key}"
    return replace(held, key=key, operation=operation, amount_minor=amount_minor, charge_key=held.key)


def test_a_hold_is_captured_once_and_then_cannot_be_voided(gateway: PaymentGateway) -> None:
    """Law 33 (authorise): a part is captured, the rest is freed, and a later void is declined."""
    held = _authorize(gateway)
    capture = _end_of(held, Operation.CAPTURE, 600)
    first = gateway.capture(capture)
    assert (first.status, first.amount_minor) == (GatewayStatus.SETTLED, 600)
    assert gateway.capture(capture).status is GatewayStatus.SETTLED
    assert gateway.void(_end_of(held, Operation.VOID)).status is GatewayStatus.DECLINED
    known = gateway.lookup(held)
    assert (known.status, known.amount_minor) == (GatewayStatus.SETTLED, 600)


def test_a_void_moves_no_money_and_can_be_repeated(gateway: PaymentGateway) -> None:
    """Law 33 (authorise): a repeated void is a success, and the payment is known to be void."""
    held = _authorize(gateway)
    void = _end_of(held, Operation.VOID)
    assert gateway.void(void).status is GatewayStatus.SETTLED
    assert gateway.void(void).status is GatewayStatus.SETTLED
    assert gateway.lookup(held).status is GatewayStatus.FENCED


def test_a_capture_after_a_void_is_declined(gateway: PaymentGateway) -> None:
    """Law 33 (authorise): a hold ends exactly once."""
    held = _authorize(gateway)
    gateway.void(_end_of(held, Operation.VOID))
    late = gateway.capture(_end_of(held, Operation.CAPTURE))
    assert (late.status, late.reason) == (GatewayStatus.DECLINED, AUTHORIZATION_GONE)
    assert gateway.lookup(held).status is GatewayStatus.FENCED


def test_only_a_payment_waiting_for_its_customer_has_an_action(gateway: PaymentGateway) -> None:
    """Page and client secret are fetched on demand, and hidden from logs."""
    waiting = gateway.charge(CHARGE, PaymentMethod(token="pm_3ds_abandoned", return_url="https://shop.example/back"))
    assert waiting.status is GatewayStatus.ACTION_REQUIRED
    action = gateway.payment_action(replace(CHARGE, reference=waiting.reference))
    assert action is not None
    assert action.url.startswith("https://")
    assert action.url not in f"{action!r} {action}"
    paid = replace(CHARGE, key="paid")
    reply = gateway.charge(paid, PaymentMethod(token="pm_ok"))
    assert gateway.payment_action(replace(paid, reference=reply.reference)) is None


def test_movements_are_listed_with_their_key_and_order() -> None:
    """Law 38 (orphans): a movement names the order to look up; declined charges are not listed."""
    client = FakeDynamoDB()
    gateway = SandboxPaymentGateway(
        client=client, table=_create_table(client, GATEWAY), now=lambda: parse_instant(WHEN)
    )
    _charge(gateway, "pm_ok")
    gateway.refund(_refund_of("order", "r1", 600))
    gateway.charge(replace(CHARGE, key="other"), PaymentMethod(token="pm_declined"))
    page = gateway.movements("2026-02-28T00:00:00.000000Z", "2026-03-02T00:00:00.000000Z", None)
    listed = list[tuple[str, str, str, int]]()
    while page:
        listed += [(each.kind, each.key, each.order_id, each.amount_minor) for each in page.movements]
        page = gateway.movements("2026-02-28", "2026-03-02", page.after) if page.after else None
    assert sorted(listed) == [("charge", "order", "order", 1000), ("refund", "r1", "order", 600)]


# the audit trail


@pytest.fixture(params=["fake", "ministack"])
def audit(request: pytest.FixtureRequest) -> AuditTrail:
    """The audit trail in a new bucket."""
    if request.param == "fake":
        return S3AuditTrail(client=FakeS3(page_keys=2), bucket="audit")
    client, bucket = request.getfixturevalue("ministack")("s3"), f"audit-{next(_numbers)}"
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return S3AuditTrail(client=client, bucket=bucket)


def test_an_audit_record_is_written_once(audit: AuditTrail) -> None:
    """Law 23: a second write of the same record is a success that changes nothing; of a different one an error."""
    record: dict[str, Json] = {"kind": "outcome", "order_id": "é", "seq": 1, "ledger": [], "result": {}}
    assert audit.read("a/1") is None
    assert audit.write("a/1", record)
    assert not audit.write("a/1", dict(reversed(record.items())))
    with pytest.raises(AuditContradiction):
        audit.write("a/1", {**record, "seq": 2})
    assert audit.read("a/1") == b'{"kind":"outcome","ledger":[],"order_id":"\\u00e9","result":{},"seq":1}'


def test_keys_are_listed_in_order_after_a_given_key(audit: AuditTrail) -> None:
    """Across pages, and only with the given prefix."""
    for key in ("a/3", "a/1", "b/1", "a/2", "a/10"):
        audit.write(key, {"key": key})
    found, after = [], None
    while True:
        page = audit.keys("a/", after)
        found += page.names
        if page.after is None:
            break
        after = page.after
    assert found == ["a/1", "a/10", "a/2", "a/3"]
    assert audit.keys("c/").names == ()


# parked outcomes


@pytest.fixture(params=["fake", "ministack"])
def parking(request: pytest.FixtureRequest) -> tuple[ParkingQueue, Callable[[str], None]]:
    """The queue, and a function that parks a message as the machine does."""
    client: Any = FakeSQS() if request.param == "fake" else request.getfixturevalue("ministack")("sqs")
    url = "https://sqs.eu-central-1.amazonaws.com/123456789012/parking"
    if request.param == "ministack":
        url = client.create_queue(QueueName=f"parking-{next(_numbers)}")["QueueUrl"]
    return SQSParkingQueue(client=client, queue_url=url), lambda body: client.send_message(
        QueueUrl=url, MessageBody=body
    )


def test_a_parked_result_stays_until_it_is_deleted(parking: tuple[ParkingQueue, Callable[[str], None]]) -> None:
    """Law 23: a delay, never a loss."""
    outcomes, park = parking
    assert list(outcomes.receive()) == []
    park("one")
    (parked,) = outcomes.receive()
    assert parked.message == "one"
    outcomes.delete(parked)
    assert list(outcomes.receive()) == []
