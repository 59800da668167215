"""Cases: open them, propose to close them, and decide on the proposals. Nothing here moves money at the gateway.

Longer than 250 lines so that the causes and the consequences of a case are in one place.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ..answers import Answer, Code
from ..canonical import Json, hash_with_salt, parse_instant
from ..ledger import Kind, key_of, subject_of, type_of
from ..lifecycles import Case, CaseReason, CaseStatus, RefundStatus, find_open_case
from ..money import format_amount
from ..order import Order
from ..outcomes import refuse_request, resolution_answer
from ..payments import GatewayReply, GatewayStatus, Operation, ReportedRefund
from ..ports import Change
from ..requests import MakeDecision, Origin, ResolveCase, case_id_of, found_refund_id_of, reported_refund_id_of
from ..settlement import Contradiction, apply_gateway_reply, end_by_people, quote_reply, reply_facts
from .approvals import ApprovalPolicy, Fault, decide_refund
from .captures import allocate_capture
from .disputes import end_dispute_by_people
from .refunds import CASES_LIMIT, KB, record_refund, worst_case_bytes

PAID: Final = "settled"
"""The outcome of a resolution whose subject was paid outside the system; the other is `released`."""

MOVEMENT: Final = "movement:"
"""Prefix of the subject of a case about an orphan; the gateway's reference follows."""


def open_case(
    order: Order, about: str, reason: CaseReason, now: str, *, amount_minor: int = 0, facts: Mapping[str, Json]
) -> Change | None:
    """Open a case about a subject of an order.

    Return None if one is open, if people have closed one with the same statements of ledger and gateway and its subject
    has ended, or if the order's item has no room for it.
    """
    subject = subject_of(case_id_of(order.order_id, about, order.version))
    cases = [case for case in order.account.cases.values() if case.about == about]
    after = (
        None
        if any(case.is_open for case in cases)
        else order.append(
            Kind.CASE_OPENED,
            at=None,
            now=now,
            subject=subject,
            amount_minor=amount_minor,
            facts={"about": about, "reason": reason.value, **facts, "cause": "reconcile"},
        )
    )
    if after is None or worst_case_bytes(after) > CASES_LIMIT:
        return None
    recurrence_key = after.account.cases[key_of(subject)].recurrence_key
    is_closed = not _is_open(order, about) and any(case.recurrence_key == recurrence_key for case in cases)
    return None if is_closed else Change(before=order, after=after)


def _is_open(order: Order, about: str) -> bool:
    """Return whether a subject has no outcome yet, which closing a case about it did not change."""
    is_waiting = about == order.order_id and order.wait is not None
    return is_waiting or key_of(about) in order.in_flight


def apply_reported_refund(order: Order, reported: ReportedRefund, now: str) -> Change | Contradiction | None:
    """Apply a refund that was made at the gateway itself; None if the ledger, or a case, already has it.

    A new refund is written together with its outcome and a case. If it exceeds what other refunds leave of the captured
    amount, only the case is written until they leave more. Closing the case does not change the refund: the gateway
    reports how it ends.
    """
    key = refund_id_of_report(order, reported)
    status, amount_minor = reported.status, reported.amount_minor
    reply = GatewayReply(
        status=status,
        reference=reported.reference,
        reason=reported.reason,
        amount_minor=amount_minor,
        currency=reported.currency,
    )
    if key in order.account.refunds:
        return apply_gateway_reply(order, key, reply, None, now)
    kinds = _REPORTED.get(status)
    if kinds is None or not order.account.captured_minor:
        return None
    facts: dict[str, Json] = {"by": "gateway", "cause": "gateway", "reference": reported.reference}
    orphan = _find_orphan_of(order, reported)
    is_found = orphan is not None and found_refund_id_of(order.order_id, orphan.case_id) in order.account.refunds
    is_recordable = reported.currency == order.currency and not is_found
    recorded = record_refund(order, key, amount_minor, kinds, at=None, now=now, facts=facts) if is_recordable else None
    case_facts: dict[str, Json] = {
        "gateway_says": quote_reply(reply),
        "reference": reported.reference,
        **reply_facts(reply),
    }
    case_facts |= {"movement_kind": Operation.REFUND.value, "movement_currency": reported.currency}
    case_facts |= {SAME_AS: orphan.about} if orphan else {}
    opened = open_case(
        recorded.after if recorded else order,
        subject_of(key),
        CaseReason.MADE_AT_GATEWAY,
        now,
        amount_minor=amount_minor,
        facts=case_facts,
    )
    return Change(before=order, after=opened.after) if opened else recorded


