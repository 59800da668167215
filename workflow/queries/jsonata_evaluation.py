"""Parse and evaluate JSONata as Step Functions does: version 2 without `$eval`, with six functions of its own.

InvalidJsonata    the string is not a valid expression; the message gives the position and the reason

Imports are late: `jsonata-python` is imported to parse an expression that `jsonata_plain` cannot read, and modules that
only evaluation needs are imported for the first evaluation. Source of the additional functions:
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from ..asl.json_type import Json
from .jsonata_values import THREW, JsonataFailed, to_json

if TYPE_CHECKING:
    from .intrinsic_functions import Randomness
    from .jsonata_engine import Engine


_LITERALS: Final = (
    r"""(?s)\"(?:[^"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`|/\*.*?\*/|(?<=[(,=~>&|?:\[{;])\s*/(?:[^/\\\n]|\\.)+/"""
)
_COALESCING: Final = r"\?\?|\?:"
_MAX_CONVERTED: Final = 1_000


class InvalidJsonata(ValueError):
    """An invalid expression; the message gives the problem and, if known, its position in the expression."""


def is_expression(value: object) -> bool:
    """Return true if a value of a definition is a JSONata expression."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}") and len(value) >= 4


def strip_delimiters(text: str) -> str:
    """Return the expression between `{%` and `%}`."""
    return text[2:-2].strip()


def _without_comment(literal: re.Match[str]) -> str:
    return " " * len(literal[0]) if literal[0].startswith("/*") else literal[0]


@lru_cache(maxsize=4096)
def parse_jsonata(expression: str) -> Engine:
    """Parse an expression; raises InvalidJsonata."""
    from .jsonata_engine import Engine
    from .jsonata_library import JException

    coalescing = re.search(_COALESCING, re.sub(_LITERALS, "", expression))
    if coalescing:
        raise InvalidJsonata(
            f"{_shorten(expression)}: Step Functions does not support the JSONata operator {coalescing[0]}"
        )
    try:
        return Engine(re.sub(_LITERALS, _without_comment, expression))  # the parser fails on a comment at the end
    except JException as error:
        raise InvalidJsonata(f"{_shorten(expression)}: {failure_text(error)}") from None
    except RecursionError:
        raise InvalidJsonata(f"{_shorten(expression)}: nested too deeply") from None
    except KeyError as error:
        raise InvalidJsonata(f"{_shorten(expression)}: JSONata has no {error}") from None
    except Exception:  # raised for some strings, such as an empty one
        raise InvalidJsonata(f"{_shorten(expression)}: empty or incomplete expression") from None


class Evaluator:
    """Evaluates the expressions of one run, sharing random numbers and a cache of values converted for the engine."""

    def __init__(self, randomness: Randomness) -> None:
        self._randomness = randomness
        self._converted: dict[int, tuple[Json, Any]] = {}
        self._now_ms = 0
        self._additions: dict[str, Any] | None = None

    def result(self, expression: str, states: Mapping[str, Json], variables: Mapping[str, Json], now_ms: int) -> Json:
        """Evaluate an expression; raises JsonataFailed or InvalidJsonata. The values are cached and must not change."""
        from .jsonata_messages import TooDeep, error_text

        parsed = parse_jsonata(expression)
        try:
            return _to_json(parsed.result(self._bindings(states, variables, now_ms), now_ms))
        except JsonataFailed:
            raise
        except RecursionError:
            raise JsonataFailed(THREW + error_text(TooDeep())) from None
        except Exception as error:  # the library lets any Python exception escape
            raise JsonataFailed(THREW + error_text(error)) from error

    def _bindings(self, states: Mapping[str, Json], variables: Mapping[str, Json], now_ms: int) -> dict[str, Any]:
        from .jsonata_additions import additions, evaluation_limits

        if self._additions is None:
            self._additions = additions(self._randomness, lambda: self._now_ms)
        self._now_ms = now_ms
        known = {name: self._convert(value) for name, value in variables.items()}
        members = {name: self._convert(value) for name, value in states.items() if name != "context"}
        context = {name: self._convert(value) for name, value in cast("dict[str, Json]", states["context"]).items()}
        return {**known, **self._additions, "states": {**members, "context": context}, **evaluation_limits()}

    def _convert(self, value: Json) -> Any:
        if isinstance(value, str | int):
            return value
        if id(value) not in self._converted:
            from .jsonata_engine import to_engine

            if len(self._converted) == _MAX_CONVERTED:
                self._converted.clear()
            self._converted[id(value)] = (value, to_engine(value))  # the value, too, so that its id is not reused
        return self._converted[id(value)][1]


def _to_json(value: Any) -> Json:
    if value is None:
        raise JsonataFailed("returned nothing (undefined).")
    return to_json(value)


def failure_text(error: Exception) -> str:
    """Return the message of a parser error, with its position in the expression."""
    position = getattr(error, "location", None)
    where = f" (character {position})" if isinstance(position, int) and position >= 0 else ""
    escaped = getattr(error, "current", None) if getattr(error, "error", "") == "S0301" else None
    message = (
        f"\\{escaped} is not a valid escape sequence in a string" if escaped else str(error) or type(error).__name__
    )
    return f"{message}{where}"


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 120 else text[:117] + "…")
