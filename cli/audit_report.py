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
from handlers.domain.audit import outcomes_on
from handlers.domain.ledger import Kind
from handlers.domain.money import format_amount
from handlers.domain.ports import AuditTrail

from .command_errors import CommandFailed, UsageError
from .output import stdout_console, table
from .report import write_page
from .request_input import as_object, parse_day
from .target import DeploymentTarget, InstanceOption, StageOption, resolve_target

NO_CURRENCY: Final = "-"  # of a request that was refused before its currency was read
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
    money_in_minor: int = 0
    money_out_minor: int = 0
    failed: int = 0
    unknown: int = 0
    rejections: Counter[str] = field(default_factory=Counter[str])

    def add(self, record: Record) -> None:
        """Add one record of the trail."""
        result = record["result"]
        match _last_entry_kind(record):
            case Kind.PAYMENT_CAPTURED:
                self.purchases += 1
                self.money_in_minor += result["amount_minor"]
            case Kind.REFUND_SETTLED:
                self.refunds += 1
                self.money_out_minor += result["amount_minor"]
            case Kind.REFUND_REVERSED:
                self.reversals += 1
                self.money_out_minor -= result["amount_minor"]
            case _:
                self._count_without_money(result)

    def _count_without_money(self, result: Record) -> None:
        if result["status"] == "rejected":
            self.rejections[result["code"]] += 1
        elif result["status"] == "unknown":
            self.unknown += 1
        else:
            self.failed += 1

    def as_json(self) -> dict[str, Any]:
        """Return the day for JSON."""
        return {name: getattr(self, name) for name in _COLUMNS} | {"rejections": dict(sorted(self.rejections.items()))}


_COLUMNS: Final = (
    *("day", "currency", "purchases", "refunds", "reversals"),
    *("money_in_minor", "money_out_minor", "failed", "unknown"),
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
        currency = record["result"].get("currency") or NO_CURRENCY
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
    if record is None or "status" not in record.get("result", ()):
        raise CommandFailed(f"{key} is not a record of this system. Run `booking audit verify`.")
    return record


def _last_entry_kind(record: Record) -> str | None:
    """Return the kind of an outcome's last ledger entry, or None for a refusal, which has no ledger."""
    ledger = record.get("ledger")
    return ledger[-1]["type"] if ledger else None


def _print_table(days: Iterable[DayTotals]) -> None:
    columns = ("day", "currency", "purchases", "refunds", "money in", "money out", "rejected", "failed", "unknown")
    stdout_console().print(table("Audit report", columns, map(_row, days), right=columns[2:6]))


def _row(day: DayTotals) -> list[str]:
    rejected = ", ".join(f"{code} {count}" for code, count in sorted(day.rejections.items())) or "none"
    return [
        *(day.day, day.currency, str(day.purchases), str(day.refunds)),
        *(_format_minor(day.money_in_minor, day.currency), _format_minor(day.money_out_minor, day.currency)),
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
