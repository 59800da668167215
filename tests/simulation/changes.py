"""The laws of every single write to the orders table, checked by an independent fold (not the domain's)."""

from dataclasses import dataclass
from typing import Any

from handlers.contracts.storage import ATTENTION, DEFERRED_SINCE
from handlers.domain.ledger import find_breaks, key_of
from handlers.domain.payments import AUTHORIZATION_GONE
from handlers.domain.requests import reported_refund_id_of
from tests.simulation.fold import check_cases, is_readable, known_part, ledger_of, plain, require, totals_of

ORDERS_TABLE = "orders"
NEW_FIELD = "newer_field"
"""The name of the field that the next release adds to items, ledger entries and results."""
CAPACITY = {"mug": 3, "pen": 9, "gone": 0}
"""The total units of each article in the simulated shop."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A new ledger entry's claim about the gateway's action under a key."""

    key: str
    statuses: tuple[str, ...]
    amount_minor: int
    entry: str


NEVER_BOOKED = ("PaymentReleased", "PaymentVoided", "PaymentCaptureDeclined", "RefundReleased", "RefundDeclined")
"""Entries about keys that Stripe may never have booked: in the final state its books must agree (law 18)."""
_STATUSES = {
    "PaymentAuthorized": ("authorized",),
    "PaymentCaptured": ("settled",),
    "PaymentCaptureDeclined": ("declined", "fenced"),
    "PaymentVoided": ("fenced", "declined"),
    "PaymentDeclined": ("declined",),
    "PaymentReleased": ("fenced",),
    "RefundSettled": ("settled", "reversed"),
    "RefundDeclined": ("declined",),
    "RefundReleased": ("fenced",),
    "RefundReversed": ("reversed",),
}


def judge(before: dict[str, dict[Any, Any]], after: dict[str, dict[Any, Any]]) -> tuple[Claim, ...]:
    """Check a write against the laws, and return its claims about the gateway."""
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
            claims += _judge_order(old_rows.get(key), row)
    return tuple(claims)


def _without_due_time(row: dict[str, Any]) -> dict[str, Any]:
    of_deferral = (ATTENTION.hash_key, ATTENTION.range_key, DEFERRED_SINCE)
    return {name: value for name, value in row.items() if name not in of_deferral}


def _judge_order(old: dict[str, Any] | None, new: dict[str, Any]) -> list[Claim]:
    earlier, ledger = ledger_of(old) if old else [], ledger_of(new)
    require(ledger[: len(earlier)] == earlier, "law 22", "an earlier ledger is not a prefix of the later one")
    is_deferred = old is not None and _without_due_time(old) == _without_due_time(new)
    require(len(ledger) > len(earlier) or is_deferred, "law 22", "an order changed without an entry")
    order_id = plain(new["order_id"])
    require(not find_breaks(order_id, ledger), "law 22", f"the chain is broken: {find_breaks(order_id, ledger)}")
    if not is_readable(new):
        require(old is not None and is_readable(old), "law 39", f"{order_id}: changed though it cannot be read")
        require("salt" in new and known_part(ledger) == earlier, "law 39", f"{order_id}: written beside the unknown")
        return []
    _require_erasure(old, new, ledger[len(earlier) :])
    totals = totals_of(ledger)
    stored = {name: plain(new[name]) for name in ("captured_minor", "reserved_minor", "refunded_minor", "status")}
    folded = {"captured_minor": totals.captured, "reserved_minor": totals.reserved, "refunded_minor": totals.refunded}
    require(plain(new["disputed_minor"]) == totals.disputed, "law 36", f"stored disputed, folded {totals}")
    require(stored == {**folded, "status": totals.status}, "law 21", f"stored {stored}, folded {totals}")
    require(plain(new["refundable_minor"]) == totals.refundable, "law 21", "the stored refundable amount")
    require(plain(new["version"]) == len(ledger), "law 21", "the stored version")
    waits = totals.waits or totals.is_disputed or check_cases(ledger) > 0
    is_listed = "attention" in new
    is_right = is_listed if DEFERRED_SINCE in new else is_listed == waits  # a failed lookup is repeated
    require(is_right, "law 19", f"in the index of attention: {is_listed}, waits: {waits}")
    return [
        Claim(
            _booked_key(entry, order_id, ledger), _allowed_statuses(entry, ledger), entry["amount_minor"], entry["type"]
        )
        for entry in ledger[len(earlier) :]
        if entry["type"] in _STATUSES and not _has_other_cause(entry)
    ]


def _allowed_statuses(entry: dict[str, Any], ledger: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return the allowed states in the gateway's books.

    A refund that people recorded as made may also be undone by its failure, and a void that is under way may overtake
    the report of the hold that it ends.
    """
    if entry["type"] == "PaymentAuthorized":
        is_ending = any(each["type"] == "PaymentVoidRequested" for each in ledger[: entry["seq"]])
        return ("authorized", "fenced") if is_ending else _STATUSES[entry["type"]]
    is_undone = entry["type"] == "RefundReversed"
    by_people = (each for each in ledger if each["subject"] == entry["subject"] and each.get("by") == "people")
    is_by_people = is_undone and any(each["type"] == "RefundSettled" for each in by_people)
    return ("reversed", "declined") if is_by_people else _STATUSES[entry["type"]]


def _has_other_cause(entry: dict[str, Any]) -> bool:
    """Return whether an entry was caused by people, a console or its hold instead of its own key at the gateway."""
    return entry.get("by") in ("people", "gateway") or entry.get("reason_code") == AUTHORIZATION_GONE


def _require_erasure(old: dict[str, Any] | None, new: dict[str, Any], added: list[dict[str, Any]]) -> None:
    """Check laws 39 and 42: another release's fields stay; text is erased with its salt, and only when nothing needs
    it.
    """
    requests = plain(new["requests"])
    left = [each for each in requests.values() if each.get("erased") and (each["text"] or each["fingerprint"])]
    require(not left, "law 42", f"erased, and not gone: {left}")
    if old is None:
        return
    require(old.get(NEW_FIELD) == new.get(NEW_FIELD), "law 39", "what a newer release wrote is lost")
    erased_now = any(entry["type"] == "TextForgotten" for entry in added)
    if erased_now:
        before = ledger_of(old)
        require(not totals_of(before).waits, "law 42", "text was erased beside open money")
    is_erased = erased_now and all(each.get("erased") for each in requests.values())
    require(is_erased == (old["salt"] != new["salt"]), "law 42", "the salt goes with the last text, and only then")


def _booked_key(entry: dict[str, Any], order_id: str, ledger: list[dict[str, Any]]) -> str:
    """Return the key under which the gateway books an entry; a void ends the order's own payment.

    A console refund has one key, however often the ledger began it.
    """
    if entry["type"] == "PaymentVoided":
        return order_id
    first = next(each for each in ledger if each["subject"] == entry["subject"])
    is_of_console = first["type"] == "RefundRequested" and first.get("by") == "gateway"
    return reported_refund_id_of(order_id, first["reference"]) if is_of_console else key_of(entry["subject"])
