"""The environment that the tests run in: how long they may take, and what happens when an outside tool is missing."""

import os

import pytest

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
"""`make thorough`: random examples, and every case instead of a sample of the slow ones."""
IN_CI = os.environ.get("CI") == "true"
LONGEST_FIRST = (  # by the time on a quiet machine, from about 75 seconds to 10
    "engine/test_booking_program.py",
    "cli/test_up.py",
    "compliance/test_terraform_provider.py",
    "local/test_inprocess.py",
    "engine/test_sentences.py",
    "contract/test_fake_dynamodb_agrees_with_dynamodb_local.py",
    "console/test_console_in_a_browser.py",
    "local/test_resource_types.py",
    "cli/test_verbs.py",
    "engine/test_examples.py",
    "integration/test_role_denials.py",
    "engine/test_platform_program.py",
    "workflow/test_every_workflow_of_the_language.py",
    "simulation/test_interleavings.py",
    "simulation/test_simulation.py",
    "compliance/test_outside_judges.py",
    "components/test_program.py",
    "cli/test_audit_report.py",
    "local/test_instance.py",
    "handlers/test_crashes.py",
)


def require(found: object, sentence: str) -> None:
    """Skip the test with a sentence where an outside tool is missing; in CI, fail it."""
    if not found:
        (pytest.fail if IN_CI else pytest.skip)(sentence)
