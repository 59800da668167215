"""Show what a request would do to an order as it is now, without an execution."""

from typing import Any, Final

from handlers.domain.answers import Answer
from handlers.domain.ports import Change

from .command_errors import EXIT_CODES
from .output import show, table

PREVIEW: Final = "dry-run"
"""The execution that an entry of a preview names."""


def show_preview(outcome: Change | Answer, *, as_json: bool) -> int:
    """Print the entry that the ledger would get, or the answer, and return the exit code of that answer."""
    document = _describe(outcome)
    rows = [(name.replace("_", " "), str(value)) for name, value in document.items() if value not in (None, "")]
    show(as_json, document, lambda console: console.print(table("Nothing was changed", ("", ""), rows)))
    return EXIT_CODES[outcome.status] if isinstance(outcome, Answer) else 0


def _describe(outcome: Change | Answer) -> dict[str, Any]:
    if isinstance(outcome, Answer):
        return {**outcome.as_json(), "dry_run": True}
    entry = outcome.after.ledger[-1]
    return {
        "dry_run": True,
        "entry": entry.kind.value,
        "amount_minor": entry.amount_minor,
        "refundable_minor": outcome.after.account.refundable_minor,
    }
