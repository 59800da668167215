"""The arguments of `booking workflow`, read with argparse.

These verbs may run on every save: the other verbs' parser and its dependencies (typer, pydantic, rich) would take most
of the time. A test limits their imports.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from . import workflow as verbs
from .command_errors import UsageError

if TYPE_CHECKING:
    import typer

_DEFINITION: Final = "JSON, YAML, a template (FILE#/json/pointer if it has several), -, or module:Class."
_PROGRAM: Final = "booking workflow"
SUMMARY: Final = "Check, draw, compare, run and price state machines: JSON, YAML, templates, or module:Class."


class _Parser(argparse.ArgumentParser):
    """Raises UsageError instead of leaving the process."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]} (see `{self.prog} --help`)")


Adder = Callable[[argparse.ArgumentParser], None]
VERBS: Final[dict[str, tuple[Callable[..., int | None], Adder, tuple[str, ...]]]] = {}
"""The function of each verb, the function that adds its arguments, and examples."""


def run_workflow(arguments: Sequence[str]) -> int:
    """Run a verb and return its exit code."""
    parser = _build_parser(arguments[:1])
    if not arguments:
        raise UsageError(parser.format_help())
    try:
        parsed = vars(parser.parse_args(list(arguments)))
    except SystemExit as end:  # --help has printed the help
        return int(end.code or 0)
    function: Callable[..., int | None] = parsed.pop("function")
    return function(**parsed) or 0


def add_commands(app: "typer.Typer") -> None:
    """Register the group, so that the command's help lists it; `cli.main` calls run_workflow without typer."""
    import typer

    settings = {"allow_extra_args": True, "ignore_unknown_options": True}

    def workflow(ctx: typer.Context) -> int:
        return run_workflow(ctx.args)

    app.command("workflow", help=SUMMARY, context_settings=settings, add_help_option=False)(workflow)


