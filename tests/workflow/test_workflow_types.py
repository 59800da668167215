"""Types are enforced: strict mypy and pyright accept correct workflows and report each beginner's mistake."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.workflow.beginners_mistakes import MISTAKES
from workflow import WorkflowError, check

HERE: Final = Path(__file__).parent
ROOT: Final = Path(__file__).parents[2]
RIGHT, WRONG = HERE / "typing" / "right.py", HERE / "typing" / "wrong.py"
BEGINNERS: Final = HERE / "beginners_mistakes.py"
MARKED: Final = {number for number, line in enumerate(WRONG.read_text().splitlines(), 1) if "# wrong" in line}
FILES: Final = (str(RIGHT), str(WRONG), str(BEGINNERS))


def errors_of_mypy() -> set[tuple[str, int]]:
    """Return the file and line of each error that mypy reports."""
    command = [sys.executable, "-m", "mypy", "--hide-error-context", "--no-error-summary", *FILES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = re.findall(r"^(.+?):(\d+): error:", done.stdout, re.M)
    return {(Path(file).name, int(line)) for file, line in found}


def errors_of_pyright() -> set[tuple[str, int]]:
    """Return the file and line of each error that pyright reports; unused expressions are not type errors."""
    command = [sys.executable, "-m", "pyright", "--outputjson", *FILES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["generalDiagnostics"]
    return {
        (Path(one["file"]).name, one["range"]["start"]["line"] + 1)
        for one in found
        if one["severity"] == "error" and one.get("rule") != "reportUnusedExpression"
    }


@pytest.fixture(scope="module")
def type_errors() -> dict[str, set[tuple[str, int]]]:
    """The errors of both type checkers, each run once."""
    return {"mypy": errors_of_mypy(), "pyright": errors_of_pyright()}


def lines_of_mistakes() -> Iterator[tuple[str, range]]:
    """Yield the name and lines of each function that makes a mistake."""
    for node in ast.parse(BEGINNERS.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name in MISTAKES:
            yield node.name, range(node.lineno, (node.end_lineno or node.lineno) + 1)


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_type_checkers_report_exactly_the_marked_lines(
    checker: str, type_errors: dict[str, set[tuple[str, int]]]
) -> None:
    found = {(file, line) for file, line in type_errors[checker] if file != BEGINNERS.name}
    assert {("wrong.py", line) for line in MARKED} == found


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_type_checkers_find_exactly_the_mistakes_listed_for_them(
    checker: str, type_errors: dict[str, set[tuple[str, int]]]
) -> None:
    lines = {line for file, line in type_errors[checker] if file == BEGINNERS.name}
    mistaken = {name: set(span) for name, span in lines_of_mistakes()}
    found = {name for name, span in mistaken.items() if span & lines}
    assert found == {name for name, (_, finders) in MISTAKES.items() if checker in finders}
    assert lines <= set().union(*mistaken.values()), "errors outside the mistakes"


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_found_before_anything_is_deployed(name: str) -> None:
    """Creating the class raises an error that points into it, or `check` has a finding."""
    mistake, finders = MISTAKES[name]
    if "import" not in finders:
        found = {"check"} if check(mistake()) else set()
        assert found == finders & {"check"}
        return
    with pytest.raises(WorkflowError) as error:
        mistake()
    file, line = error.value.source or ("", 0)
    assert Path(file) == BEGINNERS
    assert line in dict(lines_of_mistakes())[name]


def test_there_are_33_mistakes_and_none_goes_unnoticed() -> None:
    assert len(MISTAKES) == 33
    assert [name for name, (_, finders) in MISTAKES.items() if not finders] == []
