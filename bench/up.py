"""`booking up` of stage dev by phase, with the in-process driver: all that users need for it is Python.

Each phase ends with a line on standard error. Both figures without a peer, seconds to the first settled refund and
milliseconds for a resource, are of this machine; CPU seconds and ratios compare with other runs. The goal is 12 seconds
to the first settled refund on a quiet machine of two cores, on which everything is installed.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ._figures import ROOT, Figure, Options, children_cpu_seconds, cpu_seconds_of, figure, ratio, take_turns
from .program import EVALUATE

IS_LONG: Final = True
GOAL_SECONDS: Final = 12
_BOOKING: Final = Path(sys.executable).with_name("booking")
_PROGRAM: Final = ("__main__.py", "Pulumi.yaml", "Pulumi.dev.yaml")
_PHASES: Final = {
    "start of the embedded AWS": "The embedded AWS runs at",
    "deployment": "Deployed in",
    "tour to the first settled refund": "A partial refund",
    "rest of the tour": "",
}
"""Phase → the line that ends it; the last phase ends with the command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One `booking up`, or what it is compared with."""

    phases: dict[str, float]
    """Phase → seconds."""
    resources: int
    cpu_seconds: float
    """Of the command; the embedded AWS outlives it."""


def figures(options: Options) -> Iterator[Figure]:
    """Yield the seconds of each phase, then what they add up to, and the CPU time against the bare evaluation."""
    runs_by_name = take_turns(min(options.rounds, 3), {"up": _up, "evaluation": _evaluate})
    runs = runs_by_name["up"]
    for phase in _PHASES:
        yield figure(f"up: {phase}", [run.phases[phase] for run in runs], "s")
    rest_of_tour = "rest of the tour"
    totals = [sum(seconds for phase, seconds in run.phases.items() if phase != rest_of_tour) for run in runs]
    yield figure("up: to the first settled refund", totals, "s", limit=GOAL_SECONDS)
    cpu, floor = [run.cpu_seconds for run in runs], [run.cpu_seconds for run in runs_by_name["evaluation"]]
    yield ratio("up: CPU time of the command", cpu, floor, "the evaluation of the program alone")
    name = f"up: deployment of one of {runs[0].resources} resources"
    yield figure(name, [1000 * run.phases["deployment"] / run.resources for run in runs], "ms")


def _evaluate() -> _Run:
    seconds = cpu_seconds_of([sys.executable, "-c", EVALUATE.format(stage="dev")])
    return _Run(phases={}, resources=0, cpu_seconds=seconds)


def _up() -> _Run:
    with tempfile.TemporaryDirectory() as folder:
        for name in _PROGRAM:
            shutil.copy(ROOT / name, folder)
        try:
            return _time_phases(Path(folder))
        finally:
            subprocess.run([_BOOKING, "down", "--yes"], cwd=folder, check=True, capture_output=True)


def _time_phases(folder: Path) -> _Run:
    before, began = children_cpu_seconds(), time.monotonic()
    command = [str(_BOOKING), "up", "--engine", "in-process"]
    phases, left, created = dict[str, float](), dict(_PHASES), 0
    with subprocess.Popen(
        command, cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, bufsize=1
    ) as up:
        assert up.stderr is not None
        for line in up.stderr:
            phase, end = next(iter(left.items()))
            if counted := re.search(r"(\d+) create", line):
                created = int(counted[1])
            if end and end in line:
                phases[phase] = time.monotonic() - began - sum(phases.values())
                del left[phase]
    assert up.returncode == 0, f"`booking up` ended with {up.returncode}"
    [last] = left
    phases[last] = time.monotonic() - began - sum(phases.values())
    return _Run(phases=phases, resources=created, cpu_seconds=children_cpu_seconds() - before)
