"""A wrong argument is rejected on its own line or when the class is created, always with a clear message."""

from __future__ import annotations

import copy
import types
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any, Literal, TypedDict

import pytest

from workflow import (
    ALL,
    END,
    Choice,
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
    WorkflowError,
    caught,
    context,
    each_of,
    input_of,
    output_of,
    result_of,
    state_input,
    variable,
)
from workflow.annotations import Catching, State
from workflow.error_names import TIMEOUT
from workflow.fn import (
    all_of,
    base64_encode,
    before,
    chunks,
    concat,
    contains,
    from_json,
    hash_of,
    is_present,
    is_true,
    item_at,
    jsonata,
    length,
    matches,
    merged,
    plus,
    span,
    split,
    unique,
)
from workflow.service_steps import (
    Activity,
    Binding,
    Bucket,
    EventBus,
    GetItem,
    GetObject,
    ItemBatcher,
    ItemReader,
    Machine,
    Publish,
    PutEvent,
    PutItem,
    PutObject,
    Queue,
    ResultWriter,
    SendMessage,
    ServiceCall,
    StartExecution,
    Table,
    Task,
    Topic,
    UpdateItem,
)


@dataclass
class Sale:
    action: Literal["buy"]
    sku: str
    quantity: int


class Acknowledgement(TypedDict):
    status: Literal["good", "bad"]


buy_fn, other_fn, any_fn = (Function(name, object, Acknowledgement) for name in ("buy_fn", "other_fn", "any_fn"))
queue, topic, bus, table, bucket = Queue("queue"), Topic("topic"), EventBus("bus"), Table("table"), Bucket("bucket")
machine = Machine("machine", object, Acknowledgement)
buy = input_of(Sale)
token = {"token": context.Task.Token}


class Nested(Workflow[Sale, Acknowledgement]):
    work = Invoke(buy_fn)
    start = work
    flow = (work >> END,)


class Plain(Workflow[Sale, int]):
    only = Pass(1)
    start = only
    flow = (only >> END,)


class WithoutOffset(tzinfo):
    """A time zone that does not know its offset, so that its times are as naive as those without a zone."""

    def utcoffset(self, _: datetime | None) -> None:
        return None


