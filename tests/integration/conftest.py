"""The whole program in an embedded AWS, stocked, with IAM enforced: one for the session."""

import pytest

from local.pytest_plugin import DeployedStack, booking_stack
from tests.integration.shop import SHELVES, put_on_shelf

__all__ = ["booking_stack"]


@pytest.fixture(scope="session")
def shop(booking_stack: DeployedStack) -> DeployedStack:
    """The deployed stack with something on its shelves."""
    for sku, (price_minor, available) in SHELVES.items():
        put_on_shelf(booking_stack, sku, price_minor, available)
    return booking_stack
