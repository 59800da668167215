"""A second deployment of a stack by the in-process driver: the program runs, and nothing is created or changed.

An unchanged program gets the existing resources. The first difference ends the run, because this driver cannot update.
"""

from typing import ClassVar, Final

from pulumi.runtime.proto import resource_pb2

from ..errors import DeploymentFailed, ResourceFailed, name_of
from ..provider.property_values import Values
from ..provider.provider import EmbeddedProvider
from ..provider.wire import UnwrappedProperties
from .deployment_progress import Listener, Operation
from .monitor import Monitor
from .stack_config import StackConfig
from .stack_record import StackRecord, digest_of

_ADVICE: Final = (
    "Nothing was touched. Deploy it again with --fresh, which deletes the data here, or use the Pulumi engine, which "
    "updates in place: `booking down`, then `booking up --engine pulumi`. To run two programs side by side, give each "
    "its own project or stage."
)


class ProgramChanged(DeploymentFailed):
    """The program or its configuration differs from the deployed one."""

    def __init__(self, difference: str) -> None:
        super().__init__(
            f"The program or its configuration has changed since it was deployed here ({difference}), and the "
            f"in-process driver cannot update. {_ADVICE}"
        )


class ReuseMonitor(Monitor):
    """A monitor that answers with the resources of a deployed stack as long as the program is the same."""

    operation: ClassVar[Operation] = "same"

    def __init__(
        self, provider: EmbeddedProvider, settings: StackConfig, listener: Listener, record: StackRecord
    ) -> None:
        super().__init__(provider, settings, listener)
        self._record = record

    def reject_removals(self) -> None:
        """Raise ProgramChanged if the program no longer has a deployed resource."""
        for urn in self._record.resources.keys() - self.deployed.keys():
            raise ProgramChanged(f"{name_of(urn)} has been removed")

    def _provide(
        self, urn: str, request: resource_pb2.RegisterResourceRequest, inputs: UnwrappedProperties
    ) -> tuple[str, Values]:
        deployed = self._record.resources.get(urn)
        if deployed is None:
            raise ProgramChanged(f"{name_of(urn)} has been added")
        provider = self._provider_of(request)
        checked = provider.check(urn, request.type, inputs.values, old_inputs=deployed.names)
        if checked.faults:
            raise ResourceFailed(urn, "updated", "; ".join(checked.messages()))
        if digest_of(request.type, checked.inputs, provider.aws.default_tags) != deployed.digest:
            raise ProgramChanged(f"{name_of(urn)} differs")
        found = provider.read(urn, request.type, deployed.id, checked.inputs)
        if found is None:
            raise ProgramChanged(f"{name_of(urn)} has been deleted by someone else")
        self.deployed[urn] = deployed
        return found.id, found.outputs
