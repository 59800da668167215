"""`booking preview|refresh|destroy`: operations of the Pulumi engine on the embedded AWS."""

from collections.abc import Callable
from typing import Any

import typer
from rich.console import Console

from local.engine import Engine, Outcome, locked_buckets, pending_keys
from local.errors import DeploymentFailed
from local.instance import Instance as EmbeddedAws

from .lifecycle import DeployStageOption, convert_errors, find_program
from .output import JsonOption, show, table
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
    _run_engine("Previewing", "preview", stage, as_json, instance)


def refresh(
    stage: DeployStageOption = "dev", as_json: JsonOption = False, instance: InstanceOption = "default"
) -> None:
    """Update the engine's state to the resources that exist in the embedded AWS."""
    _run_engine("Refreshing", "refresh", stage, as_json, instance)


def destroy(
    stage: DeployStageOption = "dev", as_json: JsonOption = False, instance: InstanceOption = "default"
) -> None:
    """Delete all resources of the stage from the embedded AWS."""
    _run_engine("Destroying", "destroy", stage, as_json, instance)


def _run_engine(title: str, verb: str, stage: str, as_json: bool, instance: str) -> None:
    aws = local_instance(instance)
    with ProgressDisplay(f"{title} {stage}") as display, convert_errors(aws):
        aws.start()
        engine = Engine(aws, program=find_program(), stage=stage, listener=display.handle)
        operation: Callable[[], Outcome] = getattr(engine, verb)
        try:
            outcome = operation()
        except DeploymentFailed as error:
            remaining = _remaining_messages(aws) if verb == "destroy" and aws.running else []
            raise DeploymentFailed("\n".join([str(error), *remaining])) from error
    keys, buckets = (_pending_key_messages(aws), _locked_bucket_messages(aws)) if verb == "destroy" else ([], [])
    changes = [step_as_json(step) for step in outcome.changes]
    document: dict[str, Any] = {"changes": changes, "pending_keys": keys, "locked_buckets": buckets}
    show(as_json, document, lambda console: _draw_changes(console, outcome, [*buckets, *keys]))


def _remaining_messages(aws: EmbeddedAws) -> list[str]:
    return [*_locked_bucket_messages(aws), *_pending_key_messages(aws)]


def _pending_key_messages(aws: EmbeddedAws) -> list[str]:
    """Return a message for each key that AWS deletes later."""
    return [
        f"The key {key.id} ({key.description}) will be deleted on {key.deleted_at:%Y-%m-%d %H:%M}."
        for key in pending_keys(aws)
    ]


def _locked_bucket_messages(aws: EmbeddedAws) -> list[str]:
    """Return a message for each bucket that Object Lock protects."""
    return [
        f"The bucket {bucket.name} remains: {bucket.objects} locked object(s) ({', '.join(bucket.modes)}), "
        + (f"the last one until {bucket.until:%Y-%m-%d %H:%M}." if bucket.until else "without an end date.")
        for bucket in locked_buckets(aws)
    ]


def _draw_changes(console: Console, outcome: Outcome, messages: list[str]) -> None:
    rows = [(step.operation, step.type, step.name, ", ".join(step.changed)) for step in outcome.changes]
    console.print(table(f"{len(rows)} changes", ("", "type", "name", "properties"), rows))
    for message in messages:
        console.print(message)
