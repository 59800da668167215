"""docs/reference/compatibility.md says the versions that pyproject.toml says."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

import components

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "compatibility.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_page_has_the_ranges_of_the_package() -> None:
    """Lower and upper bounds of what a team combines us with."""
    for name in ("pulumi", "pulumi-aws", "pydantic"):
        [asked] = [each for each in PROJECT["dependencies"] if re.match(rf"{name}[<>=]", each)]
        low, high = re.search(r">=([\d.]+),<(\d+)", asked).groups()  # type: ignore[union-attr]
        [line] = [each for each in PAGE.splitlines() if each.startswith(f"| {name} ")]
        assert f"{low} to < {high}" in line, line


def test_the_page_has_the_embedded_aws_and_the_pythons() -> None:
    """The one is pinned; the others are classifiers of the package."""
    [pinned] = [each.partition("==")[2] for each in PROJECT["optional-dependencies"]["local"] if "ministack" in each]
    assert f"| {pinned} exactly" in PAGE
    versions = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert f"| {versions[0]} to {versions[-1]} |" in PAGE


@pytest.mark.parametrize(
    "program", sorted((ROOT / "examples" / "python").glob("*/__main__.py")), ids=lambda at: at.parent.name
)
def test_the_examples_use_only_what_is_promised(program: Path) -> None:
    """A team starts from an example: what that imports must stay."""
    imports = [node for node in ast.walk(ast.parse(program.read_text())) if isinstance(node, ast.ImportFrom)]
    ours = [
        (node.module, each.name) for node in imports for each in node.names if (node.module or "").startswith("comp")
    ]
    assert ours
    assert [(module, name) for module, name in ours if module != "components" or name not in vars(components)] == []
    assert "`components.*` modules beyond what `components/__init__.py` names" in PAGE
