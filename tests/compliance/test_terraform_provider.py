"""Terraform's own AWS provider validates and plans what each stage would create."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.compliance.terraform import configuration
from tests.compliance.terraform_provider import Terraform, terraform
from tests.components.synth import STAGES, synth

Resources = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    with terraform(tmp_path_factory.mktemp("terraform")) as initialised:
        yield initialised


@pytest.mark.parametrize("stage", STAGES)
def test_the_provider_accepts_every_resource_of_the_stage(stage: str, provider: Terraform) -> None:
    assert provider.judge(configuration(synth(stage))) == []


def _alarm_operator(resources: Resources) -> None:
    next(iter(resources["aws_cloudwatch_metric_alarm"].values()))["comparison_operator"] = "MoreThan"


def _function_timeout(resources: Resources) -> None:
    resources["aws_lambda_function"]["purchase-function"]["timeout"] = 3000


def _unknown_argument(resources: Resources) -> None:
    next(iter(resources["aws_sqs_queue"].values()))["visibility"] = 30


def _key_without_attribute(resources: Resources) -> None:
    resources["aws_dynamodb_table"]["orders-table"]["hash_key"] = "order_id"


def _policy_that_is_not_json(resources: Resources) -> None:
    next(iter(resources["aws_s3_bucket_policy"].values()))["policy"] = "{"


def _definition_without_start(resources: Resources) -> None:
    next(iter(resources["aws_sfn_state_machine"].values()))["definition"] = '{"States": {}}'


Plant = tuple[Callable[[Resources], None], str]
FOUND_BY_VALIDATION: dict[str, Plant] = {
    "a comparison operator that does not exist": (_alarm_operator, "comparison_operator"),
    "a timeout above Lambda's 900 seconds": (_function_timeout, "timeout"),
    "an argument that does not exist": (_unknown_argument, "visibility"),
    "a policy that is not JSON": (_policy_that_is_not_json, "policy"),
}
FOUND_BY_PLANNING: dict[str, Plant] = {
    "a key that is not among the attributes": (_key_without_attribute, "order_id"),
    "a definition that Step Functions would reject": (_definition_without_start, "EMPTY_LIST"),
}


@pytest.mark.parametrize("planted", [FOUND_BY_VALIDATION, FOUND_BY_PLANNING], ids=["validation", "planning"])
def test_the_provider_finds_every_planted_error(planted: dict[str, Plant], provider: Terraform) -> None:
    """Proves that the judge looks: an accepted stage would otherwise say nothing."""
    broken = copy.deepcopy(configuration(synth("dev")))
    for plant, _ in planted.values():
        plant(broken["resource"])
    errors = provider.judge(broken)
    unseen = {name for name, (_, word) in planted.items() if not any(word in error for error in errors)}
    assert unseen == set(), errors
