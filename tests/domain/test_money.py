"""Currencies and amounts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.money import DECIMALS, format_amount, format_number, parse_amount


@given(st.integers(0, 10**14), st.sampled_from(sorted(DECIMALS)))
def test_formatted_amounts_parse_back_exactly(amount_minor: int, currency: str) -> None:
    """Law 27 (currency): format and parse round-trip for currencies with 0, 2 and 3 decimals."""
    assert parse_amount(format_number(amount_minor, currency), currency) == amount_minor


@pytest.mark.parametrize(
    ("text", "currency", "amount_minor"),
    [
        ("12.34", "EUR", 1234),
        ("12.3", "EUR", 1230),
        ("12", "EUR", 1200),
        ("0.05", "USD", 5),
        ("1234", "JPY", 1234),
        ("1.234", "KWD", 1234),
        ("0.001", "BHD", 1),
    ],
)
def test_amounts_are_parsed_in_their_usual_notation(text: str, currency: str, amount_minor: int) -> None:
    """Law 27 (currency)."""
    assert amount_minor == parse_amount(text, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("12.345", "EUR"), ("1.5", "JPY"), ("-1", "EUR"), ("+1", "EUR"), ("1e3", "EUR"), ("", "EUR"), (".5", "EUR"),
        ("1.", "EUR"), ("1,50", "EUR"), (" 1", "EUR"), ("1\n", "EUR"), ("NaN", "EUR"), ("١", "EUR"), ("1_0", "EUR"),
        ("1", "XXX"), ("1", "eur"), ("9" * 16, "EUR"),
    ],
)  # fmt: skip
def test_an_invalid_amount_is_rejected_with_a_message(text: str, currency: str) -> None:
    """Law 27 (currency), law 2 (positive integer): nothing is rounded or guessed."""
    with pytest.raises(ValueError, match=r"is not (an amount in|the ISO 4217 code)"):
        parse_amount(text, currency)


def test_amounts_are_formatted_with_the_decimals_of_their_currency() -> None:
    """Law 27 (currency)."""
    assert [format_amount(1234, currency) for currency in ("EUR", "JPY", "KWD")] == [
        "12.34 EUR",
        "1234 JPY",
        "1.234 KWD",
    ]
    assert format_amount(-5, "EUR") == "-0.05 EUR"
