"""Settlement: apply a gateway's replies to an order, in any order and any number of times.

Longer than 250 lines so that the handling of every reply in every state is in one place.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, cast

from .canonical import Json, format_instant, parse_instant
from .ledger import SUPERSEDED, Entry, Kind, key_of, type_of
from .lifecycles import OrderStatus, RefundStatus
from .order import Order
from .outcomes import answer_requests
from .payments import AUTHORIZATION_GONE, GatewayReply, GatewayStatus, Operation
from .ports import Change, OrderRepository, RetryPolicy, StaleOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """A disagreement between gateway and ledger that no entry can settle; it is left to people.

    `facts` holds the gateway's statement about the payment or refund, for the case.
    """

    subject: str
    ledger_says: str
    gateway_says: str
    facts: Mapping[str, Json] = field(default_factory=dict[str, Json])

    def __str__(self) -> str:
        return f"{self.subject}: the ledger says {self.ledger_says}, the gateway says {self.gateway_says}"


_PENDING_PAYMENT: Mapping[GatewayStatus, tuple[Kind, ...]] = {
    GatewayStatus.ACTION_REQUIRED: (Kind.PAYMENT_ACTION_REQUIRED,),
    GatewayStatus.PENDING: (Kind.PAYMENT_PENDING,),
    GatewayStatus.SETTLED: (Kind.PAYMENT_CAPTURED,),
    GatewayStatus.DECLINED: (Kind.PAYMENT_DECLINED,),
    GatewayStatus.FENCED: (Kind.PAYMENT_RELEASED,),
}

_MOVEMENT_ENTRIES: Mapping[tuple[Operation, GatewayStatus], tuple[Kind, ...]] = {
    (Operation.CAPTURE, GatewayStatus.PENDING): (),
    (Operation.CAPTURE, GatewayStatus.SETTLED): (Kind.PAYMENT_CAPTURED,),
    (Operation.CAPTURE, GatewayStatus.DECLINED): (Kind.PAYMENT_CAPTURE_DECLINED,),
    (Operation.CAPTURE, GatewayStatus.FENCED): (Kind.PAYMENT_CAPTURE_DECLINED,),
    (Operation.VOID, GatewayStatus.SETTLED): (Kind.PAYMENT_VOIDED,),
}

_RANKS: Mapping[Kind | GatewayStatus, int] = {
    Kind.PAYMENT_ACTION_REQUIRED: 1,
    GatewayStatus.ACTION_REQUIRED: 1,
    Kind.PAYMENT_PENDING: 2,
    GatewayStatus.PENDING: 2,
    Kind.PAYMENT_AUTHORIZED: 3,
    GatewayStatus.AUTHORIZED: 3,
}
"""The statuses that are not final, by rank: a reply that ranks no higher than the ledger is ignored (law 34)."""

_FINAL_RANK = 4

BANK_WAIT: Final = timedelta(days=1)
"""Time within which a bank must process a payment; later it is given up as soon as the bank allows it."""

BEFORE_GATEWAY: Final = timedelta(hours=1)
"""Margin by which a wait ends before the gateway would end it."""

_REFUND_ENTRIES: Mapping[tuple[RefundStatus, GatewayStatus], tuple[Kind, ...]] = {
    (RefundStatus.RESERVED, GatewayStatus.SETTLED): (Kind.REFUND_SETTLED,),
    (RefundStatus.RESERVED, GatewayStatus.DECLINED): (Kind.REFUND_DECLINED,),
    (RefundStatus.RESERVED, GatewayStatus.FENCED): (Kind.REFUND_RELEASED,),
    (RefundStatus.RESERVED, GatewayStatus.REVERSED): (Kind.REFUND_SETTLED, Kind.REFUND_REVERSED),
    (RefundStatus.RESERVED, GatewayStatus.PENDING): (Kind.REFUND_PENDING,),
    (RefundStatus.PENDING, GatewayStatus.SETTLED): (Kind.REFUND_SETTLED,),
    (RefundStatus.PENDING, GatewayStatus.DECLINED): (Kind.REFUND_DECLINED,),
    (RefundStatus.PENDING, GatewayStatus.FENCED): (Kind.REFUND_RELEASED,),
    (RefundStatus.PENDING, GatewayStatus.REVERSED): (Kind.REFUND_SETTLED, Kind.REFUND_REVERSED),
    (RefundStatus.SETTLED, GatewayStatus.SETTLED): (),
    (RefundStatus.SETTLED, GatewayStatus.DECLINED): (Kind.REFUND_REVERSED,),
    (RefundStatus.SETTLED, GatewayStatus.REVERSED): (Kind.REFUND_REVERSED,),
    (RefundStatus.REVERSED, GatewayStatus.SETTLED): (),
    (RefundStatus.REVERSED, GatewayStatus.REVERSED): (),
    (RefundStatus.REVERSED, GatewayStatus.DECLINED): (),
    (RefundStatus.DECLINED, GatewayStatus.DECLINED): (),
    (RefundStatus.RELEASED, GatewayStatus.FENCED): (),
    (RefundStatus.RELEASED, GatewayStatus.DECLINED): (),
}
"""The entries that a reply adds to a refund; none if the ledger has them. A failure after settlement is a reversal."""

_INTERIM_REPLIES: Final = frozenset({GatewayStatus.PENDING})
"""Replies that are ignored if the ledger has later ones: they arrived out of order."""

_CONSISTENT_REPLIES: Mapping[OrderStatus, tuple[GatewayStatus, ...]] = {
    OrderStatus.CONFIRMED: (GatewayStatus.SETTLED,),
    OrderStatus.PARTIALLY_REFUNDED: (GatewayStatus.SETTLED,),
    OrderStatus.REFUNDED: (GatewayStatus.SETTLED,),
    OrderStatus.DECLINED: (GatewayStatus.DECLINED,),
    OrderStatus.CANCELLED: (GatewayStatus.FENCED, GatewayStatus.DECLINED),
}
"""The final replies that are consistent with the status of an order whose payment has ended.