def workflow(flow: Any = None, /, **attributes: Any) -> type[Workflow[Any, Any]]:
    """Return a workflow that starts with its first attribute, which leads to END if no flow is given."""
    first = next(iter(attributes.values()))
    body = {**attributes, "start": first, "flow": flow or (first >> END,)}
    return types.new_class(
        "Trial", (Workflow[Any, Any],), {}, lambda space: [space.__setitem__(*at) for at in body.items()]
    )  # type: ignore[func-returns-value,return-value,arg-type]


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (lambda: Invoke("buy_fn"), "Invoke: must be given a Function, got 'buy_fn'"),
        (lambda: Invoke(Nested), "Invoke: must be given a Function, got <class"),
        (
            lambda: Invoke(buy_fn, timeout=timedelta(0)),
            "Invoke: timeout must be from 1 to 99999999 seconds, got 0:00:00",
        ),
        (lambda: Invoke(buy_fn, timeout=True), "Invoke: timeout must be a timedelta, a Limit, or seconds from data"),
        (lambda: Invoke(buy_fn, heartbeat=buy.sku), "got <input.sku>, which is str"),
        (
            lambda: Invoke(buy_fn, heartbeat=timedelta(2), timeout=timedelta(1)),
            r"heartbeat \(2 days.* must be shorter than",
        ),
        (lambda: Invoke(buy_fn, credentials=3), "credentials must be a string, fixed or from data, got 3"),
        (lambda: Invoke(buy_fn, name=3), "Invoke: name must be a fixed string, got 3"),
        (lambda: Invoke(buy_fn, name=""), "name must have 1 to 80 characters"),
        (lambda: Invoke(buy_fn, comment=buy.sku), "comment must be a fixed string, got <input.sku>"),
        (lambda: Invoke(buy_fn, retry=Retry(on=())), r"Retry: must be a tuple of error names, got \(\)"),
        (lambda: Invoke(buy_fn, retry=Retry(on=(3,))), "Retry: must be a tuple of error names"),
        (lambda: Invoke(buy_fn).catch(TIMEOUT, TIMEOUT), "catch: .* contains an error name twice"),
        (
            lambda: Invoke(buy_fn, retry=Retry(on=(ALL, TIMEOUT))),
            "ALL matches every error, so it must be the only name",
        ),
        (lambda: Invoke(buy_fn, retry=(Retry(), Retry(on=("E",)))), "the retrier for E never matches"),
        (lambda: Invoke(buy_fn, retry=Retry(attempts=-1)), "attempts must be an integer from 0"),
        (lambda: Invoke(buy_fn, retry=Retry(attempts=1.5)), "attempts must be an integer from 0"),
        (
            lambda: Invoke(buy_fn, retry=Retry(interval=3)),
            "Retry: interval must be a timedelta, or a Limit of one, got 3",
        ),
        (lambda: Invoke(buy_fn, retry=Retry(backoff=0.5)), "backoff must be a number of at least 1, got 0.5"),
        (lambda: Invoke(buy_fn, retry=Retry(max_delay=timedelta(seconds=1))), "must be longer than the first wait"),
        (lambda: Invoke(buy_fn, retry=Retry(jitter="FULL")), "jitter must be True or False, got 'FULL'"),
        (lambda: Wait(timedelta(seconds=-1)), "Wait: how_long must be from 0 to 99999999 seconds, got -1 day"),
        (lambda: Wait(queue), "Wait: how_long must be a timedelta, a Limit, or seconds from data, got Queue"),
        (lambda: Wait(until="tomorrow"), "until must be a datetime, or a string such as 2026-01-31T12:00:00Z"),
        (lambda: Wait(until="2026-13-01T00:00:00Z"), "until must be a datetime, or a string such as"),
        (lambda: Wait(until=buy.quantity), "got <input.quantity>, which is int"),
        (
            lambda: Wait(until=datetime(2026, 1, 1)),  # noqa: DTZ001
            r"Wait: until must have a time zone, such as tzinfo=UTC, got datetime.datetime\(2026, 1, 1, 0, 0\)",
        ),
        (lambda: Wait(until=datetime(2026, 1, 1, tzinfo=WithoutOffset())), "until must have a time zone"),
        (lambda: Fail(3), "Fail: error must be a string, fixed or from data, got 3"),
        (lambda: SendMessage("queue"), "SendMessage: must be given a Queue, got 'queue'"),
        (lambda: SendMessage(queue, delay=timedelta(hours=1)), "delay must be from 0 to 900 seconds, got 1:00:00"),
        (lambda: SendMessage(queue, group=3), "group must be a string"),
        (lambda: Publish(queue), "Publish: must be given a Topic, got Queue"),
        (lambda: Publish(topic, subject=3), "subject must be a string"),
        (lambda: PutEvent(bus, "a", 3), "detail_type must be a string"),
        (lambda: StartExecution(Nested), "StartExecution: must be given a Machine"),
        (lambda: StartExecution(machine, wait="no"), "wait must be True or False, got 'no'"),
        (lambda: GetItem(table, "key"), "GetItem: key must be a literal dict, got 'key'"),
        (lambda: GetItem(table, {}), "GetItem: key must not be empty"),
        (lambda: PutItem(table, buy), "PutItem: item must be a literal dict, got <input>, which is Sale"),
        (lambda: PutItem(table, {"pk": "a"}, condition=buy.sku == "a"), "condition must be a string"),
        (
            lambda: PutItem(table, {"pk": "a"}, condition="#a = :b"),
            "PutItem: #a, :b has no value: add it to values or names",
        ),
        (lambda: UpdateItem(table, {"pk": "a"}, "SET a = :b", {":c": 1, ":b": 2}), ":c must be used in an expression"),
        (
            lambda: UpdateItem(table, {"pk": "a"}, "SET a = :b", {":b": 1}, returns="ALL"),
            "returns must be one of ALL_OLD",
        ),
        (lambda: GetObject(bucket, 3), "GetObject: key must be a string"),
        (lambda: PutObject("bucket", "key"), "PutObject: must be given a Bucket"),
        (lambda: ServiceCall(3, {}, object), "integration must be a fixed string"),
        (lambda: ServiceCall("glue:startJobRun", "text", object), "sends must be a literal dict"),
        (
            lambda: ServiceCall("glue:startJobRun", {}, "Form"),
            "must be given a type, such as `dict.str, str.`, got 'Form'",
        ),
        (lambda: Activity("arn", Acknowledgement), "Activity: must be given a Binding"),
        (lambda: Map("abc", Nested), r"Map\('abc'\): must be given an array, got str"),
        (lambda: Map({"a": 1}, Nested), "must be given an array, got dict"),
        (lambda: Map([buy], Nested, max_concurrency=-1), "max_concurrency must be an integer from 0"),
        (
            lambda: Map([buy], Nested, max_concurrency=buy.sku),
            "max_concurrency must be an integer from 0 .* which is str",
        ),
        (
            lambda: DistributedMap([buy], Nested, execution_type="FAST"),
            "execution_type must be one of STANDARD, EXPRESS",
        ),
        (lambda: DistributedMap([buy], Nested, label="a b"), "label must have 1 to 40 characters"),
        (
            lambda: DistributedMap([buy], Nested, tolerated_percentage=101),
            "tolerated_percentage must be a number from 0 to 100, fixed, a Limit or from data, got 101",
        ),
        (
            lambda: DistributedMap([buy], Nested, tolerated_percentage=Limit("share", "", 100.5)),
            "tolerated_percentage must be a number from 0 to 100",
        ),
        (lambda: DistributedMap([buy], Nested, tolerated_percentage=True), "tolerated_percentage must be a number"),
        (lambda: DistributedMap([buy], Nested, tolerated_failures=1.5), "tolerated_failures must be an integer from 0"),
        (lambda: DistributedMap([buy], Nested, batcher={"max_items": 3}), "must be given an ItemBatcher"),
        (lambda: DistributedMap([buy], Nested, batcher=ItemBatcher()), "limit the batches with max_items or max_bytes"),
        (
            lambda: DistributedMap([buy], Nested, batcher=ItemBatcher(max_items=0)),
            "max_items must be an integer from 1",
        ),
        (lambda: DistributedMap([buy], Nested, writer=bucket), "must be given a ResultWriter"),
        (
            lambda: DistributedMap([buy], Nested, writer=ResultWriter(bucket=3)),
            "ResultWriter: must be given a Bucket or its name",
        ),
        (
            lambda: DistributedMap([buy], Nested, flatten=True, writer=ResultWriter(bucket="b")),
            "flatten cannot be used with writer",
        ),
        (lambda: DistributedMap(ItemReader(bucket=bucket), Nested), "ItemReader: key is missing"),
        (
            lambda: DistributedMap(ItemReader(bucket="b", key="k", input_type="XLS"), Nested),
            "input_type must be one of CSV",
        ),
        (
            lambda: DistributedMap(ItemReader(bucket="b", key="k", csv_delimiter="TAB"), Nested),
            'require input_type="CSV"',
        ),
        (lambda: State(), "State is not a state by itself"),
        (lambda: Catching(), "Catching is not a state by itself"),
        (lambda: Pass(1).catch(ALL), "Pass is a Pass, which has no catch"),
        (lambda: END >> Pass(1), "END ends a path"),
        (lambda: each_of(), "at least one state"),
    ],
)
def test_states_reject_invalid_arguments(state: Any, message: str) -> None:
    with pytest.raises(WorkflowError, match=message):
        state()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda: concat(), r"concat\(\): must be given a string"),
        (lambda: concat(buy.sku, buy.quantity), "must be given a string, but <input.quantity> is int"),
        (lambda: from_json(3, Sale), "must be given a string, but 3 is int"),
        (lambda: split(buy.quantity, ","), "must be given a string"),
        (lambda: base64_encode(buy.quantity), "must be given a string"),
        (lambda: hash_of(buy.sku, "SHA-2"), "algorithm must be one of MD5, SHA-1"),
        (lambda: plus(buy.sku, 1), "must be given a number, but <input.sku> is str"),
        (lambda: item_at(buy.sku, 0), "must be given an array"),
        (lambda: length(buy.quantity), "must be given an array or a string, got int"),
        (lambda: unique(buy.sku), "must be given an array"),
        (lambda: chunks([1, 2], 0), "chunks: size must be an integer from 1"),
        (lambda: span(1, 5, 0), "step must be an integer other than 0"),
        (lambda: merged(buy.sku, {}), "must be given an object"),
        (lambda: contains(buy.sku, "a"), "must be given an array"),
        (lambda: jsonata(3, str), "text must be a fixed string"),
        (lambda: jsonata("{% 1 %}", int), "must be given the expression without {% and %}"),
        (lambda: input_of("Sale"), "input_of: must be given a type, such as .*, got 'Sale'"),
        (lambda: variable(3), "variable: must be given a type"),
        (lambda: output_of(3), "output_of: must be given a state, got 3"),
        (lambda: matches(buy.quantity, "a*"), "<input.quantity> is int, not a string"),
        (lambda: matches(buy.sku, 3), "pattern must be a fixed string"),
        (lambda: before(buy.quantity, "2026-01-01T00:00:00Z"), "<input.quantity> is int, not a string"),
        (lambda: before(buy.sku, "tomorrow"), "must be a datetime, or a string such as"),
        (lambda: before(buy.sku, datetime(2026, 1, 1)), "other must have a time zone, such as tzinfo=UTC"),  # noqa: DTZ001
        (lambda: is_true(buy.sku), "<input.sku> is str, not a boolean"),
        (lambda: all_of(), r"all_of\(\) must be given at least one condition"),
        (lambda: (buy.sku == "a") == (buy.sku == "b"), "conditions can only be combined with & and |, not compared"),
        (lambda: (buy.sku == "a") + 1, "conditions can only be combined with & and |, not compared"),
        (lambda: True & (buy.sku == "a"), "True is evaluated when Python reads the workflow"),
        (lambda: buy.__setitem__("sku", 3), "cannot be assigned to"),
        (lambda: delattr(buy, "sku"), "cannot be assigned to"),
    ],
)
def test_functions_reject_invalid_arguments(value: Any, message: str) -> None:
    with pytest.raises(WorkflowError, match=message):
        value()


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (lambda: Invoke(buy_fn, token), "first passes its token on and does not wait for it"),
        (lambda: Pass(token), "first uses <context.Task.Token>, which exists only in a task"),
        (lambda: Invoke(buy_fn).giving(result_of(other_fn)), "that is not the function which it invokes"),
        (
            lambda: Invoke(buy_fn, token).waiting_for_token(Acknowledgement).giving(result_of(buy_fn)),
            "is returned with its task token",
        ),
        (lambda: Invoke(buy_fn, caught().Error), "along the way of a catch"),
        (lambda: ServiceCall("s3:nope", {}, object), "first calls 's3:nope': There is no integration 's3'"),
        (
            lambda: ServiceCall("glue:startJobRun.now", {"JobName": "a"}, object),
            "glue has no integration 'startJobRun.now'",
        ),
        (lambda: ServiceCall("glue:startJobRun", {}, object), "glue:startJobRun, which requires JobName"),
        (
            lambda: ServiceCall("glue:startJobRun", token, object).waiting_for_token(Acknowledgement),
            "does not support .waitForTaskToken",
        ),
        (lambda: Invoke(Function("a b", object, object)), "its name has letters, digits and _ : . - only"),
        (
            lambda: Invoke(Function("queue", object, object), {"queue": queue}),
            "have the same name and would get the same value",
        ),
        (lambda: Invoke(buy_fn, timeout=Limit("limit")), "TimeoutSeconds is 0, which is Limit"),
        (lambda: Task(), "a Task calls something"),
    ],
)
def test_states_are_checked_when_the_class_is_created(state: Any, message: str) -> None:
    with pytest.raises(WorkflowError, match=message):
        workflow(first=state())


