"""The import contracts between packages, and rules for the length and order of files."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import grimp

from tests.environment import LONGEST_FIRST

ROOT = Path(__file__).parents[2]
LINT = Path(sys.executable).parent / "lint-imports"


def test_the_import_contracts_hold() -> None:
    """Every module keeps the contracts in pyproject.toml (ARCHITECTURE, Folders)."""
    ran = subprocess.run([str(LINT), "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_program_is_short_and_has_no_logic() -> None:
    """`__main__.py` has at most 100 lines, no `apply` and no dictionaries."""
    text = (ROOT / "__main__.py").read_text("utf-8")
    assert len(text.splitlines()) <= 100
    assert ".apply(" not in text
    assert "{" not in text.replace("{}", "")


def test_files_over_250_lines_state_a_reason() -> None:
    """The docstring gives the reason; whoever makes a file long decides whether to split it."""
    listed = subprocess.run(
        ["git", "ls-files", "*.py", ":!tests"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    texts = {name: (ROOT / name).read_text("utf-8") for name in listed.stdout.split() if (ROOT / name).exists()}
    long = {name: text for name, text in texts.items() if text.count("\n") > 250}
    docstrings = {name: ast.get_docstring(ast.parse(text)) or "" for name, text in long.items()}
    assert [
        name for name, docstring in docstrings.items() if not re.search(r"250 lines|\blong(er)?\b", docstring, re.I)
    ] == []


def test_the_test_files_that_start_first_exist() -> None:
    """A renamed file would start last, and one worker would wait for the other."""
    assert [file for file in LONGEST_FIRST if not (ROOT / "tests" / file).exists()] == []


def test_the_workflow_package_has_no_import_cycles() -> None:
    """There are none among the imports for type checkers either."""
    graph = grimp.build_graph("workflow", cache_dir=None)
    assert sorted(module for module in graph.modules if _imports_back(graph, module)) == []


def _imports_back(graph: grimp.ImportGraph, module: str) -> bool:
    """Return true if a module that this one imports leads back to it."""
    return any(graph.chain_exists(imported, module) for imported in graph.find_modules_directly_imported_by(module))
