"""The ports of a deployment in the simulator: its gateway, and the orders of its release."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final, Protocol

from handlers.adapters.stripe.stripe_api import ENDPOINT
from handlers.domain.account import Account
from handlers.domain.canonical import Json
from handlers.domain.order import Order
from handlers.domain.payments import GatewayReply, Instruction, MovementPage, Operation, PaymentMethod
from handlers.domain.ports import Change, OrderRepository, StaleOrder, Written
from handlers.domain.stock import StockMismatch
from tests.simulation.bank import KEY_LIFE
from tests.simulation.changes import NEW_FIELD
from tests.support.stripe.pool import PooledReply


class SimulatedDeployment(StrEnum):
    """A deployment: this release with a gateway that remembers and fences, does neither, or has a list; or the next."""

    PRESENT = "present"
    FORGETFUL = "forgetful"
    LISTING = "listing"
    NEWER = "newer"


class CallReceiver(Protocol):
    """The receiver of the calls of clients and of ports."""

    def ask(self, service: str, method: str, arguments: dict[str, Any]) -> Any:
        """Return the reply to a call, or raise it."""
        ...


@dataclass(frozen=True, slots=True)
class Client:
    """A client of a service."""

    receiver: CallReceiver
    service: str

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return lambda **arguments: self.receiver.ask(self.service, method, arguments)


@dataclass(frozen=True, slots=True)
class RememberingGateway:
    """The gateway port. Ambiguous and missing replies are replies like any other."""

    receiver: CallReceiver
    key_life: ClassVar[timedelta | None] = None
    miss_age: ClassVar[timedelta | None] = timedelta()
    fences: ClassVar[frozenset[Operation]] = frozenset(Operation)
    list_reach: ClassVar[timedelta | None] = None

    def movements(self, since: str, until: str, after: str | None) -> MovementPage | None:
        """Return None: without a list, orders at rest are looked up again by age."""
        return None

    def find_order(self, reference: str) -> None:
        """Return no order."""

    def payment_action(self, instruction: Instruction) -> None:
        """Return no action."""

    def refuse_amount(self, amount_minor: int, currency: str) -> str:
        return ""

    def charge(self, instruction: Instruction, method: PaymentMethod) -> GatewayReply:
        return self._ask("charge", instruction=instruction, method=method)

    def authorize(self, instruction: Instruction, method: PaymentMethod) -> GatewayReply:
        return self._ask("authorize", instruction=instruction, method=method)

    def capture(self, instruction: Instruction) -> GatewayReply:
        return self._ask("capture", instruction=instruction)

    def void(self, instruction: Instruction) -> GatewayReply:
        return self._ask("void", instruction=instruction)

    def refund(self, instruction: Instruction) -> GatewayReply:
        return self._ask("refund", instruction=instruction)

    def lookup(self, instruction: Instruction) -> GatewayReply:
        return self._ask("lookup", instruction=instruction)

    def fence(self, instruction: Instruction) -> GatewayReply:
        return self._ask("fence", instruction=instruction)

    def _ask(self, operation: str, /, **arguments: Any) -> GatewayReply:
        return _reply(self.receiver.ask("gateway", operation, arguments))


@dataclass(frozen=True, slots=True)
class GatewayWithoutMemory(RememberingGateway):
    """The other extreme of the port: it forgets keys after a day, cannot fence, and an empty lookup proves nothing."""

    at: str = ""
    """The time of its calls."""
    key_life: ClassVar[timedelta | None] = KEY_LIFE
    miss_age: ClassVar[timedelta | None] = None
    fences: ClassVar[frozenset[Operation]] = frozenset()

    def _ask(self, operation: str, /, **arguments: Any) -> GatewayReply:
        return _reply(self.receiver.ask("gateway", "forgetfully", {"operation": operation, "at": self.at, **arguments}))


@dataclass(frozen=True, slots=True)
class ListingGateway(RememberingGateway):
    """The gateway with a list of movements, which the sweep reads."""

    at: str = ""
    """The time of its calls."""
    list_reach: ClassVar[timedelta | None] = timedelta(days=30)

    def movements(self, since: str, until: str, after: str | None) -> MovementPage:
        """Return the list as one page."""
        page = self.receiver.ask("gateway", "list_movements", {"since": since, "until": until})
        assert isinstance(page, MovementPage)
        return page

    def _ask(self, operation: str, /, **arguments: Any) -> GatewayReply:
        return _reply(self.receiver.ask("gateway", "at_time", {"operation": operation, "at": self.at, **arguments}))


def _reply(reply: Any) -> GatewayReply:
    assert isinstance(reply, GatewayReply)
    return reply


@dataclass(frozen=True, slots=True)
class Pool:
    """The connections to Stripe: a request is a call like any other."""

    receiver: CallReceiver
    sent_at: str

    def request(self, method: str, url: str, *, body: bytes | None, headers: Mapping[str, str]) -> PooledReply:
        """Return the reply."""
        arguments = {"method": method, "target": url.removeprefix(ENDPOINT), "body": (body or b"").decode()}
        arguments |= {"key": headers.get("Idempotency-Key", ""), "at": self.sent_at}
        reply = self.receiver.ask("gateway", "request", arguments)
        assert isinstance(reply, PooledReply)
        return reply


_OF_NEXT_RELEASE: Final[Mapping[str, Json]] = {NEW_FIELD: ["of", "the next release", 2]}


@dataclass(frozen=True, slots=True)
class NewerItems:
    """A client that adds one attribute to each order that the next release creates."""

    receiver: CallReceiver

    def ask(self, service: str, method: str, arguments: dict[str, Any]) -> Any:
        """Pass a call on."""
        if method == "transact_write_items":
            arguments = {**arguments, "TransactItems": [_with_attribute(part) for part in arguments["TransactItems"]]}
        return self.receiver.ask(service, method, arguments)


def _with_attribute(part: dict[str, Any]) -> dict[str, Any]:
    if "Put" not in part:
        return part
    return {"Put": {**part["Put"], "Item": {**part["Put"]["Item"], NEW_FIELD: {"S": "of the next release"}}}}


@dataclass(slots=True)
class NewerOrders:
    """The orders of the next release, which writes an additional field into every ledger entry (law 39)."""

    orders: OrderRepository
    _written: dict[str, Order] = field(default_factory=dict[str, Order])

    def create(self, order: Order) -> Written | StaleOrder | StockMismatch:
        """Create an order whose first entry has the field."""
        none = replace(order, ledger=(), account=Account())
        return self._remember(self.orders.create(_with_new_field(none, order)))

    def append(self, change: Change) -> Written | StaleOrder:
        """Append entries with the field to the order as it was last written."""
        known = self._written.get(change.before.order_id, change.before)
        before = known if known.version == change.before.version else change.before
        after = _with_new_field(before, change.after)
        return self._remember(self.orders.append(replace(change, before=before, after=after)))

    def _remember(self, outcome: Any) -> Any:
        if isinstance(outcome, Written):
            self._written[outcome.after.order_id] = outcome.after
        return outcome

    def __getattr__(self, name: str) -> Any:
        return getattr(self.orders, name)


def _with_new_field(before: Order, after: Order) -> Order:
    order = replace(before, requests=after.requests, salt=after.salt)
    for entry in after.ledger[before.version :]:
        order = order.append(
            entry.kind,
            at=entry.at,
            now=entry.recorded_at,
            subject=entry.subject,
            amount_minor=entry.amount_minor,
            facts={**entry.facts, **_OF_NEXT_RELEASE},
        )
    return order


def add_unknown_field(result: Any) -> Any:
    """Return the result of a step of the next release, with a field that this one does not know."""
    return {**result, **_OF_NEXT_RELEASE} if isinstance(result, dict) else result
