"""What a workflow can say about its data: where it comes from, functions of it, and conditions on it."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast, overload

from typing_extensions import TypeForm

from .bindings import Function
from .expressions import Call, Expression, IsKind, IsTrue, Matches, Not, Present, Reference, Source, condition_of
from .failures import WorkflowError
from .shapes import fields_of, name_of
from .states import ErrorOutput, State

M = TypeVar("M")
P = ParamSpec("P")
Out = TypeVar("Out")


def input_of(form: TypeForm[M]) -> M:
    """What the machine was started with, wherever it is used."""
    return cast("M", Reference(Source("machine_input"), form))


def output_of(state: "State[object, Out] | State[str, Out]") -> Out:
    """What a state gives."""
    return cast("Out", Reference(Source("state_input", owner=state), _gives(state)))


def result_of(function: Function[M, Out]) -> Out:
    """What the function that this state invokes has returned."""
    return cast("Out", Reference(Source("result"), function.gives, ("Payload",)))


@overload
def caught() -> ErrorOutput: ...
@overload
def caught(form: TypeForm[M]) -> M: ...
def caught(form: object = ErrorOutput) -> object:
    """The error that a catcher was called for, as the type that its reader has for it."""
    return Reference(Source("error"), form)


def made(model: Callable[P, M]) -> Callable[P, M]:
    """Builds a payload of this type from references and constants, its fields checked by name.

    A field whose value is its default of None is left out; other defaults are written.
    """
    fields = fields_of(model)
    if fields is None:
        raise WorkflowError(f"made({name_of(model)}): takes a model, a dataclass or a TypedDict")

    def build(**given: object) -> dict[str, object]:
        wires = {field.wire: name for name, field in fields.items()}
        named = {wires.get(name, name): value for name, value in given.items()}
        unknown = [name for name in named if name not in fields]
        missing = [name for name, field in fields.items() if field.required and name not in named]
        if unknown or missing:
            what = f"no field {', '.join(unknown)}" if unknown else f"{', '.join(missing)} missing"
            raise WorkflowError(f"made({name_of(model)}): {what}; its fields are {', '.join(fields)}")
        values = {field.wire: named.get(name, field.default) for name, field in fields.items()}
        optional = {field.wire for field in fields.values() if not field.required and field.default is None}
        return {wire: value for wire, value in values.items() if value is not None or wire not in optional}

    return cast("Callable[P, M]", build)


def concat(*texts: str) -> str:
    """Texts joined."""
    return cast("str", Call("concat", texts, str))


def to_json(value: object) -> str:
    """A value as JSON text."""
    return cast("str", Call("to_json", (value,), str))


def not_(condition: bool) -> bool:
    """Whether a condition does not hold."""
    return cast("bool", Not(condition_of(condition)))


def is_present(value: object) -> bool:
    """Whether there is a value, null included."""
    return cast("bool", Present(_expression(value)))


def is_null(value: object) -> bool:
    """Whether the value is null."""
    return cast("bool", IsKind(_expression(value), "null"))


def is_true(value: bool) -> bool:
    """Whether the value is true."""
    return cast("bool", IsTrue(_expression(value)))


def matches(value: str, pattern: str) -> bool:
    """Whether a text is like a pattern in which * stands for any text; \\* is a star."""
    return cast("bool", Matches(_expression(value), pattern))


def _expression(value: object) -> Expression:
    if isinstance(value, Expression):
        return value
    raise WorkflowError(f"{value!r} is known before the workflow runs; conditions are about its data")


def _gives(state: object) -> object:
    function = getattr(state, "function", None)
    return function.gives if isinstance(function, Function) else object
