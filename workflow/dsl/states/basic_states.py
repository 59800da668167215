"""The states that call no service: Choice, Pass, Wait, Succeed and Fail."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Generic, Never, TypeVar, Unpack, cast, overload

from ...failures import WorkflowError, WrongJoin
from ..bindings import Limit
from ..option_checks import check_durations, check_form, check_strings, check_timestamps
from ..payload_schema import discriminator_of, fields_of, literals_of, members_of, name_of, timestamp_text, wire_value
from ..value_expressions import Condition, Expression, Reference, condition_of, form_of
from .transitions import Edge, Ending, Exit, InputPassedOn, Some, State, StateOptions

if TYPE_CHECKING:
    from typing_extensions import TypeForm

T = TypeVar("T")
C = TypeVar("C")
F = TypeVar("F", contravariant=True)
R = TypeVar("R", covariant=True)


class Pass(State[object, T]):
    """A state that outputs a value and does nothing else."""

    type = "Pass"

    def __init__(self, output: T, *, name: str | None = None, comment: str | None = None) -> None:
        super().__init__(name=name, comment=comment)
        self.output = Some(output)
        self.output_type = form_of(output)


class Wait(State[T, T]):
    """A state that waits for a duration, or until an instant, fixed or from data, and passes its input on.

    `how_long`    a timedelta, a Limit that the deployment sets, or seconds from data
    `until`       an instant with a time zone, or an RFC 3339 string from data
    `passes`      the type of its input and output, so that type checkers can check the next state
    """

    type = "Wait"

    @overload
    def __init__(self: Wait[object], how_long: timedelta | Limit | int, **options: Unpack[StateOptions]) -> None: ...
    @overload
    def __init__(self: Wait[object], *, until: datetime | str, **options: Unpack[StateOptions]) -> None: ...
    @overload
    def __init__(
        self, how_long: timedelta | Limit | int, *, passes: TypeForm[T], **options: Unpack[StateOptions]
    ) -> None: ...
    @overload
    def __init__(self, *, until: datetime | str, passes: TypeForm[T], **options: Unpack[StateOptions]) -> None: ...
    def __init__(
        self,
        how_long: timedelta | Limit | int | None = None,
        *,
        until: datetime | str | None = None,
        passes: object = object,
        name: str | None = None,
        comment: str | None = None,
    ) -> None:
        super().__init__(name=name, comment=comment)
        if (how_long is None) == (until is None):
            raise WorkflowError("Wait: give either how_long or until")
        check_durations(self, 0, how_long=how_long)
        check_timestamps(self, until=until)
        self.how_long = how_long
        self.until = timestamp_text(until) if isinstance(until, datetime) else until
        check_form(self, passes)
        self.input_types, self.output_type = (passes,), passes


class Choice(State[T, T], Generic[T, F]):
    """A state that chooses the next state by its subject, or by `by`, and passes its input on.

    `subject`    the value that reaches the state: the workflow's input, the previous state's output, or a variable
    `by`         a field of the subject, or another value, to decide by: `Choice(job, by=job.status)`
    """

    type = "Choice"

    @overload
    def __init__(self: Choice[C, C], subject: C, **options: Unpack[StateOptions]) -> None: ...
    @overload
    def __init__(self, subject: T, *, by: F, **options: Unpack[StateOptions]) -> None: ...
    def __init__(
        self, subject: object, *, by: object = None, name: str | None = None, comment: str | None = None
    ) -> None:
        super().__init__(name=name, comment=comment)
        self.is_narrowing = by is None
        for value in (subject,) if by is None else (subject, by):
            if not isinstance(value, Expression):
                raise WorkflowError(f"Choice({value!r}): must decide by input_of(…), output_of(…) or another reference")
        self.subject = subject if by is None else by
        self.input_types, self.output_type = (form_of(subject),), form_of(subject)

    def case(self: Choice[T, T], model: TypeForm[C]) -> Edge[C]:
        """Return the exit for a member of the subject's union, recognised by its distinguishing Literal field."""
        if not self.is_narrowing:
            raise WorkflowError(
                f"{self!r}.case({name_of(model)}): this Choice decides by a part of its subject; use equals()"
            )
        return Edge((Exit(self, "choice", condition=self._case_condition(model), case=members_of(model)),))

    def equals(self, *values: F) -> Edge[T]:
        """Return the exit taken when the subject, or `by`, equals one of these values."""
        form = form_of(self.subject)
        alternatives = self.alternatives()
        unknown = [value for value in values if literals_of(form) and wire_value(value) not in alternatives]
        if unknown or not values:
            raise WorkflowError(
                f"{self!r}.equals({', '.join(map(repr, unknown))}): must be given values of the subject, "
                f"which is {name_of(form)}"
            )
        wire_values = tuple(map(wire_value, values))
        return Edge(
            (Exit(self, "choice", condition=any_of(*(self.subject == value for value in values)), case=wire_values),)
        )

    def when(self, condition: bool | Condition) -> Edge[T]:
        """Return the exit taken when this condition holds and no earlier one does."""
        return Edge((Exit(self, "choice", condition=condition_of(condition)),))

    @property
    def otherwise(self) -> Edge[T]:
        """The exit taken when no condition holds."""
        return Edge((Exit(self, "default"),))

    def alternatives(self) -> tuple[object, ...]:
        """Return the alternatives to decide between: the members of a union, or the values of a Literal."""
        form = form_of(self.subject)
        return (True, False) if form is bool else literals_of(form) or members_of(form)

    def exits(self) -> tuple[Exit, ...]:
        raise WrongJoin(f"{self!r} is a Choice: start its transitions with case(), equals(), when() or otherwise")

    def _case_condition(self, model: object) -> Condition:
        union = members_of(form_of(self.subject))
        members = members_of(model)
        unknown = [member for member in members if member not in union]
        if unknown:
            raise WorkflowError(
                f"{self!r}.case({name_of(model)}): must be given a type of the subject, "
                f"which is {name_of(form_of(self.subject))}"
            )
        field_name = discriminator_of(union)
        if field_name is None:
            raise WorkflowError(
                f"{self!r}.case({name_of(model)}): no Literal field distinguishes {name_of(form_of(self.subject))}"
            )
        field = cast("Reference", self.subject)[field_name]
        values = [value for member in members for value in _literals(member, field_name)]
        return any_of(*(field == value for value in values))


