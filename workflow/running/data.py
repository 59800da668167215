"""How a state makes its data: the fields of JSONata states and those of JSONPath states, behind one face."""

from collections.abc import Mapping
from typing import Protocol

from ..deep_json import Json
from ..definition import JsonObject, State
from ..intrinsics import IntrinsicFailed, InvalidIntrinsic, is_intrinsic, parse_intrinsic
from ..jsonata_evaluation import InvalidJsonata, JsonataFailed, evaluate, inside, is_expression
from ..jsonpath import InvalidPath, NoSuchPlace, Path, parse_path
from .errors import INTRINSIC, PARAMETER_PATH, QUERY, RESULT_PATH, RUNTIME, StateFailed
from .frame import Frame


class Data(Protocol):
    """What the running of a state asks its query language."""

    def arguments(self) -> Json:
        """What its work gets."""
        ...

    def field(self, holder: JsonObject, name: str) -> Json:
        """A field that may also be given from data; None where it is not given."""
        ...

    def items(self) -> Json:
        """What a Map goes through."""
        ...

    def built(self, template: Json) -> Json:
        """A template with its expressions or paths filled in."""
        ...

    def settle(self, result: Json) -> Json:
        """Set variables from a result and make the state's output."""
        ...

    def passed(self, holder: JsonObject) -> Json:
        """Set variables and make the output of a state without work, or of one of its choice rules."""
        ...

    def caught(self, catcher: JsonObject, error: Json) -> Json:
        """Set variables and make the output of a catcher."""
        ...


def data_of(state: State, frame: Frame) -> Data:
    """The data of a state in its query language."""
    return JsonataData(state.fields, frame) if state.query_language == "JSONata" else PathData(state.fields, frame)


class JsonataData:
    """Arguments, Output and Assign, with `{% … %}` in any text."""

    def __init__(self, fields: JsonObject, frame: Frame) -> None:
        self._fields, self._frame = fields, frame
        self._visible: dict[str, Json] | None = None

    def arguments(self) -> Json:
        return self.built(self._fields["Arguments"]) if "Arguments" in self._fields else self._frame.input

    def field(self, holder: JsonObject, name: str) -> Json:
        return self.built(holder[name]) if name in holder else None

    def items(self) -> Json:
        return self.built(self._fields["Items"]) if "Items" in self._fields else self._frame.input

    def built(self, template: Json) -> Json:
        if isinstance(template, str):
            return self._value(inside(template)) if is_expression(template) else template
        if isinstance(template, dict):
            return {key: self.built(item) for key, item in template.items()}
        return [self.built(item) for item in template] if isinstance(template, list) else template

    def settle(self, result: Json) -> Json:
        self._frame.extras["result"] = result
        return self._finish(self._fields, result)

    def passed(self, holder: JsonObject) -> Json:
        return self._finish(holder, self._frame.input)

    def caught(self, catcher: JsonObject, error: Json) -> Json:
        self._frame.extras["errorOutput"] = error
        return self._finish(catcher, error)

    def _finish(self, holder: JsonObject, otherwise: Json) -> Json:
        output = self.built(holder["Output"]) if "Output" in holder else otherwise
        assigned = self.built(holder.get("Assign", {}))
        if isinstance(assigned, dict):
            self._frame.variables.assign(assigned)
        return output

    def _value(self, expression: str) -> Json:
        frame = self._frame
        if self._visible is None:
            self._visible = frame.variables.visible()
        try:
            return evaluate(expression, frame.states, self._visible, frame.now_ms, frame.world.chance)
        except (JsonataFailed, InvalidJsonata) as error:
            raise StateFailed(QUERY, str(error), error) from None


class PathData:
    """InputPath, Parameters, ResultSelector, ResultPath, OutputPath and Assign, with `.$` keys in templates."""

    def __init__(self, fields: JsonObject, frame: Frame) -> None:
        self._fields, self._frame = fields, frame
        self._variables = frame.variables.visible()
        self.effective = self._selected("InputPath", frame.input)

    def arguments(self) -> Json:
        return self.built(self._fields["Parameters"]) if "Parameters" in self._fields else self.effective

    def field(self, holder: JsonObject, name: str) -> Json:
        path = holder.get(name + "Path")
        return self.find(path, self.effective) if isinstance(path, str) else holder.get(name)

    def items(self) -> Json:
        path = self._fields.get("ItemsPath")
        return self.find(path, self.effective) if isinstance(path, str) else self.effective

    def built(self, template: Json) -> Json:
        return self._template(template, self.effective)

    def settle(self, result: Json) -> Json:
        selected = result
        if "ResultSelector" in self._fields:
            selected = self._template(self._fields["ResultSelector"], result)
        return self._finish(self._fields, result, self._placed(self._fields, selected))

    def passed(self, holder: JsonObject) -> Json:
        if self._fields.get("Type") != "Pass":
            return self._finish(holder, self.effective, self.effective)
        result = self._fields["Result"] if "Result" in self._fields else self.arguments()
        return self._finish(holder, result, self._placed(holder, result))

    def caught(self, catcher: JsonObject, error: Json) -> Json:
        output = self._placed(catcher, error)
        self._assign(catcher, error)
        return output

    def find(self, text: str, here: Json) -> Json:
        """What a path or an intrinsic function yields."""
        try:
            if is_intrinsic(text):
                return parse_intrinsic(text).result(lambda path: self._find(path, here), self._frame.world.chance)
            return self._find(parse_path(text), here)
        except (IntrinsicFailed, InvalidIntrinsic) as error:
            raise StateFailed(INTRINSIC, str(error), error) from None
        except NoSuchPlace as error:
            raise StateFailed(PARAMETER_PATH, str(error), error) from None
        except InvalidPath as error:
            raise StateFailed(RUNTIME, str(error), error) from None

    def _find(self, path: Path, here: Json) -> Json:
        if path.variable is None:
            source = self._frame.context if path.root == "$$" else here
        elif path.variable in self._variables:
            source = self._variables[path.variable]
        else:
            raise NoSuchPlace(f"{path.text}: no value was assigned to {path.root}")
        return path.find(source, source)

    def _template(self, template: Json, here: Json) -> Json:
        if isinstance(template, dict):
            return {
                key[:-2] if key.endswith(".$") else key: self.find(item, here)
                if key.endswith(".$") and isinstance(item, str)
                else self._template(item, here)
                for key, item in template.items()
            }
        return [self._template(item, here) for item in template] if isinstance(template, list) else template

    def _finish(self, holder: JsonObject, result: Json, output: Json) -> Json:
        selected = self._selected("OutputPath", output)
        self._assign(holder, result)
        return selected

    def _assign(self, holder: JsonObject, here: Json) -> None:
        assigned = self._template(holder.get("Assign", {}), here)
        if isinstance(assigned, dict):
            self._frame.variables.assign(assigned)

    def _placed(self, holder: Mapping[str, Json], result: Json) -> Json:
        path = holder.get("ResultPath", "$")
        if path is None:
            return self._frame.input
        try:
            return parse_path(str(path)).put(result, self._frame.input)
        except (NoSuchPlace, InvalidPath) as error:
            raise StateFailed(RESULT_PATH, str(error), error) from None

    def _selected(self, name: str, value: Json) -> Json:
        path = self._fields.get(name, "$")
        if path is None:
            return {}
        try:
            return self.find(str(path), value)
        except StateFailed as failure:
            raise StateFailed(RUNTIME, f"{name}: {failure.cause}", failure.origin) from None
