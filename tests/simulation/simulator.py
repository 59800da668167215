"""Histories from seeds: run one, check it, and shrink a violation."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from tests.simulation import table_memory
from tests.simulation.choices import Choices
from tests.simulation.final_reconcile import reconcile_fully, run_alone
from tests.simulation.fold import LawBroken
from tests.simulation.history import Actor, History
from tests.simulation.laws import check_final_state
from tests.simulation.repertoire import SCENARIOS
from tests.simulation.simulated_shop import AFTER_FENCE, START, States

FAULT_PERCENT = 8
"""Percentage of calls that go wrong: about one and a half per history."""


@dataclass(slots=True)
class SimulatedRun:
    """The result of one history."""

    choices: list[int]
    broken: str | None
    faults: Counter[str]
    answers: list[Any]
    steps: list[str] = field(default_factory=list)


def run(choices: Choices, fault_percent: int = FAULT_PERCENT, records_steps: bool = False) -> SimulatedRun:
    """Run one history and reconcile it twice; stragglers and zombies may outlast the first time but must not disturb
    the second.
    """
    histories: list[History] = []

    def history_of(states: States) -> History:
        histories.append(History(choices, states, fault_percent))
        histories[0].records_steps = records_steps
        return histories[0]

    broken = None
    try:
        history = SCENARIOS[choices.below(len(SCENARIOS))](history_of, choices)
        choices.curtain()
        late = _run_and_reconcile(history)
        if late:
            history.faults["outlasted a rest"] += len(late)
            history.actors = late
            _run_and_reconcile(history, hold_back=False)
    except LawBroken as error:
        broken = str(error)
    history = histories[0]
    return SimulatedRun(
        choices.recorded, broken, history.faults, [each.answer for each in history.executions], history.log
    )


def _run_and_reconcile(history: History, hold_back: bool = True) -> list[Actor]:
    late = history.run_except_late_calls() if hold_back else history.run()
    # As on schedule, the days around the last run: a late attempt dates its entry after an earlier run's.
    ends = history.ends if hold_back else history.ends + history.between_rests
    days = sorted({_day(START + each + AFTER_FENCE) for each in (history.ends, ends)} | {*map(_day, history.moments)})
    rests_before = 0 if hold_back else 1
    if not hold_back:
        _reconcile_once(history, days)
    states, _ = reconcile_fully(tuple(history.states), days, rests_before, history.deployment, ends)  # type: ignore[arg-type]
    history.states = list(states)
    check_final_state(history, states)
    return late


def _reconcile_once(history: History, days: list[str]) -> None:
    """Reconcile after the late calls, as on schedule; a wait that only the last run met would begin there."""
    event, now = {"schema": 1, "days": days}, START + history.ends + AFTER_FENCE
    _, states = run_alone("reconcile", event, now, tuple(history.states), history.deployment)  # type: ignore[arg-type]
    history.states = list(states)


@cache
def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


@dataclass(slots=True)
class Tally:
    """The totals of several histories."""

    histories: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    violations: list[tuple[int, SimulatedRun]] = field(default_factory=list)

    def add(self, seed: int, done: SimulatedRun) -> None:
        self.histories += 1
        self.faults.update(done.faults)
        self.answers.update(
            "none" if answer is None else f"{answer['status']} {answer['code'] or ''}".strip()
            for answer in done.answers
        )
        if done.broken:
            self.violations.append((seed, done))


def choices_of(seed: int, number: int, performances: int) -> Choices:
    """Return the choices of one history; a number of consecutive histories share a scene (its requests)."""
    return Choices(seed * 2**40 + number, scene=(seed * 2**40 + number // performances) ^ 2**39)


def simulate(seed: int, numbers: Iterable[int], performances: int, tally: Tally | None = None) -> Tally:
    """Run histories by number, and add them to `tally`."""
    tally = Tally() if tally is None else tally
    for number in numbers:
        if number % performances == 0:
            table_memory.forget_if_large()
        tally.add(number, run(choices_of(seed, number, performances)))
    return tally


def shrink(choices: list[int], tries: int = 3_000) -> SimulatedRun:
    """Shrink a history while it still violates a law, by removing and simplifying decisions."""
    best = run(Choices(replayed=choices))
    assert best.broken, "this history breaks no law"
    improved = True
    while improved and tries > 0:
        improved = False
        for candidate in _simpler(best.choices):
            tries -= 1
            found = run(Choices(replayed=candidate))
            if found.broken and _size(found.choices) < _size(best.choices):
                best, improved = found, True
                break
            if tries <= 0:
                break
    return run(Choices(replayed=best.choices), records_steps=True)


def _size(choices: list[int]) -> tuple[int, int]:
    return len(choices), sum(choices)


def _simpler(choices: list[int]) -> list[list[int]]:
    candidates = []
    for width in (32, 8, 2, 1):
        candidates += [choices[:at] + choices[at + width :] for at in range(0, len(choices), width)]
    candidates += [[*choices[:at], 0, *choices[at + 1 :]] for at, chosen in enumerate(choices) if chosen]
    return candidates
