"""The engine that evaluates JSONata: `jsonata-python`, brought nearer to the reference implementation.

Numbers are JavaScript's (a division by nothing is infinite), `in` asks whether it is the same, `&` and `$string` write
alike, regular expressions are JavaScript's, and calling something other than a function is refused without output.
"""

from __future__ import annotations

# pyright: reportUntypedBaseClass=false
# jsonata-python ships no types.
import copy
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from ..asl.json_type import Json
from .jsonata_corrections import CORRECTIONS
from .jsonata_library import JException, Jsonata, Signature, Utils
from .jsonata_limits import TooMuchMemory, TooMuchWork, bounded, work_of
from .jsonata_regex import Pattern
from .jsonata_writing import text_of

NULL: Final = Utils.NULL_VALUE
"""JSON's null; the engine's None is undefined."""
MAX_RANGE: Final = 873_782
"""Numbers of `[1..n]`. Source: measured on Step Functions by others, as the next."""


MAX_WORK: Final = 20_000_000
"""Items that one evaluation makes; going through them counts a tenth. Step Functions takes time and memory instead."""


class Engine(Jsonata):  # type: ignore[misc]  # jsonata-python ships no types
    """A parsed expression, ready to be evaluated."""

    def __init__(self, expression: str) -> None:
        Jsonata.__init__(self, expression, _pattern)
        self.environment = self.create_frame(_CORRECTED)
        self.set_validate_input(False)
        self.set_output_convert_nulls(False)
        self.now_ms = 0
        self.work_left = 0

    def result(self, bindings: Mapping[str, Any], now_ms: int, max_work: int = MAX_WORK) -> Any:
        """Return what the expression yields for values of variables; raises what the engine raises."""
        running = copy.copy(self)  # what runs is of one thread, and a parsed expression of all
        running.now_ms = now_ms
        running.work_left = max_work
        Jsonata.CURRENT.jsonata = running
        return running.evaluate(None, bindings)

    def evaluate_numeric_expression(self, lhs: Any, rhs: Any, op: str) -> Any:
        for place, side in (("T2001", lhs), ("T2002", rhs)):
            if side is not None and not Utils.is_numeric(side):
                raise JException(place, -1, op, side)
        return None if lhs is None or rhs is None else _calculated(float(lhs), float(rhs), op)

    def evaluate_includes_expression(self, lhs: Any, rhs: Any) -> bool:
        if lhs is None or rhs is None:
            return False
        return any(_is_same(item, lhs) for item in (cast("Sequence[Any]", rhs) if isinstance(rhs, list) else [rhs]))

    def evaluate_string_concat(self, lhs: Any, rhs: Any) -> str:
        text = bounded("".join(text_of(side) for side in (lhs, rhs) if side is not None))
        self._spend(work_of(text, made=True))
        return text

    def evaluate_range_expression(self, lhs: Any, rhs: Any) -> Any:
        if Utils.is_numeric(lhs) and Utils.is_numeric(rhs) and rhs - lhs >= MAX_RANGE:
            raise TooMuchMemory
        found = Jsonata.evaluate_range_expression(self, lhs, rhs)
        self._spend(len(found) if found else 0)
        return found

    def evaluate_group_expression(self, expr: Any, input: Any, environment: Any) -> Any:  # noqa: A002  # its name
        """Of a copy of an empty array, for the engine puts something into it."""
        return Jsonata.evaluate_group_expression(self, expr, input or copy.copy(input), environment)

    def apply_inner(self, proc: Any, args: Any, input: Any, environment: Any) -> Any:  # noqa: A002  # the engine's name
        if not self.is_function_like(proc):
            raise JException("T1006", -1)
        found = Jsonata.apply_inner(self, proc, args, input, environment)
        if isinstance(proc, Jsonata.JFunction):
            self._spend(work_of(found, made=True) + sum(work_of(each, made=False) for each in args or ()))
        return found

    def _spend(self, work: int) -> None:
        self.work_left -= work
        if self.work_left < 0:
            raise TooMuchWork


def held(value: Json) -> Any:
    """A JSON value as the engine holds it: null as a value of its own, and 3.0 as 3. Itself where that is the same."""
    if isinstance(value, dict):
        changed = {key: new for key, item in value.items() if (new := held(item)) is not item}
        return {**value, **changed} if changed else value
    if isinstance(value, list):
        items = [held(item) for item in value]
        return value if all(new is item for new, item in zip(items, value, strict=True)) else items
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return NULL if value is None else value


def function(name: str, compute: Callable[..., object], signature: str | None = None) -> Any:
    """A function of the engine; without a signature it takes anything, and None for what is missing or left out."""
    taken = "x?" * len(inspect.signature(compute).parameters)
    made = Jsonata.JNativeFunction(name, signature or f"<{taken}:x>", _Holder(compute), "compute")
    made.signature = _Strict(made.signature)
    return made


class _Strict(Signature):  # type: ignore[misc]  # jsonata-python ships no types
    """A signature to which null is a value, and not a missing one."""

    def __init__(self, signature: Any) -> None:
        self.__dict__.update(cast("dict[str, Any]", vars(signature)))

    def get_symbol(self, value: Any) -> str:
        return "l" if value is NULL else str(Signature.get_symbol(self, value))


class _Holder:
    """The table in which the engine looks up functions."""

    def __init__(self, compute: Callable[..., object]) -> None:
        self.compute = compute


def _pattern(source: str, flags: Any) -> Pattern:
    return Pattern(source, ignore_case=flags.case_insensitive, multiline=flags.multiline)


def _calculated(left: float, right: float, op: str) -> Any:
    if op == "/":
        result = left / right if right else math.nan if not left or math.isnan(left) else math.copysign(math.inf, left)
    elif op == "%":
        result = math.fmod(left, right) if right else math.nan
    else:
        result = left + right if op == "+" else left - right if op == "-" else left * right
    return int(result) if result.is_integer() else result


def _is_same(item: Any, wanted: Any) -> bool:
    if isinstance(item, dict | list):
        return item is wanted
    return isinstance(item, bool) == isinstance(wanted, bool) and bool(item == wanted)


def _corrected() -> Any:
    frame = Jsonata.Frame(Jsonata.static_frame)
    for name, native in Jsonata.static_frame.bindings.items():
        strict = copy.copy(native)
        strict.signature = _Strict(native.signature)
        frame.bind(name, strict)
    for name, (signature, compute) in CORRECTIONS.items():
        frame.bind(name, function(name, compute, signature))
    return frame


_CORRECTED: Final = _corrected()
