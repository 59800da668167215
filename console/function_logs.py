"""The functions' log lines for one execution, and the executions logged for one order.

An invocation's lines are consecutive in one log stream, from START to REPORT. A filter finds those that name the
execution; the rest of their invocations, such as stack traces, is read around them.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from botocore.exceptions import ClientError

from .deployment import Deployment
from .execution_history import parse_object
from .trace import LogLine

FUNCTION_OUTPUTS: Final = ("purchaseFunction", "refundFunction", "recordFunction", "reconcileFunction")
SEARCH_MARGIN: Final = timedelta(minutes=2)
"""Time before and after an execution in which its functions may log; clocks differ, and logs arrive late."""
MAX_LINES: Final = 400
_RUNTIME_LINES: Final = ("START ", "END ", "INIT_START", "EXTENSION")
_REQUEST: Final = re.compile(r"(?<=^START )RequestId: \S+\s*|(?<=^END )RequestId: \S+|(?<=^REPORT )RequestId: \S+\s+")

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionLogs:
    """The log groups of a deployment's functions, by role, such as `purchase`."""

    client: Any
    groups: Mapping[str, str]

    @classmethod
    def of(cls, deployment: Deployment) -> "FunctionLogs":
        """Return the log groups of the functions that the program exports."""
        exported = {name: deployment.outputs[name] for name in FUNCTION_OUTPUTS if deployment.outputs.get(name)}
        groups = {name.removesuffix("Function"): _group_of(deployment, str(each)) for name, each in exported.items()}
        return cls(client=deployment.client("logs"), groups=groups)

    def lines_of(self, execution: str, start: datetime, end: datetime) -> tuple[LogLine, ...]:
        """Return the lines of the invocations that name an execution, in order of time."""
        found = [line for function in self.groups for line in self._function_lines(function, execution, start, end)]
        return tuple(sorted(found, key=lambda line: line.at)[:MAX_LINES])

    def executions_of(self, order_id: str, start: datetime) -> tuple[str, ...]:
        """Return the ARNs of the executions that logged an order, the earliest first."""
        found: dict[str, int] = {}
        for group in self.groups.values():
            for event in self._filter(group, order_id, start - SEARCH_MARGIN, datetime.now(UTC) + SEARCH_MARGIN):
                line = parse_object(event["message"])
                arn = line.get("execution") if line.get("order") == order_id else None
                if isinstance(arn, str):
                    found[arn] = min(int(event["timestamp"]), found.get(arn, int(event["timestamp"])))
        return tuple(sorted(found, key=lambda arn: found[arn]))

    def lines_with(self, group: str, phrase: str, start: datetime, end: datetime) -> list[tuple[datetime, str]]:
        """Return the lines of a group that contain a phrase, with their times, the earliest first."""
        found = sorted(self._filter(group, phrase, start, end), key=lambda event: int(event["timestamp"]))
        return [(datetime.fromtimestamp(int(each["timestamp"]) / 1000, UTC), str(each["message"])) for each in found]

    def _function_lines(self, function: str, execution: str, start: datetime, end: datetime) -> Iterator[LogLine]:
        group, window = self.groups[function], (start - SEARCH_MARGIN, end + SEARCH_MARGIN)
        streams = list(dict.fromkeys(event["logStreamName"] for event in self._filter(group, execution, *window)))
        if not streams:
            return
        for invocation in split_invocations(self._filter(group, None, *window, streams=streams)):
            if any(execution in event["message"] for event in invocation):
                yield from _lines_of(function, invocation)

    def _filter(
        self, group: str, phrase: str | None, start: datetime, end: datetime, streams: Sequence[str] = ()
    ) -> list[Event]:
        pattern = {"filterPattern": json.dumps(phrase)} if phrase else {}
        pages = self.client.get_paginator("filter_log_events").paginate(
            logGroupName=group,
            startTime=int(start.timestamp() * 1000),
            endTime=int(end.timestamp() * 1000),
            **pattern,
            **({"logStreamNames": list(streams)} if streams else {}),
        )
        try:
            return [event for page in pages for event in page["events"]]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
                return []  # the function has not logged anything yet
            raise


def split_invocations(events: Iterable[Event]) -> list[list[Event]]:
    """Return the events of log streams by invocation: an invocation begins with START, or the runtime's JSON for it."""
    invocations: dict[tuple[str, int], list[Event]] = {}
    numbers: dict[str, int] = {}
    for event in sorted(events, key=lambda each: int(each["timestamp"])):
        stream, message = str(event["logStreamName"]), str(event["message"])
        if message.startswith("START RequestId:") or '"platform.start"' in message:
            numbers[stream] = numbers.get(stream, 0) + 1
        invocations.setdefault((stream, numbers.get(stream, 0)), []).append(event)
    return list(invocations.values())


def _is_shown(message: str) -> bool:
    """Return False for the runtime's own lines and for metrics, which do not concern the request."""
    return bool(message.strip()) and not f"{message} ".startswith(_RUNTIME_LINES) and '"_aws"' not in message


def _lines_of(function: str, invocation: Iterable[Event]) -> list[LogLine]:
    """Return the lines of an invocation, each with its stack trace."""
    lines: list[LogLine] = []
    for event in invocation:
        text = _REQUEST.sub("", str(event["message"]).rstrip())
        if not _is_shown(text):
            continue
        if lines and (text[:1].isspace() or text.startswith("Traceback")):
            lines[-1] = replace(lines[-1], rest=(*lines[-1].rest, text))
        else:
            at = datetime.fromtimestamp(int(event["timestamp"]) / 1000, UTC)
            lines.append(LogLine(at=at, function=function, text=text))
    return lines


def _group_of(deployment: Deployment, function: str) -> str:
    described = deployment.client("lambda").get_function_configuration(FunctionName=function)
    logging: Mapping[str, Any] = described.get("LoggingConfig") or {}
    return str(logging.get("LogGroup") or f"/aws/lambda/{described['FunctionName']}")
