"""A world for bookings: the real handlers and adapters on the fakes of DynamoDB, S3 and SQS."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from handlers.adapters.dynamodb.archive import Archive, audit_objects
from handlers.adapters.dynamodb.stock_items import DynamoDBInventory
from handlers.adapters.s3_audit import S3AuditTrail
from handlers.contracts.storage import GATEWAY, ORDERS, TableSchema
from handlers.domain.canonical import format_instant
from handlers.domain.errors import BookingError, PaymentOutcomeUnknown, Unavailable
from handlers.domain.order import Order
from handlers.domain.ports import RetryPolicy
from handlers.domain.stock import AddItem, StockChanged, StockItem
from handlers.domain.trail.verification import Finding, verify
from handlers.publish import publish
from handlers.purchase import purchase
from handlers.reconcile import reconcile
from handlers.record import record
from handlers.refund import refund
from handlers.runtime.dependencies import Dependencies
from handlers.runtime.envelope import unwrap
from handlers.runtime.settings import Settings
from handlers.seal import seal
from tests.fakes.clock import FakeClock
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.events import FakeEventBridge
from tests.fakes.kms import FakeKMS
from tests.fakes.s3 import FakeS3
from tests.fakes.sqs import FakeSQS
from tests.handlers.faults import Counted, Faults
from tests.handlers.paying import PAYS_THROUGH, Payer, SandboxPayer, StripePayer

SEAL_KEY = "arn:aws:kms:eu-west-1:123456789012:key/seal"

ENVIRONMENT = {
    "BOOKING_STAGE": "test",
    "BOOKING_ORDERS_TABLE": "orders",
    "BOOKING_GATEWAY": "sandbox",
    "BOOKING_GATEWAY_TABLE": "gateway",
    "BOOKING_REFUND_WINDOW_DAYS": "30",
    "BOOKING_APPROVALS": "any",
    "BOOKING_AUDIT_BUCKET": "audit",
    "BOOKING_EVENT_BUS": "orders",
    "BOOKING_SEAL_KEY": SEAL_KEY,
    "BOOKING_PARKING_QUEUE_URL": "https://sqs.example/parking",
}


def create_table(client: Any, name: str, schema: TableSchema) -> None:
    """Create a table with the component's schema."""
    keys = {"AttributeName": schema.hash_key, "KeyType": "HASH"}
    indexes = [
        {
            "IndexName": index.name,
            "KeySchema": [
                {"AttributeName": index.hash_key, "KeyType": "HASH"},
                {"AttributeName": index.range_key, "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": index.projection},
        }
        for index in schema.indexes
    ]
    client.create_table(
        TableName=name,
        KeySchema=[keys],
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in schema.key_attributes()],
        BillingMode="PAY_PER_REQUEST",
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
    )


