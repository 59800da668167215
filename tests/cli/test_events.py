"""`booking events publish` republishes the ledgers of orders."""

import pytest

from cli.command_errors import UsageError
from cli.events import publish
from local.pytest_plugin import DeployedStack

from .conftest import Shell
from .test_verbs import buy_mugs


def test_an_order_is_republished_by_order_id_event_id_or_time(shell: Shell, booking_stack: DeployedStack) -> None:
    order_id = str(buy_mugs(shell)["order_id"])
    for name in (order_id, f"{order_id}#2"):
        result = shell("events", "publish", name, "--json")
        assert (result.exit_code, result.document) == (0, {"orders": 1, "events": 2})
    result = shell("events", "publish", "--since", "2000-01-01T00:00:00Z")
    assert result.exit_code == 0
    assert result.stdout.startswith("Published ")
    result = shell("events", "publish", "--since", "2100-01-01T00:00:00Z")
    assert result.stdout == "Published 0 event(s) of 0 order(s).\n"
    result = shell("events", "publish", "ord_none")
    assert (result.exit_code, result.stderr) == (1, "There is no order ord_none.\n")


@pytest.mark.parametrize(
    ("orders", "since", "problem"),
    [
        (None, None, "Name either orders or --since"),
        (["ord_1"], "2026-01-30T00:00:00Z", "Name either orders or --since"),
    ],
)
def test_orders_and_since_are_mutually_exclusive(orders: list[str] | None, since: str | None, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        publish(orders, since)


def test_an_invalid_time_is_rejected_with_an_example(shell: Shell) -> None:
    result = shell("events", "publish", "--since", "yesterday")
    assert result.exit_code == 64
    assert "--since must be an instant such as 2026-01-30T00:00:00Z, got 'yesterday'." in result.stderr
