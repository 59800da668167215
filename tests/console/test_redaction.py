"""A report masks what the machine's log masks."""

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


def test_the_personal_fields_are_those_of_the_contract() -> None:
    assert frozenset(PERSONAL_FIELDS) == PERSONAL


@pytest.mark.parametrize("field", PERSONAL_FIELDS)
@given(secret=st.text(min_size=4, max_size=30).filter(lambda text: text.strip() and text not in MASK), around=JSON)
def test_a_personal_value_is_masked_at_any_depth(field: str, secret: str, around: object) -> None:
    planted = {field: f"~{secret}~", "other": [around, {"deep": {field: f"~{secret}~"}}]}
    for value in (planted, json.dumps(planted), {"cause": json.dumps({"request": planted})}):
        shown = json.dumps(redact(value), ensure_ascii=False)
        assert f"~{secret}~" not in shown
        assert f"~{json.dumps(secret)[1:-1]}~" not in shown


def test_json_cut_off_in_a_log_line_is_masked_too() -> None:
    assert "agent-7" not in redact_text('[ERROR] {"request": {"requested_by": "agent-7", "reason": "mine')


@pytest.mark.parametrize("text", ["mail ann@example.org now", "card 4111 1111 1111 1111", "4111111111111111"])
def test_card_numbers_and_addresses_are_masked_wherever_they_stand(text: str) -> None:
    masked = redact_text(text)
    assert MASK in masked
    assert "4111" not in masked
    assert "example" not in masked


@pytest.mark.parametrize("text", ["ord_c385a7cde49da278cc09da849aacbd19", "1795963347209", "2026-01-31T09:30:00Z"])
def test_ids_and_times_stay_readable(text: str) -> None:
    assert redact_text(text) == text


def test_a_value_nested_beyond_any_use_ends() -> None:
    value: object = "end"
    for _ in range(500):
        value = [value]
    assert "…" in json.dumps(redact(value), ensure_ascii=False)
