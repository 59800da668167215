"""Hypothesis profiles: the default is deterministic and bounded; `thorough` is random and long (`make thorough`)."""

from hypothesis import HealthCheck, settings

from tests.environment import THOROUGH

_SHARED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}  # machines are shared and noisy

settings.register_profile("default", max_examples=60, derandomize=True, database=None, **_SHARED)
settings.register_profile("thorough", max_examples=2_000, print_blob=True, **_SHARED)
settings.load_profile("thorough" if THOROUGH else "default")
