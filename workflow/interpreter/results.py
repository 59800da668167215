"""The result of a distributed Map: the outputs of its children, or a record of each child."""

import uuid
from collections.abc import Iterator, Sequence
from typing import cast

from ..asl.definition import JsonObject, StateNode
from ..asl.json_type import Json
from ..asl.json_values import json_text
from .data import Data
from .frame import ExecutionState
from .scheduler import Result
from .state_errors import StateFailed


def map_result(
    state: StateNode, data: Data, execution: ExecutionState, children: Sequence[JsonObject], results: Sequence[Result]
) -> Json:
    """Return the result of a distributed Map: outputs or records, or the location that its ResultWriter wrote to.

    `children`    for each child, its part of the context object, which contains its `Execution`
    `results`     for each child, its output or a tolerated failure
    """
    writer = state.fields.get("ResultWriter")
    writer = writer if isinstance(writer, dict) else {}
    config = writer.get("WriterConfig")
    transformation = config.get("Transformation") if isinstance(config, dict) else None
    name = "Arguments" if "Arguments" in writer else "Parameters"
    target = data.evaluate_template(writer.get(name, {}), f"ResultWriter/{name}")
    if not isinstance(target, dict) or "Bucket" not in target:
        return _transform(transformation or "COMPACT", execution, children, results)
    run = str(uuid.UUID(int=execution.rng.getrandbits(128), version=4))
    succeeded = _transform(transformation or "NONE", execution, children, results)
    failed = [record for record in _child_records(execution, children, results) if "Error" in record]
    details = execution.objects.write(target["Bucket"], target.get("Prefix"), run, succeeded, failed)
    machine = cast("JsonObject", execution.context["StateMachine"])["Id"]
    arn = f"{str(machine).replace(':stateMachine:', ':mapRun:')}/{state.fields.get('Label', state.name)}:{run}"
    return {"MapRunArn": arn, "ResultWriterDetails": details}


def _transform(
    transformation: Json, execution: ExecutionState, children: Sequence[JsonObject], results: Sequence[Result]
) -> list[Json]:
    if transformation == "NONE":
        return [record for record in _child_records(execution, children, results) if "Output" in record]
    succeeded = [result for result in results if not isinstance(result, StateFailed)]
    return list(_flatten(succeeded)) if transformation == "FLATTEN" else succeeded


def _flatten(results: Sequence[Json]) -> Iterator[Json]:
    for result in results:
        yield from result if isinstance(result, list) else [result]


def _child_records(
    execution: ExecutionState, children: Sequence[JsonObject], results: Sequence[Result]
) -> Iterator[JsonObject]:
    machine = cast("JsonObject", execution.context["StateMachine"])["Id"]
    for child, result in zip(children, results, strict=False):
        child_execution = cast("JsonObject", child["Execution"])
        record: JsonObject = {
            "ExecutionArn": child_execution["Id"],
            "Input": json_text(child_execution["Input"]),
            "InputDetails": {"Included": True},
            "Name": child_execution["Name"],
            "StateMachineArn": machine,
        }
        if isinstance(result, StateFailed):
            yield {**record, "Error": result.error, "Cause": result.cause, "Status": "FAILED"}
        else:
            output: JsonObject = {"Output": json_text(result), "OutputDetails": {"Included": True}}
            yield {**record, **output, "Status": "SUCCEEDED"}
