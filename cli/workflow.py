"""`booking workflow check|diagram|paths|diff|run|cost|permissions FILE…`, for any state machine.

A FILE is JSON or YAML, `-` is standard input, and `module:Class` is a class in the workflow language. A template stands
for all definitions in it, or for one of them as `FILE#/json/pointer`.

Longer than 250 lines: one short function per verb, with the tables that it prints.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from workflow import NotJson, WorkflowError, parse

from .command_errors import CommandFailed, UsageError
from .definition_files import STANDARD_INPUT, DefinitionNotFound, read_definition, read_file, read_sources
from .mock_results import load_mock_results
from .output import JsonOption, show, table
from .yaml_definitions import InvalidYaml

if TYPE_CHECKING:
    from workflow.lint import Finding, MachineType

workflow_app = typer.Typer(
    help="Check, draw, compare, run and price state machines: JSON, YAML, templates, or module:Class.",
    no_args_is_help=True,
)


def add_commands(app: typer.Typer) -> None:
    """Register the group."""
    app.add_typer(workflow_app, name="workflow")


_DEFINITION_HELP: Final = "JSON, YAML, a template (FILE#/json/pointer if it has several), -, or module:Class."
File = Annotated[str, typer.Argument(metavar="FILE", help=f"Definition: {_DEFINITION_HELP}")]
Files = Annotated[list[str], typer.Argument(metavar="FILE…", help=f"Definitions: {_DEFINITION_HELP}")]

_NO_PATH: Final = "No path reaches an end."
_FIRST_ROWS: Final = 30
_LAST_ROWS: Final = 10
"""Number of rows shown of a long run; `--json` prints all."""


def _examples_epilog(*lines: str) -> str:
    """Return the examples at the end of a verb's help; \\b stops Click from joining the lines."""
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
    strict: Annotated[bool, typer.Option("--strict", help="Treat warnings as errors.")] = False,
    express: Annotated[bool, typer.Option("--express", help="Check as an EXPRESS workflow.")] = False,
) -> int:
    """Find errors that AWS would refuse or that fail at run time.

    The exit code is 1 if there is an error. `explain CODE` describes a code.
    """
    document: dict[str, list[dict[str, str]]] = {}
    failed = False
    for name, findings in (each for file in dict.fromkeys(files) for each in _lint_file(file, express)):
        failed = failed or any(strict or finding.severity == "error" for finding in findings)
        document[name] = [
            {
                "code": finding.code,
                "severity": finding.severity,
                "pointer": finding.pointer,
                "sentence": finding.sentence,
                "remedy": finding.remedy,
            }
            for finding in findings
        ]
    show(as_json, document, lambda _: _print_findings(document))
    return 1 if failed else 0


