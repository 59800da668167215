"""Hypothesis strategies for workflows of the language, as a person could have written them.

A generated workflow is a chain of states with additional forward transitions, so that it ends; its first state assigns
a variable that later states may use. `portable` restricts it to features that also compile to JSONPath.
"""

import types
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, NotRequired, TypedDict, cast

from hypothesis import strategies as st

from tests.workflow.task_strategies import bucket, serve, tasks
from workflow import (
    ALL,
    END,
    Choice,
    Definition,
    DistributedMap,
    Fail,
    Function,
    Inline,
    Invoke,
    Limit,
    Map,
    Parallel,
    Pass,
    Retry,
    Succeed,
    Wait,
    Workflow,
    caught,
    context,
    input_of,
    made,
    state_input,
    variable,
)
from workflow.annotations import Catching, ErrorOutput
from workflow.error_names import HEARTBEAT_TIMEOUT, LAMBDA_TRANSIENT, TASK_FAILED, TIMEOUT
from workflow.fn import (
    after,
    all_of,
    array,
    base64_decode,
    base64_encode,
    before,
    bound,
    choose,
    chunks,
    concat,
    contains,
    from_json,
    hash_of,
    is_null,
    is_number,
    is_present,
    is_text,
    is_timestamp,
    is_true,
    item_at,
    jsonata,
    length,
    matches,
    merged,
    minus,
    not_,
    one_of,
    or_else,
    plus,
    random_below,
    seen_as,
    some,
    span,
    split,
    times,
    to_json,
    unique,
    uuid,
)
from workflow.service_steps import ItemBatcher, ResultWriter

TEXTS = ("", "a", "b", "north", "north*", "it's {odd}", 'quo"te', "back\\slash", "ü–漢", "2026-11-23T10:00:00Z", "12")
MOMENTS = ("2026-01-01T00:00:00Z", "2026-11-23T10:00:00Z", "2027-05-05T05:05:05.5+02:00")


class PayloadKind(StrEnum):
    """The values of a payload's kind."""

    A = "a"
    B = "b"
    C = "c"


class Item(TypedDict):
    """One item of a payload."""

    sku: str
    quantity: int


class Payload(TypedDict):
    """The input of generated workflows."""

    kind: Literal["a", "b", "c"]
    text: str
    number: int
    flag: bool
    moment: str
    items: list[Item]
    maybe: NotRequired[str | None]


@dataclass
class Memo:
    """The variables of generated workflows."""

    text: str
    number: int


item_fn = Function("item_fn", object, dict)

Calls = Literal["nothing", "functions", "anything"]
"""The kinds of tasks in generated workflows."""

texts = st.sampled_from(TEXTS)
numbers = st.integers(-3, 12)

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
RETRIES: list[Any] = [
    (),
    Retry(on=(ALL,), interval=timedelta(seconds=1), attempts=2, jitter=True),
    Retry(attempts=0),
    (
        Retry(
            on=("E", TIMEOUT), interval=timedelta(seconds=2), attempts=1, backoff=1.5, max_delay=timedelta(seconds=9)
        ),
        Retry(on=(TASK_FAILED,), attempts=2, jitter=False, comment="the rest"),
    ),
    Retry(on=LAMBDA_TRANSIENT, attempts=2),
]

payloads: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["a", "b", "c"]),
        "text": texts,
        "number": numbers,
        "flag": st.booleans(),
        "moment": st.sampled_from(MOMENTS),
        "items": st.lists(st.fixed_dictionaries({"sku": texts, "quantity": numbers}), max_size=3),
    },
    optional={"maybe": st.none() | texts},
)
"""Inputs of the payload type of the generated workflows."""

_FIELDS = st.sampled_from(["kind", "text", "number", "flag", "moment", "items", "maybe"])
_any_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | st.floats(-5, 5) | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "text", "number", "flag", "items", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)
hostile: st.SearchStrategy[Any] = (
    _any_json
    | st.lists(payloads, max_size=2)
    | st.builds(lambda payload, wrong: {**payload, **wrong}, payloads, st.dictionaries(_FIELDS, _any_json, max_size=3))
    | st.builds(
        lambda payload, missing: {k: payload[k] for k in payload if k not in missing}, payloads, st.sets(_FIELDS)
    )
)
"""Any JSON with which a machine can be started, including payloads with wrong or missing fields."""


