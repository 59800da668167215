"""`booking events publish` publishes the ledgers of orders again."""

import pytest

from cli.command_errors import UsageError
from cli.events import publish
from local.pytest_plugin import DeployedStack

from .conftest import Shell
from .test_verbs import buy_mugs


def test_an_order_is_published_again_by_its_id_or_by_the_id_of_an_event(
    shell: Shell, booking_stack: DeployedStack
) -> None:
    order_id = str(buy_mugs(shell)["order_id"])
    for name in (order_id, f"{order_id}#2"):
        said = shell("events", "publish", name, "--json")
        assert (said.exit_code, said.document) == (0, {"orders": 1, "events": 2})
    said = shell("events", "publish", "--since", "2000-01-01T00:00:00Z")
    assert said.exit_code == 0
    assert said.stdout.startswith("Published ")
    said = shell("events", "publish", "--since", "2100-01-01T00:00:00Z")
    assert said.stdout == "Published 0 event(s) of 0 order(s).\n"
    said = shell("events", "publish", "ord_none")
    assert (said.exit_code, said.stderr) == (1, "There is no order ord_none.\n")


@pytest.mark.parametrize(
    ("orders", "since", "problem"),
    [
        (None, None, "Name either orders or --since"),
        (["ord_1"], "2026-01-30T00:00:00Z", "Name either orders or --since"),
    ],
)
def test_orders_and_a_time_are_alternatives(orders: list[str] | None, since: str | None, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        publish(orders, since)


def test_a_time_that_is_none_is_refused_with_an_example(shell: Shell) -> None:
    said = shell("events", "publish", "--since", "yesterday")
    assert said.exit_code == 64
    assert "--since must be an instant such as 2026-01-30T00:00:00Z, got 'yesterday'." in said.stderr
