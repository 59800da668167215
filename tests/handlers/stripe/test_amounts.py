"""The amounts that Stripe accepts, and the conversion of minor units to Stripe's units."""

import pytest

from handlers.adapters.stripe.amounts import refuse_amount, to_minor, to_units
from handlers.domain.money import DECIMALS


@pytest.mark.parametrize(
    ("amount_minor", "currency"),
    [(50, "EUR"), (99_999_999, "EUR"), (50, "JPY"), (1230, "KWD"), (5, "ISK"), (5, "UGX"), (100, "MGA"), (1, "BIF")],
)
def test_amounts_within_the_limits_are_accepted(amount_minor: int, currency: str) -> None:
    assert refuse_amount(amount_minor, currency) == ""


@pytest.mark.parametrize(
    ("amount_minor", "currency", "expected"),
    [
        (49, "EUR", "50 to 99999999"),
        (100_000_000, "EUR", "50 to 99999999"),
        (1_000_000, "ISK", "1 to 999999"),
        (1231, "KWD", "last digit"),
        (150, "MGA", "whole units"),
        (100, "KPW", "not accept payments in KPW"),
        (100, "XXX", "not accept payments in XXX"),
    ],
)
def test_amounts_outside_the_limits_are_refused_with_the_allowed_range(
    amount_minor: int, currency: str, expected: str
) -> None:
    assert expected in refuse_amount(amount_minor, currency)


def test_stripe_units_differ_from_iso_units_for_three_currencies() -> None:
    assert {code for code in DECIMALS if to_units(100, code) != 100} == {"ISK", "UGX", "MGA"}
    assert (to_units(5, "ISK"), to_units(100, "MGA")) == (500, 1)
    assert all(to_minor(to_units(100, code), code) == 100 for code in DECIMALS)
