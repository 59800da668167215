"""`booking audit verify|report`: verify the ledgers against the audit objects, and report on them."""

from collections.abc import Iterator

import typer
from rich.console import Console

from handlers.adapters.dynamodb.archive import stored_order
from handlers.domain.verification import Finding, StoredOrder, verify

from .audit_report import report
from .output import JsonOption, show, table
from .target import DeploymentTarget, InstanceOption, StageOption, resolve_target

app = typer.Typer(help="Verify and read the audit trail.", no_args_is_help=True)
app.command("report")(report)


def add_commands(parent: typer.Typer) -> None:
    """Register the group."""
    parent.add_typer(app, name="audit")


@app.command("verify")
def verify_audit(as_json: JsonOption = False, stage: StageOption = None, instance: InstanceOption = "default") -> int:
    """Recompute the hash chain of every ledger and compare it with the audit objects.

    The exit code is 1 if there are findings.
    """
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


def read_orders(target: DeploymentTarget) -> Iterator[StoredOrder]:
    """Yield every order as it is stored, intact or not."""
    pages = target.client("dynamodb").get_paginator("scan")
    scanned = pages.paginate(
        TableName=target.output("ordersTable"),
        FilterExpression="begins_with(pk, :order)",
        ExpressionAttributeValues={":order": {"S": "ORDER#"}},
        ConsistentRead=True,
    )
    for page in scanned:
        yield from (stored_order(item) for item in page["Items"])


def read_audit_objects(target: DeploymentTarget) -> dict[str, bytes]:
    """Read every audit object, by key."""
    s3, bucket = target.client("s3"), target.output("auditBucket")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [listed["Key"] for page in pages for listed in page.get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def _draw(console: Console, orders: int, objects: int, findings: tuple[Finding, ...]) -> None:
    if findings:
        rows = [(finding.problem.value, finding.where, finding.sentence) for finding in findings]
        console.print(table(f"{len(findings)} findings", ("problem", "where", ""), rows))
    else:
        console.print(
            f"{orders} orders and {objects} audit objects agree: every hash chain is intact and nothing is missing."
        )
