"""Removing any hardening argument fails at least one control, whichever resource it belongs to."""

import inspect
from collections import defaultdict
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from tests.compliance.controls import violations
from tests.compliance.removals import removals
from tests.components import test_controls
from tests.components.synth import STAGES, Graph, synth
from tests.environment import THOROUGH

NO_HARDENING = {
    "aws:cloudwatch/dashboard:Dashboard": {"dashboardName"},
    "aws:cloudwatch/metricAlarm:MetricAlarm": {"metricQueries.label"},
    "aws:backup/plan:Plan": {"rules.recoveryPointTags", "rules.ruleName"},
    "aws:cloudwatch/eventArchive:EventArchive": {"description"},
    "aws:cloudwatch/eventBus:EventBus": {"description"},
    "aws:lambda/eventSourceMapping:EventSourceMapping": {"batchSize"},
    "aws:apigatewayv2/api:Api": {"description", "protocolType"},
    "aws:apigatewayv2/integration:Integration": {"integrationMethod"},
    "aws:dynamodb/table:Table": {
        *("attributes", "attributes.name", "attributes.type", "globalSecondaryIndexes"),
        *("globalSecondaryIndexes.keySchemas", "globalSecondaryIndexes.keySchemas.attributeName"),
        *("globalSecondaryIndexes.keySchemas.keyType", "globalSecondaryIndexes.name"),
        "globalSecondaryIndexes.projectionType",
    },
    "aws:kms/alias:Alias": {"name"},
    "aws:kms/key:Key": {"description"},
    "aws:lambda/codeSigningConfig:CodeSigningConfig": {"description"},
    "aws:lambda/function:Function": {"memorySize"},
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {
        "rules.id",
        "rules.filter",
        "rules.filter.prefix",
    },
    "aws:sfn/stateMachine:StateMachine": {"type", "encryptionConfiguration.kmsDataKeyReusePeriodSeconds"},
}
"""Names, sizes, indexes and labels: removing them weakens nothing. (Without a type a machine is STANDARD.)"""


def controls() -> list[Callable[[Graph], None]]:
    """Return the controls of tests/components/test_controls.py, each as a function of one stage's graph."""
    found = [each for name, each in vars(test_controls).items() if name.startswith("test_")]
    return [
        _of_one(each) for each in found if set(inspect.signature(each).parameters) <= {"stage_graph", "prod", "dev"}
    ]


def _of_one(control: Callable[..., None]) -> Callable[[Graph], None]:
    def judge(graph: Graph) -> None:
        graphs: dict[str, Any] = {"stage_graph": graph, "prod": graph, "dev": synth("dev")}
        control(**{name: graphs[name] for name in inspect.signature(control).parameters})

    return judge


def flips(control: Callable[[Graph], None], graph: Graph) -> bool:
    """Return whether a control that holds for the program fails for this graph."""
    try:
        control(graph)
    except (AssertionError, KeyError, ValueError, IndexError, TypeError, AttributeError):
        return True
    return False


def test_no_hardening_argument_can_be_removed_unnoticed() -> None:
    """Exactly the arguments in NO_HARDENING can be removed unnoticed.

    The default run tries every tenth removal, `make thorough` all.
    """
    checks, unnoticed = controls(), defaultdict[str, set[str]](set)
    for removal in islice(removals(synth("prod")), 0, None, 1 if THOROUGH else 10):
        noticing = next((check for check in checks if flips(check, removal.graph)), None)
        if noticing:
            checks.remove(noticing)
            checks.insert(0, noticing)  # the next removal is often noticed by the same check
        elif not violations(removal.graph):
            unnoticed[removal.type].add(removal.argument)
    assert {kind: arguments for kind, arguments in unnoticed.items() if arguments - NO_HARDENING.get(kind, set())} == {}
    assert not THOROUGH or dict(unnoticed) == NO_HARDENING


def test_removals_cover_every_resource_type() -> None:
    """There are more than a thousand removals."""
    prod = synth("prod")
    tried = list(removals(prod))
    assert {each.type for each in prod.resources if each.custom} == {removal.type for removal in tried}
    assert len(tried) > 1000


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_passes_all_controls(stage: str) -> None:
    """Settings are attached, roles have their policies, and alarms have metrics."""
    assert violations(synth(stage)) == []
