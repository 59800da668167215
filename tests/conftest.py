"""Hypothesis profiles, and the order of the files.

The default profile is deterministic and bounded; `thorough` is random and long (`make thorough`). The files that take
longest come first, so that no worker begins one of them when the others have nothing left to do.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.environment import THOROUGH

ROOT = Path(__file__).parent
LONGEST_FIRST = (  # by CPU time; 10 seconds and more
    "engine/test_booking_program.py",
    "simulation/test_interleavings.py",
    "engine/test_examples.py",
    "integration/test_malformed_events.py",
    "engine/test_sentences.py",
    "engine/test_killed.py",
    "compliance/test_terraform_provider.py",
    "cli/test_up.py",
    "engine/test_signed_code.py",
    "engine/test_object_lock.py",
    "engine/test_platform_program.py",
    "compliance/test_outside_judges.py",
    "cli/test_audit_report.py",
    "contract/test_fake_dynamodb_agrees_with_dynamodb_local.py",
)

_SHARED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}  # machines are shared and noisy

settings.register_profile("default", max_examples=60, derandomize=True, database=None, **_SHARED)
settings.register_profile("thorough", max_examples=2_000, print_blob=True, **_SHARED)
settings.load_profile("thorough" if THOROUGH else "default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move the files that take longest to the front; the order within a file stays."""
    places = {ROOT / file: place for place, file in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))
