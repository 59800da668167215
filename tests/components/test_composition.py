"""Components in somebody else's program: options given to a component reach every child."""

import importlib
import inspect
import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

import components
from tests.components.synth import Graph, record

CODE: Any = {"code": pulumi.AssetArchive({}), "handler": "app.handler"}
VERSIONS: Any = {
    name: f"arn:aws:lambda:eu-central-1:123456789012:function:{name}:1" for name in ("purchase", "refund", "record")
}
ANSWER = "arn:aws:lambda:eu-west-1:123456789012:function:answer:live"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:signing-a1b2c3"
EACH: list[tuple[type[Any], dict[str, Any]]] = [
    (components.OrderStore, {}),
    (components.AuditBucket, {}),
    (components.MonitoredLambda, CODE | {"schedule": "rate(1 hour)"}),
    (components.BookingStateMachine, {"functions": VERSIONS, "starter": "callers"}),
]
AND_SMALL_ONES: list[tuple[type[Any], Any]] = [
    *EACH,
    (components.AlertTopic, {"email": "team@example.com"}),
    (components.SandboxGateway, {}),
    (components.GatewayEvents, CODE | {"secret": SECRET}),
    (components.BookingApi, {"function": ANSWER, "issuer": "https://id.example.com", "audiences": ["booking"]}),
    (components.ProofKey, {}),
    (components.StaffPool, {"domain": "shop-staff", "callbacks": ["https://desk.example.com/"]}),
    (components.SignedPackage, {"package": pulumi.FileAsset(__file__)}),
]
STAGE = components.Stage.of("test", {"alertEmail": "team@example.com"})
EVERY: list[tuple[type[Any], Any]] = [*AND_SMALL_ONES, (components.Foundation, STAGE)]


def with_options(component: type[Any], args: Any, **options: Any) -> Graph:
    """The component made with options, such as a team would give."""
    return record(lambda: component("mine", args, pulumi.ResourceOptions(**options)))


def takes_region(token: str) -> bool:
    """Return whether pulumi-aws accepts a region for resources of this type."""
    _, module, kind = token.split(":")
    folder = {"lambda": "lambda_"}.get(module.split("/")[0], module.split("/")[0])
    return "region" in inspect.signature(getattr(importlib.import_module(f"pulumi_aws.{folder}"), kind).get).parameters


@pytest.mark.parametrize(("component", "args"), EVERY)
def test_a_provider_handed_to_a_component_reaches_every_child_and_every_question(
    component: type[Any], args: Any
) -> None:
    """So a region or an account handed in with it does too: no child is made, and nothing asked, elsewhere."""

    def program() -> None:
        elsewhere = aws.Provider("elsewhere", region="eu-west-1")
        component("mine", args, pulumi.ResourceOptions(provider=elsewhere))

    graph = record(program)
    children = [each for each in graph.resources if each.type.startswith("aws:")]
    assert children
    assert [each.name for each in children if "::elsewhere::" not in each.provider] == []
    assert [token for token, provider in graph.asked if "::elsewhere::" not in provider] == []


@pytest.mark.parametrize("later", [False, True], ids=["plain", "output"])
@pytest.mark.parametrize(("component", "args"), AND_SMALL_ONES)
def test_a_region_handed_to_a_component_reaches_every_child_and_every_arn(
    component: type[Any], args: dict[str, Any], later: bool
) -> None:
    """Whatever has a region is in that one, and no ARN, condition or service name speaks of the provider's."""
    ireland = "eu-west-1"
    functions = {key: each.replace("eu-central-1", ireland) for key, each in VERSIONS.items()}
    there = args | ({"functions": functions} if "functions" in args else {})

    def program() -> None:
        component("mine", there | {"region": pulumi.Output.from_input(ireland) if later else ireland})

    children = [each for each in record(program).resources if each.custom]
    regions = {each.name: each.inputs.get("region") for each in children}
    assert {each.name: ireland if takes_region(each.type) else None for each in children} == regions
    elsewhere = [each.name for each in children if "eu-central-1" in json.dumps(each.inputs, default=str)]
    assert elsewhere == []


