"""The `booking` command: its verbs and exit codes.

0 succeeded or pending · 1 error (the message explains it) · 2 rejected · 3 failed or unknown · 64 usage.
"""

import io
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Final

from .command_errors import CommandFailed, UsageError

if TYPE_CHECKING:
    import typer
    from typer.exceptions import TyperException

INTERRUPTED: Final = 130
MODULES: Final[Mapping[str, tuple[str, ...]]] = {
    "lifecycle": ("up", "down", "status", "env"),
    "stack_changes": ("preview", "refresh", "destroy"),
    "booking_verbs": ("purchase", "refund", "run", "show"),
    "listed_orders": ("orders",),
    "payment_holds": ("capture", "cancel"),
    "report": ("report",),
    "console": ("console",),
    "decisions": ("approve", "deny", "resolve"),
    "api_access": ("token", "person"),
    "forget": ("forget",),
    "reconcile": ("reconcile",),
    "orphan_closing": ("close-orphan",),
    "stock": ("stock",),
    "audit": ("audit",),
    "parking": ("parking",),
    "events": ("events",),
    "recover": ("recover",),
    "doctor": ("doctor",),
    "config_schema": ("config",),
    "stage_cost": ("stage-cost",),
    "workflow_arguments": ("workflow",),
}
"""The module of each verb and group, in the order of `booking --help`. A verb imports its own module only."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit the process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # escapes characters that the terminal cannot encode
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: list[str]) -> int:
    """Run the command and return its exit code. Every error is one message on standard error."""
    if arguments[:1] == ["workflow"]:
        return _run_workflow(arguments[1:])
    import typer
    from typer.exceptions import Abort, TyperException

    try:
        command = typer.main.get_command(build_app(arguments[:1]))
        answer = command.main(args=arguments, prog_name="booking", standalone_mode=False)
    except Abort:
        return INTERRUPTED
    except TyperException as error:
        return _print_error(_usage_message(error), UsageError.exit_code)
    except CommandFailed as error:
        return _print_error(str(error), error.exit_code)
    except _aws_errors() as error:
        return _print_error(f"AWS returned an error: {error}", CommandFailed.exit_code)
    except _booking_error() as error:
        return _print_error(str(error), CommandFailed.exit_code)
    return answer if isinstance(answer, int) else 0


def _run_workflow(arguments: list[str]) -> int:
    """Run a verb of `booking workflow`, which needs no typer."""
    from .workflow_arguments import run_workflow

    try:
        return run_workflow(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    except CommandFailed as error:
        return _print_error(str(error), error.exit_code)


def build_app(verbs: Sequence[str] = ()) -> "typer.Typer":
    """Return the command with the modules of `verbs`, or with all of them if there is no such verb."""
    import typer

    app = typer.Typer(
        name="booking",
        help="Run, watch and verify purchases and refunds on AWS Step Functions.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_group)
    needed = [module for module, names in MODULES.items() if set(names) & set(verbs)]
    for module in needed or MODULES:
        import_module(f".{module}", __package__).add_commands(app)
    return app


def _group() -> None:
    """Keep the verb's name on the command line even if only one verb is registered."""


def _aws_errors() -> tuple[type[Exception], ...]:
    """Return the errors of AWS calls. Imported only after a failure, to keep the start fast."""
    from botocore.exceptions import BotoCoreError, ClientError

    from handlers.domain.errors import Unavailable

    return BotoCoreError, ClientError, Unavailable


def _booking_error() -> type[Exception]:
    """Return the base class of the errors of ledgers, secrets and gateways, whose messages need no context."""
    from handlers.domain.errors import BookingError

    return BookingError


def _print_error(message: str, exit_code: int) -> int:
    print(message, file=sys.stderr)
    return exit_code


def _usage_message(error: "TyperException") -> str:
    """Return the problem with the arguments and the help to read."""
    context = getattr(error, "ctx", None)  # usage errors contain their verb
    verb = context.command_path if context else "booking"
    return f"{error.format_message()} (see `{verb} --help`)"
