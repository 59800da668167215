"""Currencies, and amounts as people write them.

Source: ISO 4217, list one: the currencies in circulation, without funds, metals and test codes.
"""

import re
from typing import Final

_NO_DECIMALS: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS: Final = "BHD IQD JOD KWD LYD OMR TND"
_TWO_DECIMALS: Final = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC "
    "CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD "
    "KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO "
    "NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL "
    "THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
)

_GROUPS: Final[tuple[tuple[str, int], ...]] = ((_NO_DECIMALS, 0), (_TWO_DECIMALS, 2), (_THREE_DECIMALS, 3))

DECIMALS: Final = {code: decimals for codes, decimals in _GROUPS for code in codes.split()}
"""The number of decimals of each currency."""


def format_amount(amount_minor: int, currency: str) -> str:
    """Format an amount for people: `format_amount(1234, "EUR")` returns "12.34 EUR"."""
    return f"{format_number(amount_minor, currency)} {currency}"


def format_number(amount_minor: int, currency: str) -> str:
    """Format an amount without its currency: "12.34"."""
    decimals = DECIMALS.get(currency, 2)
    sign, digits = "-" if amount_minor < 0 else "", f"{abs(amount_minor):0{decimals + 1}d}"
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else f"{sign}{digits}"


def parse_amount(text: str, currency: str) -> int:
    """Parse an amount that a person typed into minor units, exactly.

    "12.34", "12.3" and "12" are amounts in EUR; "12.345" is not.

    Raises:
        ValueError: the currency is unknown, or the text is not an amount in it. The message shows an example.
    """
    if currency not in DECIMALS:
        raise ValueError(f"{currency!r} is not the ISO 4217 code of a currency in circulation, such as EUR.")
    decimals = DECIMALS[currency]
    matched = re.fullmatch(r"([0-9]{1,15})(?:\.([0-9]{1,3}))?", text)
    if matched is None or len(matched[2] or "") > decimals:
        example = format_number(10**decimals * 12 + 34 % 10**decimals, currency)
        raise ValueError(f"{text!r} is not an amount in {currency}: write it like {example}.")
    return int(matched[1] + (matched[2] or "").ljust(decimals, "0"))
