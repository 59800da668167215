"""The data flow of a state, with one interface for JSONata states and JSONPath states.

Error causes use Step Functions' own wording where recorded executions show it, so that a web search finds them.

Longer than 250 lines because it implements the interface for both query languages.
"""

import math
from collections.abc import Mapping
from typing import Final, Protocol

from ..asl.definition import JsonObject, StateNode
from ..asl.json_type import Json
from ..asl.json_values import json_text, kind_of
from ..queries.bounded_regex import CannotMatch
from ..queries.intrinsics import IntrinsicFailed, InvalidIntrinsic, is_intrinsic, parse_intrinsic
from ..queries.jsonata_evaluation import InvalidJsonata, is_expression, strip_delimiters
from ..queries.jsonata_values import JsonataFailed
from ..queries.jsonpath_reading import InvalidPath, JsonPath, UnmatchedPath, parse_path
from .frame import Frame
from .path_causes import no_argument, no_match, number_at, unusable_value
from .state_errors import (
    INTRINSIC,
    ITEM_READER,
    PARAMETER_PATH,
    PATH_CONFLICT,
    QUERY,
    RESULT_PATH,
    RUNTIME,
    PathNotFound,
    StateFailed,
)

_KINDS: Final = ("array", "boolean", "number", "string")


class Data(Protocol):
    """The operations on a state's data that depend on its query language."""

    def arguments(self) -> Json:
        """Return the evaluated Arguments or Parameters, by default the state's input (after InputPath)."""
        ...

    def field(self, holder: JsonObject, name: str) -> Json:
        """Return a field's value, evaluating its expression or its `…Path` variant; None if the field is missing."""
        ...

    def field_error(self, holder: JsonObject, name: str, value: Json, expected: str) -> StateFailed:
        """Return the error for a field with an unusable value; `expected` describes the values that it accepts."""
        ...

    def items(self) -> Json:
        """Return the value that a Map iterates: Items or ItemsPath, by default the state's input (after InputPath)."""
        ...

    def evaluate_template(self, template: Json, location: str) -> Json:
        """Evaluate the expressions or paths of a template; `location` is its location in errors, such as `Output`."""
        ...

    def apply_result(self, result: Json) -> Json:
        """Assign variables from the result of the state's work, and return the state's output."""
        ...

    def pass_through(self, holder: JsonObject) -> Json:
        """Assign variables and return the output of a state without work, or of one of its choice rules."""
        ...

    def catch(self, catcher: JsonObject, error: Json) -> Json:
        """Assign a catcher's variables from the error output, and return the catcher's output."""
        ...


def number_of(data: Data, holder: JsonObject, name: str, minimum: float = 0, maximum: float = math.inf) -> float | None:
    """Return a numeric field, or None if it is missing; raises StateFailed if it is not a number within the bounds."""
    found = data.field(holder, name)
    if found is None and not is_given(holder, name):
        return None
    value = number_at(name, found) if f"{name}Path" in holder else found
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise data.field_error(holder, name, found, "number")
    if not minimum <= value <= maximum:
        raise data.field_error(
            holder, name, value, f"{minimum:g} or more" if maximum == math.inf else f"{minimum:g} to {maximum:g}"
        )
    return value


def is_given(holder: JsonObject, name: str) -> bool:
    """Return true if `holder` has the field itself or its `…Path` variant."""
    return name in holder or f"{name}Path" in holder


def data_of(state: StateNode, frame: Frame) -> Data:
    """Return the data flow of a state in its query language."""
    return JsonataData(state.fields, frame) if state.query_language == "JSONata" else PathData(state.fields, frame)


