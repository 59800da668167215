"""`booking audit verify` is clean after bookings, and finds what was done to the trail behind its back."""

import json

import pytest

from local.pytest_plugin import DeployedStack

from .conftest import Shell
from .test_verbs import buy_mugs


@pytest.fixture
def outcome(shell: Shell) -> str:
    """The key of an audit object of a fresh order."""
    order = str(buy_mugs(shell)["order_id"])
    return str(shell("show", order, "--json").document["audit_objects"][0])


def verify_findings(shell: Shell) -> list[tuple[str, str]]:
    """Return the findings as (problem, where), and check that the exit code agrees."""
    said = shell("audit", "verify", "--grace-seconds", "0", "--json")
    assert said.exit_code == (0 if said.document["clean"] else 1)
    return [(finding["problem"], finding["where"]) for finding in said.document["findings"]]


def test_the_trail_is_clean_after_bookings(shell: Shell, outcome: str) -> None:
    """Every chain is whole, every outcome has its object, and nothing else lies there."""
    assert verify_findings(shell) == []
    assert "every hash chain is intact" in shell("audit", "verify").stdout


FOUND = {"altered": ["altered", "overwritten"], "missing": ["missing", "deleted"], "extra": ["extra"]}


@pytest.mark.parametrize("deed", FOUND)
def test_what_was_done_to_the_trail_is_found(
    shell: Shell, booking_stack: DeployedStack, outcome: str, deed: str
) -> None:
    """Done with an administrator's rights, which no function has; undone afterwards. The versions tell of it, too."""
    s3, bucket = booking_stack.client("s3"), booking_stack.outputs["auditBucket"]
    content = s3.get_object(Bucket=bucket, Key=outcome)["Body"].read()
    stranger = outcome.replace("000002.json", "000009.json")
    if deed == "altered":
        record = json.loads(content)
        record["result"]["amount_minor"] += 1
        undo = _put(booking_stack, outcome, json.dumps(record).encode())
    elif deed == "missing":
        undo = s3.delete_object(Bucket=bucket, Key=outcome)["VersionId"]
    else:
        undo = _put(booking_stack, stranger, content)
    touched = stranger if deed == "extra" else outcome
    try:
        assert verify_findings(shell) == [(problem, touched) for problem in FOUND[deed]]
    finally:
        s3.delete_object(Bucket=bucket, Key=touched, VersionId=undo, BypassGovernanceRetention=True)
    assert verify_findings(shell) == []


def _put(booking_stack: DeployedStack, key: str, body: bytes) -> str:
    """Put an object and return its version."""
    bucket = booking_stack.outputs["auditBucket"]
    return str(booking_stack.client("s3").put_object(Bucket=bucket, Key=key, Body=body)["VersionId"])


def test_since_verifies_the_orders_changed_and_the_objects_written_from_that_day_on(shell: Shell, outcome: str) -> None:
    """Everything in this stack is of today, so nothing is left from tomorrow on."""
    day = outcome.partition("date=")[2].partition("/")[0]
    everything, today = (
        shell("audit", "verify", *arguments, "--json").document for arguments in ((), ("--since", day))
    )
    assert today == {**everything, "since": day}
    assert today["orders"] > 0
    later = shell("audit", "verify", "--since", "2999-01-01", "--json").document
    assert (later["orders"], later["objects"], later["clean"]) == (0, 0, True)


def test_since_must_be_a_day(shell: Shell) -> None:
    said = shell("audit", "verify", "--since", "yesterday")
    assert (said.exit_code, said.stderr) == (64, "--since must be a day such as 2026-01-31, got 'yesterday'.\n")
