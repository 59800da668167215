"""Write the schemas that functions validate messages with: `python -m tests.handlers.core_schemas`.

They are pydantic's schemas of the models in `handlers/contracts/messages.py`, as JSON: a class, rule or factory of a
default value is written as its name, and a message within another as a reference.
"""

import inspect
import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter

from handlers.contracts import messages
from handlers.contracts.prebuilt import FACTORIES, REQUEST, RULES, SCHEMAS

MODELS: Final = {
    name: model
    for name, model in inspect.getmembers(messages, inspect.isclass)
    if issubclass(model, BaseModel) and model.__module__ == messages.__name__ and not name.startswith("_")
    if model not in (messages.Message, messages.ApiRequest)  # no function reads these
}
_UNUSED: Final = ("metadata", "ref", "computed_fields")


def generate() -> str:
    """Return the content of the file."""
    serialized = {name: _serialize(model.__pydantic_core_schema__, outermost=True) for name, model in MODELS.items()}
    serialized[REQUEST] = _serialize(TypeAdapter(messages.BookingRequest).core_schema)
    return json.dumps(serialized, indent=1) + "\n"


def _serialize(value: Any, *, outermost: bool = False) -> Any:
    if isinstance(value, Mapping):
        model = None if outermost else _model_of(value)
        if model:
            return {"$message": model}
        return {name: _serialize_member(name, each, outermost) for name, each in value.items() if name not in _UNUSED}
    return [_serialize(each) for each in value] if isinstance(value, list | tuple) else value


def _model_of(schema: Mapping[str, Any]) -> str | None:
    """Return the name of the model that a schema is of, with its rules around it."""
    inner = schema.get("schema", {}) if schema.get("type") == "function-after" else schema
    return inner["cls"].__name__ if inner.get("type") == "model" else None


def _serialize_member(name: str, value: Any, outermost: bool) -> Any:
    if name == "cls":
        return {"$class": value.__name__}
    if name == "function" and callable(value):
        assert RULES[value.__name__] is value, f"{value} must be a rule in handlers/contracts/request_rules.py"
        return {"$rule": value.__name__}
    if name == "default_factory":
        return {"$factory": next(known for known, factory in FACTORIES.items() if value() == factory())}
    is_rule_around_model = outermost and isinstance(value, Mapping) and value.get("type") == "model"
    return _serialize(value, outermost=is_rule_around_model)


if __name__ == "__main__":
    SCHEMAS.write_text(generate(), "utf-8")
