"""Hypothesis profiles, and the order of the files.

The default profile is deterministic and bounded; `thorough` is random and long (`make thorough`). The files that take
longest come first, so that no worker begins one of them when the others have nothing left to do.
"""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.environment import LONGEST_FIRST, NIGHTLY, THOROUGH

ROOT = Path(__file__).parent
_SHARED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}  # machines are shared and noisy

settings.register_profile("default", max_examples=60, derandomize=True, database=None, **_SHARED)
settings.register_profile("thorough", max_examples=2_000, print_blob=True, **_SHARED)
settings.load_profile("thorough" if THOROUGH else "default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move the files that take longest to the front; the order within a file stays."""
    places = {ROOT / file: place for place, file in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(LONGEST_FIRST)))


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave the files of the night to `make thorough`, unless they are named on the command line."""
    named = any(str(collection_path).endswith(str(argument)) for argument in sys.argv[1:])
    nightly = collection_path in {ROOT / file for file in NIGHTLY}
    return True if nightly and not THOROUGH and not named else None
