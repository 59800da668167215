"""The real engine imports an existing table and bucket with their data, and applies the controls to them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.engine import PulumiEngine
from local.instance import Instance

from .conftest import ROOT, run_instance

pytestmark = [pytest.mark.nightly, pytest.mark.outside]

PROGRAM = ROOT / "examples" / "python" / "adoption" / "__main__.py"
ITEM = {"pk": {"S": "ORDER#1"}}


@pytest.fixture
def account(cli: Path, tmp_path: Path) -> Iterator[Instance]:
    """Run an account of its own."""
    yield from run_instance(tmp_path / "adoption")


def create_by_hand(aws: Instance) -> None:
    """Create a table and a bucket with data by hand, as a team's existing resources."""
    aws.client("dynamodb").create_table(
        TableName="orders-2019",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    aws.client("dynamodb").put_item(TableName="orders-2019", Item=ITEM)
    location = {"CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}}
    aws.client("s3").create_bucket(Bucket="proofs-2019", ObjectLockEnabledForBucket=True, **location)
    aws.client("s3").put_object(Bucket="proofs-2019", Key="outcomes/1.json", Body=b"{}")


def test_an_existing_table_and_bucket_are_adopted_with_their_data(account: Instance) -> None:
    """They are not replaced; the second up encrypts the table and changes no name."""
    create_by_hand(account)
    names = {"table": "orders-2019", "bucket": "proofs-2019"}
    outputs = PulumiEngine(account, PROGRAM, "dev", {**names, "adopting": True}).up().outputs
    assert names == {key: outputs[key] for key in names}
    outputs = PulumiEngine(account, PROGRAM, "dev", names).up().outputs
    assert names == {key: outputs[key] for key in names}
    dynamodb, s3 = account.client("dynamodb"), account.client("s3")
    assert dynamodb.describe_table(TableName="orders-2019")["Table"]["SSEDescription"]["Status"] == "ENABLED"
    assert dynamodb.get_item(TableName="orders-2019", Key=ITEM)["Item"] == ITEM
    assert s3.get_object(Bucket="proofs-2019", Key="outcomes/1.json")["Body"].read() == b"{}"
    assert {change.name for change in PulumiEngine(account, PROGRAM, "dev", names).preview().changes} == set()
