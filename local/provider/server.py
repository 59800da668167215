"""The provider's server for the real engine: Pulumi's gRPC protocol on one side, `provider.Provider` on the other.

It only converts a request to the normal form, calls one method, and wraps the answer with the secrets in their places.
Every connection of an engine is one provider resource of a program (the default one, or an explicit one), so
configuration and cancellation are kept per connection. Longer than 250 lines: one method per call of the protocol.
"""
# ruff: noqa: N802 (the methods' names are the protocol's)

import functools
import logging
import threading
from collections.abc import Callable
from concurrent import futures
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Final, Protocol, TypeVar

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2, provider_pb2
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderServicer, add_ResourceProviderServicer_to_server

from ..errors import PartiallyCreated, ProviderError
from .configuration import configure, setting_faults
from .property_values import ReadonlyValues, Values, format_path
from .provider import EmbeddedProvider
from .resource import NameProposal
from .responses import abort_with_partial_state, diff_response
from .wire import UnwrappedProperties, unwrap, wrap

MAX_MESSAGE_BYTES: Final = 400 * 1024 * 1024  # the engine's own limit
MAX_CONCURRENT_OPERATIONS: Final = 32
_log = logging.getLogger(__name__)
Method = TypeVar("Method", bound=Callable[..., Any])


class Cancelled(ProviderError):
    """The user has stopped the engine: running steps are completed, and no new ones begin."""


class _ResourceRequest(Protocol):
    """The common part of requests about one resource."""

    @property
    def urn(self) -> str: ...
    @property
    def type(self) -> str: ...


@dataclass(slots=True, kw_only=True)
class _Connection:
    """The configuration of one provider resource of a program, and the cancellation of its engine."""

    provider: EmbeddedProvider
    cancelled: threading.Event = field(default_factory=threading.Event)


