"""`booking up|down|status|env`: start, stop and show the embedded AWS, and connect your own Pulumi CLI to it."""

import gc
import shlex
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer
from rich.console import Console

from local.drivers.in_process import DRIVER as IN_PROCESS
from local.drivers.in_process import deploy
from local.engine import DRIVER as ENGINE
from local.engine import PulumiEngine, cli_environment, find_cli
from local.errors import DeploymentFailed, InstanceError
from local.instance import Instance as EmbeddedAws

from . import tour_report
from .api_access import describe_access
from .command_errors import CommandFailed, UsageError
from .confirmation import YesOption, confirm
from .output import JsonOption, show, stderr_console, table
from .progress_display import ProgressDisplay
from .target import InstanceOption, embedded_target, local_instance
from .tour import STEPS

DriverOption = Annotated[
    str | None,
    typer.Option("--engine", help=f"`{ENGINE}` or `{IN_PROCESS}`; by default {ENGINE} if there is a Pulumi CLI."),
]
DeployStageOption = Annotated[str, typer.Option("--stage", help="Stage to deploy, from Pulumi.<stage>.yaml.")]


def add_commands(app: typer.Typer) -> None:
    """Register the verbs."""
    for verb in (up, down, status, env):
        app.command()(verb)


def up(
    engine: DriverOption = None,
    tour: Annotated[bool, typer.Option(help="Take a tour of twelve bookings afterwards, if the program books.")] = True,
    wait_scale: Annotated[
        float,
        typer.Option(min=0, max=1, help="Factor for the state machine's waits and retry delays; 1 is AWS's pace."),
    ] = 0.1,
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete what is deployed here, with its data, first.")] = False,
    stage: DeployStageOption = "dev",
    gateway: Annotated[
        str | None,
        typer.Option(help="Pay through `stripe-double`, a double of Stripe that runs beside it (needs a checkout)."),
    ] = None,
    as_json: JsonOption = False,
    instance: InstanceOption = "default",
) -> int:
    """Start the embedded AWS, deploy the program of this folder into it, and take the tour.

    A second `up` keeps the data. The Pulumi engine updates what has changed; without it, a change needs --fresh.
    """
    program, double = find_program(), choose_double(gateway)
    aws = local_instance(instance)
    driver = choose_driver(engine, aws)
    title = f"Starting the embedded AWS ({instance})"
    with explain_interrupt(aws), ProgressDisplay(title) as display, convert_errors(aws), pause_collector():
        if fresh:
            aws.stop()
        aws.start(wait_scale=wait_scale)
        display.print(f"The embedded AWS runs at {aws.endpoint}. Deploying stage {stage} with the driver {driver}.")
        prepare = partial(double.prepare, aws, stage) if double else dict[str, str]
        if driver == ENGINE:
            PulumiEngine(aws, program=program, stage=stage, config=prepare(), listener=display.handle).up()
        else:
            deploy(aws, program=program, stage=stage, listener=display.handle, prepare=prepare)
        if double:
            double.connect_webhooks(aws)
        display.print(display.summary())
    missing = tour_report.missing_outputs(aws.outputs())
    if tour and not missing:
        steps = double.tour_steps(aws) if double else STEPS
        access = describe_access(aws, aws.outputs())
        return tour_report.run_and_show_tour(embedded_target(instance), driver, as_json, steps, access=access)
    if tour:
        message = f"No tour: it makes bookings, and this program does not export {', '.join(missing)}."
        stderr_console().print(message, soft_wrap=True)
    show(as_json, {"driver": driver, "endpoint": aws.endpoint}, lambda console: _draw_end(console, aws, missing))
    return 0


def down(
    yes: YesOption = False,
    keep: Annotated[bool, typer.Option(help="Keep the run folder for a later `booking up --engine pulumi`.")] = False,
    as_json: JsonOption = False,
    instance: InstanceOption = "default",
) -> None:
    """Stop the embedded AWS and delete its state.

    Lists what is deleted and asks first. Without a terminal it does not ask, because the embedded AWS is disposable.
    """
    aws = local_instance(instance)
    losses = [] if keep else _losses(aws)
    if losses:
        for line in losses:
            stderr_console().print(line, soft_wrap=True)
        confirm("Stop it and delete this?", yes=yes)
    with convert_errors():
        stopped = aws.stop(keep=keep)
    message = "The embedded AWS has been stopped." if stopped else "No embedded AWS was running here."
    show(as_json, {"stopped": stopped}, lambda console: console.print(message))


def status(as_json: JsonOption = False, instance: InstanceOption = "default") -> None:
    """Show whether the embedded AWS is running, its address, and the outputs of the deployed program."""
    aws = local_instance(instance)
    current = aws.status()
    document = {
        "name": current.name,
        "running": current.running,
        "pid": current.pid,
        "endpoint": current.endpoint,
        "driver": current.driver,
        "deployed": current.deployed,
        "companions": aws.companions(),
        "outputs": aws.outputs(),
    }
    show(as_json, document, lambda console: _draw_status(console, document))


