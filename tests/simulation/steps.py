"""Handlers as tables: an attempt is a walk along nodes, each the next call that the real handler makes, or its end.

A node that was never reached before is found by running the handler itself from its start, with the replies that led
there; the call after the last of them is the node. While doing so every earlier call is compared with the one that the
table has: a handler that is not a function of event, clock and replies is found out (`Wayward`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from handlers.adapters.stripe.stripe_api import ENDPOINT, StripeApi
from handlers.adapters.stripe.stripe_gateway import StripePaymentGateway
from handlers.domain.payments import GatewayReply, Instruction, Operation, PaymentGateway, PaymentMethod
from handlers.purchase import purchase
from handlers.reconcile import reconcile, settle_order
from handlers.record import record
from handlers.refund import refund
from handlers.runtime.dependencies import Dependencies
from handlers.runtime.reconcile.gateway_notices import take
from handlers.runtime.settings import Settings
from tests.simulation.changes import LawBroken
from tests.simulation.services import SimulatedCall, call_number, calls, canonical, replies
from tests.simulation.world import OVER_HTTP
from tests.support.stripe.double import TEST_KEY
from tests.support.stripe.pool import PooledReply

FUNCTIONS: dict[str, Callable[[Any, Dependencies], Any]] = {
    "purchase": purchase,
    "refund": refund,
    "record": record,
    "reconcile": reconcile,
    "notice": lambda event, deps: take(event, deps, lambda order_id: settle_order(order_id, deps), lambda: True),
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
    """A handler did something else on the same event, clock and replies."""


class _Paused(BaseException):
    """Leaves a handler at the call that has no reply yet. Not an Exception, so that no handler catches it."""

    def __init__(self, call: int) -> None:
        self.call = call


@dataclass(slots=True)
class Ended:
    """The end of an attempt: with a result, or with an error by the name that Step Functions sees."""

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

    def client(self, service: str) -> "_Client":
        return _Client(self, service)


class _Straight(_Asked):
    """Answers every call at once."""

    def __init__(self, apply: Callable[[SimulatedCall, int], int]) -> None:
        self._apply = apply

    def ask(self, service: str, method: str, arguments: dict[str, Any]) -> Any:
        number = call_number(service, method, arguments)
        return replies.things[self._apply(calls.things[number], number)]()


class _Replaying(_Asked):
    """Answers from a list, and pauses the handler where it ends."""

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


class _Client:
    def __init__(self, asked: _Asked, service: str) -> None:
        self._asked, self._service = asked, service

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return lambda **arguments: self._asked.ask(self._service, method, arguments)


@dataclass(frozen=True, slots=True)
class _Gateway:
    """The gateway port. Its ambiguity and its absence are replies like any other."""

    asked: _Asked
    key_life: ClassVar[timedelta | None] = None
    miss_age: ClassVar[timedelta] = timedelta()
    fences: ClassVar[frozenset[Operation]] = frozenset(Operation)
    list_reach: ClassVar[timedelta | None] = None

    def movements(self, since: str, until: str, after: str | None) -> None:
        """Have no list: the orders at rest are looked at again by age."""

    def find_order(self, reference: str) -> None:
        """Know no payment by another id."""

    def payment_action(self, instruction: Instruction) -> None:
        """Have no customer who must act."""

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
        reply = self.asked.ask("gateway", operation, arguments)
        assert isinstance(reply, GatewayReply)
        return reply


@dataclass(frozen=True, slots=True)
class _Pool:
    """The connections to Stripe: a request is a call like any other."""

    asked: _Asked
    sent_at: str

    def request(self, method: str, url: str, *, body: bytes | None, headers: Mapping[str, str]) -> PooledReply:
        """Ask for the reply."""
        arguments = {"method": method, "target": url.removeprefix(ENDPOINT), "body": (body or b"").decode()}
        arguments |= {"key": headers.get("Idempotency-Key", ""), "at": self.sent_at}
        reply = self.asked.ask("gateway", "request", arguments)
        assert isinstance(reply, PooledReply)
        return reply


def _no_chance() -> float:
    return 0.0


def _silent(_: object) -> None:
    return None


@dataclass(slots=True)
class Program:
    """One handler on one event at one time of its clock."""

    function: str
    event: Any
    now: datetime

    def explore(self, parent: Node | None, reply: int) -> Node:
        """Run the handler to the point that lies behind `reply`."""
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
            return Ended(result=FUNCTIONS[self.function](self.event, self._parts(asked)))
        except (Wayward, LawBroken):
            raise
        except Exception as error:  # what Lambda would report to Step Functions
            return Ended(error=type(error).__name__, cause=str(error))

    def _parts(self, asked: "_Asked") -> Dependencies:
        made = Dependencies(
            settings=Settings(environment=ENVIRONMENT),
            clients=asked.client,
            now=lambda: self.now,
            sleep=_silent,
            rng=_no_chance,
            new_salt=lambda: SALT,
            write=_silent,
        )
        made.__dict__["gateway"] = self._gateway(asked)  # where cached_property would keep the sandbox
        return made

    def _gateway(self, asked: "_Asked") -> PaymentGateway:
        if not OVER_HTTP:
            return _Gateway(asked)
        api = StripeApi(pool=_Pool(asked, self._sent_at), secret=lambda _: TEST_KEY)
        return StripePaymentGateway(api=api, stage=ENVIRONMENT["BOOKING_STAGE"], now=lambda: self.now)

    @property
    def _sent_at(self) -> str:
        """The true time: a function's own clock may be wrong by a day."""
        told = self.event.get("requested_at") if isinstance(self.event, dict) else None
        return str(told) if told else self.now.isoformat()


_roots: dict[tuple[str, str, datetime], Node] = {}
_roots_of: dict[tuple[str, int, datetime], tuple[Any, Node]] = {}


def start(function: str, event: Any, now: datetime) -> Node:
    """The first node of an attempt. Events are never changed in place, so one met before is known by its identity."""
    known = _roots_of.get((function, id(event), now))
    if known is None:
        known = _roots_of[function, id(event), now] = event, _root(function, event, now)
    return known[1]


def _root(function: str, event: Any, now: datetime) -> Node:
    key = (function, canonical(event), now)
    found = _roots.get(key)
    if found is None:
        found = _roots[key] = Program(function, event, now).explore(None, -1)
    return found


def forget() -> None:
    """Empty the tables: they have grown large, and another scenario begins."""
    _roots.clear()
    _roots_of.clear()
