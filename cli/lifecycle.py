"""The verbs that make, show and end the embedded AWS: `up`, `down`, `status`, and what only the real engine does."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from local.engine import DRIVER as ENGINE
from local.engine import Engine, Outcome, environment, find, locked_buckets, pending_keys
from local.errors import DeploymentFailed, InstanceError
from local.inprocess import DRIVER as IN_PROCESS
from local.inprocess import deploy
from local.instance import Instance as EmbeddedAws

from . import touring
from .failures import CommandFailed, UsageError
from .options import InstanceOption, JsonOption
from .progress import ProgressDisplay, step_as_json
from .screen import show, table
from .target import embedded_target, local_instance

DriverOption = Annotated[
    str | None,
    typer.Option("--engine", help=f"`{ENGINE}` or `{IN_PROCESS}`; without it the engine where there is a Pulumi CLI."),
]
DeployStageOption = Annotated[str, typer.Option("--stage", help="Which Pulumi.<stage>.yaml to deploy.")]


def add_commands(app: typer.Typer) -> None:
    """Register the verbs."""
    for verb in (up, down, status, preview, refresh, destroy, env):
        app.command()(verb)


def up(
    engine: DriverOption = None,
    tour: Annotated[bool, typer.Option(help="Take the tour of seven bookings afterwards.")] = True,
    wait_scale: Annotated[
        float, typer.Option(min=0, max=1, help="Shortens the state machine's waits and backoff: 1 is AWS's pace.")
    ] = 0.1,
    stage: DeployStageOption = "dev",
    as_json: JsonOption = False,
    instance: InstanceOption = "default",
) -> int:
    """Boot the embedded AWS, deploy the program of this folder into it, and take the tour."""
    program = find_program()
    aws = local_instance(instance)
    driver = choose_driver(engine, aws)
    with ProgressDisplay(f"Booting the embedded AWS ({instance})") as telling, convert_errors(aws):
        aws.start(wait_scale=wait_scale)
        telling.print(f"The embedded AWS answers at {aws.endpoint}. Deploying stage {stage}, driver: {driver}.")
        if driver == ENGINE:
            Engine(aws, program=program, stage=stage, listener=telling.handle).up()
        else:
            deploy(aws, program=program, stage=stage, listener=telling.handle)
        telling.print(telling.summary())
    if not tour:
        show(as_json, {"driver": driver, "endpoint": aws.endpoint}, lambda console: touring.draw_next_steps(console))
        return 0
    return touring.run_and_show_tour(embedded_target(instance), driver, as_json)


def down(
    keep: Annotated[bool, typer.Option(help="Keep the run folder, for a later `booking up --engine pulumi`.")] = False,
    as_json: JsonOption = False,
    instance: InstanceOption = "default",
) -> None:
    """Stop the embedded AWS and forget its state."""
    with convert_errors():
        ended = local_instance(instance).stop(keep=keep)
    sentence = "The embedded AWS is stopped." if ended else "No embedded AWS was running here."
    show(as_json, {"stopped": ended}, lambda console: console.print(sentence))


def status(as_json: JsonOption = False, instance: InstanceOption = "default") -> None:
    """Say whether the embedded AWS runs, where, and what is deployed in it."""
    aws = local_instance(instance)
    found = aws.status()
    document = {
        "name": found.name,
        "running": found.running,
        "pid": found.pid,
        "endpoint": found.endpoint,
        "driver": found.driver,
        "deployed": found.deployed,
        "outputs": aws.outputs(),
    }
    show(as_json, document, lambda console: _draw_status(console, document))


def preview(
    stage: DeployStageOption = "dev", as_json: JsonOption = False, instance: InstanceOption = "default"
) -> None:
    """Show what `up` would change, by the real engine; nothing is touched."""
    _run_engine("Previewing", "preview", stage, as_json, instance)


def refresh(
    stage: DeployStageOption = "dev", as_json: JsonOption = False, instance: InstanceOption = "default"
) -> None:
    """Bring the engine's knowledge to what is really in the embedded AWS."""
    _run_engine("Refreshing", "refresh", stage, as_json, instance)


def destroy(
    stage: DeployStageOption = "dev", as_json: JsonOption = False, instance: InstanceOption = "default"
) -> None:
    """Delete everything that the stage holds in the embedded AWS, by the real engine."""
    _run_engine("Destroying", "destroy", stage, as_json, instance)


