"""Fixtures with a deployment in this process that contains a few bookings."""

from dataclasses import dataclass, replace

import pytest

from cli.console import console_services
from cli.target import DeploymentTarget
from console.server.console_services import ConsoleServices
from tests.console.asgi_client import ConsoleClient
from tests.console.in_process_deployment import InProcessDeployment
from tests.handlers.world import purchase_of, refund_of


@dataclass(frozen=True)
class BookedShop:
    """A deployment, an order with a settled and a rejected refund, and the rejected execution."""

    deployment: InProcessDeployment
    order_id: str
    rejected: str
    """ARN of the execution whose refund was above the balance."""


@pytest.fixture
def shop() -> BookedShop:
    """Return a shop with a purchase of two mugs, a refund of 3.00 EUR, and a refund above the balance."""
    return book_shop(InProcessDeployment())


def book_shop(deployment: InProcessDeployment) -> BookedShop:
    """Stock a deployment, make the bookings in it, and return it."""
    deployment.world.stock(mug=(500, 9))
    order = deployment.result(deployment.book(purchase_of("one", "pm_ok", mug=(2, 500))))
    deployment.book(refund_of(order["order_id"], "refund-1", amount_minor=300))
    rejected = deployment.book(refund_of(order["order_id"], "refund-2", amount_minor=100_000))
    return BookedShop(deployment, order["order_id"], rejected)


def services_of(deployment: InProcessDeployment, *, can_write: bool = True) -> ConsoleServices:
    """Return the services that the command would pass to the console."""
    target = DeploymentTarget(name=deployment.name, outputs=deployment.outputs, client=deployment.client)
    services = console_services(target, write=can_write)
    return replace(services, now=deployment.world.clock)


@pytest.fixture
def client(shop: BookedShop) -> ConsoleClient:
    """Return a browser that has opened the console of the shop, which may write."""
    return ConsoleClient(services_of(shop.deployment)).open()
