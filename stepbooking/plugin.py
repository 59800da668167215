"""Where `pulumi-resource-booking` enters: the four components for every Pulumi language, served by Pulumi's own host.

The engine starts it by itself when a program in any language makes a resource of the package `booking`; a program asks
for its schema with `pulumi package get-schema`.
"""

from typing import Final

import pulumi
from pulumi.provider.experimental import component_provider_host

from components import AuditBucket, BookingStateMachine, MonitoredLambda, OrderStore

from . import __version__

PACKAGE: Final = "booking"
COMPONENTS: Final[tuple[type[pulumi.ComponentResource], ...]] = (
    AuditBucket,
    BookingStateMachine,
    MonitoredLambda,
    OrderStore,
)


def main() -> None:
    """Serve until the engine ends; its address and the port are exchanged as Pulumi's plugin protocol says."""
    component_provider_host(name=PACKAGE, components=list(COMPONENTS), version=__version__)
