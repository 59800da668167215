"""Provide `run`, which executes a state machine in process and on a virtual clock."""

import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from ..asl.definition import Definition, parse
from ..asl.json_type import Json
from ..asl.json_values import json_of, json_text
from ..asl.limits import MAX_EXPRESS_SECONDS, MAX_HISTORY_EVENTS, MAX_PAYLOAD_BYTES
from ..asl.records import NOTHING
from ..deprecation import renamed_keywords
from ..queries.jsonata_evaluation import Evaluator
from .calls import Callables, TaskFunctions
from .frame import ExecutionState, Variables, iso
from .machine import Interpreter
from .machine_types import MachineType, reject_unsupported_states
from .objects import Objects
from .outcome import Run
from .scheduler import Scheduler
from .state_errors import DATA_LIMIT, TASK_FAILED, TIMEOUT, Fault, StateFailed
from .task_names import check_keys

EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
_ACCOUNT: Final = "arn:aws:states:us-east-1:123456789012"
Faults: TypeAlias = Mapping[str, Iterable[Fault | str | None]]


@renamed_keywords(most_transitions="max_transitions")
def run(
    definition: object,
    input: object = NOTHING,  # noqa: A002  # AWS's term
    functions: Callables | None = None,
    *,
    type: MachineType = "STANDARD",  # noqa: A002  # AWS's term
    faults: Faults | None = None,
    objects: Mapping[str, object] | None = None,
    name: str = "run",
    start: datetime = EPOCH,
    seed: int = 0,
    variables: Mapping[str, object] | None = None,
    max_transitions: int = MAX_HISTORY_EVENTS,
    documented: bool = False,
) -> Run:
    """Execute a state machine with Python callables in place of its tasks; equal arguments give equal runs.

    `definition`        a workflow class, a Definition, a JSON value, JSON text, or a file
    `input`             any JSON value (None is null); by default an empty object
    `functions`         callables by state name, function name, `service:action`, Resource, or Function of the language
    `type`              EXPRESS ends after five minutes and supports no `.sync`, task token, activity or distributed
                        Map. AWS runs an asynchronous EXPRESS execution at least once: run it twice to test that this
                        is harmless
    `faults`            by state name, one entry per attempt: a Fault, an error's name, or None for no fault
    `objects`           the S3 objects that ItemReaders read, by `s3://bucket/key`: the text, or a list of items
    `name`              the execution's name, which is in the context object and ends the execution's ARN
    `start`             the virtual clock's time when the execution starts; it needs a time zone
    `seed`              the seed of all random values, such as jitter, `$random` and `States.UUID`
    `variables`         the variables that are assigned before the first state, by name
    `max_transitions`   the number of state visits, and of attempts of one state, after which the run fails with
                        States.Runtime, so that an endless loop ends
    `documented`        True to follow AWS's documentation where executions recorded on AWS contradict it

    Raises:
        CannotRun: the machine type is unknown or does not support the definition.
        UnknownKey: no state can use a key of `functions`, `faults` or `objects`.
        NoFunction: a task has no callable.
        StillWaiting: a task waits for a task token that nothing answers.
    """
    asl = parse(definition)
    reject_unsupported_states(asl, type)
    check_keys(asl, functions or {}, faults or {}, objects or {})
    input_value = json_of(input)
    execution = new_execution(
        asl, input_value, functions, type=type, faults=faults, objects=objects, name=name, start=start, seed=seed,
        max_transitions=max_transitions, documented=documented,
    )  # fmt: skip
    machine_variables = Variables()
    machine_variables.assign({key: json_of(value) for key, value in (variables or {}).items()})
    if len(json_text(input_value).encode()) > MAX_PAYLOAD_BYTES:
        result: Json | StateFailed | None = StateFailed(DATA_LIMIT, "The input must have at most 256 KiB.")
    else:
        result = execution.scheduler.run(
            Interpreter(execution).run_scope(asl.root, input_value, machine_variables, (), {})
        )
    return _outcome(execution, machine_variables, result)


def new_execution(
    asl: Definition,
    input_value: Json,
    functions: Callables | None,
    *,
    type: str = "STANDARD",  # noqa: A002  # as above
    faults: Faults | None = None,
    objects: Mapping[str, object] | None = None,
    name: str = "run",
    start: datetime = EPOCH,
    seed: int = 0,
    max_transitions: int = MAX_HISTORY_EVENTS,
    documented: bool = False,
) -> ExecutionState:
    """Return the data of an execution that has not started."""
    rng = random.Random(seed)  # noqa: S311  # runs must be repeatable
    return ExecutionState(
        definition=asl,
        functions=TaskFunctions(functions or {}),
        objects=Objects(objects or {}, start, documented=documented),
        scheduler=Scheduler(_time_limit(asl, type)),
        rng=rng,
        start=start,
        context=_context(input_value, name, start, type),
        faults={state: [_to_fault(each) for each in each_attempt] for state, each_attempt in (faults or {}).items()},
        max_transitions=max_transitions,
        max_events=None if type == "EXPRESS" else MAX_HISTORY_EVENTS,
        evaluator=Evaluator(rng),
        documented=documented,
    )


def _outcome(execution: ExecutionState, machine_variables: Variables, result: "Json | StateFailed | None") -> Run:
    timed_out = result is None and execution.scheduler.deadline == execution.scheduler.now and _is_unfinished(execution)
    failure = StateFailed(TIMEOUT) if timed_out else result if isinstance(result, StateFailed) else None
    return Run(
        definition=execution.definition,
        status="TIMED_OUT" if timed_out else "FAILED" if failure is not None else "SUCCEEDED",
        output=None if isinstance(result, StateFailed) else result,
        error=(failure.error or None) if failure else None,
        cause=(failure.cause or None) if failure else None,
        duration=timedelta(seconds=execution.scheduler.now),
        visits=tuple(execution.visits),
        variables=machine_variables.visible(),
        written=execution.objects.written,
        origin=failure.origin if failure else None,
    )


def _is_unfinished(execution: ExecutionState) -> bool:
    return not execution.visits or any(visit.left_at is None for visit in execution.visits)


def _time_limit(definition: Definition, machine_type: str) -> float | None:
    seconds = definition.root.fields.get("TimeoutSeconds")
    limits = [float(seconds)] if isinstance(seconds, int | float) else []
    if machine_type == "EXPRESS":
        limits.append(float(MAX_EXPRESS_SECONDS))
    return min(limits, default=None)


def _context(input_value: Json, name: str, start: datetime, machine_type: str) -> dict[str, Json]:
    kind, run_id = ("express", f":{name}") if machine_type == "EXPRESS" else ("execution", "")
    return {
        "Execution": {
            "Id": f"{_ACCOUNT}:{kind}:machine:{name}{run_id}",
            "Input": input_value,
            "Name": name,
            "RoleArn": "arn:aws:iam::123456789012:role/machine",
            "StartTime": iso(start),
            "RedriveCount": 0,
        },
        "StateMachine": {"Id": f"{_ACCOUNT}:stateMachine:machine", "Name": "machine"},
    }


def _to_fault(fault: "Fault | str | None") -> "Fault | None":
    return Fault(error=fault or TASK_FAILED) if isinstance(fault, str) else fault
