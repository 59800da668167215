"""Laws about the final state, when nothing is open: ledger, gateway, stock, audit and answers agree."""

import json
from collections import Counter
from typing import Any

from handlers.domain.ledger import key_of, subject_of
from handlers.domain.requests import capture_id_of, decision_id_of, order_id_of, refund_id_of, void_id_of
from tests.fakes.payment_gateway import Booked, net_minor
from tests.simulation.changes import CAPACITY, ORDERS_TABLE
from tests.simulation.fold import check_cases, is_readable, known_part, ledger_of, plain, require, totals_of
from tests.simulation.history import Execution, History
from tests.simulation.simulated_shop import FREE_TEXTS, SHOP, States

_OPENING = (
    *("OrderPlaced", "PaymentCaptureRequested", "PaymentVoidRequested"),
    *("RefundRequested", "RefundApproved"),
)
_UNREQUESTED = ("reconcile", "gateway", "people")
"""The causes of entries that answer no request."""
_checked_states: set[Any] = set()


def check_final_state(history: History, states: States) -> None:
    """Check every law about the final state."""
    seen = (states, tuple((each.name, id(each.answer), each.phase) for each in history.executions))
    if seen in _checked_states:
        return
    rows = SHOP["dynamodb"].states.things[states[0]][ORDERS_TABLE]
    objects = {place[1]: versions for place, versions in SHOP["s3"].states.things[states[1]].items()}
    books, moved, *_ = SHOP["gateway"].states.things[states[2]]
    orders = {plain(row["order_id"]): row for key, row in rows.items() if key[0].startswith("ORDER#")}
    _check_movements(orders, moved)
    for order_id, row in orders.items():
        if is_readable(row):
            _check_money(order_id, ledger_of(row), books, moved)
    _check_stock(orders, rows)
    _check_audit(orders, objects)
    for execution in history.executions:
        _check_answer(execution, orders, objects, books)
    _check_replays(history.executions)
    for body in SHOP["sqs"].states.things[states[3]].get("parking", {}).values():
        require(_is_unreadable(body, orders), "law 23", f"still parked: {body[:200]}")
    _checked_states.add(seen)


def _is_unreadable(body: str, orders: dict[str, Any]) -> bool:
    """Return whether a parked result cannot be recorded yet, because it or its order is unreadable (laws 28, 39)."""
    try:
        subject = _subject(json.loads(body)["request"])
    except RecursionError:
        return True
    return subject is not None and not is_readable(orders[subject[0]])


def _check_movements(orders: dict[str, Any], moved: list[tuple[str, str, int]]) -> None:
    """Check laws 8, 11, 18 and 30: money moves once under a key, and every movement is in a ledger.

    A console refund that was returned before the ledger had room for it is only in a case.
    """
    times = Counter((kind, key) for kind, key, _ in moved)
    require(all(count == 1 for count in times.values()), "laws 11 and 30", f"moved more than once: {times}")
    entries = [entry for row in orders.values() for entry in ledger_of(row)]
    returned = {key for kind, key, _ in moved if kind == "reversal"}
    in_cases = {key_of(each["about"]) for each in entries if each.get("reason") == "made_at_gateway"} & returned
    subjects = {key_of(entry["subject"]) for entry in entries} | in_cases
    require({key for _, key, _ in moved} <= subjects, "law 18", "money moved that no ledger knows of")


def _check_money(
    order_id: str, ledger: list[dict[str, Any]], books: dict[str, Booked], moved: list[tuple[str, str, int]]
) -> None:
    """Check laws 18, 19, 33, 36 and 37: nothing is open, and ledger and gateway have the same net amount."""
    _check_approvals(ledger, {key for _, key, _ in moved})
    totals = totals_of(ledger)
    require(not totals.waits, "laws 19 and 33", f"{order_id} has something open: {totals}")
    require(not check_cases(ledger), "law 37", f"{order_id} has a case that people could not close")
    net = net_minor(books, order_id)
    expected = totals.captured - totals.refunded - totals.disputed - _paid_outside(ledger, books)
    require(net == expected, "laws 18 and 36", f"{order_id}: the gateway's net is {net}, {totals}")


def _paid_outside(ledger: list[dict[str, Any]], books: dict[str, Booked]) -> int:
    """Return the amount captured minus refunded outside the gateway, according to two people and not undone."""
    sign = {"PaymentCaptured": 1, "RefundSettled": -1}
    undone = {entry["subject"] for entry in ledger if entry["type"] == "RefundReversed"}
    by_people = (entry for entry in ledger if entry.get("by") == "people" and entry["subject"] not in undone)
    counted = (entry for entry in by_people if entry["type"] in sign)
    moved = {key for key, booked in books.items() if booked.status.value == "settled"}
    return sum(sign[e["type"]] * int(e["amount_minor"]) for e in counted if key_of(e["subject"]) not in moved)


