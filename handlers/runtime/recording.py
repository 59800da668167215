"""Record the result of a request: a ledger outcome once for ever, a refusal once per execution."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast

from ..contracts.metrics import MetricName
from ..contracts.prebuilt import RecordInput
from ..domain.answers import LEDGER_CODES, Answer, Code, answer_from
from ..domain.canonical import Json, day_of, format_instant, is_closed, next_day
from ..domain.errors import AuditContradiction
from ..domain.ledger import key_of
from ..domain.lifecycles import CASE_KINDS
from ..domain.order import NewerRelease, Order
from ..domain.outcomes import answer_of, execution_of, is_decision, outcome_at, outcome_seq, refuse_invalid, result_at
from ..domain.ports import AuditTrail, OrderRepository
from ..domain.requests import Origin, Request
from ..domain.trail.audit import (
    REFUSING,
    find_earlier_refusal,
    outcome_key,
    outcome_record,
    refusal_key_of,
    refusal_record,
)
from .envelope import unwrap
from .log import Log
from .request_parsing import origin_of, parse_request

_MAX_PARKING: Final = timedelta(days=29)  # 14 in the queue, 14 in its dead-letter queue, and the day of writing
_TOO_LARGE: Final = (
    "The request is too large to be recorded: an execution's input has at most 256 KiB, and this one nearly reaches "
    "that. A valid request has less than 64 KiB; remove what does not belong to it."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A recorded result: the answer, the key of its audit object, and whether that object is new."""

    answer: Answer
    replayed: bool
    key: str
    is_new: bool
    further: tuple["Recorded", ...] = ()
    """The outcomes that a decision has caused so far: its refund's, or that of the case's subject."""


def record_outcome(message: RecordInput, orders: OrderRepository, audit: AuditTrail, now: datetime) -> Recorded:
    """Write the audit object of an execution: the outcome in the ledger, or without one the answer of its step.

    Raises:
        NewerRelease: the request is in a ledger that only a newer release can fold; that release records its outcome.
    """
    request = _parse_sent_request(message)
    order = None if isinstance(request, Answer) else _load(request, orders)
    if order is None or isinstance(request, Answer) or not order.is_repeat(request):
        return _record_refusal(message, request, audit, now)
    if _was_refused(message, order, request.key):
        return _record_refusal(message, request, audit, now)
    return _record_request(message, order, request.key, audit)


def _parse_sent_request(message: RecordInput) -> Request | Answer:
    """Parse the request of a message, or refuse one that was too large for a message; valid requests are smaller."""
    if message.request_is_too_large:
        return refuse_invalid(_TOO_LARGE)
    return parse_request(unwrap(message.request))


def _load(request: Request, orders: OrderRepository) -> Order | None:
    """Load the order of a request; None also for an order of a newer release that does not contain the request."""
    try:
        return orders.load(request.order_id)
    except NewerRelease as newer:
        accepted = newer.order.find_request(request.key)
        if accepted and accepted.is_repeated_by(request, newer.order.salt):
            raise
        return None


def _was_refused(message: RecordInput, order: Order, key: str) -> bool:
    """Return whether this execution was refused although another execution carried out the same request.

    A parked result is recorded late, when the ledger may already contain the other execution's outcome.
    """
    result = message.result
    is_refusal = result is not None and result.status in REFUSING and result.code not in LEDGER_CODES
    return is_refusal and execution_of(order, key) != message.execution


def _record_request(message: RecordInput, order: Order, key: str, audit: AuditTrail) -> Recorded:
    seq = outcome_seq(order, key)
    name = outcome_key(order, seq)
    is_new = audit.write(name, outcome_record(order, seq))
    return Recorded(
        answer=_current_answer(message, order, key, seq),
        replayed=execution_of(order, key) != message.execution,
        key=name,
        is_new=is_new,
        further=_record_decision_outcomes(order, seq, audit, is_new=is_new) if is_decision(key) else (),
    )


def _current_answer(message: RecordInput, order: Order, key: str, seq: int) -> Answer:
    """Return the answer of a request; `pending` if its step found the refund waiting, even if it is approved by now."""
    answer = answer_of(order, key)
    was_pending = message.result is not None and message.result.status == "pending"
    return result_at(order, key, seq) if was_pending and answer.status == "unknown" else answer


def _record_decision_outcomes(order: Order, seq: int, audit: AuditTrail, *, is_new: bool) -> tuple[Recorded, ...]:
    """Write the outcome of the refund that was decided at entry `seq`; a denial is itself the outcome."""
    if order.ledger[seq - 1].kind in CASE_KINDS:
        return _record_case_outcomes(order, seq, audit)
    key = key_of(order.ledger[seq - 1].subject)
    final = outcome_seq(order, key)
    if final < seq:
        return ()
    name = outcome_key(order, final)
    is_new = is_new if final == seq else audit.write(name, outcome_record(order, final))
    return (Recorded(answer=result_at(order, key, final), replayed=False, key=name, is_new=is_new),)


