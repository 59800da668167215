"""`booking workflow check|diagram|paths|diff|run|cost|permissions FILE…`: for any state machine.

A FILE is JSON or YAML, `-` is standard input, and `module:Class` is a workflow of our own language. A template is every
definition that it holds, or one of them, as `FILE#/json/pointer`.

Past 250 lines: one short function for each verb, and what it prints.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from workflow import NotJson, WorkflowError, parse

from .canned_answers import load_mock_results
from .definition_files import STANDARD_INPUT, DefinitionNotFound, read_definition, read_file, read_sources
from .failures import CommandFailed, UsageError
from .options import JsonOption
from .screen import show, table
from .yaml_definitions import InvalidYaml

if TYPE_CHECKING:
    from workflow.checking import Finding, MachineType

workflow_app = typer.Typer(
    help="Check, draw, compare, run and price state machines: JSON, YAML, what a template holds, or module:Class.",
    no_args_is_help=True,
)

_DEFINITION_HELP: Final = (
    "JSON, YAML, a template that holds it (FILE#/json/pointer where it holds several), -, or module:Class."
)
File = Annotated[str, typer.Argument(metavar="FILE", help=f"Definition: {_DEFINITION_HELP}")]
Files = Annotated[list[str], typer.Argument(metavar="FILE…", help=f"Definitions: {_DEFINITION_HELP}")]

_NO_PATH: Final = "No way through it ends."
_FIRST_ROWS: Final = 30
_LAST_ROWS: Final = 10
"""Of a long run, these are shown; `--json` has all."""


def _examples_epilog(*lines: str) -> str:
    """The end of a verb's help; the sign keeps its lines apart."""
    return "\b\nExamples:\n" + "\n".join(f"  booking workflow {line}" for line in lines)


@workflow_app.command(
    epilog=_examples_epilog(
        "check order.asl.json",
        "check statemachines/*.yaml --strict",
        "check template.yaml --json",
        "check - < order.asl.json",
    )
)
def check(
    files: Files,
    as_json: JsonOption = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    express: Annotated[bool, typer.Option("--express", help="Check as an EXPRESS workflow.")] = False,
) -> int:
    """Find what AWS refuses and what cannot work.

    The exit code is 1 when there is an error; `explain CODE` says more about each code.
    """
    document: dict[str, list[dict[str, str]]] = {}
    failed = False
    for name, found in (named for file in dict.fromkeys(files) for named in _lint_file(file, express)):
        failed = failed or any(strict or finding.severity == "error" for finding in found)
        document[name] = [
            {
                "code": finding.code,
                "severity": finding.severity,
                "pointer": finding.pointer,
                "sentence": finding.sentence,
                "remedy": finding.remedy,
            }
            for finding in found
        ]
    show(as_json, document, lambda _: _print_findings(document))
    return 1 if failed else 0


@workflow_app.command(epilog=_examples_epilog("explain NO_DOLLAR"))
def explain(
    code: Annotated[str, typer.Argument(metavar="CODE", help="Code of a finding, such as NO_DOLLAR.")],
    as_json: JsonOption = False,
) -> None:
    """Explain a code of check, with an example."""
    from workflow.checking.codes import EXPLANATIONS, explanation_of
    from workflow.checking.findings import meant

    explained = explanation_of(code)
    if explained is None:
        hint = meant(code.upper(), EXPLANATIONS, "docs/workflow/codes.md lists all.")
        raise UsageError(f"There is no code {code}. {hint}")
    document = {
        "code": code.upper(),
        "severity": explained.severity,
        "meaning": explained.meaning,
        "remedy": explained.remedy,
        "example": explained.example,
        "aws": explained.aws,
    }
    example = [f"Example: {explained.example}"] if explained.can_be_shown else []
    lines = [f"{document['code']} ({explained.severity}): {explained.meaning}", explained.remedy, *example]
    show(as_json, document, lambda _: _print_lines(lines))


