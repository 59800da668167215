"""`booking audit verify|report`: verify the ledgers against the audit objects, and report on them."""

from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from handlers.adapters.dynamodb.archive import Archive
from handlers.adapters.kms_signer import is_signature_valid
from handlers.adapters.s3_audit import S3AuditTrail
from handlers.contracts.storage import SHARDS
from handlers.domain.canonical import format_instant, last_closed_day
from handlers.domain.ports import AuditTrail, OrderRepository
from handlers.domain.trail.seal_verification import SEALING_TIME, SealedHistory, SealVerification, statements_of_proof
from handlers.domain.trail.seals import SEALED_PREFIXES, SEALS_PREFIX
from handlers.domain.trail.verification import Finding, StoredOrder, verify_versions

from .audit_report import report
from .gateway_verification import GatewayVerification, gateway_of
from .order_view import order_store
from .output import JsonOption, count, show, stderr_console, table
from .request_input import parse_day
from .target import DeploymentTarget, InstanceOption, StageOption, resolve_target
from .trail_verification import ParallelMap, TrailVerification

MAX_SHOWN: Final = 1000  # maximum findings listed; all are counted
PROGRESS_STEP: Final = 10_000  # objects between two progress lines
READERS: Final = 16
PAGE_ORDERS: Final = 100
GRACE: Final = 300  # seconds

app = typer.Typer(help="Verify and read the audit trail.", no_args_is_help=True)
app.command("report")(report)


def add_commands(parent: typer.Typer) -> None:
    """Register the group."""
    parent.add_typer(app, name="audit")