def env(as_json: JsonOption = False, instance: InstanceOption = "default") -> None:
    """Print the environment that your own Pulumi CLI needs: eval "$(booking env)"; pulumi up -s dev

    BOOKING_STRIPE_DOUBLE is the address of the double of Stripe, if it runs here.
    """
    aws = local_instance(instance)
    with convert_errors():
        variables = cli_environment(aws, find_program().parent)
    companions = aws.companions()
    variables |= {f"BOOKING_{name.upper().replace('-', '_')}": companions[name] for name in companions}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())]
    show(as_json, variables, lambda _: print("\n".join(lines)))


def _draw_end(console: Console, aws: EmbeddedAws, missing: list[str]) -> None:
    if missing:
        tour_report.draw_commands(console)
    else:
        tour_report.draw_next_steps(console, access=describe_access(aws, aws.outputs()))


def _losses(aws: EmbeddedAws) -> list[str]:
    """Describe what a `down` deletes: the deployed program with its data, and the engine's state."""
    deployed = aws.outputs()
    if not deployed:
        return []
    place = f"The embedded AWS {aws.name!r} and its folder {aws.folder} will be deleted, with:"
    data = [str(deployed[name]) for name in ("ordersTable", "auditBucket") if name in deployed]
    items = ["all deployed resources" + (f", including {' and '.join(data)}" if data else "")]
    items += ["the Pulumi engine's state"] if aws.driver == ENGINE else []
    return [place, *(f"  - {item}" for item in items)]


def find_program() -> Path:
    """Return the path of this folder's program."""
    program = Path.cwd() / "__main__.py"
    if not (Path.cwd() / "Pulumi.yaml").exists() or not program.exists():
        raise UsageError("There is no Pulumi.yaml with a __main__.py here. Run this command in the program's folder.")
    return program


def choose_driver(requested: str | None, aws: EmbeddedAws) -> str:
    """Return the requested driver, else the one that deployed here before, else the engine if there is a CLI."""
    if requested is not None:
        if requested not in (ENGINE, IN_PROCESS):
            raise UsageError(f"--engine must be {ENGINE} or {IN_PROCESS}, got {requested!r}.")
        return requested
    if aws.outputs() and aws.driver:
        return aws.driver
    return ENGINE if find_cli(Path.cwd()) else IN_PROCESS


def choose_double(gateway: str | None) -> ModuleType | None:
    """Return the double's module if `--gateway` selects it and this is a checkout."""
    if gateway is None:
        return None
    from . import stripe_double  # imported late: only this gateway needs it

    if gateway != stripe_double.GATEWAY:
        raise UsageError(f"--gateway must be {stripe_double.GATEWAY}, got {gateway!r}. Leave it out for the stage's.")
    stripe_double.require_checkout()
    return stripe_double


@contextmanager
def convert_errors(aws: EmbeddedAws | None = None) -> Generator[None, None, None]:
    """Turn errors of the embedded AWS and of the deployment into CommandFailed.

    If `aws` has died in the meantime, that is the cause, whatever the error says.
    """
    try:
        yield
    except (InstanceError, DeploymentFailed) as error:
        if isinstance(error, DeploymentFailed) and aws is not None and not aws.is_running:
            log = aws.folder / "instance.log"
            raise CommandFailed(f"The embedded AWS ended during the deployment. Run this again; see {log}.") from error
        raise CommandFailed(str(error)) from error


@contextmanager
def pause_collector() -> Generator[None, None, None]:
    """Disable garbage collection during a deployment, and never scan the objects of that time.

    They only grow in number and the process ends soon; scanning them took a seventh of the CPU time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def explain_interrupt(aws: EmbeddedAws) -> Generator[None, None, None]:
    """After Ctrl-C, say what is still running and how to stop it."""
    try:
        yield
    except KeyboardInterrupt:
        pid = aws.pid
        state = f"still runs (process {pid}); `booking down` stops it" if pid else "is not running"
        again = "`booking up` continues the deployment"
        stderr_console().print(f"Interrupted. The embedded AWS {aws.name!r} {state}, and {again}.", soft_wrap=True)
        raise


def _draw_status(console: Console, document: dict[str, Any]) -> None:
    address = f"is running at {document['endpoint']} (process {document['pid']})"
    console.print(f"The embedded AWS {document['name']!r} {address if document['running'] else 'is not running'}.")
    for name, companion in document["companions"].items():
        console.print(f"Beside it runs {name} at {companion}.")
    if document["deployed"]:
        console.print(f"Deployed with the driver {document['driver']}:")
        rows = [(name, str(value)) for name, value in document["outputs"].items()]
        console.print(table("", ("output", "value"), rows))
    else:
        console.print("Nothing is deployed in it. Run `booking up`.")
