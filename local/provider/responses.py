"""The provider's answers in Pulumi's protocol: a detailed diff, and a creation that only partly succeeded."""

import contextlib
from collections.abc import Callable
from typing import Any, Final, NoReturn

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2

from ..errors import PartiallyCreated
from .diff import ChangeKind, Diff
from .wire import UnwrappedProperties, wrap

_KINDS: Final = {
    (ChangeKind.ADD, False): provider_pb2.PropertyDiff.ADD,
    (ChangeKind.ADD, True): provider_pb2.PropertyDiff.ADD_REPLACE,
    (ChangeKind.DELETE, False): provider_pb2.PropertyDiff.DELETE,
    (ChangeKind.DELETE, True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    (ChangeKind.UPDATE, False): provider_pb2.PropertyDiff.UPDATE,
    (ChangeKind.UPDATE, True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


def diff_response(diff: Diff) -> provider_pb2.DiffResponse:
    response = provider_pb2.DiffResponse
    return response(
        changes=response.DIFF_NONE if diff.is_empty else response.DIFF_SOME,
        replaces=diff.replacing_properties,
        diffs=diff.changed_properties,
        deleteBeforeReplace=diff.delete_before_replace,
        hasDetailedDiff=True,
        detailedDiff={
            change.property_path: provider_pb2.PropertyDiff(kind=_KINDS[change.kind, change.replaces], inputDiff=True)
            for change in diff.changes
        },
    )


def _status_class() -> type[Any]:
    """Return google.rpc.Status: Pulumi's SDK and googleapis both define it, and a process can load only one of them."""
    with contextlib.suppress(KeyError):
        return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName("google.rpc.Status"))
    from pulumi.runtime.proto.status_pb2 import Status

    return Status


def abort_with_partial_state(
    context: grpc.ServicerContext,
    request: Any,
    failure: PartiallyCreated,
    unwrap: Callable[[Struct], UnwrappedProperties],
) -> NoReturn:
    """Report that the resource exists: the engine saves its id, state and problems, and calls Update next time."""
    program_inputs = request.news if isinstance(request, provider_pb2.UpdateRequest) else request.properties
    detail = AnyMessage()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=failure.id,
            properties=wrap(failure.outputs, unwrap(program_inputs).secrets),
            reasons=failure.reasons,
            inputs=program_inputs,
        )
    )
    status = _status_class()(code=grpc.StatusCode.UNKNOWN.value[0], message=str(failure), details=[detail])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, str(failure))
