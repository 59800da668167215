"""Bounds on the imported modules, which keep programs and the command quick to start."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.workflow import CHECK_PROGRAM, SMALL
from cli.workflow_arguments import VERBS

ROOT = Path(__file__).parents[2]
HEAVY = {
    "asyncio", "decimal", "difflib", "hashlib", "jsonata", "logging", "pathlib", "pydantic", "random", "subprocess",
    "textwrap", "unittest", "uuid", "yaml",
}  # fmt: skip
UNUSED_MODULES = {
    "workflow.covered_workflow", "workflow.diagram", "workflow.dsl.backends.jsonpath_backend",
    "workflow.dsl.backends.jsonpath_writing", "workflow.coverage", "workflow.iam", "workflow.cost",
    "workflow.queries.intrinsic_functions", "workflow.interpreter",
}  # fmt: skip


def list_imports(program: str) -> set[str]:
    """Return the modules that are imported after a program has run in a new process."""
    listing = f"{program}\nimport sys\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", listing], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(run.stdout.split())


def test_building_and_checking_dataclasses_imports_no_engine_and_no_other_verb() -> None:
    """A program without JSONata functions and pydantic models imports neither the JSONata engine nor pydantic."""
    imported = list_imports(CHECK_PROGRAM) - list_imports("pass")
    assert {"workflow", "workflow.lint.checker"} <= imported
    assert set() == imported & (HEAVY | UNUSED_MODULES)


@pytest.mark.parametrize(
    ("code", "module"),
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
def test_optional_modules_are_imported_when_needed(code: str, module: str) -> None:
    """The modules that the test above excludes are imported when needed, so their names are right."""
    assert module in list_imports(SMALL + code)


OF_OTHER_VERBS = {
    "boto3", "botocore", "click", "components", "handlers", "jsonata", "local", "pulumi", "pydantic", "requests",
    "rich", "typer", "workflow.booking", "workflow.covered_workflow", "workflow.dsl", "yaml",
}  # fmt: skip
"""Modules that no verb needs for a JSON file without JSONata; rich comes with the verbs that print tables."""
MACHINE = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": 1, "End": true}}}'
COMMANDS = {
    "check": ["{file}"], "explain": ["NO_DOLLAR"], "diagram": ["{file}"], "paths": ["{file}"],
    "diff": ["{file}", "{file}"], "run": ["{file}", "--json"], "run-state": ["{file}", "--state", "A"],
    "cost": ["{file}", "--json"], "permissions": ["{file}", "--json"],
}  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_of_the_command_imports_only_what_it_needs(verb: str, tmp_path: Path) -> None:
    file = tmp_path / "machine.json"
    file.write_text(MACHINE)
    arguments = ["workflow", verb, *(part.format(file=file) for part in COMMANDS[verb])]
    program = "import contextlib, io\nfrom stepbooking.command import main\nfrom cli.main import run\n"
    program += f"with contextlib.redirect_stdout(io.StringIO()):\n    assert run({arguments!r}) == 0"
    imported = list_imports(program) - list_imports("pass")
    assert "cli.workflow_arguments" in imported
    assert imported & OF_OTHER_VERBS == set()


def test_yaml_files_import_yaml_and_tables_import_rich(tmp_path: Path) -> None:
    """The modules that the test above excludes are imported when needed, so their names are right."""
    (tmp_path / "machine.yaml").write_text(MACHINE)
    program = f"from cli.main import run\nassert run(['workflow', 'cost', {str(tmp_path / 'machine.yaml')!r}]) == 0"
    assert {"yaml", "rich"} <= list_imports(program)
