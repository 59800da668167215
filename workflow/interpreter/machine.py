"""Interpret scopes and states; each strand of work is a generator that the scheduler advances.

Longer than 250 lines because the eight state types share the code that enters and leaves a state.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Generator
from typing import Final, TypeAlias, cast

from ..asl.definition import Arrow, Scope, StateNode
from ..asl.json_type import Json
from ..asl.json_values import written
from ..asl.limits import (
    MAX_DISTRIBUTED_CONCURRENCY,
    MAX_EXPRESS_SECONDS,
    MAX_INLINE_CONCURRENCY,
    MAX_PAYLOAD_BYTES,
    MAX_WAIT_SECONDS,
)
from ..asl.timestamps import moment_of
from .calls import TaskCall
from .choice_operators import holds
from .data import Data, data_of, is_given, number_of
from .frame import EventCount, ExecutionState, Frame, Variables, iso
from .map_items import items_of, tolerance
from .outcome import StateVisit
from .results import collected
from .retry_delays import Retries, catcher_for
from .scheduler import Join, Result, Sleep, Work
from .state_errors import DATA_LIMIT, NO_CHOICE, RUNTIME, TOO_MANY_FAILED, StateFailed
from .task_names import function_name, names_of_task

Step: TypeAlias = "Generator[Sleep | Join, list[Result], tuple[Json, Arrow | None]]"
Done: TypeAlias = "Generator[Sleep | Join, list[Result], Json]"
_RETRIED: Final = ("Task", "Parallel", "Map")
_EVENTS_OF_AN_ATTEMPT: Final = {"Task": 3, "Parallel": 2, "Map": 2}
"""The history events of one attempt: scheduled, started and ended for a Task; started and ended for the others."""
_HAVE_TOKEN: Final = (".waitForTaskToken", ".sync", ".sync:2")
"""Resource suffixes of tasks with a token in the context object; only the first waits until somebody returns it."""


class Interpreter:
    """Runs the scopes of one state machine."""

    def __init__(self, execution: ExecutionState) -> None:
        self._execution = execution

    def scope(
        self,
        scope: Scope,
        given: Json,
        variables: Variables,
        strand: tuple[int, ...],
        item: dict[str, Json],
        events: EventCount | None = None,
    ) -> Work:
        """Run a scope from its start state and return its output; without `events`, it gets a history of its own."""
        events = events or EventCount(self._execution.max_events)
        state, value = self._state(scope, scope.start), given
        while True:
            value, arrow = yield from self._visit(state, value, variables, strand, item, events)
            if arrow is None:
                return value
            state = self._state(scope, arrow.target)

    def _state(self, scope: Scope, name: str | None) -> StateNode:
        if name is None or name not in scope.by_name:
            raise StateFailed(RUNTIME, f"there is no state {name!r} in this scope ({scope.pointer or '/'})")
        return scope.by_name[name]

    def _visit(
        self,
        state: StateNode,
        given: Json,
        variables: Variables,
        strand: tuple[int, ...],
        item: dict[str, Json],
        events: EventCount,
    ) -> Step:
        execution = self._execution
        if len(execution.visits) >= execution.most_transitions:
            raise StateFailed(RUNTIME, f"the execution did not end within {execution.most_transitions} states")
        events.add(1)
        visit = StateVisit(
            state=state.name,
            pointer=state.pointer,
            type=state.type,
            strand=strand,
            entered_at=execution.now,
            input=given,
        )
        execution.visits.append(visit)
        here: dict[str, Json] = {"EnteredTime": iso(execution.now), "Name": state.name}
        if state.type in _RETRIED:
            here["RetryCount"] = 0
        context: dict[str, Json] = {**execution.context, "State": here, **item}
        frame = Frame(execution, variables, given, context, events)
        try:
            visit.output, visit.arrow = yield from self._run_by_type(state, frame, visit)
            if state.type not in _RETRIED:
                self._refuse_too_large(state, visit.output)
        except StateFailed as failure:
            visit.error, visit.cause, visit.left_at = failure.error or None, failure.cause or None, execution.now
            raise
        visit.left_at = execution.now
        if state.type != "Fail":
            events.add(1)
        return visit.output, visit.arrow

    def _run_by_type(self, state: StateNode, frame: Frame, visit: StateVisit) -> Step:
        if state.type in _RETRIED:
            return (yield from self._with_retries(state, frame, visit))
        data = data_of(state, frame)
        if state.type == "Choice":
            return self._choice(state, data)
        if state.type == "Fail":
            raise _failed(state, data)
        if state.type == "Wait":
            yield Sleep(self._delay(state, data))
        elif state.type not in ("Pass", "Succeed"):
            raise StateFailed(RUNTIME, f"{state.name!r} has an unknown Type")
        return data.passed(state.fields), _next(state)

    def _choice(self, state: StateNode, data: Data) -> tuple[Json, Arrow | None]:
        for arrow in state.arrows:
            if arrow.kind == "choice" and holds(arrow.holder, data):
                return data.passed(arrow.holder), arrow
            if arrow.kind == "default":
                return data.passed(state.fields), arrow
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
        moment = data.field(state.fields, "Timestamp")
        try:
            return max((moment_of(str(moment)) - self._execution.now).total_seconds(), 0)
        except ValueError:
            raise data.misfit(state.fields, "Timestamp", moment, "a timestamp such as 2026-01-31T12:00:00Z") from None

    def _with_retries(self, state: StateNode, frame: Frame, visit: StateVisit) -> Step:
        retries = Retries(state, self._execution.chance, documented=self._execution.documented)
        while True:
            visit.attempts += 1
            if visit.attempts > self._execution.most_transitions:
                raise StateFailed(RUNTIME, f"{state.name!r} did not end within {visit.attempts - 1} attempts")
            try:
                return (yield from self._attempt(state, frame, visit))
            except StateFailed as failure:
                frame.extras.clear()
                again = retries.next_try(failure)
                if again is None:
                    return self._catch(state, frame, failure)
                cast("dict[str, Json]", frame.context["State"])["RetryCount"] = visit.attempts
                yield Sleep(again[1])

    def _attempt(self, state: StateNode, frame: Frame, visit: StateVisit) -> Step:
        """Do the work of a Task, Parallel or Map once; return the state's output and next transition."""
        frame.events.add(_EVENTS_OF_AN_ATTEMPT[state.type])
        data = data_of(state, frame)
        result = yield from self._work(state, frame, data, visit)
        self._refuse_too_large(state, result)
        output = data.settle(result)
        self._refuse_too_large(state, output)
        return output, _next(state)

    def _catch(self, state: StateNode, frame: Frame, failure: StateFailed) -> tuple[Json, Arrow | None]:
        arrow = catcher_for(state, failure, documented=self._execution.documented)
        if arrow is None:
            raise failure
        return data_of(state, frame).catch(arrow.holder, cast("Json", failure.output)), arrow

    def _work(self, state: StateNode, frame: Frame, data: Data, visit: StateVisit) -> Done:
        if state.type == "Task":
            return (yield from self._task(state, frame, data, visit))
        fault = self._execution.fault(state.name, state.pointer)
        if fault is not None:
            yield Sleep(fault.after.total_seconds())
            raise StateFailed(fault.error, fault.cause)
        if state.type == "Parallel":
            return (yield from self._parallel(state, frame, data, visit))
        return (yield from self._map(state, frame, data, visit))

    def _task(self, state: StateNode, frame: Frame, data: Data, visit: StateVisit) -> Done:
        resource = str(state.fields.get("Resource", ""))
        token = self._give_token(resource, frame)
        arguments = data.arguments()
        self._refuse_too_large(state, arguments)
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
            aws_request_id=self._token(),
            documented=self._execution.documented,
        )
        names = names_of_task(state, resource, arguments)
        wraps = resource.split(":states:::")[-1].startswith("lambda:invoke")
        fault = self._execution.fault(state.name, state.pointer)
        attempt = self._execution.functions.attempt(call, names, wraps, fault)
        yield Sleep(attempt.seconds)
        if isinstance(attempt.result, StateFailed):
            raise attempt.result
        return attempt.result

    def _give_token(self, resource: str, frame: Frame) -> str | None:
        """Add a new task token to the context object and return it, or return None if the resource has no token."""
        if not resource.endswith(_HAVE_TOKEN):
            return None
        token = self._token()
        frame.context["Task"] = {"Token": token}
        return token

    def _parallel(self, state: StateNode, frame: Frame, data: Data, visit: StateVisit) -> Done:
        given = data.arguments()
        starts = [self._start(scope, given, frame, visit, place, {}) for place, scope in enumerate(state.scopes)]
        results = yield Join(starts, 0)
        return cast("list[Json]", results)

    def _map(self, state: StateNode, frame: Frame, data: Data, visit: StateVisit) -> Done:
        items = items_of(state, data, frame)
        if not state.scopes:
            raise StateFailed(RUNTIME, f"{state.name!r} has no ItemProcessor")
        distributed = state.is_distributed
        own = [self._execution_of_child(each.input, place) if distributed else {} for place, each in enumerate(items)]
        starts = [
            self._start(
                state.scopes[0], each.input, frame, visit, place, {"Map": each.context, **own[place]}, distributed
            )
            for place, each in enumerate(items)
        ]
        at_once = MAX_DISTRIBUTED_CONCURRENCY if distributed else MAX_INLINE_CONCURRENCY
        wanted = frame.inspection["maxConcurrency"] = self._max_concurrency(state, data)
        most = min(wanted or at_once, at_once)
        tolerated = tolerance(state, data, frame, len(items)) if distributed else 0
        seconds = MAX_EXPRESS_SECONDS if _starts_express(state) else None
        too_many = _too_many if distributed else _as_it_is
        results = yield Join(starts, most, tolerated, too_many, seconds)
        return collected(state, data, self._execution, own, results) if distributed else cast("list[Json]", results)

    def _max_concurrency(self, state: StateNode, data: Data) -> int:
        """Return MaxConcurrency, or 0 if it is missing."""
        return int(number_of(data, state.fields, "MaxConcurrency") or 0)

    def _execution_of_child(self, given: Json, place: int) -> dict[str, Json]:
        """Return the context object's Execution for a child of a distributed Map: its own ID, name and input."""
        own_execution = cast("dict[str, Json]", self._execution.context["Execution"])
        name = f"{own_execution['Name']}-{place}"
        return {"Execution": {**own_execution, "Id": f"{own_execution['Id']}-{place}", "Name": name, "Input": given}}

    def _start(
        self,
        scope: Scope,
        given: Json,
        frame: Frame,
        visit: StateVisit,
        place: int,
        item: dict[str, Json],
        own_variables: bool = False,
    ) -> Callable[[], Work]:
        around = {"Map": frame.context["Map"]} if "Map" in frame.context else {}
        known: dict[str, Json] = {key: value for key, value in {**around, **item}.items() if value is not None}
        strand = (*visit.strand, place)

        def start() -> Work:
            variables = Variables(None if own_variables else frame.variables)
            if own_variables:
                return self.scope(scope, given, variables, strand, known)
            if visit.type == "Map":
                frame.events.add(2)  # the iteration's started and ended events
            return self.scope(scope, given, variables, strand, known, frame.events)

        return start

    def _token(self) -> str:
        return str(uuid.UUID(int=self._execution.chance.getrandbits(128), version=4))

    def _refuse_too_large(self, state: StateNode, value: Json) -> None:
        if len(written(value).encode()) > MAX_PAYLOAD_BYTES:
            told = "returned a result with a size exceeding the maximum number of bytes service limit"
            raise StateFailed(DATA_LIMIT, f"The state/task '{state.name}' {told}.")


def _next(state: StateNode) -> Arrow | None:
    return next((arrow for arrow in state.arrows if arrow.kind == "next"), None)


def _failed(state: StateNode, data: Data) -> StateFailed:
    return StateFailed(_text(state, data, "Error"), _text(state, data, "Cause"))


def _text(state: StateNode, data: Data, name: str) -> str:
    if not is_given(state.fields, name):
        return ""
    value = data.field(state.fields, name)
    if not isinstance(value, str):
        raise data.misfit(state.fields, name, value, "string")
    return value


def _starts_express(state: StateNode) -> bool:
    """Return true for a distributed Map whose children are EXPRESS executions."""
    config = state.scopes[0].fields.get("ProcessorConfig")
    return state.is_distributed and isinstance(config, dict) and config.get("ExecutionType") == "EXPRESS"


def _as_it_is(failure: StateFailed) -> StateFailed:
    return failure


def _too_many(failure: StateFailed) -> StateFailed:
    told = str(failure) or "an error without a name"
    cause = f"The specified tolerated failure threshold was exceeded; the last item failed with {told}"
    return StateFailed(TOO_MANY_FAILED, cause, failure.origin)
