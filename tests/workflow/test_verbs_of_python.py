"""Every verb of the Python API takes a class, a definition, JSON or a file; `run` rejects keys that it cannot use."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from workflow import (
    ALL,
    END,
    Choice,
    DistributedMap,
    Fail,
    Function,
    Invoke,
    Limit,
    Map,
    Retry,
    Succeed,
    Wait,
    Workflow,
    WorkflowError,
    check,
    costs,
    diff,
    input_of,
    mermaid,
    parse,
    paths,
    permissions,
    run,
    svg,
)
from workflow.asl.json_values import NotJson
from workflow.fn import bound
from workflow.iam import policy
from workflow.interpreter.task_names import UnknownKey
from workflow.service_steps import Bucket, ItemReader
from workflow.testing import Coverage

work_fn = Function("work_fn", object, str)
EXECUTIONS = Limit("executions", "items worked on at once", 10)
ATTEMPTS = Limit("attempts", "retries of a task", 3)
PAUSE = Limit("pause", "wait before the first retry", timedelta(seconds=2))
GROWTH = Limit("growth", "factor of each wait", 1.5)
LARGE = Limit("large", "an order that a person looks at", 100)


class Each(Workflow[object, str]):
    work = Invoke(work_fn, retry=Retry(attempts=ATTEMPTS, interval=PAUSE, backoff=GROWTH))
    start = work
    flow = (work >> END,)


class Limited(Workflow[list[int], list[str]]):
    items = input_of(list[int])
    route = Choice(items)
    each = Map(items, Each, max_concurrency=EXECUTIONS)
    held = Wait(PAUSE, passes=list[int])
    failed = Fail("Limited.Failed")
    start = route
    flow = (
        route.when(items[0] > bound(LARGE)) >> held >> each >> END,
        route.otherwise >> each,
        each.catch(ALL) >> failed,
    )


VERBS: dict[str, Callable[[Any], object]] = {
    "check": check,
    "cost": costs,
    "coverage": lambda source: len(list(Coverage(source).missing())),
    "diff": lambda source: diff(source, source),
    "mermaid": mermaid,
    "parse": lambda source: parse(source).asl(),
    "paths": lambda source: [str(path) for path in paths(source)],
    "permissions": permissions,
    "policy": policy,
    "run": lambda source: run(source, [1], {"work_fn": lambda _: "done"}).output,
    "svg": svg,
}


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_accepts_a_class_a_definition_json_or_a_file(verb: str, tmp_path: Path) -> None:
    file = tmp_path / "limited.asl.json"
    file.write_text(Limited.definition().json(), encoding="utf-8")
    expected = VERBS[verb](Limited.definition())
    for source in (Limited, Limited.asl(), Limited.definition().json(), file, str(file)):
        assert VERBS[verb](source) == expected


def test_an_unreadable_file_is_named() -> None:
    with pytest.raises(NotJson, match=r"missing\.json cannot be read: No such file"):
        parse("missing.json")
    assert "missing.json cannot be read" in str(check("missing.json")[0])


def test_limits_use_their_defaults_unless_bound() -> None:
    assert check(Limited) == ()
    by_default = Limited.asl()["States"]
    assert by_default["each"]["MaxConcurrency"] == 10
    assert by_default["each"]["ItemProcessor"]["States"]["each.work"]["Retry"][0] == {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": 2,
        "MaxAttempts": 3,
        "BackoffRate": 1.5,
    }
    assert by_default["route"]["Choices"][0]["Condition"].endswith("> 100 %}")
    bound_states = Limited.asl({EXECUTIONS: 2, ATTEMPTS: 5, LARGE: 7, PAUSE: timedelta(seconds=9)})["States"]
    assert bound_states["each"]["MaxConcurrency"] == 2
    assert bound_states["each"]["ItemProcessor"]["States"]["each.work"]["Retry"][0]["MaxAttempts"] == 5
    assert bound_states["route"]["Choices"][0]["Condition"].endswith("> 7 %}")
    assert bound_states["held"]["Seconds"] == 9


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Limited.asl({EXECUTIONS: "many"}), "executions must be a number, got 'many'"),
        (lambda: Limited.asl({PAUSE: "soon"}), "pause must be a timedelta or whole seconds, got 'soon'"),
        (lambda: Map(input_of(list[int]), Each, max_concurrency=PAUSE), "max_concurrency must be an integer from 0"),
        (
            lambda: Map(input_of(list[int]), Each, max_concurrency=Limit("n", "", -1)),
            "max_concurrency must be an integer from 0",
        ),
        (lambda: Invoke(work_fn, retry=Retry(attempts=PAUSE)), "attempts must be an integer from 0"),
        (lambda: Invoke(work_fn, retry=Retry(backoff=Limit("b", "", 0.5))), "backoff must be a number of at least 1"),
    ],
)
def test_invalid_limits_are_rejected(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises(WorkflowError, match=message):
        wrong()


class Reads(Workflow[object, list[str]]):
    each = DistributedMap(ItemReader(bucket=Bucket("bucket"), key="items.json"), Each)
    start = each
    flow = (each >> END,)


class ReadsFromData(Workflow[dict[str, str], list[str]]):
    location = input_of(dict[str, str])
    each = DistributedMap(ItemReader(bucket="fixed", key=location["key"]), Each)
    start = each
    flow = (each >> END,)


FUNCTIONS: dict[Any, Callable[..., object]] = {work_fn: lambda _: "done"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: run(Each, {}, {"wrk_fn": str}),
            "functions: no task calls 'wrk_fn'; did you mean 'work_fn'? Known: 'work', 'work_fn', 'lambda:invoke'.",
        ),
        (
            lambda: run(Each, {}, {**FUNCTIONS, Function("other", object, str): str}),
            "functions: no task calls 'other'. Known: 'work', 'work_fn', 'lambda:invoke'.",
        ),
        (
            lambda: run(Each, {}, FUNCTIONS, faults={"wrok": ["X"]}),
            "faults: there is no Task, Parallel or Map 'wrok'; did you mean 'work'? Known: 'work'.",
        ),
        (
            lambda: run(Limited, [1], FUNCTIONS, faults={"held": ["X"]}),
            "faults: there is no Task, Parallel or Map 'held'. Known: 'each', 'each.work'.",
        ),
        (
            lambda: run(Each, {}, FUNCTIONS, objects={"s3://bucket/items.json": []}),
            "objects: no ItemReader reads 's3://bucket/items.json'. Known: none.",
        ),
        (
            lambda: run(Reads, {}, FUNCTIONS, objects={"s3://${bucket}/item.json": []}),
            "objects: no ItemReader reads 's3://${bucket}/item.json'; did you mean 's3://${bucket}/items.json'? "
            "Known: 's3://${bucket}/items.json'.",
        ),
    ],
)
def test_run_rejects_unused_keys(call: Callable[[], object], message: str) -> None:
    with pytest.raises(UnknownKey) as error:
        call()
    assert str(error.value) == message


def test_run_accepts_every_name_of_a_task_and_computed_object_names() -> None:
    for name in ("work", "/States/work", "work_fn", "${work_fn}", "lambda:invoke", "arn:aws:states:::lambda:invoke"):
        assert run(Each, {}, {name: lambda _: "done"}).output == "done"
    objects = {"s3://fixed/here.json": [1, 2], "s3://fixed/elsewhere.json": []}
    assert run(ReadsFromData, {"key": "here.json"}, FUNCTIONS, objects=objects).output == ["done", "done"]


def test_run_accepts_functions_that_it_does_not_reach() -> None:
    class Either(Workflow[dict[str, bool], object]):
        route = Choice(input_of(dict[str, bool]))
        work = Invoke(work_fn)
        done = Succeed()
        start = route
        flow = (route.when(input_of(dict[str, bool])["go"] == True) >> work >> END, route.otherwise >> done)  # noqa: E712

    assert run(Either, {"go": False}, FUNCTIONS).path == ("route", "done")
