"""Convert JSONata's results to JSON values, and define the error of a failed evaluation.

JsonataFailed     the expression cannot be evaluated on these data, or yields nothing (States.QueryEvaluationError)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, cast

from ..asl.json_type import Json

THREW: Final = "threw an error during evaluation"
"""The beginning of JsonataFailed's message if an expression failed, rather than yielded nothing."""


class JsonataFailed(ValueError):
    """A failed evaluation; the message completes a sentence that begins with the expression."""


def to_json(value: Any) -> Json:
    """Convert a value of the engine to a JSON value; raises JsonataFailed for a function."""
    from .jsonata_engine import NULL

    return _convert(value, NULL)


def _convert(value: Any, null: object) -> Json:
    if value is null or value is None:
        return None
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, dict):
        return {key: _convert(item, null) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple | range):
        return [_convert(item, null) for item in cast("Sequence[Any]", value)]
    raise JsonataFailed("returned a function, which cannot be represented in JSON.")