@dataclass
class World:
    """Every service that a booking uses, with helpers for booking."""

    clock: FakeClock = field(default_factory=FakeClock)
    dynamodb: FakeDynamoDB = field(default_factory=FakeDynamoDB)
    s3: FakeS3 = field(default_factory=FakeS3)
    sqs: FakeSQS = field(default_factory=FakeSQS)
    kms: FakeKMS = field(default_factory=FakeKMS)
    events: FakeEventBridge = field(default_factory=FakeEventBridge)
    faults: Faults = field(default_factory=Faults)
    lines: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=lambda: dict(ENVIRONMENT))
    pays_through: str = field(default_factory=PAYS_THROUGH.get)

    def __post_init__(self) -> None:
        is_stripe = self.pays_through == "stripe"
        self.payer: Payer = StripePayer(self.clock, self.faults) if is_stripe else SandboxPayer(self.dynamodb)
        self.environment = {**self.environment, **self.payer.environment}
        create_table(self.dynamodb, "orders", ORDERS)
        create_table(self.dynamodb, "gateway", GATEWAY)
        self._numbers = itertools.count(1)

    @property
    def calls(self) -> list[str]:
        """Every call that was made, in order."""
        return self.faults.calls

    def dependencies(self, **overrides: Any) -> Dependencies:
        clients: dict[str, Any] = {"dynamodb": self.dynamodb, "s3": self.s3, "sqs": self.sqs, "kms": self.kms}
        clients |= {"events": self.events, **self.payer.clients}
        defaults = {
            "settings": Settings(environment=self.environment),
            "clients": lambda service: Counted(clients[service], self.faults),
            "now": self.clock,
            "sleep": lambda pause: None,
            "rng": lambda: 0.5,
            "new_salt": lambda: "5a17",
            "write": self.lines.append,
            "http_pool": self.payer.http_pool,
        }
        return Dependencies(**{**defaults, **overrides})

    @property
    def inventory(self) -> DynamoDBInventory:
        """The catalogue, without faults."""
        return DynamoDBInventory(client=self.dynamodb, table="orders", retry=RetryPolicy.without_delays())

    def stock(self, **skus: tuple[int, int]) -> None:
        """Add SKUs: sku=(price, available), in EUR."""
        self.stock_in("EUR", **skus)

    def stock_in(self, currency: str, **skus: tuple[int, int]) -> None:
        """Add SKUs: sku=(price, available)."""
        for sku, (price_minor, available) in skus.items():
            item = StockItem(sku=sku, price_minor=price_minor, currency=currency, available=available)
            assert isinstance(self.inventory.execute(AddItem(item=item)), StockChanged)

    def available(self, sku: str) -> int:
        item = self.inventory.load(sku)
        assert item is not None
        return item.available

    def message(self, request: Any, **more: Any) -> dict[str, Any]:
        """Return the message that the machine sends to a function."""
        execution = f"arn:aws:states:eu-west-1:123456789012:execution:booking:run-{next(self._numbers)}"
        return {
            "schema": 1,
            "execution": execution,
            "requested_at": format_instant(self.clock()),
            "request": request,
            **more,
        }

    def step(self, request: Any, **overrides: Any) -> dict[str, Any]:
        """Run one attempt of the purchase or refund function."""
        function = refund if request["action"] in ("refund", "decide", "resolve") else purchase
        return function(self.message(request), self.dependencies(**overrides))

    def book(self, request: Any, attempts: int = 3, **message_fields: Any) -> dict[str, Any]:
        """Do what the machine does: route, try, catch, record, and park a result that could not be recorded."""
        message = self.message(request, **message_fields)
        bare = unwrap(request)
        action = bare.get("action") if isinstance(bare, dict) else None
        function = (
            {
                "purchase": purchase,
                "capture": purchase,
                "cancel": purchase,
                "refund": refund,
                "decide": refund,
                "resolve": refund,
            }.get(action)
            if isinstance(action, str)
            else None
        )
        outcome = attempt_call(lambda: function(message, self.dependencies()), attempts) if function else {}
        report = through_json({**message, **outcome})
        recorded = attempt_call(lambda: record(report, self.dependencies()), 6)
        if "error" in recorded:
            self.park(json.dumps(report))
        return through_json(recorded.get("result", {"status": "unknown", "code": "NOT_RECORDED"}))

    def park(self, message: str) -> None:
        """Put a message into the parking queue."""
        self.sqs.send_message(QueueUrl=ENVIRONMENT["BOOKING_PARKING_QUEUE_URL"], MessageBody=message)

    def reconcile(self, **message: Any) -> dict[str, Any]:
        return reconcile({"schema": 1, **message}, self.dependencies())

    def seal(self) -> dict[str, Any]:
        return seal(self.dependencies(), Invocation())

    def publish(self) -> dict[str, Any]:
        """Publish the whole stream of the orders table, as one batch."""
        return publish({"Records": self.dynamodb.streams["orders"]}, self.dependencies())

    def order(self, order_id: str) -> Order:
        order = self.dependencies().orders.load(order_id)
        assert order is not None
        return order

    def audit_objects(self) -> dict[str, bytes]:
        return audit_objects(S3AuditTrail(client=self.s3, bucket="audit"))

    def findings(self) -> tuple[Finding, ...]:
        """Return the findings of `booking audit verify`."""
        return verify(Archive(client=self.dynamodb, table="orders").orders(), self.audit_objects())

    def gateway_net(self, order_id: str) -> int:
        """Return the net amount of an order at the gateway: charged minus refunded and minus disputed."""
        return self.payer.net_minor(order_id)


@dataclass
class Invocation:
    """An invocation with time left for the given number of checks."""

    questions: int = 1_000_000

    def get_remaining_time_in_millis(self) -> int:
        self.questions -= 1
        return 900_000 if self.questions >= 0 else 0


def attempt_call(call: Any, attempts: int) -> dict[str, Any]:
    """Make a call as the machine does, with its retries and its catcher."""
    for attempt in range(attempts):
        try:
            return {"result": call()}
        except BookingError as error:
            if attempt == attempts - 1 or not isinstance(error, PaymentOutcomeUnknown | Unavailable):
                return {"error": {"Error": type(error).__name__, "Cause": str(error)}}
    raise AssertionError


def through_json(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value after a round trip through JSON, as every message makes it."""
    return json.loads(json.dumps(value))


def purchase_of(request_id: str = "buy-1", payment_method: str = "pm_ok", **lines: tuple[int, int]) -> dict[str, Any]:
    """Return a purchase; sku=(quantity, unit price)."""
    return {
        "action": "purchase",
        "request_id": request_id,
        "customer_id": "customer-1",
        "currency": "EUR",
        "lines": [{"sku": sku, "quantity": n, "unit_price_minor": price} for sku, (n, price) in lines.items()],
        "payment_method": payment_method,
    }


def refund_of(order_id: str, request_id: str = "refund-1", **more: Any) -> dict[str, Any]:
    """Return a refund; amount_minor=…, lines=[…] or neither."""
    return {
        "action": "refund",
        "request_id": request_id,
        "order_id": order_id,
        "requested_by": "agent-7",
        "reason": "The handle is scratched.",
        **more,
    }


def resolution_of(order_id: str, subject: str, request_id: str = "resolution-1", **more: Any) -> dict[str, Any]:
    """Return a proposal to close a case, as not paid by default."""
    return {
        "action": "resolve",
        "request_id": request_id,
        "order_id": order_id,
        "subject": subject,
        "outcome": "released",
        "evidence": "The gateway's support says so.",
        "requested_by": "agent-7",
        **more,
    }


def decision_of(order_id: str, subject: str, request_id: str = "decision-1", **more: Any) -> dict[str, Any]:
    """Return a decision of another person, an approval by default."""
    return {
        "action": "decide",
        "request_id": request_id,
        "order_id": order_id,
        "subject": subject,
        "decision": "approve",
        "requested_by": "lead-1",
        **more,
    }
