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
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from .deep_json import Json
from .json_values import NotJson, read_json, written

if TYPE_CHECKING:
    from jsonata import Jsonata

    from .intrinsic_functions import Randomness


_LITERALS: Final = (
    r"""(?s)\"(?:[^"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`|/\*.*?\*/|(?<=[(,=~>&|?:\[{;])\s*/(?:[^/\\\n]|\\.)+/"""
)
_COALESCING: Final = r"\?\?|\?:"


class InvalidJsonata(ValueError):
    """A sentence that says what is wrong, and at which character of the expression."""


class JsonataFailed(ValueError):
    """A sentence that names the expression and what went wrong."""


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
    except JsonataFailed as error:
        raise JsonataFailed(f"{_shortened(expression)}: {error}") from None
    except RecursionError:
        raise JsonataFailed(f"{_shortened(expression)}: nested too deep") from None
    except Exception as error:  # the library raises whatever Python raises inside it
        raise JsonataFailed(f"{_shortened(expression)}: {_sentence(error)}") from error


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
        "parse": _parse,
        "random": chance,
        "uuid": lambda: str(uuid.UUID(int=randomness.getrandbits(128), version=4)),
        "millis": lambda: now_ms,
        "now": now,
    }
    string = Jsonata.JFunction(Jsonata.JLambda(_string), "<x-b?:s>")
    return {**{name: Jsonata.JLambda(function) for name, function in additions.items()}, "string": string}


def _string(value: Any = None, prettify: bool | None = None) -> str | None:
    """JSONata's `$string`, with letters as they are: the library escapes all but ASCII, JSON.stringify does not."""
    from jsonata.functions import Functions

    value = value[0] if getattr(value, "outer_wrapper", False) else value
    if not isinstance(value, dict | list | tuple | range):
        text: str | None = Functions.string(value, prettify)
        return text
    separators = (",", ": ") if prettify else (",", ":")
    indent = "  " if prettify else None
    return json.dumps(value, cls=Functions.Encoder, ensure_ascii=False, indent=indent, separators=separators)


def _partition(items: list[object], size: int) -> list[list[object]]:
    if size < 1:
        raise JsonataFailed("$partition: a chunk has at least one item")
    return [items[start : start + int(size)] for start in range(0, len(items), int(size))]


def _range(first: int, last: int, step: int) -> list[int]:
    if step == 0:
        raise JsonataFailed("$range: the step is not 0")
    return list(range(int(first), int(last) + (1 if step > 0 else -1), int(step)))


def _hash(value: object, algorithm: str) -> str:
    import hashlib

    from .intrinsic_functions import HASHES

    if algorithm not in HASHES:
        raise JsonataFailed(f"$hash: the algorithm is one of {', '.join(HASHES)}")
    text = value if isinstance(value, str) else written(_plain(value))
    return hashlib.new(HASHES[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _parse(text: str) -> Json:
    try:
        return read_json(text)[0]
    except (NotJson, AttributeError) as error:
        raise JsonataFailed(f"$parse: {error}") from None


def _plain(value: Any) -> Json:
    """A value of the library as a plain one; refuses what JSON cannot say."""
    from jsonata.utils import Utils

    if value is None:
        raise JsonataFailed("yields nothing, which JSON cannot say")
    return _converted(value, Utils.NULL_VALUE)


def _converted(value: Any, null: object) -> Json:
    if value is null or value is None:
        return None
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, dict):
        return {key: _converted(item, null) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple | range):
        return [_converted(item, null) for item in cast("Sequence[Any]", value)]
    raise JsonataFailed("yields a function, which JSON cannot say")


def _sentence(error: Exception) -> str:
    place = getattr(error, "location", None)
    where = f" (character {place})" if isinstance(place, int) and place >= 0 else ""
    return f"{str(error) or type(error).__name__}{where}"


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 120 else text[:117] + "…")
