"""The part of the handlers that other packages may import: messages, storage and metrics.

Importing messages from this package itself is deprecated and will be removed in release 0.3. They are resolved lazily,
so importing `storage` or `metrics` does not import pydantic.
"""

import warnings
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .messages import *  # noqa: F403


def __getattr__(name: str) -> object:
    messages = import_module(".messages", __name__) if not name.startswith("_") else None
    if messages is None or not hasattr(messages, name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(f"import {name} from {__name__}.messages, not from {__name__}", DeprecationWarning, stacklevel=2)
    return getattr(messages, name)
