"""The part of the handlers that other packages may import: messages, storage and metrics.

The messages' names can still be imported from this package; that is deprecated and goes in release 0.3. They are
looked up when they are asked for, so that reading `storage` or `metrics` does not import pydantic.
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
