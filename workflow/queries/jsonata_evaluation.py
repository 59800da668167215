"""JSONata as Step Functions runs it: version 2 without `$eval`, with six functions of its own.

InvalidJsonata    the text is no expression; says where and why
JsonataFailed     the expression cannot be evaluated on these data, or yields nothing (States.QueryEvaluationError)

`jsonata-python` does the work and is imported when an expression is met that is not plain; whatever only evaluation
needs is imported when something is evaluated. Source of the additions:
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# jsonata-python ships no types.
import itertools
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from ..deep_json import Json
from ..json_values import NotJson, read_json, written

if TYPE_CHECKING:
    from jsonata import Jsonata

    from .intrinsic_functions import Randomness


_LITERALS: Final = (
    r"""(?s)\"(?:[^"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`|/\*.*?\*/|(?<=[(,=~>&|?:\[{;])\s*/(?:[^/\\\n]|\\.)+/"""
)
_THREW: Final = "threw an error during evaluation: "
LONGEST_RANGE: Final = 360_145
"""Numbers that `$range` makes. Source: measured on Step Functions by others."""
MOST_STEPS: Final = 1_000_000
"""Steps of an evaluation until an expression is taken for one that never ends; Step Functions takes time instead."""
_COALESCING: Final = r"\?\?|\?:"


class InvalidJsonata(ValueError):
    """A sentence that says what is wrong, and at which character of the expression."""


class JsonataFailed(ValueError):
    """What went wrong: how a sentence ends that begins with the expression."""


def is_expression(value: object) -> bool:
    """Whether a value of a definition is a JSONata expression."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}") and len(value) >= 4


def inside(text: str) -> str:
    """The expression between `{%` and `%}`."""
    return text[2:-2].strip()


def _without_comment(literal: re.Match[str]) -> str:
    return " " * len(literal[0]) if literal[0].startswith("/*") else literal[0]


@lru_cache(maxsize=4096)
def parse_jsonata(expression: str) -> Jsonata:
    """The parsed expression; raises InvalidJsonata."""
    from jsonata import Jsonata
    from jsonata.jexception import JException

    coalescing = re.search(_COALESCING, re.sub(_LITERALS, "", expression))
    if coalescing:
        raise InvalidJsonata(f"{_shortened(expression)}: Step Functions' JSONata has no {coalescing[0]}")
    try:
        parsed = Jsonata(re.sub(_LITERALS, _without_comment, expression))  # the parser trips over a comment at the end
    except JException as error:
        raise InvalidJsonata(f"{_shortened(expression)}: {_sentence(error)}") from None
    except RecursionError:
        raise InvalidJsonata(f"{_shortened(expression)}: nested too deep") from None
    except Exception as error:  # the parser trips over some texts, such as an empty one
        raise InvalidJsonata(f"{_shortened(expression)}: not an expression ({error or type(error).__name__})") from None
    parsed.set_validate_input(False)
    parsed.set_output_convert_nulls(False)
    return parsed


def evaluate(
    expression: str, states: Mapping[str, Json], variables: Mapping[str, Json], now_ms: int, randomness: Randomness
) -> Json:
    """What an expression yields; raises JsonataFailed and InvalidJsonata."""
    parsed = parse_jsonata(expression)
    bindings = {**variables, "states": states, **_additions(now_ms, randomness)}
    try:
        return _plain(parsed.evaluate(None, bindings))
    except JsonataFailed:
        raise
    except RecursionError:
        raise JsonataFailed(f"{_THREW}nested too deep") from None
    except Exception as error:  # the library raises whatever Python raises inside it
        raise JsonataFailed(_THREW + _sentence(error)) from error


def _additions(now_ms: int, randomness: Randomness) -> dict[str, Any]:
    import random
    import uuid

    from jsonata import Jsonata
    from jsonata.functions import Functions

    def now(picture: str | None = None, timezone: str | None = None) -> object:
        return Functions.datetime_from_millis(now_ms, picture, timezone)

    def chance(seed: float | None = None) -> float:
        return (randomness if seed is None else random.Random(seed)).random()  # noqa: S311  # no secret

    additions: dict[str, Callable[..., object]] = {
        "partition": _partition,
        "range": _range,
        "hash": _hash,
        "eval": _eval,
        "parse": _parse,
        "random": chance,
        "uuid": lambda: str(uuid.UUID(int=randomness.getrandbits(128), version=4)),
        "millis": lambda: now_ms,
        "now": now,
    }
    string = Jsonata.JFunction(Jsonata.JLambda(_string), "<x-b?:s>")
    functions = {name: Jsonata.JLambda(function) for name, function in additions.items()}
    return {**functions, "string": string, "__evaluate_entry": _step_counter()}


def _step_counter() -> Callable[..., None]:
    """What the library calls before each step of an evaluation; ends one that runs away, always at the same step."""
    steps = itertools.count(1)

    def count(*_: object) -> None:
        if next(steps) > MOST_STEPS:
            raise JsonataFailed(f"took {MOST_STEPS:,} steps and has not ended. Check for infinite loop")

    return count


def _string(value: Any = None, prettify: bool | None = None) -> str | None:
    """JSONata's `$string`, with letters and whole numbers as JavaScript writes them, which the library does not."""
    from jsonata.functions import Functions

    value = value[0] if getattr(value, "outer_wrapper", False) else value
    if isinstance(value, int | float) and abs(value) < 1e21 and value == int(value) and not isinstance(value, bool):
        return str(int(value))
    if not isinstance(value, dict | list | tuple | range):
        text: str | None = Functions.string(value, prettify)
        return text
    separators = (",", ": ") if prettify else (",", ":")
    indent = "  " if prettify else None
    return json.dumps(value, cls=Functions.Encoder, ensure_ascii=False, indent=indent, separators=separators)


def _partition(items: list[object], size: float) -> list[list[object]] | None:
    """Chunks; undefined for no items and for chunks of none. Numbers are cut towards zero."""
    most = int(size)
    return [items[start : start + most] for start in range(0, len(items), most)] if items and most > 0 else None


def _range(first: float, last: float, step: float | None = None) -> list[int] | int | None:
    """Numbers from first to last; one alone stands by itself, and none are undefined. Numbers are cut towards zero."""
    by = int(step or 0)
    numbers = range(int(first), int(last) + (1 if by > 0 else -1), by) if by else range(0)
    if len(numbers) > LONGEST_RANGE:
        raise JsonataFailed(f"{_THREW}Expression evaluation memory limit exceeded: Check for excessive memory usage")
    return numbers[0] if len(numbers) == 1 else list(numbers) or None


def _eval(*_: object) -> None:
    raise JsonataFailed(f"{_THREW}T1006: Step Functions has no $eval; $parse reads JSON")


def _hash(value: object, algorithm: str | None = None) -> str | None:
    import hashlib

    from .intrinsic_functions import HASHES

    if algorithm is None:
        return None
    if algorithm not in HASHES:
        raise JsonataFailed(f"{_THREW}$hash: the algorithm is one of {', '.join(HASHES)}")
    text = value if isinstance(value, str) else written(_plain(value))
    return hashlib.new(HASHES[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _parse(text: str) -> Json:
    try:
        return read_json(text)[0]
    except (NotJson, AttributeError) as error:
        raise JsonataFailed(f"{_THREW}$parse: {error}") from None


def _plain(value: Any) -> Json:
    """A value of the library as a plain one; refuses what JSON cannot say."""
    from jsonata.utils import Utils

    if value is None:
        raise JsonataFailed("returned nothing (undefined).")
    return _converted(value, Utils.NULL_VALUE)


def _converted(value: Any, null: object) -> Json:
    if value is null or value is None:
        return None
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, dict):
        return {key: _converted(item, null) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple | range):
        return [_converted(item, null) for item in cast("Sequence[Any]", value)]
    raise JsonataFailed("returned a function, which JSON cannot say.")


def _sentence(error: Exception) -> str:
    place = getattr(error, "location", None)
    where = f" (character {place})" if isinstance(place, int) and place >= 0 else ""
    return f"{str(error) or type(error).__name__}{where}"


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 120 else text[:117] + "…")
