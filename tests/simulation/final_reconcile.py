"""The end of a history: reconcile until nothing is left to do, and people close the remaining cases."""

from datetime import datetime, timedelta
from typing import Any

from tests.simulation.changes import ORDERS_TABLE
from tests.simulation.choices import Choices
from tests.simulation.fold import check_cases, is_readable, ledger_of, plain, require
from tests.simulation.history import History
from tests.simulation.people import close_cases
from tests.simulation.services import canonical
from tests.simulation.simulated_ports import SimulatedDeployment
from tests.simulation.simulated_shop import AFTER_FENCE, AT_REST, SHOP, START, States
from tests.simulation.steps import Ended, Program

_alone: dict[tuple[str, str, datetime, States, SimulatedDeployment], tuple[Ended, States]] = {}
_rests: dict[Any, tuple[States, list[Any]]] = {}


def run_alone(
    function: str,
    event: Any,
    now: datetime,
    states: States,
    deployment: SimulatedDeployment = SimulatedDeployment.PRESENT,
) -> tuple[Ended, States]:
    """Run an attempt alone and without faults, and return its result and the services' states."""
    key = (function, canonical(event), now, states, deployment)
    known = _alone.get(key)
    if known is None:
        history = History(Choices(replayed=()), states)
        ended = Program(function, event, now, deployment).run_to_end(lambda call, number: history.apply(call, number))
        known = _alone[key] = ended, tuple(history.states)  # type: ignore[assignment]
    return known


def reconcile_fully(
    states: States,
    days: list[str],
    rests_before: int = 0,
    deployment: SimulatedDeployment = SimulatedDeployment.PRESENT,
    ends: timedelta = AT_REST,
) -> tuple[States, list[Any]]:
    """Reconcile without faults until nothing is left to do, hours after everything else.

    People close the remaining cases according to the gateway's books, and reconcile runs again.
    """
    key = (states, *days, rests_before, deployment, ends)
    known = _rests.get(key)
    if known is None:
        after = ends + (1 + rests_before) * AFTER_FENCE
        known = _rests[key] = _come_to_rest(states, days, after, deployment)
    return known


def forget() -> None:
    """Clear the cache of whole runs."""
    _alone.clear()
    _rests.clear()


def _come_to_rest(
    states: States, days: list[str], after: timedelta, deployment: SimulatedDeployment
) -> tuple[States, list[Any]]:
    for _ in range(3):
        states, reports = _reconcile_to_rest(states, days, after, deployment)
        if not _open_cases(states):
            return states, reports
        states = close_cases(states, after, deployment)
    require(False, "law 37", "people cannot close a case")
    raise AssertionError


def _open_cases(states: States) -> int:
    rows = SHOP["dynamodb"].states.things[states[0]][ORDERS_TABLE].items()
    orders = [row for key, row in rows if key[0].startswith("ORDER#") and is_readable(row)]
    return sum(check_cases(ledger_of(row)) for row in orders if any(_is_of_case(e) for e in row["ledger"]["L"]))


def _is_of_case(entry: dict[str, Any]) -> bool:
    return str(plain(entry["M"]["subject"])).startswith("case:")


def _reconcile_to_rest(
    states: States, days: list[str], after: timedelta, deployment: SimulatedDeployment
) -> tuple[States, list[Any]]:
    reports = []
    for _ in range(6):
        event = {"schema": 1, "days": days}
        before = states
        ended, states = run_alone("reconcile", event, START + after, states, deployment)
        require(ended.error is None, "reconcile", f"{ended.error}: {ended.cause}")
        reports.append(ended.result)
        if states == before:
            return states, reports
    require(False, "law 19", f"reconcile does not finish: {reports[-1]}")
    raise AssertionError
