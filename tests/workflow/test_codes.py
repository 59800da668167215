"""Every code of `check` is explained, with an example that yields it; the page of codes is up to date."""

from typing import get_args

import pytest

from tests.workflow.defects import DEFECTS
from tools.codes_page import PAGE, example_findings, render_page
from workflow.lint import check
from workflow.lint.codes import EXPLANATIONS, explanation_of
from workflow.lint.lint_findings import Code


def test_the_page_of_codes_is_up_to_date() -> None:
    """If this fails, run python -m tools.codes_page."""
    assert render_page() == PAGE.read_text("utf-8")


def test_every_code_is_explained() -> None:
    """The type checkers ensure that `check` gives no other code."""
    assert list(EXPLANATIONS) == list(get_args(Code))


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_each_example_yields_only_its_code(code: Code) -> None:
    """The finding also has the explained severity."""
    explained = EXPLANATIONS[code]
    assert [(found.code, found.severity) for found in example_findings(explained)] == [(code, explained.severity)]


def test_every_code_has_a_seeded_defect() -> None:
    """A code without a seeded defect could disappear unnoticed."""
    found_codes = {
        found.code
        for defect in DEFECTS
        for found in check(defect.text, type="EXPRESS" if defect.express else "STANDARD")
    }
    assert set(get_args(Code)) - found_codes == {
        "OPEN_TEMPLATE"
    }  # not a defect: test_an_unfilled_template_is_checked_with_one_warning


def test_codes_are_case_insensitive() -> None:
    assert explanation_of("no_dollar") is EXPLANATIONS["NO_DOLLAR"]
    assert explanation_of("NO_SUCH_CODE") is None