@workflow_app.command(
    epilog=_examples_epilog(
        "diagram order.asl.json > order.mmd",
        'diagram order.asl.json --out order.svg --title "Orders"',
        'diagram order.asl.json --out late.svg --path "Validate,Charge,Refused"',
    )
)
def diagram(
    file: File,
    form: Annotated[str, typer.Option("--format", help="mermaid or svg.")] = "",
    output: Annotated[Path | None, typer.Option("--out", help="File to write; its ending decides the format.")] = None,
    path: Annotated[str, typer.Option(help="States of a taken path to highlight, separated by commas.")] = "",
    title: Annotated[str | None, typer.Option(help="Heading; without it the file's name.")] = None,
) -> None:
    """Draw a state machine, as Mermaid or SVG."""
    from workflow.drawing import mermaid, svg

    chosen = form or ("svg" if output is not None and output.suffix == ".svg" else "mermaid")
    if chosen not in ("mermaid", "svg"):
        raise UsageError(f"--format {chosen}: allowed are mermaid and svg.")
    taken = tuple(name.strip() for name in path.split(",") if name.strip())
    definition = read_definition(file)
    heading = title if title is not None else _default_title(file)
    text = mermaid(definition, taken=taken) if chosen == "mermaid" else svg(definition, taken=taken, title=heading)
    if output is None:
        print(text)
    else:
        _write_file(output, text)


@workflow_app.command(
    epilog=_examples_epilog(
        "paths order.asl.json", "paths 'template.yaml#/Resources/Orders/Properties/Definition' --json"
    )
)
def paths(file: File, as_json: JsonOption = False) -> None:
    """List the ways through a state machine."""
    from workflow.pathways import paths as paths_of

    try:
        found = list(paths_of(read_definition(file)))
    except WorkflowError as error:
        raise CommandFailed(f"{file}: {error}.") from None
    show(
        as_json, [list(path.states) for path in found], lambda _: _print_lines(map(str, found) if found else [_NO_PATH])
    )


@workflow_app.command(
    epilog=_examples_epilog("diff deployed.json order.asl.json", "diff <(git show main:order.asl.json) order.asl.json")
)
def diff(old: File, new: File, as_json: JsonOption = False) -> None:
    """Say in words what changed between two definitions."""
    from workflow.comparing import diff as changes_between

    if old == new == STANDARD_INPUT:
        raise UsageError("Only one of the two can be read from standard input.")
    changes = changes_between(read_definition(old), read_definition(new))
    document = [{"what": change.what, "pointer": change.pointer, "sentence": change.sentence} for change in changes]
    lines = [change.sentence for change in changes] or ["Nothing changed."]
    show(as_json, document, lambda _: _print_lines(lines))


