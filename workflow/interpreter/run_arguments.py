"""Reject arguments of a run that nothing in the definition can use, before anything runs.

CannotRun    an argument names nothing in the definition, or the definition cannot run as this type of workflow
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, Literal, TypeAlias

from ..asl.definition import Definition, StateNode
from ..asl.json_type import Json
from ..asl.suggestions import suggest
from .calls import Callables, callable_names
from .task_names import NAMING_ARGUMENTS, names_of_task

MachineType: TypeAlias = Literal["STANDARD", "EXPRESS"]
TYPES: Final = ("STANDARD", "EXPRESS")
_WAITING: Final = (".sync", ".sync:2", ".waitForTaskToken")


class CannotRun(ValueError):
    """A message that names the argument or the states, and what to do."""


def reject_unusable_arguments(
    definition: Definition,
    machine_type: str,
    functions: Callables,
    faults: Collection[str],
    objects: Collection[str],
) -> None:
    """Raise CannotRun with every problem at once."""
    problems = [
        *_type_problems(definition, machine_type),
        *_function_problems(definition, functions),
        *_fault_problems(definition, faults),
        *_object_problems(definition, objects),
    ]
    if problems:
        raise CannotRun(" ".join(problems))


def _type_problems(definition: Definition, machine_type: str) -> Iterator[str]:
    if machine_type not in TYPES:
        yield f"type must be STANDARD or EXPRESS, got {machine_type!r}."
    if machine_type != "EXPRESS":
        return
    for state in definition.states():
        reason = _reason_against_express(state)
        if reason:
            yield f"{state.name!r} cannot run in an EXPRESS workflow: {reason}. Use a STANDARD workflow."


def _reason_against_express(state: StateNode) -> str:
    """Return what an EXPRESS workflow does not support. Source: developer guide, "Choosing workflow type"."""
    resource = str(state.fields.get("Resource", ""))
    if state.type == "Task" and resource.endswith(_WAITING):
        return "it waits for a job or a task token"
    if state.type == "Task" and ":activity:" in resource:
        return "it waits for an activity"
    return "it is a distributed Map" if state.is_distributed else ""


def _function_problems(definition: Definition, functions: Callables) -> Iterator[str]:
    tasks = [state for state in definition.states() if state.type == "Task"]
    known = {name for task in tasks for name in names_of_task(task)}
    if any(_is_named_by_data(task) for task in tasks):
        return  # a key may name what only the data tells
    for key in functions:
        names = callable_names(key)
        if known.isdisjoint(names):
            yield _unknown("functions", names[0], "task", known)


def _is_named_by_data(task: StateNode) -> bool:
    """Return true if a task's arguments, and so the names of its function, depend on the data."""
    arguments = task.fields.get("Arguments", task.fields.get("Parameters"))
    if isinstance(arguments, str):
        return True
    return isinstance(arguments, dict) and any(
        f"{name}.$" in arguments or str(arguments.get(name)).startswith("{%") for name in NAMING_ARGUMENTS
    )


def _fault_problems(definition: Definition, faults: Iterable[str]) -> Iterator[str]:
    known = {name for state in definition.states() if _can_fail(state) for name in (state.name, state.pointer)}
    return (_unknown("faults", name, "Task, Parallel or Map", known) for name in faults if name not in known)


def _can_fail(state: StateNode) -> bool:
    return state.type in ("Task", "Parallel", "Map")


def _object_problems(definition: Definition, objects: Iterable[str]) -> Iterator[str]:
    readers = [reader for state in definition.states() if isinstance(reader := state.fields.get("ItemReader"), dict)]
    for name in objects:
        if not name.startswith("s3://"):
            yield f"objects: {name!r} must be the address of an object: s3://bucket/key."
        elif not any(_may_read(reader, name) for reader in readers):
            yield f"objects: no ItemReader reads {name}. Correct the address, or remove it."


def _may_read(reader: Mapping[str, Json], name: str) -> bool:
    arguments = reader.get("Arguments", reader.get("Parameters"))
    if not isinstance(arguments, dict):
        return isinstance(arguments, str)
    bucket, _, key = name.removeprefix("s3://").partition("/")
    if str(reader.get("Resource", "")).endswith(":listObjectsV2"):
        return _may_be(arguments.get("Bucket"), bucket)
    return _may_be(arguments.get("Bucket"), bucket) and _may_be(arguments.get("Key"), key)


def _may_be(written: Json, value: str) -> bool:
    return written is None or not isinstance(written, str) or written.startswith(("{%", "${")) or written == value


def _unknown(argument: str, name: str, what: str, known: Collection[str]) -> str:
    states = sorted(one for one in known if not one.startswith("/"))
    hint = suggest(name, states, f"Known: {', '.join(states[:10])}." if states else "The definition has none.")
    return f"{argument}: {name!r} does not name a {what} of the definition. {hint}"


__all__ = ["CannotRun", "MachineType", "reject_unusable_arguments"]
