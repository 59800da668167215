"""The surroundings of a running state: its input, the variables in scope, the context object, clock and chance."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from ..asl.definition import Definition
from ..asl.json_type import Json
from ..queries.jsonata_evaluation import Evaluator
from .state_errors import RUNTIME, StateFailed

if TYPE_CHECKING:
    from .calls import TaskFunctions
    from .objects import Objects
    from .outcome import StateVisit
    from .scheduler import Scheduler
    from .state_errors import Fault


_LATEST_SECONDS = 6_000 * 31_536_000
"""The virtual clock stops here, because Python's dates end with the year 9999."""


class Variables:
    """The variables of one scope, and of the scopes around it."""

    def __init__(self, outer: "Variables | None" = None) -> None:
        self._outer = outer
        self._own: dict[str, Json] = {}

    def visible(self) -> dict[str, Json]:
        """Every variable that can be read here, by name."""
        chain: list[Variables] = [self]
        while chain[-1]._outer is not None:
            chain.append(chain[-1]._outer)
        return {name: value for scope in reversed(chain) for name, value in scope._own.items()}

    def assign(self, values: Mapping[str, Json]) -> None:
        """Set variables of this scope."""
        self._own.update(values)


@dataclass(slots=True)
class EventCount:
    """The events of one execution, which Step Functions ends at the 25,000th; None sets no limit."""

    limit: int | None
    events: int = 1
    """ExecutionStarted is the first."""

    def add(self, events: int) -> None:
        """Count events. Raises StateFailed where the last of them would be the one that ends the execution."""
        self.events += events
        if self.limit is not None and self.events >= self.limit:
            told = f"The execution reached the maximum number of history events ({self.limit})."
            raise StateFailed(RUNTIME, told)


@dataclass(slots=True)
class ExecutionState:
    """The data that all states of one run share."""

    definition: Definition
    functions: "TaskFunctions"
    objects: "Objects"
    scheduler: "Scheduler"
    chance: Random
    start: datetime
    context: dict[str, Json]
    faults: "dict[str, list[Fault | None]]"
    most_transitions: int
    evaluator: Evaluator
    max_events: int | None
    """Events of a STANDARD execution's history; a distributed Map's children have histories of their own."""
    documented: bool = False
    """Follow AWS's documentation where recorded executions contradict it."""
    visits: "list[StateVisit]" = field(default_factory=list["StateVisit"])

    @property
    def now(self) -> datetime:
        """The virtual time."""
        return self.start + timedelta(seconds=min(self.scheduler.now, _LATEST_SECONDS))

    def fault(self, *names: str) -> "Fault | None":
        """The fault that the next attempt of a state meets."""
        for name in names:
            if self.faults.get(name):
                return self.faults[name].pop(0)
        return None


@dataclass(slots=True)
class Frame:
    """One visit of one state."""

    execution: ExecutionState
    variables: Variables
    input: Json
    context: dict[str, Json]
    events: EventCount
    extras: dict[str, Json] = field(default_factory=dict[str, Json])
    """`result` and `errorOutput`, once there are any."""
    inspection: dict[str, Json] = field(default_factory=dict[str, Json])
    """The data between the steps of the state, under the names of TestState's InspectionData."""

    @property
    def states(self) -> dict[str, Json]:
        """The reserved variable of JSONata."""
        return {"input": self.input, "context": self.context, **self.extras}

    @property
    def now_ms(self) -> int:
        """The virtual time in milliseconds since 1970."""
        return round(self.execution.now.timestamp() * 1000)


def iso(moment: datetime) -> str:
    """A time as Step Functions writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
