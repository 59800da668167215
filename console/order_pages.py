"""The content of an order's page: totals, lines, ledger, audit objects and executions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from handlers.adapters.dynamodb.archive import Archive
from handlers.domain.canonical import Json, digest
from handlers.domain.ledger import find_breaks
from handlers.domain.order import Order
from handlers.domain.rules.refunds import remaining_lines
from handlers.domain.trail.verification import StoredOrder, verify_chain

from .audit_proof import AuditProver, AuditRow
from .deployment import Deployment
from .execution_history import read_execution
from .formats import parse_timestamp
from .function_logs import FunctionLogs
from .trace import ExecutionTrace

MAX_EXECUTIONS: Final = 20
_SHOWN_FIELDS: Final = frozenset(
    {"schema", "seq", "type", "at", "recorded_at", "subject", "amount_minor", "previous", "hash"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One stored entry with its hash recomputed. Every field is shown exactly as stored."""

    seq: str
    at: str
    recorded_at: str
    kind: str
    subject: str
    amount_minor: int
    hash: str
    previous: str
    recomputed: str
    faults: tuple[str, ...]
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """A line of the order, and its refundable part."""

    sku: str
    quantity: int
    unit_price_minor: int
    amount_minor: int
    left_quantity: int
    left_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport:
    """One order, with its proofs."""

    order_id: str
    order: Order | None
    """None if the ledger is too broken to be folded."""
    ledger: tuple[LedgerRow, ...]
    lines: tuple[LineRow, ...]
    totals: tuple[tuple[str, int], ...]
    audit: tuple[AuditRow, ...]
    traces: tuple[ExecutionTrace, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def currency(self) -> str:
        """The currency in the ledger."""
        return (
            self.order.currency if self.order else str(self.ledger[0].facts.get("currency", "")) if self.ledger else ""
        )

    @property
    def is_proven(self) -> bool:
        """True if the ledger and the audit objects agree and are intact."""
        return not self.problems and not any(row.problems for row in self.audit)


def read_order(deployment: Deployment, order_id: str, *, with_executions: bool = True) -> OrderReport | None:
    """Read an order with its audit objects and executions, or return None if there is no such order."""
    archive = Archive(client=deployment.client("dynamodb"), table=deployment.output("ordersTable"))
    stored = archive.order(order_id)
    if stored is None:
        return None
    report = order_report(stored, tuple(AuditProver.of(deployment).rows(stored)))
    if not with_executions:
        return report
    traces, notes = read_executions(deployment, stored)
    return replace(report, traces=traces, notes=notes)


def order_report(stored: StoredOrder, audit: tuple[AuditRow, ...]) -> OrderReport:
    """Return the report of a stored order, without executions."""
    order = stored.order
    return OrderReport(
        order_id=stored.order_id,
        order=order,
        ledger=tuple(ledger_rows(stored)),
        lines=tuple(_lines(order)) if order else (),
        totals=_totals(order) if order else (),
        audit=audit,
        traces=(),
        problems=tuple(finding.message for finding in verify_chain(stored)),
    )


def ledger_rows(stored: StoredOrder) -> Iterator[LedgerRow]:
    """Yield the stored entries, each with its hash recomputed and its problems in words."""
    breaks = find_breaks(stored.order_id, stored.entries)
    for position, entry in enumerate(stored.entries, start=1):
        named = f"entry {position} "
        amount = entry.get("amount_minor")
        yield LedgerRow(
            seq=str(entry.get("seq", "?")),
            at=str(entry.get("at", "")),
            recorded_at=str(entry.get("recorded_at", "")),
            kind=str(entry.get("type", "?")),
            subject=str(entry.get("subject", "")),
            amount_minor=amount if isinstance(amount, int) else 0,
            hash=str(entry.get("hash", "")),
            previous=str(entry.get("previous", "")),
            recomputed=_recompute(entry),
            faults=tuple(each.removeprefix(named) for each in breaks if each.startswith(named)),
            facts={name: value for name, value in entry.items() if name not in _SHOWN_FIELDS},
        )


def read_executions(deployment: Deployment, stored: StoredOrder) -> tuple[tuple[ExecutionTrace, ...], tuple[str, ...]]:
    """Return the executions of an order, earliest first, each with its functions' log lines, and notes."""
    logs = FunctionLogs.of(deployment)
    arns = _executions_of(logs, stored)
    traces = [read_traced(deployment, logs, arn) for arn in arns[-MAX_EXECUTIONS:]]
    found = tuple(sorted((trace for trace in traces if trace), key=lambda trace: trace.started_at))
    notes: list[str] = []
    if len(arns) > MAX_EXECUTIONS:
        notes.append(f"The latest {MAX_EXECUTIONS} of {len(arns)} executions are shown.")
    if gone := sum(1 for trace in traces if trace is None):
        notes.append(f"{gone} executions are no longer kept by Step Functions (90 days after their end).")
    return found, tuple(notes)


def read_traced(deployment: Deployment, logs: FunctionLogs, arn: str) -> ExecutionTrace | None:
    """Return an execution with its functions' log lines, or None if it is unknown."""
    trace = read_execution(deployment, arn)
    if trace is None:
        return None
    return replace(trace, logs=logs.lines_of(arn, trace.started_at, trace.end))


def _executions_of(logs: FunctionLogs, stored: StoredOrder) -> tuple[str, ...]:
    """Return the executions in the ledger, and those that logged the order, because refusals are in no ledger."""
    named = [str(entry["execution"]) for entry in stored.entries if entry.get("execution")]
    first = parse_timestamp(str(stored.entries[0].get("at", ""))) if stored.entries else None
    logged = logs.executions_of(stored.order_id, first) if first else ()
    return tuple(dict.fromkeys((*named, *logged)))


def _recompute(entry: Mapping[str, Json]) -> str:
    try:
        return digest({name: value for name, value in entry.items() if name != "hash"})
    except (TypeError, ValueError):
        return "not computable"


def _lines(order: Order) -> Iterator[LineRow]:
    for line, left in zip(order.lines, remaining_lines(order), strict=True):
        yield LineRow(
            sku=line.sku,
            quantity=line.quantity,
            unit_price_minor=line.unit_price_minor,
            amount_minor=line.amount_minor,
            left_quantity=left.quantity,
            left_minor=left.amount_minor,
        )


def _totals(order: Order) -> tuple[tuple[str, int], ...]:
    account = order.account
    return (
        ("captured", account.captured_minor),
        ("reserved", account.reserved_minor),
        ("refunded", account.refunded_minor),
        ("refundable", account.refundable_minor),
        *((("disputed", account.disputed_minor),) if account.disputed_minor else ()),
    )