A payment that was given up may also have been declined.
"""


def apply_gateway_reply(
    order: Order, key: str, reply: GatewayReply, at: str | None, now: str
) -> Change | Contradiction | None:
    """Apply a gateway's reply about `key` to an order; None if the ledger already agrees.

    `at` is the start of the execution that asked the gateway, or None if none did.
    """
    kinds = _kinds(order, key, reply)
    if kinds is None or _amount_differs(order, key, reply):
        ledger_says = f"{_ledger_status(order, key)} {_expected_amount(order, key)}"
        gateway_says = quote_reply(reply)
        return Contradiction(subject=key, ledger_says=ledger_says, gateway_says=gateway_says, facts=reply_facts(reply))
    return _append_entries(order, key, reply, kinds, at, now, {}) if kinds else None


def end_by_people(
    order: Order,
    key: str,
    *,
    was_paid: bool,
    at: str,
    now: str,
    facts: Mapping[str, Json],
    amount_minor: int | None = None,
) -> Change | None:
    """Record the outcome that people found for a key; None if it is not legal in the ledger's state.

    `amount_minor` is the amount that moved if it differs from the requested one.
    """
    if type_of(key) == "void":
        key = order.order_id
    refund = order.account.refunds.get(key)
    is_returned = refund is not None and refund.status is RefundStatus.SETTLED and not was_paid
    not_paid = GatewayStatus.REVERSED if is_returned else GatewayStatus.FENCED
    reply = GatewayReply(status=GatewayStatus.SETTLED if was_paid else not_paid)
    is_held = key == order.order_id and order.status is OrderStatus.AUTHORIZED
    kinds = _kinds(order, key, reply) or ((Kind.PAYMENT_CAPTURED,) if is_held and was_paid else ())
    return _append_entries(order, key, reply, kinds, at, now, facts, amount_minor) if kinds else None


def quote_reply(reply: GatewayReply) -> str:
    """Return a reply as text for a case."""
    return f"{reply.status.value} {reply.amount_minor} {reply.currency}".rstrip()


def reply_facts(reply: GatewayReply) -> dict[str, Json]:
    """Return a reply as facts for a case."""
    return {
        "gateway_status": reply.status.value,
        "gateway_amount_minor": reply.amount_minor,
        "gateway_currency": reply.currency,
    }


def _append_entries(
    order: Order,
    key: str,
    reply: GatewayReply,
    kinds: Sequence[Kind],
    at: str | None,
    now: str,
    extra_facts: Mapping[str, Json],
    moved_minor: int | None = None,
) -> Change:
    after = order
    for kind in kinds:
        subject = _subject_of_entry(order, key, kind)
        facts = {**_facts(after, kind, key, reply, now, is_last=kind is kinds[-1]), **extra_facts}
        amount_minor = order.amount_of(key_of(subject)) if moved_minor is None else moved_minor
        after = after.append(kind, at=at, now=now, subject=subject, amount_minor=amount_minor, facts=facts)
    return Change(before=order, after=answer_requests(after), restock=_stock_to_release(order, after))


def _subject_of_entry(order: Order, key: str, kind: Kind) -> str:
    """Return the subject of an entry: the key's, or for an ended hold that of the movement that requested it."""
    movement = order.account.movement
    if movement and kind in (_VOID_ENDS if movement.is_void else _CAPTURE_ENDS):
        return order.subject(movement.key)
    return order.subject(key)