@workflow_app.command(epilog=_examples_epilog("explain NO_DOLLAR"))
def explain(
    code: Annotated[str, typer.Argument(metavar="CODE", help="Code of a finding, such as NO_DOLLAR.")],
    as_json: JsonOption = False,
) -> None:
    """Describe a code of `check`, with an example."""
    from workflow.asl.suggestions import meant
    from workflow.lint.codes import EXPLANATIONS, explanation_of

    explained = explanation_of(code)
    if explained is None:
        hint = meant(code.upper(), EXPLANATIONS, "docs/reference/workflow/codes.md lists all codes.")
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
    output: Annotated[
        Path | None, typer.Option("--out", help="File to write; its extension selects the format.")
    ] = None,
    path: Annotated[str, typer.Option(help="States of a path to highlight, separated by commas.")] = "",
    title: Annotated[str | None, typer.Option(help="Heading; the file's name if left out.")] = None,
) -> None:
    """Draw a state machine as Mermaid or SVG."""
    from workflow.diagram import mermaid, svg

    chosen = form or ("svg" if output is not None and output.suffix == ".svg" else "mermaid")
    if chosen not in ("mermaid", "svg"):
        raise UsageError(f"--format must be mermaid or svg, got {chosen}.")
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
    """List the paths through a state machine."""
    from workflow.coverage import paths as paths_of

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
    """Describe the changes between two definitions in words."""
    from workflow.changes import diff as changes_between

    if old == new == STANDARD_INPUT:
        raise UsageError("Only one of the two definitions can be read from standard input.")
    changes = changes_between(read_definition(old), read_definition(new))
    document = [{"what": change.what, "pointer": change.pointer, "sentence": change.sentence} for change in changes]
    lines = [change.sentence for change in changes] or ["No changes."]
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
            help="JSON file with a mock result per task, by state name: a value, {Error, Cause}, or a list of these."
        ),
    ] = None,
    documented: Annotated[
        bool,
        typer.Option("--documented", help="Follow AWS's documentation where recorded executions contradict it."),
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Run a state machine in process, with mock results.

    Nothing is called; each task returns its result from --functions. The exit code is 1 if the run fails.
    """
    from workflow.interpreter import run as run_in_process
    from workflow.interpreter.calls import NoFunction
    from workflow.interpreter.task_names import UnknownKey

    results = load_mock_results(functions)
    try:
        finished = run_in_process(read_definition(file), _parse_input(input_text), results, documented=documented)
    except (NoFunction, UnknownKey) as error:
        raise UsageError(f"{error.args[0]} Add its result to the file of --functions.") from None
    document = {
        "status": finished.status,
        "output": finished.output,
        "error": finished.error,
        "cause": finished.cause,
        "duration_seconds": finished.duration.total_seconds(),
        "transitions": finished.transitions,
        "visits": [
            {
                "state": visit.state,
                "attempts": visit.attempts,
                "input": visit.input,
                "output": visit.output,
                "error": visit.error,
            }
            for visit in finished.visits
        ],
    }
    show(as_json, document, lambda console: console.print(_run_table(document)))
    if not as_json:
        print(_summary(document))
    return 0 if finished.succeeded else 1


@workflow_app.command(epilog=_examples_epilog("cost order.asl.json", "cost order.asl.json --express"))
def cost(
    file: File,
    express: Annotated[bool, typer.Option("--express", help="Price as an EXPRESS workflow.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Price each path through a state machine.

    STANDARD workflows cost per state transition, EXPRESS ones per request and duration.
    """
    from workflow.cost import costs

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
    columns = ["path", "transitions", "max. seconds", "$ per million"]
    show(as_json, document, lambda console: console.print(table("Cost of each path", columns, rows, columns[1:])))


@workflow_app.command(
    epilog=_examples_epilog("permissions order.asl.json", "permissions order.asl.json --json > statements.json")
)
def permissions(file: File, as_json: JsonOption = False) -> None:
    """List the permissions that the machine's role needs.

    With exact actions and resources; --json prints them as statements of a policy.
    """
    from workflow import permissions as permissions_of

    found = permissions_of(read_definition(file))
    rows = [[", ".join(one.actions), "\n".join(one.resources), one.why] for one in found]
    drawn = table("Permissions of the role", ["actions", "resources", "why"], rows)
    show(as_json, [one.statement() for one in found], lambda console: console.print(drawn))


def _lint_file(file: str, express: bool) -> "Iterator[tuple[str, tuple[Finding, ...]]]":
    """Yield each definition in a file with its findings; a file without a definition is a finding too."""
    from workflow.lint import Finding
    from workflow.lint import check as findings_of

    try:
        sources = read_sources(file)
    except InvalidYaml as error:
        yield file, (Finding("INVALID_JSON_DESCRIPTION", "error", "", f"This {error}.", "Correct the YAML."),)
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
        raise UsageError(f"--input is not valid JSON: {error}.") from None


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
            print(f"{file}: no findings")


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
    hidden = len(rows) - _FIRST_ROWS - _LAST_ROWS
    if hidden > 0:
        rows[_FIRST_ROWS:-_LAST_ROWS] = [[f"… {hidden} more", "", "", ""]]
    return table("Path", ["state", "attempts", "error", "output"], rows, ["attempts"])


def _summary(document: dict[str, Any]) -> str:
    seconds = f"{document['duration_seconds']:g} s, {document['transitions']} transitions"
    if document["status"] == "SUCCEEDED":
        return f"SUCCEEDED ({seconds}): {json.dumps(document['output'], ensure_ascii=False)}"
    reason = ": ".join(document[key] for key in ("error", "cause") if document[key])
    return f"{document['status']} ({seconds}): {reason or 'without an error name'}"