_REPORTED: Final = {
    GatewayStatus.PENDING: (Kind.REFUND_PENDING,),
    GatewayStatus.SETTLED: (Kind.REFUND_SETTLED,),
    GatewayStatus.REVERSED: (Kind.REFUND_SETTLED, Kind.REFUND_REVERSED),
}
"""The entries after the first one of a refund that the gateway reports. One that never moved money has none."""


def refund_id_of_report(order: Order, reported: ReportedRefund) -> str:
    """Return the id, in the order's ledger, of a refund that was made at the gateway itself.

    A refund that was first recorded by closing the case of an orphan keeps that id. One that was given up and moved
    money nevertheless gets a second id, because an ended refund never begins again.
    """
    refunds = order.account.refunds
    key = reported_refund_id_of(order.order_id, reported.reference)
    if found_id := _find_orphan_id(order, subject_of(key)):
        return found_id
    first, second_id = refunds.get(key), reported_refund_id_of(order.order_id, key)
    is_given_up = first is not None and first.status in (RefundStatus.DECLINED, RefundStatus.RELEASED)
    has_moved = reported.status in (GatewayStatus.SETTLED, GatewayStatus.REVERSED)
    return second_id if is_given_up and (has_moved or second_id in refunds) else key


SAME_AS: Final = "same_as"
"""Fact of a case about a reported refund: the orphan that is assumed to be the same refund."""


def _matched_refunds(order: Order) -> dict[str, str]:
    """Return the subject of the reported refund that each orphan was matched with, by the orphan's subject."""
    cases = order.account.cases.values()
    return {str(case.opened.facts[SAME_AS]): case.about for case in cases if SAME_AS in case.opened.facts}


def _find_orphan_of(order: Order, reported: ReportedRefund) -> Case | None:
    """Return the case of an orphan that may be this reported refund and was matched with no other.

    Earlier releases, which learned of dashboard refunds only from the gateway's list, opened such cases.
    """
    expected = f"{Operation.REFUND.value} {reported.amount_minor} {reported.currency} under key "
    cases, matches = order.account.cases.values(), _matched_refunds(order)
    orphans = (case for case in cases if case.about.startswith(MOVEMENT) and case.about not in matches)
    return next((case for case in orphans if case.opened.facts.get("gateway_says") == expected), None)


def _find_orphan_id(order: Order, about: str) -> str | None:
    """Return the id of the refund recorded by closing the case of the orphan that a reported refund matches."""
    matches = _matched_refunds(order)
    orphans = (case for case in order.account.cases.values() if matches.get(case.about) == about)
    recorded = (found_refund_id_of(order.order_id, case.case_id) for case in orphans)
    return next((refund_id for refund_id in recorded if refund_id in order.account.refunds), None)


def propose_resolution(
    order: Order, request: ResolveCase, origin: Origin, now: str, policy: ApprovalPolicy
) -> Change | Answer:
    """Propose to close a case as paid or not paid outside the system, or refuse the proposal."""
    fault = policy.find_fault(origin, "resolutions")
    if fault:
        return refuse_request(request, *fault, order)
    case = find_open_case(order.account.cases.values(), request.subject)
    if case is None:
        message = f"Order {order.order_id} has no open case about {request.subject}. `booking show` lists its cases."
        return refuse_request(request, Code.CASE_NOT_OPEN, message, order)
    if case.status is CaseStatus.PROPOSED:
        message = f"Another resolution of {case.case_id} waits for a decision. Approve or deny that one first."
        return refuse_request(request, Code.RESOLUTION_UNDER_WAY, message, order)
    after = order.accept(request, text=request.evidence).append(
        Kind.RESOLUTION_PROPOSED,
        at=origin.at,
        now=now,
        subject=subject_of(case.case_id),
        amount_minor=case.amount_minor,
        facts={
            **_request_facts(request, origin),
            "proposal": subject_of(request.key),
            "outcome": request.outcome,
            "evidence_sha256": hash_with_salt(order.salt, request.evidence),
        },
    )
    if (size := worst_case_bytes(after)) > CASES_LIMIT:
        message = f"The order's ledger could grow to {-(-size // KB)} KB, and at most {CASES_LIMIT // KB} are allowed."
        return refuse_request(request, Code.LEDGER_FULL, message, order)
    return Change(before=order, after=after)


