"""Expression trees that are evaluated when a workflow runs: references to its data, function calls and conditions.

An expression is a Python object while a workflow is written, and JSONata or JSONPath text once it is compiled. To a
type checker, a reference *is* the value that it refers to, so that a misspelled field is an error before anything runs.

Longer than 250 lines because it defines a dozen small classes that are read together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final, Literal, NoReturn, Self, TypeAlias, Union, cast

from ..asl.json_type import Json
from ..asl.records import Record, copy_with
from ..failures import NoSuchField, NotACondition, WorkflowError
from .bindings import Binding
from .payload_schema import (
    Field,
    fields_of,
    is_mapping,
    is_timestamp_type,
    item_of,
    kinds_of,
    literals_of,
    members_of,
    name_of,
    values_of,
    wire_value,
)

Root = Literal["input", "output", "state_input", "result", "error", "context", "variable"]
"""The kind of source that a reference starts from.

`input` is the input of the workflow that contains the reference, and `output` that of another state. The other sources
exist in Step Functions itself.
"""

_CONDITION_HINT: str = "use not_(), is_present(), is_null(), matches(), length() or contains() of this package"


class Expression:
    """A value that is computed when the workflow runs."""

    __slots__ = ()

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return _compare("=", self, other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return _compare("!=", self, other)

    def __lt__(self, other: object) -> Condition:
        return _compare("<", self, other)

    def __le__(self, other: object) -> Condition:
        return _compare("<=", self, other)

    def __gt__(self, other: object) -> Condition:
        return _compare(">", self, other)

    def __ge__(self, other: object) -> Condition:
        return _compare(">=", self, other)

    def __add__(self, other: object) -> FunctionCall:
        return _calculate("+", self, other)

    def __radd__(self, other: object) -> FunctionCall:
        return _calculate("+", other, self)

    def __sub__(self, other: object) -> FunctionCall:
        return _calculate("-", self, other)

    def __rsub__(self, other: object) -> FunctionCall:
        return _calculate("-", other, self)

    def __mul__(self, other: object) -> FunctionCall:
        return _calculate("*", self, other)

    def __rmul__(self, other: object) -> FunctionCall:
        return _calculate("*", other, self)

    def __and__(self, other: object) -> NoReturn:
        raise NotACondition(
            f"{self!r} is a value, but & and | combine conditions: put each side in parentheses, (a > 1) & (b < 5); "
            "use is_true() for a boolean"
        )

    __rand__ = __or__ = __ror__ = __and__

    def __truediv__(self, other: object) -> NoReturn:
        self._refuse("divide it", "use plus(), minus(), times() or jsonata()")

    __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __truediv__

    def __neg__(self) -> NoReturn:
        self._refuse("convert it to a number", "use plus(), minus(), times() or jsonata()")

    __pos__ = __abs__ = __int__ = __float__ = __round__ = __index__ = __neg__

    def __call__(self, *_: object, **__: object) -> NoReturn:
        self._refuse("call a method of it", "use concat(), split(), matches(), length(), contains() or jsonata()")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __bool__(self) -> bool:
        self._refuse("test its truth")

    def __len__(self) -> int:
        self._refuse("take its length")

    def __contains__(self, item: object) -> bool:
        self._refuse("test what it contains")

    def __iter__(self) -> Iterator[object]:
        self._refuse("iterate over it")

    def __format__(self, spec: str) -> str:
        self._refuse("convert it to a string", "use concat() to join strings, or to_json() for any value")

    def __str__(self) -> str:
        self._refuse("convert it to a string", "use concat() to join strings, or to_json() for any value")

    def __hash__(self) -> int:
        self._refuse("hash it")

    def _refuse(self, action: str, hint: str = _CONDITION_HINT) -> NoReturn:
        raise NotACondition(f"{self!r} has no value before the workflow runs, so Python cannot {action}; {hint}")


class Source(Record):
    """The source that a reference starts from."""

    root: Root
    name: str = ""
    """The name of the variable, if the source is one."""
    owner: object = None
    """The state whose output it is, or the function whose result it is, if there is one."""


class Reference(Expression):
    """A reference to data of the workflow: a source, and a path from there."""

    __slots__ = ("_form", "_path", "_source")
    _source: Source
    _path: tuple[str | int, ...]
    _form: object

    def __init__(self, source: Source, form: object = object, path: tuple[str | int, ...] = ()) -> None:
        object.__setattr__(self, "_source", source)
        object.__setattr__(self, "_path", path)
        object.__setattr__(self, "_form", form)

    def __getattr__(self, name: str) -> Reference:
        if name.startswith("__") or name in Reference.__slots__:
            raise AttributeError(name)
        if name == "get" and all(is_mapping(member) for member in members_of(self._form)):
            return self._get  # type: ignore[return-value]  # the method of a dict, not a field
        wire, form = self._field_step(name)
        return Reference(self._source, form, (*self._path, wire))

    def _get(self, key: str, otherwise: object = None) -> Expression:
        """Return a field as `dict.get` does: a value that may be missing, or `otherwise` in its place."""
        value = self[key]
        if otherwise is None:
            return value
        return FunctionCall("choose", (Present(value), value, otherwise), form_of(value))

    def __setattr__(self, name: str, value: object) -> None:
        self._refuse_assignment(name)

    def __delattr__(self, name: str) -> None:
        self._refuse_assignment(name)

    def __setitem__(self, key: object, value: object) -> None:
        self._refuse_assignment(key)

    def __delitem__(self, key: object) -> None:
        self._refuse_assignment(key)

    def _refuse_assignment(self, name: object) -> NoReturn:
        raise NotACondition(
            f"{self!r}.{name}: a reference cannot be assigned to; use .assign() of a state to assign a variable"
        )

    def __getitem__(self, key: str | int) -> Reference:
        if not isinstance(key, str):
            if "array" not in kinds_of(self._form):
                raise NoSuchField(f"{self!r} is {name_of(self._form)}, not an array, so it has no items")
            if isinstance(cast("object", key), slice):
                raise NoSuchField(
                    f"{self!r}[{key!r}]: an array takes one integer as its index; use jsonata() for anything else"
                )
            return Reference(self._source, item_of(self._form, key), (*self._path, key))
        wire, form = self._field_step(key)
        return Reference(self._source, form, (*self._path, wire))

    def _field_step(self, name: str) -> tuple[str, object]:
        """Return the JSON name and the type of a field.

        The type is the union of the field's types in all members that have it.
        """
        known: list[Field] = []
        allowed: dict[str, None] = {}
        allows_any = False
        for member in members_of(self._form):
            fields = fields_of(member)
            if fields is None:
                allows_any = allows_any or "object" in kinds_of(member)
                continue
            allowed.update(dict.fromkeys(fields))
            if name in fields:
                known.append(fields[name])
        if known:
            return known[0].wire, cast("object", Union[tuple(field.form for field in known)])  # noqa: UP007  # built at run time
        if allows_any:
            return name, values_of(self._form)
        names = ", ".join(allowed) or "no fields"
        raise NoSuchField(f"{self!r} is {name_of(self._form)}, which has no field {name!r}; it has {names}")

    def __repr__(self) -> str:
        steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self._path)
        owner = f" of {self._source.owner!r}" if self._source.owner is not None else ""
        return f"<{self._source.name or self._source.root}{owner}{steps}>"


def source_and_path(reference: Reference) -> tuple[Source, tuple[str | int, ...]]:
    """Return the source and the path of a reference, whose own attributes are the fields of the data."""
    return object.__getattribute__(reference, "_source"), object.__getattribute__(reference, "_path")


def form_of(expression: object) -> object:
    """Return the type that the value of an expression will have."""
    if isinstance(expression, Reference):
        return object.__getattribute__(expression, "_form")
    if isinstance(expression, Condition):
        return bool
    if isinstance(expression, Binding):
        return expression.form
    return expression.form if isinstance(expression, FunctionCall | Raw | Bound) else type(expression)


def with_type(expression: object, form: object) -> object:
    """Return the same expression with another type."""
    if isinstance(expression, Reference):
        source, path = source_and_path(expression)
        return Reference(source, form, path)
    return copy_with(expression, form=form) if isinstance(expression, FunctionCall | Raw) else expression


class FunctionCall(Expression, Record):
    """A call of a function of this language; each backend translates its `name`."""

    name: str
    arguments: tuple[object, ...]
    form: object = object

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(repr(argument) for argument in self.arguments)})"


class Raw(Expression, Record):
    """JSONata text that is used unchanged."""

    text: str
    form: object = object

    def __repr__(self) -> str:
        return f"jsonata({self.text!r})"


class Bound(Expression, Record):
    """The value of a late-bound name."""

    binding: Binding

    @property
    def form(self) -> object:
        """The type of the value that is bound to the name."""
        return self.binding.form

    def __repr__(self) -> str:
        return f"bound({self.binding!r})"


class Condition:
    """A condition that is evaluated when the workflow runs, such as that of a Choice rule."""

    __slots__ = ()
    _kind: ClassVar[str] = "condition"

    def __and__(self, other: Condition | bool) -> Condition:
        other = condition_of(other)
        return All((*self.parts, other) if isinstance(self, All) else (self, other))

    def __or__(self, other: Condition | bool) -> Condition:
        other = condition_of(other)
        return Either((*self.parts, other) if isinstance(self, Either) else (self, other))

    __rand__, __ror__ = __and__, __or__

    def __invert__(self) -> Condition:
        return Not(self)

    def __eq__(self, other: object) -> bool:
        raise NotACondition(f"{self!r}: conditions can only be combined with & and |, not compared or calculated with")

    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __eq__

    def __bool__(self) -> bool:
        raise NotACondition(
            f"{self!r} has no value before the workflow runs; write & for and, | for or, not_() for not, "
            "each side in parentheses"
        )

    __hash__ = object.__hash__


Operator: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">="]


class Compare(Condition, Record):
    """A comparison of two values; false if one is missing or of the wrong type."""

    operator: Operator
    left: object
    right: object

    def __repr__(self) -> str:
        return f"{self.left!r} {self.operator} {self.right!r}"


class All(Condition, Record):
    """A condition that holds if all of its parts hold."""

    parts: tuple[Condition, ...]

    def __repr__(self) -> str:
        return " & ".join(f"({part!r})" for part in self.parts)


class Either(Condition, Record):
    """A condition that holds if at least one of its parts holds."""

    parts: tuple[Condition, ...]

    def __repr__(self) -> str:
        return " | ".join(f"({part!r})" for part in self.parts)


class Not(Condition, Record):
    """A condition that holds if its part does not."""

    part: Condition

    def __repr__(self) -> str:
        return f"not_({self.part!r})"


class Present(Condition, Record):
    """A condition that holds if the subject is present; null counts as present."""

    subject: Expression


class IsKind(Condition, Record):
    """A condition on the kind of a value: string, number, boolean, null, object, array or timestamp."""

    subject: Expression
    kind: str


class Matches(Condition, Record):
    """A condition that a string matches a pattern, in which * stands for any text and \\* for an asterisk."""

    subject: Expression
    pattern: str


class IsTrue(Condition, Record):
    """A condition that holds if the value of an expression is true."""

    subject: Expression


class CompareTimes(Condition, Record):
    """A comparison of two timestamps; false if one is missing or not a timestamp."""

    operator: Operator
    left: object
    right: object


def condition_of(value: object) -> Condition:
    """Return a value if it is a condition; raises NotACondition for any other, such as a bool computed by Python."""
    if isinstance(value, Condition):
        return value
    if isinstance(value, Expression):
        raise NotACondition(
            f"{value!r} is a value, not a condition: compare it, or use is_true(), is_present() or is_null()"
        )
    raise NotACondition(
        f"{value!r} is evaluated when Python reads the workflow, not when it runs: `not`, `and`, `or`, `in` and `is` "
        f"cannot be intercepted; write &, |, and {_CONDITION_HINT}"
    )


_FUNCTION_NAMES: Final[Mapping[str, str]] = {"+": "plus", "-": "minus", "*": "times"}


def _calculate(operator: str, left: object, right: object) -> FunctionCall:
    """Return a calculation with two numbers, or two strings joined; raises WorkflowError for any other types."""
    forms = form_of(left), form_of(right)
    kinds = set(map(kinds_of, forms))
    if kinds == {frozenset({"number"})}:
        return FunctionCall(_FUNCTION_NAMES[operator], (left, right), float if float in forms else forms[0])
    if kinds == {frozenset({"string"})} and operator == "+":
        return FunctionCall("concat", (left, right), str)
    requirement = "requires two numbers or two strings" if operator == "+" else "requires two numbers"
    hint = f"if the types are unknown, use {_FUNCTION_NAMES[operator]}(){' or concat()' if operator == '+' else ''}"
    types = " and ".join(f"{each!r} is {name_of(form)}" for each, form in zip((left, right), forms, strict=True))
    raise WorkflowError(f"{operator} {requirement}, but {types}; {hint}")


def _compare(operator: Operator, left: Expression, right: object) -> Condition:
    """Return a comparison; raises NotACondition if the kinds or fixed values of its sides have nothing in common."""
    left_type, right_type = form_of(left), form_of(right)
    if kinds_of(left_type).isdisjoint(kinds_of(right_type)):
        other = f"{right!r}, which is {name_of(right_type)}"
        hint = "; use is_present() or is_null() to test for a value" if right is None else ""
        raise NotACondition(f"{left!r} is {name_of(left_type)}, so comparing it with {other}, is never true{hint}")
    allowed = literals_of(left_type)
    constant = right if isinstance(right, Expression) else wire_value(right)
    if allowed and isinstance(constant, str) and constant not in allowed and operator in ("=", "!="):
        raise NotACondition(f"{left!r} is {name_of(left_type)}, so it can never be {right!r}")
    if is_timestamp_type(left_type) or is_timestamp_type(right_type):
        return CompareTimes(operator, left, constant)
    return Compare(operator, left, constant)


def key_of(name: object) -> str:
    """Return the name of an object's field; raises WorkflowError for anything but a string."""
    if not isinstance(name, str):
        raise WorkflowError(f"{name!r} is a {type(name).__name__}, but the names of an object's fields must be strings")
    return name


def literal_of(value: object) -> Json:
    """Return a Python constant as a JSON value; raises NotJson."""
    from ..asl.json_values import NotJson, json_of

    try:
        return json_of(value)
    except NotJson:
        kind = type(value).__name__
        hint = ""
        if fields_of(type(value)) is not None:
            hint = f": write made({kind})(…) with its fields"
        elif hasattr(value, "isoformat"):
            hint = ": convert it to a string with isoformat()"
        raise NotJson(f"{value!r} is a {kind}, which cannot be represented in JSON{hint}") from None
