"""Entry point of `pulumi-resource-booking`, which serves the components to programs in every Pulumi language.

The engine starts it when a program uses a resource of the package `booking`; `pulumi package get-schema` prints its
schema. Pulumi's own component host does the work.
"""

from typing import Final

import pulumi
from pulumi.provider.experimental import component_provider_host

from components import (
    AuditBucket,
    BookingApi,
    BookingStateMachine,
    MonitoredLambda,
    OrderEvents,
    OrderStore,
    ProofKey,
    StripeGateway,
)

from . import __version__

PACKAGE: Final = "booking"
COMPONENTS: Final[tuple[type[pulumi.ComponentResource], ...]] = (
    AuditBucket,
    BookingApi,
    BookingStateMachine,
    MonitoredLambda,
    OrderEvents,
    OrderStore,
    ProofKey,
    StripeGateway,
)


def main() -> None:
    """Serve until the engine ends. Pulumi's plugin protocol defines how the two exchange addresses."""
    component_provider_host(name=PACKAGE, components=list(COMPONENTS), version=__version__)