def decide(order: Order, request: MakeDecision, origin: Origin, now: str, policy: ApprovalPolicy) -> Change | Answer:
    """Decide on what waits for another person: a held refund, or the proposed resolution of a case."""
    case = order.account.cases.get(key_of(request.subject))
    if case is None:
        return decide_refund(order, request, origin, now, policy)
    checks = (
        policy.find_fault(origin, "decisions"),
        _check_proposed(case),
        _check_person(order, case, request),
        policy.find_unidentified(case.proposal, request) if case.proposal else None,
        _check_recordable(order, case, request),
    )
    fault = next((each for each in checks if each), None)
    if fault:
        return refuse_request(request, *fault, order)
    return _close(order, case, request, origin, now)


def _close(order: Order, case: Case, request: MakeDecision, origin: Origin, now: str) -> Change:
    """Append the consequences of a decision in one write: the outcome of the case's subject, and of the case."""
    facts = {**_request_facts(request, origin), "decision": subject_of(request.key)}
    ended = _end_subject(order, case, origin, now, facts) if request.decision == "approve" else None
    kind = Kind.CASE_CLOSED if request.decision == "approve" else Kind.RESOLUTION_DENIED
    proposal = case.proposal
    assert proposal is not None  # checked: the case is PROPOSED
    after = (ended.after if ended else order).append(
        kind,
        at=origin.at,
        now=now,
        subject=subject_of(case.case_id),
        amount_minor=case.amount_minor,
        facts={**facts, "proposal": proposal.text("proposal"), "outcome": proposal.text("outcome")},
    )
    return Change(before=order, after=_store_answers(after, request), restock=ended.restock if ended else {})


def _end_subject(order: Order, case: Case, origin: Origin, now: str, facts: Mapping[str, Json]) -> Change | None:
    key = key_of(case.about)
    assert case.proposal is not None  # checked: the case is PROPOSED
    if _is_ended_by_gateway(order, case):
        return None
    was_paid = case.proposal.text("outcome") == PAID
    by_people = {"by": "people", "cause": "people", "case": subject_of(case.case_id)}
    execution = {name: facts[name] for name in ("execution", "origin", "decision")}
    ended_by: dict[str, Json] = {**execution, **by_people}
    refund_id = _unrecorded_refund_id(order, case)
    if was_paid and refund_id:
        ended_by |= {"request_id": facts["request_id"], "movement": case.about}
        return record_refund(
            order, refund_id, case.amount_minor, (Kind.REFUND_SETTLED,), at=origin.at, now=now, facts=ended_by
        )
    if key in order.account.disputes:
        return end_dispute_by_people(order, key, is_lost=was_paid, at=origin.at, now=now, facts=ended_by)
    paid_minor = _paid_minor(order, case) if was_paid else None
    if key not in _keys_of(order) or (paid_minor or 0) > order.account.requested_minor:
        return None  # more than was authorised has no lines to be allocated to
    if paid_minor is not None:
        ended_by |= {"shares": [share.as_json() for share in allocate_capture(order, paid_minor)], "released": []}
    return end_by_people(order, key, was_paid=was_paid, at=origin.at, now=now, facts=ended_by, amount_minor=paid_minor)


def _is_ended_by_gateway(order: Order, case: Case) -> bool:
    """Return whether a case is about a refund made at the gateway, whose outcome the gateway reports.

    People may only end one that the bank has left pending; finding out who made it is not enough.
    """
    refund = order.account.refunds.get(key_of(case.about))
    if refund is None or not refund.is_reported:
        return False
    was_made_at_gateway = case.reason == CaseReason.MADE_AT_GATEWAY
    return was_made_at_gateway or refund.status is not RefundStatus.PENDING


def _unrecorded_refund_id(order: Order, case: Case) -> str | None:
    """Return the id for a refund that only a case mentions; None if the case is about anything else."""
    facts = case.opened.facts
    if facts.get("movement_kind") != Operation.REFUND or facts.get("movement_currency") != order.currency:
        return None
    is_orphan = case.about.startswith(MOVEMENT)
    matched_id = (
        key_of(_matched_refunds(order).get(case.about, "")) if is_orphan else _find_orphan_id(order, case.about)
    )
    if matched_id in order.account.refunds:
        return None
    refund_id = found_refund_id_of(order.order_id, case.case_id) if is_orphan else key_of(case.about)
    return refund_id if refund_id not in order.account.refunds else None


def _paid_minor(order: Order, case: Case) -> int | None:
    """Return the amount that was paid according to a case if it differs from the requested one, else None.

    Money that was returned had been paid before; the ledger records the return as a lost dispute.
    """
    movement, (status, amount_minor, currency) = order.account.movement, _reported_reply(case)
    expected_minor = movement.amount_minor if movement and not movement.is_void else order.account.requested_minor
    is_payment = type_of(case.about) in ("order", "capture") and not order.account.captured_minor
    if not is_payment or status not in _WAS_PAID or currency not in ("", order.currency):
        return None
    return amount_minor if amount_minor not in (0, expected_minor) else None


