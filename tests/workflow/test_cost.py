"""The cost of a path, compared with amounts calculated by hand from AWS's price page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.workflow.defects import machine
from workflow import run
from workflow.cost import cost_of_runs, costs

PASS = {"Type": "Pass", "End": True}
TASK = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True}
TWO = machine({"X": {"Type": "Pass", "Next": "Y"}, "Y": {"Type": "Pass", "End": True}})
ONE = machine({"Z": {"Type": "Wait", "Seconds": 5, "End": True}})


def cost_of(state: dict[str, Any], **options: Any) -> tuple[int, int, float | None, float]:
    (cost,) = costs({**machine({"A": state}), **options.pop("beside", {})}, **options)
    return cost.transitions, cost.transitions_per_item, cost.max_seconds, float(cost.dollars_per_million)


def map_of_two(**config: str) -> dict[str, Any]:
    return {"Type": "Map", "ItemProcessor": {**TWO, "ProcessorConfig": config}, "End": True}


@pytest.mark.parametrize(
    ("state", "transitions", "per_item"),
    [
        (PASS, 2, 0),
        ({"Type": "Parallel", "Branches": [TWO, ONE], "End": True}, 5, 0),
        (map_of_two(Mode="INLINE"), 2, 2),
        (map_of_two(Mode="DISTRIBUTED", ExecutionType="STANDARD"), 2, 3),
        (map_of_two(Mode="DISTRIBUTED", ExecutionType="EXPRESS"), 2, 0),
        ({"Type": "Parallel", "Branches": [machine({"M": map_of_two(Mode="INLINE")}), ONE], "End": True}, 4, 2),
    ],
)
def test_transitions_of_branches_and_items_are_counted(state: dict[str, Any], transitions: int, per_item: int) -> None:
    """A million transitions cost $25, and the start of an execution counts as one."""
    assert cost_of(state)[:2] == (transitions, per_item)
    assert cost_of(state)[3] == 25.0 * transitions


@pytest.mark.parametrize("state", [PASS, {"Type": "Parallel", "Branches": [TWO, ONE], "End": True}])
def test_an_estimate_equals_the_cost_of_a_run(state: dict[str, Any]) -> None:
    """A workflow with a single path and no retries costs exactly as much as a run."""
    ended = run(machine({"A": state}))
    assert ended.transitions == cost_of(state)[0]
    (cost,) = cost_of_runs([ended])
    assert float(cost.dollars_per_million) == cost_of(state)[3]


@pytest.mark.parametrize(
    ("state", "beside", "seconds", "dollars"),
    [
        (PASS, {}, 0.0, 1 + 0.1 / 16 * 16.67),
        ({**TASK, "TimeoutSeconds": 10}, {}, 10.0, 1 + 10 / 16 * 16.67),
        (TASK, {}, 300.0, 1 + 300 / 16 * 16.67),
        (TASK, {"TimeoutSeconds": 20}, 20.0, 1 + 20 / 16 * 16.67),
        ({**TASK, "TimeoutSeconds": 900}, {}, 300.0, 1 + 300 / 16 * 16.67),
        ({"Type": "Parallel", "Branches": [TWO, ONE], "End": True}, {}, 5.0, 1 + 5 / 16 * 16.67),
        (map_of_two(Mode="INLINE"), {}, 300.0, 1 + 300 / 16 * 16.67),
    ],
)
def test_an_express_workflow_is_priced_by_requests_and_duration(
    state: dict[str, Any], beside: dict[str, Any], seconds: float, dollars: float
) -> None:
    """The estimate uses the time limits, and at most the five minutes after which AWS ends an EXPRESS execution."""
    _, _, longest, price = cost_of(state, beside=beside, express=True)
    assert longest == seconds
    assert price == pytest.approx(dollars, rel=1e-9)


def test_durations_are_rounded_up_to_100_ms() -> None:
    ended = run(machine({"A": {**TASK}}), {}, {"A": lambda event, call: call.wait(timedelta(milliseconds=101))})
    (cost,) = cost_of_runs([ended], express=True)
    assert float(cost.dollars_per_million) == pytest.approx(1 + 0.2 / 16 * 16.67)