@pytest.mark.parametrize("share", [0, 2.5, 100])
def test_a_tolerated_percentage_may_have_decimals(share: float) -> None:
    class Tolerant(Workflow[list[Sale], object]):
        each = DistributedMap(input_of(list[Sale]), Nested, tolerated_percentage=share)
        start = each
        flow = (each >> END,)

    assert Tolerant.asl()["States"]["each"]["ToleratedFailurePercentage"] == share


@pytest.mark.parametrize(
    ("offset", "text"),
    [
        (timedelta(0), "2026-01-31T12:00:00Z"),
        (timedelta(hours=1), "2026-01-31T12:00:00+01:00"),
        (timedelta(minutes=19, seconds=32), "2026-01-31T11:40:28Z"),
    ],
)
def test_the_timestamp_of_a_wait_has_a_time_zone_of_rfc_3339(offset: timedelta, text: str) -> None:
    wait = Wait(until=datetime(2026, 1, 31, 12, tzinfo=timezone(offset)))
    assert workflow(wait=wait).asl()["States"]["wait"]["Timestamp"] == text


def test_cyclic_and_deeply_nested_values_are_rejected() -> None:
    round_again: list[Any] = []
    round_again.append(round_again)
    deep: Any = buy.quantity
    for _ in range(3000):
        deep = deep + 1
    for value in (round_again, deep):
        with pytest.raises(WorkflowError, match="first has a value that contains itself, or that is nested too deeply"):
            workflow(first=Pass(value))


