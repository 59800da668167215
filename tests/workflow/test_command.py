"""`booking workflow …` serves people who never write our language: any file, one sentence when it cannot."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.main import run as run_command

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


@pytest.fixture
def machine(tmp_path: Path) -> str:
    """A definition in a file."""
    file = tmp_path / "machine.asl.json"
    file.write_text(json.dumps(MACHINE))
    return str(file)


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    code = run_command(["workflow", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_check_says_nothing_of_a_good_one(capsys: pytest.CaptureFixture[str], machine: str) -> None:
    assert command(capsys, "check", machine) == (0, f"{machine}: nothing to say\n", "")


def test_check_says_where_and_what_to_do(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(MACHINE).replace('"Next": "Done"', '"Next": "Don"'))
    code, out, _ = command(capsys, "check", str(broken), "--json")
    finding = json.loads(out)[str(broken)][0]
    assert (code, finding["severity"], finding["pointer"]) == (1, "error", "/States/Work/Next")
    assert "Done" in finding["remedy"]


def test_a_code_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """However it is spelled; what is no code is a fault of the command."""
    code, out, _ = command(capsys, "explain", "no_dollar", "--json")
    explained = json.loads(out)
    assert (code, explained["code"], explained["severity"]) == (0, "NO_DOLLAR", "warning")
    assert json.loads(explained["example"])["StartAt"] == "A"
    code, _, err = command(capsys, "explain", "NO_DOLAR")
    assert (code, "Did you mean NO_DOLLAR?" in err) == (64, True)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"StartAt": 1}', '{"a":1,"a":2}', "\x00", "{" * 5000])
@pytest.mark.parametrize("verb", ["check", "diagram", "paths", "cost", "permissions"])
def test_no_text_makes_a_traceback(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, verb: str) -> None:
    """Exit code 1 and a sentence, whatever the file holds."""
    file = tmp_path / "any.json"
    file.write_text(text)
    code, out, err = command(capsys, verb, str(file))
    assert code == 1
    assert str(file) in out + err


def test_yaml_is_read_as_json_would_say_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Times stay text; a key that stands twice is refused."""
    file = tmp_path / "machine.yaml"
    file.write_text(YAML)
    assert command(capsys, "check", str(file))[0] == 0
    file.write_text(YAML + "StartAt: Done\n")
    code, _, err = command(capsys, "paths", str(file))
    assert (code, err) == (1, f"{file} is no YAML: StartAt stands twice in one object (line 6, column 1).\n")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("StartAt: A\nStates:\n\tA: 1\n", "This is no YAML: found character '\\t'"),
        ("? [a]\n: 1\n", "This is no YAML: a key is a text (line 1, column 3)."),
        ("a: &a [*a]\n", "a value that contains itself"),
        ("a: .nan\n", "This is no YAML that JSON could say: /a: float nan"),
        ("a: !!binary aGk=\n", "has no counterpart in JSON"),
        ("a: 1\n---\nb: 2\n", "another document"),
        ("a: 1\na: 2\n", "a stands twice in one object (line 2, column 1)."),
    ],
)
def test_what_is_no_yaml_is_a_finding(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, machine: str, text: str, sentence: str
) -> None:
    """With line and column; the other files are checked all the same."""
    file = tmp_path / "machine.yaml"
    file.write_text(text)
    code, out, _ = command(capsys, "check", str(file), machine, "--json")
    (finding,) = json.loads(out)[str(file)]
    assert (code, finding["code"], json.loads(out)[machine]) == (1, "INVALID_JSON_DESCRIPTION", [])
    assert sentence in finding["sentence"]


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
def test_what_yaml_takes_for_granted_is_understood(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str
) -> None:
    """Names that YAML would take for booleans or numbers, anchors, merged keys, CloudFormation's short forms."""
    file = tmp_path / "machine.yml"
    file.write_text(text)
    assert command(capsys, "check", str(file)) == (0, f"{file}: nothing to say\n", "")


def test_standard_input_is_a_file(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        class buffer:  # noqa: N801
            @staticmethod
            def read() -> bytes:
                return json.dumps(MACHINE).encode()

    monkeypatch.setattr("sys.stdin", Stdin)
    code, out, _ = command(capsys, "paths", "-", "--json")
    assert (code, json.loads(out)) == (0, [["Look", "Work", "Done"], ["Look", "Done"]])


def test_diagrams_are_written_where_asked(capsys: pytest.CaptureFixture[str], machine: str, tmp_path: Path) -> None:
    picture = tmp_path / "machine.svg"
    assert command(capsys, "diagram", machine, "--out", str(picture), "--path", "Look,Done")[0] == 0
    assert picture.read_text().startswith("<svg")
    assert command(capsys, "diagram", machine)[1].startswith("flowchart TD")
    assert command(capsys, "diagram", machine, "--format", "png")[0] == 64


def test_diff_says_it_in_words(capsys: pytest.CaptureFixture[str], machine: str, tmp_path: Path) -> None:
    changed = tmp_path / "changed.json"
    document: Any = json.loads(json.dumps(MACHINE))
    document["States"]["Work"]["TimeoutSeconds"] = 7
    changed.write_text(json.dumps(document))
    assert command(capsys, "diff", machine, str(changed))[1] == "Work: its time limit is 7 s now; it was 5 s.\n"
    assert command(capsys, "diff", machine, machine)[1] == "Nothing changed.\n"


def test_run_takes_canned_answers(capsys: pytest.CaptureFixture[str], machine: str, tmp_path: Path) -> None:
    """A list answers one attempt after the other; without an answer the sentence says what to give."""
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


def test_cost_prices_each_way(capsys: pytest.CaptureFixture[str], machine: str) -> None:
    _, out, _ = command(capsys, "cost", machine, "--json")
    assert [(one["transitions"], one["dollars_per_million"]) for one in json.loads(out)] == [(4, 100.0), (3, 75.0)]


def test_permissions_are_statements(capsys: pytest.CaptureFixture[str], machine: str) -> None:
    _, out, _ = command(capsys, "permissions", machine, "--json")
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:work"
    assert json.loads(out) == [{"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": [arn]}]


def test_classes_of_our_language_are_files_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(capsys, "check", "workflow.booking:Booking")[0] == 0
    assert command(capsys, "check", "workflow.booking:Nothing")[0] == 64
    assert command(capsys, "check", "no.such.module:Thing")[0] == 64
    assert command(capsys, "check", "nosuchfile.json")[0] == 64
