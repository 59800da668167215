"""The laws of every single write to the orders table, judged by a fold of its own (not the domain's)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from handlers.contracts.storage import ATTENTION, DEFERRED_SINCE
from handlers.domain.ledger import find_breaks, key_of
from handlers.domain.payments import AUTHORIZATION_GONE

ORDERS_TABLE = "orders"
CAPACITY = {"mug": 3, "pen": 9, "gone": 0}
"""The units of each article that the simulated shop ever had."""


class LawBroken(AssertionError):
    """A law of LAWS.md did not hold; the message names it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A new ledger entry's statement of what the gateway did under a key."""

    key: str
    heard: tuple[str, ...]
    amount_minor: int
    entry: str


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of a ledger."""

    captured: int
    reserved: int
    refunded: int
    status: str
    disputed: int = 0

    @property
    def refundable(self) -> int:
        return max(0, self.captured - self.reserved - self.refunded - self.disputed)


def require(holds: object, law: str, what: str) -> None:
    if not holds:
        raise LawBroken(f"{law}: {what}")


def plain(value: dict[str, Any]) -> Any:
    """A stored value without DynamoDB's type marks."""
    ((tag, held),) = value.items()
    if tag == "M":
        return {name: plain(member) for name, member in held.items()}
    if tag == "L":
        return [plain(element) for element in held]
    return int(held) if tag == "N" else None if tag == "NULL" else held


def ledger_of(row: dict[str, Any]) -> list[dict[str, Any]]:
    return plain(row["ledger"])  # type: ignore[no-any-return]


_NEXT_REFUND = {
    (None, "RefundRequested"): "RESERVED",
    ("RESERVED", "RefundPending"): "PENDING",
    ("PENDING", "RefundSettled"): "SETTLED",
    ("PENDING", "RefundDeclined"): "OVER",
    ("PENDING", "RefundReleased"): "OVER",
    (None, "RefundHeld"): "AWAITING",
    ("AWAITING", "RefundApproved"): "RESERVED",
    ("AWAITING", "RefundDenied"): "OVER",
    ("RESERVED", "RefundSettled"): "SETTLED",
    ("RESERVED", "RefundDeclined"): "OVER",
    ("RESERVED", "RefundReleased"): "OVER",
    ("SETTLED", "RefundReversed"): "OVER",
}
_NEXT_DISPUTE = {
    ("NONE", "DisputeOpened"): "OPEN",
    ("OPEN", "DisputeWon"): "WON",
    ("OPEN", "DisputeLost"): "LOST",
    ("LOST", "DisputeWon"): "WON",
    ("WON", "DisputeLost"): "LOST",
}
_OF_CASES = ("CaseOpened", "ResolutionProposed", "ResolutionDenied", "CaseClosed")
_NEXT_PAYMENT = {
    ("PENDING", "PaymentAuthorized"): "AUTHORIZED",
    ("PENDING", "PaymentCaptured"): "CONFIRMED",
    ("PENDING", "PaymentDeclined"): "DECLINED",
    ("PENDING", "PaymentReleased"): "CANCELLED",
    ("AUTHORIZED", "PaymentCaptureRequested"): "CAPTURING",
    ("AUTHORIZED", "PaymentVoidRequested"): "VOIDING",
    ("CAPTURING", "PaymentCaptured"): "CONFIRMED",
    ("CAPTURING", "PaymentCaptureDeclined"): "AUTHORIZED",
    ("VOIDING", "PaymentVoided"): "CANCELLED",
}
"""While a hold is being captured or given up, nothing else may begin (law 33)."""
_HELD = ("AUTHORIZED", "CAPTURING", "VOIDING")
NEVER_BOOKED = ("PaymentReleased", "PaymentCaptureDeclined", "RefundReleased", "RefundDeclined")
"""Entries about keys under which Stripe may have booked nothing, ever: at rest its books must agree (law 18)."""
_HEARD = {
    "PaymentAuthorized": ("authorized",),
    "PaymentCaptured": ("settled",),
    "PaymentCaptureDeclined": ("declined", "fenced"),
    "PaymentVoided": ("fenced",),
    "PaymentDeclined": ("declined",),
    "PaymentReleased": ("fenced",),
    "RefundSettled": ("settled", "reversed"),
    "RefundDeclined": ("declined",),
    "RefundReleased": ("fenced",),
    "RefundReversed": ("reversed",),
}


