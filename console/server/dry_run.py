"""Forecast the effect of a request: run the real function with writes in memory and a gateway that agrees.

The function reads the stored data and applies its own rules. Nothing is written, no execution is started and the
gateway is not called, so the forecast holds if nothing else changes and the gateway agrees.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar, Final

from handlers.adapters.dynamodb.stock_items import DynamoDBInventory
from handlers.domain.canonical import format_instant
from handlers.domain.ledger import Entry
from handlers.domain.order import Order
from handlers.domain.payments import (
    GatewayReply,
    GatewayStatus,
    Instruction,
    MovementPage,
    Operation,
    PaymentGateway,
    PaymentMethod,
)
from handlers.domain.ports import Change, OrderRepository, Page, StaleOrder, Written
from handlers.domain.stock import StockItem, StockMismatch
from handlers.purchase import purchase
from handlers.refund import refund
from handlers.runtime.dependencies import Dependencies
from handlers.runtime.settings import Settings

from ..deployment import Deployment

FUNCTIONS: Final[Mapping[str, tuple[str, Callable[[object, Dependencies], dict[str, Any]]]]] = {
    "purchase": ("purchaseFunction", purchase),
    "capture": ("purchaseFunction", purchase),
    "cancel": ("purchaseFunction", purchase),
    "refund": ("refundFunction", refund),
    "decide": ("refundFunction", refund),
    "resolve": ("refundFunction", refund),
}
"""The function of each action, and the output that names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The effect of a request: the BookingResult, and the order before and after."""

    result: Mapping[str, Any]
    before: Order | None
    after: Order | None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries that the ledger would get."""
        known = self.before.version if self.before else 0
        return self.after.ledger[known:] if self.after else ()


@dataclass(slots=True)
class MemoryOrders:
    """Orders that are read from the store and written to memory."""

    stored: OrderRepository
    inventory: DynamoDBInventory
    read: dict[str, Order] = field(default_factory=dict[str, Order])
    written: dict[str, Order] = field(default_factory=dict[str, Order])

    def load(self, order_id: str) -> Order | None:
        """Return the order as written here, else as stored."""
        if order_id in self.written:
            return self.written[order_id]
        found = self.stored.load(order_id)
        if found:
            self.read[order_id] = found
        return found

    def create(self, order: Order) -> Written | StaleOrder | StockMismatch:
        """Store a new order in memory, unless it exists or the stock differs from its lines."""
        if existing := self.load(order.order_id):
            return StaleOrder(current=existing)
        items = {line.sku: self.inventory.load(line.sku) for line in order.lines}
        differing = {
            line.sku: items[line.sku]
            for line in order.lines
            if not _fulfils(items[line.sku], line.quantity, line.unit_price_minor, order.currency)
        }
        if differing:
            return StockMismatch(found=differing)
        self.written[order.order_id] = order
        return Written(after=order)

    def append(self, change: Change) -> Written | StaleOrder:
        """Store the changed order in memory."""
        self.written[change.after.order_id] = change.after
        return Written(after=change.after)

    def list_due(self, shard: int, until: str, after: str | None, limit: int) -> Page:
        """Read the stored list."""
        return self.stored.list_due(shard, until, after, limit)

    def list_of_customer(self, customer_id: str, since: str, until: str, after: str | None, limit: int) -> Page:
        """Read the stored list."""
        return self.stored.list_of_customer(customer_id, since, until, after, limit)

    def defer(self, order: Order, until: str | None, now: str | None) -> bool:
        """Refuse: only reconcile defers orders, and no forecast runs it."""
        raise NotImplementedError

    def list_changed(
        self, day: str, shard: int, since: str, after: str | None, limit: int, until: str | None = None
    ) -> Page:
        """Read the stored list."""
        return self.stored.list_changed(day, shard, since, after, limit, until)


def _fulfils(item: StockItem | None, quantity: int, unit_price_minor: int, currency: str) -> bool:
    return bool(
        item and item.available >= quantity and item.price_minor == unit_price_minor and item.currency == currency
    )