_VOID_ENDS = frozenset({Kind.PAYMENT_VOIDED})
_CAPTURE_ENDS = frozenset({Kind.PAYMENT_CAPTURED, Kind.PAYMENT_CAPTURE_DECLINED})


def _kinds(order: Order, key: str, reply: GatewayReply) -> tuple[Kind, ...] | None:
    """Return the entries that follow from a reply; None if ledger and reply contradict each other."""
    refund = order.account.refunds.get(key)
    if was_ended_by_people(order, key) and not (refund and refund.is_reported):
        return None if reply.status in _WITH_AMOUNT and not _is_confirmed(order, key, reply) else ()
    if reply.status is GatewayStatus.NOTHING and _moved_nothing(order, key):
        return ()
    operation = order.instruction(key).operation
    if operation is Operation.REFUND:
        return _refund_kinds(order, key, reply)
    if operation in (Operation.CAPTURE, Operation.VOID):
        return _movement_kinds(order, key, operation, reply)
    return _payment_kinds(order, reply)


def was_ended_by_people(order: Order, key: str) -> bool:
    """Return whether people decided the outcome of a key, so the gateway must no longer move money under it."""
    return bool(_entries_by_people(order, key))


def was_judged(order: Order, key: str, gateway_says: str) -> bool:
    """Return whether people knew of this reply when they last decided the key's outcome."""
    cases = [order.account.cases[key_of(entry.text("case"))] for entry in _entries_by_people(order, key)[-1:]]
    return any(case.opened.facts.get("gateway_says") == gateway_says for case in cases)


def _entries_by_people(order: Order, key: str) -> Sequence[Entry]:
    """Return the entries with which people, by closing a case, decided the outcome of a key."""
    subject = order.subject(key)
    return [entry for entry in order.ledger if entry.subject == subject and "case" in entry.facts]


def _is_confirmed(order: Order, key: str, reply: GatewayReply) -> bool:
    """Return whether people have already recorded this reply: a payment that was reported to them, or its return."""
    refund = order.account.refunds.get(key)
    if refund is not None and refund.status is RefundStatus.REVERSED:
        return reply.status is GatewayStatus.REVERSED
    is_paid = key == order.order_id and order.account.captured_minor > 0
    return is_paid and was_judged(order, key, quote_reply(reply))


def _moved_nothing(order: Order, key: str) -> bool:
    """Return whether the ledger has ended a key as one that never moved money."""
    refund = order.account.refunds.get(key)
    if refund:
        return refund.status in (RefundStatus.DECLINED, RefundStatus.RELEASED)
    is_payment = key == order.order_id
    return is_payment and order.status in (OrderStatus.DECLINED, OrderStatus.CANCELLED)


def _expected_amount(order: Order, key: str) -> int:
    """Return the amount that the gateway must have moved under a key."""
    account = order.account
    if key != order.order_id:
        return order.amount_of(key)
    movement = account.movement
    is_capturing = movement is not None and not movement.is_void
    return account.captured_minor or (movement.amount_minor if movement and is_capturing else account.requested_minor)


def _amount_differs(order: Order, key: str, reply: GatewayReply) -> bool:
    """Return whether a different amount or currency was moved or held. A void moves none."""
    if type_of(key) == "void" or reply.status not in _WITH_AMOUNT:
        return False
    differs_in_currency = bool(reply.currency) and reply.currency != order.currency
    return differs_in_currency or reply.amount_minor != _expected_amount(order, key)


_WITH_AMOUNT = frozenset({GatewayStatus.SETTLED, GatewayStatus.REVERSED})