def test_copying_a_reference_returns_the_reference_itself() -> None:
    assert copy.copy(buy) is buy
    assert copy.deepcopy({"a": buy.sku})["a"].__class__ is buy.sku.__class__


def test_variables_must_be_assigned_before_they_are_used() -> None:
    late, one, two = (variable(int, name=name) for name in ("late", "one", "two"))
    use, keep = Pass(late), Pass(1).assign(late, 3)
    with pytest.raises(
        WorkflowError,
        match="use uses the variable late, which is not assigned on every path to it: not on use, the first state",
    ):
        workflow((use >> keep >> END,), use=use, keep=keep)
    with pytest.raises(WorkflowError, match="first uses the variable one, which is not assigned on every path to it"):
        workflow(first=Pass(1).assign(one, 1).assign(two, one))
    lone = workflow(first=Pass(two))
    with pytest.raises(WorkflowError, match="first uses the variable two, which no state assigns"):
        lone.asl()


def test_a_variable_can_be_tested_before_it_is_assigned() -> None:
    rounds = variable(int, name="rounds")
    ask, keep, done = Choice(state_input(object)), Pass(1).assign(rounds, 1), Succeed()
    arrows = (ask.when(is_present(rounds) & (rounds > 3)) >> done, ask.otherwise >> keep >> ask)
    assert workflow(arrows, ask=ask, keep=keep, done=done).asl()


