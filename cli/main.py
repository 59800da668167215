"""The command's frame: its verbs, and how each way of ending becomes an exit code.

0 succeeded · 1 something is wrong here (the sentence says what) · 2 rejected · 3 failed or unknown · 64 usage.
"""

import io
import sys
from collections.abc import Sequence
from typing import Final

import typer
from botocore.exceptions import BotoCoreError, ClientError
from typer.exceptions import Abort, TyperException

from handlers.domain.errors import Unavailable

from . import audit, audit_report, bookings, configuration, lifecycle, recover, stock
from .failures import CommandFailed, UsageError
from .workflow import workflow_app

INTERRUPTED: Final = 130

app = typer.Typer(
    name="booking",
    help="Purchases and refunds on AWS Step Functions: run them, watch them, prove them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
lifecycle.add_commands(app)
bookings.add_commands(app)
app.add_typer(stock.app, name="stock")
app.add_typer(audit.app, name="audit")
audit.app.command("report")(audit_report.report)
app.command("recover")(recover.recover)
app.add_typer(configuration.app, name="config")
app.add_typer(workflow_app, name="workflow")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit the process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # what the terminal's encoding lacks is shown by its code
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: list[str]) -> int:
    """Run the command; gives its exit code. Whatever goes wrong is one sentence on standard error."""
    try:
        answer = typer.main.get_command(app).main(args=arguments, prog_name="booking", standalone_mode=False)
    except Abort:
        return INTERRUPTED
    except TyperException as error:
        return _print_error(_usage_message(error), UsageError.exit_code)
    except CommandFailed as error:
        return _print_error(str(error), error.exit_code)
    except (BotoCoreError, ClientError, Unavailable) as error:
        return _print_error(f"AWS did not answer as it should: {error}", CommandFailed.exit_code)
    return answer if isinstance(answer, int) else 0


def _print_error(message: str, exit_code: int) -> int:
    print(message, file=sys.stderr)
    return exit_code


def _usage_message(error: TyperException) -> str:
    """What is wrong with the arguments, and where to read which there are."""
    context = getattr(error, "ctx", None)  # of a usage error: the verb that it was met in
    verb = context.command_path if context else "booking"
    return f"{error.format_message()} (see `{verb} --help`)"
