"""Provide `run_state`, which runs a single state, with an optional mock of its work, like AWS's TestState API.

Source: API reference, TestState, TestStateConfiguration and InspectionData.

Longer than 250 lines because it has one entry point and validates all its arguments.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias, cast

from ..asl.definition import Definition, JsonObject, StateNode, Transition, parse
from ..asl.json_type import Json
from ..asl.json_values import json_of
from ..asl.records import NOTHING
from ..asl.suggestions import suggest
from .calls import Callables
from .data import Data
from .execution import EPOCH, new_execution
from .frame import EventCount, ExecutionState, Frame, Variables
from .machine import Done, Interpreter, Step
from .machine_types import CannotRun
from .map_items import items_of, tolerated_failures
from .outcome import StateVisit
from .retry_delays import Retries, catcher_for
from .scheduler import Work
from .state_errors import TASK_FAILED, TOO_MANY_FAILED, Fault, StateFailed
from .task_names import check_keys

Status: TypeAlias = Literal["SUCCEEDED", "FAILED", "RETRIABLE", "CAUGHT_ERROR"]
_WORKING: Final = ("Task", "Parallel", "Map")
_UNNAMED: Final = "State"
_NO_MOCK: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRun:
    """The outcome of running a single state."""

    status: Status
    output: Any
    """The output of the state or of its catcher; None if the status is FAILED or RETRIABLE."""
    error: str | None
    cause: str | None
    next_state: str | None
    """The name of the next state; None if the state ends its scope, failed or would be retried."""
    variables: Mapping[str, Any]
    """The given variables and those that the state assigned."""
    inspection: Mapping[str, Any]
    """The intermediate data as JSON values, under the names of InspectionData in the API reference."""


def run_state(
    definition: object,
    input: object = NOTHING,  # noqa: A002  # AWS's term
    *,
    state: str | None = None,
    result: object = _NO_MOCK,
    fault: Fault | str | None = None,
    functions: Callables | None = None,
    objects: Mapping[str, object] | None = None,
    variables: Mapping[str, object] | None = None,
    context: Mapping[str, object] | None = None,
    retry_count: int = 0,
    failed_items: int = 0,
    start: datetime = EPOCH,
    seed: int = 0,
    documented: bool = False,
) -> StateRun:
    """Run one state of a state machine, or a state given as a definition of its own.

    `state`         the state's name, or its JSON pointer if several states have the name
    `result`        mocks the work of a Task, Parallel or Map: the service's response, before ResultSelector
    `fault`         mocks a failure of the work instead: a Fault, or an error's name
    `functions`     callables for a Task without a mock, and for the tasks in a Parallel or Map without one
    `objects`       the S3 objects that an ItemReader reads, by `s3://bucket/key`
    `variables`     the variables that the state can read
    `context`       fields of the context object, which replace the default ones
    `retry_count`   the number of retries already made by the matching retrier, and `$states.context.State.RetryCount`
    `failed_items`  the number of failed items of a mocked Map, which fails if they exceed its tolerated failures

    A Wait state passes without waiting.

    Raises:
        CannotRun: an argument does not fit the state.
        UnknownKey: no state can use a key of `functions` or `objects`.
    """
    asl, node = _find(definition, state)
    mock = _Mock.of(node, result, fault, failed_items)
    check_keys(asl, functions or {}, {}, objects or {})
    if retry_count < 0:
        raise CannotRun(f"retry_count must be 0 or more, got {retry_count}.")
    input_value = json_of(input)
    execution = new_execution(
        asl, input_value, functions, objects=objects, start=start, seed=seed, documented=documented
    )
    scope_variables = Variables()
    scope_variables.assign({key: json_of(value) for key, value in (variables or {}).items()})
    tested = _SingleState(execution, node, mock, retry_count, cast("JsonObject", json_of(context or {})))
    ended = execution.scheduler.run(tested.visit(input_value, scope_variables))
    return tested.outcome(ended, scope_variables)


@dataclass(frozen=True, slots=True)
class _Mock:
    """The result or the failure that replaces a state's work."""

    result: "Json | StateFailed"
    failed_items: int

    @classmethod
    def of(cls, state: StateNode, result: object, fault: Fault | str | None, failed_items: int) -> "_Mock | None":
        """Return the mock that the arguments describe, or None. Raises CannotRun if they do not fit the state."""
        if result is _NO_MOCK and fault is None and not failed_items:
            return None
        if state.type not in _WORKING:
            kind = state.type or "state without Type"
            raise CannotRun(f"{state.name!r} is a {kind}: only a Task, Parallel or Map can have a mock.")
        if failed_items and (state.type != "Map" or failed_items < 0):
            raise CannotRun(f"failed_items must be 0 or more, and 0 unless the state is a Map, got {failed_items}.")
        if result is not _NO_MOCK and fault is not None:
            raise CannotRun("Mock either a result or a fault, not both.")
        if fault is not None:
            failure = Fault(error=fault or TASK_FAILED, cause="") if isinstance(fault, str) else fault
            return cls(StateFailed(failure.error, failure.cause), failed_items)
        return cls(_check_mock_result(state, [] if result is _NO_MOCK else json_of(result)), failed_items)


