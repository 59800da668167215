"""`booking up --gateway stripe-double`: a checkout pays through the double of Stripe, over HTTP and with webhooks."""

from pathlib import Path

import pytest

from cli import stripe_double
from cli.command_errors import UsageError
from tests.support.stripe.double import TEST_KEY

from .conftest import run_booking
from .test_up import processes_of


def test_an_installed_product_says_that_the_double_needs_a_checkout(tmp_path: Path) -> None:
    stripe_double.require_checkout()
    with pytest.raises(UsageError, match=r"needs a checkout of the booking repository: .* does not have\.$"):
        stripe_double.require_checkout(tmp_path)


def test_another_gateway_is_one_sentence(program_folder: Path) -> None:
    said = run_booking(program_folder, "up", "--gateway", "stripe")
    assert (said.exit_code, said.stdout) == (64, "")
    assert "--gateway must be stripe-double, got 'stripe'." in said.stderr


def test_the_double_takes_the_key_that_is_stored_for_it() -> None:
    assert stripe_double.API_KEY == TEST_KEY


@pytest.mark.nightly
def test_the_tour_is_completed_over_http_with_3d_secure_and_a_dispute(program_folder: Path) -> None:
    """Every booking of the tour, and those of which webhooks bring the outcome; `down` stops the double too."""
    said = run_booking(
        program_folder, "up", "--gateway", "stripe-double", "--engine", "in-process", "--json", "--wait-scale", "0"
    )
    assert said.exit_code == 0, said.stderr
    assert said.document["ok"]
    *_, confirmed, disputed, refunded = said.document["steps"]
    assert (confirmed["result"]["status"], confirmed["after_reconcile"]["status"]) == ("pending", "succeeded")
    assert disputed["result"]["status"] == "succeeded"
    assert (refunded["result"]["status"], refunded["after_reconcile"]["status"]) == ("rejected", "succeeded")
    assert [each["status"] for each in said.document["orders"]["disputed"]["disputes"]] == ["WON"]
    status = run_booking(program_folder, "status", "--json").document
    assert status["companions"]["stripe-double"].startswith("http://127.0.0.1:")
    assert run_booking(program_folder, "audit", "verify").exit_code == 0
    assert run_booking(program_folder, "down").exit_code == 0
    assert processes_of(program_folder) == []
