"""`booking audit verify`: proves that the ledgers and the write-once audit objects agree."""

from collections.abc import Iterator

import typer
from rich.console import Console

from handlers.adapters.archive import stored_order
from handlers.domain.verification import Finding, StoredOrder, verify

from .options import InstanceOption, JsonOption, StageOption
from .screen import show, table
from .target import Target, resolve_target

app = typer.Typer(help="Prove and read the audit trail.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Prove and read the audit trail."""


@app.command("verify")
def verify_audit(as_json: JsonOption = False, stage: StageOption = None, instance: InstanceOption = "default") -> int:
    """Recompute every ledger's hash chain and compare it with the audit objects; exit code 1 on any finding."""
    target = resolve_target(stage, instance)
    orders, objects = list(read_orders(target)), read_audit_objects(target)
    findings = verify(orders, objects)
    document = {
        "orders": len(orders),
        "objects": len(objects),
        "clean": not findings,
        "findings": [
            {"problem": finding.problem.value, "where": finding.where, "sentence": finding.sentence}
            for finding in findings
        ],
    }
    show(as_json, document, lambda console: _draw(console, len(orders), len(objects), findings))
    return 1 if findings else 0


def read_orders(target: Target) -> Iterator[StoredOrder]:
    """Every order as it is stored, whole or broken."""
    pages = target.client("dynamodb").get_paginator("scan")
    found = pages.paginate(
        TableName=target.outputs["ordersTable"],
        FilterExpression="begins_with(pk, :order)",
        ExpressionAttributeValues={":order": {"S": "ORDER#"}},
        ConsistentRead=True,
    )
    for page in found:
        yield from (stored_order(item) for item in page["Items"])


def read_audit_objects(target: Target) -> dict[str, bytes]:
    """Every audit object: key to content."""
    s3, bucket = target.client("s3"), target.outputs["auditBucket"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def _draw(console: Console, orders: int, objects: int, findings: tuple[Finding, ...]) -> None:
    if findings:
        rows = [(finding.problem.value, finding.where, finding.sentence) for finding in findings]
        console.print(table(f"{len(findings)} findings", ("problem", "where", ""), rows))
    else:
        console.print(f"{orders} orders and {objects} audit objects agree: every chain is whole, nothing is missing.")
