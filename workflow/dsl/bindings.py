"""Late-bound names: functions, queues, tables and limits whose values are known only at deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Generic, TypeVar, cast

from ..asl.records import Record
from ..failures import Unbound, WorkflowError

if TYPE_CHECKING:
    from typing_extensions import TypeForm

In = TypeVar("In", contravariant=True)
Out = TypeVar("Out", covariant=True)


class Binding(Record):
    """A name for a value that is passed to `asl()`; without a value, the placeholder `${name}` is written."""

    name: str
    meaning: str = ""

    @property
    def form(self) -> object:
        """The type of the value that is bound to the name."""
        return str

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    @property
    def placeholder(self) -> str:
        """The text in a definition for a value that is not known yet."""
        return f"${{{self.name}}}"


class Limit(Binding):
    """A duration or a number that a deployment may set; the type of its default decides which."""

    default: timedelta | float = timedelta(0)

    @property
    def form(self) -> object:
        """The type of the value that is bound to the name."""
        return float if isinstance(self.default, float) else int

    @property
    def is_time(self) -> bool:
        """True if the limit is a duration."""
        return isinstance(self.default, timedelta)


class Function(Binding, Generic[In, Out]):
    """A Lambda function, bound to the ARN of a version, with the types of its input and output."""

    input_type: object = object
    output_type: object = object

    def __init__(self, name: str, input_type: TypeForm[In], output_type: TypeForm[Out]) -> None:
        super().__init__(name, "ARN of a version of a Lambda function")
        object.__setattr__(self, "input_type", input_type)
        object.__setattr__(self, "output_type", output_type)


class Queue(Binding):
    """An SQS queue, bound to its URL."""

    meaning: str = "URL of an SQS queue"


class Topic(Binding):
    """An SNS topic, bound to its ARN."""

    meaning: str = "ARN of an SNS topic"


class EventBus(Binding):
    """An EventBridge bus, bound to its name or ARN."""

    meaning: str = "name or ARN of an EventBridge bus"


class Table(Binding):
    """A DynamoDB table, bound to its name or ARN."""

    meaning: str = "name or ARN of a DynamoDB table"


class Bucket(Binding):
    """An S3 bucket, bound to its name."""

    meaning: str = "name of an S3 bucket"


class Machine(Binding, Generic[In, Out]):
    """A state machine, bound to its ARN, with the types of its input and output."""

    input_type: object = object
    output_type: object = object

    def __init__(self, name: str, input_type: TypeForm[In], output_type: TypeForm[Out]) -> None:
        super().__init__(name, "ARN of a state machine")
        object.__setattr__(self, "input_type", input_type)
        object.__setattr__(self, "output_type", output_type)


BoundValue = str | int | float | timedelta
_NAME_PUNCTUATION: Final = frozenset("_:.-")
"""Characters of a binding's name besides letters and digits; in templates the name is written as `${name}`."""


def whole_seconds(span: timedelta) -> int:
    """Return a duration in the whole seconds of Step Functions; raises WorkflowError for fractions of a second."""
    if span % timedelta(seconds=1):
        raise WorkflowError(f"a duration must be a whole number of seconds, got {span}")
    return int(span.total_seconds())


class Bindings:
    """The values that are bound to names, and the names that have been looked up."""

    def __init__(self, given: Mapping[Binding, BoundValue] | Mapping[str, BoundValue] | None, partition: str) -> None:
        self.partition = partition
        self.given: dict[str, BoundValue] = {}
        entries = cast("object", given or {})
        if not isinstance(entries, Mapping):
            raise Unbound(f"bindings must be a dict such as {{function: arn}}, got {given!r}")
        for key, value in cast("Mapping[Binding | str, BoundValue]", entries).items():
            self.given[str(key.name if isinstance(key, Binding) else key)] = value
        self._late = not any(isinstance(value, str) for value in self.given.values())
        self.requested: dict[str, Binding] = {}

    def text(self, binding: Binding | str) -> str:
        """Return the value of a name, or its placeholder if it has none; raises Unbound for any value but a string."""
        if isinstance(binding, str):
            return binding
        self._look_up(binding)
        value = self.given.get(binding.name)
        if value is not None and not isinstance(value, str):
            raise Unbound(
                f"{binding.name} must be a string ({binding.meaning or 'the value of the binding'}), got {value!r}"
            )
        return binding.placeholder if value is None else value

    def seconds(self, limit: Limit | timedelta) -> int:
        """Return a limit in whole seconds."""
        if isinstance(limit, timedelta):
            return whole_seconds(limit)
        value = self._value_of(limit)
        if isinstance(value, timedelta):
            return whole_seconds(value)
        try:
            return int(value)
        except ValueError:
            message = f"{limit.name} must be a timedelta or whole seconds, got {value!r}"
            raise WorkflowError(message) from None

    def number(self, limit: Limit) -> int | float:
        """Return a limit as a number; a duration as its seconds."""
        if limit.is_time:
            return self.seconds(limit)
        value = self._value_of(limit)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        try:
            return int(str(value))
        except ValueError:
            raise WorkflowError(f"{limit.name} must be a number, got {value!r}") from None

    def _value_of(self, limit: Limit) -> BoundValue:
        self._look_up(limit)
        return self.given.get(limit.name, limit.default)

    def _look_up(self, binding: Binding) -> None:
        name = binding.name
        if not name or not all(character.isalnum() or character in _NAME_PUNCTUATION for character in str(name)):
            raise WorkflowError(
                f"{binding!r}: the name must consist of letters, digits and _ : . -, because ${{name}} stands for it"
            )
        previous = self.requested.setdefault(name, binding)
        if type(previous) is not type(binding):
            raise WorkflowError(
                f"{previous!r} and {binding!r} have the same name and would get the same value: rename one of them"
            )

    def value(self, binding: Binding) -> str | int | float:
        """Return the value of a name: the number or seconds of a Limit, the string of any other."""
        return self.number(binding) if isinstance(binding, Limit) else self.text(binding)

    def check(self) -> None:
        """Raise Unbound for a value whose name the workflow lacks, or a name without a value if others have one."""
        unknown = sorted(set(self.given) - set(self.requested))
        if unknown:
            raise Unbound(
                f"unknown names {', '.join(unknown)}; the workflow binds {', '.join(self.requested) or 'no names'}"
            )
        missing = list(self._missing())
        if missing and not self._late:
            raise Unbound(
                f"missing values for {', '.join(missing)}: bind all names, or none for a definition with placeholders"
            )

    def _missing(self) -> Iterator[str]:
        return (
            name
            for name, binding in self.requested.items()
            if name not in self.given and not isinstance(binding, Limit)
        )
