"""checkov, parliament and cloudsplaining judge what each stage would create."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.compliance.judges import Verdict, checkov, plans_of, policy_findings
from tests.compliance.terraform import Untranslatable, plan
from tests.compliance.waivers import DEV_RELAXES, MISTAKEN, OURS, POLICY_MISTAKES, Waiver
from tests.components.synth import STAGES, Graph, stage_values, synth


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """checkov on every stage at once."""
    return checkov(plans_of({stage: synth(stage) for stage in STAGES}), Path(tmp_path_factory.mktemp("plans")))


def waived(check: str, resource: str) -> bool:
    """Whether a finding has a reason."""
    return any(each.check == check and (not each.only or resource in each.only) for each in (*OURS, *MISTAKEN))


@pytest.mark.parametrize("stage", ["staging", "prod"])
def test_checkov_finds_nothing_that_has_no_reason(stage: str, verdicts: dict[str, Verdict]) -> None:
    """0 failed beyond the waivers, and at least 55 passed."""
    unexpected = {found for found in verdicts[stage].failed if not waived(*found)}
    assert unexpected == set()
    assert verdicts[stage].passed >= 55


def test_dev_relaxes_only_what_its_keys_name(verdicts: dict[str, Verdict]) -> None:
    """Every further finding in dev is due to a key of Pulumi.dev.yaml."""
    relaxed = {check for check, resource in verdicts["dev"].failed if not waived(check, resource)}
    assert set(DEV_RELAXES) == relaxed
    assert {f"booking:{key}" for key in DEV_RELAXES.values()} <= set(stage_values("dev"))


@pytest.mark.parametrize("waiver", [*OURS, *MISTAKEN], ids=lambda waiver: waiver.check)
def test_every_waiver_is_still_needed(waiver: Waiver, verdicts: dict[str, Verdict]) -> None:
    """A waiver for what passes would hide its return."""
    assert [found for found in verdicts["prod"].failed if found[0] == waiver.check]


def test_a_resource_that_cannot_be_translated_is_an_error_that_names_it() -> None:
    """What is not exported would not be judged."""
    [queue, *_] = synth("prod").of_type("aws:sqs/queue:Queue")
    with pytest.raises(Untranslatable, match="aws:mq/broker:Broker"):
        plan(Graph([replace(queue, type="aws:mq/broker:Broker")]))
    with pytest.raises(Untranslatable, match="surprise"):
        plan(Graph([replace(queue, inputs={"surprise": {"a": 1}})]))


def test_no_policy_allows_more_than_its_purpose() -> None:
    """parliament and cloudsplaining: nothing above LOW; in the roles' own policies nothing at all."""
    found = policy_findings([synth(stage) for stage in STAGES])
    above_low = [each for each in found if each["severity"] != "LOW"]
    assert [each for each in above_low if (each["finding"], str(each["detail"])) not in POLICY_MISTAKES] == []
    assert [each for each in found if each["policy"].endswith("-role-policy")] == []
