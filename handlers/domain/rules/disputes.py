"""Disputes: apply a gateway's reports to an order, in any order and any number of times."""

from collections.abc import Mapping
from typing import Final

from ..canonical import Json
from ..ledger import SUPERSEDED, Kind, subject_of
from ..lifecycles import Dispute, DisputeStatus
from ..order import Order
from ..payments import DisputePhase, GatewayReply, GatewayStatus, ReportedDispute
from ..ports import Change
from ..requests import dispute_id_of
from ..settlement import Contradiction, was_judged

_P, _S = DisputePhase, DisputeStatus

_ENTRIES: Final[Mapping[tuple[DisputeStatus | None, DisputePhase], tuple[Kind, ...]]] = {
    (None, _P.INQUIRY): (),
    (None, _P.OPEN): (Kind.DISPUTE_OPENED,),
    (None, _P.WON): (Kind.DISPUTE_OPENED, Kind.DISPUTE_WON),
    (None, _P.LOST): (Kind.DISPUTE_OPENED, Kind.DISPUTE_LOST),
    (_S.OPEN, _P.OPEN): (),
    (_S.OPEN, _P.WON): (Kind.DISPUTE_WON,),
    (_S.OPEN, _P.LOST): (Kind.DISPUTE_LOST,),
    (_S.WON, _P.OPEN): (),
    (_S.WON, _P.WON): (),
    (_S.WON, _P.LOST): (Kind.DISPUTE_LOST,),
    (_S.LOST, _P.OPEN): (),
    (_S.LOST, _P.WON): (Kind.DISPUTE_WON,),
    (_S.LOST, _P.LOST): (),
}
"""The entries that a report adds; none if the ledger already has these or later entries.

An inquiry never follows a withdrawal.
"""

RETURNED: Final = "charge_returned"
"""Reason of the dispute that represents a charge that was returned without a dispute."""


def disputes_in(order: Order, reply: GatewayReply) -> tuple[ReportedDispute, ...]:
    """Return the disputes that a reply about the payment reports.

    A charge returned without a dispute counts as a lost one.
    """
    if reply.status is not GatewayStatus.REVERSED:
        return reply.disputes
    returned = ReportedDispute(
        reference=reply.reference or order.order_id,
        phase=DisputePhase.LOST,
        amount_minor=reply.amount_minor,
        currency=reply.currency,
        reason=reply.reason or RETURNED,
    )
    return (*reply.disputes, returned)


def apply_dispute(order: Order, reported: ReportedDispute, now: str) -> Change | Contradiction | None:
    """Apply the report of a dispute; None if the ledger already agrees. Only a captured order can be disputed."""
    key = dispute_id_of(order.order_id, reported.reference)
    dispute = order.account.disputes.get(key)
    kinds = _ENTRIES.get((dispute.status if dispute else None, reported.phase))
    if kinds is None or _differs(order, dispute, reported):
        gateway_says = f"{reported.phase.value} {reported.amount_minor} {reported.currency}".rstrip()
        if was_judged(order, key, gateway_says):
            return None
        return Contradiction(subject=key, ledger_says=_describe_dispute(dispute), gateway_says=gateway_says)
    if not kinds or not order.account.captured_minor:
        return None
    after = order
    for kind in kinds:
        facts = _facts(reported, is_last=kind is kinds[-1])
        after = after.append(
            kind, at=None, now=now, subject=subject_of(key), amount_minor=reported.amount_minor, facts=facts
        )
    return Change(before=order, after=after)


def end_dispute_by_people(
    order: Order, key: str, *, is_lost: bool, at: str, now: str, facts: Mapping[str, Json]
) -> Change | None:
    """Record the outcome that people found for a dispute; None if the ledger already has it."""
    dispute = order.account.disputes[key]
    kind, end = (Kind.DISPUTE_LOST, _S.LOST) if is_lost else (Kind.DISPUTE_WON, _S.WON)
    if dispute.status is end:
        return None
    facts = {"reference": dispute.reference, **facts}
    after = order.append(kind, at=at, now=now, subject=subject_of(key), amount_minor=dispute.amount_minor, facts=facts)
    return Change(before=order, after=after)


def _differs(order: Order, dispute: Dispute | None, reported: ReportedDispute) -> bool:
    """Return whether a report differs in amount or currency from the dispute, whose amount never changes."""
    is_other_currency = bool(reported.currency) and reported.currency != order.currency
    return is_other_currency or (dispute is not None and dispute.amount_minor != reported.amount_minor)


def _describe_dispute(dispute: Dispute | None) -> str:
    return f"{dispute.status} {dispute.amount_minor}" if dispute else "no dispute"


def _facts(reported: ReportedDispute, *, is_last: bool) -> dict[str, Json]:
    facts: dict[str, Json] = {"reference": reported.reference, "cause": "gateway"}
    if reported.reason:
        facts["reason_code"] = reported.reason
    return facts if is_last else {**facts, SUPERSEDED: True}
