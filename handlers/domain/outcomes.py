"""The answer that follows from a ledger up to one of its entries: the same for every attempt, for ever."""

from .account import Account, fold
from .answers import Answer, Code
from .ledger import Entry, Kind
from .money import format_amount
from .order import Order

OUTCOME_MESSAGES: dict[Kind, tuple[str, Code | None, str]] = {
    Kind.ORDER_PLACED: (
        "unknown",
        Code.PAYMENT_OUTCOME_UNKNOWN,
        "A charge of {amount} was asked for; the gateway has not said whether it was made. The order stays "
        "reserved until it says so; the same request may be repeated safely.",
    ),
    Kind.PAYMENT_CAPTURED: ("succeeded", None, "{amount} was paid."),
    Kind.PAYMENT_DECLINED: (
        "rejected",
        Code.PAYMENT_DECLINED,
        "A charge of {amount} was asked for; the gateway declined it{why} and nothing was paid. Another payment method "
        "under a new request_id is allowed.",
    ),
    Kind.PAYMENT_RELEASED: (
        "failed",
        Code.PAYMENT_RELEASED,
        "A charge of {amount} was asked for; it never reached the gateway and now cannot. Nothing was paid. The same "
        "purchase under a new request_id is allowed.",
    ),
    Kind.REFUND_REQUESTED: (
        "unknown",
        Code.REFUND_OUTCOME_UNKNOWN,
        "A refund of {amount} was asked for; the gateway has not said whether it was made. The amount stays reserved "
        "until it says so; the same request may be repeated safely.",
    ),
    Kind.REFUND_SETTLED: ("succeeded", None, "{amount} was refunded; {refundable} is still refundable."),
    Kind.REFUND_DECLINED: (
        "rejected",
        Code.REFUND_DECLINED,
        "A refund of {amount} was asked for; the gateway declined it{why}. {refundable} is refundable under a new "
        "request_id.",
    ),
    Kind.REFUND_RELEASED: (
        "failed",
        Code.REFUND_RELEASED,
        "A refund of {amount} was asked for; it never reached the gateway and now cannot. {refundable} is refundable "
        "under a new request_id.",
    ),
    Kind.REFUND_REVERSED: (
        "failed",
        Code.REFUND_REVERSED,
        "The refund of {amount} came back after it had been made. {refundable} is refundable under a new request_id.",
    ),
}


def outcome_at(order: Order, seq: int) -> Answer:
    """What the order's ledger says of a request up to its entry `seq`."""
    entry, account = order.ledger[seq - 1], fold(order.ledger[:seq])
    status, code, sentence = OUTCOME_MESSAGES[entry.kind]
    is_refund = entry.subject != order.order_id
    return Answer(
        status=status,
        action="refund" if is_refund else "purchase",
        request_id=_request_id(order, account, entry),
        order_id=order.order_id,
        refund_id=entry.subject if is_refund else None,
        amount_minor=entry.amount_minor,
        currency=order.currency,
        order_status=account.status.value if account.status else None,
        refundable_minor=account.refundable_minor,
        code=code.value if code else None,
        message=_message(sentence, order, account, entry),
    )


def _request_id(order: Order, account: Account, entry: Entry) -> str:
    refund = account.refunds.get(entry.subject)
    return refund.request_id if refund else order.placed.text("request_id")


def _message(sentence: str, order: Order, account: Account, entry: Entry) -> str:
    why = f" ({entry.text('reason_code')})" if "reason_code" in entry.facts else ""
    return sentence.format(
        amount=format_amount(entry.amount_minor, order.currency),
        refundable=format_amount(account.refundable_minor, order.currency),
        why=why,
    )


def outcome_seq(order: Order, subject: str) -> int:
    """The ledger entry that a request's outcome ends with: the one its answer was given for, else the opening one."""
    entries = [entry.seq for entry in order.ledger if entry.subject == subject]
    return entries[1] if len(entries) > 1 else entries[0]


def execution_of(order: Order, subject: str) -> str:
    """The execution in which a request began: any other one repeats it, and a second attempt of this one does not."""
    return next(entry.text("execution") for entry in order.ledger if entry.subject == subject)


def answer_of(order: Order, subject: str) -> Answer:
    """The answer that was given, or `unknown` while the request is in flight."""
    return order.requests[subject].answer or outcome_at(order, outcome_seq(order, subject))