def _check_mock_result(state: StateNode, result: Json) -> Json:
    """Return the mocked result; raises CannotRun if its shape does not fit a Parallel's branches or a Map's items."""
    if state.type == "Parallel" and not (isinstance(result, list) and len(result) == len(state.scopes)):
        raise CannotRun(f"The result of {state.name!r} must be a list of {len(state.scopes)}, one for each branch.")
    if state.type == "Map" and not isinstance(result, list) and "ResultWriter" not in state.fields:
        raise CannotRun(f"The result of {state.name!r} must be a list with one element for each item.")
    return result


class _Retriable(StateFailed):
    """An error after which a matching retrier would retry the state."""


class _SingleState(Interpreter):
    """An interpreter that visits one state without retrying it, and can replace its work with a mock."""

    def __init__(
        self, execution: ExecutionState, state: StateNode, mock: _Mock | None, retry_count: int, context: JsonObject
    ) -> None:
        super().__init__(execution)
        self._target, self._mock, self._retry_count, self._context = state, mock, retry_count, context
        self._frame: Frame | None = None
        self._caught: StateFailed | None = None
        self._error_details: JsonObject = {}
        self._output: Json = None
        self._transition: Transition | None = None

    def visit(self, input_value: Json, variables: Variables) -> Work:
        """Visit the state and return its output."""
        self._output, self._transition = yield from self._visit(
            self._target, input_value, variables, (), {}, EventCount(None)
        )
        return self._output

    def outcome(self, ended: "Json | StateFailed | None", variables: Variables) -> StateRun:
        """Return the outcome in the terms of the TestState API."""
        failure = ended if isinstance(ended, StateFailed) else self._caught
        status: Status = "SUCCEEDED" if failure is None else "CAUGHT_ERROR" if failure is self._caught else "FAILED"
        if isinstance(failure, _Retriable):
            status = "RETRIABLE"
        return StateRun(
            status=status,
            output=self._output,
            error=(failure.error or None) if failure else None,
            cause=(failure.cause or None) if failure else None,
            next_state=self._transition.target if self._transition else None,
            variables=variables.visible(),
            inspection=self._inspection(variables),
        )

    def _inspection(self, variables: Variables) -> Mapping[str, Any]:
        frame = self._frame
        found: dict[str, Any] = {"input": frame.input, **frame.inspection} if frame else {}
        if self._error_details:
            found["errorDetails"] = self._error_details
        return {**found, **_http_exchange(self._target, found), "variables": variables.visible()}

    def _run_by_type(self, state: StateNode, frame: Frame, visit: StateVisit) -> Step:
        if state is self._target:
            self._frame = frame
            if state.type in _WORKING:
                cast("JsonObject", frame.context["State"])["RetryCount"] = self._retry_count
            self._apply_context(frame)
        return super()._run_by_type(state, frame, visit)

    def _apply_context(self, frame: Frame) -> None:
        """Apply the given fields to the context object, merging an object with its default one level deep."""
        for name, given in self._context.items():
            default = frame.context.get(name)
            merged = {**default, **given} if isinstance(default, dict) and isinstance(given, dict) else given
            frame.context[name] = merged

    def _delay(self, state: StateNode, data: Data) -> float:
        delay = super()._delay(state, data)
        return 0.0 if state is self._target else delay

    def _with_retries(self, state: StateNode, frame: Frame, visit: StateVisit) -> Step:
        if state is not self._target:
            return (yield from super()._with_retries(state, frame, visit))
        visit.attempts = self._retry_count + 1
        try:
            return (yield from self._attempt(state, frame, visit))
        except StateFailed as failure:
            frame.extras.clear()
            return self._handle(state, frame, failure)

    def _handle(self, state: StateNode, frame: Frame, failure: StateFailed) -> tuple[Json, Transition | None]:
        """Let the first matching retrier or catcher decide what happens after a failure."""
        documented = self._execution.documented
        retries = Retries(state, self._execution.rng, documented=documented, used=self._retry_count)
        retry = retries.next_retry(failure)
        if retry is not None:
            index, seconds = retry
            self._error_details = {"retryIndex": index, "retryBackoffIntervalSeconds": seconds}
            raise _Retriable(failure.error, failure.cause, failure.origin)
        transition = catcher_for(state, failure, documented=documented)
        if transition is not None:
            self._error_details = {"catchIndex": transition.index}
        caught = self._catch(state, frame, failure)
        self._caught = failure
        return caught

    def _work(self, state: StateNode, frame: Frame, data: Data, visit: StateVisit) -> Done:
        if state is not self._target or self._mock is None:
            return (yield from super()._work(state, frame, data, visit))
        if state.type == "Task":
            self._create_token(str(state.fields.get("Resource", "")), frame)
            self._apply_context(frame)
        if state.type == "Map":
            self._count_failed_items(state, frame, data, self._mock)
        else:
            self._check_size(state, data.arguments())
        if isinstance(self._mock.result, StateFailed):
            raise self._mock.result
        return self._mock.result

    def _count_failed_items(self, state: StateNode, frame: Frame, data: Data, mock: _Mock) -> None:
        items = items_of(state, data, frame)
        frame.inspection["maxConcurrency"] = self._max_concurrency(state, data)
        tolerated = tolerated_failures(state, data, frame, len(items)) if state.is_distributed else 0
        if mock.failed_items > tolerated:
            cause = "The specified tolerated failure threshold was exceeded"
            raise StateFailed(TOO_MANY_FAILED if state.is_distributed else TASK_FAILED, cause)


