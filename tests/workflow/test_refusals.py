"""A wrong workflow is rejected when Python imports it, with a message that says what to do."""

import types
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, TypedDict

import pytest

from workflow import (
    ALL,
    END,
    Choice,
    Fail,
    Function,
    Inline,
    Invoke,
    Map,
    Parallel,
    Pass,
    Retry,
    Succeed,
    Wait,
    Workflow,
    WorkflowError,
    caught,
    input_of,
    made,
    output_of,
    result_of,
    run,
    variable,
)
from workflow.annotations import Edge, State
from workflow.dsl.workflow_class import OWN_NAMES
from workflow.failures import NoSuchField, NotACondition, NotExhaustive, NotPortable, NotReached, Unbound, WrongJoin
from workflow.fn import concat, is_present, item_at, jsonata, one_of
from workflow.service_steps import GetItem, ItemReader, ServiceCall, Table


@dataclass
class Buy:
    action: Literal["buy"]
    sku: str
    quantity: int


@dataclass
class Sell:
    action: Literal["sell"]
    sku: str
    price: int


class Decision(TypedDict):
    status: Literal["good", "bad"]


buy_fn = Function("buy_fn", Buy, Decision)
any_fn = Function("any_fn", object, Decision)


def workflow(**attributes: Any) -> type[Workflow[Any, Any]]:
    """Return a workflow class with these attributes, as if they were written in its body."""
    return types.new_class(
        "Trial",
        (Workflow[Any, Any],),
        {},
        lambda space: space.update(attributes) or [space.__setitem__(*each) for each in attributes.items()],
    )  # type: ignore[func-returns-value]


def test_a_workflow_needs_a_start() -> None:
    with pytest.raises(WorkflowError, match="Trial has no start: write `start = <its first state>`"):
        workflow(flow=())


def test_a_name_cannot_be_defined_twice() -> None:
    with pytest.raises(WorkflowError, match="work is defined twice in this workflow"):

        class Twice(Workflow[Any, Any]):
            work = Invoke(any_fn)
            work = Invoke(any_fn)  # noqa: PIE794


def test_two_states_with_the_same_name_are_rejected() -> None:
    a, b = Invoke(any_fn, name="same"), Invoke(any_fn, name="same")
    with pytest.raises(WorkflowError, match="two states are named same"):
        workflow(a=a, b=b, start=a, flow=(a >> b >> END,))


def test_an_unreachable_state_is_rejected() -> None:
    a, b = Invoke(any_fn), Invoke(any_fn)
    with pytest.raises(NotReached, match="no path from a leads to b"):
        workflow(a=a, b=b, start=a, flow=(a >> END, b >> END))


def test_a_second_transition_is_rejected() -> None:
    a, b, c = Invoke(any_fn), Succeed(), Succeed()
    with pytest.raises(
        WrongJoin, match="a already has a transition to b, so it cannot have one to c; write each transition once"
    ):
        workflow(a=a, b=b, c=c, start=a, flow=(a >> b, a >> c))


def test_a_missing_transition_or_target_is_rejected() -> None:
    a, b = Invoke(any_fn), Succeed()
    with pytest.raises(WrongJoin, match="the catch transition of a has no target"):
        workflow(a=a, b=b, start=a, flow=(a >> b, a.catch(ALL)))
    with pytest.raises(WrongJoin, match="a has no transition: add one to a state, or to END"):
        workflow(a=a, start=a, flow=())


def test_a_state_that_is_not_an_attribute_is_rejected() -> None:
    a, stranger = Invoke(any_fn), Succeed(name="stranger")
    with pytest.raises(WrongJoin, match="stranger is in the flow but is not an attribute of the workflow"):
        workflow(a=a, start=a, flow=(a >> stranger,))


def test_transitions_that_a_state_cannot_have_are_rejected() -> None:
    route, a = Choice(input_of(Buy | Sell)), Invoke(any_fn)
    with pytest.raises(WrongJoin, match=r"start its transitions with case\(\), equals\(\), when\(\) or otherwise"):
        route >> a
    with pytest.raises(WrongJoin, match=r"nothing can follow it"):
        Succeed() >> a
    with pytest.raises(
        WrongJoin, match=r"the default transition of route must lead to a state, not to END: add a Succeed"
    ):
        workflow(route=route, a=a, start=route, flow=(route.case(Buy) >> a >> END, route.otherwise >> END))


