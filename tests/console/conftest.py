"""A deployment in this process with a few bookings in it."""

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


def services_of(deployment: InProcessDeployment, *, can_write: bool = True) -> ConsoleServices:
    """Return the services that the command would hand over."""
    target = DeploymentTarget(name=deployment.name, outputs=deployment.outputs, client=deployment.client)
    made = console_services(target, write=can_write)
    return replace(made, now=deployment.world.clock)


@pytest.fixture
def client(booked: BookedShop) -> ConsoleClient:
    """A browser that has opened the console of the booked shop, which may write."""
    return ConsoleClient(services_of(booked.deployment)).open()