class JsonataData:
    """The data flow of a JSONata state: Arguments, Output and Assign, whose strings may be `{% … %}` expressions."""

    def __init__(self, fields: JsonObject, frame: Frame) -> None:
        self._fields, self._frame = fields, frame
        self._visible: dict[str, Json] | None = None
        self._locations: dict[int, str] | None = None

    def arguments(self) -> Json:
        arguments = self._evaluate_field(self._fields, "Arguments", self._frame.input)
        self._frame.inspection["afterArguments"] = arguments
        return arguments

    def field(self, holder: JsonObject, name: str) -> Json:
        return self._evaluate_field(holder, name, None)

    def field_error(self, holder: JsonObject, name: str, value: Json, expected: str) -> StateFailed:
        given, kind = holder.get(name), kind_of(value)
        if not is_expression(given):
            return StateFailed(RUNTIME, _invalid_value(name, value, expected))
        problem = f"returned a value that is out of range. Expected {expected}, but was"
        if expected in _KINDS:
            problem = f"returned an unexpected result type. Expected '{expected}', but was '{kind}' for value:"
        return StateFailed(
            QUERY, f"{_expression_text(str(given), self._location(holder) + name)} {problem} {json_text(value)}"
        )

    def items(self) -> Json:
        return self._evaluate_field(self._fields, "Items", self._frame.input)

    def evaluate_template(self, template: Json, location: str) -> Json:
        if isinstance(template, str):
            return self._evaluate(template, location) if is_expression(template) else template
        if isinstance(template, dict):
            return {key: self.evaluate_template(item, f"{location}/{key}") for key, item in template.items()}
        if isinstance(template, list):
            return [self.evaluate_template(item, f"{location}[{index}]") for index, item in enumerate(template)]
        return template

    def apply_result(self, result: Json) -> Json:
        self._frame.extras["result"] = self._frame.inspection["result"] = result
        return self._finish(self._fields, result)

    def pass_through(self, holder: JsonObject) -> Json:
        return self._finish(holder, self._frame.input)

    def catch(self, catcher: JsonObject, error: Json) -> Json:
        self._frame.extras["errorOutput"] = error
        return self._finish(catcher, error)

    def _finish(self, holder: JsonObject, default: Json) -> Json:
        output = self._evaluate_field(holder, "Output", default)
        assigned = self._evaluate_field(holder, "Assign", {})
        if isinstance(assigned, dict):
            self._frame.variables.assign(assigned)
        return output

    def _evaluate_field(self, holder: JsonObject, name: str, default: Json) -> Json:
        return self.evaluate_template(holder[name], self._location(holder) + name) if name in holder else default

    def _location(self, holder: JsonObject) -> str:
        """Return the location prefix of fields in a choice rule or catcher, such as `Choices[1]/`; otherwise empty."""
        if holder is self._fields:
            return ""
        if self._locations is None:
            parts = ((name, self._fields.get(name)) for name in ("Choices", "Catch"))
            self._locations = {
                id(part): f"{name}[{index}]/"
                for name, rules in parts
                for index, part in enumerate(rules if isinstance(rules, list) else [])
            }
        return self._locations.get(id(holder), "")

    def _evaluate(self, text: str, location: str) -> Json:
        frame = self._frame
        if self._visible is None:
            self._visible = frame.variables.visible()
        try:
            return frame.execution.evaluator.result(strip_delimiters(text), frame.states, self._visible, frame.now_ms)
        except JsonataFailed as error:
            raise StateFailed(QUERY, f"{_expression_text(text, location)} {error}", error) from None
        except InvalidJsonata as error:
            raise StateFailed(QUERY, str(error), error) from None


def _invalid_value(name: str, value: Json, expected: str) -> str:
    """Return the cause for a literal value that its field cannot use."""
    if expected in _KINDS:
        expected = f"an {expected}" if expected == "array" else f"a {expected}"
    return f"{name} must be {expected}, got {json_text(value)}."


def _expression_text(text: str, location: str) -> str:
    return f"The JSONata expression '{strip_delimiters(text)}' specified for the field '{location}'"


