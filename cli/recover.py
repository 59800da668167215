"""`booking recover`: rebuild an emptied or restored order table from the audit trail, verifying every hash chain.

The trail does not contain stock, free text (`reason`, `payment_method`) or requests without a recorded outcome, so
these are not restored. A repeated request of a recovered order is therefore refused as KEY_REUSED and never paid twice,
and `booking reconcile` settles what is in flight.

Longer than 250 lines so that the whole procedure, from listing to writing, is in one place.
"""

import json
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any, cast

import typer
from botocore.exceptions import ClientError
from rich.console import Console

from handlers.adapters.clients import code_of
from handlers.adapters.dynamodb.archive import Archive
from handlers.adapters.dynamodb.order_writes import append_order, create_order
from handlers.adapters.s3_audit import S3AuditTrail
from handlers.contracts.storage import OUTCOMES_PREFIX
from handlers.domain.account import fold
from handlers.domain.answers import CASE_MESSAGES
from handlers.domain.canonical import Json
from handlers.domain.errors import BookingError
from handlers.domain.ledger import OPENING, Entry, Kind, entry_from, find_breaks, key_of
from handlers.domain.order import AcceptedRequest, Order
from handlers.domain.outcomes import decision_answer, is_final, outcome_seq, resolution_answer, result_at
from handlers.domain.ports import AuditTrail, Change
from handlers.domain.trail.audit import is_same_record, outcome_record
from handlers.domain.trail.verification import StoredOrder, verify_chain

from .output import JsonOption, show, table
from .request_input import as_object
from .target import InstanceOption, StageOption, resolve_target

Entries = Sequence[Mapping[str, Json]]


class RecoveryOutcome(StrEnum):
    """The outcome of the recovery of one order. The last two are left to people."""

    WRITTEN = "written"
    BROUGHT_FORWARD = "brought forward"
    UNCHANGED = "unchanged"
    AHEAD_OF_TRAIL = "further than the trail"
    INVALID_RECORD = "broken in the trail"
    CONFLICTING = "contradicted by the table"


LEFT_TO_PEOPLE = (RecoveryOutcome.INVALID_RECORD, RecoveryOutcome.CONFLICTING)