def test_a_choice_on_the_input_needs_a_default() -> None:
    route, a, b = Choice(input_of(Buy | Sell)), Succeed(), Succeed()
    with pytest.raises(NotExhaustive, match="may be any JSON: add a transition for `otherwise`"):
        workflow(route=route, a=a, b=b, start=route, flow=(route.case(Buy) >> a, route.case(Sell) >> b))


def test_a_choice_over_a_literal_must_be_exhaustive() -> None:
    work, done = Invoke(any_fn), Succeed()
    status = Choice(output_of(work), by=output_of(work)["status"])
    with pytest.raises(NotExhaustive, match="status has no transition for 'bad': add it, or `otherwise`"):
        workflow(work=work, status=status, done=done, start=work, flow=(work >> status, status.equals("good") >> done))
    workflow(
        work=work,
        status=status,
        done=done,
        start=work,
        flow=(work >> status, status.equals("good") >> done, status.equals("bad") >> done),
    )


def test_a_case_must_be_a_member_of_the_union() -> None:
    with pytest.raises(
        WorkflowError, match=r"case\(Decision\): must be given a type of the subject, which is Buy \| Sell"
    ):
        Choice(input_of(Buy | Sell)).case(Decision)


@pytest.mark.parametrize("form", [Buy, Buy | Sell, Decision])
def test_a_misspelled_field_lists_the_fields(form: Any) -> None:
    with pytest.raises(NoSuchField, match=r"has no field 'skuu'; it has (action, sku|status)"):
        input_of(form).skuu  # noqa: B018


@pytest.mark.parametrize(
    "use",
    [
        lambda value: not value.sku,
        lambda value: value.sku in ("a", "b"),
        lambda value: "a" in value.sku,
        lambda value: value.quantity > 1 and value.quantity < 3,
        lambda value: 1 < value.quantity < 3,
        lambda value: f"{value.sku}",
        lambda value: len(value.sku),
        lambda value: list(value.sku),
        lambda value: {value.sku: 1},
        lambda value: bool(value.sku == "a"),
    ],
)
def test_conditions_that_python_would_evaluate_are_rejected(use: Any) -> None:
    """Python would evaluate `not`, `in` or a chained comparison at import, before the workflow has any values."""
    with pytest.raises(NotACondition, match=r"before the workflow runs.*(not_\(\)|concat)"):
        use(input_of(Buy))


def test_booleans_values_and_constants_are_not_conditions() -> None:
    route = Choice(input_of(Buy))
    with pytest.raises(NotACondition, match="True is evaluated when Python reads the workflow"):
        route.when(True)
    with pytest.raises(NotACondition, match=r"is a value, not a condition: compare it, or use is_true\(\)"):
        route.when(input_of(Buy).sku)  # type: ignore[arg-type]
    with pytest.raises(WorkflowError, match="is a constant, but a condition must test data"):
        is_present("constant")


def test_references_cannot_be_assigned_to() -> None:
    with pytest.raises(NotACondition, match="cannot be assigned to"):
        input_of(Buy).sku = "x"


def test_the_output_of_a_state_that_may_not_have_run_is_rejected() -> None:
    route, work, use = Choice(input_of(Buy)), Invoke(any_fn), Pass({})
    use = Pass({"status": output_of(work)["status"]})
    with pytest.raises(
        WorkflowError, match="use refers to the output of work, which may not have run on every path to use"
    ):
        workflow(
            route=route,
            work=work,
            use=use,
            start=route,
            flow=(route.when(input_of(Buy).quantity > 1) >> work >> use >> END, route.otherwise >> use),
        )


def test_only_a_variable_can_be_assigned() -> None:
    with pytest.raises(WorkflowError, match="only a whole variable can be assigned"):
        Invoke(any_fn).assign(input_of(Buy).sku, "x")
    with pytest.raises(WorkflowError, match="must be an attribute of the workflow class"):
        Invoke(any_fn).assign(variable(str), "x")


