"""Write the generated parts of docs/explanation/money.md: `python -m tests.domain.money_page`."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from handlers.adapters.sandbox_tokens import TOKENS
from handlers.contracts.metrics import DIMENSIONS, MetricName
from handlers.domain.answers import MEANINGS, OUTCOME_MESSAGES, Code
from handlers.domain.ledger import INTERIM, OPENING, Kind
from handlers.domain.lifecycles import (
    CASE_REASONS,
    CASE_TRANSITIONS,
    DISPUTE_TRANSITIONS,
    ORDER_TRANSITIONS,
    REFUND_TRANSITIONS,
)
from handlers.runtime.request_parsing import ALLOWED

PAGE: Final = Path(__file__).parents[2] / "docs" / "explanation" / "money.md"


def orders() -> str:
    """The life of an order, drawn from the table of transitions."""
    arrows = [(before, after, kind) for (before, kind), afters in ORDER_TRANSITIONS.items() for after in afters]
    return _drawing([(before, after, kind) for before, after, kind in arrows if before is not after])


def refunds() -> str:
    """The life of a refund."""
    return _drawing([(before, after, kind) for (before, kind), after in REFUND_TRANSITIONS.items()])


def disputes() -> str:
    """The life of a dispute."""
    return _drawing([(before, after, kind) for (before, kind), after in DISPUTE_TRANSITIONS.items()])


def cases() -> str:
    """The life of a case."""
    return _drawing([(before, after, kind) for (before, kind), after in CASE_TRANSITIONS.items()])


def reasons() -> str:
    """The reasons of cases."""
    return _table(("reason", "meaning"), [(f"`{reason}`", meaning) for reason, meaning in CASE_REASONS.items()])


def kinds() -> str:
    """The kinds of ledger entries."""
    rows = [(f"`{kind}`", "opening" if kind in OPENING else "reporting", _ends(kind)) for kind in Kind]
    return _table(("entry", "kind", "final for its subject"), rows)


def _ends(kind: Kind) -> str:
    return "no" if kind in OPENING | INTERIM else "yes"


def _drawing(arrows: list[tuple[str | None, str, str]]) -> str:
    lines = [f"    {before or '[*]'} --> {after}: {kind}" for before, after, kind in arrows]
    ends = sorted({after for _, after, _ in arrows} - {before for before, _, _ in arrows if before})
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, *(f"    {end} --> [*]" for end in ends), "```"])


def codes() -> str:
    """Every code with the status that it comes with."""
    status = {code: outcome for outcome, code, _ in OUTCOME_MESSAGES.values() if code} | {
        Code.NOT_EXECUTED: "failed",
        Code.NOT_RECORDED: "unknown",
        Code.NEWER_RELEASE: "failed",
    }
    rows = [(f"`{code}`", status.get(code, "rejected"), meaning) for code, meaning in MEANINGS.items()]
    return _table(("code", "status", "meaning"), rows)


def tokens() -> str:
    """The sandbox's payment methods."""
    return _table(("payment method", "what happens"), [(f"`{name}`", token.meaning) for name, token in TOKENS.items()])


def fields() -> str:
    """Return the table of a request's fields with their allowed values."""
    return _table(("field", "allowed"), [(f"`{name}`", allowed) for name, allowed in ALLOWED.items()])


def metrics() -> str:
    """Return the table of metrics with their dimensions."""
    rows = [(f"`{name}`", f"`Stage`, `{DIMENSIONS[name]}`" if name in DIMENSIONS else "`Stage`") for name in MetricName]
    return _table(("metric", "dimensions"), rows)


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "orders": orders,
    "refunds": refunds,
    "disputes": disputes,
    "cases": cases,
    "reasons": reasons,
    "kinds": kinds,
    "codes": codes,
    "tokens": tokens,
    "fields": fields,
    "metrics": metrics,
}


def render(page: str) -> str:
    """Return the page with every generated part renewed."""

    def part(found: re.Match[str]) -> str:
        name = found[1]
        return f"<!-- generated: {name} -->\n{PARTS[name]()}\n<!-- end -->"

    return re.sub(r"<!-- generated: (\w+) -->\n.*?<!-- end -->", part, page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text()))