def test_nested_workflows_see_variables_except_in_a_distributed_map() -> None:
    name = variable(str, name="name")

    class Uses(Workflow[Any, str]):
        use = Pass(name)
        start = use
        flow = (use >> END,)

    first, run_each = Pass(1).assign(name, "a"), Map([1], Uses)
    assert workflow((first >> run_each >> END,), first=first, run_each=run_each).asl()
    first, run_each = Pass(1).assign(name, "a"), DistributedMap([1], Uses)
    with pytest.raises(WorkflowError, match=r"run_each.use uses the variable name, which no state assigns"):
        workflow((first >> run_each >> END,), first=first, run_each=run_each)


def test_map_items_exist_only_inside_a_map() -> None:
    class Item(Workflow[Any, Any]):
        item = Pass(context.Map.Item.Index)
        start = item
        flow = (item >> END,)

    assert workflow(each=Map([1], Item)).asl()
    with pytest.raises(WorkflowError, match=r"item uses <context.Map.Item.Index>, which exists only in a Map"):
        Item.asl()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda v: Pass(1).assign(v, "text"), "v must be int, but 'text' is str"),
        (lambda v: Pass(1).assign(v, 1).assign(v, 2), "already assigns v"),
        (lambda v: Invoke(buy_fn).catch(ALL).assign(v, 1).assign(v, 2), "already assigns v"),
        (lambda _: Pass(1).assign(variable(int, name="a b"), 1), "'a b' is not a valid variable name"),
        (lambda _: Pass(1).assign(variable(int, name="states"), 1), "which is reserved by AWS"),
    ],
)
def test_invalid_assignments_are_rejected(value: Any, message: str) -> None:
    with pytest.raises(WorkflowError, match=message):
        value(variable(int, name="v"))


