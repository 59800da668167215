"""Answers to the requests that propose and decide the resolution of a case. Like outcomes, they name no person."""

from collections.abc import Mapping
from typing import Final

from .account import fold
from .answers import Answer, Code, NextAction
from .ledger import Entry, Kind, key_of
from .order import Order

CASE_MESSAGES: Final[Mapping[Kind, tuple[str, Code | None, str]]] = {
    Kind.RESOLUTION_PROPOSED: (
        "pending",
        Code.APPROVAL_NEEDED,
        "The resolution of {case} as {outcome} needs the approval of another person: approve or deny {case}. Repeat "
        "the same request to see the outcome.",
    ),
    Kind.CASE_CLOSED: ("succeeded", None, "The case {case} is closed: {about} counts as {outcome}."),
    Kind.RESOLUTION_DENIED: (
        "rejected",
        Code.RESOLUTION_DENIED,
        "The resolution of {case} as {outcome} was not approved. Propose another one under a new request_id.",
    ),
}
"""The answer to a proposal, by the entry that it has come to."""

DECISION_MESSAGES: Final[Mapping[Kind, str]] = {
    Kind.CASE_CLOSED: "The case {case} is closed: {about} counts as {outcome}.",
    Kind.RESOLUTION_DENIED: "The resolution of {case} as {outcome} was denied.",
}
"""The answer to a decision, which succeeds either way."""


def resolution_answer(order: Order, seq: int, *, is_decision: bool = False) -> Answer:
    """Return what entry `seq` of a case answers to the proposal, or to the decision that caused it."""
    entry, account = order.ledger[seq - 1], fold(order.ledger[:seq])
    case = account.cases[key_of(entry.subject)]
    status, code, message = CASE_MESSAGES[entry.kind]
    if is_decision:
        status, code, message = "succeeded", None, DECISION_MESSAGES[entry.kind]
    asked = entry if is_decision else _proposal(order, entry)
    return Answer(
        status=status,
        action="decide" if is_decision else "resolve",
        request_id=asked.text("request_id"),
        order_id=order.order_id,
        case_id=case.case_id,
        amount_minor=entry.amount_minor or None,
        currency=order.currency,
        order_status=account.status.value if account.status else None,
        refundable_minor=account.refundable_minor,
        code=code.value if code else None,
        message=message.format(case=case.case_id, about=key_of(case.about), outcome=entry.text("outcome")),
        next_action=NextAction(who="approver") if status == "pending" else None,
    )


def _proposal(order: Order, entry: Entry) -> Entry:
    proposal = entry.facts["proposal"]
    return next(
        each for each in order.ledger if each.kind is Kind.RESOLUTION_PROPOSED and each.facts["proposal"] == proposal
    )
