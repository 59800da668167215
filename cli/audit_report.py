"""`booking audit report`: purchases, refunds and refusals per day and currency, read from the audit trail."""

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from handlers.adapters.s3_audit import S3AuditTrail
from handlers.contracts.storage import REFUSALS_PREFIX
from handlers.domain.ledger import Kind
from handlers.domain.money import format_amount
from handlers.domain.ports import AuditTrail
from handlers.domain.trail.audit import outcomes_on

from .command_errors import CommandFailed, UsageError
from .output import stdout_console, table
from .report import write_page
from .request_input import as_object, parse_day
from .target import DeploymentTarget, InstanceOption, StageOption, resolve_target

NO_CURRENCY: Final = "-"  # for a request that was refused before its currency was read
_MAX_READERS: Final = 16

Record = Mapping[str, Any]


class ReportFormat(StrEnum):
    """Output format of the report."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


@dataclass(slots=True, kw_only=True)
class DayTotals:
    """One day (UTC) in one currency; amounts are in its minor unit."""

    day: str
    currency: str
    purchases: int = 0
    refunds: int = 0
    reversals: int = 0
    disputes: int = 0
    money_in_minor: int = 0
    money_out_minor: int = 0
    disputed_minor: int = 0
    """The amount that disputes withdrew, minus what they gave back."""
    failed: int = 0
    unknown: int = 0
    rejections: Counter[str] = field(default_factory=Counter[str])

    def add(self, record: Record) -> None:
        """Add one record of the trail. An entry that no request caused has no result but may have moved money."""
        amount_minor = _last_entry(record).get("amount_minor", 0)
        match _last_entry(record).get("type"):
            case Kind.PAYMENT_CAPTURED:
                self.purchases += 1
                self.money_in_minor += amount_minor
            case Kind.REFUND_SETTLED:
                self.refunds += 1
                self.money_out_minor += amount_minor
            case Kind.REFUND_REVERSED:
                self.reversals += 1
                self.money_out_minor -= amount_minor
            case Kind.DISPUTE_OPENED | Kind.DISPUTE_WON | Kind.DISPUTE_LOST as kind:
                self.disputes += kind == Kind.DISPUTE_OPENED
                self.disputed_minor += _newly_withdrawn(record)
            case _:
                self._count_without_money(record["result"] or {})

    def _count_without_money(self, result: Record) -> None:
        match result.get("status"):
            case "rejected":
                self.rejections[result["code"]] += 1
            case "unknown":
                self.unknown += 1
            case "failed":
                self.failed += 1
            case _:
                pass  # results that wait for somebody, and successes that move no money

    def as_json(self) -> dict[str, Any]:
        """Return the day for JSON."""
        return {name: getattr(self, name) for name in _COLUMNS} | {"rejections": dict(sorted(self.rejections.items()))}


_COLUMNS: Final = (
    *("day", "currency", "purchases", "refunds", "reversals", "disputes"),
    *("money_in_minor", "money_out_minor", "disputed_minor", "failed", "unknown"),
)


def report(
    first: Annotated[str, typer.Option("--from", help="First day, UTC, as YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="Last day, UTC, as YYYY-MM-DD; included.")],
    output_format: Annotated[ReportFormat, typer.Option("--format", help="table, csv or json.")] = ReportFormat.TABLE,
    out: Annotated[
        Path | None, typer.Option(help="HTML file to write instead, with plots; - for standard output.")
    ] = None,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> int:
    """Report purchases, refunds, rejections by code, and money in and out, per day and currency."""
    days = list_days(first, last)
    target = resolve_target(stage, instance)
    log = S3AuditTrail(client=target.client("s3"), bucket=target.output("auditBucket"))
    if out is None:
        print_report(output_format, log, days)
    elif path := write_page(render_days(target, log, days), out):
        stdout_console().print(f"Wrote {path}.")
    return 0


def render_days(target: DeploymentTarget, log: AuditTrail, days: Sequence[str]) -> str:
    """Return the report of `days` as a page."""
    from console.day_pages import days_report, read_open_orders
    from console.rendering import render_report

    figures = chain.from_iterable(report_day(log, day) for day in days)
    found = days_report(days[0], days[-1], figures, read_open_orders(target), days)
    return render_report("days_report.html", report=found, source=target.name, read_at=datetime.now(UTC))


def print_report(output_format: str, log: AuditTrail, days: Iterable[str]) -> None:
    """Print the report of `days`, one after the other."""
    _PRINT[ReportFormat(output_format)](chain.from_iterable(report_day(log, day) for day in days))


def list_days(first: str, last: str) -> list[str]:
    """Return every day from the first to the last, both included."""
    start, end = parse_day("--from", first), parse_day("--to", last)
    if end < start:
        raise UsageError(f"--to {last} must not be before --from {first}.")
    return [(start + timedelta(days=n)).isoformat() for n in range((end - start).days + 1)]


def report_day(log: AuditTrail, day: str) -> list[DayTotals]:
    """Return the totals of one day by currency, in memory that does not grow with its number of records."""
    totals: dict[str, DayTotals] = {}
    for record in _read_records(log, day):
        currency = _currency_of(record)
        totals.setdefault(currency, DayTotals(day=day, currency=currency)).add(record)
    return [totals[currency] for currency in sorted(totals)]


def _read_records(log: AuditTrail, day: str) -> Iterator[Record]:
    """Yield a day's records, reading one page of the listing at a time."""
    with ThreadPoolExecutor(_MAX_READERS) as readers:
        for prefix in (outcomes_on(day), f"{REFUSALS_PREFIX}date={day}/"):
            after: str | None = None
            while True:
                page = log.keys(prefix, after)
                yield from readers.map(partial(_read_record, log), page.names)
                if (after := page.after) is None:
                    break


