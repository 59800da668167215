"""Runs a state machine in process, on a virtual clock, with plain callables as its functions."""

from .calls import Call, StillWaiting
from .execution import run
from .outcome import Run, Visit
from .state_errors import Fault, StateFailed, TaskFailed

__all__ = ["Call", "Fault", "Run", "StateFailed", "StillWaiting", "TaskFailed", "Visit", "run"]
