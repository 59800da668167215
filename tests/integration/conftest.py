"""Fixtures with the whole program in one embedded AWS, stocked, and with IAM enforced."""

from collections.abc import Generator
from pathlib import Path

import pytest

from cli.target import DeploymentTarget
from local.pytest_plugin import DeployedStack, booking_stack
from tests.integration.failure_reports import write_reports
from tests.integration.shop import STOCK, set_stock

__all__ = ["booking_stack"]


@pytest.fixture(scope="session")
def shop(booking_stack: DeployedStack) -> DeployedStack:
    """Return the deployed stack with SKUs in stock."""
    for sku, (price_minor, available) in STOCK.items():
        set_stock(booking_stack, sku, price_minor, available)
    return booking_stack


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write a report of each execution of a failed test, and add the paths to the test's output."""
    outcome = yield
    stack = item.funcargs.get("shop") or item.funcargs.get("booking_stack")
    if call.when == "call" and isinstance(stack, DeployedStack):
        began, stack.started[:] = list(stack.started), []
        if outcome.failed:
            target = DeploymentTarget(name="embedded AWS of the tests", outputs=stack.outputs, client=stack.client)
            folder: Path = item.config._tmp_path_factory.mktemp("reports")  # type: ignore[attr-defined]
            outcome.sections.append(("Reports", "\n".join(map(str, write_reports(target, began, folder)))))
    return outcome
