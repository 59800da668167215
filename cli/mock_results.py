"""What tasks answer in a run without functions: a JSON file with each task's answer, by its state's name.

An answer is a value, `{"Error": …, "Cause": …}` for a failure, or a list of these: one for each attempt, the last for
all further ones.
"""

from collections.abc import Callable
from pathlib import Path

from typing_extensions import TypeIs

from workflow import NotJson, parse
from workflow.json_type import Json
from workflow.json_values import JsonObject

from .definition_files import read_file
from .failures import UsageError

MockFunction = Callable[[object], Json]


def load_mock_results(file: Path | None) -> dict[str, MockFunction]:
    """A function for each task."""
    if file is None:
        return {}
    try:
        document = parse(read_file(file)).value
    except NotJson as error:
        raise UsageError(f"{file} is no JSON: {error}.") from None
    if not isinstance(document, dict):
        raise UsageError(f"{file} is no object with an answer for each task.")
    return {name: _mock_function(f"{file}: {name}", answers) for name, answers in document.items()}


def _mock_function(name: str, results: Json) -> MockFunction:
    waiting = list(results) if isinstance(results, list) else [results]
    if not waiting:
        raise UsageError(f"{name} has no answer: a list has one for each attempt.")
    for value in waiting:
        _check_failure(name, value)

    def answer(_: object) -> Json:
        from workflow.running import TaskFailed

        value = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if _is_failure(value):
            raise TaskFailed(str(value["Error"]), str(value.get("Cause", "")))
        return value

    return answer


def _is_failure(value: Json) -> TypeIs[JsonObject]:
    return isinstance(value, dict) and "Error" in value and set(value) <= {"Error", "Cause"}


def _check_failure(name: str, value: Json) -> None:
    if _is_failure(value):
        for field, said in value.items():
            if not isinstance(said, str):
                raise UsageError(f"{name}: the {field} of a failure is a text, not {said!r}.")
