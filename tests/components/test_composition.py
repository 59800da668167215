"""How components behave in somebody else's program: what is said to a component reaches every child."""

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
EACH: list[tuple[type[Any], dict[str, Any]]] = [
    (components.OrderStore, {}),
    (components.AuditBucket, {}),
    (components.MonitoredLambda, CODE | {"schedule": "rate(1 hour)"}),
    (components.BookingStateMachine, {"functions": VERSIONS, "starter": "callers"}),
]


def with_options(component: type[Any], args: dict[str, Any], **options: Any) -> Graph:
    """The component made with options, such as a team would give."""
    return record(lambda: component("mine", args, pulumi.ResourceOptions(**options)))


@pytest.mark.parametrize(("component", "args"), EACH)
def test_a_provider_handed_to_a_component_reaches_every_child_and_every_question(
    component: type[Any], args: dict[str, Any]
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


@pytest.mark.parametrize(("component", "args"), EACH)
def test_every_child_can_be_changed_from_outside(component: type[Any], args: dict[str, Any]) -> None:
    """The escape hatch: a transformation sees each child, and what it says holds."""

    def in_ireland(seen: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not seen.type_.startswith("aws:") or seen.type_.startswith("aws:iam/"):
            return None
        return pulumi.ResourceTransformationResult({**seen.props, "region": "eu-west-1"}, seen.opts)

    graph = with_options(component, args, transformations=[in_ireland])
    regional = [each for each in graph.resources if each.type.startswith("aws:") and "aws:iam/" not in each.type]
    assert {"eu-west-1"} == {each.inputs.get("region") for each in regional}


@pytest.mark.parametrize(("component", "args"), EACH)
def test_every_child_lies_below_its_component(component: type[Any], args: dict[str, Any]) -> None:
    """Nothing of a component floats beside it, so moving or deleting it moves or deletes all."""
    graph = with_options(component, args)
    [root] = [each for each in graph.resources if each.name == "mine"]
    below = {root.urn}
    for each in graph.resources:
        below |= {each.urn} if each.parent in below else set()
    assert {each.urn for each in graph.resources} == below
    assert [each.name for each in graph.resources if not each.name.startswith("mine")] == []


@pytest.mark.parametrize(("component", "args"), EACH)
def test_two_of_a_kind_live_side_by_side(component: type[Any], args: dict[str, Any]) -> None:
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

    named = {"aws:lambda/alias:Alias": {"live"}}
    for each in record(program).resources:
        given = {each.inputs.get("name"), each.inputs.get("bucket")} - {None}
        own = {value for value in given if not str(value).startswith("booking-")}
        assert own <= named.get(each.type, set()), each.name
