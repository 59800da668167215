"""Handlers as tables: an attempt is a walk along nodes, each the next call that the real handler makes, or its end.

A new node is found by running the handler itself from its start with the replies that led there; the call after the
last of them is the node. Every earlier call is compared with the table, which detects a handler that is not a function
of event, clock and replies (`NondeterministicHandler`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from handlers.adapters.stripe.stripe_api import StripeApi
from handlers.adapters.stripe.stripe_gateway import StripePaymentGateway
from handlers.domain.canonical import format_instant
from handlers.domain.payments import PaymentGateway
from handlers.domain.ports import Change, StaleOrder
from handlers.domain.rules.erasure import erase_text
from handlers.purchase import purchase
from handlers.reconcile import reconcile, settle_order
from handlers.record import record
from handlers.refund import refund
from handlers.runtime.dependencies import Dependencies
from handlers.runtime.reconcile.gateway_notices import reconcile_batch
from handlers.runtime.settings import Settings
from tests.simulation.fold import LawBroken
from tests.simulation.services import SimulatedCall, call_number, calls, canonical, replies
from tests.simulation.simulated_ports import (
    Client,
    GatewayWithoutMemory,
    ListingGateway,
    NewerItems,
    NewerOrders,
    Pool,
    RememberingGateway,
    SimulatedDeployment,
    add_unknown_field,
)
from tests.simulation.simulated_shop import OVER_HTTP
from tests.support.stripe.double import TEST_KEY


def forget_text(event: Any, deps: Dependencies) -> dict[str, str]:
    """Erase the text of an order as `booking forget` does, in its state at each write."""
    order = deps.orders.load(event["order_id"])
    while order is not None:
        change = erase_text(order, "privacy-1", f"{order.version:032x}", format_instant(deps.now()))
        if not isinstance(change, Change):
            break
        written = deps.orders.append(change)
        order = written.current if isinstance(written, StaleOrder) else written.after
    return {}


FUNCTIONS: dict[str, Callable[[Any, Dependencies], Any]] = {
    "purchase": purchase,
    "refund": refund,
    "record": record,
    "reconcile": reconcile,
    "notice": lambda event, deps: reconcile_batch(
        event, deps, lambda order_id: settle_order(order_id, deps), lambda: True
    ),
    "forget": forget_text,
}
ENVIRONMENT = {
    "BOOKING_STAGE": "simulation",
    "BOOKING_ORDERS_TABLE": "orders",
    "BOOKING_GATEWAY": "sandbox",
    "BOOKING_GATEWAY_TABLE": "gateway",
    "BOOKING_REFUND_WINDOW_DAYS": "30",
    "BOOKING_APPROVALS": "any",
    "BOOKING_AUDIT_BUCKET": "audit",
    "BOOKING_PARKING_QUEUE_URL": "parking",
}
SALT = "5a17" * 8


class NondeterministicHandler(AssertionError):
    """A handler behaved differently for the same event, clock and replies."""


class _Paused(BaseException):
    """Leaves a handler at a call without a reply. Not an Exception, so that no handler catches it."""

    def __init__(self, call: int) -> None:
        self.call = call


@dataclass(slots=True)
class Ended:
    """The end of an attempt: a result, or an error by the name that Step Functions sees."""

    result: Any = None
    error: str | None = None
    cause: str = ""


@dataclass(slots=True)
class Node:
    """A point of an attempt: the call it makes, or its end."""

    call: int = -1
    ended: Ended | None = None
    after: dict[int, "Node"] = field(default_factory=dict)
    parent: "Node | None" = None
    reply: int = -1
    program: "Program | None" = None

    def then(self, reply: int) -> "Node":
        """The node after a reply."""
        found = self.after.get(reply)
        if found is None:
            assert self.program is not None
            found = self.after[reply] = self.program.explore(self, reply)
        return found


class _Receiver:
    """The receiver of the calls of clients and of the gateway port."""

    def ask(self, service: str, method: str, arguments: dict[str, Any]) -> Any:
        raise NotImplementedError


class _DirectReceiver(_Receiver):
    """A receiver that answers every call immediately."""

    def __init__(self, apply: Callable[[SimulatedCall, int], int]) -> None:
        self._apply = apply

    def ask(self, service: str, method: str, arguments: dict[str, Any]) -> Any:
        number = call_number(service, method, arguments)
        return replies.things[self._apply(calls.things[number], number)]()


class _ReplayingReceiver(_Receiver):
    """A receiver that answers from a list, and pauses the handler at its end."""

    def __init__(self, expected: list[int], reply_numbers: list[int]) -> None:
        self.expected, self.reply_numbers, self.position = expected, reply_numbers, 0

    def ask(self, service: str, method: str, arguments: dict[str, Any]) -> Any:
        call = call_number(service, method, arguments)
        at = self.position
        if at >= len(self.reply_numbers):
            raise _Paused(call)
        if call != self.expected[at]:
            raise NondeterministicHandler(f"call {at}: {calls.things[self.expected[at]]} became {calls.things[call]}")
        self.position += 1
        return replies.things[self.reply_numbers[at]]()


def _always_zero() -> float:
    return 0.0


def _do_nothing(_: object) -> None:
    return None


@dataclass(slots=True)
class Program:
    """One handler of a deployment with one event and one time of its clock."""

    function: str
    event: Any
    now: datetime
    deployment: SimulatedDeployment = SimulatedDeployment.PRESENT

    def explore(self, parent: Node | None, reply: int) -> Node:
        """Run the handler to the point after `reply`."""
        expected, reply_numbers = [], []
        node, last = parent, reply
        while node is not None:
            expected.append(node.call)
            reply_numbers.append(last)
            node, last = node.parent, node.reply
        replaying = _ReplayingReceiver(expected[::-1], reply_numbers[::-1])
        found = self._run(replaying)
        found.parent, found.reply, found.program = parent, reply, self
        return found

    def _run(self, replaying: _ReplayingReceiver) -> Node:
        try:
            return Node(ended=self._call_handler(replaying))
        except _Paused as paused:
            return Node(call=paused.call)

    def run_to_end(self, apply: Callable[[SimulatedCall, int], int]) -> Ended:
        """Run the handler from start to end, each call applied at once."""
        return self._call_handler(_DirectReceiver(apply))

    def _call_handler(self, receiver: "_Receiver") -> Ended:
        try:
            result = FUNCTIONS[self.function](self.event, self._dependencies(receiver))
        except (NondeterministicHandler, LawBroken):
            raise
        except Exception as error:  # as Lambda would report it to Step Functions
            return Ended(error=type(error).__name__, cause=str(error))
        is_message = self.deployment is SimulatedDeployment.NEWER and self.function in ("purchase", "refund")
        return Ended(result=add_unknown_field(result) if is_message else result)

    def _dependencies(self, receiver: "_Receiver") -> Dependencies:
        item_receiver = NewerItems(receiver) if self.deployment is SimulatedDeployment.NEWER else receiver
        deps = Dependencies(
            settings=Settings(environment=ENVIRONMENT),
            clients=lambda service: Client(item_receiver, service),
            now=lambda: self.now,
            sleep=_do_nothing,
            rng=_always_zero,
            new_salt=lambda: SALT,
            write=_do_nothing,
        )
        deps.__dict__["gateway"] = self._gateway(
            receiver
        )  # the attribute in which cached_property would keep the sandbox
        if self.deployment is SimulatedDeployment.NEWER:
            deps.__dict__["orders"] = NewerOrders(deps.orders)
        return deps

    def _gateway(self, receiver: "_Receiver") -> PaymentGateway:
        if self.deployment is SimulatedDeployment.FORGETFUL:
            return GatewayWithoutMemory(receiver, self.now.isoformat())
        if self.deployment is SimulatedDeployment.LISTING:
            return ListingGateway(receiver, format_instant(self.now))
        if not OVER_HTTP:
            return RememberingGateway(receiver)
        api = StripeApi(pool=Pool(receiver, self._sending_time), secret=lambda _: TEST_KEY)
        return StripePaymentGateway(api=api, stage=ENVIRONMENT["BOOKING_STAGE"], now=lambda: self.now)

    @property
    def _sending_time(self) -> str:
        """The true time; a function's own clock may be wrong by a day."""
        requested_at = self.event.get("requested_at") if isinstance(self.event, dict) else None
        return str(requested_at) if requested_at else self.now.isoformat()


_roots: dict[tuple[str, str, datetime, SimulatedDeployment], Node] = {}
_roots_of: dict[tuple[str, int, datetime, SimulatedDeployment], tuple[Any, Node]] = {}


def start(
    function: str, event: Any, now: datetime, deployment: SimulatedDeployment = SimulatedDeployment.PRESENT
) -> Node:
    """Return the first node of an attempt. Events are never changed in place, so they are cached by identity."""
    key = (function, id(event), now, deployment)
    known = _roots_of.get(key)
    if known is None:
        known = _roots_of[key] = event, _root(function, event, now, deployment)
    return known[1]


def _root(function: str, event: Any, now: datetime, deployment: SimulatedDeployment) -> Node:
    key = (function, canonical(event), now, deployment)
    found = _roots.get(key)
    if found is None:
        found = _roots[key] = Program(function, event, now, deployment).explore(None, -1)
    return found


def forget() -> None:
    """Empty the tables."""
    _roots.clear()
    _roots_of.clear()