def _build_parser(wanted: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser with the arguments of the wanted verb, or of all if there is no such verb."""
    parser = _Parser(prog=_PROGRAM, description=SUMMARY, allow_abbrev=False)
    group = parser.add_subparsers(metavar="VERB", required=True, title="verbs")
    for name in [name for name in wanted if name in VERBS] or VERBS:
        function, add_arguments, examples = VERBS[name]
        description = (function.__doc__ or "").strip().replace("\n    ", "\n")
        lines = "\n".join(f"  {_PROGRAM} {example}" for example in examples)
        verb = group.add_parser(
            name,
            help=description.partition("\n")[0],
            description=description,
            epilog=f"Examples:\n{lines}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        add_arguments(verb)
        verb.set_defaults(function=function)
    return parser


def _verb(function: Callable[..., int | None], *examples: str) -> Callable[[Adder], Adder]:
    """Register a verb whose arguments the decorated function adds."""

    def register(adder: Adder) -> Adder:
        VERBS[function.__name__.replace("_", "-")] = (function, adder, examples)
        return adder

    return register


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json", dest="as_json", action="store_true", help="Print one JSON document instead of tables."
    )


def _add_file(parser: argparse.ArgumentParser, name: str = "file") -> None:
    parser.add_argument(name, metavar=name.upper(), help=f"Definition: {_DEFINITION}")


def _add_flag(parser: argparse.ArgumentParser, name: str, text: str) -> None:
    parser.add_argument(name, action="store_true", help=text)


def _add_express(parser: argparse.ArgumentParser, what: str) -> None:
    _add_flag(parser, "--express", f"{what} as an EXPRESS workflow.")


def _add_data(parser: argparse.ArgumentParser, option: str, target: str, what: str, default: Any = None) -> None:
    parser.add_argument(option, dest=target, metavar="JSON", default=default, help=f"{what}: JSON text, or @FILE.")


def _add_run(parser: argparse.ArgumentParser) -> None:
    _add_data(parser, "--input", "input_text", "Input", "{}")
    text = "JSON file with a mock result per task, by state name: a value, {Error, Cause}, or a list of these."
    parser.add_argument("--functions", type=Path, metavar="FILE", help=text)
    _add_flag(parser, "--documented", "Follow AWS's documentation where recorded executions contradict it.")
    _add_json(parser)


@_verb(
    verbs.check,
    "check order.asl.json",
    "check statemachines/*.yaml --strict",
    "check template.yaml --json",
    "check - < order.asl.json",
)
def _check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="+", help=f"Definitions: {_DEFINITION}")
    _add_json(parser)
    _add_flag(parser, "--strict", "Treat warnings as errors.")
    _add_express(parser, "Check")


@_verb(verbs.explain, "explain NO_DOLLAR")
def _explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", metavar="CODE", help="Code of a finding, such as NO_DOLLAR.")
    _add_json(parser)


@_verb(
    verbs.diagram,
    "diagram order.asl.json > order.mmd",
    'diagram order.asl.json --out order.svg --title "Orders"',
    'diagram order.asl.json --out late.svg --path "Validate,Charge,Refused"',
)
def _diagram(parser: argparse.ArgumentParser) -> None:
    _add_file(parser)
    parser.add_argument("--format", dest="form", default="", metavar="FORMAT", help="mermaid or svg.")
    text = "File to write; its extension selects the format."
    parser.add_argument("--out", dest="output", type=Path, metavar="FILE", help=text)
    parser.add_argument("--path", default="", help="States of a path to highlight, separated by commas.")
    parser.add_argument("--title", help="Heading; the file's name if left out.")


@_verb(verbs.paths, "paths order.asl.json", "paths 'template.yaml#/Resources/Orders/Properties/Definition' --json")
def _paths(parser: argparse.ArgumentParser) -> None:
    _add_file(parser)
    _add_json(parser)


@_verb(verbs.diff, "diff deployed.json order.asl.json", "diff <(git show main:order.asl.json) order.asl.json")
def _diff(parser: argparse.ArgumentParser) -> None:
    _add_file(parser, "old")
    _add_file(parser, "new")
    _add_json(parser)


@_verb(
    verbs.run,
    "run order.asl.json --input '{\"order\": 1}'",
    "run order.asl.json --input @order.json --functions answers.json --json",
    "run order.asl.json --functions answers.json --out run.html",
)
def _run(parser: argparse.ArgumentParser) -> None:
    _add_file(parser)
    _add_run(parser)
    _add_express(parser, "Run")
    text = "HTML file to write: the path on the diagram, and each state with its data."
    parser.add_argument("--out", dest="output", type=Path, metavar="FILE", help=text)


@_verb(
    verbs.run_state,
    'run-state order.asl.json --state Charge --input @order.json --result \'{"Payload": {"paid": true}}\'',
    "run-state order.asl.json --state Charge --error Throttled --retry-count 2 --level DEBUG",
    "run-state choice.json --input '{\"total\": 10}'",
)
def _run_state(parser: argparse.ArgumentParser) -> None:
    _add_file(parser)
    text = "Name or JSON pointer of the state; not needed for a file with a single state."
    parser.add_argument("--state", metavar="NAME", help=text)
    _add_data(parser, "--result", "result_text", "Mock result of a Task, Parallel or Map")
    parser.add_argument("--error", metavar="NAME", help="Mock failure: the name of the error.")
    parser.add_argument("--cause", default="", metavar="TEXT", help="Cause of the mock failure.")
    _add_data(parser, "--variables", "variables_text", "Variables that can be read")
    _add_data(parser, "--context", "context_text", "Fields of the context object")
    _add_count(parser, "--retry-count", "Retries that the matching retrier has made.")
    _add_count(parser, "--failed-items", "Items of a mocked Map that failed.")
    levels = ("INFO", "DEBUG", "TRACE")
    parser.add_argument(
        "--level", choices=levels, default="INFO", help="Data to show: DEBUG adds the data between steps."
    )
    _add_run(parser)


def _add_count(parser: argparse.ArgumentParser, option: str, text: str) -> None:
    parser.add_argument(option, type=int, default=0, metavar="N", help=text)


@_verb(verbs.cost, "cost order.asl.json", "cost order.asl.json --express")
def _cost(parser: argparse.ArgumentParser) -> None:
    _add_file(parser)
    _add_express(parser, "Price")
    _add_json(parser)


@_verb(verbs.permissions, "permissions order.asl.json", "permissions order.asl.json --json > statements.json")
def _permissions(parser: argparse.ArgumentParser) -> None:
    _add_file(parser)
    _add_json(parser)
