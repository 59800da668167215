"""The context object: what Step Functions knows about the execution, the state and the item at hand."""

from dataclasses import dataclass
from typing import Final, cast

from .expressions import Reference, Source


@dataclass(frozen=True)
class ExecutionContext:
    """The execution that runs."""

    Id: str
    """Its ARN."""
    Name: str
    StartTime: str
    """ISO 8601, in UTC; the same for every attempt."""
    RoleArn: str
    RedriveCount: int
    RedriveTime: str


@dataclass(frozen=True)
class StateContext:
    """The state that runs."""

    EnteredTime: str
    Name: str
    RetryCount: int


@dataclass(frozen=True)
class MachineContext:
    """The state machine that runs."""

    Id: str
    Name: str


@dataclass(frozen=True)
class TaskContext:
    """The task that runs."""

    Token: str
    """What SendTaskSuccess and SendTaskFailure want, in tasks that wait for them."""


@dataclass(frozen=True)
class ItemContext:
    """The item of a Map that is worked on."""

    Index: int
    Value: object
    Key: str
    Source: str


@dataclass(frozen=True)
class MapContext:
    """The Map that runs."""

    Item: ItemContext


@dataclass(frozen=True)
class Context:
    """All that Step Functions knows. Source: developer guide, "Accessing execution data from the Context object"."""

    Execution: ExecutionContext
    State: StateContext
    StateMachine: MachineContext
    Task: TaskContext
    Map: MapContext


context: Final = cast("Context", Reference(Source("context"), Context))
"""The context object of the state in which it is used."""
