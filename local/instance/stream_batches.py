"""Batches of a table's stream, as in Lambda: partial failures, limited retries, bisection, dead letters.

MiniStack retries a failed batch for ever, and treats one that reports failed items as done. Here, as in AWS:

- a batch that reports failed items (`ReportBatchItemFailures`) is retried from the first of them;
- a batch that failed `MaximumRetryAttempts` more times is bisected, if the mapping says so, until every processable
  record is processed; the rest goes to the failure destination, and the stream moves on.

Of the records that every mapping has processed, a table keeps the last 1,000 instead of a day's: they were the largest
part of an instance's memory growth. A restart loses a table's records, so its mappings start again; in MiniStack they
wait for as many records as they had processed.

Source: Lambda developer guide, "Configuring partial batch response with DynamoDB and Lambda".
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, cast

from .account_concurrency import MiniStackModule

_POLLING: Final[ContextVar[bool]] = ContextVar("a stream is being polled", default=False)
_FOREVER: Final = -1
KEPT_RECORDS: Final = 1000
"""Records of a table's stream that stay readable after every mapping has processed them."""

Facts = Mapping[str, Any]
"""MiniStack's data about a function, a mapping or a record."""
Result = dict[str, object]
Invoke = Callable[[object, Mapping[str, object]], Result]


def settle_batches(functions: MiniStackModule, tables: MiniStackModule) -> None:
    """Patch MiniStack's polling of streams and the invocations that it makes."""
    poll, invoke = functions._poll_dynamodb_streams, functions._execute_function
    batches = _Batches(functions=functions, tables=tables, invoke=invoke)

    def poll_in_context() -> object:
        token = _POLLING.set(True)
        try:
            processed = poll()
        finally:
            _POLLING.reset(token)
        _drop_taken_records(functions, tables)
        return processed

    def invoke_batch(function: Facts, event: Mapping[str, object]) -> Result:
        return batches.settle(function, event) if _POLLING.get() else invoke(function, event)

    functions._poll_dynamodb_streams, functions._execute_function = poll_in_context, invoke_batch
    _restart_streams(functions)


def _restart_streams(functions: MiniStackModule) -> None:
    """Restore every mapping of a table at the start of its stream: positions are saved, the records are not."""
    restore = functions._restore_esm_positions

    def restore_at_start(store: Any, positions: object) -> None:
        restore(store, positions)
        if store is functions._dynamodb_stream_positions:
            store._data.update(dict.fromkeys(store._data, 0))

    functions._restore_esm_positions = restore_at_start


def _drop_taken_records(functions: MiniStackModule, tables: MiniStackModule) -> None:
    """Delete a table's oldest records that all its mappings have processed, except the last `KEPT_RECORDS`."""
    with functions._dynamodb_stream_positions_lock:  # new mappings look up their position by it
        for (account, region, name), taken in _taken_positions(functions, tables).items():
            scope = {"account_id": account, "region": region}
            start = tables.stream_start_position(name, **scope)
            records = tables.stream_live_records(name, **scope)
            dropped = min(taken - start, len(records) - KEPT_RECORDS)
            if dropped > 0:
                tables._stream_trimmed.set_scoped(account, region, name, start + dropped)
                del records[:dropped]


def _taken_positions(functions: MiniStackModule, tables: MiniStackModule) -> dict[tuple[str, str, str], int]:
    """Return the position of the slowest mapping, by account, region and name of each table with mappings."""
    found: dict[tuple[str, str, str], int] = {}
    for account, region, mapping in functions._iter_all_esms():
        source = str(mapping.get("EventSourceArn", ""))
        name = source.split("/")[1] if ":dynamodb:" in source else ""
        table = tables._tables.get_scoped(account, region, name)
        if table and table.get("LatestStreamArn") == source:
            position = functions._dynamodb_stream_positions.get_scoped(account, region, mapping["UUID"], 0)
            found[account, region, name] = min(position, found.get((account, region, name), position))
    return found


