"""The environment that the tests run in: how long they may take, and what happens when an outside tool is missing."""

import os

import pytest

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
"""`make thorough`: random examples, and every case instead of a sample of the slow ones."""
IN_CI = os.environ.get("CI") == "true"
LONGEST_FIRST = (  # by CPU time, from about 80 seconds to 8
    "engine/test_booking_program.py",
    "engine/test_examples.py",
    "engine/test_sentences.py",
    "compliance/test_terraform_provider.py",
    "cli/test_up.py",
    "console/test_console_in_a_browser.py",
    "integration/test_soak.py",
    "engine/test_platform_program.py",
    "simulation/test_simulation.py",
    "contract/test_fake_dynamodb_agrees_with_dynamodb_local.py",
    "workflow/test_every_workflow_of_the_language.py",
    "simulation/test_interleavings.py",
    "integration/test_role_denials.py",
    "cli/test_audit_report.py",
    "components/test_composition.py",
    "components/test_golden.py",
    "workflow/test_documentation.py",
    "workflow/test_coverage.py",
    "compliance/test_outside_judges.py",
)


def require(found: object, sentence: str) -> None:
    """Skip the test with a sentence where an outside tool is missing; in CI, fail it."""
    if not found:
        (pytest.fail if IN_CI else pytest.skip)(sentence)
