"""Deprecated name of `handlers.contracts.storage`, to be removed in release 0.3."""

import warnings

from .contracts.storage import *  # noqa: F403  # every name remains importable from here
from .contracts.storage import ITEM_SCHEMA as SCHEMA  # noqa: F401  # pyright: ignore[reportUnusedImport]  # re-exported

warnings.warn("handlers.storage_schema is now handlers.contracts.storage", DeprecationWarning, stacklevel=2)
