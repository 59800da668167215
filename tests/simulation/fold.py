"""An independent fold of a ledger (not the domain's), which checks the laws about every prefix."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from handlers.domain.ledger import Kind
from handlers.domain.payments import AUTHORIZATION_GONE


class LawBroken(AssertionError):
    """A law of LAWS.md was violated; the message names it."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of a ledger."""

    captured: int
    reserved: int
    refunded: int
    status: str
    disputed: int = 0
    is_disputed: bool = False
    """True while a dispute is open."""

    @property
    def waits(self) -> bool:
        """True while money is in flight or reserved."""
        return self.status in ("PENDING", "AUTHORIZED") or self.reserved > 0

    @property
    def refundable(self) -> int:
        return max(0, self.captured - self.reserved - self.refunded - self.disputed)


def require(holds: object, law: str, what: str) -> None:
    if not holds:
        raise LawBroken(f"{law}: {what}")


def plain(value: dict[str, Any]) -> Any:
    """Return a stored value without DynamoDB's types."""
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
_NEXT_CASE = {
    (None, "CaseOpened"): "OPEN",
    ("OPEN", "ResolutionProposed"): "PROPOSED",
    ("PROPOSED", "ResolutionDenied"): "OPEN",
    ("PROPOSED", "CaseClosed"): "CLOSED",
}
_WITHOUT_MONEY = (*("CaseOpened", "ResolutionProposed", "ResolutionDenied", "CaseClosed"), "TextForgotten")
_NEXT_PAYMENT = {
    ("PENDING", "PaymentActionRequired"): "PENDING",
    ("PENDING", "PaymentPending"): "PENDING",
    ("PENDING", "PaymentVoidRequested"): "GIVING UP",
    ("GIVING UP", "PaymentActionRequired"): "GIVING UP",
    ("GIVING UP", "PaymentPending"): "GIVING UP",
    ("GIVING UP", "PaymentAuthorized"): "VOIDING",
    ("GIVING UP", "PaymentVoided"): "CANCELLED",
    ("GIVING UP", "PaymentCaptured"): "CONFIRMED",
    ("GIVING UP", "PaymentDeclined"): "DECLINED",
    ("PENDING", "PaymentAuthorized"): "AUTHORIZED",
    ("PENDING", "PaymentCaptured"): "CONFIRMED",
    ("PENDING", "PaymentDeclined"): "DECLINED",
    ("PENDING", "PaymentReleased"): "CANCELLED",
    ("AUTHORIZED", "PaymentCaptureRequested"): "CAPTURING",
    ("AUTHORIZED", "PaymentVoidRequested"): "VOIDING",
    ("AUTHORIZED", "PaymentVoided"): "CANCELLED",
    ("CAPTURING", "PaymentCaptured"): "CONFIRMED",
    ("CAPTURING", "PaymentCaptureDeclined"): "AUTHORIZED",
    ("VOIDING", "PaymentVoided"): "CANCELLED",
    ("GIVING UP", "PaymentReleased"): "CANCELLED",
}
"""Nothing else begins while a hold is being captured or voided, but the gateway itself may end it (law 33)."""
_HELD = ("AUTHORIZED", "CAPTURING", "VOIDING")
KINDS = frozenset(kind.value for kind in Kind)


def known_part(ledger: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries before the first one of a kind that this release does not know."""
    return next((ledger[:at] for at, entry in enumerate(ledger) if entry["type"] not in KINDS), ledger)


def is_readable(row: dict[str, Any]) -> bool:
    """Return whether this release can read an order: it knows every kind of entry, and no attribute is missing."""
    return "salt" in row and all(plain(entry["M"]["type"]) in KINDS for entry in row["ledger"]["L"])


def check_cases(ledger: Sequence[dict[str, Any]]) -> int:
    """Check law 37: a case is closed by an entry after two people agreed, and one is open per subject.

    Return the open ones.
    """
    states: dict[str, str] = {}
    about: dict[str, str] = {}
    proposals: dict[str, str] = {}
    for entry in ledger:
        kind, case = entry["type"], entry["subject"]
        if not case.startswith("case:"):
            continue
        was = states.get(case)
        require((was, kind) in _NEXT_CASE, "law 37", f"{kind} for a case that is {was}")
        if kind == "CaseOpened":
            rivals = [each for each, of in about.items() if of == entry["about"] and states[each] != "CLOSED"]
            require(not rivals, "law 37", f"a second open case about {entry['about']}")
            about[case] = entry["about"]
        elif kind == "ResolutionProposed":
            proposals[case] = entry["requested_by"]
        else:
            persons = (proposals[case], ledger[0]["customer_id"])
            require(entry["by"] not in persons, "law 37", f"{kind} by {entry['by']}, of the persons {persons}")
        states[case] = _NEXT_CASE[was, kind]
    return sum(state != "CLOSED" for state in states.values())


def totals_of(ledger: Sequence[dict[str, Any]]) -> Totals:
    """Fold a ledger, checking laws 1, 6 and 21 at every prefix."""
    captured = reserved = refunded = 0
    to_capture = ledger[0]["amount_minor"]
    status = "NONE"
    refunds: dict[str, tuple[str, int]] = {}
    placed = ledger[0]
    lines = [(quantity, quantity * price) for _, quantity, price in placed["lines"]]
    disputes: dict[str, tuple[str, int]] = {}
    until = placed["refundable_until"]
    for entry in ledger:
        kind, amount = entry["type"], entry["amount_minor"]
        if kind in _WITHOUT_MONEY:
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
            until = entry.get("refundable_until", until)
            if kind == "PaymentCaptureRequested":
                require(amount <= to_capture, "law 33", f"{amount} to be captured of {to_capture}")
                to_capture = amount
            expected = to_capture if "Capture" in kind else placed["amount_minor"]
            require(amount == expected, "law 25", f"{kind} of {amount}, {expected} expected")
            status, captured = _NEXT_PAYMENT[status, kind], amount if kind == "PaymentCaptured" else 0
            if kind == "PaymentCaptureDeclined":
                to_capture = placed["amount_minor"]
                status = "CANCELLED" if entry["reason_code"] == AUTHORIZATION_GONE else status
        else:
            was, held = refunds.get(entry["subject"], (None, amount))
            now = _NEXT_REFUND.get((was, kind))
            is_late = kind == "RefundRequested" and entry.get("request_id") and entry["at"] > until
            require(not is_late, "law 26", f"a refund of {entry['at']}, allowed until {until}")
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
    status = "AUTHORIZED" if status in _HELD else "PENDING" if status == "GIVING UP" else status
    is_disputed = any(state == "OPEN" for state, _ in disputes.values())
    return Totals(captured, reserved, refunded, status, disputed, is_disputed)


def _require_line_caps(ledger: Sequence[dict[str, Any]], lines: list[tuple[int, int]]) -> None:
    """Check per line that refunds stay within the bought units and money, and that units are restocked once."""
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
