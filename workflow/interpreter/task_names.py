"""Names under which `run` finds a task's callable, and the check for keys that match no state.

UnknownKey    a key of `functions`, `faults` or `objects` that no state of the definition can use
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from ..asl.definition import Definition, JsonObject, StateNode
from ..asl.fields import TYPES_THAT_CAN_FAIL
from ..asl.json_type import Json
from ..asl.suggestions import likely

_BINDINGS: Final = ("StateMachineArn", "QueueUrl", "TopicArn", "TableName", "Bucket")
"""The arguments, besides FunctionName, that identify the resource a task calls."""
_MAX_SHOWN: Final = 12
_EXPRESSION: Final = re.compile(r"\s*\{%|\$\.|\$\$")


class UnknownKey(KeyError):
    """A key that matches nothing; the message names the argument, the key and the known keys."""

    __str__ = Exception.__str__


def function_name(resource: str, arguments: Json) -> str:
    """Return the name of the Lambda function that a task calls, or the ARN if it calls another resource."""
    named = arguments.get("FunctionName") if isinstance(arguments, dict) else None
    arn = named if isinstance(named, str) else resource
    parts = arn.split(":")
    return parts[6] if len(parts) > 6 and parts[2] == "lambda" else arn


def names_of_task(state: StateNode, resource: str, arguments: Json) -> tuple[str, ...]:
    """Return the names under which a task's callable is looked up, most specific first."""
    called = tuple(_bindings(function_name(resource, arguments), resource, arguments))
    return (state.name, state.pointer, *called, _action(resource), resource)


def check_keys(
    definition: Definition,
    functions: Mapping[Any, object],
    faults: Mapping[str, object],
    objects: Mapping[str, object],
) -> None:
    """Raise UnknownKey for a key that no state can use. If names come from data at run time, any key is accepted."""
    tasks = [state for state in definition.states() if state.type == "Task"]
    named = [
        names_of_task(state, str(state.fields.get("Resource", "")), _unevaluated_arguments(state)) for state in tasks
    ]
    if not any(_is_from_data(name) for names in named for name in names):
        known = dict.fromkeys(name for names in named for name in names)
        unknown = [key for key in functions if not any(name in known for name in names_of_key(key))]
        _reject_unknown("functions", "no task calls", unknown, _readable(known))
    failing = [state for state in definition.states() if state.type in TYPES_THAT_CAN_FAIL]
    by_state = dict.fromkeys(name for state in failing for name in (state.name, state.pointer))
    _reject_unknown(
        "faults",
        "there is no Task, Parallel or Map",
        [key for key in faults if key not in by_state],
        _readable(by_state),
    )
    readers = list(_readers(definition))
    if not any(_is_from_data(str(part)) for reader in readers for part in reader):
        unread = [key for key in objects if not any(_reads(reader, key) for reader in readers)]
        _reject_unknown("objects", "no ItemReader reads", unread, [_address(reader) for reader in readers])


def names_of_key(key: Any) -> tuple[str, ...]:
    """Return the names that a key of `functions` matches: the string, or a binding's name and placeholder."""
    return (key,) if isinstance(key, str) else (key.name, key.placeholder)


def _reject_unknown(argument: str, problem: str, unknown: list[Any], known: Iterable[str]) -> None:
    if not unknown:
        return
    names, shown = list(known), [names_of_key(key)[0] for key in unknown]
    suggestion = likely(shown[0], names)
    question = f"; did you mean {suggestion!r}?" if suggestion else "."
    more = f" and {len(names) - _MAX_SHOWN} more" if len(names) > _MAX_SHOWN else ""
    listed = ", ".join(map(repr, names[:_MAX_SHOWN])) + more if names else "none"
    raise UnknownKey(f"{argument}: {problem} {', '.join(map(repr, shown))}{question} Known: {listed}.")


def _readable(names: Iterable[str]) -> list[str]:
    """Return the names that people are likely to write: not JSON pointers, ARNs or placeholders."""
    return [name for name in names if not name.startswith(("/", "arn:", "${"))]


def _bindings(called: str, resource: str, arguments: Json) -> Iterator[str]:
    """Yield the names of the resources that a task calls (function, machine, queue …); `name` precedes `${name}`."""
    fields = arguments if isinstance(arguments, dict) else {}
    others = [bound for name in _BINDINGS if isinstance(bound := fields.get(name), str)]
    for name in dict.fromkeys([called, *others, resource]):
        if name.startswith("${"):
            yield name[2:-1]
        yield name


def _action(resource: str) -> str:
    return (
        resource.split(":states:::")[-1].removesuffix(".waitForTaskToken").removesuffix(".sync").removesuffix(".sync:2")
    )


def _unevaluated_arguments(state: StateNode) -> Json:
    """Return a task's unevaluated Arguments or Parameters, without the suffix `.$` of field names."""
    fields = state.fields.get("Arguments", state.fields.get("Parameters"))
    if not isinstance(fields, dict):
        return fields
    return {name.removesuffix(".$"): value for name, value in fields.items()}


def _is_from_data(name: str) -> bool:
    return bool(_EXPRESSION.match(name))


def _readers(definition: Definition) -> Iterator[tuple[Json, Json, bool]]:
    """Yield the bucket of each ItemReader, its key or prefix, and true if it is a prefix."""
    for state in definition.states():
        reader = state.fields.get("ItemReader")
        if isinstance(reader, dict):
            yield _s3_location(reader)


def _s3_location(reader: JsonObject) -> tuple[Json, Json, bool]:
    arguments = reader.get("Arguments", reader.get("Parameters"))
    fields = (
        {name.removesuffix(".$"): value for name, value in arguments.items()} if isinstance(arguments, dict) else {}
    )
    if str(reader.get("Resource", "")).endswith(":s3:listObjectsV2"):
        return fields.get("Bucket"), fields.get("Prefix", ""), True
    return fields.get("Bucket"), fields.get("Key"), False


def _address(reader: tuple[Json, Json, bool]) -> str:
    bucket, key, is_prefix = reader
    return f"s3://{bucket}/{key}{'…' if is_prefix else ''}"


def _reads(reader: tuple[Json, Json, bool], key: str) -> bool:
    bucket, read_key, is_prefix = reader
    return key.startswith(f"s3://{bucket}/") if is_prefix else key == f"s3://{bucket}/{read_key}"