def _report_errors(method: Method) -> Method:
    """Convert failures to the message that the engine prints at the resource."""

    @functools.wraps(method)
    def method_with_errors(self: "ProviderServer", request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except PartiallyCreated as failure:
            abort_with_partial_state(context, request, failure, self.unwrap)
        except ProviderError as failure:
            context.abort(grpc.StatusCode.UNKNOWN, str(failure))
        except Exception as defect:
            _log.exception("%s of %s", method.__name__, getattr(request, "urn", "?"))
            context.abort(grpc.StatusCode.INTERNAL, f"a defect of the embedded AWS's provider: {defect!r}")

    return method_with_errors  # type: ignore[return-value]  # the same signature: the wrapper passes everything on


class ProviderServer(ResourceProviderServicer):
    """A server of one embedded AWS's resource types for any number of engines."""

    def __init__(self, provider: EmbeddedProvider) -> None:
        self._default = provider
        self._connections: dict[str, _Connection] = {}

    # ---- handshake and configuration --------------------------------------------------------------------------

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, supports_autonaming_configuration=True)

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> Empty:
        return Empty()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=version("pulumi-aws"))

    @_report_errors
    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        settings = self.unwrap(request.news).values
        explicit = not request.urn.split("::")[-1].startswith("default")
        failures = [
            provider_pb2.CheckFailure(property=name, reason=reason)
            for name, reason in setting_faults(settings, explicit=explicit)
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """Report no differences: new settings take effect with the next operation, without a new provider resource."""
        is_unchanged = request.old_inputs == request.news
        diff = provider_pb2.DiffResponse
        return diff(changes=diff.DIFF_NONE if is_unchanged else diff.DIFF_SOME)

    @_report_errors
    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        provider = configure(self._default, self.unwrap(request.args).values)
        self._connections[context.peer()] = _Connection(provider=provider)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        self._connection(context).cancelled.set()
        return Empty()

    # ---- resources --------------------------------------------------------------------------------------------

    @_report_errors
    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        new_inputs = self.unwrap(request.news)
        old_inputs = self.unwrap(request.olds).values if request.HasField("olds") else None
        checked = self._provider(context).check(
            request.urn, _type_token(request), new_inputs.values, old_inputs, _name_proposal(request)
        )
        failures = [(format_path(fault.path), fault.reason) for fault in checked.faults]
        return provider_pb2.CheckResponse(
            inputs=wrap(checked.inputs, new_inputs.secrets),
            failures=[provider_pb2.CheckFailure(property=name, reason=reason) for name, reason in failures],
        )

    @_report_errors
    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        old_inputs, new_inputs = self.unwrap(request.old_inputs), self.unwrap(request.news)
        diff = self._provider(context).diff(
            request.urn, _type_token(request), request.id, old_inputs.values, new_inputs.values
        )
        return diff_response(diff)

    @_report_errors
    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        inputs, provider = self.unwrap(request.properties), self._provider(context, starts_change=True)
        created = provider.create(request.urn, _type_token(request), inputs.values, preview=request.preview)
        return provider_pb2.CreateResponse(
            id=created.id, properties=_wrap_outputs(provider, request, created.outputs, inputs)
        )

    @_report_errors
    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        inputs, provider = self.unwrap(request.inputs), self._provider(context)
        found = provider.read(request.urn, _type_token(request), request.id, inputs.values)
        if found is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=found.id,
            inputs=wrap(found.inputs, inputs.secrets),
            properties=_wrap_outputs(provider, request, found.outputs, inputs),
        )

    @_report_errors
    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        provider = self._provider(context, starts_change=True)
        old_inputs, new_inputs = self.unwrap(request.old_inputs), self.unwrap(request.news)
        outputs = provider.update(
            request.urn,
            _type_token(request),
            request.id,
            old_inputs.values,
            new_inputs.values,
            self.unwrap(request.olds).values,
            preview=request.preview,
        )
        return provider_pb2.UpdateResponse(properties=_wrap_outputs(provider, request, outputs, new_inputs))

    @_report_errors
    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> Empty:
        provider = self._provider(context, starts_change=True)
        provider.delete(request.urn, _type_token(request), request.id, self.unwrap(request.properties).values)
        return Empty()

    @_report_errors
    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:
        result = self._provider(context).invoke(request.tok, self.unwrap(request.args).values)
        answer: Values = {"return": wrap(result)}  # a keyword in Python
        return provider_pb2.InvokeResponse(**answer)

    # ---- helpers ----------------------------------------------------------------------------------------------

    def unwrap(self, struct: Struct) -> UnwrappedProperties:
        """Return properties in normal form."""
        return unwrap(struct, self._default.aws.folder)

    def _connection(self, context: grpc.ServicerContext) -> _Connection:
        return self._connections.setdefault(context.peer(), _Connection(provider=self._default))

    def _provider(self, context: grpc.ServicerContext, *, starts_change: bool = False) -> EmbeddedProvider:
        connection = self._connection(context)
        if starts_change and connection.cancelled.is_set():
            raise Cancelled("cancelled before it was begun")
        return connection.provider


def listen(provider: EmbeddedProvider, port: int = 0) -> tuple[grpc.Server, int]:
    """Start serving on a loopback port and return it; raises OSError if the port is taken."""
    options = [
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.so_reuseport", 0),
    ]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=MAX_CONCURRENT_OPERATIONS), options=options)
    add_ResourceProviderServicer_to_server(ProviderServer(provider), server)
    try:
        bound = server.add_insecure_port(f"127.0.0.1:{port}")
    except RuntimeError as error:
        raise OSError(f"port {port} is taken") from error
    server.start()
    return server, bound


def _type_token(request: _ResourceRequest) -> str:
    """Return the resource's type token; from older engines, the last one in the URN's chain of parents."""
    return str(request.type or request.urn.split("::")[2].split("$")[-1])


def _name_proposal(request: provider_pb2.CheckRequest) -> NameProposal:
    """Return the engine's seed, and the name that the stack's `pulumi:autonaming` proposes."""
    seed = bytes(request.randomSeed)
    if not request.HasField("autonaming"):
        return NameProposal(seed=seed)
    modes, options = provider_pb2.CheckRequest.AutonamingOptions, request.autonaming
    return NameProposal(
        seed=seed,
        name=options.proposed_name or None,
        enforced=options.mode == modes.ENFORCE,
        disabled=options.mode == modes.DISABLE,
    )


def _wrap_outputs(
    provider: EmbeddedProvider, request: _ResourceRequest, outputs: ReadonlyValues, inputs: UnwrappedProperties
) -> Struct:
    return wrap(outputs, provider.secret_outputs(_type_token(request), inputs.secrets))
