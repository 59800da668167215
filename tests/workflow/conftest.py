"""Import jsonata before any test: it raises Python's recursion limit, which must not change during Hypothesis tests."""

import jsonata  # noqa: F401