@dataclass(slots=True, kw_only=True)
class _Batches:
    """The failures of each mapping's current batch. The poller is one thread, so there are no locks."""

    functions: MiniStackModule
    tables: MiniStackModule
    invoke: Invoke
    failures: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    """Mapping → the first record of its last failed batch, and the number of failures."""

    def settle(self, function: Facts, event: Mapping[str, object]) -> Result:
        """Invoke the function. A result with an error makes the poller retry from the mapping's position."""
        records = cast("Sequence[Facts]", event["Records"])
        mapping = self._mapping_of(function, records)
        result, left = self._try(function, mapping, records)
        if not left:
            self.failures.pop(mapping["UUID"], None)
            return result
        self._move_to(mapping, left[0])
        if self._count_failure(mapping, left[0]) <= mapping.get("MaximumRetryAttempts", _FOREVER):
            return _failed_result(result)
        if mapping.get("MaximumRetryAttempts", _FOREVER) == _FOREVER:
            return _failed_result(result)
        self._give_up(function, mapping, left, result)
        self._move_behind(mapping, left[-1])
        self.failures.pop(mapping["UUID"], None)
        return _failed_result(
            result
        )  # the position is already right; the poller would add the length of the batch to it

    def _try(self, function: Facts, mapping: Facts, records: Sequence[Facts]) -> tuple[Result, list[Facts]]:
        """Return the function's answer, and the records to retry."""
        result = self.invoke(function, {"Records": records})
        if result.get("error"):
            return result, list(records)
        failed = (
            _reported_failures(result) if "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", ()) else []
        )
        first = min((index for index, one in enumerate(records) if _number(one) in failed), default=None)
        if failed and first is None:  # an unknown or empty identifier fails the whole batch
            return result, list(records)
        return result, [] if first is None else list(records[first:])

    def _give_up(self, function: Facts, mapping: Facts, records: Sequence[Facts], result: Result) -> None:
        """Bisect a batch as far as the mapping allows, and send unprocessable records to the failure destination."""
        if len(records) == 1 or not mapping.get("BisectBatchOnFunctionError"):
            stream = mapping["EventSourceArn"]
            self.functions._send_ddb_stream_failure_record(
                mapping, function, records, stream, result, "RetryAttemptsExhausted"
            )
            return
        middle = len(records) // 2
        for half in (records[:middle], records[middle:]):
            answer, left = self._try(function, mapping, half)
            if left:
                self._give_up(function, mapping, left, answer)

    def _count_failure(self, mapping: Facts, first: Facts) -> int:
        number, times = self.failures.get(mapping["UUID"], ("", 0))
        times = times + 1 if number == _number(first) else 1
        self.failures[mapping["UUID"]] = (_number(first), times)
        return times

    def _mapping_of(self, function: Facts, records: Sequence[Facts]) -> Facts:
        name = function["config"]["FunctionName"]
        stream = records[0]["eventSourceARN"]
        return next(
            mapping
            for _, _, mapping in self.functions._iter_all_esms()
            if mapping["EventSourceArn"] == stream and mapping["FunctionName"] == name
        )

    def _move_to(self, mapping: Facts, record: Facts) -> None:
        self._set_position(mapping, self._position_of(mapping, record))

    def _move_behind(self, mapping: Facts, record: Facts) -> None:
        self._set_position(mapping, self._position_of(mapping, record) + 1)

    def _position_of(self, mapping: Facts, record: Facts) -> int:
        table = mapping["EventSourceArn"].split("/")[1]
        start = self.tables.stream_start_position(table)
        numbers = [_number(each) for each in self.tables.stream_live_records(table)]
        return int(start) + numbers.index(_number(record))

    def _set_position(self, mapping: Facts, position: int) -> None:
        with self.functions._dynamodb_stream_positions_lock:
            self.functions._dynamodb_stream_positions[mapping["UUID"]] = position


def _number(record: Facts) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def _reported_failures(result: Result) -> list[str]:
    """Return the sequence numbers that a function reports as failed."""
    body = result.get("body")
    answer = json.loads(body) if isinstance(body, str | bytes) and body else body
    if not isinstance(answer, dict):
        return []
    items = cast("dict[str, Sequence[Mapping[str, object]] | None]", answer).get("batchItemFailures")
    return [str(item.get("itemIdentifier")) for item in items or ()]


def _failed_result(result: Result) -> Result:
    return {**result, "error": True}
