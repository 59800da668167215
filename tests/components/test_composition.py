"""Components used in another team's program pass their options on to every child."""

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
PUBLIC_COMPONENTS: list[tuple[type[Any], dict[str, Any]]] = [
    (components.OrderStore, {}),
    (components.AuditBucket, {}),
    (components.MonitoredLambda, CODE | {"schedule": "rate(1 hour)"}),
    (components.BookingStateMachine, {"functions": VERSIONS, "starter": "callers"}),
]
REGIONAL_COMPONENTS: list[tuple[type[Any], Any]] = [
    *PUBLIC_COMPONENTS,
    (components.AlertTopic, {"email": "team@example.com"}),
    (components.SandboxGateway, {}),
    (components.GatewayEvents, CODE | {"secret": SECRET}),
    (components.BookingApi, {"function": ANSWER, "issuer": "https://id.example.com", "audiences": ["booking"]}),
    (components.ProofKey, {}),
    (components.StaffPool, {"domain": "shop-staff", "callbacks": ["https://desk.example.com/"]}),
    (components.SignedPackage, {"package": pulumi.FileAsset(__file__)}),
]
STAGE = components.Stage.of("test", {"alertEmail": "team@example.com"})
ALL_COMPONENTS: list[tuple[type[Any], Any]] = [*REGIONAL_COMPONENTS, (components.Foundation, STAGE)]


def record_with_options(component: type[Any], args: Any, **options: Any) -> Graph:
    """Return the graph of a component that is created with these resource options."""
    return record(lambda: component("mine", args, pulumi.ResourceOptions(**options)))


def takes_region(token: str) -> bool:
    """Return whether pulumi-aws accepts a region for resources of this type."""
    _, module, kind = token.split(":")
    folder = {"lambda": "lambda_"}.get(module.split("/")[0], module.split("/")[0])
    return "region" in inspect.signature(getattr(importlib.import_module(f"pulumi_aws.{folder}"), kind).get).parameters


@pytest.mark.parametrize(("component", "args"), ALL_COMPONENTS)
def test_every_child_and_invoke_uses_the_provider_of_its_component(component: type[Any], args: Any) -> None:
    """Nothing is created or read in the default provider's region or account."""

    def program() -> None:
        elsewhere = aws.Provider("elsewhere", region="eu-west-1")
        component("mine", args, pulumi.ResourceOptions(provider=elsewhere))

    graph = record(program)
    children = [each for each in graph.resources if each.type.startswith("aws:")]
    assert children
    assert [each.name for each in children if "::elsewhere::" not in each.provider] == []
    assert [token for token, provider in graph.invokes if "::elsewhere::" not in provider] == []


@pytest.mark.parametrize("later", [False, True], ids=["plain", "output"])
@pytest.mark.parametrize(("component", "args"), REGIONAL_COMPONENTS)
def test_every_child_and_arn_uses_the_region_of_its_component(
    component: type[Any], args: dict[str, Any], later: bool
) -> None:
    """No ARN, condition or service name contains the provider's region instead."""
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


def test_a_childs_own_region_overrides_the_region_of_its_component() -> None:
    """A transformation takes precedence over the component's argument."""

    def in_frankfurt(resource: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if resource.type_ != "aws:sqs/queue:Queue":
            return None
        return pulumi.ResourceTransformationResult({**resource.props, "region": "eu-central-1"}, resource.opts)

    args = CODE | {"region": "eu-west-1"}
    graph = record_with_options(components.MonitoredLambda, args, transformations=[in_frankfurt])
    [queue] = graph.of_type("aws:sqs/queue:Queue")
    [function] = graph.of_type("aws:lambda/function:Function")
    assert (queue.inputs["region"], function.inputs["region"]) == ("eu-central-1", "eu-west-1")


@pytest.mark.parametrize(("component", "args"), ALL_COMPONENTS)
def test_transformations_apply_to_every_child(component: type[Any], args: Any) -> None:
    """This is the way to change what a component has no argument for."""

    def in_ireland(resource: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not resource.type_.startswith("aws:") or resource.type_.startswith("aws:iam/"):
            return None
        return pulumi.ResourceTransformationResult({**resource.props, "region": "eu-west-1"}, resource.opts)

    graph = record_with_options(component, args, transformations=[in_ireland])
    regional = [each for each in graph.resources if each.type.startswith("aws:") and "aws:iam/" not in each.type]
    assert {"eu-west-1"} == {each.inputs.get("region") for each in regional}


@pytest.mark.parametrize(("component", "args"), ALL_COMPONENTS)
def test_every_child_is_a_descendant_of_its_component(component: type[Any], args: Any) -> None:
    """Moving or deleting a component therefore moves or deletes all of it."""
    graph = record_with_options(component, args)
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


@pytest.mark.parametrize(("component", "args"), PUBLIC_COMPONENTS)
def test_outputs_as_inputs_create_the_same_children_as_plain_values(component: type[Any], args: dict[str, Any]) -> None:
    """Every input that accepts an output gets one."""
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


@pytest.mark.parametrize(("component", "args"), PUBLIC_COMPONENTS)
def test_unknown_inputs_register_the_same_children(component: type[Any], args: dict[str, Any]) -> None:
    """This is the preview of a program whose other resources do not exist yet."""
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
    """Return the inputs of each child, without archives, which never compare equal."""
    inputs_by_urn = {each.urn: each.inputs for each in graph.resources if each.custom}
    return {
        urn: {key: value for key, value in inputs.items() if key != "code"} for urn, inputs in inputs_by_urn.items()
    }


@pytest.mark.parametrize(("component", "args"), ALL_COMPONENTS)
def test_the_name_of_every_child_starts_with_its_parents_name(component: type[Any], args: Any) -> None:
    """The engine thus finds former names of children when a component is renamed with an alias."""
    graph = record_with_options(component, args)
    children = [each for each in graph.resources if each.name != "mine"]
    assert [each.name for each in children if not each.name.startswith(each.parent.rpartition("::")[2])] == []


@pytest.mark.parametrize(("component", "args"), ALL_COMPONENTS)
def test_two_components_of_the_same_type_have_distinct_urns(component: type[Any], args: Any) -> None:
    """The names of children are derived from the component's name."""

    def program() -> None:
        component("one", args)
        component("two", args)

    urns = [each.urn for each in record(program).resources]
    assert len(set(urns)) == len(urns)


def test_physical_names_are_generated_by_pulumi() -> None:
    """A fixed name would prevent a replacement and a second instance; Pulumi adds 7 hexadecimal digits."""

    def program() -> None:
        for number, (component, args) in enumerate(PUBLIC_COMPONENTS):
            component(f"mine{number}", args)

    for each in record(program).resources:
        given = {each.inputs.get("name"), each.inputs.get("bucket")} - {None}
        own = {value for value in given if not str(value).startswith("booking-")}
        assert not own or each.type in ("aws:lambda/alias:Alias", "aws:kms/alias:Alias"), each.name


MAX_NAME_LENGTHS = {
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


def test_physical_names_stay_within_aws_limits_for_the_longest_stage_name(prod: Graph) -> None:
    """Otherwise only the deployment of a stage with a long name would find the error."""
    for each in prod.resources:
        name = f"booking-{'x' * 10}-{each.name}-0123456"
        assert len(name) <= MAX_NAME_LENGTHS.get(each.type, 1000), name
