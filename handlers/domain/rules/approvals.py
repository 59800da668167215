"""Approvals: refunds that wait for another person, and that person's decision.

The amount of a held refund is reserved, and the gateway does not know of it. A held refund ends with a decision, or
lapses at its deadline.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ..answers import Answer, Code
from ..canonical import Json, format_instant, parse_instant
from ..ledger import Entry, Kind, key_of, subject_of
from ..lifecycles import CaseStatus, Refund, RefundStatus
from ..money import format_amount
from ..order import Order
from ..outcomes import decision_answer, refuse_request, result_at
from ..ports import Change
from ..requests import IssueRefund, MakeDecision, Origin

MAX_DECLINED_REFUNDS: Final = 50
"""After this many declined refunds, every further refund of the order needs approval (law 44)."""

Fault = tuple[Code, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPolicy:
    """The refunds that another person must approve, and the requests that are accepted as decisions.

    `limits` is by currency, in minor units. Without any limit, no refund is held for its amount; with one, every refund
    in a currency that has none is held.
    """

    limits: Mapping[str, int] = field(default_factory=dict[str, int])
    wait: timedelta = timedelta(days=7)
    """Time for which a held refund waits for a decision."""
    api_only: bool = False
    """True if decisions, overrides and resolutions count only when the API identified the caller, and only what was
    requested through the API can be approved."""

    def hold(self, order: Order, request: IssueRefund, amount_minor: int, now: str) -> dict[str, Json]:
        """Return the approval facts of a refund's ledger entry, or an empty mapping if it needs no approval."""
        reason = self._find_reason(order, request, amount_minor)
        return {"reason_code": reason, "until": format_instant(parse_instant(now) + self.wait)} if reason else {}

    def _find_reason(self, order: Order, request: IssueRefund, amount_minor: int) -> str | None:
        declined = sum(each.status is RefundStatus.DECLINED for each in order.account.refunds.values())
        reasons = (
            ("window_overridden", request.override is not None),
            ("above_limit", self._exceeds_limit(order, amount_minor)),
            ("many_declined", declined >= MAX_DECLINED_REFUNDS),
        )
        return next((reason for reason, holds in reasons if holds), None)

    def find_fault(self, origin: Origin, what: str) -> Fault:
        """Return the refusal of a decision, an override or a resolution that the API must make, or None."""
        if not self.api_only or origin.channel == "api":
            return None
        return Code.API_REQUIRED, f"This stage accepts {what} only through its API, which identifies the caller."

    def find_unidentified(self, requested: Entry, request: MakeDecision) -> Fault:
        """Return the refusal to approve a request that did not come through the API, or None. It can still be denied.

        Nobody identified its requester, who may be the approver, so there may be no second person.
        """
        if not self.api_only or request.decision != "approve" or requested.facts.get("origin") == "api":
            return None
        message = "This stage approves only what was requested through its API, which identifies the caller."
        return Code.API_REQUIRED, f"{message} Deny this request, and send it again through the API."

    def _exceeds_limit(self, order: Order, amount_minor: int) -> bool:
        """Return whether the order's unapproved refunds and a new one together exceed the limit."""
        if not self.limits:
            return False
        refunds = order.account.refunds.values()
        unapproved = sum(each.amount_minor for each in refunds if each.holds_money and not each.held)
        return unapproved + amount_minor > self.limits.get(order.currency, 0)


NO_APPROVALS: Final = ApprovalPolicy()
"""The policy of a stage that configures no limits."""


def decide_refund(
    order: Order, request: MakeDecision, origin: Origin, now: str, policy: ApprovalPolicy
) -> Change | Answer:
    """Approve or deny a held refund, or refuse the decision. An approved refund may be sent to the gateway."""
    refund = order.account.refunds.get(key_of(request.subject))
    if refund is None:
        message = f"Order {order.order_id} has no refund or case {request.subject}. `booking show` lists them."
        return refuse_request(request, Code.NOT_AWAITING_DECISION, message, order)
    return _decide_refund(order, refund, request, origin, now, policy)


