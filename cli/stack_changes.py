"""`booking preview|refresh|destroy`: operations of the Pulumi engine on the embedded AWS."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import typer
from rich.console import Console

from local.engine import Outcome, PulumiEngine, locked_buckets, pending_keys
from local.instance import Instance as EmbeddedAws

from .command_errors import CommandFailed
from .confirmation import YesOption, confirm
from .lifecycle import DeployStageOption, convert_errors, explain_interrupt, find_program
from .output import JsonOption, count, show, stderr_console, table
from .progress_display import ProgressDisplay, step_as_json
from .target import InstanceOption, local_instance


def add_commands(app: typer.Typer) -> None:
    """Register the verbs."""
    for verb in (preview, refresh, destroy):
        app.command()(verb)


def preview(
    stage: DeployStageOption = "dev", as_json: JsonOption = False, instance: InstanceOption = "default"
) -> None:
    """Show what `up` would change, without changing it."""
    aws = local_instance(instance)
    outcome = _run_engine(aws, stage, "Previewing", lambda engine: engine.preview())
    _show_changes(outcome, as_json, f"No changes. {_count_unchanged(outcome)} resources match the program.")


def refresh(
    stage: DeployStageOption = "dev", as_json: JsonOption = False, instance: InstanceOption = "default"
) -> None:
    """Update the engine's state to the resources that exist in the embedded AWS."""
    aws = local_instance(instance)
    outcome = _run_engine(aws, stage, "Refreshing", lambda engine: engine.refresh())
    _show_changes(outcome, as_json, "No changes. The engine's state matches the embedded AWS.")


def destroy(
    yes: YesOption = False,
    stage: DeployStageOption = "dev",
    as_json: JsonOption = False,
    instance: InstanceOption = "default",
) -> None:
    """Delete all resources of the stage from the embedded AWS.

    Lists them and asks first. Without a terminal, --yes is required.
    """
    aws = local_instance(instance)
    existing = _existing_resources(aws, stage)
    _draw_existing(existing, f"stage {stage} in the embedded AWS ({instance})")
    number = sum(map(len, existing.values()))
    if number:
        resources = count(number, "resource")
        refusal = f"booking destroy deletes {resources}, and there is no terminal to ask on."
        confirm(f"Delete {resources}?", yes=yes, without_terminal=refusal)
    try:
        outcome = _run_engine(aws, stage, "Destroying", lambda engine: engine.destroy())
    except CommandFailed as error:
        remaining = [*_locked_bucket_messages(aws), *_pending_key_messages(aws)] if aws.is_running else []
        raise CommandFailed("\n".join([str(error), *remaining])) from error
    _show_changes(
        outcome, as_json, "There was nothing to delete.", _pending_key_messages(aws), _locked_bucket_messages(aws)
    )


def _run_engine(aws: EmbeddedAws, stage: str, title: str, operation: Callable[[PulumiEngine], Outcome]) -> Outcome:
    with explain_interrupt(aws), ProgressDisplay(f"{title} {stage}") as display, convert_errors(aws):
        aws.start()
        return operation(PulumiEngine(aws, program=find_program(), stage=stage, listener=display.handle))


def _existing_resources(aws: EmbeddedAws, stage: str) -> dict[str, list[str]]:
    """Return the logical names of the stage's resources by type, from the engine's state."""
    names: dict[str, list[str]] = defaultdict(list)
    with convert_errors(aws):
        resources = PulumiEngine(aws, program=find_program(), stage=stage).state.resources()
    for resource in resources:
        if resource.get("custom") and not str(resource["type"]).startswith("pulumi:"):
            names[str(resource["type"])].append(str(resource["urn"]).rpartition("::")[2])
    return {type_: sorted(names[type_]) for type_ in sorted(names)}


def _draw_existing(existing: dict[str, list[str]], place: str) -> None:
    if existing:
        console = stderr_console()
        console.print(f"{sum(map(len, existing.values()))} resources of {place} will be deleted:", soft_wrap=True)
        rows = [(type_, str(len(names)), ", ".join(names)) for type_, names in existing.items()]
        console.print(table("", ("type", "number", "names"), rows, right=("number",)))


def _show_changes(
    outcome: Outcome, as_json: bool, unchanged: str, keys: Sequence[str] = (), buckets: Sequence[str] = ()
) -> None:
    changes = [step_as_json(step) for step in outcome.changes]
    document = {"changes": changes, "pending_keys": list(keys), "locked_buckets": list(buckets)}
    show(as_json, document, lambda console: _draw_changes(console, outcome, unchanged, [*buckets, *keys]))


def _count_unchanged(outcome: Outcome) -> int:
    return len({step.urn for step in outcome.steps if step.phase == "done" and step.operation == "same"})


def _pending_key_messages(aws: EmbeddedAws) -> list[str]:
    """Return a message for each key that AWS deletes later."""
    return [
        f"The key {key.id} ({key.description}) will be deleted on {key.deleted_at:%Y-%m-%d %H:%M}."
        for key in pending_keys(aws)
    ]


def _locked_bucket_messages(aws: EmbeddedAws) -> list[str]:
    """Return a message for each bucket that Object Lock protects."""
    return [
        f"The bucket {bucket.name} remains: {count(bucket.objects, 'locked object')} ({', '.join(bucket.modes)}), "
        + (f"the last one until {bucket.until:%Y-%m-%d %H:%M}." if bucket.until else "without an end date.")
        for bucket in locked_buckets(aws)
    ]


def _draw_changes(console: Console, outcome: Outcome, unchanged: str, messages: list[str]) -> None:
    rows = [(step.operation, step.type, step.name, ", ".join(step.changed_properties)) for step in outcome.changes]
    if rows:
        console.print(table(count(len(rows), "change"), ("", "type", "name", "properties"), rows))
    else:
        console.print(unchanged)
    for message in messages:
        console.print(message)