_WAS_PAID: Final = (GatewayStatus.SETTLED.value, GatewayStatus.REVERSED.value)


def _reported_reply(case: Case) -> tuple[str, int, str]:
    """Return the status, amount and currency that the gateway reported; earlier releases stored only a message."""
    facts = case.opened.facts
    status, amount, currency = [*str(facts.get("gateway_says", "")).split(), "", "", ""][:3]
    amount = str(facts.get("gateway_amount_minor", amount))
    return (
        str(facts.get("gateway_status", status)),
        int(amount) if amount.isdigit() else 0,
        str(facts.get("gateway_currency", currency)),
    )


def _keys_of(order: Order) -> tuple[str, ...]:
    """Return the order's gateway keys whose outcome people may decide."""
    movement = (order.account.movement.key,) if order.account.movement else ()
    refunds = (each.refund_id for each in order.account.refunds.values() if each.status is not RefundStatus.DENIED)
    return (order.order_id, *movement, *refunds)


def _store_answers(order: Order, request: MakeDecision) -> Order:
    """Store the answers to the decision and to the proposal that it decides."""
    seq = order.version
    proposed = order.requests[order.ledger[-1].text("proposal")]
    decided = order.accept(request, answer=resolution_answer(order, seq, is_decision=True))
    return decided.with_request(replace(proposed, answer=resolution_answer(order, seq)))


def _request_facts(request: ResolveCase | MakeDecision, origin: Origin) -> dict[str, Json]:
    return {
        "request_id": request.request_id,
        "execution": origin.execution,
        "origin": origin.channel,
        "by" if isinstance(request, MakeDecision) else "requested_by": request.requested_by,
    }


def _check_proposed(case: Case) -> Fault:
    if case.status is CaseStatus.PROPOSED:
        return None
    return Code.NOT_AWAITING_DECISION, f"The case {case.case_id} does not wait for a decision: it is {case.status}."


def _check_recordable(order: Order, case: Case, request: MakeDecision) -> Fault:
    """Refuse to record a refund as made while open refunds reserve the money that it took."""
    account = order.account
    is_paid = case.proposal is not None and case.proposal.text("outcome") == PAID
    unrefunded_minor = account.captured_minor - account.refunded_minor
    is_blocked = unrefunded_minor - account.reserved_minor < case.amount_minor <= unrefunded_minor
    if request.decision != "approve" or not is_paid or not is_blocked or _unrecorded_refund_id(order, case) is None:
        return None
    amount, reserved = (format_amount(each, order.currency) for each in (case.amount_minor, account.reserved_minor))
    return (
        Code.REFUND_EXCEEDS_BALANCE,
        f"The refund of {amount} cannot be recorded while {reserved} is reserved for open refunds. Wait until they "
        "have ended (deny those that wait for approval), and decide again.",
    )


def _check_person(order: Order, case: Case, request: MakeDecision) -> Fault:
    proposer = case.proposal.text("requested_by") if case.proposal else ""
    if request.requested_by not in (proposer, order.customer_id):
        return None
    message = "A resolution must be decided by someone other than its proposer and the customer. Ask another person."
    return Code.OWN_DECISION, message


DOUBT: Final = timedelta(hours=24)
"""Time after an `unknown` within which the same purchase under another id counts as a repetition."""


def is_in_doubt(order: Order, now: datetime) -> bool:
    """Return whether an order was `unknown` so recently that its customer may repeat the purchase."""
    return was_unknown(order) and now <= parse_instant(order.placed.recorded_at) + DOUBT


def was_unknown(order: Order) -> bool:
    """Return whether the purchase's own execution ended before the gateway reported anything about the payment."""
    first_report = next((entry for entry in order.ledger[1:] if entry.subject == order.order_id), None)
    return first_report is not None and first_report.at != order.placed.at


def is_bought_again(order: Order, other: Order) -> bool:
    """Return whether another order with the same lines was placed within `DOUBT` after an order, and both are paid."""
    delay = parse_instant(other.ordered_at) - parse_instant(order.ordered_at)
    return (
        other.order_id != order.order_id
        and timedelta() <= delay <= DOUBT
        and _purchase_content(other) == _purchase_content(order)
        and _is_paid(order)
        and _is_paid(other)
    )


def _purchase_content(order: Order) -> tuple[str, str, frozenset[object]]:
    return order.customer_id, order.currency, frozenset(order.lines)


def _is_paid(order: Order) -> bool:
    return order.account.captured_minor > order.account.refunded_minor
