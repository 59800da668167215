"""States and the transitions between them, as they are written in a workflow.

A `State[In, Out]` takes a payload of one type and outputs one of another. `a >> b` joins two states if b takes what a
outputs: a type checker reports a wrong join, and the build rejects a second `next` or `default` transition of a state.
Joining has no side effects: a transition is a value, and a workflow has the transitions that its `flow` contains.

Longer than 250 lines because states and transitions refer to each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, Generic, Literal, Never, Self, TypedDict, TypeVar, cast, overload

from ...asl.limits import MAX_STATE_NAME_LENGTH, MAX_VARIABLE_NAME_LENGTH
from ...asl.records import NOTHING, Record, copy_with
from ...deprecation import warn_of_old_name
from ...failures import NoSuchField, WorkflowError, WrongJoin
from ..compatibility import definite_mismatch
from ..option_checks import check_fixed_strings, check_form
from ..payload_schema import name_of
from ..retries import ALL, Retry, check_errors
from ..source_lines import SourceLine, find_source_line
from ..value_expressions import Condition, Reference, Source, form_of, source_and_path

if TYPE_CHECKING:
    from typing_extensions import TypeForm

In = TypeVar("In", contravariant=True)
Out = TypeVar("Out", covariant=True)
X = TypeVar("X")
T = TypeVar("T")
Result = TypeVar("Result", covariant=True)

ExitKind = Literal["next", "choice", "default", "catch"]


class ErrorOutput(Record):
    """The error that a catcher receives."""

    Error: str
    Cause: str


class Exit(Record):
    """An exit of a state, with the variables that it assigns and the output that it passes on."""

    state: AnyState
    kind: ExitKind
    condition: Condition | None = None
    case: tuple[object, ...] | None = None
    """The alternatives of a Choice's subject that it handles, if known."""
    errors: tuple[str, ...] = ()
    assignments: Mapping[str, object] = NOTHING
    output: Some | None = None
    comment: str | None = None


class Link(Record):
    """A transition: an exit and the state that it leads to."""

    exit: Exit
    target: AnyState
    source_line: SourceLine | None = None


class InputPassedOn:
    """Marker type of an ending that outputs its input: END, and a Succeed without output."""


class Joinable(Generic[Out]):
    """The left side of `>>`, which joins its exits to a state that takes their output."""

    def exits(self) -> tuple[Exit, ...]:
        """Return the exits that `>>` joins."""
        raise NotImplementedError

    @overload
    def __rshift__(  # type: ignore[overload-overlap]  # an Ending is a State, and the first overload that fits applies
        self, target: Ending[InputPassedOn]
    ) -> Chain[Never, Out]: ...
    @overload
    def __rshift__(  # type: ignore[overload-overlap]  # the same
        self, target: Ending[T]
    ) -> Chain[Never, T]: ...
    @overload
    def __rshift__(self, target: State[Out, X]) -> Chain[X, Never]: ...
    def __rshift__(self, target: object) -> Chain[object, object]:
        return Chain(_links(self.exits(), target), _state(target))


class Edge(Joinable[Out]):
    """One or more exits that can be joined to a state that takes their output."""

    def __init__(self, exits: tuple[Exit, ...]) -> None:
        self._exits = exits

    def exits(self) -> tuple[Exit, ...]:
        return self._exits

    def __repr__(self) -> str:
        return " | ".join(f"{exit_.state!r} by {exit_.kind}" for exit_ in self._exits)

    def assign(self, target: T, value: T) -> Self:
        """Assign a variable when this exit is taken."""
        name = assigned_variable(target, value)
        for exit_ in self._exits:
            _check_not_assigned(self, name, exit_.assignments)
        return self._map_exits(lambda exit_: copy_with(exit_, assignments={**exit_.assignments, name: value}))

    def remember(self, target: T, value: T) -> Self:
        """Deprecated name of `assign`, until 0.3."""
        warn_of_old_name("remember()", "assign()")
        return self.assign(target, value)

    def passing(self, output: T) -> Edge[T]:
        """Pass on this value instead of the exit's own."""
        return Edge(tuple(copy_with(exit_, output=Some(output)) for exit_ in self._exits))

    def noted(self, comment: str) -> Self:
        """Add a comment to this exit in the definition."""
        return self._map_exits(lambda exit_: copy_with(exit_, comment=comment))

    def _map_exits(self, change: Callable[[Exit], Exit]) -> Self:
        return type(self)(tuple(change(exit_) for exit_ in self._exits))


class Chain(Generic[Out, Result]):
    """The transitions joined so far and the last state; `Result` is the workflow's output if they end it."""

    def __init__(self, links: tuple[Link, ...], last: AnyState) -> None:
        self.links, self.last = links, last

    @overload
    def __rshift__(self, target: Ending[InputPassedOn]) -> Chain[Never, Result | Out]: ...
    @overload
    def __rshift__(self, target: Ending[T]) -> Chain[Never, Result | T]: ...
    @overload
    def __rshift__(self, target: State[Out, X]) -> Chain[X, Result]: ...
    def __rshift__(self, target: object) -> Chain[object, object]:
        return Chain((*self.links, *_links(self.last.exits(), target)), _state(target))


