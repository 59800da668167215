"""`booking workflow …` works on any definition file, and reports anything that it cannot use in one message."""

import inspect
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from cli.main import run as run_command
from cli.workflow_arguments import VERBS

MACHINE = {
    "StartAt": "Look",
    "States": {
        "Look": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericGreaterThan": 3, "Next": "Work"}],
            "Default": "Done",
        },
        "Work": {
            "Type": "Task",
            "Resource": "arn:aws:lambda:eu-central-1:123456789012:function:work",
            "TimeoutSeconds": 5,
            "Next": "Done",
        },
        "Done": {"Type": "Succeed"},
    },
}
YAML = """
StartAt: Wait
States:
  Wait: {Type: Wait, Timestamp: 2026-11-23T10:00:00Z, Next: Done}
  Done: {Type: Succeed}
"""
BILLION_LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))


@pytest.fixture
def machine(tmp_path: Path) -> str:
    """The path of a file with a definition."""
    file = tmp_path / "machine.asl.json"
    file.write_text(json.dumps(MACHINE))
    return str(file)


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run a command; return its exit code, standard output and standard error."""
    code = run_command(["workflow", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_check_reports_no_findings_for_a_valid_definition(capsys: pytest.CaptureFixture[str], machine: str) -> None:
    assert command(capsys, "check", machine) == (0, f"{machine}: no findings\n", "")


def test_check_reports_location_and_remedy(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(MACHINE).replace('"Next": "Done"', '"Next": "Don"'))
    code, out, _ = command(capsys, "check", str(broken), "--json")
    finding = json.loads(out)[str(broken)][0]
    assert (code, finding["severity"], finding["pointer"]) == (1, "error", "/States/Work/Next")
    assert "Done" in finding["remedy"]


def test_explain_describes_a_code(capsys: pytest.CaptureFixture[str]) -> None:
    """Codes are accepted in any case; an unknown one is a usage error."""
    code, out, _ = command(capsys, "explain", "no_dollar", "--json")
    explained = json.loads(out)
    assert (code, explained["code"], explained["severity"]) == (0, "NO_DOLLAR", "warning")
    assert json.loads(explained["example"])["StartAt"] == "A"
    code, _, err = command(capsys, "explain", "NO_DOLAR")
    assert (code, "Did you mean NO_DOLLAR?" in err) == (64, True)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"StartAt": 1}', '{"a":1,"a":2}', "\x00", "{" * 5000])
@pytest.mark.parametrize("verb", ["check", "diagram", "paths", "cost", "permissions"])
def test_no_file_content_causes_a_traceback(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, verb: str
) -> None:
    """Any content of a file gives exit code 1 and a message that names the file."""
    file = tmp_path / "any.json"
    file.write_text(text)
    code, out, err = command(capsys, verb, str(file))
    assert code == 1
    assert str(file) in out + err


def test_yaml_timestamps_stay_strings_and_duplicate_keys_are_rejected(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "machine.yaml"
    file.write_text(YAML)
    assert command(capsys, "check", str(file))[0] == 0
    file.write_text(YAML + "StartAt: Done\n")
    code, _, err = command(capsys, "paths", str(file))
    assert (code, err) == (1, f"{file} is not valid YAML: StartAt is defined twice in one object (line 6, column 1).\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("StartAt: A\nStates:\n\tA: 1\n", "This is not valid YAML: found character '\\t'"),
        ("? [a]\n: 1\n", "This is not valid YAML: a key must be a string (line 1, column 3)."),
        ("a: &a [*a]\n", "a value that contains itself"),
        ("a: .nan\n", "This is YAML without an equivalent in JSON: /a: float nan"),
        ("a: !!binary aGk=\n", "cannot be represented in JSON"),
        (
            "a: 1\n---\nb: 2\n",
            "This is not valid YAML: expected a single document in the stream, but found another document",
        ),
        ("a: \x80\n", "is not valid YAML"),
        (BILLION_LAUGHS, "is too large for a definition"),
        ("a: 1\na: 2\n", "a is defined twice in one object (line 2, column 1)."),
    ],
)
def test_invalid_yaml_is_a_finding(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, machine: str, text: str, message: str
) -> None:
    """The finding has line and column, and the other files are still checked."""
    file = tmp_path / "machine.yaml"
    file.write_text(text)
    code, out, _ = command(capsys, "check", str(file), machine, "--json")
    (finding,) = json.loads(out)[str(file)]
    assert (code, finding["code"], json.loads(out)[machine]) == (1, "INVALID_JSON_DESCRIPTION", [])
    assert message in finding["sentence"]


@pytest.mark.parametrize(
    "text",
    [
        "StartAt: 'on'\nStates:\n  on: {Type: Pass, End: yes}\n",
        "StartAt: '1'\nStates:\n  1: {Type: Succeed}\n",
        "StartAt: A\nStates:\n  A: &a {Type: Pass, Next: B}\n  B: {<<: *a, Next: C}\n  C: {Type: Succeed}\n",
        "StartAt: A\nStates:\n  A: {Type: Task, Resource: !GetAtt Work.Arn, End: true}\n",
        "StartAt: A\nStates:\n  A: {Type: Task, Resource: !Sub '${Work.Arn}', End: true}\n",
        "StartAt: A\nStates:\n  A: {Type: Wait, Seconds: 1_0, End: true}\n",
    ],
)
def test_yaml_shorthands_are_accepted(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str) -> None:
    """Names that look like booleans or numbers, anchors, merged keys and CloudFormation's short forms are accepted."""
    file = tmp_path / "machine.yml"
    file.write_text(text)
    assert command(capsys, "check", str(file)) == (0, f"{file}: no findings\n", "")


