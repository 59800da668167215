"""cfn-lint judges the stages as CloudFormation templates, by the schemas that AWS publishes for its resource types."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from tests.compliance.cloudformation import template
from tests.compliance.terraform import Untranslatable
from tests.components.synth import STAGES, Graph, synth
from tests.environment import THOROUGH

Resources = dict[str, Any]
JUDGED = STAGES if THOROUGH else ["prod"]
"""prod has every resource of the others; one run takes 3 s of CPU time."""


def _set(name: str, value: Any) -> Callable[[Resources], None]:
    """Return a function that plants a copy of a valid resource with a wrong property."""
    resource, _, path = name.partition(".")

    def plant(resources: Resources) -> None:
        copy = json.loads(json.dumps(resources[resource]))
        *parents, last = path.split(".")
        properties = copy["Properties"]
        for key in parents:
            properties = properties[key]
        properties[last] = value
        resources[f"Planted{len(resources)}"] = copy

    return plant


PLANTED: dict[str, Callable[[Resources], None]] = {
    "'python2.6' is not one of": _set("PurchaseFunction.Runtime", "python2.6"),
    "901 is greater than the maximum of 900": _set("PurchaseFunction.Timeout", 901),
    "'Colour' was unexpected": _set("OrdersTable.Colour", "red"),
    "'PAY_PER_WISH' is not one of": _set("OrdersTable.BillingMode", "PAY_PER_WISH"),
    "366 is not one of": _set("RefundLogs.RetentionInDays", 366),
    "'Below' is not one of": _set("BookingParkingWaiting.ComparisonOperator", "Below"),
    "31 is greater than the maximum of 30": _set("BaseKey.PendingWindowInDays", 31),
    "'Statemnt' was unexpected": _set("OrdersBackupRole.AssumeRolePolicyDocument.Statemnt", []),
}
"""Mistakes for several services, each by a part of cfn-lint's message."""


@pytest.mark.parametrize("stage", JUDGED)
def test_cfn_lint_finds_every_planted_mistake_and_nothing_else(stage: str) -> None:
    document = template(synth(stage))
    for plant in PLANTED.values():
        plant(document["Resources"])
    findings = lint(json.dumps(document), config=ManualArgs(regions=["eu-central-1"]))
    messages = {f"{each.rule.id} {'/'.join(map(str, each.path or []))}: {each.message}" for each in findings}
    assert [message for message in messages if "/Planted" not in message] == []
    assert [mistake for mistake in PLANTED if not any(mistake in message for message in messages)] == [], messages


def test_untranslatable_resource_types_are_errors() -> None:
    """Otherwise a type without a translation would not be checked."""
    [queue, *_] = synth("prod").of_type("aws:sqs/queue:Queue")
    with pytest.raises(Untranslatable, match="no row for aws:ec2/vpc:Vpc"):
        template(Graph([replace(queue, type="aws:ec2/vpc:Vpc")]))
