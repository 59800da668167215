"""The programs of a platform team in examples/python work: each is deployed into an embedded AWS and used."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.drivers.in_process import deploy
from local.instance import Instance
from local.pytest_plugin import DeployedStack, embedded_aws

__all__ = ["embedded_aws"]

EXAMPLES = Path(__file__).parents[2] / "examples" / "python"


def deploy_example(instance: Instance, example: str) -> DeployedStack:
    """Deploy the program of an example into an empty account."""
    return DeployedStack(instance=instance, outputs=deploy(instance, EXAMPLES / example / "__main__.py", stage="dev"))


def test_store_example_lets_its_service_read_and_write_but_not_delete(embedded_aws: Instance) -> None:
    shop = deploy_example(embedded_aws, "store")
    dynamodb, s3 = (shop.client(service, shop.outputs["serviceRole"]) for service in ("dynamodb", "s3"))
    order = {"pk": {"S": "ORDER#1"}, "total_minor": {"N": "1250"}}
    dynamodb.put_item(TableName=shop.outputs["table"], Item=order)
    assert order == dynamodb.get_item(TableName=shop.outputs["table"], Key={"pk": order["pk"]})["Item"]
    receipt = {"Bucket": shop.outputs["bucket"], "Key": "receipts/1.json"}
    s3.put_object(**receipt, Body=b"{}", IfNoneMatch="*")
    assert s3.get_object(**receipt)["Body"].read() == b"{}"
    for refused in (
        lambda: dynamodb.delete_item(TableName=shop.outputs["table"], Key={"pk": order["pk"]}),
        lambda: s3.put_object(Bucket=shop.outputs["bucket"], Key="elsewhere.json", Body=b"{}"),
        lambda: s3.delete_object(**receipt),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            refused()


@pytest.mark.parametrize(
    ("spent_minor", "expected"),
    [(1250, {"customer_id": "c-1", "points": 12, "tier": "basic"}), (200_000, {"customer_id": "c-1", "gift": "MUG"})],
)
def test_loyalty_example_runs_both_branches_of_its_choice(
    embedded_aws: Instance, spent_minor: int, expected: dict[str, Any]
) -> None:
    """The functions and the workflow run under the roles that the components derived."""
    loyalty = deploy_example(embedded_aws, "loyalty")
    execution = loyalty.run({"customer_id": "c-1", "spent_minor": spent_minor, "points": 0})
    assert ("SUCCEEDED", expected) == (execution.status, execution.output)
