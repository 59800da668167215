"""States with workflows inside: Parallel runs several at once, Map runs one for every item.

What runs inside is a class of its own, a `Workflow`, used as often as one likes; its states' names get the outer
state's name as prefix, for a name may stand only once in a state machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

from ..deep_json import Json
from ..failures import WorkflowError
from ..records import Record
from .expressions import Expression, form_of
from .retries import Retry
from .shapes import kinds_of, name_of
from .states import Catching, Given

if TYPE_CHECKING:
    from builtins import type as Class  # noqa: N812  # in these classes `type` is the state's Type

    from .workflow_class import Workflow

I = TypeVar("I", contravariant=True)  # noqa: E741
O = TypeVar("O", covariant=True)  # noqa: E741
T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
D = TypeVar("D")
E = TypeVar("E")
R = TypeVar("R")


class Parallel(Catching[I, O]):
    """Runs workflows side by side on its input and gives their results in order."""

    type = "Parallel"

    @overload
    def __init__(
        self: Parallel[T, tuple[A]],
        first: Class[Workflow[T, A]],
        /,
        *,
        retry: Retry | tuple[Retry, ...] = (),
        sends: object = None,
        name: str | None = None,
        comment: str | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: Parallel[T, tuple[A, B]],
        first: Class[Workflow[T, A]],
        second: Class[Workflow[T, B]],
        /,
        *,
        retry: Retry | tuple[Retry, ...] = (),
        sends: object = None,
        name: str | None = None,
        comment: str | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: Parallel[T, tuple[A, B, D]],
        first: Class[Workflow[T, A]],
        second: Class[Workflow[T, B]],
        third: Class[Workflow[T, D]],
        /,
        *,
        retry: Retry | tuple[Retry, ...] = (),
        sends: object = None,
        name: str | None = None,
        comment: str | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: Parallel[T, tuple[A, B, D, E]],
        first: Class[Workflow[T, A]],
        second: Class[Workflow[T, B]],
        third: Class[Workflow[T, D]],
        fourth: Class[Workflow[T, E]],
        /,
        *,
        retry: Retry | tuple[Retry, ...] = (),
        sends: object = None,
        name: str | None = None,
        comment: str | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: Parallel[T, list[R]],
        *branches: Class[Workflow[T, R]],
        retry: Retry | tuple[Retry, ...] = (),
        sends: object = None,
        name: str | None = None,
        comment: str | None = None,
    ) -> None: ...
    def __init__(
        self,
        *branches: Class[Workflow[Any, Any]],
        retry: Retry | tuple[Retry, ...] = (),
        sends: object = None,
        name: str | None = None,
        comment: str | None = None,
    ) -> None:
        super().__init__(retry=retry, name=name, comment=comment)
        if not branches:
            raise WorkflowError("Parallel(): give it workflows to run")
        self.branches = branches
        self.sends = None if sends is None else Given(sends)
        self.gives = tuple[tuple(branch.gives for branch in branches)]  # type: ignore[misc]


class ItemReader(Record, kw_only=True):
    """Where a distributed Map reads its items: an object or a listing of S3."""

    resource: Literal["s3:getObject", "s3:listObjectsV2"] = "s3:getObject"
    bucket: str
    key: str | None = None
    prefix: str | None = None
    input_type: Literal["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"] | None = None
    csv_headers: Sequence[str] = ()
    max_items: int | None = None

    def arguments(self) -> dict[str, object]:
        """What is read."""
        named = {"Bucket": self.bucket, "Key": self.key, "Prefix": self.prefix}
        return {name: value for name, value in named.items() if value is not None}

    def config(self) -> dict[str, Json]:
        """How it is read."""
        config: dict[str, Json] = {"InputType": self.input_type} if self.input_type else {}
        if self.input_type == "CSV":
            config["CSVHeaderLocation"] = "GIVEN" if self.csv_headers else "FIRST_ROW"
        if self.csv_headers:
            config["CSVHeaders"] = list(self.csv_headers)
        if self.max_items is not None:
            config["MaxItems"] = self.max_items
        return config


class ItemBatcher(Record, kw_only=True):
    """How a distributed Map puts items together, each run taking `{"Items": […]}`."""

    max_items: int | None = None
    max_bytes: int | None = None
    batch_input: Mapping[str, object] | None = None


class ResultWriter(Record, kw_only=True):
    """Where a distributed Map writes its results: below a prefix in a bucket of S3."""

    bucket: str
    prefix: str | None = None


class Map(Catching[object, list[R]], Generic[R]):
    """Runs a workflow for every item of an array and gives the results in the items' order."""

    type = "Map"

    def __init__(
        self,
        items: Sequence[T],
        each: Class[Workflow[T, R]],
        *,
        sends: object = None,
        at_once: int | None = None,
        retry: Retry | tuple[Retry, ...] = (),
        name: str | None = None,
        comment: str | None = None,
    ) -> None:
        super().__init__(retry=retry, name=name, comment=comment)
        if isinstance(items, Expression) and "array" not in kinds_of(form_of(items)):
            raise WorkflowError(f"Map({items!r}): runs over an array, not over {name_of(form_of(items))}")
        self.items: object = items
        self.each = each
        self.at_once = at_once
        self.sends = None if sends is None else Given(sends)
        self.gives = list[each.gives]  # type: ignore[name-defined]
        self.distribution: Distribution | None = None


class Distribution(Record, kw_only=True):
    """How a distributed Map runs: as executions of their own, with items from S3 and failures tolerated."""

    execution_type: Literal["STANDARD", "EXPRESS"] = "STANDARD"
    reader: ItemReader | None = None
    batcher: ItemBatcher | None = None
    writer: ResultWriter | None = None
    tolerated_failures: int | None = None
    tolerated_percentage: float | None = None
    label: str | None = None


class DistributedMap(Map[R]):
    """A Map whose runs are executions of their own: up to 10 000 at once, items from S3."""

    def __init__(
        self,
        items: Sequence[T] | ItemReader,
        each: Class[Workflow[T, R]],
        *,
        sends: object = None,
        at_once: int | None = None,
        execution_type: Literal["STANDARD", "EXPRESS"] = "STANDARD",
        batcher: ItemBatcher | None = None,
        writer: ResultWriter | None = None,
        tolerated_failures: int | None = None,
        tolerated_percentage: float | None = None,
        label: str | None = None,
        retry: Retry | tuple[Retry, ...] = (),
        name: str | None = None,
        comment: str | None = None,
    ) -> None:
        reader = items if isinstance(items, ItemReader) else None
        listed: Sequence[T] = () if isinstance(items, ItemReader) else items
        super().__init__(listed, each, sends=sends, at_once=at_once, retry=retry, name=name, comment=comment)
        self.distribution = Distribution(
            execution_type=execution_type,
            reader=reader,
            batcher=batcher,
            writer=writer,
            tolerated_failures=tolerated_failures,
            tolerated_percentage=tolerated_percentage,
            label=label,
        )


class Inline(Catching[I, O]):
    """A workflow set into another as it is: its states stand among the others, named `<this name>.<its name>`.

    Its input is what leads here; what ends it well leads on, each END and Succeed alike.
    """

    type = "Inline"

    def __init__(self, workflow: Class[Workflow[I, O]], *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.workflow = workflow
        self.gives = workflow.gives