@st.composite
def conditions(draw: Callable[..., Any], payload: Payload, depth: int = 2) -> Any:
    """Generate conditions on a payload, with every operator."""
    kinds = ["text", "number", "literal", "flag", "time", "presence", "kind", "pattern", "fields"]
    kind = draw(st.sampled_from(kinds + (["and", "or", "not"] if depth else [])))
    match kind:
        case "and" | "or":
            left, right = draw(conditions(payload, depth - 1)), draw(conditions(payload, depth - 1))
            return left & right if kind == "and" else left | right
        case "not":
            return not_(draw(conditions(payload, depth - 1)))
        case "number":
            return draw(st.sampled_from(_comparisons(payload["number"], draw(numbers))))
        case "text":
            return draw(st.sampled_from(_comparisons(payload["text"], draw(texts))))
        case "fields":
            return draw(
                st.sampled_from(
                    [
                        payload["text"] == payload["kind"],
                        payload["text"] < payload["moment"],
                        payload["number"] != payload["items"][0]["quantity"],
                        payload["maybe"] == payload["text"],
                        payload["maybe"] == None,  # noqa: E711  # a value of the language does not support `is`
                        payload["maybe"] != "north",
                        state_input(dict[str, object])["text"] == payload["maybe"],
                        state_input(dict[str, object])["number"] != payload["maybe"],
                    ]
                )
            )
        case "literal":
            one = draw(st.sampled_from(list(PayloadKind)))
            few = draw(st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=2, unique=True))
            kind_of_payload = seen_as(payload["kind"], PayloadKind)
            return draw(
                st.sampled_from([one_of(payload["kind"], *few), kind_of_payload == one, kind_of_payload != one])
            )
        case "flag":
            return draw(st.sampled_from([is_true(payload["flag"]), payload["flag"] == False]))  # noqa: E712
        case "time":
            moment = draw(st.sampled_from(MOMENTS))
            return draw(
                st.sampled_from(
                    [
                        before(payload["moment"], moment),
                        after(payload["moment"], moment),
                        after(payload["text"], moment),
                        seen_as(payload["moment"], datetime) <= NEW_YEAR,
                        seen_as(payload["moment"], datetime) != NEW_YEAR,
                    ]
                )
            )
        case "presence":
            maybe = payload["maybe"]
            return draw(
                st.sampled_from([is_present(maybe), is_null(maybe), all_of(is_present(maybe), not_(is_null(maybe)))])
            )
        case "kind":
            return draw(
                st.sampled_from(
                    [
                        is_text(payload["text"]),
                        is_number(payload["number"]),
                        is_timestamp(payload["moment"]),
                        is_timestamp(payload["text"]),
                    ]
                )
            )
        case _:
            return matches(payload["text"], draw(st.sampled_from(["*", "no*", "*th", "a", r"north\*", "*-*-*"])))


def _comparisons(left: Any, right: Any) -> list[Any]:
    return [left == right, left != right, left < right, left <= right, left > right, left >= right]


@st.composite
def values(draw: Callable[..., Any], payload: Payload, memo: Memo, *, portable: bool) -> Any:
    """Generate values computed from a payload and variables."""
    choices: list[Any] = [
        payload["text"],
        payload["items"],
        memo.text,
        memo.number,
        concat(payload["text"], "-", memo.text, draw(texts)),
        to_json(payload["items"]),
        to_json(payload["text"]),
        to_json(array(payload["items"], payload["number"])),
        from_json(to_json([payload["items"], memo.text]), list),
        length(payload["items"]),
        plus(payload["number"], draw(numbers)),
        split(payload["text"], draw(st.sampled_from("-,n"))),
        item_at(split("a,b", ","), 1),
        array(payload["items"], memo.text),
        unique(payload["items"]),
        chunks(payload["items"], draw(st.integers(1, 3))),
        span(draw(numbers), draw(numbers), draw(st.sampled_from([1, 2, -1]))),
        base64_encode(payload["text"]),
        base64_decode(base64_encode(memo.text)),
        hash_of(payload["text"], draw(st.sampled_from(["MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"]))),
        merged({"a": payload["text"]}, {"b": memo.number}) if not portable else None,
        context.Execution.Name,
        context.State.Name,
        concat("s3://", bound(bucket), "/", payload["text"]),
        {"bucket": bucket, "seconds": Limit("seconds", default=timedelta(seconds=9)), "since": NEW_YEAR},
        seen_as(payload["text"], object),
        some(payload["text"]),
        PayloadKind.B,
        draw(texts),
        draw(numbers),
        None,
        {"inner": payload["kind"], "odd name": memo.text, "fixed": [1, "two", None]},
    ]
    if not portable:
        condition = draw(conditions(payload))
        choices += [
            jsonata("$uppercase('x')", str),
            item_at([payload["text"], "b"], 1),
            [payload["text"], {"deep": memo.number}],
            minus(payload["number"], memo.number),
            times(minus(payload["number"], 1), plus(memo.number, draw(numbers))),
            choose(condition, payload["text"], memo.text),
            choose(condition, [payload["items"]], []),
            or_else(payload["maybe"], "none"),
            or_else(payload["text"], memo.text),
            {"inside": {"condition": condition}},
            contains(payload["items"], payload["items"][0]),
            contains(["a", "b"], payload["kind"]),
            uuid(),
            random_below(draw(numbers), 20),
        ]
    return draw(st.sampled_from(choices))


