"""A report masks the same data as the machine's log."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.redaction import MASK, PERSONAL, redact, redact_text
from handlers.contracts.messages import PERSONAL_FIELDS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def test_personal_fields_match_the_contract() -> None:
    assert frozenset(PERSONAL_FIELDS) == PERSONAL


@pytest.mark.parametrize("field", PERSONAL_FIELDS)
@given(secret=st.text(min_size=4, max_size=30).filter(lambda text: text.strip() and text not in MASK), around=JSON)
def test_a_personal_value_is_masked_at_any_depth(field: str, secret: str, around: object) -> None:
    document = {field: f"~{secret}~", "other": [around, {"deep": {field: f"~{secret}~"}}]}
    for value in (document, json.dumps(document), {"cause": json.dumps({"request": document})}):
        shown = json.dumps(redact(value), ensure_ascii=False)
        assert f"~{secret}~" not in shown
        assert f"~{json.dumps(secret)[1:-1]}~" not in shown


def test_truncated_json_in_a_log_line_is_masked() -> None:
    assert "agent-7" not in redact_text('[ERROR] {"request": {"requested_by": "agent-7", "reason": "mine')


@pytest.mark.parametrize("text", ["mail ann@example.org now", "card 4111 1111 1111 1111", "4111111111111111"])
def test_card_numbers_and_email_addresses_are_masked(text: str) -> None:
    redacted = redact_text(text)
    assert MASK in redacted
    assert "4111" not in redacted
    assert "example" not in redacted


@pytest.mark.parametrize("text", ["ord_c385a7cde49da278cc09da849aacbd19", "1795963347209", "2026-01-31T09:30:00Z"])
def test_ids_and_times_stay_readable(text: str) -> None:
    assert redact_text(text) == text


def test_a_deeply_nested_value_is_truncated() -> None:
    value: object = "end"
    for _ in range(500):
        value = [value]
    assert "…" in json.dumps(redact(value), ensure_ascii=False)
