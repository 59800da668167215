"""External validators of the Amazon States Language accept our definitions.

The validators take up to a second for a definition, so they see fewer examples than our own checks do.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.workflow.asl_judges import NpmJudges, cfn_lint_against, npm_judges
from tests.workflow.sound_documents import SOUND
from tests.workflow.strategies import values_for, workflows
from workflow.booking import Booking

pytestmark = pytest.mark.outside

FEW = settings(max_examples=15, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def npm() -> Iterator[NpmJudges]:
    with npm_judges() as judges:
        yield judges


def test_all_judges_accept_the_booking_workflow(npm: NpmJudges) -> None:
    assert (npm.against(Booking.asl()), cfn_lint_against(Booking.asl())) == ([], [])


def test_every_judge_finds_a_seeded_defect(npm: NpmJudges) -> None:
    """Each validator reports a broken definition, so a silent one is not mistaken for approval."""
    broken = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}
    assert any("asl-validator" in each for each in npm.against(broken))
    assert any("language service" in each for each in npm.against(broken))
    assert cfn_lint_against({"States": {}})


@FEW
@given(workflow=workflows())
def test_npm_judges_accept_every_workflow_of_the_language(npm: NpmJudges, workflow: Any) -> None:
    """Both npm validators accept generated workflows that are compiled to JSONata."""
    assert npm.against(workflow.asl()) == []


@FEW
@given(workflow=workflows(portable=True))
def test_npm_judges_accept_every_portable_workflow_in_jsonpath(npm: NpmJudges, workflow: Any) -> None:
    """Both npm validators accept portable workflows that are compiled to JSONPath."""
    assert npm.against(workflow.asl(language="JSONPath")) == []


@settings(FEW, max_examples=5)
@given(classes=st.lists(workflows(portable=True), min_size=1, max_size=4))
def test_cfn_lint_accepts_every_workflow_of_the_language(classes: list[Any]) -> None:
    """Rule E3601 accepts both query languages; names are bound, because an activity's ARN cannot be a placeholder."""
    definitions = [
        each.asl(values_for(each), language=language) for each in classes for language in ("JSONata", "JSONPath")
    ]
    assert cfn_lint_against(*definitions) == []


@pytest.mark.parametrize("name", SOUND)
def test_judges_accept_valid_definitions_except_for_known_false_alarms(npm: NpmJudges, name: str) -> None:
    """Hand-written definitions reveal false alarms, ours and theirs; theirs are listed with the reasons."""
    assert bool(npm.against(SOUND[name])) == (name in THEIR_FALSE_ALARMS)


THEIR_FALSE_ALARMS = {
    "every kind of path": "asl-validator rejects && in a filter, which AWS's own examples use",
    "a distributed map": "both require an integer as ToleratedFailurePercentage; the specification says number",
    "references of CloudFormation": "both judge text that CloudFormation replaces before AWS sees it",
    "a map of an object": "the language service rejects an object as Items, which AWS's guide allows",
    "placeholders of templates": "both judge the template before its placeholders are replaced",
}
