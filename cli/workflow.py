"""The verbs of `booking workflow`, for any state machine. Their arguments are in workflow_arguments.py.

A FILE is JSON or YAML, `-` is standard input, and `module:Class` is a class in the workflow language. A template stands
for all its definitions, or for one of them as `FILE#/json/pointer`.

Longer than 250 lines: one short function per verb, with the tables that it prints.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workflow.asl.definition import parse
from workflow.asl.json_type import Json
from workflow.asl.json_values import JsonObject, NotJson
from workflow.failures import WorkflowError

from .command_errors import CommandFailed, UsageError
from .definition_files import STANDARD_INPUT, read_definition, read_file, read_sources, read_state
from .json_output import print_json
from .template_definitions import DefinitionNotFound, InvalidYaml

if TYPE_CHECKING:
    from workflow.interpreter import Run, StateRun
    from workflow.lint import LintFinding, MachineType

_NO_PATH: Final = "No path reaches an end."
_FIRST_ROWS: Final = 30
_LAST_ROWS: Final = 10
"""Number of rows shown of a long run; `--json` prints all."""
_HTTP_FIELDS: Final = ("request", "response")


def check(files: list[str], as_json: bool = False, strict: bool = False, express: bool = False) -> int:
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
    if as_json:
        print_json(document)
    else:
        _print_findings(document)
    return 1 if failed else 0


def explain(code: str, as_json: bool = False) -> None:
    """Describe a code of `check`, with an example."""
    from workflow.asl.suggestions import suggest
    from workflow.lint.codes import EXPLANATIONS, explanation_of

    explained = explanation_of(code)
    if explained is None:
        hint = suggest(code.upper(), EXPLANATIONS, "docs/reference/workflow/codes.md lists all codes.")
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
    _show(as_json, document, lines)


def diagram(file: str, form: str = "", output: Path | None = None, path: str = "", title: str | None = None) -> None:
    """Draw a state machine as Mermaid or SVG."""
    from workflow.diagram import mermaid, svg

    chosen = form or ("svg" if output is not None and output.suffix == ".svg" else "mermaid")
    if chosen not in ("mermaid", "svg"):
        raise UsageError(f"--format must be mermaid or svg, got {chosen}.")
    states = tuple(name.strip() for name in path.split(",") if name.strip())
    definition = read_definition(file)
    heading = title if title is not None else _default_title(file)
    text = mermaid(definition, taken=states) if chosen == "mermaid" else svg(definition, taken=states, title=heading)
    if output is None:
        print(text)
    else:
        _write_file(output, text)


def paths(file: str, as_json: bool = False) -> None:
    """List the paths through a state machine."""
    from workflow.coverage import paths as paths_of

    try:
        found = list(paths_of(read_definition(file)))
    except WorkflowError as error:
        raise CommandFailed(f"{file}: {error}.") from None
    _show(as_json, [list(path.states) for path in found], map(str, found) if found else [_NO_PATH])


def diff(old: str, new: str, as_json: bool = False) -> None:
    """Describe the changes between two definitions in words."""
    from workflow.changes import diff as changes_between

    if old == new == STANDARD_INPUT:
        raise UsageError("Only one of the two definitions can be read from standard input.")
    changes = changes_between(read_definition(old), read_definition(new))
    document = [{"what": change.what, "pointer": change.pointer, "sentence": change.sentence} for change in changes]
    _show(as_json, document, [change.sentence for change in changes] or ["No changes."])


def run(
    file: str,
    input_text: str = "{}",
    functions: Path | None = None,
    documented: bool = False,
    express: bool = False,
    as_json: bool = False,
    output: Path | None = None,
) -> int:
    """Run a state machine in process, with mock results.

    Nothing is called; each task returns its result from --functions. --out writes a page with the path on the diagram.
    The exit code is 1 if the run fails.
    """
    from workflow.interpreter import CannotRun
    from workflow.interpreter import run as run_in_process
    from workflow.interpreter.calls import NoFunction
    from workflow.interpreter.task_names import UnknownKey

    from .mock_results import load_mock_results

    results = load_mock_results(functions)
    given = _parse_json("--input", input_text)
    try:
        finished = run_in_process(
            read_definition(file), given, results, type="EXPRESS" if express else "STANDARD", documented=documented
        )
    except NoFunction as error:
        raise UsageError(f"{error.args[0]} Add its result to the file of --functions.") from None
    except UnknownKey as error:
        raise UsageError(f"--{error}") from None
    except CannotRun as error:
        raise UsageError(str(error)) from None
    if output is not None:
        _write_file(output, _run_page(file, finished, given))
    document = _run_document(finished)
    if as_json:
        print_json(document)
    else:
        columns = ["state", "attempts", "error", "output"]
        _print_table("Path", columns, _visit_rows(document), ["attempts"])
        print(_summary(document))
    return 0 if finished.succeeded else 1


def run_state(
    file: str,
    state: str | None = None,
    input_text: str = "{}",
    result_text: str | None = None,
    error: str | None = None,
    cause: str = "",
    variables_text: str | None = None,
    context_text: str | None = None,
    retry_count: int = 0,
    failed_items: int = 0,
    functions: Path | None = None,
    level: str = "INFO",
    documented: bool = False,
    as_json: bool = False,
) -> int:
    """Run a single state with a mock result or failure, like AWS's TestState.

    The status is SUCCEEDED, CAUGHT_ERROR, RETRIABLE or FAILED. The exit code is 1 if it is FAILED.
    """
    from workflow.interpreter import CannotRun, Fault
    from workflow.interpreter import run_state as run_in_process
    from workflow.interpreter.calls import NoFunction
    from workflow.interpreter.task_names import UnknownKey

    from .mock_results import load_mock_results

    mock = {} if result_text is None else {"result": _parse_json("--result", result_text)}
    try:
        ran = run_in_process(
            read_state(file),
            _parse_json("--input", input_text),
            state=state,
            fault=None if error is None else Fault(error=error, cause=cause),
            functions=load_mock_results(functions),
            variables=_parse_object("--variables", variables_text),
            context=_parse_object("--context", context_text),
            retry_count=retry_count,
            failed_items=failed_items,
            documented=documented,
            **mock,
        )
    except NoFunction as problem:
        raise UsageError(f"{problem.args[0]} Give its mock result with --result or --functions.") from None
    except UnknownKey as problem:
        raise UsageError(f"--{problem}") from None
    except CannotRun as problem:
        raise UsageError(str(problem)) from None
    document = _state_document(ran, level)
    _show(as_json, document, _state_lines(document))
    return 1 if ran.status == "FAILED" else 0


def cost(file: str, express: bool = False, as_json: bool = False) -> None:
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
            "longest_seconds": one.max_seconds,
            "dollars_per_million": float(one.dollars_per_million),
        }
        for one in found
    ]
    rows = [
        [
            one.path,
            f"{one.transitions} + {one.transitions_per_item} × items"
            if one.transitions_per_item
            else str(one.transitions),
            "" if one.max_seconds is None else f"{one.max_seconds:g}",
            f"{one.dollars_per_million:,.2f}",
        ]
        for one in found
    ]
    columns = ["path", "transitions", "max. seconds", "$ per million"]
    if as_json:
        print_json(document)
    else:
        _print_table("Cost of each path", columns, rows, columns[1:])


def permissions(file: str, as_json: bool = False) -> None:
    """List the permissions that the machine's role needs.

    With exact actions and resources; --json prints them as statements of a policy.
    """
    from workflow.iam import permissions as permissions_of

    found = permissions_of(read_definition(file))
    if as_json:
        print_json([one.statement() for one in found])
        return
    rows = [[", ".join(one.actions), "\n".join(one.resources), one.reason] for one in found]
    _print_table("Permissions of the role", ["actions", "resources", "why"], rows)


def _lint_file(file: str, express: bool) -> "Iterator[tuple[str, tuple[LintFinding, ...]]]":
    """Yield each definition in a file with its findings; a file without a definition is a finding too."""
    from workflow.lint import LintFinding
    from workflow.lint import check as findings_of

    try:
        sources = read_sources(file)
    except InvalidYaml as error:
        yield file, (LintFinding("INVALID_JSON_DESCRIPTION", "error", "", f"This {error}.", "Correct the YAML."),)
    except DefinitionNotFound as error:
        yield file, (LintFinding("MISSING_DESCRIPTION", "error", "", f"This {error}.", ""),)
    else:
        for source in sources:
            kind: MachineType = "EXPRESS" if express or source.is_express else "STANDARD"
            yield source.name, findings_of(source.content, type=kind)


def _write_file(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from None


def _parse_json(option: str, text: str) -> Any:
    content = read_file(Path(text[1:])) if text.startswith("@") else text
    try:
        return parse(content).value
    except NotJson as error:
        raise UsageError(f"{option} is not valid JSON: {error}.") from None


def _parse_object(option: str, text: str | None) -> JsonObject:
    value: Json = {} if text is None else _parse_json(option, text)
    if not isinstance(value, dict):
        raise UsageError(f"{option} must be a JSON object.")
    return value


def _default_title(file: str) -> str:
    return file.rpartition(":")[2] if ":" in file else "" if file == "-" else Path(file).stem


def _show(as_json: bool, document: Any, lines: Iterable[str]) -> None:
    if as_json:
        print_json(document)
        return
    for line in lines:
        print(line)


def _print_table(title: str, columns: Sequence[str], rows: list[list[str]], right: Sequence[str] = ()) -> None:
    from .output import stdout_console, table

    stdout_console().print(table(title, columns, rows, right))


def _print_findings(document: dict[str, list[dict[str, str]]]) -> None:
    for file, findings in document.items():
        for finding in findings:
            place = finding["pointer"] or "/"
            text = f"{finding['sentence']} {finding['remedy']}".rstrip()
            print(f"{file} {place}: {finding['severity']} {finding['code']}: {text}")
        if not findings:
            print(f"{file}: no findings")


def _run_document(finished: "Run") -> dict[str, Any]:
    return {
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


def _run_page(file: str, finished: "Run", given: Json) -> str:
    from console.rendering import render_report
    from console.trace import trace_of_run

    trace = trace_of_run(_default_title(file) or "standard input", finished, given)
    return render_report("execution_report.html", trace=trace, source=file, read_at=datetime.now(UTC))


def _visit_rows(document: Mapping[str, Any]) -> list[list[str]]:
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
    return rows


def _summary(document: Mapping[str, Any]) -> str:
    seconds = f"{document['duration_seconds']:g} s, {document['transitions']} transitions"
    if document["status"] == "SUCCEEDED":
        return f"SUCCEEDED ({seconds}): {json.dumps(document['output'], ensure_ascii=False)}"
    return f"{document['status']} ({seconds}): {_reason(document)}"


def _reason(document: Mapping[str, Any]) -> str:
    return ": ".join(document[key] for key in ("error", "cause") if document.get(key)) or "without an error name"


def _state_document(ran: "StateRun", level: str) -> dict[str, Any]:
    """Return the outcome under the names of the TestState API, with the data that the level shows."""
    document = {"status": ran.status, "error": ran.error, "cause": ran.cause, "nextState": ran.next_state}
    shown: dict[str, Any] = {key: value for key, value in document.items() if value is not None}
    if ran.status in ("SUCCEEDED", "CAUGHT_ERROR"):
        shown["output"] = ran.output
    if level != "INFO":
        hidden = () if level == "TRACE" else _HTTP_FIELDS
        shown["inspectionData"] = {key: value for key, value in ran.inspection.items() if key not in hidden}
    return shown


def _state_lines(document: Mapping[str, Any]) -> Iterator[str]:
    onward = f" → {document['nextState']}" if "nextState" in document else ""
    yield f"{document['status']}{onward}" + (f": {_reason(document)}" if "error" in document else "")
    if "output" in document:
        yield f"output: {json.dumps(document['output'], ensure_ascii=False)}"
    for name, value in document.get("inspectionData", {}).items():
        yield f"{name}: {json.dumps(value, ensure_ascii=False)}"
