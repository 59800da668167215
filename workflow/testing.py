"""Results of `run` and `run_state`, simulated failures, and coverage of paths for pytest."""

from .coverage import Coverage
from .covered_workflow import coverage_fixture, covering
from .interpreter import Fault, Run, StateRun, TaskFailed

__all__ = [
    "Coverage",
    "Fault",
    "Run",
    "StateRun",
    "TaskFailed",
    "coverage_fixture",
    "covering",
]
