"""State visits, attempts and nesting are read from the events of an execution."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from console.execution_history import HistoryEvent, read_execution, spans_of
from tests.console.conftest import BookedShop
from tests.handlers.world import purchase_of

START = datetime(2026, 3, 1, tzinfo=UTC)


def events(*entries: tuple[int, str, dict[str, str]]) -> list[HistoryEvent]:
    """Return events one second apart, from the number of the previous event, the type and the details."""
    return [
        HistoryEvent(
            number=position, previous=previous, type=kind, at=START + timedelta(seconds=position), details=details
        )
        for position, (previous, kind, details) in enumerate(entries, start=1)
    ]


def test_attempts_and_the_waits_between_them_are_read() -> None:
    [span] = spans_of(
        events(
            (0, "TaskStateEntered", {"name": "pay", "input": '{"a": 1}'}),
            (1, "TaskScheduled", {}),
            (2, "TaskFailed", {"error": "Unavailable", "cause": "busy"}),
            (3, "TaskScheduled", {}),
            (4, "TaskSucceeded", {}),
            (5, "TaskStateExited", {"name": "pay", "output": "[2]"}),
        )
    )
    assert (span.state, span.type, span.tries, span.input, span.output) == ("pay", "Task", 2, {"a": 1}, [2])
    assert [attempt.error for attempt in span.attempts] == ["Unavailable", None]
    assert span.waits == (timedelta(seconds=1),)
    assert span.error is None


def test_parallel_branches_are_distinguished_by_the_previous_event() -> None:
    spans = spans_of(
        events(
            (0, "ParallelStateEntered", {"name": "both"}),
            (1, "ParallelStateStarted", {}),
            (2, "TaskStateEntered", {"name": "left"}),
            (2, "TaskStateEntered", {"name": "right"}),
            (3, "TaskScheduled", {}),
            (4, "TaskScheduled", {}),
            (5, "TaskFailed", {"error": "Left"}),
            (7, "TaskStateExited", {"name": "left", "output": "1"}),
            (6, "TaskSucceeded", {}),
            (9, "TaskStateExited", {"name": "right", "output": "2"}),
            (10, "ParallelStateSucceeded", {}),
            (11, "ParallelStateExited", {"name": "both", "output": "[1,2]"}),
            (12, "PassStateEntered", {"name": "after"}),
        )
    )
    assert [(span.state, span.depth) for span in spans] == [("both", 0), ("left", 1), ("right", 1), ("after", 0)]
    both, left, right, after = spans
    assert (both.output, left.error, right.error, after.left_at) == ([1, 2], "Left", None, None)


def test_an_event_without_a_previous_one_belongs_to_the_state_entered_last() -> None:
    first, second = spans_of(
        events(
            (0, "TaskStateEntered", {"name": "one"}),
            (0, "LambdaFunctionScheduled", {}),
            (0, "LambdaFunctionTimedOut", {"error": "States.Timeout"}),
            (0, "TaskStateExited", {"name": "one", "output": "{}"}),
            (0, "FailStateEntered", {"name": "two"}),
            (0, "ExecutionFailed", {"error": "Gone", "cause": "{}"}),
        )
    )
    assert (first.error, first.depth, second.depth) == ("States.Timeout", 0, 0)
    assert (second.error, second.cause, second.left_at) == ("Gone", {}, START + timedelta(seconds=6))


@pytest.mark.parametrize("request_", [{"action": "nothing"}, purchase_of("x", "pm_timeout", mug=(1, 500))])
def test_an_express_execution_is_read_from_the_log_of_its_machine(shop: BookedShop, request_: Any) -> None:
    """States, attempts, inputs, outputs and status equal those in the history of a STANDARD execution."""
    deployment = shop.deployment
    arn = deployment.book(request_)
    standard, express = (read_execution(deployment, each) for each in (arn, deployment.log_as_express(arn)))
    assert standard is not None
    assert express is not None
    for fact in ("status", "input", "output", "error", "cause", "started_at", "definition"):
        assert getattr(express, fact) == getattr(standard, fact), fact
    for one, other in zip(express.spans, standard.spans, strict=True):
        for fact in ("state", "type", "depth", "input", "output", "error", "cause", "tries"):
            assert getattr(one, fact) == getattr(other, fact), (one.state, fact)
    assert "read from the machine's log" in express.notes[0]


def test_an_express_execution_missing_from_the_log_is_unknown(shop: BookedShop) -> None:
    deployment = shop.deployment
    deployment.log_as_express(shop.rejected)
    other = deployment.log_as_express(shop.rejected).replace("5f0e4c1a", "00000000")
    assert read_execution(deployment, other) is None
