"""An embedded AWS removes old data, so that its memory stays bounded. The tests count and never measure memory."""

from types import SimpleNamespace
from typing import Any

import pytest
from ministack.core.responses import AccountRegionScopedDict
from ministack.services import cloudwatch_logs, dynamodb, lambda_svc, stepfunctions

from local.instance.retention import (
    KEPT_EXECUTIONS,
    KEPT_LOG_STREAMS,
    KEPT_TRANSACTIONS,
    SLACK,
    bound_executions,
    bound_logs,
    bound_transactions,
)


class FakeMachines:
    """The parts of MiniStack's Step Functions module that close executions."""

    def __init__(self) -> None:
        self._executions = AccountRegionScopedDict()
        self._run_execution = self._close
        self._close_count = 0
        patched: Any = self
        bound_executions(patched)

    def _close(self, name: str) -> None:
        self._close_count += 1
        self._executions[name] |= {"status": "SUCCEEDED", "stopDate": f"2026-01-01T00:00:00.{self._close_count:06}Z"}

    def start(self, name: str) -> None:
        self._executions[name] = {"status": "RUNNING", "stopDate": None}

    def end(self, name: str) -> None:
        self._run_execution(name)

    def run(self, name: str) -> None:
        self.start(name)
        self.end(name)

    def names(self) -> list[str]:
        return list(self._executions)


def test_only_the_latest_closed_executions_are_kept() -> None:
    machines = FakeMachines()
    total = 2 * KEPT_EXECUTIONS + 1
    for number in range(total):
        machines.run(str(number))
        assert str(number) in machines._executions, "the caller reads an execution after its end"
        assert len(machines._executions._data) <= KEPT_EXECUTIONS + SLACK
    assert machines.names()[-KEPT_EXECUTIONS:] == [str(n) for n in range(total - KEPT_EXECUTIONS, total)]


def test_a_running_execution_is_never_removed() -> None:
    machines = FakeMachines()
    machines.start("waiting")
    for number in range(2 * KEPT_EXECUTIONS):
        machines.run(str(number))
    assert "waiting" in machines.names()


def test_a_long_execution_is_kept_after_its_end_like_any_other() -> None:
    """Executions are in the order of their starts, and its own end triggers the removal of others."""
    machines = FakeMachines()
    machines.start("long")
    for number in range(KEPT_EXECUTIONS + SLACK):
        machines.run(str(number))
    machines.end("long")
    assert len(machines.names()) == KEPT_EXECUTIONS
    assert "long" in machines.names()
    for number in range(KEPT_EXECUTIONS - 1):
        machines.run(f"later-{number}")
        assert "long" in machines.names()


def test_a_closed_execution_without_a_stop_time_is_kept() -> None:
    """MiniStack sets the status before the stop time."""
    machines = FakeMachines()
    machines.start("ending")
    machines._executions["ending"]["status"] = "SUCCEEDED"
    for number in range(2 * KEPT_EXECUTIONS):
        machines.run(str(number))
    assert "ending" in machines.names()


def test_running_executions_do_not_displace_closed_ones() -> None:
    machines = FakeMachines()
    for number in range(2 * KEPT_EXECUTIONS):
        machines.start(f"running-{number}")
    machines.run("closed")
    machines.run("last")
    assert machines.names()[-2:] == ["closed", "last"]


@pytest.fixture
def function() -> dict[str, Any]:
    return {"config": {"FunctionName": "f", "Version": "1", "LoggingConfig": {"LogGroup": "g"}}}


def test_only_the_latest_streams_of_a_log_group_are_kept(
    function: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """MiniStack itself writes the streams, so this fails for a version that stores them elsewhere."""
    monkeypatch.setattr(cloudwatch_logs, "_log_groups", AccountRegionScopedDict())
    functions: Any = SimpleNamespace(_emit_lambda_logs=lambda_svc._emit_lambda_logs)
    bound_logs(functions, cloudwatch_logs)
    for number in range(KEPT_LOG_STREAMS + 3):
        functions._emit_lambda_logs(function, f"request-{number}", "a line", error=False, duration_ms=1)
    streams = cloudwatch_logs._log_groups["g"]["streams"]
    starts = [stream["events"][0]["message"] for stream in streams.values()]
    assert len(starts) == KEPT_LOG_STREAMS
    assert [starts[0], starts[-1]] == [f"START RequestId: request-{n} Version: 1" for n in (3, KEPT_LOG_STREAMS + 2)]


def test_ministack_keeps_only_the_latest_executions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = {"name": "m", "definition": '{"StartAt": "end", "States": {"end": {"Type": "Succeed"}}}'}
    fields = {"stateMachineArn": "machine", "name": "e", "startDate": "", "input": "{}", "sync": True}
    executions = AccountRegionScopedDict()
    monkeypatch.setattr(stepfunctions, "time", SimpleNamespace(sleep=lambda seconds: None))
    monkeypatch.setattr(stepfunctions, "_state_machines", {"machine": machine})
    monkeypatch.setattr(stepfunctions, "_executions", executions)
    patched: Any = SimpleNamespace(_run_execution=stepfunctions._run_execution, _executions=executions)
    bound_executions(patched)
    names = [str(number) for number in range(KEPT_EXECUTIONS + SLACK + 1)]
    for name in names:
        executions[name] = {**fields, "status": "RUNNING", "events": []}
        patched._run_execution(name)
    assert executions.keys() == names[-KEPT_EXECUTIONS:]


def test_only_the_latest_transaction_tokens_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = AccountRegionScopedDict()
    monkeypatch.setattr(dynamodb, "_txn_idempotency", tokens)
    patched: Any = SimpleNamespace(_txn_token_store=dynamodb._txn_token_store, _txn_idempotency=tokens)
    bound_transactions(patched)
    for number in range(KEPT_TRANSACTIONS + 2):
        patched._txn_token_store(str(number), {"response": number})
    assert dynamodb._txn_token_lookup("1") is None
    assert dynamodb._txn_token_lookup("2")["response"] == 2
    assert len(tokens) == KEPT_TRANSACTIONS
