"""The booking workflow in the interpreter: the tests of this module take every path through it."""

from collections.abc import Callable
from typing import Any

import pytest

from workflow.booking import Booking
from workflow.covered_workflow import CoveredWorkflow
from workflow.interpreter import Run
from workflow.testing import coverage_fixture as covered

booking = covered(Booking)

SUCCEEDED = {"schema": 1, "status": "succeeded"}
REQUESTS = {"purchase": {"action": "purchase"}, "refund": {"action": "refund"}, None: {"action": "exchange"}}
DOWN = ["Lambda.ServiceException"] * 9
TOO_LARGE = ["States.DataLimitExceeded"]


def run_booking(
    booking: CoveredWorkflow, action: str | None, record_answer: Any = SUCCEEDED, **faults: list[str]
) -> tuple[Run, list[Any]]:
    """Run the workflow with functions that answer; return the run and the events of the record function."""
    recorded: list[Any] = []
    functions: dict[str, Callable[..., Any]] = {
        "purchase_fn": lambda _: SUCCEEDED,
        "refund_fn": lambda _: SUCCEEDED,
        "record_fn": lambda event: recorded.append(event) or record_answer,
        "sqs:sendMessage": lambda _: {"MessageId": "1"},
    }
    return booking.run(REQUESTS[action], functions, faults=faults), recorded


def work(action: str | None) -> tuple[str, ...]:
    return ("route",) if action is None else ("route", action)


@pytest.mark.parametrize("action", REQUESTS)
def test_every_outcome_is_recorded_and_decides_how_the_run_ends(booking: CoveredWorkflow, action: str | None) -> None:
    """Succeeded and rejected end well, because the customer can act on them; failed and unknown need us, and fail."""
    for status, verdict in (
        ("succeeded", "completed"),
        ("rejected", "completed"),
        ("failed", "failed"),
        ("unknown", "failed"),
    ):
        ended, recorded = run_booking(booking, action, {"schema": 1, "status": status})
        assert ended.path == (*work(action), "record", "verdict", verdict)
        assert ended.error == (None if verdict == "completed" else f"Booking.{status}")
        assert recorded[0]["request"] == REQUESTS[action]
        assert recorded[0].get("result") == (None if action is None else SUCCEEDED)


@pytest.mark.parametrize("action", REQUESTS)
def test_an_enveloped_request_takes_the_same_path_as_a_bare_one(booking: CoveredWorkflow, action: str | None) -> None:
    enveloped = {"request": REQUESTS[action], "caller": {"sub": "anna"}, "mac": "bWFj"}
    functions = {"purchase_fn": lambda _: SUCCEEDED, "refund_fn": lambda _: SUCCEEDED, "record_fn": lambda _: SUCCEEDED}
    ended = booking.run(enveloped, functions)
    assert ended.path == (*work(action), "record", "verdict", "completed")


@pytest.mark.parametrize("action", ["purchase", "refund"])
@pytest.mark.parametrize(("status", "verdict"), [("succeeded", "completed"), ("unknown", "failed")])
def test_a_permanent_failure_is_recorded_with_its_error(
    booking: CoveredWorkflow, action: str, status: str, verdict: str
) -> None:
    """The record function receives the error, so that it can look into the ledger."""
    ended, recorded = run_booking(booking, action, {"schema": 1, "status": status}, **{action: DOWN})
    assert ended.path == (*work(action), "record", "verdict", verdict)
    assert ended.attempts[action] == 4
    assert recorded[0]["error"]["Error"] == "Lambda.ServiceException"


@pytest.mark.parametrize("action", REQUESTS)
@pytest.mark.parametrize("work_is_down", [False, True])
@pytest.mark.parametrize("queue_is_down", [False, True])
def test_an_outcome_that_cannot_be_recorded_is_parked(
    booking: CoveredWorkflow, action: str | None, work_is_down: bool, queue_is_down: bool
) -> None:
    """The run fails as unknown within the execution's time limit, even if the queue is down as well."""
    faults = {"record": DOWN, **({"park": DOWN} if queue_is_down else {})}
    faults |= {action: DOWN} if work_is_down and action is not None else {}
    ended, recorded = run_booking(booking, action, **faults)
    assert ended.path == (*work(action), "record", "park", "failed")
    assert (ended.error, recorded) == ("Booking.unknown", [])
    assert ended.duration.total_seconds() < 300


@pytest.mark.parametrize("action", REQUESTS)
@pytest.mark.parametrize("work_is_down", [False, True])
@pytest.mark.parametrize(("status", "verdict"), [("rejected", "completed"), ("failed", "failed")])
def test_a_request_too_large_to_record_is_left_out_of_the_record(
    booking: CoveredWorkflow, action: str | None, work_is_down: bool, status: str, verdict: str
) -> None:
    faults = {"record": TOO_LARGE, **({action: TOO_LARGE} if work_is_down and action is not None else {})}
    ended, recorded = run_booking(booking, action, {"schema": 1, "status": status}, **faults)
    assert ended.path == (*work(action), "record", "refuse", "verdict", verdict)
    assert [(each["request"], each["request_is_too_large"]) for each in recorded] == [(None, True)]


@pytest.mark.parametrize("action", REQUESTS)
@pytest.mark.parametrize("work_is_down", [False, True])
@pytest.mark.parametrize("queue_is_down", [False, True])
def test_a_refusal_that_cannot_be_recorded_is_parked(
    booking: CoveredWorkflow, action: str | None, work_is_down: bool, queue_is_down: bool
) -> None:
    faults = {"record": TOO_LARGE, "refuse": DOWN, **({"park_refusal": DOWN} if queue_is_down else {})}
    faults |= {action: TOO_LARGE} if work_is_down and action is not None else {}
    ended, recorded = run_booking(booking, action, **faults)
    assert ended.path == (*work(action), "record", "refuse", "park_refusal", "failed")
    assert (ended.error, recorded) == ("Booking.unknown", [])
    assert ended.duration.total_seconds() < 300


@pytest.mark.parametrize("given", [None, [], 3, "purchase", {"action": None}, {"action": ["purchase"]}, {"action": {}}])
def test_invalid_input_is_recorded(booking: CoveredWorkflow, given: Any) -> None:
    """The Choice's Default sends an invalid request to the record function."""
    ended = booking.run(given, {"record_fn": lambda _: {"schema": 1, "status": "rejected"}})
    assert ended.path == ("route", "record", "verdict", "completed")


def test_transient_errors_are_retried_with_jitter(booking: CoveredWorkflow) -> None:
    """Two failures and a success take three attempts, and only the seed changes the waits between them."""
    durations = set()
    for seed in range(5):
        functions = {"purchase_fn": lambda _: SUCCEEDED, "record_fn": lambda _: SUCCEEDED}
        ended = booking.run(
            REQUESTS["purchase"], functions, faults={"purchase": ["Unavailable", "PaymentOutcomeUnknown"]}, seed=seed
        )
        assert (ended.status, ended.attempts["purchase"]) == ("SUCCEEDED", 3)
        durations.add(ended.duration)
    assert len(durations) == 5
