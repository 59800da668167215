"""Bookings stay consistent while functions are killed; `make soak` runs a thousand of them."""

import pytest

from local.pytest_plugin import DeployedStack
from tests.soak.bookings import soak

EXECUTIONS = 60


@pytest.mark.nightly
def test_ledger_gateway_and_audit_agree_after_functions_were_killed(shop: DeployedStack) -> None:
    """Laws 18, 23, 24: Σ captured − refunded is the gateway's net, no stock below zero, the audit complete."""
    report = soak(shop, EXECUTIONS)
    assert report.broken() == [], "\n".join(report.lines())
