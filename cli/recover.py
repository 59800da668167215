"""`booking recover`: rebuilds an emptied or restored order table from the audit trail, and proves every hash chain.

What the trail does not hold does not come back: stock, free text (`reason`, `payment_method`), and what was begun but
has no recorded outcome. So a repeated request of a recovered order is refused as KEY_REUSED, never paid twice, and
`booking reconcile` settles what is in flight.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any, cast

import typer
from botocore.exceptions import ClientError
from rich.console import Console

from handlers.adapters.archive import Archive
from handlers.adapters.audit_bucket import S3AuditLog
from handlers.adapters.order_writes import append_order, create_order
from handlers.domain.account import fold
from handlers.domain.audit import is_same_record, outcome_record
from handlers.domain.canonical import Json
from handlers.domain.errors import BookingError
from handlers.domain.ledger import OPENING, entry_from, find_breaks
from handlers.domain.order import AcceptedRequest, Order
from handlers.domain.outcomes import outcome_at
from handlers.domain.ports import AuditLog, Change
from handlers.domain.verification import StoredOrder, verify_chain
from handlers.storage_schema import OUTCOMES_PREFIX

from .options import InstanceOption, JsonOption, StageOption
from .screen import show, table
from .target import resolve_target

Entries = Sequence[Mapping[str, Json]]


class RecoveryOutcome(StrEnum):
    """What was done about an order. The last two are left to people."""

    WRITTEN = "written"
    BROUGHT_FORWARD = "brought forward"
    UNCHANGED = "unchanged"
    AHEAD_OF_TRAIL = "further than the trail"
    INVALID_RECORD = "broken in the trail"
    CONFLICTING = "contradicted by the table"


LEFT_TO_PEOPLE = (RecoveryOutcome.INVALID_RECORD, RecoveryOutcome.CONFLICTING)


class InvalidRecord(Exception):
    """What the trail says of an order is not what was once written; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveredOrder:
    """One order, and what was done about it."""

    order_id: str
    outcome: RecoveryOutcome
    explanation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """Brings the table's orders to where the trail is. With `only_look`, it says what it would do."""

    log: AuditLog
    client: Any
    table: str
    dry_run: bool = False

    def run(self) -> Iterator[RecoveredOrder]:
        """Every order of the trail in turn."""
        for order_id, key in sorted(self._latest_keys().items()):
            yield self._recover(order_id, key)

    def _latest_keys(self) -> dict[str, str]:
        """By order, the key of the record with the longest ledger; the listing alone tells it."""
        latest: dict[str, str] = {}
        for key in _list_keys(self.log, OUTCOMES_PREFIX):
            order_id = key.partition("order=")[2].partition("/")[0]
            latest[order_id] = max(key, latest.get(order_id, key), key=lambda each: each.rpartition("/")[2])
        return latest

    def _recover(self, order_id: str, key: str) -> RecoveredOrder:
        try:
            trail = order_from_record(order_id, self.log.read(key) or b"")
            return RecoveredOrder(order_id=order_id, outcome=self._bring_forward(trail))
        except InvalidRecord as fault:
            return RecoveredOrder(
                order_id=order_id, outcome=RecoveryOutcome.INVALID_RECORD, explanation=f"{key}: {fault}"
            )
        except _HistoryConflict as fault:
            return RecoveredOrder(order_id=order_id, outcome=RecoveryOutcome.CONFLICTING, explanation=str(fault))

    def _bring_forward(self, recorded: Order) -> RecoveryOutcome:
        there = self._archive.order(recorded.order_id)
        if there is None:
            return self._write(create_order(self.table, recorded), recorded, RecoveryOutcome.WRITTEN)
        known = _require_same_history(there, recorded)
        if known.version >= recorded.version:
            return RecoveryOutcome.AHEAD_OF_TRAIL if known.version > recorded.version else RecoveryOutcome.UNCHANGED
        return self._write(
            append_order(self.table, Change(before=known, after=_merge(known, recorded))),
            recorded,
            RecoveryOutcome.BROUGHT_FORWARD,
        )

    def _write(self, request: Mapping[str, Any], recorded: Order, outcome: RecoveryOutcome) -> RecoveryOutcome:
        if self.dry_run:
            return outcome
        write = self.client.put_item if outcome is RecoveryOutcome.WRITTEN else self.client.update_item
        try:
            write(**request)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            raise _HistoryConflict("somebody changed it meanwhile: run this again while nobody books") from error
        self._check_written(recorded)
        return outcome

    def _check_written(self, recorded: Order) -> None:
        """Read back what was written: the chain is whole, and ends where the trail does."""
        there = self._archive.order(recorded.order_id)
        if there is None or verify_chain(there) or _require_same_history(there, recorded).version != recorded.version:
            raise _HistoryConflict("what was written is not what is read back")

    @property
    def _archive(self) -> Archive:
        return Archive(client=self.client, table=self.table)


class _HistoryConflict(Exception):
    """The table's order and the trail's are not one the beginning of the other."""


