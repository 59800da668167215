"""Lambda's account quota limits reservations, and throttles functions without one."""

from collections.abc import Mapping
from typing import Any

import pytest

from local.instance.account_concurrency import UNRESERVED_CONCURRENCY, limit_concurrency


class FakeLambda:
    """The patched parts of MiniStack's Lambda module."""

    def __init__(self, quota: int = 1000, **reserved: int | None) -> None:
        self._ACCOUNT_CONCURRENCY_CAP = quota
        self._functions: dict[str, dict[str, Any]] = {
            name: {"concurrency": number, "config": {"FunctionName": name}} for name, number in reserved.items()
        }
        self.occupied: list[str] = []
        limit_concurrency(self)

    def error_response_json(self, code: str, message: str, status: int) -> tuple[int, str, str]:
        return status, code, message

    def _reserved_concurrency(self, record: Mapping[str, Any] | None, configuration: Mapping[str, Any]) -> int | None:
        return (record or {}).get("concurrency")

    def _put_function_concurrency(self, name: str, request: Mapping[str, int]) -> str:
        self._functions[name]["concurrency"] = request["ReservedConcurrentExecutions"]
        return "accepted"

    def _acquire_execution_slot(self, record: Any, configuration: Mapping[str, str]) -> tuple[str | None, str | None]:
        self.occupied.append(configuration["FunctionName"])
        return configuration["FunctionName"], None

    def _release_execution_slot(self, key: str) -> None:
        self.occupied.remove(key)

    def _throttle_response(self, reason_code: str, msg: str, retry_after: int = 1) -> tuple[str, str, int]:
        return reason_code, msg, retry_after

    def reserve(self, name: str, number: int) -> object:
        return self._put_function_concurrency(name, {"ReservedConcurrentExecutions": number})

    def begin(self, name: str) -> tuple[str | None, str | None]:
        return self._acquire_execution_slot(self._functions[name], {"FunctionName": name})

    def end(self, name: str) -> None:
        self._release_execution_slot(name)


@pytest.mark.parametrize(
    ("quota", "largest", "minimum"),
    [(1000, 900, 100), (100, 0, 100), (10, 0, 10)],
    ids=["established account", "quota of 100", "new account"],
)
def test_a_reservation_leaves_the_minimum_to_other_functions(quota: int, largest: int, minimum: int) -> None:
    functions = FakeLambda(quota, one=None)
    assert functions.reserve("one", largest) == "accepted"
    status, code, message = functions.reserve("one", largest + 1)  # type: ignore[misc]
    assert (status, code) == (400, "InvalidParameterValueException")
    assert message == (
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
        f"below its minimum value of [{minimum}]."
    )


def test_reservations_of_all_functions_count_together() -> None:
    functions = FakeLambda(1000, one=500, two=None)
    assert functions.reserve("two", 400) == "accepted"
    assert functions.reserve("two", 401) != "accepted"
    assert functions.reserve("one", 400) == "accepted"
    assert functions.reserve("two", 500) == "accepted"


def test_functions_without_a_reservation_share_a_limit_and_are_throttled_beyond_it() -> None:
    functions = FakeLambda(one=None, two=None, reserved=5)
    for number in range(UNRESERVED_CONCURRENCY):
        assert functions.begin(("one", "two")[number % 2])[0] is not None
    assert functions.begin("one") == (None, "account")
    assert functions.begin("reserved") == ("reserved", None)
    functions.end("two")
    assert functions.begin("one") == ("one", None)
    assert functions.begin("one") == (None, "account")


def test_a_released_reserved_slot_frees_no_unreserved_one() -> None:
    functions = FakeLambda(one=None, reserved=5)
    functions.begin("reserved")
    for _ in range(UNRESERVED_CONCURRENCY):
        functions.begin("one")
    functions.end("reserved")
    assert functions.begin("one") == (None, "account")


def test_a_throttled_invocation_names_the_limit_that_was_reached() -> None:
    functions = FakeLambda(one=None)
    shared = functions._throttle_response("ConcurrentInvocationLimitExceeded", "account concurrency cap 1000 reached")
    own = functions._throttle_response("ReservedFunctionConcurrentInvocationLimitExceeded", "function one", 2)
    assert shared[1] == (
        f"Rate Exceeded: functions without reserved concurrency share {UNRESERVED_CONCURRENCY} concurrent executions"
    )
    assert own == ("ReservedFunctionConcurrentInvocationLimitExceeded", "function one", 2)