def totals_of(ledger: Sequence[dict[str, Any]]) -> Totals:
    """Fold a ledger, holding laws 1, 6 and 21 at every prefix."""
    captured = reserved = refunded = 0
    to_capture = ledger[0]["amount_minor"]
    status = "NONE"
    refunds: dict[str, tuple[str, int]] = {}
    placed = ledger[0]
    lines = [(quantity, quantity * price) for _, quantity, price in placed["lines"]]
    disputes: dict[str, tuple[str, int]] = {}
    for entry in ledger:
        kind, amount = entry["type"], entry["amount_minor"]
        if kind in _OF_CASES:
            continue
        require(type(amount) is int and amount > 0, "law 2", f"{kind} of {amount!r}")
        if kind == "OrderPlaced":
            require(status == "NONE", "law 21", "an order is placed once")
            require(amount == sum(paid for _, paid in lines), "law 25", f"{amount} is not the sum of the lines {lines}")
            status = "PENDING"
        elif kind.startswith("Dispute"):
            was, withdrawn = disputes.get(entry["subject"], ("NONE", amount))
            require((was, kind) in _NEXT_DISPUTE and captured, "law 36", f"{kind} for a dispute that is {was}")
            require(withdrawn == amount, "law 36", f"{kind} of {amount} where {withdrawn} was withdrawn")
            disputes[entry["subject"]] = (_NEXT_DISPUTE[was, kind], amount)
        elif kind.startswith("Payment"):
            require((status, kind) in _NEXT_PAYMENT, "laws 21 and 33", f"{kind} in an order that is {status}")
            if kind == "PaymentCaptureRequested":
                require(amount <= to_capture, "law 33", f"{amount} to be captured of {to_capture}")
                to_capture = amount
            asked = to_capture if "Capture" in kind else placed["amount_minor"]
            require(amount == asked, "law 25", f"{kind} of {amount}, {asked} asked")
            status, captured = _NEXT_PAYMENT[status, kind], amount if kind == "PaymentCaptured" else 0
            if kind == "PaymentCaptureDeclined":
                to_capture = placed["amount_minor"]
                status = "CANCELLED" if entry["reason_code"] == AUTHORIZATION_GONE else status
        else:
            was, held = refunds.get(entry["subject"], (None, amount))
            now = _NEXT_REFUND.get((was, kind))
            require(now, "law 21", f"{kind} for a refund that is {was}")
            require(held == amount, "laws 16 and 17", f"{kind} of {amount} where {held} was held")
            refunds[entry["subject"]] = (now or "", amount)
            waiting = ("AWAITING", "RESERVED", "PENDING")
            reserved = sum(minor for state, minor in refunds.values() if state in waiting)
            refunded = sum(minor for state, minor in refunds.values() if state == "SETTLED")
            settled = {None: status}.get(None, status)
            if kind in ("RefundSettled", "RefundReversed"):
                settled = "REFUNDED" if refunded == captured else "PARTIALLY_REFUNDED" if refunded else "CONFIRMED"
            status = settled
        require(0 <= reserved + refunded <= captured, "law 1", f"{refunded} + {reserved} of {captured} after {kind}")
    _require_line_caps(ledger, lines)
    disputed = sum(amount for state, amount in disputes.values() if state != "WON")
    return Totals(captured, reserved, refunded, "AUTHORIZED" if status in _HELD else status, disputed)