def _find(definition: object, name: str | None) -> tuple[Definition, StateNode]:
    """Return a definition and its state `name`; without a name, wrap the definition of a single state in a machine."""
    asl = parse(definition)
    if name is None:
        if not isinstance(asl.value, dict) or "States" in asl.value or not isinstance(asl.value.get("Type"), str):
            raise CannotRun("Name the state to run (state=…), or pass the definition of a single state.")
        asl = Definition({"StartAt": _UNNAMED, "States": {_UNNAMED: asl.value}})
        return asl, asl.root.states[0]
    named = [state for state in asl.states() if name in (state.name, state.pointer)]
    if len(named) == 1:
        return asl, named[0]
    if named:
        raise CannotRun(f"{len(named)} states are called {name!r}. Use a pointer: {named[0].pointer}.")
    names = [state.name for state in asl.states()]
    known = f"The states are {', '.join(names[:10])}."
    raise CannotRun(f"There is no state {name!r}. {suggest(name, names, known)}")


def _http_exchange(state: StateNode, inspection: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request and response of an HTTP Task, which TestState shows at inspection level TRACE."""
    if not str(state.fields.get("Resource", "")).endswith(":http:invoke"):
        return {}
    request = inspection.get("afterArguments", inspection.get("afterParameters"))
    response = inspection.get("result")
    exchange: dict[str, Any] = {}
    if isinstance(request, dict):
        names = {"method": "Method", "url": "ApiEndpoint", "headers": "Headers", "body": "RequestBody"}
        exchange["request"] = _rename_fields(cast("JsonObject", request), names)
    if isinstance(response, dict):
        names = {
            "statusCode": "StatusCode",
            "statusMessage": "StatusText",
            "headers": "Headers",
            "body": "ResponseBody",
        }
        exchange["response"] = _rename_fields(cast("JsonObject", response), names)
    return exchange


def _rename_fields(fields: JsonObject, names: Mapping[str, str]) -> JsonObject:
    return {"protocol": "https", **{new: fields[old] for new, old in names.items() if old in fields}}


__all__ = ["StateRun", "run_state"]
