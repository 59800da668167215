"""Hypothesis profiles: `dev` on a laptop, `ci` in CI, `thorough` when asked (HYPOTHESIS_PROFILE=thorough)."""

import os

from hypothesis import HealthCheck, settings

_SHARED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}  # machines are shared and noisy

settings.register_profile("dev", max_examples=100, **_SHARED)
settings.register_profile("ci", max_examples=200, derandomize=True, print_blob=True, **_SHARED)
settings.register_profile("thorough", max_examples=5_000, **_SHARED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))