def _record_case_outcomes(order: Order, seq: int, audit: AuditTrail) -> tuple[Recorded, ...]:
    """Write the outcomes of the subject that people ended together with the case at entry `seq`."""
    decision = order.ledger[seq - 1].facts.get("decision")
    seqs = [entry.seq for entry in order.ledger[: seq - 1] if decision and entry.facts.get("decision") == decision]
    return tuple(each for each in (_record_entry(order, each, audit) for each in seqs) if each)


def _record_entry(order: Order, seq: int, audit: AuditTrail) -> Recorded | None:
    name, answer = outcome_key(order, seq), outcome_at(order, seq)
    is_new = audit.write(name, outcome_record(order, seq))
    return Recorded(answer=answer, replayed=False, key=name, is_new=is_new) if answer else None


def _record_refusal(message: RecordInput, request: Request | Answer, audit: AuditTrail, now: datetime) -> Recorded:
    """Write a refusal on the day of the execution's start, or today if that day is closed.

    The first refusal that is recorded for an execution is its answer, whatever a later attempt, such as a redrive
    after the first one was parked, would be refused for.
    """
    answer = _refusal(message, request)
    sent, origin = _without_text(message, request), origin_of(message)
    for day in _days_of_attempts(origin, now):
        record = refusal_record(sent, answer, origin, day)
        if audit.keys(refusal_key_of(record)).names:
            break
    else:
        record = refusal_record(sent, answer, origin, _day_of_writing(origin, now))
    key = refusal_key_of(record)
    try:
        return Recorded(answer=answer, replayed=False, key=key, is_new=audit.write(key, record))
    except AuditContradiction:
        earlier = find_earlier_refusal(audit.read(key), record)
        if earlier is None:
            raise
        return Recorded(answer=earlier, replayed=False, key=key, is_new=False)


def _day_of_writing(origin: Origin, now: datetime) -> str:
    started_on = day_of(origin.at)
    return day_of(format_instant(now)) if is_closed(started_on, now) else started_on


def _days_of_attempts(origin: Origin, now: datetime) -> Iterator[str]:
    """Yield the days on which an earlier attempt may have written the refusal; none while the first day is open."""
    day = day_of(origin.at)
    if is_closed(day, now):
        yield day
        day = max(next_day(day), day_of(format_instant(now - _MAX_PARKING)))
        while day <= day_of(format_instant(now)):
            yield day
            day = next_day(day)


_FIELDS_WITHOUT_TEXT: Final = frozenset(
    {"action", "request_id", "order_id", "currency", "amount_minor", "lines", "capture", "hold_seconds"}
    | {"restock", "override", "subject", "decision", "outcome"}
)
"""Fields whose values are ids, numbers and choices in every valid request."""


def _without_text(message: RecordInput, request: Request | Answer) -> dict[str, Json]:
    """Return the part of a request that its refusal's hash covers.

    A locked object cannot be erased, and it contains everything needed to test a guess. The hash therefore covers no
    free text, and nothing of an invalid request, any part of which may be free text.
    """
    if isinstance(request, Answer):
        return {}
    sent = cast("Mapping[str, Json]", unwrap(message.request))
    return {name: value for name, value in sent.items() if name in _FIELDS_WITHOUT_TEXT}


def _refusal(message: RecordInput, request: Request | Answer) -> Answer:
    if isinstance(request, Answer):
        return request
    if message.result is None or message.result.status in ("succeeded", "pending"):
        return _not_executed_answer(request, origin_of(message))
    return answer_from(message.result.model_dump())


def _not_executed_answer(request: Request, origin: Origin) -> Answer:
    """Answer a request whose steps failed before anything was written: nothing was decided and no money moved."""
    return Answer(
        status="failed",
        code=Code.NOT_EXECUTED,
        message=f"The {request.action} requested at {origin.requested_at} was not started: nothing was written and no "
        "money moved. It is safe to repeat the same request.",
        action=request.action,
        request_id=request.request_id,
        order_id=request.order_id,
        amount_minor=request.amount_minor,
    )


def count_recorded(log: Log, recorded: Recorded) -> None:
    """Count an answer if its audit object is new, so that replays and retries do not count."""
    if recorded.is_new:
        count_answer(log, recorded.answer)
    for each in recorded.further:
        count_recorded(log, each)


_COUNTERS: Final = {"purchase": MetricName.PURCHASES, "refund": MetricName.REFUNDS}
_MONEY: Final = {"purchase": MetricName.MONEY_IN, "capture": MetricName.MONEY_IN, "refund": MetricName.MONEY_OUT}


def count_answer(log: Log, answer: Answer) -> None:
    """Add an answer to the business metrics."""
    if answer.status == "succeeded":
        _count_success(log, answer)
    elif answer.status == "rejected":
        log.add_metric(MetricName.REJECTIONS, 1, of=answer.code)
    elif answer.status == "unknown":
        log.add_metric(MetricName.UNKNOWN_OUTCOMES, 1)


def _count_success(log: Log, answer: Answer) -> None:
    """Count purchases, refunds and the money that moved; a purchase that only authorises its payment moves none."""
    if answer.action in _COUNTERS:
        log.add_metric(_COUNTERS[answer.action], 1)
    if answer.action in _MONEY and answer.order_status != "AUTHORIZED":
        log.add_metric(_MONEY[answer.action], answer.amount_minor or 0, of=answer.currency)