@workflow_app.command(
    epilog=_examples_epilog(
        "run order.asl.json --input '{\"order\": 1}'",
        "run order.asl.json --input @order.json --functions answers.json --json",
    )
)
def run(
    file: File,
    input_text: Annotated[str, typer.Option("--input", help="Input: JSON text, or @FILE.")] = "{}",
    functions: Annotated[
        Path | None,
        typer.Option(
            help="JSON file with each task's answer by its state's name: a value, {Error, Cause}, or a list of these."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Run a state machine in process, with canned answers.

    Nothing is called; each task gives what --functions says. The exit code is 1 when the run fails.
    """
    from workflow.running import run as run_in_process
    from workflow.running.calls import NoFunction

    answers = load_mock_results(functions)
    try:
        ended = run_in_process(read_definition(file), _parse_input(input_text), answers)
    except NoFunction as error:
        raise UsageError(f"{error.args[0]} Give its answer with --functions.") from None
    document = {
        "status": ended.status,
        "output": ended.output,
        "error": ended.error,
        "cause": ended.cause,
        "duration_seconds": ended.duration.total_seconds(),
        "transitions": ended.transitions,
        "visits": [
            {
                "state": visit.state,
                "attempts": visit.attempts,
                "input": visit.input,
                "output": visit.output,
                "error": visit.error,
            }
            for visit in ended.visits
        ],
    }
    show(as_json, document, lambda console: console.print(_run_table(document)))
    if not as_json:
        print(_summary(document))
    return 0 if ended.succeeded else 1


@workflow_app.command(epilog=_examples_epilog("cost order.asl.json", "cost order.asl.json --express"))
def cost(
    file: File,
    express: Annotated[bool, typer.Option("--express", help="Price as an EXPRESS workflow.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Price each way through a state machine.

    By state transitions (STANDARD), or by requests and duration (EXPRESS).
    """
    from workflow.pricing import costs

    try:
        found = costs(read_definition(file), express=express)
    except WorkflowError as error:
        raise CommandFailed(f"{file}: {error}.") from None
    document = [
        {
            "path": list(one.states),
            "transitions": one.transitions,
            "transitions_per_item": one.transitions_per_item,
            "longest_seconds": one.longest_seconds,
            "dollars_per_million": float(one.dollars_per_million),
        }
        for one in found
    ]
    rows = [
        [
            one.way,
            f"{one.transitions} + {one.transitions_per_item} × items"
            if one.transitions_per_item
            else str(one.transitions),
            "" if one.longest_seconds is None else f"{one.longest_seconds:g}",
            f"{one.dollars_per_million:,.2f}",
        ]
        for one in found
    ]
    columns = ["path", "transitions", "at most, s", "$ per million"]
    show(as_json, document, lambda console: console.print(table("What each way costs", columns, rows, columns[1:])))


@workflow_app.command(
    epilog=_examples_epilog("permissions order.asl.json", "permissions order.asl.json --json > statements.json")
)
def permissions(file: File, as_json: JsonOption = False) -> None:
    """List what its role must be allowed to do.

    Exact actions and resources; as --json, the statements of a policy.
    """
    from workflow import permissions as permissions_of

    found = permissions_of(read_definition(file))
    rows = [[", ".join(one.actions), "\n".join(one.resources), one.why] for one in found]
    drawn = table("What its role needs", ["actions", "resources", "why"], rows)
    show(as_json, [one.statement() for one in found], lambda console: console.print(drawn))


def _lint_file(file: str, express: bool) -> "Iterator[tuple[str, tuple[Finding, ...]]]":
    """What there is to say of each definition in a file, also where there is none."""
    from workflow.checking import Finding
    from workflow.checking import check as findings_of

    try:
        sources = read_sources(file)
    except InvalidYaml as error:
        yield file, (Finding("INVALID_JSON_DESCRIPTION", "error", "", f"This {error}.", "Mend the YAML."),)
    except DefinitionNotFound as error:
        yield file, (Finding("MISSING_DESCRIPTION", "error", "", f"This {error}.", ""),)
    else:
        for source in sources:
            kind: MachineType = "EXPRESS" if express or source.is_express else "STANDARD"
            yield source.name, findings_of(source.content, type=kind)


def _write_file(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from None


def _parse_input(text: str) -> Any:
    content = read_file(Path(text[1:])) if text.startswith("@") else text
    try:
        return parse(content).value
    except NotJson as error:
        raise UsageError(f"--input is no JSON: {error}.") from None


def _default_title(file: str) -> str:
    return file.rpartition(":")[2] if ":" in file else "" if file == "-" else Path(file).stem


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def _print_findings(document: dict[str, list[dict[str, str]]]) -> None:
    for file, findings in document.items():
        for finding in findings:
            place = finding["pointer"] or "/"
            text = f"{finding['sentence']} {finding['remedy']}".rstrip()
            print(f"{file} {place}: {finding['severity']} {finding['code']}: {text}")
        if not findings:
            print(f"{file}: nothing to say")


def _run_table(document: dict[str, Any]) -> Any:
    rows = [
        [
            visit["state"],
            str(visit["attempts"] or ""),
            visit["error"] or "",
            "" if visit["error"] else json.dumps(visit["output"], ensure_ascii=False),
        ]
        for visit in document["visits"]
    ]
    left_out = len(rows) - _FIRST_ROWS - _LAST_ROWS
    if left_out > 0:
        rows[_FIRST_ROWS:-_LAST_ROWS] = [[f"… {left_out} more", "", "", ""]]
    return table("The path it took", ["state", "attempts", "error", "output"], rows, ["attempts"])


def _summary(document: dict[str, Any]) -> str:
    seconds = f"{document['duration_seconds']:g} s, {document['transitions']} transitions"
    if document["status"] == "SUCCEEDED":
        return f"SUCCEEDED ({seconds}): {json.dumps(document['output'], ensure_ascii=False)}"
    told = ": ".join(document[key] for key in ("error", "cause") if document[key])
    return f"{document['status']} ({seconds}): {told or 'it names no error'}"
