"""The embedded AWS neither sleeps nor keeps data where AWS does not. The tests count and never measure time."""

import queue
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ministack.core import lambda_runtime
from ministack.core.responses import AccountRegionScopedDict
from ministack.services import stepfunctions

from local.instance.connections import connect
from local.instance.patches import (
    forget_published_events,
    parse_policies_once,
    send_events_at_once,
    start_executions_at_once,
)
from local.instance.stream_batches import KEPT_RECORDS, settle_batches
from local.provider.aws import Aws
from local.provider.journal import Journal
from local.provider.provider import EmbeddedProvider

STREAM = "arn:aws:dynamodb:r:0:table/t/stream/1"


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record the seconds of every sleep in the machines' module instead of sleeping."""
    durations: list[float] = []
    monkeypatch.setattr(stepfunctions, "time", SimpleNamespace(sleep=durations.append))
    return durations


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


def test_unpatched_ministack_still_sleeps_before_the_first_state(
    sleeps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The patch can be removed once MiniStack no longer sleeps."""
    _run(stepfunctions, monkeypatch)
    assert sum(sleeps) == pytest.approx(0.15)


def test_a_function_gets_its_event_without_waiting_for_an_acknowledgement() -> None:
    """Nagle's algorithm and the kernel's delayed acknowledgements cost 40 ms per invocation."""

    class Worker(lambda_runtime.ProvidedWorker):
        """A subclass, so that MiniStack's class stays unpatched."""

    send_events_at_once(SimpleNamespace(ProvidedWorker=Worker))
    idle = Worker.__new__(Worker)
    assert idle._build_handler_class(1, queue.Queue()).disable_nagle_algorithm is True
    assert lambda_runtime.ProvidedWorker._build_handler_class(idle, 1, queue.Queue()).disable_nagle_algorithm is False


class FakeStreams:
    """The parts of MiniStack's Lambda and DynamoDB modules that the stream poller uses, with one table `t`."""

    def __init__(self, records: int, *positions: int) -> None:
        self._dynamodb_stream_positions_lock = threading.Lock()
        self._dynamodb_stream_positions, self._stream_trimmed = AccountRegionScopedDict(), AccountRegionScopedDict()
        self._tables = AccountRegionScopedDict()
        self._tables.set_scoped("0", "r", "t", {"LatestStreamArn": STREAM})
        for number, position in enumerate(positions):
            self._dynamodb_stream_positions.set_scoped("0", "r", str(number), position)
        self.mappings = [("0", "r", {"UUID": str(n), "EventSourceArn": STREAM}) for n in range(len(positions))]
        self.records = list(range(records))
        settle_batches(self, self)

    def _poll_dynamodb_streams(self) -> bool:
        return True

    def _execute_function(self, function: object, event: object) -> object:
        raise AssertionError("no batch is due")

    def _restore_esm_positions(self, store: AccountRegionScopedDict, positions: AccountRegionScopedDict) -> None:
        store.update(positions)

    def _iter_all_esms(self) -> list[tuple[str, str, dict[str, str]]]:
        return self.mappings

    def stream_start_position(self, name: str, *, account_id: str, region: str) -> int:
        return int(self._stream_trimmed.get_scoped(account_id, region, name, 0))

    def stream_live_records(self, name: str, *, account_id: str, region: str) -> list[int]:
        return self.records

    def poll(self) -> tuple[int, int]:
        """Poll, and return the start position and the number of the first remaining record."""
        assert self._poll_dynamodb_streams()
        return self.stream_start_position("t", account_id="0", region="r"), self.records[0]


@pytest.mark.parametrize(
    ("records", "positions", "first"),
    [
        (KEPT_RECORDS, [KEPT_RECORDS], 0),  # as many as are kept
        (KEPT_RECORDS + 5, [KEPT_RECORDS + 5], 5),  # all are read
        (KEPT_RECORDS + 5, [KEPT_RECORDS + 5, 2], 2),  # a second mapping is behind
        (KEPT_RECORDS + 5, [0], 0),  # nothing is read
        (KEPT_RECORDS + 5, [], 0),  # no consumer reads the stream
    ],
)
def test_a_stream_keeps_its_unread_and_its_latest_records(records: int, positions: list[int], first: int) -> None:
    streams = FakeStreams(records, *positions)
    assert streams.poll() == (first, first)
    assert streams.poll() == (first, first), "positions count from the start of the stream"


def test_mappings_read_from_the_beginning_after_a_restart() -> None:
    saved, streams = FakeStreams(7, 7), FakeStreams(3, 0)
    positions = streams._dynamodb_stream_positions
    streams._restore_esm_positions(positions, saved._dynamodb_stream_positions)
    assert positions.get_scoped("0", "r", "0") == 0


def test_published_events_are_not_retained() -> None:
    buses = SimpleNamespace(_events_log_list=None)
    forget_published_events(buses)
    buses._events_log_list().append("event")
    assert buses._events_log_list() == []


class FakeAlarmClient:
    """A client of CloudWatch and STS that records its calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.alarms: list[dict[str, Any]] = []

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        def call(**request: Any) -> dict[str, Any]:
            self.calls.append(operation)
            if operation == "put_metric_alarm":
                self.alarms = [{**request, "AlarmArn": "arn"}]
            return {"MetricAlarms": self.alarms, "Tags": [], "Account": "0", "Arn": "root", "UserId": "0"}

        return call


ALARM_URN = "urn:pulumi:dev::booking::aws:cloudwatch/metricAlarm:MetricAlarm::late"
ALARM = {"name": "late", "comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1}


def test_creating_an_alarm_takes_three_calls(tmp_path: Path) -> None:
    account = FakeAlarmClient()
    provider = EmbeddedProvider(Aws(connect=lambda _: account, folder=tmp_path), Journal(tmp_path / "journal"))
    provider.create(ALARM_URN, "aws:cloudwatch/metricAlarm:MetricAlarm", ALARM)
    assert account.calls == ["put_metric_alarm", "describe_alarms", "list_tags_for_resource"]


def test_an_adopted_resource_is_updated_to_the_inputs(tmp_path: Path) -> None:
    account, journal = FakeAlarmClient(), Journal(tmp_path / "journal")
    account.put_metric_alarm(AlarmName="late", Threshold=1)
    journal.record_intent(ALARM_URN, {"name": "late"})
    provider = EmbeddedProvider(Aws(connect=lambda _: account, folder=tmp_path), journal)
    created = provider.create(ALARM_URN, "aws:cloudwatch/metricAlarm:MetricAlarm", {**ALARM, "threshold": 2})
    assert account.calls.count("put_metric_alarm") == 2
    assert created.outputs["threshold"] == 2


def test_the_caller_identity_is_requested_once(tmp_path: Path) -> None:
    account = FakeAlarmClient()
    provider = EmbeddedProvider(Aws(connect=lambda _: account, folder=tmp_path), Journal(tmp_path / "journal"))
    for _ in range(3):
        assert provider.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})["arn"] == "root"
    assert account.calls == ["get_caller_identity"]


def test_clients_share_one_botocore_loader(tmp_path: Path) -> None:
    one, other = (connect(name, "https://127.0.0.1:9", tmp_path, "us-east-1") for name in ("sqs", "sns"))
    assert one._loader is other._loader


def test_a_policy_is_parsed_again_only_after_a_change() -> None:
    parsed: list[object] = []

    def parse(policy: object) -> list[object]:
        parsed.append(policy)
        return [policy]

    evaluator: Any = SimpleNamespace(parse_policy_document=parse)
    parse_policies_once(evaluator)
    evaluator.parse_policy_document("one").clear()
    assert [evaluator.parse_policy_document(each) for each in ("one", "one", "two")] == [["one"], ["one"], ["two"]]
    assert evaluator.parse_policy_document({"a": 1}) == [{"a": 1}]
    assert parsed == ["one", "two", {"a": 1}]