def _decide_refund(
    order: Order, refund: Refund, request: MakeDecision, origin: Origin, now: str, policy: ApprovalPolicy
) -> Change | Answer:
    checks = (
        policy.find_fault(origin, "decisions"),
        _check_waiting(refund),
        _check_person(order, refund, request),
        policy.find_unidentified(_hold_entry(order, refund), request),
        _check_time(order, refund, origin),
        _check_balance(order, request),
    )
    found = next((each for each in checks if each), None)
    if found:
        return refuse_request(request, *found, order)
    kind = Kind.REFUND_APPROVED if request.decision == "approve" else Kind.REFUND_DENIED
    facts: dict[str, Json] = {
        "request_id": request.request_id,
        "execution": origin.execution,
        "origin": origin.channel,
        "by": request.requested_by,
        "decision": subject_of(request.key),
        **({"reason_code": "denied"} if kind is Kind.REFUND_DENIED else {}),
    }
    return Change(before=order, after=_answer_decision(_end_wait(order, refund, kind, origin.at, now, facts), request))


def lapse_refund(order: Order, now: datetime, max_execution_time: timedelta) -> Change | None:
    """Give up a held refund whose time has run out; None if there is none.

    A decision that started in time still counts, so the refund lapses only `max_execution_time` later.
    """
    for refund in order.account.refunds.values():
        if (
            refund.status is RefundStatus.AWAITING_APPROVAL
            and now - parse_instant(held_until(order, refund)) > max_execution_time
        ):
            facts: dict[str, Json] = {"by": "lapse", "reason_code": "lapsed", "cause": "reconcile"}
            after = _end_wait(order, refund, Kind.REFUND_DENIED, None, format_instant(now), facts)
            return Change(before=order, after=after)
    return None


def awaits_decision(order: Order) -> bool:
    """Return whether a refund of the order, or the resolution of a case, waits for another person."""
    is_refund = any(each.status is RefundStatus.AWAITING_APPROVAL for each in order.account.refunds.values())
    return is_refund or any(each.status is CaseStatus.PROPOSED for each in order.account.cases.values())


def held_until(order: Order, refund: Refund) -> str:
    """Return the last instant at which a decision on a held refund may start."""
    return _hold_entry(order, refund).text("until")


def _hold_entry(order: Order, refund: Refund) -> Entry:
    subject = order.subject(refund.refund_id)
    return next(entry for entry in order.ledger if entry.subject == subject)


def _end_wait(order: Order, refund: Refund, kind: Kind, at: str | None, now: str, facts: Mapping[str, Json]) -> Order:
    subject = order.subject(refund.refund_id)
    after = order.append(kind, at=at, now=now, subject=subject, amount_minor=refund.amount_minor, facts=facts)
    if kind is Kind.REFUND_APPROVED:
        return after
    return after.with_request(after.requests[subject].with_answer(result_at(after, refund.refund_id, after.version)))


def _answer_decision(order: Order, request: MakeDecision) -> Order:
    return order.accept(request, answer=decision_answer(order, order.version))


def _check_waiting(refund: Refund) -> Fault:
    if refund.status is RefundStatus.AWAITING_APPROVAL:
        return None
    message = f"The refund {refund.refund_id} does not wait for a decision: it is {refund.status}."
    return Code.NOT_AWAITING_DECISION, message


def _check_person(order: Order, refund: Refund, request: MakeDecision) -> Fault:
    if request.requested_by not in (_hold_entry(order, refund).text("requested_by"), order.customer_id):
        return None
    message = "A refund must be decided by someone other than its requester and the customer. Ask another person."
    return Code.OWN_DECISION, message


def _check_time(order: Order, refund: Refund, origin: Origin) -> Fault:
    until = held_until(order, refund)
    if parse_instant(origin.requested_at) <= parse_instant(until):
        return None
    return (
        Code.DECISION_TOO_LATE,
        f"This refund could be decided until {until}, but the decision was requested at {origin.at}. Request the "
        "refund again under a new request_id.",
    )


def _check_balance(order: Order, request: MakeDecision) -> Fault:
    overdrawn = order.account.overdrawn_minor
    if request.decision != "approve" or not overdrawn:
        return None
    amount = format_amount(overdrawn, order.currency)
    message = (
        f"Refunds and disputes exceed what was captured by {amount}. Deny the refund, or wait until the dispute is won."
    )
    return Code.DISPUTED, message
