"""Each law has a test that names it in its docstring, and one that pays through Stripe's adapter.

The latter runs over the double of Stripe: it is marked `over_gateways` (tests/handlers/conftest.py), or it is one of
Stripe's own (tests/handlers/stripe).
"""

import ast
import re
from collections.abc import Iterable, Iterator
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
    39: "two releases", 40: "no closed day", 41: "events commute", 42: "erased is erased",
    43: "true answers", 44: "declines cost nothing", 45: "a burst is late",
}  # fmt: skip


_PLACES = ("domain", "handlers", "handlers/stripe")


def _tests(*places: str) -> Iterator[ast.FunctionDef]:
    for place in places:
        for path in (TESTS / place).glob("test_*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    yield node


def _laws_of(tests: Iterable[ast.FunctionDef]) -> set[tuple[int, str]]:
    """Return the laws that tests name, by number and name."""
    texts = (" ".join((ast.get_docstring(test) or "").split()) for test in tests)
    return {(int(number), name) for text in texts for number, name in re.findall(r"[Ll]aw (\d+) \(([a-z -]+)\)", text)}


def _runs_over_gateways(test: ast.FunctionDef) -> bool:
    return any("mark.over_gateways" in ast.unparse(each) for each in test.decorator_list)


def test_every_law_has_a_test() -> None:
    """A docstring names each law by number and name."""
    assert set(range(1, 46)) == LAWS.keys()
    assert set(LAWS.items()) - _laws_of(_tests(*_PLACES)) == set()


def test_every_law_has_a_test_that_pays_through_stripe() -> None:
    """Each law has a test whose requests pass through the gateway's adapter."""
    over_gateways = filter(_runs_over_gateways, _tests("handlers"))
    assert set(LAWS.items()) - _laws_of((*over_gateways, *_tests("handlers/stripe"))) == set()


def test_every_money_test_has_a_docstring() -> None:
    """The name states the outcome, the docstring the law."""
    assert [test.name for test in _tests("domain", "handlers") if not ast.get_docstring(test)] == []
