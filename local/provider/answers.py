"""What the provider answers, as Pulumi's protocol wants it: a detailed diff, and a creation that half succeeded."""

import contextlib
from collections.abc import Callable
from typing import Any, Final, NoReturn

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2

from .diff import Diff, Kind
from .errors import PartiallyCreated
from .wire import Unwrapped, wrap

_KINDS: Final = {
    (Kind.ADD, False): provider_pb2.PropertyDiff.ADD,
    (Kind.ADD, True): provider_pb2.PropertyDiff.ADD_REPLACE,
    (Kind.DELETE, False): provider_pb2.PropertyDiff.DELETE,
    (Kind.DELETE, True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    (Kind.UPDATE, False): provider_pb2.PropertyDiff.UPDATE,
    (Kind.UPDATE, True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


def diff_response(diff: Diff) -> provider_pb2.DiffResponse:
    response = provider_pb2.DiffResponse
    return response(
        changes=response.DIFF_NONE if diff.empty else response.DIFF_SOME,
        replaces=diff.replaces,
        diffs=diff.changed,
        deleteBeforeReplace=diff.delete_before_replace,
        hasDetailedDiff=True,
        detailedDiff={
            change.spelled: provider_pb2.PropertyDiff(kind=_KINDS[change.kind, change.replaces], inputDiff=True)
            for change in diff.changes
        },
    )


def _status() -> type[Any]:
    """google.rpc.Status: Pulumi's SDK and googleapis both define it, and a process bears only one of them."""
    with contextlib.suppress(KeyError):
        return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName("google.rpc.Status"))
    from pulumi.runtime.proto.status_pb2 import Status

    return Status


def abort_partially(
    context: grpc.ServicerContext, request: Any, failure: PartiallyCreated, unwrapped: Callable[[Struct], Unwrapped]
) -> NoReturn:
    """The resource exists: the engine records its id, its state and what is missing, and calls Update next time."""
    wished = request.news if isinstance(request, provider_pb2.UpdateRequest) else request.properties
    detail = AnyMessage()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=failure.id,
            properties=wrap(failure.outputs, unwrapped(wished).secrets),
            reasons=failure.reasons,
            inputs=wished,
        )
    )
    status = _status()(code=grpc.StatusCode.UNKNOWN.value[0], message=str(failure), details=[detail])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, str(failure))