class PathData:
    """The data flow of a JSONPath state: InputPath, Parameters, ResultSelector, ResultPath, OutputPath and Assign.

    In templates, keys that end in `.$` have paths or intrinsic functions as values.
    """

    def __init__(self, fields: JsonObject, frame: Frame) -> None:
        self._fields, self._frame = fields, frame
        self._variables = frame.variables.visible()
        self.effective_input = frame.inspection["afterInputPath"] = self._apply_path("InputPath", frame.input)

    def arguments(self) -> Json:
        arguments = self.effective_input
        if "Parameters" in self._fields:
            arguments = self.evaluate_template(self._fields["Parameters"], "Parameters")
        self._frame.inspection["afterParameters"] = arguments
        return arguments

    def field(self, holder: JsonObject, name: str) -> Json:
        path = holder.get(name + "Path")
        return self.find(path, self.effective_input, name + "Path") if isinstance(path, str) else holder.get(name)

    def field_error(self, holder: JsonObject, name: str, value: Json, expected: str) -> StateFailed:
        path = holder.get(name + "Path")
        if not isinstance(path, str):
            return StateFailed(RUNTIME, _invalid_value(name, value, expected))
        error = ITEM_READER if name == "MaxItems" and number_at(name, value) is not None else RUNTIME
        return StateFailed(error, unusable_value(name, path, value, expected))

    def items(self) -> Json:
        path = self._fields.get("ItemsPath")
        try:
            return self.find(path, self.effective_input, "ItemsPath") if isinstance(path, str) else self.effective_input
        except PathNotFound as error:
            raise self._conflict_error(str(path), self.effective_input, error, PARAMETER_PATH) from None

    def evaluate_template(self, template: Json, location: str) -> Json:
        del location  # errors name the template's key instead
        return self._fill_template(template, self.effective_input)

    def apply_result(self, result: Json) -> Json:
        selected = result
        if "ResultSelector" in self._fields:
            selected = self._fill_template(self._fields["ResultSelector"], result)
        self._frame.inspection.update(result=result, afterResultSelector=selected)
        return self._finish(self._fields, result, self._apply_result_path(self._fields, selected))

    def pass_through(self, holder: JsonObject) -> Json:
        if self._fields.get("Type") != "Pass":
            return self._finish(holder, self.effective_input, self.effective_input)
        result = self._fields["Result"] if "Result" in self._fields else self.arguments()
        return self._finish(holder, result, self._apply_result_path(holder, result))

    def catch(self, catcher: JsonObject, error: Json) -> Json:
        output = self._apply_result_path(catcher, error)
        self._assign(catcher, error)
        return output

    def find(self, text: str, data: Json, field: str = "") -> Json:
        """Evaluate a path or an intrinsic function on `data`; the cause of a failure names the field."""
        try:
            if is_intrinsic(text):
                return self._call(text, data)
            path = parse_path(text)
            root = self._source(path, data)
            return path.find(root, root)
        except (IntrinsicFailed, InvalidIntrinsic) as error:
            raise StateFailed(INTRINSIC, str(error), error) from None
        except UnmatchedPath as error:
            cause = no_match(text, field, self._root(text, data)) if field else str(error)
            raise self._not_found_error(cause, error) from None
        except (InvalidPath, CannotMatch) as error:
            raise StateFailed(RUNTIME, str(error), error) from None

    def _call(self, text: str, data: Json) -> Json:
        def argument(path: JsonPath) -> Json:
            try:
                root = self._source(path, data)
                return path.find(root, root)
            except UnmatchedPath as error:
                cause = no_argument(text, path.text, self._root(path.text, data))
                raise self._not_found_error(cause, error) from None

        return parse_intrinsic(text).result(argument, self._frame.execution.rng)

    def _root(self, path: str, data: Json) -> Json:
        return self._frame.context if path.startswith("$$") else data

    def _source(self, path: JsonPath, data: Json) -> Json:
        if path.variable is None:
            return self._root(path.root, data)
        if path.variable not in self._variables:
            raise UnmatchedPath(f"{path.text}: no value was assigned to {path.root}")
        return self._variables[path.variable]

    def _not_found_error(self, cause: str, origin: Exception) -> PathNotFound:
        return PathNotFound(PARAMETER_PATH if self._frame.execution.documented else RUNTIME, cause, origin)

    def _conflict_error(self, path: str, into: Json, origin: Exception, documented: str) -> StateFailed:
        if self._frame.execution.documented:
            return StateFailed(documented, str(origin), origin)
        steps = parse_path(path).steps
        step = f'step "{steps[-1].selector}"' if steps else "step"
        return StateFailed(PATH_CONFLICT, f"Unable to apply {step} to input {json_text(into)}", origin)

    def _fill_template(self, template: Json, data: Json) -> Json:
        if isinstance(template, dict):
            return {
                key[:-2] if key.endswith(".$") else key: self._evaluate_path(item, data, key)
                if key.endswith(".$") and isinstance(item, str)
                else self._fill_template(item, data)
                for key, item in template.items()
            }
        return [self._fill_template(item, data) for item in template] if isinstance(template, list) else template

    def _evaluate_path(self, text: str, data: Json, key: str) -> Json:
        """Evaluate a path in a template. An index past the end of an array yields null, as Floci measured (#3199)."""
        try:
            return self.find(text, data, key)
        except PathNotFound:
            if self._frame.execution.documented or is_intrinsic(text):
                raise
            path = parse_path(text)
            if (path.variable is None or path.variable in self._variables) and path.is_past_end(
                self._source(path, data)
            ):
                return None
            raise

    def _finish(self, holder: JsonObject, result: Json, output: Json) -> Json:
        selected = self._apply_path("OutputPath", output)
        self._assign(holder, result)
        return selected

    def _assign(self, holder: JsonObject, data: Json) -> None:
        assigned = self._fill_template(holder.get("Assign", {}), data)
        if isinstance(assigned, dict):
            self._frame.variables.assign(assigned)

    def _apply_result_path(self, holder: Mapping[str, Json], result: Json) -> Json:
        path = holder.get("ResultPath", "$")
        if path is None:
            return self._frame.input
        try:
            output = parse_path(str(path)).put(result, self._frame.input)
        except UnmatchedPath as error:
            raise self._conflict_error(str(path), self._frame.input, error, RESULT_PATH) from None
        except InvalidPath as error:
            raise StateFailed(RESULT_PATH, str(error), error) from None
        self._frame.inspection["afterResultPath"] = output
        return output

    def _apply_path(self, name: str, value: Json) -> Json:
        path = self._fields.get(name, "$")
        if path is None:
            return {}
        try:
            return self.find(str(path), value, name)
        except PathNotFound as failure:
            raise StateFailed(RUNTIME, failure.cause, failure.origin) from None
