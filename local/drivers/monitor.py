"""The monitor for Pulumi's SDK without an engine: the SDK's own mock, with every answer from our provider.

Like the engine, it unwraps and checks inputs, creates the resource, and wraps the outputs with the secrets in their
places. It extends `MockMonitor`, which the SDK accepts as a monitor in the same process.
"""

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Final, TypeAlias, TypeVar

from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import resource_pb2

from ..errors import DeploymentFailed, ProviderError, ResourceFailed, name_of
from ..provider.configuration import configure, setting_faults
from ..provider.property_values import FileArchive, Values
from ..provider.provider import EmbeddedProvider
from ..provider.wire import UnwrappedProperties, unwrap, wrap
from .deployment_progress import Listener, Operation, Progress
from .stack_config import StackConfig
from .stack_record import DeployedResource

Failure = TypeVar("Failure", bound=BaseException)

_STACK: Final = "pulumi:pulumi:Stack"
_PROVIDERS: Final = "pulumi:providers:"


_NamedRequest: TypeAlias = resource_pb2.RegisterResourceRequest | resource_pb2.ReadResourceRequest
_ProviderRequest: TypeAlias = resource_pb2.RegisterResourceRequest | resource_pb2.ResourceInvokeRequest


class Monitor(MockMonitor):
    """A monitor that answers the SDK like an engine that creates all resources."""

    operation: ClassVar[Operation] = "create"
    """The operation on a resource that the program registers."""

    def __init__(self, provider: EmbeddedProvider, settings: StackConfig, listener: Listener) -> None:
        super().__init__(_UnusedMocks())
        self.outputs: Values = {}
        self.failure: BaseException | None = None
        self.deployed: dict[str, DeployedResource] = {}
        """The program's resources, by URN."""
        self._settings = settings
        self._provider = provider
        self._providers: dict[str, EmbeddedProvider] = {}
        self._listener = listener
        self._urns: set[str] = set()
        self._lock = threading.Lock()

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:  # noqa: N802 - the protocol's name
        urn = self._urn(request)
        if request.type == _STACK:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        with self._report_step(self.operation, urn, request):
            if not request.custom:
                return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
            inputs = self._unwrap(request.object)
            if request.type.startswith(_PROVIDERS):
                return self._configure_provider(urn, request, inputs)
            id_, outputs = self._import(urn, request) if request.importId else self._provide(urn, request, inputs)
        secrets = self._provider.secret_outputs(request.type, inputs.secrets)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=id_, object=wrap(outputs, secrets))

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:  # noqa: N802 - the protocol's name
        urn = self._urn(request)
        with self._report_step("read", urn, request):
            found = self._provider.read(urn, request.type, request.id)
            if found is None:
                raise ResourceFailed(urn, "read", f"there is none with the id {request.id}")
        return resource_pb2.ReadResourceResponse(urn=urn, properties=wrap(found.outputs))

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:  # noqa: N802 - the protocol's name
        try:
            result = self._provider_of(request).invoke(request.tok, self._unwrap(request.args).values)
        except ProviderError as error:
            raise self._record_failure(error) from None
        answer: Values = {"return": wrap(result)}  # a keyword in Python
        return resource_pb2.ResourceInvokeResponse(**answer)

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> Empty:  # noqa: N802 - the protocol's name
        if f"::{_STACK}::" in request.urn:
            self.outputs = self._unwrap(request.outputs).values
        return Empty()

    def interrupt(self) -> None:
        """Begin no new steps; running ones are completed."""
        self._record_failure(KeyboardInterrupt())

    def _import(self, urn: str, request: resource_pb2.RegisterResourceRequest) -> tuple[str, Values]:
        found = self._provider_of(request).read(urn, request.type, request.importId)
        if found is None:
            raise ResourceFailed(urn, "imported", f"there is none with the id {request.importId}")
        return found.id, found.outputs

    def _provide(
        self, urn: str, request: resource_pb2.RegisterResourceRequest, inputs: UnwrappedProperties
    ) -> tuple[str, Values]:
        """Create the resource, and return its id and outputs."""
        provider = self._provider_of(request)
        naming = self._settings.autonaming.propose(request.type, request.name)
        checked = provider.check(urn, request.type, inputs.values, naming=naming)
        if checked.faults:
            raise ResourceFailed(urn, "created", "; ".join(checked.messages()))
        created = provider.create(urn, request.type, checked.inputs)
        provider.journal.record_known(urn, created.id)
        tags = provider.aws.default_tags
        self.deployed[urn] = DeployedResource.of(request.type, created.id, checked.inputs, tags)
        return created.id, created.outputs

    def _configure_provider(
        self, urn: str, request: resource_pb2.RegisterResourceRequest, inputs: UnwrappedProperties
    ) -> resource_pb2.RegisterResourceResponse:
        """Configure an explicit provider of the program."""
        faults = [f"{name}: {reason}" for name, reason in setting_faults(inputs.values, explicit=True)]
        if faults:
            raise ResourceFailed(urn, "created", "; ".join(faults))
        self._providers[urn] = configure(self._provider, inputs.values)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=request.name, object=request.object)

    def _provider_of(self, request: _ProviderRequest) -> EmbeddedProvider:
        return self._providers.get(request.provider.rpartition("::")[0], self._provider)

    def _unwrap(self, struct: Struct) -> UnwrappedProperties:
        plain = unwrap(struct, self._provider.aws.folder)
        return UnwrappedProperties(values=_with_hashes(plain.values), secrets=plain.secrets)

    def _urn(self, request: _NamedRequest) -> str:
        parent = request.parent.split("::")[2] if request.parent else _STACK
        prefix = "" if parent == _STACK else f"{parent}$"
        return f"urn:pulumi:{self._settings.stage}::{self._settings.project}::{prefix}{request.type}::{request.name}"

    @contextlib.contextmanager
    def _report_step(self, operation: Operation, urn: str, request: _NamedRequest) -> Iterator[None]:
        """Report the step to the listener; after a failure no new step begins."""
        if self.failure is not None:
            raise self.failure
        if urn in self._urns:
            raise self._record_failure(
                ResourceFailed(urn, "created", "the program has two resources of this type and name")
            )
        self._urns.add(urn)
        step = Progress(operation=operation, phase="begun", type=request.type, name=request.name, urn=urn)
        self._notify(step)
        try:
            yield
        except Exception as error:
            self._notify(replace(step, phase="failed", message=str(error)))
            raise self._record_failure(error) from error
        self._notify(replace(step, phase="done"))

    def _notify(self, step: Progress) -> None:
        with self._lock:
            self._listener(step)

    def _record_failure(self, error: Failure) -> Failure:
        with self._lock:
            self.failure = self.failure or error
        return error


class _UnusedMocks(Mocks):
    """Mocks that are never called, because the monitor answers everything itself."""

    def call(self, args: MockCallArgs) -> tuple[Values, None]:
        raise NotImplementedError(args.token)

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, Values]:
        raise NotImplementedError(name_of(args.typ))


def _with_hashes(value: Any) -> Any:
    """Return the value with archives hashed as by the engine: the hash of the file, or of all files of a folder."""
    if isinstance(value, FileArchive) and not value.hash and value.path is not None:
        return replace(value, hash=_hash_of(value.path))
    if isinstance(value, dict):
        return {name: _with_hashes(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_hashes(item) for item in value]
    return value


def _hash_of(path: Path) -> str:
    digest = hashlib.sha256()
    if not path.exists():
        raise DeploymentFailed(f"The archive {path} does not exist.")
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            digest.update(file.relative_to(path).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
