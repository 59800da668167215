"""jsonata-python raises Python's recursion limit when it is imported; hypothesis wants no such change during a test."""

import jsonata  # noqa: F401
