"""The embedded AWS does not wait where AWS does not: sleeps are counted, never timed."""

import queue
from types import SimpleNamespace
from typing import Any

import pytest
from ministack.core import lambda_runtime
from ministack.services import stepfunctions

from local.instance.patches import send_events_at_once, start_executions_at_once


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of every sleep that the machines' module asks for; nobody sleeps."""
    asked: list[float] = []
    monkeypatch.setattr(stepfunctions, "time", SimpleNamespace(sleep=asked.append))
    return asked


def _run(module: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run an execution of a machine with a single state, and return it."""
    machine = {"name": "m", "definition": '{"StartAt": "end", "States": {"end": {"Type": "Succeed"}}}'}
    execution = {"stateMachineArn": "machine", "name": "e", "startDate": "", "input": "{}"}
    execution |= {"status": "RUNNING", "events": [], "sync": True}
    monkeypatch.setattr(stepfunctions, "_state_machines", {"machine": machine})
    monkeypatch.setattr(stepfunctions, "_executions", {"execution": execution})
    module._run_execution("execution")
    return execution


def test_an_execution_enters_its_first_state_without_a_sleep(
    sleeps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    patched = SimpleNamespace(_run_execution=stepfunctions._run_execution)
    start_executions_at_once(patched)
    assert _run(patched, monkeypatch)["status"] == "SUCCEEDED"
    assert sum(sleeps) == 0


def test_ministack_itself_still_sleeps_before_the_first_state(
    sleeps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that does not needs no patch."""
    _run(stepfunctions, monkeypatch)
    assert sum(sleeps) == pytest.approx(0.15)


def test_a_function_gets_its_event_without_waiting_for_an_acknowledgement() -> None:
    """Nagle's algorithm and the kernel's delayed acknowledgement cost 40 ms an invocation."""

    class Worker(lambda_runtime.ProvidedWorker):
        """A class of its own, so that MiniStack's stays as it is."""

    send_events_at_once(SimpleNamespace(ProvidedWorker=Worker))
    idle = Worker.__new__(Worker)
    assert idle._build_handler_class(1, queue.Queue()).disable_nagle_algorithm is True
    assert lambda_runtime.ProvidedWorker._build_handler_class(idle, 1, queue.Queue()).disable_nagle_algorithm is False
