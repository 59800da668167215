"""Lambda's concurrency limits, as in AWS: reservations within the account's quota, and throttling beyond it.

MiniStack 1.5.33 accepts any reservation, ignores it for a published version, and runs functions without one until the
machine is out of memory.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeAlias

UNRESERVED_CONCURRENCY: Final = 10
"""The maximum concurrent executions of all functions without a reservation together: a new AWS account's quota."""
_Slot: TypeAlias = tuple[str | None, str | None]
"""The function that got a slot, or None, and the limit that was reached, or None."""
_MIN_UNRESERVED: Final = 100
"""The part of the quota that cannot be reserved; all of it if the quota is smaller."""


class MiniStackModule(Protocol):
    """A module of MiniStack, which has no types: its private functions are read and replaced."""

    def __getattr__(self, name: str, /) -> Any: ...
    def __setattr__(self, name: str, value: object, /) -> None: ...


def limit_concurrency(functions: MiniStackModule) -> None:
    """Patch MiniStack's Lambda module."""
    _share_reservations(functions)
    _refuse_reservations(functions)
    _throttle_unreserved_functions(functions)
    _name_shared_limit(functions)


def _share_reservations(functions: MiniStackModule) -> None:
    """Apply a reservation to all versions of a function together.

    MiniStack ignores it for published versions, so that fifty executions would start fifty processes.
    """
    get_reservation = functions._reserved_concurrency

    def get_function_reservation(record: object, configuration: Mapping[str, str]) -> int | None:
        reserved = get_reservation(record, configuration)
        if reserved is not None:
            return int(reserved)
        function = functions._functions.get(configuration.get("FunctionName", ""))
        return None if function is None else get_reservation(function, function["config"])

    functions._reserved_concurrency = get_function_reservation


def _refuse_reservations(functions: MiniStackModule) -> None:
    """Reject a reservation that leaves too little of the quota to the other functions."""
    put: Callable[[str, Mapping[str, int]], object] = functions._put_function_concurrency
    quota = int(functions._ACCOUNT_CONCURRENCY_CAP)
    minimum = min(_MIN_UNRESERVED, quota)

    def put_within_quota(name: str, data: Mapping[str, int]) -> object:
        others = sum(
            int(functions._functions[other].get("concurrency") or 0) for other in functions._functions if other != name
        )
        wanted = int(data.get("ReservedConcurrentExecutions", 0))
        if wanted and quota - others - wanted < minimum:
            return functions.error_response_json(
                "InvalidParameterValueException",
                "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
                f"below its minimum value of [{minimum}].",
                400,
            )
        return put(name, data)

    functions._put_function_concurrency = put_within_quota


def _throttle_unreserved_functions(functions: MiniStackModule) -> None:
    """Throttle functions without a reservation beyond their common limit."""
    acquire, release = functions._acquire_execution_slot, functions._release_execution_slot
    lock, running = threading.Lock(), Counter[str]()

    def acquire_within_limit(function: object, configuration: object) -> _Slot:
        if functions._reserved_concurrency(function, configuration) is not None:
            granted: _Slot = acquire(function, configuration)
            return granted
        with lock:
            if running.total() >= UNRESERVED_CONCURRENCY:
                return None, "account"
            key, refused_by = acquire(function, configuration)
            if key is not None:
                running[key] += 1
            return key, refused_by

    def release_within_limit(key: str | None) -> None:
        with lock:
            if key is not None and running[key] > 0:
                running[key] -= 1
        release(key)

    functions._acquire_execution_slot, functions._release_execution_slot = acquire_within_limit, release_within_limit


def _name_shared_limit(functions: MiniStackModule) -> None:
    """Name the shared limit in the error of a throttled invocation: MiniStack names the quota, which is not reached.

    The unreserved part of the quota is never below the shared limit, so no other limit of the account applies.
    """
    respond = functions._throttle_response

    def respond_with_limit(reason_code: str, msg: str, *rest: object) -> object:
        if reason_code == "ConcurrentInvocationLimitExceeded":
            msg = (
                "Rate Exceeded: functions without reserved concurrency share "
                f"{UNRESERVED_CONCURRENCY} concurrent executions"
            )
        return respond(reason_code, msg, *rest)

    functions._throttle_response = respond_with_limit