@st.composite
def workflows(
    draw: Callable[..., Any],
    *,
    portable: bool = False,
    nesting: int = 1,
    calls: Calls = "anything",
    generated_inside: bool = True,
) -> type[Workflow[Any, Any]]:
    """Generate a workflow class, with generated workflows nested in its states if `generated_inside` is true."""
    payload = cast("Payload", input_of(Payload))
    memo, error = variable(Memo), variable(ErrorOutput)
    names = [f"step{index}" for index in range(draw(st.integers(1, 4)))]
    first = Pass(_copy_of(payload))

    def body(space: dict[str, Any]) -> None:
        space["payload"], space[f"memo{nesting}"] = payload, memo
        space["first"] = first.assign(memo, made(Memo)(text=payload["text"], number=payload["number"]))
        states = [space["first"]]
        steps = [
            draw(_states(name, payload, memo, portable=portable, nesting=nesting, calls=calls, inner=generated_inside))
            for name in names
        ]
        space.update({"steps": steps} if draw(st.booleans()) else dict(zip(names, steps, strict=True)))
        states += steps
        chooses = any(isinstance(state, Choice) for state in states)
        space["done"] = Succeed() if chooses else draw(st.sampled_from([Succeed(), END]))
        flow = []
        for index, state in enumerate(states):
            onward = [*states[index + 1 :], space["done"]]
            if isinstance(state, Choice) and "a" in state.alternatives():
                flow.append(state.equals("a") >> draw(st.sampled_from(onward)))
                flow.append(state.equals("b", "c") >> draw(st.sampled_from(onward)))
                flow.append(state.otherwise >> onward[0])
            elif isinstance(state, Choice):
                for _ in range(draw(st.integers(1, 2))):
                    flow.append(state.when(draw(conditions(payload))) >> draw(st.sampled_from(onward)))
                flow.append(state.otherwise >> onward[0])
            else:
                flow.append(state >> onward[0])
            can_fail = isinstance(state, Catching) and (calls != "nothing" or not isinstance(state, Inline))
            if can_fail and draw(st.booleans()):
                if "broken" not in space:
                    space["broken"], space[f"error{nesting}"] = Fail("Broken", concat(memo.text, error.Error)), error
                caught_errors = draw(
                    st.sampled_from([(ALL,), (TASK_FAILED,), ("E", TIMEOUT), (HEARTBEAT_TIMEOUT, "E")])
                )
                flow.append(state.catch(*caught_errors).assign(error, caught()) >> space["broken"])
        space["start"] = space["first"]
        space["flow"] = tuple(flow)

    return types.new_class("Generated", (Workflow[Any, Any],), {}, body)


@st.composite
def choosers(draw: Callable[..., Any]) -> type[Workflow[Any, Any]]:
    """Generate a workflow class that consists of one Choice on its input and the states that it leads to."""
    payload = cast("Payload", input_of(Payload))
    tested = [draw(conditions(payload)) for _ in range(draw(st.integers(1, 4)))]

    def body(space: dict[str, Any]) -> None:
        space["route"] = route = Choice(payload)
        ends = [
            Fail(f"Option{number}", name=f"Option{number}") for number, _ in enumerate(tested)
        ]  # each error has its state's name
        space.update({end.name: end for end in ends}, left=Succeed())
        space["start"] = route
        transitions = (route.when(condition) >> end for condition, end in zip(tested, ends, strict=True))
        space["flow"] = (*transitions, route.otherwise >> space["left"])

    return types.new_class("Chooser", (Workflow[Any, Any],), {}, body)


