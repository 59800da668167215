"""Runs a state machine in process, on a virtual clock, with plain callables as its functions."""

from .calls import Call, StillWaiting
from .errors import Fault, StateFailed, TaskFailed
from .outcome import Run, Visit
from .program import run

__all__ = ["Call", "Fault", "Run", "StateFailed", "StillWaiting", "TaskFailed", "Visit", "run"]