def test_a_dash_reads_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps(MACHINE).encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    code, out, _ = command(capsys, "paths", "-", "--json")
    assert (code, json.loads(out)) == (0, [["Look", "Work", "Done"], ["Look", "Done"]])
    assert command(capsys, "diff", "-", "-")[::2] == (
        64,
        "Only one of the two definitions can be read from standard input.\n",
    )


def test_diagram_writes_to_the_given_file(capsys: pytest.CaptureFixture[str], machine: str, tmp_path: Path) -> None:
    picture = tmp_path / "machine.svg"
    assert command(capsys, "diagram", machine, "--out", str(picture), "--path", "Look,Done")[0] == 0
    assert picture.read_text().startswith("<svg")
    assert command(capsys, "diagram", machine)[1].startswith("flowchart TD")
    assert command(capsys, "diagram", machine, "--format", "png")[0] == 64


def test_diff_prints_sentences(capsys: pytest.CaptureFixture[str], machine: str, tmp_path: Path) -> None:
    changed = tmp_path / "changed.json"
    document: Any = json.loads(json.dumps(MACHINE))
    document["States"]["Work"]["TimeoutSeconds"] = 7
    changed.write_text(json.dumps(document))
    assert command(capsys, "diff", machine, str(changed))[1] == "Work: TimeoutSeconds changed from 5 s to 7 s.\n"
    assert command(capsys, "diff", machine, machine)[1] == "No changes.\n"


def test_run_uses_mock_results(capsys: pytest.CaptureFixture[str], machine: str, tmp_path: Path) -> None:
    """A mock can succeed or fail a task; a missing mock gives a message that names the task and the option."""
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps({"Work": {"done": True}}))
    code, out, _ = command(capsys, "run", machine, "--input", '{"n": 4}', "--functions", str(answers), "--json")
    assert (code, json.loads(out)["output"]) == (0, {"done": True})
    answers.write_text(json.dumps({"Work": {"Error": "Boom", "Cause": "it broke"}}))
    code, out, _ = command(capsys, "run", machine, "--input", '{"n": 4}', "--functions", str(answers))
    assert (code, "FAILED" in out and "Boom: it broke" in out) == (1, True)
    code, _, err = command(capsys, "run", machine, "--input", '{"n": 4}')
    assert (code, "Work" in err and "--functions" in err) == (64, True)
    assert command(capsys, "run", machine, "--input", "{")[0] == 64


