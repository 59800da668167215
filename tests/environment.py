"""The environment that the tests run in: how long they may take, and what happens when an outside tool is missing."""

import os

import pytest

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
"""`make thorough`: random examples, and every case instead of a sample of the slow ones."""
IN_CI = os.environ.get("CI") == "true"


def require(found: object, sentence: str) -> None:
    """Skip the test with a sentence where an outside tool is missing; in CI, fail it."""
    if not found:
        (pytest.fail if IN_CI else pytest.skip)(sentence)
