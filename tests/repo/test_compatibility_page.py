"""docs/reference/compatibility.md has the versions of pyproject.toml."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

import components

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "compatibility.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_page_lists_the_dependency_ranges() -> None:
    for name in ("pulumi", "pulumi-aws", "pydantic"):
        [requirement] = [each for each in PROJECT["dependencies"] if re.match(rf"{name}[<>=]", each)]
        low, high = re.search(r">=([\d.]+),<(\d+)", requirement).groups()  # type: ignore[union-attr]
        [line] = [each for each in PAGE.splitlines() if each.startswith(f"| {name} ")]
        assert f"{low} to < {high}" in line, line


def test_the_page_lists_the_ministack_and_python_versions() -> None:
    """MiniStack is pinned; the Python versions are classifiers of the package."""
    [pinned] = [each.partition("==")[2] for each in PROJECT["optional-dependencies"]["local"] if "ministack" in each]
    assert f"| {pinned} exactly" in PAGE
    versions = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert f"| {versions[0]} to {versions[-1]} |" in PAGE


@pytest.mark.parametrize(
    "program", sorted((ROOT / "examples" / "python").glob("*/__main__.py")), ids=lambda at: at.parent.name
)
def test_the_examples_import_only_public_names(program: Path) -> None:
    """A team starts from an example, so whatever the examples import must stay."""
    imports = [node for node in ast.walk(ast.parse(program.read_text())) if isinstance(node, ast.ImportFrom)]
    imported = [
        (node.module, each.name) for node in imports for each in node.names if (node.module or "").startswith("comp")
    ]
    assert imported
    assert [(module, name) for module, name in imported if module != "components" or name not in vars(components)] == []
    assert "`components.*` modules beyond what `components/__init__.py` names" in PAGE