def _check_approvals(ledger: list[dict[str, Any]], moved: set[str]) -> None:
    """Check law 35: a held refund moves money only if another person approved it, and ends once."""
    kinds: dict[str, list[str]] = {}
    for entry in ledger:
        kinds.setdefault(key_of(entry["subject"]), []).append(entry["type"])
    for key, known in kinds.items():
        if "RefundHeld" in known:
            require(key not in moved or "RefundApproved" in known, "law 35", f"{key} moved money without approval")
            ends = known.count("RefundApproved") + known.count("RefundDenied")
            require(ends == 1, "law 35", f"{key} was decided {ends} times")


def _check_stock(orders: dict[str, Any], rows: dict[Any, Any]) -> None:
    """Check law 24: every unit is in stock or with a customer."""
    out: Counter[str] = Counter()
    for row in orders.values():
        ledger = known_part(ledger_of(row))
        if totals_of(ledger).status in ("DECLINED", "CANCELLED"):
            continue
        bought = ledger[0]["lines"]
        out.update({sku: quantity for sku, quantity, _ in bought})
        for entry in ledger:
            for line, quantity in (*entry.get("restocked", ()), *entry.get("released", ())):
                out[bought[line][0]] -= quantity
    for key, row in rows.items():
        if key[0].startswith("SKU#"):
            sku, available = plain(row["sku"]), plain(row["available"])
            require(available + out[sku] == CAPACITY[sku], "law 24", f"{sku}: {available} left, {out[sku]} out")


def _check_audit(orders: dict[str, Any], objects: dict[str, Any]) -> None:
    """Check laws 23 and 40: every outcome has one object with one version, on the day of its entry."""
    require(all(len(versions) == 1 for versions in objects.values()), "law 23", "an object was written twice")
    expected, allowed = set(), set()
    for order_id, row in orders.items():
        ledger = ledger_of(row)
        written = [entry["recorded_at"] for entry in ledger]
        require(written == sorted(written), "law 40", f"{order_id}: entries were recorded at {written}")
        is_indexed = plain(row["changed_at"]) == written[-1] or not is_readable(row)
        require(is_indexed, "law 40", f"{order_id} is not indexed by its last entry")
        for entry in ledger:
            key = f"outcomes/date={entry['recorded_at'][:10]}/order={order_id}/{entry['seq']:06d}.json"
            is_optional = entry["type"] in _OPENING or not is_readable(row)
            (allowed if is_optional else expected).add(key)
            if key in objects:
                record = json.loads(objects[key][0].body)
                require(record["ledger"] == ledger[: entry["seq"]], "law 23", f"{key} contains another ledger")
                answered = record["result"] or (entry if record.get("cause") in _UNREQUESTED else None)
                require((answered["amount_minor"] or 0) == entry["amount_minor"], "law 23", f"{key}: amount")
    for key, versions in objects.items():
        leaked = [text for text in FREE_TEXTS if text in versions[0].body]
        require(not leaked, "law 42", f"{key}, which is locked, contains {leaked}")
    outcomes = {key for key in objects if key.startswith("outcomes/")}
    require(expected <= outcomes, "law 23", f"missing: {sorted(expected - outcomes)}")
    require(outcomes <= expected | allowed, "law 23", f"extra: {sorted(outcomes - expected - allowed)}")


def _subject(request: Any) -> tuple[str, str] | None:
    """Return the order and the gateway key of a request."""
    if not isinstance(request, dict) or not isinstance(request.get("request_id"), str):
        return None
    if request.get("action") == "purchase" and isinstance(request.get("customer_id"), str):
        order_id = order_id_of(request["customer_id"], request["request_id"])
        return order_id, order_id
    if request.get("action") == "refund" and isinstance(request.get("order_id"), str):
        return request["order_id"], refund_id_of(request["order_id"], request["request_id"])
    if request.get("action") == "capture":
        return request["order_id"], capture_id_of(request["order_id"], request["request_id"])
    if request.get("action") == "cancel":
        return request["order_id"], void_id_of(request["order_id"], "cancel", request["request_id"])
    if request.get("action") in ("decide", "resolve"):
        return request["order_id"], decision_id_of(request["order_id"], request["action"], request["request_id"])
    return None


