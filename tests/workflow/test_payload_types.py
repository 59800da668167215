"""Payload types: enumerations, times, generic and recursive types, and types imported only for type checkers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum, IntEnum, StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Generic, Literal, NotRequired, Required, TypedDict, TypeVar
from uuid import UUID

import pytest
from pydantic import BaseModel
from typing_extensions import TypeAliasType

from workflow import (
    ALL,
    END,
    Choice,
    Fail,
    Function,
    Invoke,
    Limit,
    Map,
    Parallel,
    Pass,
    Succeed,
    Workflow,
    WorkflowError,
    context,
    each_of,
    input_of,
    made,
    output_of,
    run,
)
from workflow.failures import NoSuchField, NotExhaustive
from workflow.fn import after, bound, concat, or_else, seen_as, some
from workflow.service_steps import Bucket, PutItem, Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

T = TypeVar("T")


class Level(StrEnum):
    GOLD = "gold"
    BASIC = "basic"


class Size(Enum):
    SMALL = "s"
    LARGE = "l"


class Rank(IntEnum):
    LOW = 1
    HIGH = 2


@dataclass
class Parcel:
    level: Level
    size: Size
    rank: Rank
    kind: Literal[Size.SMALL, Size.LARGE]
    leaves_at: datetime
    day: date
    id: UUID
    note: str | None
    inside: list[Parcel]
    prices: Sequence[Decimal]


@dataclass
class Chapter(Generic[T]):
    items: list[T]
    more: Chapter[T] | None


class Note(TypedDict):
    text: Required[str]
    by: NotRequired[str]


class Letter(BaseModel):
    to: Level = Level.BASIC
    sent_at: datetime
    number: UUID


Tree = TypeAliasType("Tree", "dict[str, Tree] | str")
Pair = TypeAliasType("Pair", tuple[T, T], type_params=(T,))

PARCEL: dict[str, Any] = {
    "level": "gold",
    "size": "l",
    "rank": 2,
    "kind": "s",
    "leaves_at": "2026-12-01T01:00:00+01:00",
    "day": "2026-12-01",
    "id": "00000000-0000-0000-0000-000000000001",
    "note": None,
}
MIDNIGHT = datetime(2026, 12, 1, tzinfo=UTC)
parcel = input_of(Parcel)


def takes_branch(condition: Any, language: Any = "JSONata", given: Any = PARCEL) -> bool:
    """Return whether a Choice takes the branch of this condition."""

    class Decides(Workflow[Any, Any]):
        choice = Choice(parcel)
        yes, no = Succeed(), Fail("No")
        start = choice
        flow = (choice.when(condition) >> yes, choice.otherwise >> no)

    return run(Decides.asl(language=language), given).succeeded


def output_for(value: Any, given: Any = PARCEL) -> Any:
    """Return the output of a Pass for this value."""

    class Gives(Workflow[Any, Any]):
        value_of = Pass(value)
        start = value_of
        flow = (value_of >> END,)

    return run(Gives, given).output


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (parcel.level == Level.GOLD, True),
        (parcel.level != Level.GOLD, False),
        (parcel.size == Size.LARGE, True),
        (parcel.kind == Size.LARGE, False),
        (parcel.rank >= Rank.HIGH, True),
        (parcel.leaves_at == MIDNIGHT, True),
        (parcel.leaves_at <= MIDNIGHT, True),
        (parcel.leaves_at < MIDNIGHT, False),
        (parcel.leaves_at != MIDNIGHT + timedelta(seconds=1), True),
        (after(parcel.leaves_at, context.Execution.StartTime), True),
        (parcel.day > date(2026, 11, 30), True),
        (parcel.id == UUID(int=1), True),
    ],
)
def test_python_constants_compare_as_their_json_values(language: Any, condition: Any, holds: bool) -> None:
    assert takes_branch(condition, language, {**PARCEL, "leaves_at": "2026-12-01T01:00:00+01:00"}) is holds


def test_an_invalid_timestamp_fails_every_comparison() -> None:
    for condition in (parcel.leaves_at < MIDNIGHT, parcel.leaves_at >= MIDNIGHT, parcel.leaves_at != MIDNIGHT):
        assert not takes_branch(condition, given={"leaves_at": "soon"})


def test_a_choice_by_an_enumeration_must_be_exhaustive() -> None:
    look, gold, basic = Pass(parcel), Succeed(), Succeed()
    level = Choice(output_of(look), by=output_of(look).level)
    with pytest.raises(NotExhaustive, match="decides has no transition for 'basic': add it, or `otherwise`"):

        class Half(Workflow[Parcel, object]):
            looks, decides, golden = look, level, gold
            start = look
            flow = (look >> level, level.equals(Level.GOLD) >> gold)

    class Whole(Workflow[Parcel, object]):
        looks, decides, golden, plain = look, level, gold, basic
        start = look
        flow = (look >> level, level.equals(Level.GOLD) >> gold, level.equals(Level.BASIC) >> basic)

    assert run(Whole, PARCEL).path == ("looks", "decides", "golden")


def test_payloads_accept_values_of_their_types() -> None:
    letter = made(Letter)(sent_at=MIDNIGHT, number=UUID(int=7))
    assert output_for(letter) == {"to": "basic", "sent_at": "2026-12-01T00:00:00Z", "number": str(UUID(int=7))}
    assert output_for(made(Note)(text="a")) == {"text": "a"}
    assert output_for(made(Parcel.__mro__[0])("gold", *list(PARCEL.values())[1:], [], [])) == {
        **PARCEL,
        "inside": [],
        "prices": [],
    }


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (lambda: made(Letter)(sent_at=3, number=UUID(int=1)), "sent_at must be datetime, but 3 is int"),
        (
            lambda: made(Letter)(to="silver", sent_at=MIDNIGHT, number=UUID(int=1)),
            "to must be Level, but 'silver' is not one of its values",
        ),
        (lambda: made(Note)(text=parcel.rank), "text must be str, but <input.rank> is Rank"),
        (lambda: made(Note)("a", text="b"), "text is given twice"),
        (lambda: made(Note)("a", "b", "c"), "got 3 values; its fields are text, by"),
    ],
)
def test_values_of_the_wrong_type_are_rejected(payload: Any, message: str) -> None:
    with pytest.raises(WorkflowError, match=rf"made\(\w+\): {message}"):
        payload()


def test_fields_of_generic_and_recursive_types_are_known() -> None:
    page = input_of(Chapter[Note])
    concat(page.items[0]["text"], some(page.more).items[1]["text"])
    with pytest.raises(NoSuchField, match="is Note, which has no field 'txt'; it has text, by"):
        page.items[0]["txt"]  # type: ignore[typeddict-item]
    with pytest.raises(NoSuchField, match="is Parcel, which has no field 'nam'"):
        parcel.inside[0].inside[1].nam  # type: ignore[attr-defined]  # noqa: B018
    assert input_of(Tree)["a"]["b"] is not None  # type: ignore[index]
    with pytest.raises(WorkflowError, match="requires two numbers or two strings"):
        input_of(Pair[int])[1] + "a"  # type: ignore[operator]


def test_types_imported_only_for_type_checkers_count_as_any() -> None:
    """Here they are `Sequence` and `Decimal`, imported under TYPE_CHECKING."""
    assert output_for({"first": parcel.prices[0]}, {**PARCEL, "prices": [1.5]}) == {"first": 1.5}


def test_get_returns_a_default_for_missing_fields() -> None:
    note = input_of(Note)
    assert output_for(note.get("by", "nobody"), {"text": "a"}) == "nobody"
    assert output_for(note.get("by", "nobody"), {"text": "a", "by": "me"}) == "me"
    with pytest.raises(NoSuchField, match="has no field 'get'"):
        parcel.get("level")  # type: ignore[attr-defined]


def test_or_else_replaces_null_and_missing_values() -> None:
    assert output_for(or_else(parcel.note, "none")) == "none"
    assert output_for(or_else(parcel.note, "none"), {}) == "none"
    assert output_for(or_else(parcel.note, "none"), {"note": "fragile"}) == "fragile"
    assert output_for(concat(some(parcel.note), "!"), {"note": "fragile"}) == "fragile!"


def test_seen_as_accepts_only_possible_types() -> None:
    assert output_for(concat("day ", seen_as(parcel.day, str))) == "day 2026-12-01"
    with pytest.raises(WorkflowError, match=r"seen_as\(<input.rank>, str\): the value is Rank, which can never"):
        seen_as(parcel.rank, str)


def test_bindings_can_be_used_anywhere_in_payloads_and_strings() -> None:
    bucket, limit = Bucket("bucket"), Limit("limit", default=timedelta(seconds=5))

    class Named(Workflow[object, object]):
        names = Pass({"bucket": bucket, "seconds": limit, "uri": concat("s3://", bound(bucket), "/a")})
        start = names
        flow = (names >> END,)

    assert run(Named.asl({bucket: "inbox"})).output == {"bucket": "inbox", "seconds": 5, "uri": "s3://inbox/a"}
    assert Named.required() == (bucket, limit)


def test_dynamodb_items_accept_python_constants() -> None:
    item = {"pk": UUID(int=1), "level": Level.GOLD, "at": MIDNIGHT, "level_of": parcel.level}
    put = PutItem(Table("table"), item)

    class Puts(Workflow[Parcel, object]):
        puts = put
        start = put
        flow = (put >> END,)

    assert Puts.asl()["States"]["puts"]["Arguments"]["Item"] == {
        "pk": {"S": str(UUID(int=1))},
        "level": {"S": "gold"},
        "at": {"S": "2026-12-01T00:00:00Z"},
        "level_of": {"S": "{% $states.context.Execution.Input.level %}"},
    }


def test_states_can_be_in_tuples_and_dicts() -> None:
    """States in containers are named by their position, and `each_of` gives them a common transition."""
    work_fn = Function("work_fn", object, object)

    class Steps(Workflow[object, object]):
        steps = tuple(Invoke(work_fn) for _ in range(3))
        ends = {"well": Succeed(), "badly": Fail("Bad")}  # noqa: RUF012  # nothing changes the attributes of a workflow
        start = steps[0]
        flow = (
            *(a >> b for a, b in pairwise(steps)),
            steps[-1] >> ends["well"],
            each_of(*steps).catch(ALL) >> ends["badly"],
        )

    assert list(Steps.asl()["States"]) == ["steps.0", "steps.1", "steps.2", "ends.well", "ends.badly"]
    assert run(Steps, {}, {work_fn: lambda event: event}).path == ("steps.0", "steps.1", "steps.2", "ends.well")


def test_each_parallel_branch_has_its_own_output_type() -> None:
    class Count(Workflow[object, int]):
        count = Pass(3)
        start = count
        flow = (count >> END,)

    class Name(Workflow[object, str]):
        name = Pass("a")
        start = name
        flow = (name >> END,)

    class Both(Workflow[object, object]):
        both = Parallel(Count, Name)
        report = Pass({"more": output_of(both)[0] + 1, "text": output_of(both)[1] + "!"})
        start = both
        flow = (both >> report >> END,)

    assert run(Both).output == {"more": 4, "text": "a!"}


def test_a_nested_workflow_can_read_the_input_of_the_execution() -> None:
    class Report(Workflow[str, object]):
        report = Pass({"line": input_of(str), "by": seen_as(context.Execution.Input, Note)["text"]})
        start = report
        flow = (report >> END,)

    class Reports(Workflow[Note, object]):
        each = Map(["a"], Report)
        start = each
        flow = (each >> END,)

    assert run(Reports, {"text": "me"}).output == [{"line": "a", "by": "me"}]
