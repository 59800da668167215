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
    """Return a mistake in a property of a copy of a resource that is fine."""
    resource, _, path = name.partition(".")

    def plant(resources: Resources) -> None:
        copied = json.loads(json.dumps(resources[resource]))
        *way, last = path.split(".")
        place = copied["Properties"]
        for key in way:
            place = place[key]
        place[last] = value
        resources[f"Planted{len(resources)}"] = copied

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
"""A mistake for several services, by a part of cfn-lint's sentence."""


@pytest.mark.parametrize("stage", JUDGED)
def test_cfn_lint_finds_every_planted_mistake_and_nothing_else(stage: str) -> None:
    document = template(synth(stage))
    for plant in PLANTED.values():
        plant(document["Resources"])
    findings = lint(json.dumps(document), config=ManualArgs(regions=["eu-central-1"]))
    said = {f"{each.rule.id} {'/'.join(map(str, each.path or []))}: {each.message}" for each in findings}
    assert [sentence for sentence in said if "/Planted" not in sentence] == []
    assert [mistake for mistake in PLANTED if not any(mistake in sentence for sentence in said)] == [], said


def test_a_resource_without_a_row_is_an_error_that_names_it() -> None:
    """A type without a translation would not be checked."""
    [queue, *_] = synth("prod").of_type("aws:sqs/queue:Queue")
    with pytest.raises(Untranslatable, match="no row for aws:ec2/vpc:Vpc"):
        template(Graph([replace(queue, type="aws:ec2/vpc:Vpc")]))