class Some(Record):
    """A value that was given, even if it is None."""

    value: object


def check_options(owner: object, given: Mapping[str, object], known: type) -> None:
    """Raise WorkflowError for an unknown option, because Python does not check a TypedDict of keywords at run time."""
    unknown = [name for name in given if name not in known.__annotations__]
    if unknown:
        allowed = ", ".join(known.__annotations__)
        raise WorkflowError(f"{type(owner).__name__}: unknown option {', '.join(unknown)}; the options are {allowed}")


class StateOptions(TypedDict, total=False):
    """Options of every state."""

    name: str | None
    """The name of the state, if it is not to be that of its attribute."""
    comment: str | None


class State(Joinable[Out], Generic[In, Out]):
    """A state: takes `In` as its input and outputs `Out`."""

    type: ClassVar[str]
    input_types: tuple[object, ...] = ()
    """The types that incoming values must fit, if known."""
    output_type: object = object
    """The type of the state's output."""

    def __init__(self, *, name: str | None = None, comment: str | None = None) -> None:
        check_fixed_strings(self, name=name, comment=comment)
        if name == "":
            raise WorkflowError(
                f"{type(self).__name__}: name must have 1 to {MAX_STATE_NAME_LENGTH} characters, got none"
            )
        self.name = name or ""
        self.workflow_name = ""
        self.comment = comment
        self.source_line = find_source_line()
        self.assignments: dict[str, object] = {}
        self.output: Some | None = None
        if not hasattr(self, "type"):
            raise WorkflowError(f"{type(self).__name__} is not a state by itself: use a Pass, a Choice, an Invoke …")

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            own = type(self).__name__
            called = self.__dict__.get("name") or own
            raise NoSuchField(
                f"{called} is a {own}, which has no {name}; use output_of() to refer to the output of a state"
            )

    def __or__(self, other: State[Never, T]) -> Group[Out | T]:
        return Group((self, other))

    def assign(self, target: T, value: T) -> Self:
        """Assign a variable when this state has succeeded."""
        name = assigned_variable(target, value)
        _check_not_assigned(self, name, self.assignments)
        self.assignments[name] = value
        return self

    def remember(self, target: T, value: T) -> Self:
        """Deprecated name of `assign`, until 0.3."""
        warn_of_old_name("remember()", "assign()")
        return self.assign(target, value)

    def exits(self) -> tuple[Exit, ...]:
        """Return the exits that `>>` joins."""
        return (Exit(self, "next"),)

    def __repr__(self) -> str:
        return self.name or f"{type(self).__name__} without a name"


AnyState = State[Never, object]


class Catching(State[In, Out]):
    """A state that can fail, be retried and be caught."""

    def __init__(
        self, *, retry: Retry | tuple[Retry, ...] = (), name: str | None = None, comment: str | None = None
    ) -> None:
        super().__init__(name=name, comment=comment)
        self.retry = _retriers(self, retry)

    def catch(self, *errors: str) -> Edge[ErrorOutput]:
        """Return the exit taken when the state fails for good with one of these errors."""
        return Edge((Exit(self, "catch", errors=_errors(errors)),))


class Group(Joinable[Out]):
    """States that share their exits: `(a | b).catch(ALL) >> c`."""

    def __init__(self, states: tuple[AnyState, ...]) -> None:
        self.states = states

    def exits(self) -> tuple[Exit, ...]:
        return tuple(exit_ for state in self.states for exit_ in state.exits())

    def __or__(self, other: State[Never, T]) -> Group[Out | T]:
        return Group((*self.states, other))

    def catch(self, *errors: str) -> Edge[ErrorOutput]:
        """Return the exit taken when any of these states fails for good with one of these errors."""
        for state in self.states:
            if not isinstance(state, Catching):
                raise WrongJoin(f"{state!r} cannot fail, so there is nothing to catch")
        return Edge(tuple(Exit(state, "catch", errors=_errors(errors)) for state in self.states))


class Ending(State[Never, Never], Generic[Result]):
    """The successful end of a path: the workflow outputs `Result`, or the state's input.

    It takes any input. To type checkers it takes none, so that they never mistake it for a state that leads on.
    """


class End(Ending[InputPassedOn]):
    """The successful end of a path; not a state."""

    type = "End"

    def exits(self) -> tuple[Exit, ...]:
        raise WrongJoin("END ends a path: nothing can follow it")


END: Final = End(name="END")
"""The end in `task >> END`: the workflow, or its branch, succeeds with the task's output."""


