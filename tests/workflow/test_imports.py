"""What a program that writes a workflow with dataclasses and checks it does not import: that is what keeps it quick."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.workflow import CHECK_PROGRAM, SMALL

ROOT = Path(__file__).parents[2]
HEAVY = {
    "asyncio", "decimal", "difflib", "hashlib", "jsonata", "logging", "pathlib", "pydantic", "random", "subprocess",
    "textwrap", "unittest", "uuid", "yaml",
}  # fmt: skip
NOT_ASKED_FOR = {
    "workflow.covered_workflow", "workflow.diagram", "workflow.dsl.backends.jsonpath_backend",
    "workflow.dsl.backends.jsonpath_writing", "workflow.coverage", "workflow.iam", "workflow.cost",
    "workflow.queries.intrinsic_functions", "workflow.interpreter",
}  # fmt: skip


def imported_by(program: str) -> set[str]:
    """The modules that are there when a program of its own has run."""
    asked = f"{program}\nimport sys\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(run.stdout.split())


def test_building_and_checking_dataclasses_imports_no_engine_and_no_other_verb() -> None:
    """Beyond what any interpreter has imported here; the JSONata engine and pydantic come with what needs them."""
    there = imported_by(CHECK_PROGRAM) - imported_by("pass")
    assert {"workflow", "workflow.lint.checker"} <= there
    assert set() == there & (HEAVY | NOT_ASKED_FOR)


@pytest.mark.parametrize(
    ("met", "comes"),
    [
        ("Small.asl(language='JSONPath')", "workflow.dsl.backends.jsonpath_backend"),
        (
            "from workflow.lint import check\n"
            "one = {'Type': 'Succeed', 'Output': '{% $map([1], function($x) {$x}) %}'}\n"
            "check({'QueryLanguage': 'JSONata', 'StartAt': 'A', 'States': {'A': one}})",
            "jsonata",
        ),
    ],
)
def test_what_is_left_out_comes_with_what_needs_it(met: str, comes: str) -> None:
    """So the absence above is no accident of the name."""
    assert comes in imported_by(SMALL + met)