def _read_record(log: AuditTrail, key: str) -> Record:
    try:
        record = as_object(json.loads(log.read(key) or b""))
    except ValueError:
        record = None
    if record is None or not _is_record(record):
        raise CommandFailed(f"{key} is not a record of this system. Run `booking audit verify`.")
    return record


def _is_record(record: Record) -> bool:
    """Return whether an object has a result, or instead a cause and a ledger."""
    result = as_object(record.get("result"))
    return "status" in result if result else bool(record.get("cause") and record.get("ledger"))


def _last_entry(record: Record) -> Record:
    """Return the last ledger entry of an outcome; an empty one for a refusal, which has no ledger."""
    ledger = record.get("ledger")
    return ledger[-1] if ledger else {}


def _currency_of(record: Record) -> str:
    """Return the currency of the order, or of a refused request; NO_CURRENCY if it named none."""
    placed = record["ledger"][0] if record.get("ledger") else record["result"]
    return placed.get("currency") or NO_CURRENCY


def _newly_withdrawn(record: Record) -> int:
    """Return the amount that the last entry, one of a dispute, withdraws; it is negative if it gives that back."""
    *before, last = [entry for entry in record["ledger"] if entry["subject"] == record["ledger"][-1]["subject"]]
    was_withdrawn = bool(before) and before[-1]["type"] != Kind.DISPUTE_WON
    is_withdrawn = last["type"] != Kind.DISPUTE_WON
    return int(last["amount_minor"]) * (int(is_withdrawn) - int(was_withdrawn))


def _print_table(days: Iterable[DayTotals]) -> None:
    amounts = ("money in", "money out", "disputed")
    columns = ("day", "currency", "purchases", "refunds", *amounts, "rejected", "failed", "unknown")
    stdout_console().print(table("Audit report", columns, map(_row, days), right=columns[2:7]))


def _row(day: DayTotals) -> list[str]:
    rejected = ", ".join(f"{code} {count}" for code, count in sorted(day.rejections.items())) or "none"
    return [
        *(day.day, day.currency, str(day.purchases), str(day.refunds)),
        *(_format_minor(day.money_in_minor, day.currency), _format_minor(day.money_out_minor, day.currency)),
        _format_minor(day.disputed_minor, day.currency),
        *(rejected, str(day.failed), str(day.unknown)),
    ]


def _format_minor(minor: int, currency: str) -> str:
    return format_amount(minor, currency) if currency != NO_CURRENCY else NO_CURRENCY


def _print_csv(days: Iterable[DayTotals]) -> None:
    """Print one line per day and currency; rejections are code=count, separated by spaces."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*_COLUMNS, "rejections"])
    for day in days:
        rejections = " ".join(f"{code}={count}" for code, count in sorted(day.rejections.items()))
        writer.writerow([*(getattr(day, name) for name in _COLUMNS), rejections])


def _print_json(days: Iterable[DayTotals]) -> None:
    print(json.dumps([day.as_json() for day in days], indent=2))


_PRINT: Final = {ReportFormat.TABLE: _print_table, ReportFormat.CSV: _print_csv, ReportFormat.JSON: _print_json}
