"""Handlers as tables: an attempt is a walk along nodes, each the next call that the real handler makes, or its end.

A new node is found by running the handler itself from its start with the replies that led there; the call after the
last of them is the node. Every earlier call is compared with the table, which detects a handler that is not a function
of event, clock and replies (`Wayward`).
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
    with_new_word,
)
from tests.simulation.world import OVER_HTTP
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


class Wayward(AssertionError):
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


class _Asked:
    """The receiver of the calls of clients and of the gateway port."""

    def ask(self, service: str, method: str, arguments: dict[str, Any]) -> Any:
        raise NotImplementedError


class _Straight(_Asked):
    """A receiver that answers every call immediately."""

    def __init__(self, apply: Callable[[SimulatedCall, int], int]) -> None:
        self._apply = apply

    def ask(self, service: str, method: str, arguments: dict[str, Any]) -> Any:
        number = call_number(service, method, arguments)
        return replies.things[self._apply(calls.things[number], number)]()


class _Replaying(_Asked):
    """A receiver that answers from a list, and pauses the handler at its end."""

    def __init__(self, expected: list[int], given: list[int]) -> None:
        self.expected, self.given, self.position = expected, given, 0

    def ask(self, service: str, method: str, arguments: dict[str, Any]) -> Any:
        call = call_number(service, method, arguments)
        at = self.position
        if at >= len(self.given):
            raise _Paused(call)
        if call != self.expected[at]:
            raise Wayward(f"call {at}: {calls.things[self.expected[at]]} became {calls.things[call]}")
        self.position += 1
        return replies.things[self.given[at]]()


def _no_chance() -> float:
    return 0.0


def _silent(_: object) -> None:
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
        expected, given = [], []
        node, last = parent, reply
        while node is not None:
            expected.append(node.call)
            given.append(last)
            node, last = node.parent, node.reply
        replaying = _Replaying(expected[::-1], given[::-1])
        found = self._run(replaying)
        found.parent, found.reply, found.program = parent, reply, self
        return found

    def _run(self, replaying: _Replaying) -> Node:
        try:
            return Node(ended=self._to_its_end(replaying))
        except _Paused as paused:
            return Node(call=paused.call)

    def straight(self, apply: Callable[[SimulatedCall, int], int]) -> Ended:
        """Run the handler from start to end, each call applied at once."""
        return self._to_its_end(_Straight(apply))

    def _to_its_end(self, asked: "_Asked") -> Ended:
        try:
            result = FUNCTIONS[self.function](self.event, self._parts(asked))
        except (Wayward, LawBroken):
            raise
        except Exception as error:  # as Lambda would report it to Step Functions
            return Ended(error=type(error).__name__, cause=str(error))
        is_message = self.deployment is SimulatedDeployment.NEWER and self.function in ("purchase", "refund")
        return Ended(result=with_new_word(result) if is_message else result)

    def _parts(self, asked: "_Asked") -> Dependencies:
        asked_as = NewerItems(asked) if self.deployment is SimulatedDeployment.NEWER else asked
        made = Dependencies(
            settings=Settings(environment=ENVIRONMENT),
            clients=lambda service: Client(asked_as, service),
            now=lambda: self.now,
            sleep=_silent,
            rng=_no_chance,
            new_salt=lambda: SALT,
            write=_silent,
        )
        made.__dict__["gateway"] = self._gateway(asked)  # the attribute in which cached_property would keep the sandbox
        if self.deployment is SimulatedDeployment.NEWER:
            made.__dict__["orders"] = NewerOrders(made.orders)
        return made

    def _gateway(self, asked: "_Asked") -> PaymentGateway:
        if self.deployment is SimulatedDeployment.FORGETFUL:
            return GatewayWithoutMemory(asked, self.now.isoformat())
        if self.deployment is SimulatedDeployment.LISTING:
            return ListingGateway(asked, format_instant(self.now))
        if not OVER_HTTP:
            return RememberingGateway(asked)
        api = StripeApi(pool=Pool(asked, self._sent_at), secret=lambda _: TEST_KEY)
        return StripePaymentGateway(api=api, stage=ENVIRONMENT["BOOKING_STAGE"], now=lambda: self.now)

    @property
    def _sent_at(self) -> str:
        """The true time; a function's own clock may be wrong by a day."""
        told = self.event.get("requested_at") if isinstance(self.event, dict) else None
        return str(told) if told else self.now.isoformat()


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
