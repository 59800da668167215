"""Interpret scopes and states; each fiber of work is a generator that the scheduler advances.

Longer than 250 lines because the eight state types share the code that enters and leaves a state.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Generator
from typing import Final, TypeAlias, cast

from ..asl.definition import Scope, StateNode, Transition
from ..asl.json_type import Json
from ..asl.json_values import json_text
from ..asl.limits import (
    MAX_DISTRIBUTED_CONCURRENCY,
    MAX_EXPRESS_SECONDS,
    MAX_INLINE_CONCURRENCY,
    MAX_PAYLOAD_BYTES,
    MAX_WAIT_SECONDS,
)
from ..asl.timestamps import parse_timestamp
from .calls import TaskCall
from .choice_operators import holds
from .data import Data, data_of, is_given, number_of
from .frame import EventCount, ExecutionState, Frame, Variables, iso
from .map_items import items_of, tolerated_failures
from .outcome import StateVisit
from .results import map_result
from .retry_delays import Retries, catcher_for
from .scheduler import Join, Result, Sleep, Work
from .state_errors import DATA_LIMIT, NO_CHOICE, RUNTIME, TOO_MANY_FAILED, StateFailed
from .task_names import function_name, names_of_task

Step: TypeAlias = "Generator[Sleep | Join, list[Result], tuple[Json, Transition | None]]"
Done: TypeAlias = "Generator[Sleep | Join, list[Result], Json]"
_RETRYABLE: Final = ("Task", "Parallel", "Map")
_EVENTS_OF_AN_ATTEMPT: Final = {"Task": 3, "Parallel": 2, "Map": 2}
"""The history events of one attempt: scheduled, started and ended for a Task; started and ended for the others."""
_TOKEN_SUFFIXES: Final = (".waitForTaskToken", ".sync", ".sync:2")
"""Resource suffixes of tasks with a token in the context object; only the first waits until somebody returns it."""


class Interpreter:
    """Runs the scopes of one state machine."""

    def __init__(self, execution: ExecutionState) -> None:
        self._execution = execution

    def run_scope(
        self,
        scope: Scope,
        input_value: Json,
        variables: Variables,
        branch_indexes: tuple[int, ...],
        item: dict[str, Json],
        events: EventCount | None = None,
    ) -> Work:
        """Run a scope from its start state and return its output; without `events`, it gets a history of its own."""
        events = events or EventCount(self._execution.max_events)
        state, value = self._find_state(scope, scope.start), input_value
        while True:
            value, transition = yield from self._visit(state, value, variables, branch_indexes, item, events)
            if transition is None:
                return value
            state = self._find_state(scope, transition.target)

    def _find_state(self, scope: Scope, name: str | None) -> StateNode:
        if name is None or name not in scope.by_name:
            raise StateFailed(RUNTIME, f"There is no state {name!r} in this scope ({scope.pointer or '/'}).")
        return scope.by_name[name]

    def _visit(
        self,
        state: StateNode,
        input_value: Json,
        variables: Variables,
        branch_indexes: tuple[int, ...],
        item: dict[str, Json],
        events: EventCount,
    ) -> Step:
        execution = self._execution
        if len(execution.visits) >= execution.max_transitions:
            raise StateFailed(RUNTIME, f"The execution did not end within {execution.max_transitions} states.")
        events.add(1)
        visit = StateVisit(
            state=state.name,
            pointer=state.pointer,
            type=state.type,
            branch_indexes=branch_indexes,
            entered_at=execution.now,
            input=input_value,
        )
        execution.visits.append(visit)
        state_context: dict[str, Json] = {"EnteredTime": iso(execution.now), "Name": state.name}
        if state.type in _RETRYABLE:
            state_context["RetryCount"] = 0
        context: dict[str, Json] = {**execution.context, "State": state_context, **item}
        frame = Frame(execution, variables, input_value, context, events)
        try:
            visit.output, visit.transition = yield from self._run_by_type(state, frame, visit)
            if state.type not in _RETRYABLE:
                self._check_size(state, visit.output)
        except StateFailed as failure:
            visit.error, visit.cause, visit.left_at = failure.error or None, failure.cause or None, execution.now
            raise
        visit.left_at = execution.now
        if state.type != "Fail":
            events.add(1)
        return visit.output, visit.transition

    def _run_by_type(self, state: StateNode, frame: Frame, visit: StateVisit) -> Step:
        if state.type in _RETRYABLE:
            return (yield from self._with_retries(state, frame, visit))
        data = data_of(state, frame)
        if state.type == "Choice":
            return self._choose(state, data)
        if state.type == "Fail":
            raise _fail_error(state, data)
        if state.type == "Wait":
            yield Sleep(self._delay(state, data))
        elif state.type not in ("Pass", "Succeed"):
            raise StateFailed(RUNTIME, f"State {state.name!r} has an unknown Type.")
        return data.pass_through(state.fields), _next_transition(state)

    def _choose(self, state: StateNode, data: Data) -> tuple[Json, Transition | None]:
        for transition in state.transitions:
            if transition.kind == "choice" and holds(transition.holder, data):
                return data.pass_through(transition.holder), transition
            if transition.kind == "default":
                return data.pass_through(state.fields), transition
        error = NO_CHOICE if self._execution.documented else RUNTIME
        raise StateFailed(error, "Failed to transition out of the state. The state does not point to a next state.")

    def _delay(self, state: StateNode, data: Data) -> float:
        seconds = number_of(data, state.fields, "Seconds") or self._seconds_until(state, data)
        if seconds > MAX_WAIT_SECONDS:
            raise StateFailed(RUNTIME, "Wait state delay is too long.")
        return seconds

    def _seconds_until(self, state: StateNode, data: Data) -> float:
        if not is_given(state.fields, "Timestamp"):
            return 0.0
        timestamp = data.field(state.fields, "Timestamp")
        try:
            return max((parse_timestamp(str(timestamp)) - self._execution.now).total_seconds(), 0)
        except ValueError:
            raise data.field_error(
                state.fields, "Timestamp", timestamp, "a timestamp such as 2026-01-31T12:00:00Z"
            ) from None

    def _with_retries(self, state: StateNode, frame: Frame, visit: StateVisit) -> Step:
        retries = Retries(state, self._execution.rng, documented=self._execution.documented)
        while True:
            visit.attempts += 1
            if visit.attempts > self._execution.max_transitions:
                raise StateFailed(RUNTIME, f"State {state.name!r} did not end within {visit.attempts - 1} attempts.")
            try:
                return (yield from self._attempt(state, frame, visit))
            except StateFailed as failure:
                frame.extras.clear()
                retry = retries.next_retry(failure)
                if retry is None:
                    return self._catch(state, frame, failure)
                cast("dict[str, Json]", frame.context["State"])["RetryCount"] = visit.attempts
                yield Sleep(retry[1])

    def _attempt(self, state: StateNode, frame: Frame, visit: StateVisit) -> Step:
        """Do the work of a Task, Parallel or Map once; return the state's output and next transition."""
        frame.events.add(_EVENTS_OF_AN_ATTEMPT[state.type])
        data = data_of(state, frame)
        result = yield from self._work(state, frame, data, visit)
        self._check_size(state, result)
        output = data.apply_result(result)
        self._check_size(state, output)
        return output, _next_transition(state)

    def _catch(self, state: StateNode, frame: Frame, failure: StateFailed) -> tuple[Json, Transition | None]:
        transition = catcher_for(state, failure, documented=self._execution.documented)
        if transition is None:
            raise failure
        return data_of(state, frame).catch(transition.holder, cast("Json", failure.output)), transition

    def _work(self, state: StateNode, frame: Frame, data: Data, visit: StateVisit) -> Done:
        if state.type == "Task":
            return (yield from self._run_task(state, frame, data, visit))
        fault = self._execution.fault(state.name, state.pointer)
        if fault is not None:
            yield Sleep(fault.after.total_seconds())
            raise StateFailed(fault.error, fault.cause)
        if state.type == "Parallel":
            return (yield from self._run_parallel(state, frame, data, visit))
        return (yield from self._run_map(state, frame, data, visit))

    def _run_task(self, state: StateNode, frame: Frame, data: Data, visit: StateVisit) -> Done:
        resource = str(state.fields.get("Resource", ""))
        token = self._create_token(resource, frame)
        arguments = data.arguments()
        self._check_size(state, arguments)
        call = TaskCall(
            state=state.name,
            resource=resource,
            arguments=arguments,
            attempt=visit.attempts,
            started_at=self._execution.now,
            token=token if resource.endswith(".waitForTaskToken") else None,
            timeout_seconds=number_of(data, state.fields, "TimeoutSeconds", 1),
            heartbeat_seconds=number_of(data, state.fields, "HeartbeatSeconds", 1),
            function_name=function_name(resource, arguments),
            aws_request_id=self._new_token(),
            documented=self._execution.documented,
        )
        names = names_of_task(state, resource, arguments)
        wraps_payload = resource.split(":states:::")[-1].startswith("lambda:invoke")
        fault = self._execution.fault(state.name, state.pointer)
        attempt = self._execution.functions.attempt(call, names, wraps_payload, fault)
        yield Sleep(attempt.seconds)
        if isinstance(attempt.result, StateFailed):
            raise attempt.result
        return attempt.result

    def _create_token(self, resource: str, frame: Frame) -> str | None:
        """Add a new task token to the context object and return it, or return None if the resource has no token."""
        if not resource.endswith(_TOKEN_SUFFIXES):
            return None
        token = self._new_token()
        frame.context["Task"] = {"Token": token}
        return token

    def _run_parallel(self, state: StateNode, frame: Frame, data: Data, visit: StateVisit) -> Done:
        input_value = data.arguments()
        starts = [self._start(scope, input_value, frame, visit, index, {}) for index, scope in enumerate(state.scopes)]
        results = yield Join(starts, 0)
        return cast("list[Json]", results)

    def _run_map(self, state: StateNode, frame: Frame, data: Data, visit: StateVisit) -> Done:
        items = items_of(state, data, frame)
        if not state.scopes:
            raise StateFailed(RUNTIME, f"State {state.name!r} has no ItemProcessor.")
        distributed = state.is_distributed
        child_contexts = [
            self._child_context(each.input, index) if distributed else {} for index, each in enumerate(items)
        ]
        starts = [
            self._start(
                state.scopes[0],
                each.input,
                frame,
                visit,
                index,
                {"Map": each.context, **child_contexts[index]},
                distributed,
            )
            for index, each in enumerate(items)
        ]
        maximum = MAX_DISTRIBUTED_CONCURRENCY if distributed else MAX_INLINE_CONCURRENCY
        requested = frame.inspection["maxConcurrency"] = self._max_concurrency(state, data)
        limit = min(requested or maximum, maximum)
        tolerated_count = tolerated_failures(state, data, frame, len(items)) if distributed else 0
        seconds = MAX_EXPRESS_SECONDS if _starts_express(state) else None
        threshold_error = _threshold_error if distributed else _keep_failure
        results = yield Join(starts, limit, tolerated_count, threshold_error, seconds)
        return (
            map_result(state, data, self._execution, child_contexts, results)
            if distributed
            else cast("list[Json]", results)
        )

    def _max_concurrency(self, state: StateNode, data: Data) -> int:
        """Return MaxConcurrency, or 0 if it is missing."""
        return int(number_of(data, state.fields, "MaxConcurrency") or 0)

    def _child_context(self, input_value: Json, index: int) -> dict[str, Json]:
        """Return the context object's Execution for a child of a distributed Map: its own ID, name and input."""
        parent = cast("dict[str, Json]", self._execution.context["Execution"])
        name = f"{parent['Name']}-{index}"
        return {"Execution": {**parent, "Id": f"{parent['Id']}-{index}", "Name": name, "Input": input_value}}

    def _start(
        self,
        scope: Scope,
        input_value: Json,
        frame: Frame,
        visit: StateVisit,
        index: int,
        item: dict[str, Json],
        own_variables: bool = False,
    ) -> Callable[[], Work]:
        outer_map = {"Map": frame.context["Map"]} if "Map" in frame.context else {}
        item_context: dict[str, Json] = {
            key: value for key, value in {**outer_map, **item}.items() if value is not None
        }
        branch_indexes = (*visit.branch_indexes, index)

        def start() -> Work:
            variables = Variables(None if own_variables else frame.variables)
            if own_variables:
                return self.run_scope(scope, input_value, variables, branch_indexes, item_context)
            if visit.type == "Map":
                frame.events.add(2)  # the iteration's started and ended events
            return self.run_scope(scope, input_value, variables, branch_indexes, item_context, frame.events)

        return start

    def _new_token(self) -> str:
        return str(uuid.UUID(int=self._execution.rng.getrandbits(128), version=4))

    def _check_size(self, state: StateNode, value: Json) -> None:
        if len(json_text(value).encode()) > MAX_PAYLOAD_BYTES:
            message = "returned a result with a size exceeding the maximum number of bytes service limit"
            raise StateFailed(DATA_LIMIT, f"The state/task '{state.name}' {message}.")


def _next_transition(state: StateNode) -> Transition | None:
    return next((transition for transition in state.transitions if transition.kind == "next"), None)


def _fail_error(state: StateNode, data: Data) -> StateFailed:
    return StateFailed(_string_field(state, data, "Error"), _string_field(state, data, "Cause"))


def _string_field(state: StateNode, data: Data, name: str) -> str:
    if not is_given(state.fields, name):
        return ""
    value = data.field(state.fields, name)
    if not isinstance(value, str):
        raise data.field_error(state.fields, name, value, "string")
    return value


def _starts_express(state: StateNode) -> bool:
    """Return true for a distributed Map whose children are EXPRESS executions."""
    config = state.scopes[0].fields.get("ProcessorConfig")
    return state.is_distributed and isinstance(config, dict) and config.get("ExecutionType") == "EXPRESS"


def _keep_failure(failure: StateFailed) -> StateFailed:
    return failure


def _threshold_error(failure: StateFailed) -> StateFailed:
    message = str(failure) or "an error without a name"
    cause = f"The specified tolerated failure threshold was exceeded; the last item failed with {message}"
    return StateFailed(TOO_MANY_FAILED, cause, failure.origin)
