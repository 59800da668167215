"""Terraform's own AWS provider validates and plans what the stages would create."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.compliance.terraform import configuration
from tests.compliance.terraform_provider import Terraform, terraform
from tests.components.synth import synth

pytestmark = pytest.mark.outside

Resources = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    with terraform(tmp_path_factory.mktemp("terraform")) as initialised:
        yield initialised


def _resources_of_all_stages() -> Resources:
    """Return prod's resources, and beside them those of the other stages that prod does not have in that form."""
    every = copy.deepcopy(configuration(synth("prod"))["resource"])
    for stage in ("staging", "dev"):
        for type_, named in configuration(synth(stage))["resource"].items():
            known = every.setdefault(type_, {})
            for name, body in named.items():
                if body != known.setdefault(name, body):
                    known[f"{stage}-{name}"] = body
    return every


def _alarm_operator(resources: Resources) -> None:
    next(iter(resources["aws_cloudwatch_metric_alarm"].values()))["comparison_operator"] = "MoreThan"


def _function_timeout(resources: Resources) -> None:
    resources["aws_lambda_function"]["purchase-function"]["timeout"] = 3000


def _unknown_argument(resources: Resources) -> None:
    next(iter(resources["aws_sqs_queue"].values()))["visibility"] = 30


def _policy_that_is_not_json(resources: Resources) -> None:
    next(iter(resources["aws_s3_bucket_policy"].values()))["policy"] = "{"


def _key_without_attribute(resources: Resources) -> None:
    table = resources["aws_dynamodb_table"]["orders-table"]
    resources["aws_dynamodb_table"]["planted"] = table | {"hash_key": "order_id"}


def _definition_without_start(resources: Resources) -> None:
    machine = next(iter(resources["aws_sfn_state_machine"].values()))
    resources["aws_sfn_state_machine"]["planted"] = machine | {"definition": '{"States": {}}'}


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


def test_planning_accepts_all_stages_and_finds_every_planted_error(provider: Terraform) -> None:
    """The planted errors prove that the provider looks. One plan judges all: it takes longer to start than to run."""
    resources = _resources_of_all_stages()
    errors = _errors_with(FOUND_BY_PLANNING, resources, provider)
    assert [error for error in errors if ".planted:" not in error] == []


def test_validation_finds_every_planted_error(provider: Terraform) -> None:
    _errors_with(FOUND_BY_VALIDATION, copy.deepcopy(configuration(synth("dev"))["resource"]), provider)


def _errors_with(planted: dict[str, Plant], resources: Resources, provider: Terraform) -> list[str]:
    """Plant errors in the resources, check that the provider finds each, and return all errors that it finds."""
    for plant, _ in planted.values():
        plant(resources)
    errors = provider.judge({"resource": resources})
    missed = {name for name, (_, word) in planted.items() if not any(word in error for error in errors)}
    assert missed == set(), errors
    return errors