def test_run_writes_a_page_without_scripts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A state's name, an error and a cause are escaped, whatever they contain."""
    planted = '<script>alert("x")</script>'
    states = {planted: {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}}
    (tmp_path / "machine.json").write_text(json.dumps({"StartAt": planted, "States": states}))
    (tmp_path / "answers.json").write_text(
        json.dumps({planted: {"Error": planted, "Cause": f"mail a@b.example {planted}"}})
    )
    page = tmp_path / "run.html"
    files = ("--functions", str(tmp_path / "answers.json"), "--out", str(page))
    code, out, _ = command(capsys, "run", str(tmp_path / "machine.json"), "--input", '"in"', *files, "--json")
    assert (code, json.loads(out)["status"]) == (1, "FAILED")
    text = page.read_text("utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "a@b.example" not in text
    assert "data:image/svg+xml;base64," in text
    nowhere = ("--functions", str(tmp_path / "answers.json"), "--out", str(tmp_path / "no" / "run.html"))
    assert command(capsys, "run", str(tmp_path / "machine.json"), *nowhere)[0] == 64


def test_cost_prices_each_path(capsys: pytest.CaptureFixture[str], machine: str) -> None:
    _, out, _ = command(capsys, "cost", machine, "--json")
    assert [(one["transitions"], one["dollars_per_million"]) for one in json.loads(out)] == [(4, 100.0), (3, 75.0)]


def test_permissions_prints_policy_statements(capsys: pytest.CaptureFixture[str], machine: str) -> None:
    _, out, _ = command(capsys, "permissions", machine, "--json")
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:work"
    assert json.loads(out) == [{"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": [arn]}]


def test_workflow_classes_are_accepted_like_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(capsys, "check", "workflow.booking:Booking")[0] == 0
    assert command(capsys, "check", "workflow.booking:Nothing")[0] == 64
    assert command(capsys, "check", "no.such.module:Thing")[0] == 64
    assert command(capsys, "check", "nosuchfile.json")[0] == 64


def test_deeply_nested_yaml_is_rejected(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "machine.yaml"
    file.write_text("[" * 400 + "]" * 400)
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 300)
    try:
        _, _, err = command(capsys, "paths", str(file))
    finally:
        sys.setrecursionlimit(before)
    assert err == f"{file} is nested too deeply for the YAML parser: write it as JSON.\n"


@pytest.mark.parametrize("name", ["machine.YAML", "machine", "machine.template", "machine.asl", "machine.txt"])
def test_yaml_and_json_are_recognised_under_any_suffix(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    """A file that begins like JSON is read as JSON, and any other as YAML, whatever its suffix."""
    file = tmp_path / name
    for text in (YAML, json.dumps(MACHINE), "\ufeff" + YAML, "\ufeff" + json.dumps(MACHINE)):
        file.write_text(text)
        assert command(capsys, "check", str(file)) == (0, f"{file}: no findings\n", "")


def test_unreadable_content_is_reported_in_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """UTF-16, binary data, an empty file and a directory each give one line."""
    file = tmp_path / "machine.json"
    for content, message in (
        (json.dumps(MACHINE).encode("utf-16"), "is not a definition: the text must be UTF-8, got UTF-16 or UTF-32"),
        (json.dumps(MACHINE).encode("utf-16-be"), "is not a definition: the text must be UTF-8, got UTF-16 or UTF-32"),
        (b"\x89PNG\r\n", "is not a definition: byte 0 is not UTF-8"),
        (b" \n", "is empty"),
    ):
        file.write_bytes(content)
        code, out, err = command(capsys, "paths", str(file))
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert f"{file} {message}" in err
    code, _, err = command(capsys, "check", str(tmp_path))
    assert (code, err) == (64, f"{tmp_path} is a directory. Name the files in it, such as {tmp_path}/*.json.\n")


TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Joined:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      DefinitionString: !Join
        - ''
        - - '{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "'
          - !GetAtt Work.Arn
          - '", "End": true}}}'
  Filled:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      DefinitionString: !Sub |
        {"StartAt": "B", "States": {"B": {"Type": "Task", "Resource": "${Work}", "Next": "C"}}}
  Written:
    Type: AWS::Serverless::StateMachine
    Properties:
      Type: EXPRESS
      Definition:
        StartAt: C
        States:
          C: {Type: Task, Resource: arn:aws:states:::sqs:sendMessage.waitForTaskToken, End: true}
"""


def test_definitions_in_a_template_are_found(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Literal, `!Sub` and `!Join` definitions are found by pointer, and EXPRESS machines are checked as such."""
    file = tmp_path / "template.yaml"
    file.write_text(TEMPLATE)
    code, out, _ = command(capsys, "check", str(file), "--json")
    found = {
        name.removeprefix(f"{file}#/Resources/"): {one["code"] for one in findings}
        for name, findings in json.loads(out).items()
    }
    assert code == 1
    assert found["Joined/Properties/DefinitionString"] == set()
    assert "MISSING_TRANSITION_TARGET" in found["Filled/Properties/DefinitionString"]
    assert "EXPRESS_NOT_SUPPORTED" in found["Written/Properties/Definition"]
    code, _, err = command(capsys, "paths", str(file))
    assert (code, "contains 3 definitions. Name one of them" in err) == (64, True)
    one = f"{file}#/Resources/Written/Properties/Definition"
    assert command(capsys, "paths", one) == (0, "C\n", "")
    assert command(capsys, "paths", f"{file}#/Resources/Nothing")[0] == 64


def test_a_template_without_definitions_says_where_to_look(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "template.json"
    file.write_text('{"Resources": {"M": {"Properties": {"DefinitionUri": "m.json"}}}}')
    for verb in ("check", "paths"):
        code, out, err = command(capsys, verb, str(file))
        assert (code, "name the files that its DefinitionUri refers to" in out + err) == (1, True)


def test_a_failing_module_is_reported_in_one_message(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_module_of_a_stranger.py").write_text("1 / 0\n")
    monkeypatch.chdir(tmp_path)
    code, _, err = command(capsys, "check", "broken_module_of_a_stranger:Thing")
    assert (code, err) == (
        1,
        "broken_module_of_a_stranger cannot be imported: ZeroDivisionError: division by zero.\n",
    )


@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "latin-1"])
@pytest.mark.parametrize("verb", ["check", "paths", "diagram", "cost", "run"])
def test_any_character_can_be_printed_in_any_encoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, verb: str
) -> None:
    """A character that the encoding lacks is escaped, and JSON output stays valid JSON."""
    file = tmp_path / "machine.json"
    file.write_text('{"StartAt": "\\ud800\\ud83c\\udf89", "States": {"\\ud800\\ud83c\\udf89": {"Type": "Succeed"}}}')
    for options in ([], ["--json"]):
        if verb == "diagram" and options:
            continue
        written = io.BytesIO()
        stream = io.TextIOWrapper(written, encoding=encoding, write_through=True)
        monkeypatch.setattr("sys.stdout", stream)
        with pytest.raises(SystemExit):
            main(["workflow", verb, str(file), *options])
        text = written.getvalue().decode(encoding)
        assert text
        if options:
            json.loads(text)


def test_every_verb_has_help_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    """Each verb's help has examples that name the verb, and the group's help lists all verbs."""
    _, listed, _ = command(capsys, "--help")
    for verb in VERBS:
        assert f"\n    {verb}" in listed
        code, out, _ = command(capsys, verb, "--help")
        assert code == 0
        assert f"  booking workflow {verb} " in out.partition("Examples:")[2]


def test_a_long_run_shows_only_its_first_and_last_visits(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Only the text output is shortened; JSON contains every visit."""
    file = tmp_path / "machine.json"
    states = {f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}"} for n in range(300)}
    file.write_text(json.dumps({"StartAt": "S0", "States": {**states, "S300": {"Type": "Succeed"}}}))
    code, out, _ = command(capsys, "run", str(file))
    assert (code, out.count("\n") < 100, "S0 " in out, "S300 " in out) == (0, True, True, True)
    assert "… 261 more" in out
    assert len(json.loads(command(capsys, "run", str(file), "--json")[1])["visits"]) == 301


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ('{"Work": []}', "Work must have at least one result, got an empty list."),
        ('{"Work": {"Error": 5}}', "Work: Error must be a string, got 5."),
        ('{"Work": [1, {"Error": "E", "Cause": null}]}', "Work: Cause must be a string, got None."),
        ('{"Work": NaN}', "is not valid JSON: NaN is not JSON."),
        ("[]", "must be an object with a result for each task."),
    ],
)
def test_invalid_mock_results_are_rejected(
    capsys: pytest.CaptureFixture[str], machine: str, tmp_path: Path, answers: str, message: str
) -> None:
    """The command exits before anything runs."""
    file = tmp_path / "answers.json"
    file.write_text(answers)
    code, out, err = command(capsys, "run", machine, "--input", '{"n": 4}', "--functions", str(file))
    assert (code, out) == (64, "")
    assert message in err


def test_an_endless_machine_has_no_paths(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "machine.json"
    file.write_text('{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}')
    assert command(capsys, "paths", str(file)) == (0, "No path reaches an end.\n", "")
    assert json.loads(command(capsys, "paths", str(file), "--json")[1]) == []


def test_run_can_follow_the_documentation(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    file.write_text(json.dumps({"StartAt": "A", "States": {"A": {"Type": "Fail", "ErrorPath": "$.no"}}}))
    printed: list[str] = []
    for options in ([], ["--documented"]):
        assert run_command(["workflow", "run", str(file), *options]) == 1
        printed.append(capsys.readouterr().out)
    assert ["States.Runtime" in printed[0], "States.ParameterPathFailure" in printed[1]] == [True, True]


@pytest.mark.parametrize("names", [("Yes", "No"), ("on", "off"), ("1", "2.5"), ("true", "False")])
def test_yaml_state_names_can_look_like_booleans_or_numbers(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, names: tuple[str, str]
) -> None:
    """As on AWS, `Next: Yes` leads to the state `Yes`, while `End: yes` is a boolean."""
    first, second = names
    file = tmp_path / "order.asl.yml"
    file.write_text(
        f"StartAt: A\nStates:\n  A:\n    Type: Choice\n    Default: {second}\n    Choices:\n"
        f"      - {{Variable: $.x, BooleanEquals: true, Next: {first}}}\n"
        f"  {first}: {{Type: Pass, End: yes}}\n  {second}: {{Type: Fail, Error: {second}}}\n"
    )
    assert run_command(["workflow", "check", str(file)]) == 0, capsys.readouterr().out


TASK = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "Done",
        "Parameters": {"FunctionName": "f", "Payload.$": "$"}, "OutputPath": "$.Payload",
        "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 1, "IntervalSeconds": 4}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Late"}]}  # fmt: skip


@pytest.fixture
def single(tmp_path: Path) -> str:
    file = tmp_path / "state.json"
    file.write_text(json.dumps(TASK))
    return str(file)


def test_run_state_reports_like_the_api(capsys: pytest.CaptureFixture[str], single: str) -> None:
    code, out, _ = command(capsys, "run-state", single, "--input", "{}", "--result", '{"Payload": 1}', "--json")
    assert (code, json.loads(out)) == (0, {"status": "SUCCEEDED", "nextState": "Done", "output": 1})
    code, out, _ = command(capsys, "run-state", single, "--error", "Busy", "--level", "DEBUG", "--json")
    document = json.loads(out)
    assert (code, document["status"], document["error"]) == (0, "RETRIABLE", "Busy")
    assert document["inspectionData"]["errorDetails"] == {"retryIndex": 0, "retryBackoffIntervalSeconds": 4}
    arguments = ("--error", "Busy", "--cause", "too many", "--retry-count", "1")
    code, out, _ = command(capsys, "run-state", single, *arguments)
    assert (code, out.splitlines()[0]) == (0, "CAUGHT_ERROR → Late: Busy: too many")
    code, out, _ = command(capsys, "run-state", single, "--result", "{}")
    assert (code, out.splitlines()[0]) == (
        1,
        "FAILED: States.Runtime: Invalid path '$.Payload' : No results for path: $['Payload']",
    )


def test_run_state_runs_a_state_of_a_machine(capsys: pytest.CaptureFixture[str], machine: str) -> None:
    code, out, _ = command(capsys, "run-state", machine, "--state", "Look", "--input", '{"n": 4}', "--json")
    assert (code, json.loads(out)["nextState"]) == (0, "Work")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--state", "Lok"), "There is no state 'Lok'. Did you mean Look?"),
        ((), "Name the state to run"),
        (("--state", "Look", "--result", "1"), "only a Task, Parallel or Map can have a mock"),
        (("--state", "Work"), "Give its mock result with --result or --functions."),
        (("--state", "Work", "--variables", "[]"), "--variables must be a JSON object."),
        (("--state", "Work", "--retry-count", "x"), "Argument --retry-count: invalid int value: 'x'"),
        (("--state", "Work", "--level", "ALL"), "--level: invalid choice: 'ALL'"),
    ],
)
def test_run_state_explains_invalid_arguments(
    capsys: pytest.CaptureFixture[str], machine: str, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = command(capsys, "run-state", machine, *arguments)
    assert (code, out, message in err) == (64, "", True), err


def test_run_accepts_express(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "machine.json"
    file.write_text(json.dumps({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 900, "End": True}}}))
    assert command(capsys, "run", str(file))[0] == 0
    code, out, _ = command(capsys, "run", str(file), "--express")
    assert (code, "TIMED_OUT (300 s" in out) == (1, True)


def test_mock_results_for_unknown_tasks_are_rejected(
    capsys: pytest.CaptureFixture[str], machine: str, tmp_path: Path
) -> None:
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps({"Wrok": 1}))
    code, _, err = command(capsys, "run", machine, "--functions", str(answers))
    assert (code, "--functions: no task calls 'Wrok'; did you mean 'Work'?" in err) == (64, True)


@pytest.mark.parametrize("arguments", [(), ("chek",), ("check",), ("check", "--strickt", "x")])
def test_an_invalid_command_line_prints_one_message(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    code, out, err = command(capsys, *arguments)
    assert (code, out, "booking workflow" in err) == (64, "", True)
