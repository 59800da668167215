"""A team's changes from outside a component reach every child, and a renamed component keeps its resources."""

import json

import pytest

from local.engine import PulumiEngine
from local.instance import Instance

from .conftest import Run


@pytest.fixture(scope="module")
def platform(engine_of: Run) -> PulumiEngine:
    """Deploy the team's program."""
    engine = engine_of("platform", "hatches")
    engine.up()
    return engine


def test_a_transform_reaches_every_child_of_every_component(platform: PulumiEngine) -> None:
    """Whatever takes tags has the team's tag beside the component's."""
    children = [each for each in platform.state.resources() if each["custom"] and "tags" in each["inputs"]]
    assert {each["inputs"]["tags"].get("reviewed-by") for each in children} == {"platform"}
    assert {each["inputs"]["tags"]["component"] for each in children} == {"orders", "proofs", "points", "waiting"}


def test_a_transform_of_a_child_or_grandchild_takes_effect_in_aws(platform: PulumiEngine, aws: Instance) -> None:
    """The component has no argument for any of these."""
    inputs = {each["urn"].rpartition("::")[2]: each.get("inputs", {}) for each in platform.state.resources()}
    alarms, keys, queues = (aws.client(service) for service in ("cloudwatch", "kms", "sqs"))
    name = inputs["orders-table-throttles"]["name"]
    [alarm] = alarms.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert alarm["Threshold"] == 5
    [key] = [each["id"] for each in platform.state.resources() if each["urn"].endswith("::orders-alerts-key")]
    assert keys.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 180
    for queue, attribute, value in (
        ("points-dead-letters", "MessageRetentionPeriod", "86400"),
        ("waiting-parking", "VisibilityTimeout", "120"),
    ):
        url = queues.get_queue_url(QueueName=inputs[queue]["name"])["QueueUrl"]
        assert queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"][attribute] == value
    assert json.dumps(inputs["proofs-lifecycle"]["rules"]).count("team") == 1


def test_components_renamed_with_an_alias_keep_their_resources(platform: PulumiEngine, engine_of: Run) -> None:
    """Their children's former names follow from their own; only the keys' aliases are new."""
    before = platform.up().outputs
    renamed = engine_of("platform", "hatches", prefix="our-", aliased=True).up()
    assert before == renamed.outputs
    lost = {step.type for step in renamed.changes if "delete" in step.operation or "replace" in step.operation}
    assert lost == {"aws:kms/alias:Alias"}


def test_a_component_renamed_without_an_alias_would_lose_its_table(platform: PulumiEngine, engine_of: Run) -> None:
    """Proof that the alias keeps it."""
    preview = engine_of("platform", "hatches", prefix="their-").preview()
    assert any(step.operation == "delete" and step.type == "aws:dynamodb/table:Table" for step in preview.changes)
