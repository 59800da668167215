"""`Any` switches the type checker off, so each package has a maximum number of them per 1,000 lines."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAXIMUMS = {"local": 8.0}
"""`Any`s per 1,000 lines. boto3's clients and MiniStack's modules have no types; both are named once, as protocols."""


@pytest.mark.parametrize("package", MAXIMUMS)
def test_any_stays_below_the_maximum(package: str) -> None:
    """Lower the maximum with the figure; never raise it: use `object`, a protocol or a type alias."""
    sources = [file.read_text() for file in sorted((ROOT / package).rglob("*.py"))]
    lines = sum(source.count("\n") for source in sources)
    found = sum(_is_any(node) for source in sources for node in ast.walk(ast.parse(source)))
    assert 1000 * found / lines <= MAXIMUMS[package], f"{found} in {lines} lines"


def _is_any(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "Any"