class Succeed(Ending[R]):
    """A state that ends the workflow or branch successfully and outputs `output`, or its input."""

    type = "Succeed"

    @overload
    def __init__(self: Succeed[InputPassedOn], output: None = None, **options: Unpack[StateOptions]) -> None: ...
    @overload
    def __init__(self, output: R, **options: Unpack[StateOptions]) -> None: ...
    def __init__(self, output: object = None, *, name: str | None = None, comment: str | None = None) -> None:
        super().__init__(name=name, comment=comment)
        self.output = None if output is None else Some(output)

    def exits(self) -> tuple[Exit, ...]:
        raise WrongJoin(f"{self!r} ends the workflow: nothing can follow it")


class Fail(State[object, Never]):
    """A state that ends the workflow with an error, fixed or from data."""

    type = "Fail"

    def __init__(
        self, error: str | None = None, cause: str | None = None, *, name: str | None = None, comment: str | None = None
    ) -> None:
        super().__init__(name=name, comment=comment)
        check_strings(self, error=error, cause=cause)
        self.error, self.cause = error, cause

    def exits(self) -> tuple[Exit, ...]:
        raise WrongJoin(f"{self!r} ends the workflow: nothing can follow it")


def any_of(*conditions: object) -> Condition:
    """Return a condition that holds if any of these does."""
    combined = condition_of(conditions[0])
    for condition in conditions[1:]:
        combined = combined | condition_of(condition)
    return combined


def _literals(member: object, field_name: str) -> tuple[object, ...]:
    fields = fields_of(member) or {}
    return literals_of(fields[field_name].form) or () if field_name in fields else ()
