"""`booking console`: the pages of the report, live in a browser on this machine."""

import threading
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handlers.adapters.s3_audit import S3AuditTrail
from handlers.domain.canonical import format_instant

from .audit import GRACE, open_readers, plan_seal_verification, plan_verification, run_verification
from .audit_report import DayTotals, report_day
from .command_errors import CommandFailed, UsageError
from .executions import start_execution
from .output import stdout_console
from .target import DeploymentTarget, InstanceOption, StageOption, resolve_target

if TYPE_CHECKING:
    from console.server.console_services import ConsoleServices


def add_commands(app: typer.Typer) -> None:
    """Register the verb."""
    app.command("console")(console)


def console(
    write: Annotated[
        bool,
        typer.Option(
            "--write",
            help="Allow purchases, refunds and approvals on the embedded AWS, where no money moves; with --stage, only "
            "approvals, through its API and with your own access token.",
        ),
    ] = False,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the browser.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> None:
    """Show orders, executions, trust and days in a browser on this machine. It is read-only unless --write is given.

    Prints an address that opens the console once, and serves it until Ctrl-C.
    """
    target = resolve_target(stage, instance)
    target.output("ordersTable")
    services = console_services(target, write=write, is_deployed=stage is not None)
    run_console(services, port, open_browser=open_browser)


def run_console(services: "ConsoleServices", port: int, *, open_browser: bool) -> None:
    """Serve the console until Ctrl-C."""
    try:
        from console.server.application import build_application
        from console.server.entrance import Entrance
        from console.server.serving import listen, serve, write_launcher
    except ModuleNotFoundError as error:
        raise CommandFailed(
            f"The console needs {error.name}, which is not installed: pip install 'stepbooking[console]'"
        ) from error
    try:
        listener = listen(port)
    except OSError as error:
        raise UsageError(f"Port {port} of 127.0.0.1 cannot be used: {error.strerror}. Leave --port out.") from error
    with listener:
        entrance = Entrance(port=listener.getsockname()[1])
        print_address(entrance.start_url, services)
        launcher = write_launcher(entrance.start_url) if open_browser else None
        try:
            if launcher:
                webbrowser.open(launcher.as_uri())
            serve(build_application(services, entrance), listener)
        finally:
            if launcher:
                launcher.unlink(missing_ok=True)


def print_address(address: str, services: "ConsoleServices") -> None:
    """Print the address that opens the console, and whether it may write."""
    mode = "It is read-only; --write lets it do more."
    if services.can_write:
        mode = "It can also book."
    elif services.decide:
        mode = "It can also approve and deny, with your access token."
    output = stdout_console()
    output.print(f"Console of the {services.deployment.name}. {mode}")
    output.print(f"Open this address; it works once: {address}", soft_wrap=True)
    output.print("Ctrl-C stops it.")


def console_services(target: DeploymentTarget, *, write: bool, is_deployed: bool = False) -> "ConsoleServices":
    """Return the console's services for a target. In a deployed stage, decisions go through the API."""
    from console.server.console_services import ConsoleServices

    from .api_decisions import ApiDecisions

    if write and is_deployed and not target.outputs.get("apiUrl"):
        raise UsageError(
            "--write with --stage decides through the API of the stage, and this stage has none. Set apiIssuer and "
            "apiAudiences, or leave --write out."
        )
    clients = SharedClients(target=target)
    cached_target = DeploymentTarget(name=target.name, outputs=target.outputs, client=clients.client)

    def day_figures(days: Sequence[str]) -> list[DayTotals]:
        log = S3AuditTrail(client=cached_target.client("s3"), bucket=cached_target.output("auditBucket"))
        return list(chain.from_iterable(report_day(log, day) for day in days))

    def start(event: Mapping[str, Any]) -> str:
        return start_execution(cached_target, event)

    return ConsoleServices(
        deployment=cached_target,
        day_figures=day_figures,
        verify=_verifier(cached_target),
        start=start if write and not is_deployed else None,
        decide=ApiDecisions(url=target.output("apiUrl")).send if write and is_deployed else None,
    )


def _verifier(target: DeploymentTarget) -> Callable[[str | None], Mapping[str, Any]]:
    def verify(since: str | None) -> Mapping[str, Any]:
        first = date.fromisoformat(since) if since else None
        settled_before = format_instant(datetime.now(UTC) - timedelta(seconds=GRACE))
        with open_readers() as parallel_map:
            verification = plan_verification(target, first, settled_before, parallel_map)
            seals = plan_seal_verification(target, verification.audit, verification.since)
            return run_verification(verification, seals)

    return verify


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedClients:
    """The clients of a target, created once instead of for each page."""

    target: DeploymentTarget
    _clients: dict[str, Any] = field(default_factory=dict[str, Any])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def client(self, service: str) -> Any:  # boto3's clients have no common type
        """Return the client of a service."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self.target.client(service)
            return self._clients[service]
