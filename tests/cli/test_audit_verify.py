"""`booking audit verify` is clean after bookings, and finds manipulations of the trail."""

import json

import pytest

from local.pytest_plugin import DeployedStack

from .conftest import Shell
from .test_verbs import buy_mugs


@pytest.fixture
def outcome(shell: Shell) -> str:
    """Return the key of an audit object of a new order."""
    order = str(buy_mugs(shell)["order_id"])
    return str(shell("show", order, "--json").document["audit_objects"][0])


def verify_findings(shell: Shell) -> list[tuple[str, str]]:
    """Return the findings as (problem, where), and check that the exit code agrees."""
    result = shell("audit", "verify", "--grace-seconds", "0", "--json")
    assert result.exit_code == (0 if result.document["clean"] else 1)
    return [(finding["problem"], finding["where"]) for finding in result.document["findings"]]


def test_the_trail_is_clean_after_bookings(shell: Shell, outcome: str) -> None:
    """Every chain is intact, every outcome has its object, and there are no other objects."""
    assert verify_findings(shell) == []
    assert "every hash chain is intact" in shell("audit", "verify").stdout


EXPECTED_PROBLEMS = {"altered": ["altered", "overwritten"], "missing": ["missing", "deleted"], "extra": ["extra"]}


@pytest.mark.parametrize("manipulation", EXPECTED_PROBLEMS)
def test_every_manipulation_of_the_trail_is_found(
    shell: Shell, booking_stack: DeployedStack, outcome: str, manipulation: str
) -> None:
    """It is made with an administrator's rights, which no function has, and undone. Object versions show it, too."""
    s3, bucket = booking_stack.client("s3"), booking_stack.outputs["auditBucket"]
    content = s3.get_object(Bucket=bucket, Key=outcome)["Body"].read()
    extra_key = outcome.replace("000002.json", "000009.json")
    if manipulation == "altered":
        record = json.loads(content)
        record["result"]["amount_minor"] += 1
        undo = _put(booking_stack, outcome, json.dumps(record).encode())
    elif manipulation == "missing":
        undo = s3.delete_object(Bucket=bucket, Key=outcome)["VersionId"]
    else:
        undo = _put(booking_stack, extra_key, content)
    manipulated_key = extra_key if manipulation == "extra" else outcome
    try:
        assert verify_findings(shell) == [(problem, manipulated_key) for problem in EXPECTED_PROBLEMS[manipulation]]
    finally:
        s3.delete_object(Bucket=bucket, Key=manipulated_key, VersionId=undo, BypassGovernanceRetention=True)
    assert verify_findings(shell) == []


def _put(booking_stack: DeployedStack, key: str, body: bytes) -> str:
    """Put an object and return its version."""
    bucket = booking_stack.outputs["auditBucket"]
    return str(booking_stack.client("s3").put_object(Bucket=bucket, Key=key, Body=body)["VersionId"])


def test_since_limits_the_check_to_orders_and_objects_from_that_day_on(shell: Shell, outcome: str) -> None:
    """Everything in this stack was written today, so nothing is checked from tomorrow on."""
    day = outcome.partition("date=")[2].partition("/")[0]
    everything, today = (
        shell("audit", "verify", *arguments, "--json").document for arguments in ((), ("--since", day))
    )
    assert today == {**everything, "since": day}
    assert today["orders"] > 0
    later = shell("audit", "verify", "--since", "2999-01-01", "--json").document
    assert (later["orders"], later["objects"], later["clean"]) == (0, 0, True)


def test_since_must_be_a_day(shell: Shell) -> None:
    result = shell("audit", "verify", "--since", "yesterday")
    assert (result.exit_code, result.stderr) == (64, "--since must be a day such as 2026-01-31, got 'yesterday'.\n")
