"""Sources of a workflow's data: its input, outputs of states, results of functions, errors, and built payloads.

The names `caught`, `made`, `merged` and `seen_as` are participles because they name values (the caught error, the made
payload) and have no side effects. `remember` and `parted`, which could be read as actions, became `assign` and
`chunks`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Never, ParamSpec, TypeVar, cast, overload

from ..failures import WorkflowError
from .bindings import Function
from .compatibility import definite_mismatch
from .option_checks import check_form, check_kind
from .payload_schema import fields_of, name_of
from .states.transitions import ErrorOutput, State
from .value_expressions import Reference, Source

if TYPE_CHECKING:
    from typing_extensions import TypeForm

M = TypeVar("M")
P = ParamSpec("P")
Out = TypeVar("Out")


def input_of(form: TypeForm[M]) -> M:
    """Return the input of the workflow, in whichever of its states it is used."""
    check_form("input_of", form)
    return cast("M", Reference(Source("input"), form))


def state_input(form: TypeForm[M]) -> M:
    """Return the input of the state that uses it."""
    check_form("state_input", form)
    return cast("M", Reference(Source("state_input"), form))


def output_of(state: State[Never, Out]) -> Out:
    """Return the output of a state, for use in states that run after it."""
    check_kind("output_of", "must be given a state", state, State)
    return cast("Out", Reference(Source("output", owner=state), state.output_type))


@overload
def result_of(source: Function[Never, Out]) -> Out: ...
@overload
def result_of(source: TypeForm[Out]) -> Out: ...
def result_of(source: object) -> object:
    """Return the result of the invoked function, or, given a type, the response of the called service as that type."""
    if isinstance(source, Function):
        function = cast("Function[Never, object]", source)
        return Reference(Source("result", owner=function), function.output_type, ("Payload",))
    check_form("result_of", source)
    return Reference(Source("result"), source)


@overload
def caught() -> ErrorOutput: ...
@overload
def caught(form: TypeForm[M]) -> M: ...
def caught(form: object = ErrorOutput) -> object:
    """Return the error that a catcher has caught, as the given type."""
    return Reference(Source("error"), form)


@overload
def made(model: Callable[P, M]) -> Callable[P, M]: ...
@overload
def made(  # pyright: ignore[reportOverlappingOverload]  # it also takes TypedDicts, which have no single signature
    model: type[M],
) -> Callable[..., M]: ...
def made(model: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that builds a payload of this type from references and constants, with fields checked by name.

    A field whose value is its default of None is omitted; other defaults are written.
    """
    fields = fields_of(model)
    if fields is None:
        raise WorkflowError(f"made({name_of(model)}): must be given a model, a dataclass or a TypedDict")

    def build(*positional: object, **given: object) -> dict[str, object]:
        if len(positional) > len(fields):
            raise WorkflowError(
                f"made({name_of(model)}): got {len(positional)} values; its fields are {', '.join(fields)}"
            )
        wires = {field.wire: name for name, field in fields.items()}
        named = dict(zip(fields, positional, strict=False))
        duplicates = [name for name in given if wires.get(name, name) in named]
        if duplicates:
            raise WorkflowError(f"made({name_of(model)}): {', '.join(duplicates)} is given twice")
        named |= {wires.get(name, name): value for name, value in given.items()}
        unknown = [name for name in named if name not in fields]
        missing = [name for name, field in fields.items() if field.required and name not in named]
        if unknown or missing:
            problem = f"no field {', '.join(unknown)}" if unknown else f"missing {', '.join(missing)}"
            raise WorkflowError(f"made({name_of(model)}): {problem}; its fields are {', '.join(fields)}")
        for name, value in named.items():
            if reason := definite_mismatch(value, fields[name].form):
                raise WorkflowError(
                    f"made({name_of(model)}): {name} must be {name_of(fields[name].form)}, but {reason}"
                )
        values = {field.wire: named.get(name, field.default) for name, field in fields.items()}
        optional = {field.wire for field in fields.values() if not field.required and field.default is None}
        return {wire: value for wire, value in values.items() if value is not None or wire not in optional}

    return build