def test_endless_paths_and_unused_transitions_are_rejected() -> None:
    a, b, f, g = Invoke(any_fn), Choice(output_of(Invoke(any_fn))), Fail(), Succeed()
    with pytest.raises(WorkflowError, match="no path ends"):
        workflow((a >> a,), a=a)
    with pytest.raises(WorkflowError, match="the catcher for E never matches"):
        workflow((a >> END, a.catch(ALL) >> f, a.catch("E") >> f), a=a, f=f)
    b = Choice(output_of(a), by=output_of(a)["status"])
    with pytest.raises(WorkflowError, match="b has two transitions for 'good', and never takes the second"):
        workflow((a >> b, b.equals("good") >> g, b.equals("good") >> f, b.otherwise >> g), a=a, b=b, f=f, g=g)
    inside = Inline(Plain)
    with pytest.raises(WorkflowError, match="inside cannot fail, so there is nothing to catch"):
        workflow((inside >> END, inside.catch(ALL) >> f), inside=inside, f=f).asl()


def test_a_state_belongs_to_one_workflow_only() -> None:
    with pytest.raises(WorkflowError, match="Trial: work is already part of Nested: use another state or an Inline"):
        workflow(a=Nested.work)


def test_a_workflow_class_needs_states_and_a_start() -> None:
    with pytest.raises(WorkflowError, match="More has no start"):

        class More(Nested):
            more = Pass(1)

    class Empty(Workflow[Any, Any]):
        """Nothing yet."""

    with pytest.raises(WorkflowError, match="Empty has no states: add states"):
        Empty.asl()
    with pytest.raises(WorkflowError, match="has no start"):
        types.new_class("Ends", (Workflow[Any, Any],), {}, lambda space: space.update(start=END))


def test_bindings_must_be_a_dict() -> None:
    for wrong in ("arn", {3: "arn"}):
        with pytest.raises(WorkflowError, match=r"bindings must be a dict|unknown names 3"):
            Nested.asl(wrong)  # type: ignore[arg-type]
    assert Binding("a.b-c:d").placeholder == "${a.b-c:d}"


def test_parallel_needs_at_least_one_workflow() -> None:
    with pytest.raises(WorkflowError, match="Parallel must be given at least one workflow"):
        Parallel()
