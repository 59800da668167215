"""The amounts that Stripe accepts, by currency.

Source: docs.stripe.com/currencies: at most eight digits, a minimum charge for each settlement currency, the last digit
of three-decimal currencies is 0, and ISK and UGX are written with two decimals that are 00. Our amounts are in ISO 4217
minor units; Stripe's units differ for a few currencies.
"""

from collections.abc import Mapping
from typing import Final

from ...domain.money import DECIMALS

MAX_UNITS: Final = 99_999_999

STRIPE_DECIMALS: Final[Mapping[str, int]] = {"ISK": 2, "UGX": 2, "MGA": 0}
"""Currencies whose unit at Stripe is not ISO's minor unit. ISK and UGX are written in hundredths that are always 0."""

MINIMUM_UNITS: Final[Mapping[str, int]] = {
    "AED": 200,
    "AUD": 50,
    "BRL": 50,
    "CAD": 50,
    "CHF": 50,
    "CZK": 15_00,
    "DKK": 250,
    "EUR": 50,
    "GBP": 30,
    "HKD": 400,
    "HUF": 175_00,
    "INR": 50,
    "JPY": 50,
    "MXN": 10_00,
    "MYR": 200,
    "NOK": 300,
    "NZD": 50,
    "PLN": 200,
    "RON": 200,
    "SEK": 300,
    "SGD": 50,
    "THB": 10_00,
    "USD": 50,
}
"""The minimum charge in Stripe's units.

For other currencies Stripe checks the converted amount, so it may still decline.
"""

UNSUPPORTED: Final = frozenset(
    (
        "CUP",
        "ERN",
        "IQD",
        "IRR",
        "KPW",
        "LYD",
        "MRU",
        "SDG",
        "SSP",
        "STN",
        "SVC",
        "SYP",
        "TMT",
        "UYI",
        "VED",
        "VES",
        "ZWG",
    )
)
"""Currencies in circulation that Stripe does not accept."""


def to_units(amount_minor: int, currency: str) -> int:
    """Convert ISO minor units to Stripe's units. Call `refuse_amount` first: not every amount can be converted."""
    iso_decimals, stripe_decimals = DECIMALS[currency], STRIPE_DECIMALS.get(currency, DECIMALS[currency])
    return (
        amount_minor * _power_of_ten(stripe_decimals - iso_decimals)
        if stripe_decimals >= iso_decimals
        else amount_minor // _power_of_ten(iso_decimals - stripe_decimals)
    )


def to_minor(units: int, currency: str) -> int:
    """Convert Stripe's units to ISO minor units."""
    iso_decimals, stripe_decimals = DECIMALS.get(currency, 2), STRIPE_DECIMALS.get(currency, DECIMALS.get(currency, 2))
    return (
        units // _power_of_ten(stripe_decimals - iso_decimals)
        if stripe_decimals >= iso_decimals
        else units * _power_of_ten(iso_decimals - stripe_decimals)
    )


def _power_of_ten(decimals: int) -> int:
    return int(10**decimals)


def refuse_amount(amount_minor: int, currency: str) -> str:
    """Return the reason why Stripe does not accept this amount, and what it accepts, or an empty string."""
    if currency in UNSUPPORTED or currency not in DECIMALS:
        return f"Stripe does not accept payments in {currency}."
    if DECIMALS[currency] == 3 and amount_minor % 10:
        return f"The last digit of an amount in {currency} must be 0 at Stripe, got {amount_minor}."
    if to_minor(to_units(amount_minor, currency), currency) != amount_minor:
        return f"Amounts in {currency} must be whole units at Stripe, got {amount_minor} minor units."
    lowest = max(1, to_minor(MINIMUM_UNITS.get(currency, 1), currency))
    highest = to_minor(MAX_UNITS, currency)
    if not lowest <= amount_minor <= highest:
        return f"Stripe accepts {lowest} to {highest} minor units of {currency}, got {amount_minor}."
    return ""
