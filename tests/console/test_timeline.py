"""The timeline shows seconds of work next to days of waiting."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from console.timeline import draw_timeline, time_scale
from console.trace import ExecutionTrace, StateSpan, TaskAttempt

START = datetime(2026, 3, 1, tzinfo=UTC)


def trace(*attempts: tuple[float, float], name: str = "run") -> ExecutionTrace:
    """Return an execution of one task whose attempts run between these seconds."""
    task_attempts = tuple(TaskAttempt(started_at=at(begin), ended_at=at(end)) for begin, end in attempts)
    end = at(max(end for _, end in attempts))
    span = StateSpan(
        state=name,
        type="Task",
        depth=0,
        entered_at=START,
        left_at=end,
        tries=len(task_attempts),
        attempts=task_attempts,
    )
    return ExecutionTrace(name=name, status="SUCCEEDED", started_at=START, ended_at=end, spans=(span,))


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_a_day_of_waiting_is_compressed_and_labelled() -> None:
    waited = trace((0, 2), (86_402, 86_404))
    scale = time_scale(waited)
    [idle] = [segment for segment in scale.segments if segment.is_compressed]
    assert idle.length == timedelta(days=1)
    assert scale.position_of(at(86_402)) - scale.position_of(at(2)) < 0.1
    assert ">1 d</text>" in draw_timeline(waited)


@given(lengths=st.lists(st.tuples(st.floats(0, 1e5), st.floats(0.001, 50)), min_size=1, max_size=8))
def test_positions_follow_the_order_of_time(lengths: list[tuple[float, float]]) -> None:
    attempts, now = [], 0.0
    for idle, busy in lengths:
        attempts.append((now + idle, now + idle + busy))
        now += idle + busy
    scale = time_scale(trace(*attempts))
    positions = [scale.position_of(at(second)) for attempt in attempts for second in attempt]
    assert positions == sorted(positions)
    assert 0 <= positions[0] <= positions[-1] <= 1


def test_a_state_name_cannot_inject_markup() -> None:
    svg = draw_timeline(trace((0, 1), name='</text><script>alert("x")</script>'))
    ET.fromstring(svg)
    assert "<script" not in svg
