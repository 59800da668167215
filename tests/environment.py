"""The test environment: profiles, the order of files, and the handling of missing outside tools."""

import os

import pytest

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
"""`make thorough`: random examples, and every case instead of a sample of the slow ones."""
IN_CI = os.environ.get("CI") == "true"
LONGEST_FIRST = (  # by the time on a quiet machine, from about 70 seconds to 10
    "engine/test_booking_program.py",
    "console/test_console_in_a_browser.py",
    "cli/test_up.py",
    "compliance/test_terraform_provider.py",
    "simulation/test_simulation.py",
    "compliance/test_outside_judges.py",
    "engine/test_sentences.py",
    "cli/test_verbs.py",
    "integration/test_roles_match_recorded_calls.py",
    "local/test_resource_types.py",
    "components/test_program.py",
    "workflow/test_asl_judges.py",
    "simulation/test_interleavings.py",
    "workflow/test_every_workflow_of_the_language.py",
    "components/test_composition.py",
    "console/test_console_attacks.py",
    "repo/test_wheel.py",
    "handlers/test_refund_totals.py",
    "local/test_instance.py",
    "engine/test_platform_program.py",
    "integration/test_api_admission.py",
    "integration/test_role_denials.py",
    "contract/test_fake_dynamodb_agrees_with_dynamodb_local.py",
    "simulation/test_stripe_simulation.py",
    "local/test_inprocess.py",
    "components/test_stage_files.py",
    "cli/test_api_access.py",
    "workflow/test_coverage.py",
    "handlers/test_random_histories.py",
    "examples/test_python_programs.py",
)


def require(found: object, message: str) -> None:
    """Skip the test with a message if an outside tool is missing; in CI, fail it."""
    if not found:
        (pytest.fail if IN_CI else pytest.skip)(message)
