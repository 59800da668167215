"""LAWS, counted: each that is built has a test that names it in its docstring."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
LAWS = {
    1: "cap", 2: "positive integer", 3: "default amount", 4: "boundary", 5: "partials compose", 6: "line caps",
    7: "allocation conserves", 8: "replay", 9: "key reuse", 10: "canonical", 11: "in flight",
    12: "validation is not stored", 13: "no expiry", 14: "linearizable", 15: "ambiguity", 16: "definite decline",
    17: "reversal", 18: "conservation", 19: "reconcile", 20: "crash and redrive", 21: "fold", 22: "append-only",
    23: "audit completeness", 24: "stock", 25: "price honesty", 26: "window", 27: "currency",
    29: "late reversals", 33: "authorise", 36: "disputes", 37: "cases", 38: "orphans",
    28: "isolation", 30: "key life", 31: "room", 32: "stock commutes", 34: "pending is not unknown", 35: "approval",
    39: "two releases", 40: "no closed day", 42: "erased is erased",
    43: "true answers", 44: "declines cost nothing", 45: "a burst is late",
}  # fmt: skip


def _docstrings() -> Iterator[tuple[str, str]]:
    """Yield each test's name and docstring."""
    for path in [*(TESTS / "domain").glob("test_*.py"), *(TESTS / "handlers").glob("test_*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield node.name, ast.get_docstring(node) or ""


def test_every_law_has_a_test() -> None:
    """A test of each law says its number and name."""
    named = {
        (int(number), name)
        for _, docstring in _docstrings()
        for number, name in re.findall(r"[Ll]aw (\d+) \(([a-z -]+)\)", docstring)
    }
    assert set(LAWS.items()) - named == set()


def test_every_test_of_the_money_says_what_it_defends() -> None:
    """A test is a sentence, its docstring the law."""
    assert [name for name, docstring in _docstrings() if not docstring] == []
