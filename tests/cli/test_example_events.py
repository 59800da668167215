"""The events in `examples/events` have the outcomes that their page states, in the page's order."""

import re

from .conftest import ROOT, Shell, supply

PAGE = (ROOT / "examples" / "events" / "README.md").read_text("utf-8")
EXAMPLES = re.findall(r"^booking run (\S+) +# (\w+)(?:: ([A-Z_]+))?", PAGE, re.MULTILINE)
EXIT_CODES = {"succeeded": 0, "rejected": 2, "unknown": 3}


def test_the_page_lists_every_event() -> None:
    files = [f"examples/events/{path.name}" for path in sorted((ROOT / "examples" / "events").glob("*.json"))]
    assert [name for name, _, _ in EXAMPLES] == files


def test_every_event_has_the_outcome_that_the_page_states(shell: Shell) -> None:
    """Then reconcile settles the unknown outcome, and a repetition is replayed."""
    for sku, price, available in (("MUG", "8.00", 1000), ("TEAPOT", "24.50", 10)):
        supply(shell, sku, price, available)
    shell("stock", "set", "LAMP", "--price", "49.90", "--available", "1")
    for name, status, code in EXAMPLES:
        result = shell("run", str(ROOT / name), "--json")
        assert (result.document["status"], result.exit_code) == (status, EXIT_CODES[status]), result.document
        if code:
            assert result.document["code"] == code
    assert shell("reconcile").exit_code == 0
    again = shell("run", str(ROOT / EXAMPLES[6][0]), "--json").document
    assert (again["status"], again["replayed"]) == ("succeeded", True)


def test_a_repeated_event_moves_money_once(shell: Shell) -> None:
    """The same file is always the same request."""
    supply(shell)
    supply(shell, "TEAPOT", "24.50", 10)
    results = [shell("run", str(ROOT / EXAMPLES[0][0]), "--json").document for _ in range(2)]
    assert results[-1]["replayed"]
    assert shell("show", results[0]["order_id"], "--json").document["captured_minor"] == 4050
