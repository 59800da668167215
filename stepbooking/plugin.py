"""Entry point of `pulumi-resource-booking`, which serves the components to programs in every Pulumi language.

The engine starts it when a program uses a resource of the package `booking`; `pulumi package get-schema` prints its
schema. Pulumi's own component provider does the work; ours adds the descriptions of inherited inputs, and spells inputs
in errors as the caller sent them.
"""

import json
import re
import sys
from typing import Final, Never, get_type_hints

import pulumi
from pulumi.provider import ConstructResult
from pulumi.provider import main as serve
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.experimental.schema import PackageSpec, generate_schema
from pulumi.provider.server import ComponentInitError
from typing_extensions import get_original_bases

from components import (
    AlertTopic,
    AuditBucket,
    BookingApi,
    BookingStateMachine,
    GatewayEvents,
    MonitoredLambda,
    OrderEvents,
    OrderStore,
    ProofKey,
    SandboxGateway,
    SignedPackage,
    SigningKey,
    StaffPool,
    StripeGateway,
)
from components.base import InvalidArguments

from . import __version__

PACKAGE: Final = "booking"
NAMESPACE: Final = "stepbooking"
"""Scope of the generated SDKs: `@stepbooking/booking` for TypeScript, `stepbooking_booking` for Python."""
COMPONENTS: Final[tuple[type[pulumi.ComponentResource], ...]] = (
    AlertTopic,
    AuditBucket,
    BookingApi,
    BookingStateMachine,
    GatewayEvents,
    MonitoredLambda,
    OrderEvents,
    OrderStore,
    ProofKey,
    SandboxGateway,
    SignedPackage,
    SigningKey,
    StaffPool,
    StripeGateway,
)


class BookingProvider(ComponentProvider):
    """Pulumi's provider of these components, whose errors name inputs in camelCase, as they are on the wire."""

    def __init__(self) -> None:
        super().__init__(list(COMPONENTS), PACKAGE, NAMESPACE, __version__)
        for each in COMPONENTS:
            self._add_inherited_descriptions(each)
        self.schema = json.dumps(self._generate_schema().to_json())
        mappings = [each.inputs_mapping for each in self._component_defs.values()]
        self._sent = {own: sent for each in mappings for sent, own in each.items() if own != sent}

    def _add_inherited_descriptions(self, component: type[pulumi.ComponentResource]) -> None:
        """Add the descriptions of inherited inputs; Pulumi reads only those of the class itself."""
        definition = self._component_defs[component.__name__]
        bases = get_original_bases(get_type_hints(component.__init__)["args"])
        for sent, value in definition.inputs.items():
            own = definition.inputs_mapping[sent]
            inherited = (self.analyzer.get_docstring(base, own) for base in bases)
            value.description = value.description or next(filter(None, inherited), None)

    def _generate_schema(self) -> PackageSpec:
        described = (self._component_defs, self._type_defs, self._dependencies)
        return generate_schema(PACKAGE, __version__, NAMESPACE, *described)

    def construct(
        self, name: str, resource_type: str, inputs: pulumi.Inputs, options: pulumi.ResourceOptions | None = None
    ) -> ConstructResult:
        """Create a component.

        Raises:
            pulumi.InputPropertiesError: an input is invalid; the message names each as the caller wrote it.
        """
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as failed:
            self._report(failed)

    def _report(self, failed: ComponentInitError) -> Never:
        """Raise an error that Pulumi prints without a traceback, if the caller can fix it."""
        if not isinstance(failed.inner, InvalidArguments):
            raise failed
        raise pulumi.InputPropertiesError(self.spell_as_sent(str(failed.inner)), []) from failed

    def spell_as_sent(self, message: str) -> str:
        """Return a message with each input in camelCase: `logDays`, where Python has `log_days`."""
        return re.sub(r"\b[a-z]+(?:_[a-z]+)+\b", lambda found: self._sent.get(found[0], found[0]), message)


def main() -> None:
    """Serve until the engine ends. Pulumi's plugin protocol defines the exchange of addresses."""
    serve(BookingProvider(), sys.argv[1:])
