"""The two types of state machine, and the states that EXPRESS does not support.

CannotRun    the definition or the state cannot run with these arguments
"""

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from ..asl.definition import Definition, StateNode

MachineType: TypeAlias = Literal["STANDARD", "EXPRESS"]
_TYPES: Final = ("STANDARD", "EXPRESS")
_WAITING_SUFFIXES: Final = (".sync", ".sync:2", ".waitForTaskToken")


class CannotRun(ValueError):
    """An argument or a state that cannot run; the message names it and the remedy."""


def reject_unsupported_states(definition: Definition, machine_type: str) -> None:
    """Raise CannotRun if the type is unknown or does not support some states; the message lists all of them."""
    if machine_type not in _TYPES:
        raise CannotRun(f"type must be STANDARD or EXPRESS, got {machine_type!r}.")
    problems = list(_problems(definition)) if machine_type == "EXPRESS" else []
    if problems:
        raise CannotRun(f"{' '.join(problems)} Use a STANDARD workflow.")


def _problems(definition: Definition) -> Iterator[str]:
    for state in definition.states():
        reason = _reason_against_express(state)
        if reason:
            yield f"{state.name!r} cannot run in an EXPRESS workflow: {reason}."


def _reason_against_express(state: StateNode) -> str:
    """Return why EXPRESS does not support a state, or "". Source: developer guide, "Choosing workflow type"."""
    resource = str(state.fields.get("Resource", ""))
    if state.type == "Task" and resource.endswith(_WAITING_SUFFIXES):
        return "it waits for a job or a task token"
    if state.type == "Task" and ":activity:" in resource:
        return "it waits for an activity"
    return "it is a distributed Map" if state.is_distributed else ""
