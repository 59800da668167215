"""A deployment in this process with a few bookings in it."""

from dataclasses import dataclass

import pytest

from tests.console.in_process_deployment import InProcessDeployment
from tests.handlers.world import purchase_of, refund_of


@dataclass(frozen=True)
class BookedShop:
    """The deployment, the order with a refund and a rejected one, and the executions."""

    deployment: InProcessDeployment
    order_id: str
    rejected: str
    """ARN of the execution whose refund was above the balance."""


@pytest.fixture
def booked() -> BookedShop:
    """A purchase of two mugs, a refund of 3.00 EUR, and a refund above the balance."""
    return book_shop(InProcessDeployment())


def book_shop(deployment: InProcessDeployment) -> BookedShop:
    """Stock a deployment and make the bookings in it."""
    deployment.world.stock(mug=(500, 9))
    bought = deployment.result(deployment.book(purchase_of("one", "pm_ok", mug=(2, 500))))
    deployment.book(refund_of(bought["order_id"], "refund-1", amount_minor=300))
    rejected = deployment.book(refund_of(bought["order_id"], "refund-2", amount_minor=100_000))
    return BookedShop(deployment, bought["order_id"], rejected)
