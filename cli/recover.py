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

from .options import Instance, Stage
from .options import Json as AsJson
from .screen import show, table
from .target import resolve

Entries = Sequence[Mapping[str, Json]]


class Deed(StrEnum):
    """What was done about an order. The last two are left to people."""

    WRITTEN = "written"
    BROUGHT_FORWARD = "brought forward"
    UNCHANGED = "unchanged"
    FURTHER = "further than the trail"
    BROKEN = "broken in the trail"
    CONTRADICTED = "contradicted by the table"


TO_PEOPLE = (Deed.BROKEN, Deed.CONTRADICTED)


class NotProven(Exception):
    """What the trail says of an order is not what was once written; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """One order, and what was done about it."""

    order_id: str
    deed: Deed
    sentence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """Brings the table's orders to where the trail is. With `only_look`, it says what it would do."""

    log: AuditLog
    client: Any
    table: str
    only_look: bool = False

    def run(self) -> Iterator[Recovered]:
        """Every order of the trail in turn."""
        for order_id, key in sorted(self._latest().items()):
            yield self._recover(order_id, key)

    def _latest(self) -> dict[str, str]:
        """By order, the key of the record with the longest ledger; the listing alone tells it."""
        latest: dict[str, str] = {}
        for key in _keys(self.log, OUTCOMES_PREFIX):
            order_id = key.partition("order=")[2].partition("/")[0]
            latest[order_id] = max(key, latest.get(order_id, key), key=lambda each: each.rpartition("/")[2])
        return latest

    def _recover(self, order_id: str, key: str) -> Recovered:
        try:
            trail = proven(order_id, self.log.read(key) or b"")
            return Recovered(order_id=order_id, deed=self._bring(trail))
        except NotProven as fault:
            return Recovered(order_id=order_id, deed=Deed.BROKEN, sentence=f"{key}: {fault}")
        except _Contradiction as fault:
            return Recovered(order_id=order_id, deed=Deed.CONTRADICTED, sentence=str(fault))

    def _bring(self, trail: Order) -> Deed:
        there = self._archive.order(trail.order_id)
        if there is None:
            return self._write(create_order(self.table, trail), trail, Deed.WRITTEN)
        known = _agreeing(there, trail)
        if known.version >= trail.version:
            return Deed.FURTHER if known.version > trail.version else Deed.UNCHANGED
        return self._write(
            append_order(self.table, Change(before=known, after=_onto(known, trail))), trail, Deed.BROUGHT_FORWARD
        )

    def _write(self, request: Mapping[str, Any], trail: Order, deed: Deed) -> Deed:
        if self.only_look:
            return deed
        write = self.client.put_item if deed is Deed.WRITTEN else self.client.update_item
        try:
            write(**request)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            raise _Contradiction("somebody changed it meanwhile: run this again while nobody books") from error
        self._prove(trail)
        return deed

    def _prove(self, trail: Order) -> None:
        """Read back what was written: the chain is whole, and ends where the trail does."""
        there = self._archive.order(trail.order_id)
        if there is None or verify_chain(there) or _agreeing(there, trail).version != trail.version:
            raise _Contradiction("what was written is not what is read back")

    @property
    def _archive(self) -> Archive:
        return Archive(client=self.client, table=self.table)


class _Contradiction(Exception):
    """The table's order and the trail's are not one the beginning of the other."""


def recover(
    only_look: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")] = False,
    as_json: AsJson = False,
    stage: Stage = None,
    instance: Instance = "default",
) -> int:
    """Rebuild an emptied or restored order table from the audit trail; exit code 1 if an order is left to people."""
    target = resolve(stage, instance)
    log = S3AuditLog(client=target.client("s3"), bucket=target.outputs["auditBucket"])
    recovery = Recovery(
        log=log, client=target.client("dynamodb"), table=target.outputs["ordersTable"], only_look=only_look
    )
    done, left = Counter[str](), list[Recovered]()
    for each in recovery.run():
        done[each.deed.value] += 1
        left += [each] if each.deed in TO_PEOPLE else []
    show(as_json, _document(done, left, only_look), lambda console: _draw(console, done, left, only_look))
    return 1 if left else 0


def proven(order_id: str, content: bytes) -> Order:
    """The order that a record of the trail tells.

    Raises:
        NotProven: the chain is broken, or the result is not what follows from the ledger.
    """
    record = _parsed(content)
    entries = cast("Entries", record.get("ledger") or ())
    if faults := find_breaks(order_id, entries):
        raise NotProven("; ".join(faults))
    try:
        order = _order(order_id, entries)
        said = outcome_record(order, order.version)
    except (BookingError, KeyError, TypeError, ValueError, IndexError) as error:
        raise NotProven("its ledger cannot be folded") from error
    if not is_same_record(record, said):
        raise NotProven("its result is not what follows from its ledger")
    return order


def _order(order_id: str, entries: Entries) -> Order:
    ledger = tuple(entry_from(entry) for entry in entries)
    bare = Order(order_id=order_id, ledger=ledger, account=fold(ledger), requests={}, salt="")
    for entry in ledger:
        if entry.kind in OPENING:
            bare = bare.with_request(_asked(bare, entry.subject))
    return bare


def _asked(order: Order, subject: str) -> AcceptedRequest:
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


def _agreeing(there: StoredOrder, trail: Order) -> Order:
    """The table's order, where its ledger and the trail's begin alike."""
    shorter = min(len(there.entries), trail.version)
    said = [entry.as_json() for entry in trail.ledger[:shorter]]
    if there.order is None or [dict(entry) for entry in there.entries[:shorter]] != said:
        raise _Contradiction("the table's ledger and the trail's are not the same history: see `booking audit verify`")
    return there.order


def _onto(known: Order, trail: Order) -> Order:
    """The trail's order with what only the table knows: texts, and the salt of their hashes."""
    asked = {
        subject: known.requests[subject].with_answer(each.answer) if subject in known.requests and each.answer else each
        for subject, each in trail.requests.items()
    }
    return replace(trail, requests={**known.requests, **asked}, salt=known.salt)


def _keys(log: AuditLog, prefix: str) -> Iterator[str]:
    after: str | None = None
    while True:
        page = log.keys(prefix, after)
        yield from page.names
        if (after := page.after) is None:
            return


def _parsed(content: bytes) -> Mapping[str, Json]:
    try:
        parsed = json.loads(content)
    except ValueError as error:
        raise NotProven("it is no JSON") from error
    if not isinstance(parsed, dict):
        raise NotProven("it is no record")
    return parsed


def _document(done: Counter[str], left: Sequence[Recovered], only_look: bool) -> dict[str, Any]:
    orders = {deed.value.replace(" ", "_"): done[deed.value] for deed in Deed}
    told = [{"order_id": each.order_id, "deed": each.deed.value, "sentence": each.sentence} for each in left]
    return {"dry_run": only_look, "orders": orders, "left_to_people": told}


def _draw(console: Console, done: Counter[str], left: Sequence[Recovered], only_look: bool) -> None:
    rows = [(deed.value, str(done[deed.value])) for deed in Deed]
    title = "What would be done" if only_look else "What was done"
    console.print(table(title, ("orders", "number"), rows, right=("number",)))
    if left:
        told = [(each.order_id, each.deed.value, each.sentence) for each in left]
        console.print(table("Left to people", ("order", "", ""), told))
    console.print("Every chain of hashes was recomputed. Stock is not in the trail: put it with `booking stock set`.")
    console.print("Next: `booking reconcile` for what is in flight, then `booking audit verify`.")
