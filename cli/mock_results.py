"""Mock results of tasks for `booking workflow run`: a JSON file with a result for each task, by state name.

A result is a value, `{"Error": …, "Cause": …}` for a failure, or a list of these with one element per attempt; the last
element also serves all further attempts.
"""

from collections.abc import Callable
from pathlib import Path

from typing_extensions import TypeIs

from workflow.asl.definition import parse
from workflow.asl.json_type import Json
from workflow.asl.json_values import JsonObject, NotJson

from .command_errors import UsageError
from .definition_files import read_file

MockFunction = Callable[[object], Json]


def load_mock_results(file: Path | None) -> dict[str, MockFunction]:
    """Return a function for each task in the file."""
    if file is None:
        return {}
    try:
        document = parse(read_file(file)).value
    except NotJson as error:
        raise UsageError(f"{file} is not valid JSON: {error}.") from None
    if not isinstance(document, dict):
        raise UsageError(f"{file} must be an object with a result for each task.")
    return {name: _mock_function(f"{file}: {name}", results) for name, results in document.items()}


def _mock_function(name: str, results: Json) -> MockFunction:
    remaining = list(results) if isinstance(results, list) else [results]
    if not remaining:
        raise UsageError(f"{name} must have at least one result, got an empty list.")
    for value in remaining:
        _check_failure(name, value)

    def next_result(_: object) -> Json:
        from workflow.interpreter import TaskFailed

        value = remaining.pop(0) if len(remaining) > 1 else remaining[0]
        if _is_failure(value):
            raise TaskFailed(str(value["Error"]), str(value.get("Cause", "")))
        return value

    return next_result


def _is_failure(value: Json) -> TypeIs[JsonObject]:
    return isinstance(value, dict) and "Error" in value and set(value) <= {"Error", "Cause"}


def _check_failure(name: str, value: Json) -> None:
    if _is_failure(value):
        for field, content in value.items():
            if not isinstance(content, str):
                raise UsageError(f"{name}: {field} must be a string, got {content!r}.")