def test_a_child_that_says_where_it_belongs_stays_there() -> None:
    """The escape hatch is stronger than the component's region."""

    def in_frankfurt(seen: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if seen.type_ != "aws:sqs/queue:Queue":
            return None
        return pulumi.ResourceTransformationResult({**seen.props, "region": "eu-central-1"}, seen.opts)

    args = CODE | {"region": "eu-west-1"}
    graph = with_options(components.MonitoredLambda, args, transformations=[in_frankfurt])
    [queue] = graph.of_type("aws:sqs/queue:Queue")
    [function] = graph.of_type("aws:lambda/function:Function")
    assert (queue.inputs["region"], function.inputs["region"]) == ("eu-central-1", "eu-west-1")


@pytest.mark.parametrize(("component", "args"), EVERY)
def test_every_child_can_be_changed_from_outside(component: type[Any], args: Any) -> None:
    """The escape hatch: a transformation sees each child, and what it says holds."""

    def in_ireland(seen: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not seen.type_.startswith("aws:") or seen.type_.startswith("aws:iam/"):
            return None
        return pulumi.ResourceTransformationResult({**seen.props, "region": "eu-west-1"}, seen.opts)

    graph = with_options(component, args, transformations=[in_ireland])
    regional = [each for each in graph.resources if each.type.startswith("aws:") and "aws:iam/" not in each.type]
    assert {"eu-west-1"} == {each.inputs.get("region") for each in regional}


@pytest.mark.parametrize(("component", "args"), EVERY)
def test_every_child_lies_below_its_component(component: type[Any], args: Any) -> None:
    """Nothing of a component floats beside it, so moving or deleting it moves or deletes all."""
    graph = with_options(component, args)
    [root] = [each for each in graph.resources if each.name == "mine"]
    below = {root.urn}
    for each in graph.resources:
        below |= {each.urn} if each.parent in below else set()
    assert {each.urn for each in graph.resources} == below
    assert [each.name for each in graph.resources if not each.name.startswith("mine")] == []


ARN = "arn:aws:{0}:eu-central-1:123456789012:{1}"
INPUTS: dict[type[Any], dict[str, Any]] = {
    components.OrderStore: {
        "key": ARN.format("kms", "key/1"),
        "topic": ARN.format("sns", "t"),
        "boundary": "arn:aws:iam::123456789012:policy/b",
    },
    components.AuditBucket: {"key": ARN.format("kms", "key/1"), "logbucket": "logs"},
    components.MonitoredLambda: {
        "handler": "app.handler",
        "runtime": "python3.12",
        "key": ARN.format("kms", "key/1"),
        "logkey": ARN.format("kms", "key/2"),
        "topic": ARN.format("sns", "t"),
        "boundary": "arn:aws:iam::123456789012:policy/b",
    },
    components.BookingStateMachine: {
        "key": ARN.format("kms", "key/1"),
        "logkey": ARN.format("kms", "key/2"),
        "topic": ARN.format("sns", "t"),
        "boundary": "arn:aws:iam::123456789012:policy/b",
    },
}
LISTS: dict[type[Any], dict[str, Any]] = {
    components.OrderStore: {},
    components.AuditBucket: {},
    components.MonitoredLambda: {
        "grants": ['[{"Sid": "A", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::b/x"]}]'],
        "subnets": ["subnet-1"],
        "securitygroups": ["sg-1"],
    },
    components.BookingStateMachine: {},
}
MAPS: dict[type[Any], dict[str, Any]] = {
    components.OrderStore: {"tags": {"team": "a"}},
    components.AuditBucket: {"tags": {"team": "a"}},
    components.MonitoredLambda: {"tags": {"team": "a"}, "environment": {"NAME": "value"}},
    components.BookingStateMachine: {"tags": {"team": "a"}, "functions": VERSIONS},
}


@pytest.mark.parametrize(("component", "args"), EACH)
def test_an_output_through_every_input_gives_what_its_value_gives(component: type[Any], args: dict[str, Any]) -> None:
    """Wire another component's output into each key that takes one."""
    plain = args | INPUTS[component] | LISTS[component] | MAPS[component]

    def later() -> dict[str, Any]:
        wrap = pulumi.Output.from_input
        inputs = {key: wrap(value) for key, value in INPUTS[component].items()}
        lists = {key: [wrap(value) for value in values] for key, values in LISTS[component].items()}
        maps = {key: {name: wrap(value) for name, value in each.items()} for key, each in MAPS[component].items()}
        return args | inputs | lists | maps

    now = record(lambda: component("mine", plain))
    then = record(lambda: component("mine", later()))
    assert _children(now) == _children(then)


@pytest.mark.parametrize(("component", "args"), EACH)
def test_an_unknown_through_every_input_makes_the_same_children(component: type[Any], args: dict[str, Any]) -> None:
    """A preview before anything exists."""
    plain = args | INPUTS[component] | LISTS[component] | MAPS[component]

    def unknown() -> Any:
        return pulumi.Output.from_input(pulumi.output.UNKNOWN)

    def program() -> None:
        inputs = {key: unknown() for key in INPUTS[component]}
        lists = {key: [unknown() for _ in values] for key, values in LISTS[component].items()}
        maps = {key: {name: unknown() for name in each} for key, each in MAPS[component].items()}
        component("mine", args | inputs | lists | maps)

    now, then = record(lambda: component("mine", plain)), record(program, preview=True)
    assert sorted(each.urn for each in now.resources) == sorted(each.urn for each in then.resources)


def _children(graph: Graph) -> dict[str, Any]:
    """Their inputs; archives are equal to nothing but themselves."""
    told = {each.urn: each.inputs for each in graph.resources if each.custom}
    return {urn: {key: value for key, value in inputs.items() if key != "code"} for urn, inputs in told.items()}


@pytest.mark.parametrize(("component", "args"), EVERY)
def test_every_child_is_named_after_what_it_lies_in(component: type[Any], args: Any) -> None:
    """So that the engine finds its former name where a component is renamed with an alias."""
    graph = with_options(component, args)
    children = [each for each in graph.resources if each.name != "mine"]
    assert [each.name for each in children if not each.name.startswith(each.parent.rpartition("::")[2])] == []


@pytest.mark.parametrize(("component", "args"), EVERY)
def test_two_of_a_kind_live_side_by_side(component: type[Any], args: Any) -> None:
    """Names come from the component's name, so no two children collide."""

    def program() -> None:
        component("one", args)
        component("two", args)

    urns = [each.urn for each in record(program).resources]
    assert len(set(urns)) == len(urns)


def test_physical_names_are_left_to_pulumi() -> None:
    """`<project>-<stage>-<logical>-<7 hex>`: a fixed name could not be replaced, and could not be had twice."""

    def program() -> None:
        for number, (component, args) in enumerate(EACH):
            component(f"mine{number}", args)

    for each in record(program).resources:
        given = {each.inputs.get("name"), each.inputs.get("bucket")} - {None}
        own = {value for value in given if not str(value).startswith("booking-")}
        assert not own or each.type in ("aws:lambda/alias:Alias", "aws:kms/alias:Alias"), each.name


LONGEST = {
    "aws:backup/plan:Plan": 50,
    "aws:backup/selection:Selection": 50,
    "aws:backup/vault:Vault": 50,
    "aws:cloudwatch/eventRule:EventRule": 64,
    "aws:cloudwatch/metricAlarm:MetricAlarm": 255,
    "aws:dynamodb/table:Table": 255,
    "aws:iam/role:Role": 64,
    "aws:iam/rolePolicy:RolePolicy": 128,
    "aws:lambda/function:Function": 64,
    "aws:s3/bucket:Bucket": 63,
    "aws:sfn/stateMachine:StateMachine": 80,
    "aws:sns/topic:Topic": 256,
    "aws:sqs/queue:Queue": 80,
}


def test_names_fit_into_what_aws_allows_for_the_longest_stage(prod: Graph) -> None:
    """A name that is a character too long is found by the deployment of that one stage only."""
    for each in prod.resources:
        name = f"booking-{'x' * 10}-{each.name}-0123456"
        assert len(name) <= LONGEST.get(each.type, 1000), name