def test_payloads_must_have_the_fields_of_their_type() -> None:
    with pytest.raises(WorkflowError, match=r"made\(Buy\): no field colour; its fields are action, sku, quantity"):
        made(Buy)(action="buy", sku="a", quantity=1, colour="red")  # type: ignore[call-arg]
    with pytest.raises(WorkflowError, match=r"made\(Buy\): missing quantity"):
        made(Buy)(action="buy", sku="a")  # type: ignore[call-arg]


def test_names_must_be_bound_all_together() -> None:
    one, two = Invoke(any_fn), Invoke(buy_fn, input_of(Buy))
    both = workflow(one=one, two=two, start=one, flow=(one >> two >> END,))
    with pytest.raises(Unbound, match="missing values for buy_fn"):
        both.asl({any_fn: "arn:aws:lambda:eu-central-1:123456789012:function:any:1"})
    with pytest.raises(Unbound, match="unknown names other; the workflow binds any_fn, buy_fn"):
        both.asl({"other": "x", "any_fn": "x", "buy_fn": "x"})


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (lambda: Wait(), "give either how_long or until"),
        (lambda: Map(input_of(Buy).sku, Inner), "must be given an array, got str"),
        (lambda: Parallel(), "Parallel must be given at least one workflow"),
        (lambda: ServiceCall("arn:aws:states:::ecs:runTask", {}, dict), "must be given the part of the ARN after"),
        (lambda: Invoke(any_fn).waiting_for_token(Decision), "nobody can answer"),
        (lambda: Choice("text"), "must decide by input_of"),
    ],
)
def test_states_name_the_arguments_that_they_need(state: Any, message: str) -> None:
    with pytest.raises(WorkflowError, match=message):
        state()


def test_dynamodb_attributes_need_a_type() -> None:
    get = GetItem(Table("table"), {"pk": input_of(dict)})
    with pytest.raises(WorkflowError, match="a DynamoDB attribute needs a type: string, number or boolean"):
        workflow(get=get, start=get, flow=(get >> END,)).asl()


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (lambda: Pass({"x": jsonata("$uppercase('a')", str)}), "EXPRESSION_NOT_PORTABLE"),
        (lambda: Pass({"x": [{"y": input_of(Buy).sku}, input_of(Buy).sku]}), "ARRAY_NOT_PORTABLE"),
        (lambda: Pass(concat(input_of(Buy).sku, "x")), "FIELD_NOT_PORTABLE"),
        (lambda: Wait(item_at(jsonata("[1]", list[int]), 0)), "FIELD_NOT_PORTABLE"),
    ],
)
def test_values_that_jsonpath_cannot_express_are_rejected_with_a_code(state: Any, code: str) -> None:
    trial = state()
    lone = workflow(trial=trial, start=trial, flow=(trial >> END,))
    lone.asl()
    with pytest.raises(NotPortable, match=code):
        lone.asl(language="JSONPath")


class Inner(Workflow[Buy, Decision]):
    """A fragment for other workflows."""

    buy = Invoke(buy_fn)
    start = buy
    flow = (buy >> END,)


def test_a_fragment_can_be_used_several_times() -> None:
    """Each use of a fragment has its own state names and takes the output of the state before it."""
    once, buy_again, twice, done = Inline(Inner), Pass(input_of(Buy)), Inline(Inner), Succeed()
    flow = (once >> buy_again >> twice >> done,)
    both = workflow(once=once, buy_again=buy_again, twice=twice, done=done, start=once, flow=flow, fine=None)
    states = both.asl()["States"]
    assert list(states) == ["once.buy", "buy_again", "twice.buy", "done"]  # type: ignore[call-overload]


def test_states_and_edges_are_instances_of_their_annotations() -> None:
    assert ItemReader(bucket="b", key="k").config() == {}
    assert isinstance(Invoke(any_fn).catch(ALL), Edge)
    assert isinstance(Fail(), State)