@st.composite
def _states(
    draw: Callable[..., Any],
    name: str,
    payload: Payload,
    memo: Memo,
    *,
    portable: bool,
    nesting: int,
    calls: Calls,
    inner: bool,
) -> Any:
    kinds = (
        ["pass", "choice", "cases", "wait"]
        + (["task", "task"] if calls != "nothing" else [])
        + (["map", "parallel", "inline"] if nesting else [])
        + (["nested"] if nesting and inner else [])
        + (["distributed"] if nesting and calls == "anything" else [])
    )
    value = {"value": draw(values(payload, memo, portable=portable))}
    retry = draw(st.sampled_from(RETRIES))
    match draw(st.sampled_from(kinds)):
        case "pass":
            return Pass(value)
        case "choice":
            return Choice(state_input(object))
        case "cases":
            return Choice(state_input(object), by=payload["kind"])
        case "wait":
            spans = [Wait(timedelta(seconds=1)), Wait(timedelta(0)), Wait(until=NEW_YEAR)]
            until_moment = (
                [Wait(until=payload["moment"])] if calls == "anything" else []
            )  # it may be years ahead, which only a virtual clock can skip
            return draw(st.sampled_from(spans + until_moment))
        case "task":
            return draw(tasks(payload, value, retry, portable=portable, functions_only=calls == "functions"))
        case "map":
            return Map(payload["items"], _fragment(draw(st.booleans())), max_concurrency=2, retry=retry)
        case "distributed":
            return draw(_distributed_maps(payload, retry, f"{name}of{nesting}"))
        case "inline":
            return Inline(_fragment(calls != "nothing"))
        case "nested":
            branch = draw(workflows(portable=portable, nesting=nesting - 1, calls=calls))
            return Parallel(branch, _fragment(False), sends=_copy_of(payload), retry=retry)
        case _:
            return Parallel(_fragment(calls != "nothing"), _fragment(False), retry=retry)


def _copy_of(payload: Payload) -> Payload:
    names: tuple[Any, ...] = ("kind", "text", "number", "flag", "moment", "items")
    return made(Payload)(**{name: payload[name] for name in names})


@st.composite
def _distributed_maps(draw: Callable[..., Any], payload: Payload, retry: Any, label: str) -> Any:
    """Generate distributed Maps with any of their options."""
    options: dict[str, Any] = {
        "max_concurrency": 3,
        "retry": retry,
        "execution_type": draw(st.sampled_from(["STANDARD", "EXPRESS"])),
    }
    if draw(st.booleans()):
        options["tolerated_failures"], options["tolerated_percentage"] = 1, 50.0
    if draw(st.booleans()):
        options["batcher"] = ItemBatcher(max_items=2, max_bytes=1000, batch_input={"all": payload["text"]})
    if draw(st.booleans()):
        options["writer"] = ResultWriter(
            bucket=bucket,
            prefix="runs",
            transformation=draw(st.sampled_from([None, "NONE", "COMPACT", "FLATTEN"])),
            output_type=draw(st.sampled_from([None, "JSON", "JSONL"])),
        )
    elif draw(st.booleans()):
        options["flatten"] = True
    if draw(st.booleans()):
        options["sends"] = {"given": payload["number"], "index": context.Map.Item.Index}
    if draw(st.booleans()):
        options["label"] = label
    return DistributedMap(payload["items"], _item_workflow(), **options)


def _item_workflow() -> type[Workflow[Any, Any]]:
    class ProcessItem(Workflow[Any, Any]):
        work = Invoke(item_fn)
        start = work
        flow = (work >> END,)

    return ProcessItem


def _fragment(calls: bool) -> type[Workflow[Any, Any]]:
    """Return a small workflow to be used as a fragment, a branch or an item processor."""

    class Each(Workflow[Any, Any]):
        item = input_of(Item)
        work = Invoke(item_fn, {"given": item}) if calls else Pass({"given": item})
        start = work
        flow = (work >> END,)

    return Each


def serve_tasks(asl: dict[str, Any]) -> dict[str, Any]:
    """Return a callable for every task of a definition, by the name of its state."""
    return {state.name: serve for state in Definition(asl).states() if state.type == "Task"}


def values_for(workflow: type[Workflow[Any, Any]]) -> dict[str, str]:
    """Return a value for every name that has to be bound."""
    special = {
        "queue": "https://sqs.eu-central-1.amazonaws.com/123456789012/queue",
        "worker": "arn:aws:states:eu-central-1:123456789012:activity:worker",
    }
    names = [binding.name for binding in workflow.required() if not isinstance(binding, Limit)]
    return {name: special.get(name, f"arn:aws:lambda:eu-central-1:123456789012:function:{name}:3") for name in names}


__all__ = [
    "Item",
    "Memo",
    "Payload",
    "choosers",
    "conditions",
    "hostile",
    "payloads",
    "serve_tasks",
    "values_for",
    "workflows",
]