@app.command("verify")
def verify_audit(
    since: Annotated[
        str | None,
        typer.Option(help="Verify from this day (UTC, YYYY-MM-DD) on, with the orders changed since. Default: all."),
    ] = None,
    grace_seconds: Annotated[
        int,
        typer.Option(min=0, help="Ledger entries younger than this may lack their object: executions may be running."),
    ] = GRACE,
    gateway: Annotated[
        bool,
        typer.Option("--gateway", help="Also compare them, day by day, with the gateway's own list of movements."),
    ] = False,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> int:
    """Recompute every hash chain, compare ledgers with audit objects and their versions, and check every seal.

    The exit code is 1 if there are findings. Memory does not grow with the trail.
    """
    first = parse_day("--since", since) if since else None
    target = resolve_target(stage, instance)
    settled_before = datetime.now(UTC) - timedelta(seconds=grace_seconds)
    with open_readers() as parallel_map:
        verification = plan_verification(target, first, format_instant(settled_before), parallel_map)
        seals = plan_seal_verification(target, verification.audit, verification.since)
        movements = plan_gateway_verification(target, verification, settled_before) if gateway else None
        document = run_verification(verification, seals, movements)
    show(as_json, document, lambda console: _draw(console, document))
    return 0 if document["clean"] else 1


def plan_verification(
    target: DeploymentTarget, since: date | None, settled_before: str, parallel_map: ParallelMap
) -> TrailVerification:
    """Return the check of a target, from the day `since` on, or of the whole trail."""
    archive = Archive(client=target.client("dynamodb"), table=target.output("ordersTable"))
    store = order_store(target)

    def changed_orders() -> Iterator[StoredOrder]:
        for ids in changed_order_ids(store, since) if since else ():
            yield from filter(None, parallel_map(archive.order, ids))

    return TrailVerification(
        audit=S3AuditTrail(client=target.client("s3"), bucket=target.output("auditBucket")),
        orders=changed_orders if since else archive.orders,
        load_order=archive.order,
        settled_before=settled_before,
        since=since.isoformat() if since else None,
        parallel_map=parallel_map,
        on_object=print_progress,
    )


def plan_seal_verification(target: DeploymentTarget, audit: AuditTrail, since: str | None) -> SealVerification | None:
    """Return the check of the target's seals; None for a program that does not seal."""
    key = target.outputs.get("sealKeyArn")
    if key is None:
        return None
    kms = target.client("kms")
    return SealVerification(
        audit=audit,
        is_valid=lambda digest, signature: is_signature_valid(kms, str(key), digest, signature),
        due=last_closed_day(datetime.now(UTC) - SEALING_TIME),
        since=since,
    )


def plan_gateway_verification(
    target: DeploymentTarget, verification: TrailVerification, settled_before: datetime
) -> GatewayVerification:
    """Return the comparison of the same orders and trail with the target's gateway."""
    return GatewayVerification(
        audit=verification.audit,
        load_order=verification.load_order,
        gateway=gateway_of(target),
        settled_before=settled_before,
        since=date.fromisoformat(verification.since) if verification.since else None,
        parallel_map=verification.parallel_map,
    )


def changed_order_ids(store: OrderRepository, since: date) -> Iterator[tuple[str, ...]]:
    """Yield the ids of the orders whose last entry is not older than the day before `since`, a page at a time.

    An order with an entry on or after `since` also has its last entry there. The additional days allow for clock
    differences.
    """
    last = datetime.now(UTC).date() + timedelta(days=1)
    for offset in range(-1, (last - since).days + 1):
        day = (since + timedelta(days=offset)).isoformat()
        for shard in range(SHARDS):
            after: str | None = None
            while True:
                page = store.list_changed(day, shard, "", after, PAGE_ORDERS)
                yield page.names
                if (after := page.after) is None:
                    break


def print_progress(objects: int) -> None:
    """Print a line on standard error for every 10,000 objects."""
    if objects % PROGRESS_STEP == 0:
        stderr_console().print(f"{objects} audit objects verified …")


def run_verification(
    verification: TrailVerification,
    seals: SealVerification | None = None,
    gateway: GatewayVerification | None = None,
) -> dict[str, Any]:
    """Run a check and return its document. It lists the first 1000 findings and counts them all."""
    found, shown = 0, list[Finding]()
    versions = verify_versions(verification.audit, (*SEALED_PREFIXES, SEALS_PREFIX), verification.since)
    of_seals, of_gateway = seals.findings() if seals else (), gateway.findings() if gateway else ()
    for finding in chain(verification.findings(), versions, of_seals, of_gateway):
        found += 1
        shown += [finding] if found <= MAX_SHOWN else []
    counts, history = verification.counts, seals.history if seals else SealedHistory()
    return {
        "since": verification.since,
        "orders": counts["orders"],
        "objects": counts["objects"],
        "gateway": {name: gateway.counts[name] for name in ("movements", "entries")} if gateway else None,
        "seals": history.seals,
        "sealed_through": history.last,
        "proves": [] if found else list(statements_of_proof(history)),
        "clean": not found,
        "found": found,
        "findings": [
            {"problem": finding.problem.value, "where": finding.where, "sentence": finding.message} for finding in shown
        ],
    }


@contextmanager
def open_readers() -> Generator[ParallelMap]:
    """Return a `map` that reads up to 16 objects at once."""
    with ThreadPoolExecutor(READERS) as readers:
        yield readers.map


def _draw(console: Console, document: Mapping[str, Any]) -> None:
    counts = f"{count(document['orders'], 'order')} and {count(document['objects'], 'audit object')}"
    if document["since"]:
        counts += f" from {document['since']} on"
    if document["clean"]:
        console.print(f"{counts} agree: every hash chain is intact and nothing is missing.")
        if compared := document["gateway"]:
            console.print(
                f"{count(compared['movements'], 'movement')} at the gateway and "
                f"{count(compared['entries'], 'ledger entry', 'ledger entries')} that moved money agree."
            )
        for statement in document["proves"]:
            console.print(f"- {statement}")
        return
    rows = [(each["problem"], each["where"], each["sentence"]) for each in document["findings"]]
    limit_note = f", of which the first {len(rows)} are" if document["found"] > len(rows) else ""
    console.print(
        table(f"{count(document['found'], 'finding')}{limit_note} in {counts}", ("problem", "where", ""), rows)
    )