def _payment_kinds(order: Order, reply: GatewayReply) -> tuple[Kind, ...] | None:
    status = GatewayStatus.SETTLED if reply.status is GatewayStatus.REVERSED else reply.status
    if order.status is OrderStatus.PENDING:
        return _pending_payment_kinds(order, status)
    if status in _RANKS:
        return ()
    if order.status is OrderStatus.AUTHORIZED:
        return _authorized_payment_kinds(order, status)
    return () if status in _CONSISTENT_REPLIES[order.status] else None


def _pending_payment_kinds(order: Order, status: GatewayStatus) -> tuple[Kind, ...] | None:
    wait, movement = order.wait, order.account.movement
    if wait and _RANKS.get(status, _FINAL_RANK) <= _RANKS[wait.kind]:
        return ()
    if status is GatewayStatus.AUTHORIZED:
        return (Kind.PAYMENT_AUTHORIZED,) if order.captures_later else None
    if status is GatewayStatus.FENCED and movement:
        return (Kind.PAYMENT_VOIDED,)
    return _PENDING_PAYMENT.get(status)


def _authorized_payment_kinds(order: Order, status: GatewayStatus) -> tuple[Kind, ...] | None:
    movement = order.account.movement
    is_capturing = movement is not None and not movement.is_void
    if status is GatewayStatus.FENCED:
        return (Kind.PAYMENT_CAPTURE_DECLINED,) if is_capturing else (Kind.PAYMENT_VOIDED,)
    return (Kind.PAYMENT_CAPTURED,) if status is GatewayStatus.SETTLED and movement else None


def _movement_kinds(order: Order, key: str, operation: Operation, reply: GatewayReply) -> tuple[Kind, ...] | None:
    """Return the entries of an open capture or void. One that has ended must have the same outcome at the gateway."""
    movement = order.account.movement
    if operation is Operation.VOID and reply.status is not GatewayStatus.SETTLED:
        return ()  # the payment's own state has the outcome
    if movement and movement.key == key:
        return _MOVEMENT_ENTRIES.get((operation, reply.status))
    was_captured = any(e.kind is Kind.PAYMENT_CAPTURED and e.subject == order.subject(key) for e in order.ledger)
    took_effect = reply.status is GatewayStatus.SETTLED
    if operation is Operation.CAPTURE:
        return () if took_effect is was_captured else None
    return () if order.status in (OrderStatus.CANCELLED, OrderStatus.DECLINED) else None


def _refund_kinds(order: Order, key: str, reply: GatewayReply) -> tuple[Kind, ...] | None:
    status = order.account.refunds[key].status
    stale = () if status is not RefundStatus.RESERVED and reply.status in _INTERIM_REPLIES else None
    return _REFUND_ENTRIES.get((status, reply.status), stale)


def _ledger_status(order: Order, key: str) -> str:
    refund = order.account.refunds.get(key)
    return (refund.status if refund else order.status).value + (" by people" if was_ended_by_people(order, key) else "")


def _facts(order: Order, kind: Kind, key: str, reply: GatewayReply, now: str, *, is_last: bool) -> dict[str, Json]:
    facts: dict[str, Json] = {"reference": reply.reference}
    if reply.reason:
        facts["reason_code"] = reply.reason
    if kind in _PAYMENT_FACTS:
        facts.update(_PAYMENT_FACTS[kind](order, key, reply, max(now, order.ledger[-1].recorded_at)))
    if kind is Kind.REFUND_SETTLED:
        facts["restocked"] = [[line, quantity] for line, quantity in _units_to_restock(order, key).items()]
    if not is_last:
        facts[SUPERSEDED] = True
    return facts


def _wait_facts(window: Callable[[Order], timedelta]) -> Callable[[Order, str, GatewayReply, str], dict[str, Json]]:
    """Return the facts of a wait: it ends after our own limit, or an hour before the gateway's if that is earlier."""

    def facts(order: Order, _: str, reply: GatewayReply, now: str) -> dict[str, Json]:
        ends = [format_instant(parse_instant(now) + window(order))]
        if reply.until:
            ends.append(format_instant(parse_instant(reply.until) - BEFORE_GATEWAY))
        return {"until": max(now, min(ends))}

    return facts


def _capture_facts(order: Order, _: str, __: GatewayReply, now: str) -> dict[str, Json]:
    until = format_instant(parse_instant(now) + order.refund_window)
    return {"refundable_until": until, **({"released": released} if (released := _uncaptured_units(order)) else {})}