@dataclass(frozen=True, slots=True)
class AgreeingGateway:
    """A gateway whose operations succeed immediately."""

    key_life: ClassVar[timedelta | None] = None
    miss_age: ClassVar[timedelta | None] = timedelta()
    fences: ClassVar[frozenset[Operation]] = frozenset(Operation)
    list_reach: ClassVar[timedelta | None] = None

    def refuse_amount(self, amount_minor: int, currency: str) -> str:  # noqa: ARG002  # whatever it is
        """Accept every amount."""
        return ""

    def charge(self, instruction: Instruction, method: PaymentMethod) -> GatewayReply:  # noqa: ARG002  # whatever pays
        """Charge."""
        return _agree(instruction)

    def authorize(self, instruction: Instruction, method: PaymentMethod) -> GatewayReply:  # noqa: ARG002  # as above
        """Hold the amount."""
        return replace(_agree(instruction), status=GatewayStatus.AUTHORIZED)

    def capture(self, instruction: Instruction) -> GatewayReply:
        """Capture."""
        return _agree(instruction)

    def void(self, instruction: Instruction) -> GatewayReply:
        """Void."""
        return _agree(instruction)

    def refund(self, instruction: Instruction) -> GatewayReply:
        """Refund."""
        return _agree(instruction)

    def payment_action(self, instruction: Instruction) -> None:
        """Return no action."""

    def lookup(self, instruction: Instruction) -> GatewayReply:
        """Report that the operation took effect."""
        return _agree(instruction)

    def find_order(self, reference: str) -> str | None:  # a forecast receives no events
        """Return no order."""

    def movements(self, since: str, until: str, after: str | None) -> MovementPage | None:  # as above
        """Return no list, because a forecast sweeps nothing."""

    def fence(self, instruction: Instruction) -> GatewayReply:  # noqa: ARG002  # whichever it is
        """Fence an unknown key."""
        return GatewayReply(status=GatewayStatus.FENCED)


def _agree(instruction: Instruction) -> GatewayReply:
    return GatewayReply(
        status=GatewayStatus.SETTLED,
        reference="dry-run",
        amount_minor=instruction.amount_minor,
        currency=instruction.currency,
    )


@dataclass(frozen=True, kw_only=True)
class DryRunDependencies(Dependencies):
    """Dependencies whose orders stay in memory and whose gateway agrees."""

    memory: MemoryOrders

    @cached_property
    def orders(self) -> OrderRepository:
        """The orders in memory."""
        return self.memory

    @cached_property
    def gateway(self) -> PaymentGateway:
        """The gateway that agrees."""
        return AgreeingGateway()


def forecast(deployment: Deployment, event: Mapping[str, Any], now: datetime) -> Forecast:
    """Return the effect of a request.

    Raises:
        BookingError: the function could not decide, as in an execution that would retry.
    """
    output, function = FUNCTIONS[str(event.get("action"))]
    deps = _dependencies(deployment, output, now)
    message = {"schema": 1, "execution": "dry-run", "requested_at": format_instant(now), "request": event}
    result = function(json.loads(json.dumps(message)), deps)
    order_id = str(result.get("order_id") or "")
    before = deps.memory.read.get(order_id)
    return Forecast(result=result, before=before, after=deps.memory.written.get(order_id, before))


def _dependencies(deployment: Deployment, output: str, now: datetime) -> DryRunDependencies:
    """Return dependencies with the settings of the deployed function."""
    described = deployment.client("lambda").get_function_configuration(FunctionName=deployment.output(output))
    environment: Mapping[str, str] = described.get("Environment", {}).get("Variables", {})
    settings = Settings(environment=environment)
    real = Dependencies(settings=settings, clients=lambda service: deployment.client(service))
    inventory = DynamoDBInventory(
        client=deployment.client("dynamodb"), table=deployment.output("ordersTable"), retry=real.retry
    )
    return DryRunDependencies(
        settings=settings,
        clients=lambda service: deployment.client(service),
        now=lambda: now,
        write=_discard,
        memory=MemoryOrders(stored=real.orders, inventory=inventory),
    )


def _discard(line: str) -> None:
    """Log nothing, because nothing happened."""