def env(as_json: JsonOption = False, instance: InstanceOption = "default") -> None:
    """Print what your own Pulumi CLI needs: eval "$(booking env)"; pulumi up -s dev"""
    aws = local_instance(instance)
    with convert_errors():
        variables = environment(aws, find_program().parent)
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())]
    show(as_json, variables, lambda _: print("\n".join(lines)))


def find_program() -> Path:
    """The program of this folder."""
    program = Path.cwd() / "__main__.py"
    if not (Path.cwd() / "Pulumi.yaml").exists() or not program.exists():
        raise UsageError("There is no Pulumi.yaml with a __main__.py here: run this in the folder of the program.")
    return program


def choose_driver(requested: str | None, aws: EmbeddedAws) -> str:
    """The driver that was asked for, else the one that deployed here before, else the engine where there is a CLI."""
    if requested is not None:
        if requested not in (ENGINE, IN_PROCESS):
            raise UsageError(f"--engine is {ENGINE!r} or {IN_PROCESS!r}, not {requested!r}.")
        return requested
    if aws.outputs() and aws.driver:
        return aws.driver
    return ENGINE if find(Path.cwd()) else IN_PROCESS


@contextmanager
def convert_errors(aws: EmbeddedAws | None = None) -> Iterator[None]:
    """Turns the embedded AWS's and the deployment's failures, which are sentences already, into the command's.

    Whatever fails in an embedded AWS that has ended failed because of that.
    """
    try:
        yield
    except (InstanceError, DeploymentFailed) as error:
        if isinstance(error, DeploymentFailed) and aws is not None and not aws.running:
            log = aws.folder / "instance.log"
            raise CommandFailed(
                f"The embedded AWS ended while it was being deployed into: run this again ({log} says more)."
            ) from error
        raise CommandFailed(str(error)) from error


def _run_engine(title: str, verb: str, stage: str, as_json: bool, instance: str) -> None:
    aws = local_instance(instance)
    with ProgressDisplay(f"{title} {stage}") as telling, convert_errors(aws):
        aws.start()
        engine = Engine(aws, program=find_program(), stage=stage, listener=telling.handle)
        operation: Callable[[], Outcome] = getattr(engine, verb)
        try:
            outcome = operation()
        except DeploymentFailed as error:
            stays = (
                [*_locked_bucket_messages(aws), *_pending_key_messages(aws)]
                if verb == "destroy" and aws.running
                else []
            )
            raise DeploymentFailed("\n".join([str(error), *stays])) from error
    keys, buckets = (_pending_key_messages(aws), _locked_bucket_messages(aws)) if verb == "destroy" else ([], [])
    changes = [step_as_json(step) for step in outcome.changes]
    document: dict[str, Any] = {"changes": changes, "pending_keys": keys, "locked_buckets": buckets}
    show(as_json, document, lambda console: _draw_changes(console, outcome, [*buckets, *keys]))


def _pending_key_messages(aws: EmbeddedAws) -> list[str]:
    """A sentence for each key that is deleted later."""
    return [
        f"The key {key.id} ({key.description}) is deleted on {key.deleted_at:%Y-%m-%d %H:%M}."
        for key in pending_keys(aws)
    ]


def _locked_bucket_messages(aws: EmbeddedAws) -> list[str]:
    """A sentence for each bucket that the law of Object Lock keeps."""
    return [
        f"The bucket {bucket.name} stays: {bucket.objects} locked object(s) in it ({', '.join(bucket.modes)}), "
        + (f"the last one until {bucket.until:%Y-%m-%d %H:%M}." if bucket.until else "without an end.")
        for bucket in locked_buckets(aws)
    ]


def _draw_changes(console: Console, outcome: Outcome, messages: list[str]) -> None:
    rows = [(step.operation, step.type, step.name, ", ".join(step.changed)) for step in outcome.changes]
    console.print(table(f"{len(rows)} changes", ("", "type", "name", "properties"), rows))
    for sentence in messages:
        console.print(sentence)


def _draw_status(console: Console, document: dict[str, Any]) -> None:
    running = f"runs at {document['endpoint']} (process {document['pid']})" if document["running"] else "does not run"
    console.print(f"The embedded AWS {document['name']!r} {running}.")
    if document["deployed"]:
        console.print(f"Deployed by the driver {document['driver']}:")
        console.print(table("", ("output", "value"), [(key, str(value)) for key, value in document["outputs"].items()]))
    else:
        console.print("Nothing is deployed in it: run `booking up`.")
