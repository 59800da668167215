"""Interleaved measurements, and figures with a median, a spread and a limit: the parts of a benchmark."""

import resource
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final, Literal, TypeVar

ROOT: Final = Path(__file__).parents[1]

Measured = TypeVar("Measured")
Unit = Literal["x", "ms", "s", "MiB", "KiB", "per s", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A measured value: usually a ratio to a floor or a peer in the same run."""

    name: str
    """The measured quantity and its subject."""
    against: str
    """The floor or peer, or "" for an absolute value."""
    unit: Unit
    median: float
    low: float
    """The lower quartile of the rounds; equal to the median if there is only one."""
    high: float
    """The upper quartile."""
    rounds: int
    limit: float | None = None
    """The limit of the median, or None for an informative figure."""
    better: Literal["less", "more"] = "less"

    @property
    def is_met(self) -> bool:
        """True unless the median passes the limit."""
        if self.limit is None:
            return True
        return self.median <= self.limit if self.better == "less" else self.median >= self.limit

    def as_json(self) -> dict[str, Any]:
        """Return the figure for the JSON file."""
        return {**asdict(self), "is_met": self.is_met}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a run."""

    rounds: int = 7
    """Rounds of each measurement. Benchmarks with long rounds use fewer."""


def take_turns(rounds: int, measures: Mapping[str, Callable[[], Measured]]) -> dict[str, list[Measured]]:
    """Call each measurement once per round, in alternating order, so that other load affects all equally."""
    results: dict[str, list[Measured]] = {name: [] for name in measures}
    for number in range(rounds):
        names = list(measures)
        for name in names if number % 2 == 0 else reversed(names):
            results[name].append(measures[name]())
    return results


def figure(name: str, values: Sequence[float], unit: Unit, against: str = "", **more: Any) -> Figure:
    """Return the figure of values that were measured in several rounds."""
    low, _, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else (values[0],) * 3
    return Figure(
        name=name, against=against, unit=unit, median=median(values), low=low, high=high, rounds=len(values), **more
    )


def ratio(name: str, values: Sequence[float], floor: Sequence[float], against: str, **more: Any) -> Figure:
    """Return the figure of the rounds' ratios to an interleaved floor."""
    return figure(name, [value / other for value, other in zip(values, floor, strict=True)], "x", against, **more)


def children_cpu_seconds() -> float:
    """Return the CPU seconds of all programs that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cpu_seconds_of(command: Sequence[str], environment: Mapping[str, str] | None = None) -> float:
    """Run a program and return its CPU seconds, which depend least on other load."""
    before = children_cpu_seconds()
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return children_cpu_seconds() - before
