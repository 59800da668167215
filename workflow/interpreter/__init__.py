"""Run a state machine or a single state in process, on a virtual clock, with Python callables in place of its tasks."""

from .calls import StillWaiting, TaskCall
from .execution import run
from .machine_types import CannotRun
from .outcome import Run, StateVisit
from .single_state import StateRun, run_state
from .state_errors import Fault, StateFailed, TaskFailed

__all__ = [
    "CannotRun",
    "Fault",
    "Run",
    "StateFailed",
    "StateRun",
    "StateVisit",
    "StillWaiting",
    "TaskCall",
    "TaskFailed",
    "run",
    "run_state",
]
