"""The messages that functions read and write, validated by schemas that pydantic built before the deployment.

Importing pydantic and building the schemas of `messages` took most of a function's cold start. The schemas are
therefore stored in `core_schemas.json` (`python -m tests.handlers.core_schemas` writes it), and the classes here stand
in for the models: the same fields, rules, errors and JSON, by the same compiled code. A test compares the file with the
models, and their verdicts on generated messages.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from .pydantic_engine import SchemaValidator
from .request_rules import check_amount_or_lines, check_purchase

if TYPE_CHECKING:
    from .messages import ApiCaller as ApiCaller
    from .messages import ApiProof as ApiProof
    from .messages import AwaitedAction as AwaitedAction
    from .messages import BookingResult as BookingResult
    from .messages import CancelRequest as CancelRequest
    from .messages import CaptureRequest as CaptureRequest
    from .messages import CaughtError as CaughtError
    from .messages import DecisionRequest as DecisionRequest
    from .messages import FunctionInput as FunctionInput
    from .messages import GatewayNotice as GatewayNotice
    from .messages import PurchaseLine as PurchaseLine
    from .messages import PurchaseRequest as PurchaseRequest
    from .messages import ReconcileInput as ReconcileInput
    from .messages import ReconcileReport as ReconcileReport
    from .messages import RecordInput as RecordInput
    from .messages import RefundLine as RefundLine
    from .messages import RefundRequest as RefundRequest
    from .messages import ResolutionRequest as ResolutionRequest

    _ParsedRequest = (
        PurchaseRequest | CaptureRequest | CancelRequest | RefundRequest | DecisionRequest | ResolutionRequest
    )

SCHEMAS: Final = Path(__file__).with_name("core_schemas.json")
REQUEST: Final = "BookingRequest"
"""The schema of the union of all requests, which has no class."""
RULES: Final = {rule.__name__: rule for rule in (check_purchase, check_amount_or_lines)}
"""The functions that schemas refer to."""
FACTORIES: Final = {"list": list, "dict": dict}
"""The default factories that schemas refer to."""


class _StandIn:
    """A class that pydantic's compiled code can create instances of, with the methods of a model that we use."""

    __slots__ = ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__")

    if TYPE_CHECKING:
        __pydantic_extra__: dict[str, object] | None
        __pydantic_fields_set__: set[str]

    def __init__(self, **fields: object) -> None:
        _validator(type(self).__name__).validate_python(fields, self_instance=self)

    @classmethod
    def model_validate(cls, value: object) -> Any:
        """Return the message in a JSON value. Raises ValidationError."""
        return _validator(cls.__name__).validate_python(value)

    @property
    def model_fields_set(self) -> set[str]:
        """The names of the fields that were given."""
        return self.__pydantic_fields_set__

    def model_dump(self) -> dict[str, Any]:
        """Return the message as JSON-like data. (pydantic's own serializer imports what `pydantic_engine` avoids.)"""
        aliases = _aliases(type(self).__name__)
        members = {**self.__dict__, **(self.__pydantic_extra__ or {})}
        return {aliases.get(name, name): _dump(value) for name, value in members.items()}


def read_request(value: object) -> "_ParsedRequest":
    """Return the request in a JSON value. Raises ValidationError."""
    return cast("_ParsedRequest", _validator(REQUEST).validate_python(value))


@cache
def _schemas() -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", json.loads(SCHEMAS.read_text("utf-8")))


@cache
def _schema(name: str) -> Any:  # its type is in pydantic_core, which must not be imported
    return _resolve(_schemas()[name])


@cache
def _validator(name: str) -> SchemaValidator:
    return SchemaValidator(_schema(name))


@cache
def _aliases(name: str) -> Mapping[str, str]:
    """Return the JSON names of the fields that have aliases."""
    schema = _schemas()[name]
    while "fields" not in schema:  # rules and the class are around them
        schema = schema["schema"]
    fields = cast("Mapping[str, Mapping[str, str]]", schema["fields"])
    return {field: each["serialization_alias"] for field, each in fields.items() if "serialization_alias" in each}


def _dump(value: Any) -> Any:
    """Convert messages, at any depth of lists, to JSON-like data; other data is returned unchanged."""
    if isinstance(value, _StandIn):
        return value.model_dump()
    if isinstance(value, list):
        members = cast("list[object]", value)
        return [each.model_dump() if isinstance(each, _StandIn) else each for each in members]
    return value


def _resolve(value: object) -> Any:
    """Replace the names in a schema by the stand-ins, rules and factories."""
    if isinstance(value, list):
        return [_resolve(each) for each in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    named = cast("dict[str, Any]", value)
    if "$message" in named:
        return _resolve(_schemas()[named["$message"]])
    for marker, meanings in (("$class", globals()), ("$rule", RULES), ("$factory", FACTORIES)):
        if marker in named:
            return meanings[named[marker]]
    return {name: _resolve(each) for name, each in named.items()}


if not TYPE_CHECKING:
    globals().update({name: type(name, (_StandIn,), {"__slots__": ()}) for name in _schemas() if name != REQUEST})