def _decline_facts(order: Order, key: str, reply: GatewayReply, _: str) -> dict[str, Json]:
    """Return the facts of a capture that never arrived, or whose hold had ended; a decline needs none."""
    if reply.status is not GatewayStatus.FENCED:
        return {}
    return {"reason_code": AUTHORIZATION_GONE if key == order.order_id else "never_arrived"}


def _void_facts(order: Order, _: str, __: GatewayReply, ___: str) -> dict[str, Json]:
    movement = order.account.movement
    request = next((e for e in order.ledger if movement and e.subject == order.subject(movement.key)), None)
    return {"reason": request.text("reason"), "cause": request.text("cause")} if request else {"reason": "lost"}


_PAYMENT_FACTS: Mapping[Kind, Callable[[Order, str, GatewayReply, str], dict[str, Json]]] = {
    Kind.PAYMENT_ACTION_REQUIRED: _wait_facts(lambda order: order.action_window),
    Kind.PAYMENT_PENDING: _wait_facts(lambda _: BANK_WAIT),
    Kind.PAYMENT_AUTHORIZED: _wait_facts(lambda order: order.hold),
    Kind.PAYMENT_CAPTURED: _capture_facts,
    Kind.PAYMENT_CAPTURE_DECLINED: _decline_facts,
    Kind.PAYMENT_VOIDED: _void_facts,
}


def _uncaptured_units(order: Order) -> list[Json]:
    """Return the units per line that the open capture leaves uncaptured."""
    movement = order.account.movement
    if movement is None or movement.is_void:
        return []
    captured = {share.line: share.quantity for share in movement.shares}
    uncaptured = [(number, line.quantity - captured.get(number, 0)) for number, line in enumerate(order.lines)]
    return [[number, units] for number, units in uncaptured if units]


def _units_to_restock(order: Order, refund_id: str) -> dict[int, int]:
    """Return the units per line to restock with a refund.

    Units restocked by a refund that was later reversed are already in stock and are not restocked again.
    """
    refunds = order.account.refunds
    if not refunds[refund_id].restock:
        return {}
    settled = [each for each in refunds.values() if each.status is RefundStatus.SETTLED and each.restock]
    returned = Counter({s.line: 0 for s in refunds[refund_id].shares})
    for refund in (*settled, refunds[refund_id]):
        returned.update({share.line: share.quantity for share in refund.shares})
    returned.subtract(_count_restocked_units(order))
    lines = {share.line for share in refunds[refund_id].shares}
    return {line: units for line, units in sorted(returned.items()) if line in lines and units > 0}


def _count_restocked_units(order: Order) -> dict[int, int]:
    counted: Counter[int] = Counter()
    for entry in order.ledger:
        counted.update(dict(cast("Sequence[tuple[int, int]]", entry.facts.get("restocked", ()))))
    return dict(counted)


def _stock_to_release(before: Order, after: Order) -> dict[str, int]:
    """Return the units per SKU to restock: all of an unpaid order, those that a capture left, or a refund's."""
    if after.status in (OrderStatus.DECLINED, OrderStatus.CANCELLED) and after.status is not before.status:
        return {line.sku: line.quantity for line in after.lines}
    new = after.ledger[before.version :]
    facts = [entry.facts.get(fact, ()) for entry in new for fact in ("restocked", "released")]
    released = [pair for pairs in facts for pair in cast("Sequence[tuple[int, int]]", pairs)]
    return {after.lines[line].sku: units for line, units in released}


def settle(
    orders: OrderRepository,
    retry: RetryPolicy,
    order: Order,
    key: str,
    reply: GatewayReply,
    *,
    at: str,
    clock: Callable[[], datetime],
) -> Order:
    """Record a gateway's reply in the order's ledger and return the order.

    A reply that contradicts the ledger changes nothing: reconcile finds it and opens a case.

    Raises:
        Unavailable: the order kept changing, and every attempt lost its race.
    """
    for _ in retry.attempts(order.order_id):
        change = apply_gateway_reply(order, key, reply, at, format_instant(clock()))
        if change is None or isinstance(change, Contradiction):
            return order
        written = orders.append(change)
        if not isinstance(written, StaleOrder):
            return written.after
        order = written.current
    raise AssertionError("attempts() ends by raising")