@pytest.mark.parametrize(
    "state",
    [
        lambda: Wait(timedelta(milliseconds=500)),
        lambda: Invoke(any_fn, timeout=timedelta(seconds=1.5)),
        lambda: Invoke(any_fn, retry=Retry(interval=timedelta(milliseconds=200))),
        lambda: Invoke(any_fn, retry=Retry(max_delay=timedelta(seconds=0.1))),
    ],
)
def test_fractions_of_a_second_are_rejected(state: Any) -> None:
    """Rounding down would turn half a second into 0, which means something else for a wait or a limit."""
    with pytest.raises(
        WorkflowError, match=r"^\w+: \w+: a duration must be a whole number of seconds, got 0:00:0\d\.\d+$"
    ):
        state()


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (
            lambda buy: buy.quantity == "1",
            "<input.quantity> is int, so comparing it with '1', which is str, is never true",
        ),
        (lambda buy: buy.sku > 3, "<input.sku> is str, so comparing it with 3, which is int, is never true"),
        (
            lambda buy: buy.sku == None,  # noqa: E711
            "<input.sku> is str, so comparing it with None, which is None, is never true; "
            "use is_present() or is_null() to test for a value",
        ),
        (lambda buy: buy.action == "bye", "<input.action> is Literal['buy'], so it can never be 'bye'"),
        (lambda buy: one_of(buy.action, "buy", "bye"), "<input.action> is Literal['buy'], so it can never be 'bye'"),
        (
            lambda buy: buy.quantity > 1 & buy.quantity,
            "<input.quantity> is a value, but & and | combine conditions: put each side in parentheses, "
            "(a > 1) & (b < 5); use is_true() for a boolean",
        ),
    ],
)
def test_a_condition_that_can_never_hold_is_rejected(condition: Any, message: str) -> None:
    with pytest.raises(NotACondition) as error:
        condition(input_of(Buy))
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda buy: buy.sku + 1, r"\+ requires two numbers or two strings, but <input.sku> is str and 1 is int"),
        (lambda buy: "a" * buy.quantity, r"\* requires two numbers, but 'a' is str and <input.quantity> is int"),
        (lambda buy: buy.quantity / 2, r"cannot divide it; use plus\(\), minus\(\)"),
        (lambda buy: buy.sku.upper, "has no field 'upper'"),
        (lambda buy: input_of(dict[str, Any]).pop("a"), "cannot call a method of it; use concat"),
        (lambda buy: buy.sku[0], "<input.sku> is str, not an array, so it has no items"),
        (lambda buy: input_of(list[str])[1:], "an array takes one integer as its index"),
        (lambda buy: round(buy.quantity), "cannot convert it to a number"),
    ],
)
def test_unsupported_operations_on_references_are_rejected(value: Any, message: str) -> None:
    """Each message says what to write instead."""
    with pytest.raises(WorkflowError, match=message):
        value(input_of(Buy))


def test_operators_calculate_numbers_and_join_strings() -> None:
    """The types decide whether `+` adds numbers or joins strings."""
    buy = input_of(Buy)
    calculation = Pass({"more": buy.quantity + 1, "less": 10 - buy.quantity * 2, "text": "sku-" + buy.sku})
    trial = workflow(calculation=calculation, start=calculation, flow=(calculation >> END,))
    ended = run(trial, {"action": "buy", "sku": "a", "quantity": 3})
    assert ended.output == {"more": 4, "less": 4, "text": "sku-a"}


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (lambda: Invoke(any_fn, retries=3), "Invoke: unknown option retries; the options are .*retry"),
        (lambda: Invoke(any_fn, retry=3), "Invoke: retry must be a Retry or a tuple of them, got 3"),
        (lambda: Invoke(any_fn, retry=Retry(on=ALL)), r"Retry\(on='States.ALL'\): must be a tuple of error names"),
        (lambda: Invoke(any_fn).catch(["A", "B"]), r"give the error names as separate arguments, catch\('A', 'B'\)"),
        (
            lambda: Map(input_of(list[str]), Invoke(any_fn)),
            "Map: must be given subclasses of Workflow, got",
        ),
        (lambda: Parallel(Inner, "Inner"), "Parallel: must be given subclasses of Workflow, got 'Inner'"),
        (lambda: Inline(any_fn), "Inline: must be given subclasses of Workflow, got Function"),
        (lambda: Invoke(any_fn) >> (Succeed(), Fail()), "write transitions to several states one by one"),
        (lambda: Invoke(any_fn) >> Choice(input_of(Buy)).otherwise, "write the transitions of a Choice separately"),
    ],
)
def test_wrong_options_and_transitions_are_rejected(state: Any, message: str) -> None:
    with pytest.raises(WorkflowError, match=message):
        state()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"on": timedelta(days=1)},
            r"datetime.timedelta\(days=1\) is a timedelta, which cannot be represented in JSON",
        ),
        ({"on": datetime(2026, 1, 1)}, r"datetime.datetime\(2026, 1, 1, 0, 0\) must have a time zone"),  # noqa: DTZ001
        ({"on": Decimal("1.5")}, r"Decimal\('1.5'\) may be a number or a string in JSON: write float\(\) or str\(\)"),
        ({"buy": Buy("buy", "a", 1)}, r"write made\(Buy\)\(…\) with its fields"),
        ({1: "a"}, "1 is a int, but the names of an object's fields must be strings"),
        (result_of(Decision), "a result is available only in the output and the assignments"),
        (caught(), r"an error is available only on the transition of a catch\(\)"),
    ],
)
def test_values_that_a_payload_cannot_contain_are_rejected(value: object, message: str) -> None:
    only = Pass(value)
    with pytest.raises(WorkflowError, match=message):
        workflow(only=only, start=only, flow=(only >> END,))


