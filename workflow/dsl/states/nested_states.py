"""States with nested workflows: Parallel runs several at once, Map runs one for every item.

A nested workflow is a `Workflow` class of its own that can be used any number of times. Its states' names get the outer
state's name as a prefix, because a name may occur only once in a state machine.

Longer than 250 lines because Parallel and Map share the code for nested workflows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Literal, TypedDict, TypeVar, Unpack, overload

from ...deprecation import renamed_keywords
from ...failures import WorkflowError
from ..bindings import Limit
from ..compatibility import mismatch, value_mismatch
from ..option_checks import check_choices, check_flags, check_numbers
from ..payload_schema import item_of, kinds_of, name_of
from ..retries import Retry
from ..value_expressions import Expression, form_of
from .distribution import Distribution, ItemBatcher, ItemReader, ResultWriter, WrittenResults
from .fragments import check_workflow
from .transitions import AnyState, Catching, Some, StateOptions, check_options

if TYPE_CHECKING:
    from builtins import type as Class  # noqa: N812  # in these classes `type` is the state's Type

    from ..workflow_type import AnyWorkflow

I = TypeVar("I", contravariant=True)  # noqa: E741
O = TypeVar("O", covariant=True)  # noqa: E741
T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
D = TypeVar("D")
E = TypeVar("E")
R = TypeVar("R")


class NestingOptions(StateOptions, total=False):
    """Options of a Parallel besides its workflows."""

    retry: Retry | tuple[Retry, ...]


class Parallel(Catching[I, O]):
    """A state that runs workflows in parallel on its input, or on `sends`, and outputs their results in order."""

    type = "Parallel"

    @overload
    def __init__(
        self: Parallel[T, tuple[A]],
        first: Class[AnyWorkflow[T, A]],
        /,
        *,
        sends: None = None,
        **options: Unpack[NestingOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: Parallel[T, tuple[A, B]],
        first: Class[AnyWorkflow[T, A]],
        second: Class[AnyWorkflow[T, B]],
        /,
        *,
        sends: None = None,
        **options: Unpack[NestingOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: Parallel[T, tuple[A, B, D]],
        first: Class[AnyWorkflow[T, A]],
        second: Class[AnyWorkflow[T, B]],
        third: Class[AnyWorkflow[T, D]],
        /,
        *,
        sends: None = None,
        **options: Unpack[NestingOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: Parallel[T, tuple[A, B, D, E]],
        first: Class[AnyWorkflow[T, A]],
        second: Class[AnyWorkflow[T, B]],
        third: Class[AnyWorkflow[T, D]],
        fourth: Class[AnyWorkflow[T, E]],
        /,
        *,
        sends: None = None,
        **options: Unpack[NestingOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: Parallel[T, list[R]],
        *branches: Class[AnyWorkflow[T, R]],
        sends: None = None,
        **options: Unpack[NestingOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: Parallel[object, tuple[A]],
        first: Class[AnyWorkflow[T, A]],
        /,
        *,
        sends: T | Mapping[str, object],
        **options: Unpack[NestingOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: Parallel[object, tuple[A, B]],
        first: Class[AnyWorkflow[T, A]],
        second: Class[AnyWorkflow[T, B]],
        /,
        *,
        sends: T | Mapping[str, object],
        **options: Unpack[NestingOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: Parallel[object, tuple[A, B, D]],
        first: Class[AnyWorkflow[T, A]],
        second: Class[AnyWorkflow[T, B]],
        third: Class[AnyWorkflow[T, D]],
        /,
        *,
        sends: T | Mapping[str, object],
        **options: Unpack[NestingOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: Parallel[object, tuple[A, B, D, E]],
        first: Class[AnyWorkflow[T, A]],
        second: Class[AnyWorkflow[T, B]],
        third: Class[AnyWorkflow[T, D]],
        fourth: Class[AnyWorkflow[T, E]],
        /,
        *,
        sends: T | Mapping[str, object],
        **options: Unpack[NestingOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: Parallel[object, list[R]],
        *branches: Class[AnyWorkflow[T, R]],
        sends: T | Mapping[str, object],
        **options: Unpack[NestingOptions],
    ) -> None: ...
    def __init__(
        self, *branches: Class[AnyWorkflow[Any, Any]], sends: object = None, **options: Unpack[NestingOptions]
    ) -> None:
        check_options(self, options, NestingOptions)
        super().__init__(**options)
        if not branches:
            raise WorkflowError("Parallel must be given at least one workflow")
        for branch in branches:
            check_workflow(self, branch)
        self.branches = branches
        self.sends = None if sends is None else Some(sends)
        if sends is None:
            self.input_types = tuple(branch.declared_input for branch in branches)
        for branch in branches:
            _check_sent(self, sends, branch)
        self.output_type = tuple[tuple(branch.declared_output for branch in branches)]  # type: ignore[misc]


class Map(Catching[object, O], Generic[O]):
    """A state that runs a workflow for every item of an array and outputs the results in the items' order.

    `sends`              the input of each run instead of the item, which is then in `context.Map.Item`
    `max_concurrency`    the maximum number of runs at the same time, fixed or from data; 0 and None set no limit
    """

    type = "Map"
    distribution: Distribution | None = None

    @renamed_keywords(at_once="max_concurrency")
    def __init__(
        self: Map[list[R]],
        items: Sequence[T],
        each: Class[AnyWorkflow[T, R]],
        *,
        sends: object = None,
        max_concurrency: int | Limit | None = None,
        retry: Retry | tuple[Retry, ...] = (),
        name: str | None = None,
        comment: str | None = None,
    ) -> None:
        super().__init__(retry=retry, name=name, comment=comment)
        self._run(items, each, sends, max_concurrency)

    def _run(
        self, items: object, each: Class[AnyWorkflow[Any, Any]], sends: object, max_concurrency: int | Limit | None
    ) -> None:
        allowed_kinds = {"array"} if self.distribution is None else {"array", "object"}
        if isinstance(items, str) or allowed_kinds.isdisjoint(kinds_of(form_of(items))):
            raise WorkflowError(f"Map({items!r}): must be given an array, got {name_of(form_of(items))}")
        check_numbers(self, 0, max_concurrency=max_concurrency)
        check_workflow(self, each)
        self.items, self.each = items, each
        self.max_concurrency = max_concurrency
        self.sends = None if sends is None else Some(sends)
        _check_sent(self, sends, each)
        if (
            sends is None
            and self.distribution is None
            and (reason := mismatch(item_of(form_of(items)), each.declared_input, every=False))
        ):
            raise WorkflowError(f"Map({items!r}): {each.__name__} takes {name_of(each.declared_input)}, but {reason}")
        self.output_type = list[each.declared_output]  # type: ignore[name-defined]


def _check_sent(state: AnyState, sends: object, workflow: Class[AnyWorkflow[Any, Any]]) -> None:
    """Raise WorkflowError if `sends` can never be the input of a nested workflow."""
    if isinstance(sends, Expression) and (reason := value_mismatch(sends, workflow.declared_input, every=False)):
        expected = name_of(workflow.declared_input)
        raise WorkflowError(
            f"{type(state).__name__}: sends {sends!r}, but {workflow.__name__} takes {expected}: {reason}"
        )


class DistributedOptions(TypedDict, total=False):
    """Options of a distributed Map."""

    sends: object
    max_concurrency: int | Limit | None
    execution_type: Literal["STANDARD", "EXPRESS"]
    batcher: ItemBatcher | None
    tolerated_failures: int | Limit | None
    """Number of runs that may fail, fixed or from data."""
    tolerated_percentage: float | Limit | None
    """Percentage of runs that may fail, fixed or from data."""
    label: str | None
    """The beginning of the names of the executions: 40 characters at most."""
    retry: Retry | tuple[Retry, ...]
    name: str | None
    comment: str | None


class DistributedMap(Map[O]):
    """A Map that runs each item as an execution of its own: up to 10,000 at once, with items from data or from S3.

    It outputs a list of the results. With `flatten`, the results are lists and are joined into one; with a `writer`,
    they are written to S3, and the output says where.
    """

    @overload
    def __init__(
        self: DistributedMap[list[R]],
        items: Sequence[T] | ItemReader,
        each: Class[AnyWorkflow[T, R]],
        *,
        writer: None = None,
        flatten: Literal[False] = False,
        **options: Unpack[DistributedOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: DistributedMap[list[R]],
        items: Sequence[T] | ItemReader,
        each: Class[AnyWorkflow[T, list[R]]],
        *,
        writer: None = None,
        flatten: Literal[True],
        **options: Unpack[DistributedOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: DistributedMap[WrittenResults],
        items: Sequence[T] | ItemReader,
        each: Class[AnyWorkflow[T, Any]],
        *,
        writer: ResultWriter,
        **options: Unpack[DistributedOptions],
    ) -> None: ...
    @renamed_keywords(at_once="max_concurrency")
    def __init__(
        self,
        items: Sequence[Any] | ItemReader,
        each: Class[AnyWorkflow[Any, Any]],
        *,
        writer: ResultWriter | None = None,
        flatten: bool = False,
        **options: Unpack[DistributedOptions],
    ) -> None:
        check_options(self, options, DistributedOptions)
        reader = items if isinstance(items, ItemReader) else None
        super(Map, self).__init__(
            retry=options.get("retry", ()), name=options.get("name"), comment=options.get("comment")
        )
        check_choices(self, "execution_type", options.get("execution_type"), ("STANDARD", "EXPRESS"))
        check_flags(self, flatten=flatten)
        if writer is not None and flatten:
            raise WorkflowError(
                'DistributedMap: flatten cannot be used with writer; give the writer transformation="FLATTEN"'
            )
        self.distribution = Distribution(
            execution_type=options.get("execution_type", "STANDARD"),
            reader=reader,
            batcher=options.get("batcher"),
            writer=writer,
            flatten=flatten,
            tolerated_failures=options.get("tolerated_failures"),
            tolerated_percentage=options.get("tolerated_percentage"),
            label=options.get("label"),
        )
        self.distribution.check()
        self._run(() if reader is not None else items, each, options.get("sends"), options.get("max_concurrency"))
        if writer is not None:
            self.output_type = WrittenResults
        elif flatten:
            self.output_type = each.declared_output
