"""Deprecated name of `handlers.contracts.metrics`, to be removed in release 0.3."""

import warnings

from .contracts.metrics import *  # noqa: F403  # every name remains importable from here

warnings.warn("handlers.metric_names is now handlers.contracts.metrics", DeprecationWarning, stacklevel=2)