def recover(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")] = False,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> int:
    """Rebuild an emptied or restored order table from the audit trail; exit code 1 if an order is left to people."""
    target = resolve_target(stage, instance)
    log = S3AuditLog(client=target.client("s3"), bucket=target.outputs["auditBucket"])
    recovery = Recovery(log=log, client=target.client("dynamodb"), table=target.outputs["ordersTable"], dry_run=dry_run)
    done, left = Counter[str](), list[RecoveredOrder]()
    for each in recovery.run():
        done[each.outcome.value] += 1
        left += [each] if each.outcome in LEFT_TO_PEOPLE else []
    show(as_json, _document(done, left, dry_run), lambda console: _draw(console, done, left, dry_run))
    return 1 if left else 0


def order_from_record(order_id: str, content: bytes) -> Order:
    """The order that a record of the trail tells.

    Raises:
        NotProven: the chain is broken, or the result is not what follows from the ledger.
    """
    record = _parse_json(content)
    entries = cast("Entries", record.get("ledger") or ())
    if faults := find_breaks(order_id, entries):
        raise InvalidRecord("; ".join(faults))
    try:
        order = _order_from_entries(order_id, entries)
        said = outcome_record(order, order.version)
    except (BookingError, KeyError, TypeError, ValueError, IndexError) as error:
        raise InvalidRecord("its ledger cannot be folded") from error
    if not is_same_record(record, said):
        raise InvalidRecord("its result is not what follows from its ledger")
    return order


def _order_from_entries(order_id: str, entries: Entries) -> Order:
    ledger = tuple(entry_from(entry) for entry in entries)
    bare = Order(order_id=order_id, ledger=ledger, account=fold(ledger), requests={}, salt="")
    for entry in ledger:
        if entry.kind in OPENING:
            bare = bare.with_request(_accepted_request(bare, entry.subject))
    return bare


def _accepted_request(order: Order, subject: str) -> AcceptedRequest:
    """What the trail knows of a request: all but its text, and so not whether another is the same."""
    refund = order.account.refunds.get(subject)
    asked = AcceptedRequest(
        request_id=refund.request_id if refund else order.placed.text("request_id"),
        subject=subject,
        fingerprint="",
        text="",
    )
    ends = [entry.seq for entry in order.ledger if entry.subject == subject and entry.kind not in OPENING]
    return asked.with_answer(outcome_at(order, ends[0])) if ends else asked


def _require_same_history(stored: StoredOrder, recorded: Order) -> Order:
    """The table's order, where its ledger and the trail's begin alike."""
    shorter = min(len(stored.entries), recorded.version)
    said = [entry.as_json() for entry in recorded.ledger[:shorter]]
    if stored.order is None or [dict(entry) for entry in stored.entries[:shorter]] != said:
        raise _HistoryConflict(
            "the table's ledger and the trail's are not the same history: see `booking audit verify`"
        )
    return stored.order


def _merge(stored: Order, recorded: Order) -> Order:
    """The trail's order with what only the table knows: texts, and the salt of their hashes."""
    asked = {
        subject: stored.requests[subject].with_answer(each.answer)
        if subject in stored.requests and each.answer
        else each
        for subject, each in recorded.requests.items()
    }
    return replace(recorded, requests={**stored.requests, **asked}, salt=stored.salt)


def _list_keys(log: AuditLog, prefix: str) -> Iterator[str]:
    after: str | None = None
    while True:
        page = log.keys(prefix, after)
        yield from page.names
        if (after := page.after) is None:
            return


def _parse_json(content: bytes) -> Mapping[str, Json]:
    try:
        parsed = json.loads(content)
    except ValueError as error:
        raise InvalidRecord("it is no JSON") from error
    if not isinstance(parsed, dict):
        raise InvalidRecord("it is no record")
    return parsed


def _document(counts: Counter[str], unresolved: Sequence[RecoveredOrder], dry_run: bool) -> dict[str, Any]:
    orders = {deed.value.replace(" ", "_"): counts[deed.value] for deed in RecoveryOutcome}
    told = [
        {"order_id": each.order_id, "deed": each.outcome.value, "sentence": each.explanation} for each in unresolved
    ]
    return {"dry_run": dry_run, "orders": orders, "left_to_people": told}


def _draw(console: Console, counts: Counter[str], unresolved: Sequence[RecoveredOrder], dry_run: bool) -> None:
    rows = [(deed.value, str(counts[deed.value])) for deed in RecoveryOutcome]
    title = "What would be done" if dry_run else "What was done"
    console.print(table(title, ("orders", "number"), rows, right=("number",)))
    if unresolved:
        told = [(each.order_id, each.outcome.value, each.explanation) for each in unresolved]
        console.print(table("Left to people", ("order", "", ""), told))
    console.print("Every chain of hashes was recomputed. Stock is not in the trail: put it with `booking stock set`.")
    console.print("Next: `booking reconcile` for what is in flight, then `booking audit verify`.")
