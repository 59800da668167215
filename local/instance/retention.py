"""Limits for what MiniStack keeps: closed executions with their histories, function logs, and transaction tokens.

AWS keeps them for a time (90 days, a log group's retention, 10 minutes). An embedded AWS lives in memory, so it keeps a
fixed number: the last `KEPT_EXECUTIONS` that have ended, the last `KEPT_LOG_STREAMS` of each log group (one stream per
invocation), and the answers to the last `KEPT_TRANSACTIONS`, for repeated requests with the same token. A program's
data (items, objects, messages, archived events) is never limited.

Source: Step Functions developer guide, "Service quotas" (execution history retention time).
"""

from collections.abc import Mapping
from itertools import islice
from typing import Final

from .account_concurrency import MiniStackModule

KEPT_EXECUTIONS: Final = 1000
"""Closed executions that can still be described: the latest to end, of all machines together."""
KEPT_LOG_STREAMS: Final = 1000
"""Streams of a log group that can still be read."""
KEPT_TRANSACTIONS: Final = 1000
"""Transactions of DynamoDB that can still be repeated under their token."""
SLACK: Final = 100
"""Surplus closed executions that are collected before they are deleted together, so that closing one is cheap."""


def bound_executions(machines: MiniStackModule) -> None:
    """Delete the executions that ended first whenever one ends."""
    run = machines._run_execution

    def run_and_forget(execution: str) -> None:
        run(execution)
        _forget_executions(machines._executions._data)

    machines._run_execution = run_and_forget


def bound_logs(functions: MiniStackModule, logs: MiniStackModule) -> None:
    """Delete the oldest streams of a log group whenever a function has written one."""
    write = functions._emit_lambda_logs

    def write_and_forget(*invocation: object, **result: object) -> None:
        write(*invocation, **result)
        for group in logs._log_groups.all_values():
            _forget_oldest(group["streams"], len(group["streams"]) - KEPT_LOG_STREAMS)

    functions._emit_lambda_logs = write_and_forget


def bound_transactions(tables: MiniStackModule) -> None:
    """Delete the oldest tokens whenever one has been stored."""
    store = tables._txn_token_store

    def store_and_forget(token: str, answer: object) -> None:
        store(token, answer)
        tokens = tables._txn_idempotency._data
        _forget_oldest(tokens, len(tokens) - KEPT_TRANSACTIONS)

    tables._txn_token_store = store_and_forget


def _forget_executions(executions: dict[object, Mapping[str, object]]) -> None:
    if len(executions) <= KEPT_EXECUTIONS + SLACK:
        return
    closed = [(key, execution) for key, execution in list(executions.items()) if execution["status"] != "RUNNING"]
    if len(closed) > KEPT_EXECUTIONS + SLACK:
        closed.sort(key=_end_of)  # they are in order of start
        for key, _ in closed[:-KEPT_EXECUTIONS]:
            executions.pop(key, None)


def _end_of(closed: tuple[object, Mapping[str, object]]) -> tuple[bool, str]:
    """Return a sort key by end. An execution whose end is just being written sorts last."""
    end = closed[1]["stopDate"]
    return end is None, str(end or "")


def _forget_oldest(kept: dict[object, object], excess: int) -> None:
    if excess > 0:
        for key in list(islice(kept, excess)):
            kept.pop(key, None)
