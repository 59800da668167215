"""Runs a state machine in process, on a virtual clock, with plain callables as its functions."""

from .calls import StillWaiting, TaskCall
from .execution import run
from .outcome import Run, StateVisit
from .state_errors import Fault, StateFailed, TaskFailed

__all__ = ["Fault", "Run", "StateFailed", "StateVisit", "StillWaiting", "TaskCall", "TaskFailed", "run"]