def _retriers(owner: object, retry: object) -> tuple[Retry, ...]:
    """Return one or several retriers as a tuple; raises WorkflowError for anything else."""
    given = cast("tuple[object, ...]", retry if isinstance(retry, tuple) else (retry,))
    for each in given:
        if not isinstance(each, Retry):
            raise WorkflowError(f"{type(owner).__name__}: retry must be a Retry or a tuple of them, got {retry!r}")
        each.check()
    retriers = cast("tuple[Retry, ...]", given)
    check_order(owner, "retrier", [each.on for each in retriers])
    return retriers


def check_order(owner: object, kind: str, errors: Sequence[tuple[str, ...]]) -> None:
    """Raise WorkflowError for a retrier or catcher that never sees an error, because earlier ones take them all."""
    matched: set[str] = set()
    for names in errors:
        if ALL in matched or matched.issuperset(names):
            raise WorkflowError(
                f"{owner!r}: the {kind} for {', '.join(names)} never matches: earlier ones match all of its errors"
            )
        matched.update(names)


def _errors(names: tuple[object, ...]) -> tuple[str, ...]:
    if not all(isinstance(name, str) for name in names):
        arguments = ", ".join(map(repr, names))
        raise WorkflowError(f"catch({arguments}): give the error names as separate arguments, catch('A', 'B')")
    given = cast("tuple[str, ...]", names) or (ALL,)
    check_errors("catch", given)
    return given


def assigned_variable(target: object, value: object) -> str:
    """Return the name of the variable to assign; raises WorkflowError for a value that it can never hold."""
    name = variable_name(target)
    if reason := definite_mismatch(value, form_of(target)):
        raise WorkflowError(f"assign({target!r}, …): {name} must be {name_of(form_of(target))}, but {reason}")
    return name


def variable_name(target: object) -> str:
    """Return the name of the variable behind a reference; raises WorkflowError unless it is a whole variable."""
    if isinstance(target, Reference):
        source, path = source_and_path(target)
        if source.root == "variable" and not path:
            if not source.name:
                raise WorkflowError("a variable must be an attribute of the workflow class, which gives it its name")
            if not _is_valid_variable_name(source.name):
                raise WorkflowError(
                    f"{source.name!r} is not a valid variable name: it must be a letter followed by letters, digits "
                    f"and _, at most {MAX_VARIABLE_NAME_LENGTH} characters, and not states, which is reserved by AWS"
                )
            return source.name
    raise WorkflowError(f"assign({target!r}, …): only a whole variable can be assigned")


def each_of(*states: State[Never, T]) -> Group[T]:
    """Return a group of any number of states that share their exits: `each_of(*steps).catch(ALL) >> failed`."""
    if not states:
        raise WrongJoin("each_of() must be given at least one state")
    return Group(tuple(_state(state) for state in states))


def states_in(value: object, name: str) -> Iterator[tuple[str, AnyState]]:
    """Yield the states of an attribute with their names; those in a list or dict are named `<name>.<index or key>`."""
    if isinstance(value, State) and not isinstance(value, End):
        yield name, cast("AnyState", value)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(cast("Sequence[object]", value)):
            yield from states_in(item, f"{name}.{index}")
    elif isinstance(value, dict):
        for key, item in cast("dict[object, object]", value).items():
            yield from states_in(item, f"{name}.{key}")


def _is_valid_variable_name(name: str) -> bool:
    """Return whether a variable may have this name.

    Source: Step Functions developer guide, "Passing data between states with variables".
    """
    fits = len(name) <= MAX_VARIABLE_NAME_LENGTH and name != "states"
    return fits and name.isascii() and name.isidentifier() and name[0] != "_"


def _check_not_assigned(owner: object, name: str, assigned: Mapping[str, object]) -> None:
    if name in assigned:
        raise WorkflowError(f"{owner!r} already assigns {name}; a state can assign a variable only once")


def set_name(target: object, name: str) -> None:
    """Name a variable, or states that have no name yet, after the attribute that holds them."""
    for default_name, state in states_in(target, name):
        state.name = state.name or default_name
    if isinstance(target, Reference):
        source, path = source_and_path(target)
        if source.root == "variable" and not path and not source.name:
            object.__setattr__(source, "name", name)


def variable(form: TypeForm[T], *, name: str = "") -> T:
    """Return a variable that states assign and later states use; it is named after the attribute that holds it."""
    check_form("variable", form)
    check_fixed_strings("variable", name=name)
    return cast("T", Reference(Source("variable", name), form))


def _links(exits: tuple[Exit, ...], target: object) -> tuple[Link, ...]:
    source_line = find_source_line()
    return tuple(Link(exit_, _state(target), source_line) for exit_ in exits)


def _state(target: object) -> AnyState:
    if isinstance(target, State):
        return cast("AnyState", target)
    hint = ""
    if isinstance(target, Edge):
        hint = "; write the transitions of a Choice separately"
    elif isinstance(target, tuple):
        hint = "; write transitions to several states one by one, or use a Parallel"
    raise WrongJoin(f">> {target!r}: a transition must lead to a state{hint}")