def test_the_timeout_of_a_task_must_be_a_duration() -> None:
    with pytest.raises(
        WorkflowError, match="Invoke: timeout must be a timedelta, a Limit, or seconds from data, got '20 s'"
    ):
        Invoke(any_fn, timeout="20 s")  # type: ignore[arg-type]


def test_invalid_bindings_and_query_languages_are_rejected() -> None:
    work = Invoke(any_fn)
    trial = workflow(work=work, start=work, flow=(work >> END,))
    with pytest.raises(Unbound, match=r"any_fn must be a string \(.*\), got 7"):
        trial.asl({any_fn: 7})  # type: ignore[dict-item]
    with pytest.raises(WorkflowError, match="language='jsonata': must be 'JSONata' or 'JSONPath'"):
        trial.asl(language="jsonata")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(OWN_NAMES))
def test_reserved_attribute_names_are_rejected(name: str) -> None:
    """These names are attributes of every workflow; the message says that a state can still have one by `name=`."""
    assert name == "flow" or hasattr(Inner, name)
    with pytest.raises(WorkflowError, match=f"{name} is an attribute of every workflow: .* give it name='{name}'"):
        workflow(**{name: Fail()})
    with pytest.raises(WorkflowError, match=f"{name} is an attribute of every workflow"):
        workflow(**{name: variable(str)})


def test_all_reserved_attribute_names_are_listed() -> None:
    """A new method of Workflow would take a name that workflows may use for their states."""
    own = {name for name in (*vars(Workflow), *vars(type(Workflow))) if not name.startswith("_")}
    assert own | {"graph", "flow", "compiled_scope"} == OWN_NAMES


def test_the_timeout_of_a_workflow_must_be_a_duration() -> None:
    with pytest.raises(WorkflowError, match="timeout must be a timedelta, or a Limit that the deployment sets, got 30"):
        workflow(timeout=30)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (
            lambda free: free["a"] != None,  # noqa: E711  # a value of the language does not support `is`
            r"!= with null is never true, .*; use not_\(is_null\(\)\) to require a value",
        ),
        (lambda free: free["a"] == [1], "objects and arrays cannot be compared"),
        (lambda free: free["a"] < True, "only strings and numbers can be ordered"),
        (lambda free: input_of(list[int]) == input_of(list[str]), "objects and arrays cannot be compared"),
    ],
)
def test_unsupported_comparisons_are_rejected(condition: Any, message: str) -> None:
    route, done = Choice(input_of(dict)), Succeed()
    compared = condition(input_of(dict[str, Any]))
    with pytest.raises(WorkflowError, match=message):
        workflow(route=route, done=done, start=route, flow=(route.when(compared) >> done, route.otherwise >> done))


def test_the_old_name_of_assign_works_and_warns() -> None:
    """A workflow written for 0.1 keeps working until 0.3."""
    late = variable(int, name="late")
    with pytest.warns(DeprecationWarning, match=r"remember\(\) was renamed to assign\(\)"):
        state = Pass(1).remember(late, 3)
    assert list(state.assignments.values()) == [3]
