"""`booking workflow check|diagram|paths|diff|run|cost|permissions FILE…`: for any state machine.

A FILE is JSON or YAML, `-` is standard input, and `module:Class` is a workflow of our own language.
"""

import importlib
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workflow import Definition, NotJson, Unbound, Workflow, WorkflowError, parse

from .failures import CommandFailed, UsageRefused
from .options import Json
from .screen import show, table
from .yaml_definitions import NotYaml, definition_from_yaml

if TYPE_CHECKING:
    from workflow.checking import Finding

workflow_app = typer.Typer(
    help="Check, draw, compare, run and price state machines (JSON, YAML, or module:Class).",
    no_args_is_help=True,
)

File = Annotated[
    str, typer.Argument(metavar="FILE", help="Definition: JSON, YAML, - for standard input, or module:Class.")
]
Files = Annotated[list[str], typer.Argument(metavar="FILE…", help="Definitions: JSON, YAML, -, or module:Class.")]


@workflow_app.command()
def check(
    files: Files,
    as_json: Json = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    express: Annotated[bool, typer.Option("--express", help="Check as an EXPRESS workflow.")] = False,
) -> int:
    """Find what AWS refuses and what cannot work; exit code 1 when there is any. `explain CODE` says more."""
    document: dict[str, list[dict[str, str]]] = {}
    failed = False
    for file in files:
        found = _findings(file, express)
        failed = failed or any(strict or finding.severity == "error" for finding in found)
        document[file] = [
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


@workflow_app.command()
def explain(
    code: Annotated[str, typer.Argument(metavar="CODE", help="Code of a finding, such as NO_DOLLAR.")],
    as_json: Json = False,
) -> None:
    """Say what a code of check means, what to do, and show the smallest definition that has it."""
    from workflow.checking.codes import EXPLANATIONS, explanation_of
    from workflow.checking.findings import meant

    explained = explanation_of(code)
    if explained is None:
        hint = meant(code.upper(), EXPLANATIONS, "docs/workflow/codes.md lists all.")
        raise UsageRefused(f"There is no code {code}. {hint}")
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


@workflow_app.command()
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
        raise UsageRefused(f"--format {chosen}: allowed are mermaid and svg.")
    taken = tuple(name.strip() for name in path.split(",") if name.strip())
    definition = definition_of(file)
    heading = title if title is not None else _title(file)
    text = mermaid(definition, taken=taken) if chosen == "mermaid" else svg(definition, taken=taken, title=heading)
    if output is None:
        print(text)
    else:
        _write(output, text)


@workflow_app.command()
def paths(file: File, as_json: Json = False) -> None:
    """List the ways through a state machine."""
    from workflow.pathways import paths as paths_of

    try:
        found = list(paths_of(definition_of(file)))
    except WorkflowError as error:
        raise CommandFailed(f"{file}: {error}.") from None
    show(as_json, [list(path.states) for path in found], lambda _: _print_lines(map(str, found)))


@workflow_app.command()
def diff(old: File, new: File, as_json: Json = False) -> None:
    """Say in words what changed between two definitions."""
    from workflow.comparing import diff as changes_between

    changes = changes_between(definition_of(old), definition_of(new))
    document = [{"what": change.what, "pointer": change.pointer, "sentence": change.sentence} for change in changes]
    lines = [change.sentence for change in changes] or ["Nothing changed."]
    show(as_json, document, lambda _: _print_lines(lines))


@workflow_app.command()
def run(
    file: File,
    given: Annotated[str, typer.Option("--input", help="Input: JSON text, or @FILE.")] = "{}",
    functions: Annotated[
        Path | None,
        typer.Option(
            help="JSON file with each task's answer by its state's name: a value, {Error, Cause}, or a list of these."
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Run a state machine in process, with canned answers for its tasks; exit code 1 when it fails."""
    from workflow.running import run as run_in_process
    from workflow.running.calls import NoFunction

    answers = _answers(functions)
    try:
        ended = run_in_process(definition_of(file), _input(given), answers)
    except NoFunction as error:
        raise UsageRefused(f"{error.args[0]} Give its answer with --functions.") from None
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
        print(_verdict(document))
    return 0 if ended.succeeded else 1


@workflow_app.command()
def cost(
    file: File,
    express: Annotated[bool, typer.Option("--express", help="Price as an EXPRESS workflow.")] = False,
    as_json: Json = False,
) -> None:
    """Price each way through a state machine: state transitions (STANDARD) or duration (EXPRESS)."""
    from workflow.pricing import costs

    try:
        found = costs(definition_of(file), express=express)
    except WorkflowError as error:
        raise CommandFailed(f"{file}: {error}.") from None
    document = [
        {
            "path": list(one.states),
            "transitions": one.transitions,
            "longest_seconds": one.longest_seconds,
            "dollars_per_million": float(one.dollars_per_million),
        }
        for one in found
    ]
    rows = [
        [
            one.way,
            str(one.transitions),
            "" if one.longest_seconds is None else f"{one.longest_seconds:g}",
            f"{one.dollars_per_million:,.2f}",
        ]
        for one in found
    ]
    columns = ["path", "transitions", "at most, s", "$ per million"]
    show(as_json, document, lambda console: console.print(table("What each way costs", columns, rows, columns[1:])))


@workflow_app.command()
def permissions(file: File, as_json: Json = False) -> None:
    """Say what the state machine's role must be allowed to do: exact actions and resources."""
    from workflow.permissions import permissions as permissions_of

    found = permissions_of(definition_of(file))
    rows = [[", ".join(one.actions), "\n".join(one.resources), one.why] for one in found]
    drawn = table("What its role needs", ["actions", "resources", "why"], rows)
    show(as_json, [one.statement() for one in found], lambda console: console.print(drawn))


def definition_of(file: str) -> Definition:
    """The definition that a command was pointed at."""
    try:
        definition = parse(_checkable(file))
    except NotYaml as error:
        raise CommandFailed(f"{file} {error}.") from None
    except NotJson as error:
        raise CommandFailed(f"{file} is no definition: {error}.") from None
    if not isinstance(definition.value, dict) or not isinstance(definition.value.get("States"), dict):
        raise CommandFailed(f"{file} is no state machine: an object with StartAt and States is one.")
    return definition


def _findings(file: str, express: bool) -> "tuple[Finding, ...]":
    """What there is to say of a file, also one that is no YAML."""
    from workflow.checking import Finding
    from workflow.checking import check as findings_of

    try:
        definition = _checkable(file)
    except NotYaml as error:
        return (Finding("INVALID_JSON_DESCRIPTION", "error", "", f"This {error}.", "Mend the YAML."),)
    return findings_of(definition, type="EXPRESS" if express else "STANDARD")


def _checkable(file: str) -> "str | bytes | Definition":
    """JSON text as it is; YAML and classes as definitions."""
    if ":" in file and not Path(file).exists() and file != "-":
        return _from_class(file)
    text = sys.stdin.buffer.read() if file == "-" else _read(Path(file))
    if file.endswith((".yaml", ".yml")) or (file == "-" and not text.lstrip().startswith((b"{", b"["))):
        return definition_from_yaml(text)
    return text


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageRefused(f"{path} cannot be read: {error.strerror}.") from None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageRefused(f"{path} cannot be written: {error.strerror}.") from None


def _from_class(name: str) -> Definition:
    module_name, _, class_name = name.partition(":")
    sys.path.insert(0, os.getcwd())  # noqa: PTH109  # as python -m does
    try:
        found = getattr(importlib.import_module(module_name), class_name, None)
    except WorkflowError as error:
        raise CommandFailed(f"{module_name}: {error}") from None
    except ImportError as error:
        raise UsageRefused(f"{name} is neither a file nor a class that can be imported: {error}.") from None
    if not isinstance(found, type) or not issubclass(found, Workflow):
        raise UsageRefused(f"{name} is no workflow: a subclass of Workflow is one.")
    try:
        return found.definition()
    except (WorkflowError, Unbound) as error:
        raise CommandFailed(f"{name}: {error}") from None


def _input(given: str) -> Any:
    text = _read(Path(given[1:])) if given.startswith("@") else given
    try:
        return parse(text).value
    except NotJson as error:
        raise UsageRefused(f"--input is no JSON: {error}.") from None


def _answers(file: Path | None) -> dict[str, Any]:
    from workflow.running import TaskFailed

    if file is None:
        return {}
    try:
        document = json.loads(_read(file))
    except ValueError as error:
        raise UsageRefused(f"{file} is no JSON: {error}.") from None
    if not isinstance(document, dict):
        raise UsageRefused(f"{file} is no object with an answer for each task.")

    def answering(answers: Any) -> Any:
        waiting = list(answers) if isinstance(answers, list) else None

        def answer(_: Any) -> Any:
            value = answers if waiting is None else waiting.pop(0) if len(waiting) > 1 else waiting[0]
            if isinstance(value, dict) and set(value) <= {"Error", "Cause"} and "Error" in value:
                raise TaskFailed(value["Error"], value.get("Cause", ""))
            return value

        return answer

    return {name: answering(answers) for name, answers in document.items()}


def _title(file: str) -> str:
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
    return table("The path it took", ["state", "attempts", "error", "output"], rows, ["attempts"])


def _verdict(document: dict[str, Any]) -> str:
    seconds = f"{document['duration_seconds']:g} s, {document['transitions']} transitions"
    if document["status"] == "SUCCEEDED":
        return f"SUCCEEDED ({seconds}): {json.dumps(document['output'], ensure_ascii=False)}"
    told = ": ".join(document[key] for key in ("error", "cause") if document[key])
    return f"{document['status']} ({seconds}): {told or 'it names no error'}"