def _require_line_caps(ledger: Sequence[dict[str, Any]], lines: list[tuple[int, int]]) -> None:
    """Per line: units and money of refunds that hold money stay within what was bought; units come back once."""
    over = {
        entry["subject"]
        for entry in ledger
        if entry["type"] in ("RefundDenied", "RefundDeclined", "RefundReleased", "RefundReversed")
    }
    restocked = [0] * len(lines)
    units, money = [0] * len(lines), [0] * len(lines)
    for entry in ledger:
        for line, quantity in (*entry.get("restocked", ()), *entry.get("released", ())):
            restocked[line] += quantity
        if entry["type"] in ("RefundRequested", "RefundHeld"):
            shares = entry["shares"]
            require(
                sum(minor for _, _, minor in shares) in (0, entry["amount_minor"]), "law 7", f"{shares} do not add up"
            )
            require(all(minor >= 0 and quantity >= 0 for _, quantity, minor in shares), "law 7", f"{shares}: negative")
            for line, quantity, minor in shares:
                if entry["subject"] not in over:
                    units[line] += quantity
                    money[line] += minor
    for number, (bought, paid) in enumerate(lines):
        require(units[number] <= bought, "law 6", f"line {number}: {units[number]} units of {bought}")
        require(money[number] <= paid, "law 6", f"line {number}: {money[number]} of {paid}")
        require(restocked[number] <= bought, "law 24", f"line {number}: {restocked[number]} of {bought} put back")


def judge(before: dict[str, dict[Any, Any]], after: dict[str, dict[Any, Any]]) -> tuple[Claim, ...]:
    """Hold a write to the laws; returns what it claims of the gateway."""
    claims: list[Claim] = []
    old_rows, new_rows = before[ORDERS_TABLE], after[ORDERS_TABLE]
    require(old_rows.keys() <= new_rows.keys(), "law 22", "something was deleted")
    for key, row in new_rows.items():
        if old_rows.get(key) is row:
            continue
        if key[0].startswith("SKU#"):
            sku = key[0].removeprefix("SKU#")
            require(0 <= plain(row["available"]) <= CAPACITY[sku], "law 24", f"{sku}: {plain(row['available'])} left")
        elif key[0].startswith("ORDER#"):
            claims += _judged_order(old_rows.get(key), row)
    return tuple(claims)


def _without_due_time(row: dict[str, Any]) -> dict[str, Any]:
    of_deferral = (ATTENTION.hash_key, ATTENTION.range_key, DEFERRED_SINCE)
    return {name: value for name, value in row.items() if name not in of_deferral}


def _judged_order(old: dict[str, Any] | None, new: dict[str, Any]) -> list[Claim]:
    earlier, ledger = ledger_of(old) if old else [], ledger_of(new)
    require(ledger[: len(earlier)] == earlier, "law 22", "an earlier ledger is not a prefix of the later one")
    is_deferred = old is not None and _without_due_time(old) == _without_due_time(new)
    require(len(ledger) > len(earlier) or is_deferred, "law 22", "an order changed without an entry")
    order_id = plain(new["order_id"])
    require(not find_breaks(order_id, ledger), "law 22", f"the chain is broken: {find_breaks(order_id, ledger)}")
    totals = totals_of(ledger)
    stored = {name: plain(new[name]) for name in ("captured_minor", "reserved_minor", "refunded_minor", "status")}
    folded = {"captured_minor": totals.captured, "reserved_minor": totals.reserved, "refunded_minor": totals.refunded}
    require(plain(new["disputed_minor"]) == totals.disputed, "law 36", f"stored disputed, folded {totals}")
    require(stored == {**folded, "status": totals.status}, "law 21", f"stored {stored}, folded {totals}")
    require(plain(new["refundable_minor"]) == totals.refundable, "law 21", "the stored refundable amount")
    require(plain(new["version"]) == len(ledger), "law 21", "the stored version")
    waits = totals.status in ("PENDING", "AUTHORIZED") or totals.reserved > 0
    is_listed = "attention" in new
    is_right = (
        is_listed or not waits if is_deferred else is_listed == waits
    )  # at rest too, a failed lookup has a due time
    require(is_right, "law 19", f"in the index of attention: {is_listed}, waits: {waits}")
    return [
        Claim(_booked_key(entry, order_id), _HEARD[entry["type"]], entry["amount_minor"], entry["type"])
        for entry in ledger[len(earlier) :]
        if entry["type"] in _HEARD
    ]


def _booked_key(entry: dict[str, Any], order_id: str) -> str:
    """Return the key under which the gateway books what an entry says; a void ends the order's own payment."""
    return order_id if entry["type"] == "PaymentVoided" else key_of(entry["subject"])
