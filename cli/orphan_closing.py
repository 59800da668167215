"""`booking close-orphan`: two people remove a movement that belongs to no order from the list of orphans."""

from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from handlers.adapters.dynamodb.sweep_items import DynamoDBSweepRepository, OrphanClosing
from handlers.domain.canonical import format_instant

from .command_errors import CommandFailed
from .output import DryRunOption, JsonOption, show
from .request_input import parse_evidence, parse_identifier
from .target import DeploymentTarget, InstanceOption, StageOption, resolve_target

_REFUSALS: Final = {
    OrphanClosing.OWN_PROPOSAL: "{by} has proposed to close {reference}. Another person must close it.",
    OrphanClosing.NOT_LISTED: "There is no orphan {reference}. `booking reconcile` lists the orphans.",
}


def add_commands(app: typer.Typer) -> None:
    """Register the verb."""
    app.command("close-orphan")(close_orphan)


def close_orphan(
    reference: Annotated[str, typer.Argument(help="The gateway's reference, as `booking reconcile` lists it.")],
    by: Annotated[
        str, typer.Option(help="Id of the person. The first proposes to close the orphan, another closes it.")
    ],
    evidence: Annotated[str, typer.Option(help="The reason to close it, such as the receipt of a refund.")],
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> None:
    """Propose to close a movement that no order explains, or close it if another person has proposed that."""
    person, name = parse_identifier("--by", by), parse_identifier("REFERENCE", reference)
    checked = parse_evidence(evidence)
    now = format_instant(datetime.now(UTC))
    closing = orphan_store(resolve_target(stage, instance)).close_orphan(name, person, checked, now, dry_run=dry_run)
    if closing in _REFUSALS:
        raise CommandFailed(_REFUSALS[closing].format(by=person, reference=name))
    document = {"reference": name, "state": closing.value, "dry_run": dry_run}
    next_step = " Another person must run the same command to close it." if closing is OrphanClosing.PROPOSED else ""
    show(as_json, document, lambda console: console.print(f"The orphan {name} is {closing.value}.{next_step}"))


def orphan_store(target: DeploymentTarget) -> DynamoDBSweepRepository:
    """Return the store of the target's orphans."""
    return DynamoDBSweepRepository(client=target.client("dynamodb"), table=target.output("ordersTable"))
