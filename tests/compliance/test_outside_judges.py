"""checkov, parliament and cloudsplaining judge what each stage would create."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.stage import Stage
from tests.compliance.judges import Verdict, checkov, plans_of, policy_findings
from tests.compliance.removals import weakened_copies
from tests.compliance.terraform import Untranslatable, plan
from tests.compliance.waivers import DEV_CHECKS, DEV_RELAXES, DEV_SIZES, POLICY_MISTAKES, WAIVERS, Waiver
from tests.components.synth import ALERT_EMAIL, STAGES, Graph, stage_values, synth

pytestmark = pytest.mark.outside

CHECKS_BY_ARGUMENT = {
    ("aws:backup/vault:Vault", "kmsKeyArn"): {"CKV_AWS_166"},
    ("aws:cloudwatch/logGroup:LogGroup", "kmsKeyId"): {"CKV_AWS_158"},
    ("aws:cloudwatch/logGroup:LogGroup", "retentionInDays"): {"CKV_AWS_66", "CKV_AWS_338"},
    ("aws:dynamodb/table:Table", "billingMode"): {"CKV2_AWS_16"},
    ("aws:dynamodb/table:Table", "pointInTimeRecovery"): {"CKV_AWS_28"},
    ("aws:dynamodb/table:Table", "pointInTimeRecovery.enabled"): {"CKV_AWS_28"},
    ("aws:dynamodb/table:Table", "serverSideEncryption"): {"CKV_AWS_119"},
    ("aws:dynamodb/table:Table", "serverSideEncryption.enabled"): {"CKV_AWS_119"},
    ("aws:dynamodb/table:Table", "serverSideEncryption.kmsKeyArn"): {"CKV_AWS_119"},
    ("aws:kms/key:Key", "enableKeyRotation"): {"CKV_AWS_7"},
    ("aws:kms/key:Key", "policy"): {"CKV2_AWS_64"},
    ("aws:kms/key:Key", "keyUsage"): {"CKV2_AWS_64"},
    ("aws:kms/key:Key", "customerMasterKeySpec"): {"CKV_AWS_7", "CKV2_AWS_64"},
    ("aws:lambda/function:Function", "codeSigningConfigArn"): {"CKV_AWS_272"},
    ("aws:lambda/function:Function", "deadLetterConfig"): {"CKV_AWS_116"},
    ("aws:lambda/function:Function", "deadLetterConfig.targetArn"): {"CKV_AWS_116"},
    ("aws:lambda/function:Function", "environment"): {"CKV_AWS_173"},
    ("aws:lambda/function:Function", "kmsKeyArn"): {"CKV_AWS_173"},
    ("aws:lambda/function:Function", "reservedConcurrentExecutions"): {"CKV_AWS_115"},
    ("aws:lambda/function:Function", "tracingConfig"): {"CKV_AWS_50"},
    ("aws:lambda/function:Function", "tracingConfig.mode"): {"CKV_AWS_50"},
    ("aws:sfn/stateMachine:StateMachine", "loggingConfiguration"): {"CKV_AWS_285"},
    ("aws:sfn/stateMachine:StateMachine", "loggingConfiguration.includeExecutionData"): {"CKV_AWS_285"},
    ("aws:sfn/stateMachine:StateMachine", "tracingConfiguration"): {"CKV_AWS_284"},
    ("aws:sfn/stateMachine:StateMachine", "tracingConfiguration.enabled"): {"CKV_AWS_284"},
    ("aws:sns/topic:Topic", "kmsMasterKeyId"): {"CKV_AWS_26"},
    ("aws:sqs/queue:Queue", "kmsMasterKeyId"): {"CKV_AWS_27"},
}
"""The checks that fail when an argument is removed; our own controls detect the rest (test_removals.py)."""

TYPES = {type_ for type_, _ in CHECKS_BY_ARGUMENT}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """checkov on every stage at once, and on prod with a weakened copy of a resource for each removed argument."""
    graphs = {stage: synth(stage) for stage in STAGES}
    weakened = [copy for _, copy in weakened_copies(graphs["prod"], TYPES).values()]
    graphs["weakened"] = Graph([*graphs["prod"].resources, *weakened])
    return checkov(plans_of(graphs), Path(tmp_path_factory.mktemp("plans")))


def is_waived(check: str) -> bool:
    """Return whether failures of a check are accepted."""
    return check in {each.check for each in WAIVERS}


@pytest.mark.parametrize("stage", ["staging", "prod"])
def test_checkov_has_no_findings_beyond_the_waivers(stage: str, verdicts: dict[str, Verdict]) -> None:
    """At least 55 checks pass."""
    unexpected = {(check, at) for check, at in verdicts[stage].failed if not is_waived(check)}
    assert unexpected == set()
    assert verdicts[stage].passed >= 55


def test_exactly_three_checks_are_waived() -> None:
    """Those for VPC, cross-region replication and public routes, each with its reason."""
    assert [each.check for each in WAIVERS] == ["CKV_AWS_117", "CKV_AWS_144", "CKV_AWS_309"]
    assert min(len(each.reason) for each in WAIVERS) > 80


def test_dev_relaxes_only_the_controls_of_its_stage_keys(verdicts: dict[str, Verdict]) -> None:
    """Every further finding in dev is due to a key of Pulumi.dev.yaml."""
    relaxed = {check for check, _ in verdicts["dev"].failed if not is_waived(check)}
    assert set(DEV_CHECKS) == relaxed
    assert set(DEV_CHECKS.values()) <= DEV_RELAXES


def test_dev_without_its_relaxing_keys_equals_prod() -> None:
    """Only the keys that are documented as relaxing relax a control; the others are sizes and places."""
    chosen = {key.removeprefix("booking:") for key in stage_values("dev")}
    assert chosen == DEV_RELAXES | DEV_SIZES
    strict = Stage.of("prod", {"alertEmail": ALERT_EMAIL}).model_dump(by_alias=True, mode="json")
    as_prod = {"alertEmail": ALERT_EMAIL} | {
        key: stage_values("prod").get(f"booking:{key}", strict[key]) for key in chosen & set(strict)
    }
    assert describe(synth("dev", {f"booking:{key}": value for key, value in as_prod.items()})) == describe(
        synth("prod")
    )


def describe(graph: Graph) -> dict[str, str]:
    """Describe each resource by type, protection and inputs, with the stage's name replaced."""
    descriptions = {
        each.name: (each.type, each.protect, _plain(each.inputs)) for each in graph.resources if each.custom
    }
    return {
        name: re.sub(r"(?<![a-z])dev(?![a-z])", "prod", str(description)) for name, description in descriptions.items()
    }