def _check_answer(execution: Execution, orders: dict[str, Any], objects: dict[str, Any], books: Any) -> None:
    """Check laws 9, 12 and 15: an answer matches the request's outcome; a refusal has its own object."""
    answer = execution.answer
    if answer is None:
        return
    subject = _subject(execution.request)
    booked = books.get(subject[1]) if subject else None
    moved = booked is not None and booked.status.value in ("settled", "reversed")
    context = f"{execution.name} was told {answer['status']} {answer['code']}"
    if answer["status"] == "succeeded" and answer["action"] == "cancel":
        given_up = books.get(answer["order_id"])
        require(
            given_up and given_up.status.value in ("fenced", "declined"),
            "law 33",
            f"{context}, the books say {given_up}",
        )
    elif answer["status"] == "succeeded" and answer["order_status"] == "AUTHORIZED":
        require(booked and booked.kind == "authorize", "law 33", f"{context}, the gateway's books say {booked}")
    elif subject and _is_ended_by_people(orders.get(subject[0]), subject[1]):
        return  # paid outside the gateway or not, according to two people
    elif answer["status"] == "succeeded" and answer["action"] not in ("decide", "resolve"):
        require(moved, "law 15", f"{context}, the gateway's books say {booked}")
        require(booked and booked.amount_minor == answer["amount_minor"], "law 18", f"{context}: {booked}")
    elif answer["code"] != "KEY_REUSED" and answer["status"] in ("rejected", "failed"):
        came_back = booked is not None and booked.status.value == "reversed"
        undecided = answer["code"] in _REPEATABLE and answer["code"] != "NEWER_RELEASE"
        require(not moved or came_back or undecided, "law 15", f"{context}, the gateway's books say {booked}")
    if answer["code"] == "REFUND_WINDOW_CLOSED" and subject:
        until = _refundable_until(ledger_of(orders[subject[0]]))
        require(
            f"{execution.requested_at:%Y-%m-%dT%H:%M:%S}" >= until[:19], "law 26", f"{context}, allowed until {until}"
        )
    accepted = plain(orders[subject[0]]["requests"]) if subject and subject[0] in orders else {}
    in_ledger = subject is not None and subject_of(subject[1]) in accepted
    if not in_ledger or answer["code"] == "KEY_REUSED":
        name = execution.name
        found = [key for key in objects if key.startswith("refusals/") and f"/{name}-" in key]
        require(len(found) == 1, "law 23", f"{context}, with {len(found)} objects")


def _is_ended_by_people(row: dict[str, Any] | None, key: str) -> bool:
    entries = ledger_of(row) if row else []
    return any(entry.get("by") == "people" and key_of(entry["subject"]) == key for entry in entries)


def _refundable_until(ledger: list[dict[str, Any]]) -> str:
    captured = (entry for entry in ledger if entry["type"] == "PaymentCaptured")
    return str(next(captured, ledger[0])["refundable_until"])


_REPEATABLE = frozenset(
    {
        "OUT_OF_STOCK",
        "PRICE_CHANGED",
        "NOT_EXECUTED",
        "NOT_CAPTURED",
        "ORDER_NOT_FOUND",
        "NOTHING_TO_REFUND",
        "REFUND_EXCEEDS_BALANCE",
    }
    | {"ALREADY_CAPTURED", "CANCEL_UNDER_WAY", "CAPTURE_UNDER_WAY", "CAPTURE_EXCEEDS_AUTHORIZATION"}
    | {"DECISION_TOO_LATE", "NOT_AUTHORIZED", "PAYMENT_CANCELLED", "PAYMENT_EXPIRED"}
    | {"NEWER_RELEASE", "CASE_NOT_OPEN", "RESOLUTION_UNDER_WAY", "OWN_DECISION", "DISPUTED"}
    | {"INVALID_REQUEST", "NOT_AWAITING_DECISION", "REFUND_EXCEEDS_LINE", "REFUND_WINDOW_CLOSED", "SKU_NOT_FOUND"}
)
"""Refusals that leave the key unused: the same request may succeed later (law 12)."""


def _check_replays(executions: list[Execution]) -> None:
    """Check law 8: once the ledger has decided a request, all attempts got the same answer."""
    answers: dict[str, Any] = {}
    for execution in executions:
        answer = execution.answer
        if (
            answer is None
            or answer["status"] in ("unknown", "pending")
            or answer["code"] in {*_REPEATABLE, "KEY_REUSED"}
        ):
            continue
        key = json.dumps(execution.request, sort_keys=True, default=repr)
        decided = {name: value for name, value in answer.items() if name not in ("replayed", "erased")}
        require(
            answers.setdefault(key, decided) == decided, "law 8", f"{execution.name}: {answers[key]} and then {decided}"
        )


def forget() -> None:
    """Clear the cache of judged states."""
    _checked_states.clear()
