"""Joins and references are typed: mypy and pyright, both strict, see what is right and what is wrong."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "typing"
ROOT = Path(__file__).parents[2]
RIGHT, WRONG = HERE / "right.py", HERE / "wrong.py"
MARKED = {number for number, line in enumerate(WRONG.read_text().splitlines(), 1) if "# wrong" in line}


def errors_of_mypy() -> set[tuple[str, int]]:
    """File and line of each error that mypy reports."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--hide-error-context", "--no-error-summary", str(RIGHT), str(WRONG)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = re.findall(r"^(.+?):(\d+): error:", done.stdout, re.M)
    return {(Path(file).name, int(line)) for file, line in found}


def errors_of_pyright() -> set[tuple[str, int]]:
    """File and line of each error that pyright reports; unused expressions are no matter of types."""
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", str(RIGHT), str(WRONG)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = json.loads(done.stdout)["generalDiagnostics"]
    return {
        (Path(one["file"]).name, one["range"]["start"]["line"] + 1)
        for one in found
        if one["severity"] == "error" and one.get("rule") != "reportUnusedExpression"
    }


@pytest.mark.parametrize("errors_of", [errors_of_mypy, errors_of_pyright])
def test_wrong_joins_and_misspelled_fields_are_type_errors(errors_of: object) -> None:
    """Every marked line is an error, and nothing else is."""
    assert {("wrong.py", line) for line in MARKED} == errors_of()  # type: ignore[operator]