def _plain(inputs: dict[str, Any]) -> str:
    """Return the inputs as a string; which package of code it is does not matter here."""
    return json.dumps(inputs, default=lambda archive: type(archive).__name__, sort_keys=True)


@pytest.mark.parametrize("waiver", WAIVERS, ids=lambda waiver: waiver.check)
def test_every_waiver_is_still_needed(waiver: Waiver, verdicts: dict[str, Verdict]) -> None:
    """A waiver for a check that passes would hide a later failure."""
    assert [found for found in verdicts["prod"].failed if found[0] == waiver.check]


def test_checkov_detects_the_removal_of_arguments_that_it_checks(verdicts: dict[str, Verdict]) -> None:
    """This proves independently that the exported plans contain those arguments."""
    detected, weakened = {}, verdicts["weakened"].failed
    for removal, (name, copy) in weakened_copies(synth("prod"), TYPES).items():
        failed = {
            resource: {check for check, at in weakened if at.endswith(f".{resource}")} for resource in (name, copy.name)
        }
        if more := failed[copy.name] - failed[name]:
            detected[removal] = more
    assert detected == CHECKS_BY_ARGUMENT


def test_untranslatable_resources_and_properties_are_errors() -> None:
    """Otherwise they would not be judged."""
    [queue, *_] = synth("prod").of_type("aws:sqs/queue:Queue")
    with pytest.raises(Untranslatable, match="aws:mq/broker:Broker"):
        plan(Graph([replace(queue, type="aws:mq/broker:Broker")]))
    with pytest.raises(Untranslatable, match="surprise"):
        plan(Graph([replace(queue, inputs={"surprise": {"a": 1}})]))


def test_policies_have_no_findings_above_low_severity() -> None:
    """Those of parliament and cloudsplaining; the roles' own policies have no findings at all."""
    found = policy_findings([synth(stage) for stage in STAGES])
    found = [each for each in found if (each["finding"], str(each["detail"])) not in POLICY_MISTAKES]
    assert [each for each in found if each["severity"] != "LOW"] == []
    assert [each for each in found if each["policy"].endswith("-role-policy")] == []