class InvalidRecord(Exception):
    """A record of the trail that was altered; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveredOrder:
    """One order and the outcome of its recovery."""

    order_id: str
    outcome: RecoveryOutcome
    explanation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """Brings the orders in the table up to date with the trail, or with `dry_run` only reports what it would do."""

    log: AuditTrail
    client: Any
    table: str
    dry_run: bool = False

    def run(self) -> Iterator[RecoveredOrder]:
        """Recover every order of the trail, one after the other."""
        for order_id, key in sorted(self._latest_keys().items()):
            yield self._recover(order_id, key)

    def _latest_keys(self) -> dict[str, str]:
        """Return by order the key of the record with the longest ledger, from the listing alone."""
        latest: dict[str, str] = {}
        for key in _list_keys(self.log, OUTCOMES_PREFIX):
            order_id = key.partition("order=")[2].partition("/")[0]
            latest[order_id] = max(key, latest.get(order_id, key), key=lambda each: each.rpartition("/")[2])
        return latest

    def _recover(self, order_id: str, key: str) -> RecoveredOrder:
        try:
            recorded = order_from_record(order_id, self.log.read(key) or b"")
            return RecoveredOrder(order_id=order_id, outcome=self._bring_forward(recorded))
        except InvalidRecord as fault:
            return RecoveredOrder(
                order_id=order_id, outcome=RecoveryOutcome.INVALID_RECORD, explanation=f"{key}: {fault}"
            )
        except _HistoryConflict as fault:
            return RecoveredOrder(order_id=order_id, outcome=RecoveryOutcome.CONFLICTING, explanation=str(fault))

    def _bring_forward(self, recorded: Order) -> RecoveryOutcome:
        stored = self._archive.order(recorded.order_id)
        if stored is None:
            return self._write(create_order(self.table, recorded), recorded, RecoveryOutcome.WRITTEN)
        current = _require_same_history(stored, recorded)
        if current.version >= recorded.version:
            return RecoveryOutcome.AHEAD_OF_TRAIL if current.version > recorded.version else RecoveryOutcome.UNCHANGED
        change = Change(before=current, after=_merge(current, recorded))
        return self._write(append_order(self.table, change), recorded, RecoveryOutcome.BROUGHT_FORWARD)

    def _write(self, request: Mapping[str, Any], recorded: Order, outcome: RecoveryOutcome) -> RecoveryOutcome:
        if self.dry_run:
            return outcome
        write = self.client.put_item if outcome is RecoveryOutcome.WRITTEN else self.client.update_item
        try:
            write(**request)
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            raise _HistoryConflict(
                "it was changed in the meantime: run this again while there are no bookings"
            ) from error
        self._check_written(recorded)
        return outcome

    def _check_written(self, recorded: Order) -> None:
        """Read the order back: its chain must be intact and end where the trail does."""
        stored = self._archive.order(recorded.order_id)
        if (
            stored is None
            or verify_chain(stored)
            or _require_same_history(stored, recorded).version != recorded.version
        ):
            raise _HistoryConflict("the order read back differs from the order written")

    @property
    def _archive(self) -> Archive:
        return Archive(client=self.client, table=self.table)


class _HistoryConflict(Exception):
    """Neither the table's nor the trail's ledger is the beginning of the other."""


def add_commands(app: typer.Typer) -> None:
    """Register the verb."""
    app.command()(recover)


def recover(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report what would be done, without writing.")] = False,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> int:
    """Rebuild an emptied or restored order table from the audit trail.

    The exit code is 1 if an order is left to people.
    """
    target = resolve_target(stage, instance)
    log = S3AuditTrail(client=target.client("s3"), bucket=target.output("auditBucket"))
    recovery = Recovery(log=log, client=target.client("dynamodb"), table=target.output("ordersTable"), dry_run=dry_run)
    counts, unresolved = Counter[str](), list[RecoveredOrder]()
    for order in recovery.run():
        counts[order.outcome.value] += 1
        unresolved += [order] if order.outcome in LEFT_TO_PEOPLE else []
    document = _document(counts, unresolved, dry_run)
    show(as_json, document, lambda console: _draw(console, counts, unresolved, dry_run))
    return 1 if unresolved else 0


def order_from_record(order_id: str, content: bytes) -> Order:
    """Rebuild an order from a record of the trail.

    Raises:
        InvalidRecord: the chain is broken, or the result does not follow from the ledger.
    """
    record = _parse_json(content)
    entries = cast("Entries", record.get("ledger") or ())
    if faults := find_breaks(order_id, entries):
        raise InvalidRecord("; ".join(faults))
    try:
        order = _order_from_entries(order_id, entries)
        expected = outcome_record(order, order.version)
    except (BookingError, KeyError, TypeError, ValueError, IndexError) as error:
        raise InvalidRecord("its ledger cannot be folded") from error
    if not is_same_record(record, expected):
        raise InvalidRecord("its result does not follow from its ledger")
    return order


def _order_from_entries(order_id: str, entries: Entries) -> Order:
    ledger = tuple(entry_from(entry) for entry in entries)
    order = Order(order_id=order_id, ledger=ledger, account=fold(ledger), requests={}, salt=secrets.token_hex(16))
    for entry in ledger:
        is_opening = entry.kind in OPENING or entry.kind is Kind.REFUND_HELD
        if is_opening and entry.facts.get("request_id") and "case" not in entry.facts:
            order = order.with_request(_rebuild_request(order, entry.subject))
        if entry.kind in CASE_MESSAGES:
            for request in _rebuild_resolution(order, entry):
                order = order.with_request(request)
        elif "decision" in entry.facts and "case" not in entry.facts:
            order = order.with_request(_rebuild_decision(order, entry))
        if entry.kind is Kind.TEXT_FORGOTTEN:
            order = order.erase_text(order.salt)
    return order


def _rebuild_resolution(order: Order, entry: Entry) -> Iterator[AcceptedRequest]:
    """Rebuild the proposal and the decision that caused an entry of a case."""
    is_proposal = entry.kind is Kind.RESOLUTION_PROPOSED
    proposal = next(each for each in order.ledger if each.facts.get("proposal") == entry.facts["proposal"])
    yield AcceptedRequest(
        request_id=proposal.text("request_id"),
        subject=entry.text("proposal"),
        fingerprint="",
        text="",
        answer=None if is_proposal else resolution_answer(order, entry.seq),
    )
    if not is_proposal:
        answer = resolution_answer(order, entry.seq, is_decision=True)
        subject = entry.text("decision")
        yield AcceptedRequest(
            request_id=entry.text("request_id"), subject=subject, fingerprint="", text="", answer=answer
        )


def _rebuild_decision(order: Order, entry: Entry) -> AcceptedRequest:
    """Rebuild the decision that caused an entry; its answer follows from the entry."""
    return AcceptedRequest(
        request_id=entry.text("request_id"),
        subject=entry.text("decision"),
        fingerprint="",
        text="",
        answer=decision_answer(order, entry.seq),
    )


def _rebuild_request(order: Order, subject: str) -> AcceptedRequest:
    """Rebuild a request, without its text and fingerprint, which the trail does not contain."""
    refund, key = order.account.refunds.get(key_of(subject)), key_of(subject)
    opening = next(entry for entry in order.ledger if entry.subject == subject)
    request = AcceptedRequest(
        request_id=refund.request_id if refund else opening.text("request_id"),
        subject=subject,
        fingerprint="",
        text="",
    )
    rebuilt_order = order.with_request(request)
    answer = result_at(rebuilt_order, key, outcome_seq(rebuilt_order, key))
    return request.with_answer(answer) if is_final(answer) else request


def _require_same_history(stored: StoredOrder, recorded: Order) -> Order:
    """Return the stored order if one of the two ledgers is the beginning of the other."""
    shorter = min(len(stored.entries), recorded.version)
    expected = [entry.as_json() for entry in recorded.ledger[:shorter]]
    if stored.order is None or [dict(entry) for entry in stored.entries[:shorter]] != expected:
        raise _HistoryConflict("the table and the trail have different histories: see `booking audit verify`")
    return stored.order


def _merge(stored: Order, recorded: Order) -> Order:
    """Return the recorded order with the texts and the salt, which only the table contains.

    A table that was restored to a time before an erasure has the text again: it is erased again.
    """
    merged = {
        subject: _merge_request(stored.requests[subject], each) if subject in stored.requests else each
        for subject, each in recorded.requests.items()
    }
    was_erased = any(entry.kind is Kind.TEXT_FORGOTTEN for entry in recorded.ledger[stored.version :])
    salt = recorded.salt if was_erased else stored.salt
    return replace(recorded, requests={**stored.requests, **merged}, salt=salt)


def _merge_request(stored: AcceptedRequest, recorded: AcceptedRequest) -> AcceptedRequest:
    merged = stored.with_answer(recorded.answer) if recorded.answer else stored
    return merged.erase() if recorded.erased else merged


def _list_keys(log: AuditTrail, prefix: str) -> Iterator[str]:
    after: str | None = None
    while True:
        page = log.keys(prefix, after)
        yield from page.names
        if (after := page.after) is None:
            return


def _parse_json(content: bytes) -> Mapping[str, Json]:
    try:
        record = as_object(json.loads(content))
    except ValueError as error:
        raise InvalidRecord("it is not valid JSON") from error
    if record is None:
        raise InvalidRecord("it is not a record")
    return record


def _document(counts: Counter[str], unresolved: Sequence[RecoveredOrder], dry_run: bool) -> dict[str, Any]:
    orders = {outcome.value.replace(" ", "_"): counts[outcome.value] for outcome in RecoveryOutcome}
    unresolved_orders = [
        {"order_id": each.order_id, "deed": each.outcome.value, "sentence": each.explanation} for each in unresolved
    ]
    return {"dry_run": dry_run, "orders": orders, "left_to_people": unresolved_orders}


def _draw(console: Console, counts: Counter[str], unresolved: Sequence[RecoveredOrder], dry_run: bool) -> None:
    rows = [(outcome.value, str(counts[outcome.value])) for outcome in RecoveryOutcome]
    title = "Recovery (dry run: nothing was written)" if dry_run else "Recovery"
    console.print(table(title, ("orders", "number"), rows, right=("number",)))
    if unresolved:
        unresolved_rows = [(each.order_id, each.outcome.value, each.explanation) for each in unresolved]
        console.print(table("Left to people", ("order", "", ""), unresolved_rows))
    console.print("Every hash chain was recomputed. Stock is not in the trail: restore it with `booking stock set`.")
    console.print("Next: run `booking reconcile` to settle what is in flight, then `booking audit verify`.")
