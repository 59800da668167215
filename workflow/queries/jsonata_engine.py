"""The engine that evaluates JSONata: `jsonata-python`, adapted to the reference implementation.

Numbers behave as in JavaScript (division by zero is infinite), `in` compares arrays and objects by identity, `&` and
`$string` format values alike, regular expressions are JavaScript's, and calling a value that is not a function fails
without printing anything.
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
from .jsonata_limits import TooMuchMemory, TooMuchWork, check_length, work_of
from .jsonata_regex import Pattern
from .jsonata_writing import text_of

NULL: Final = Utils.NULL_VALUE
"""The engine's value for JSON null; its None means undefined."""
MAX_RANGE: Final = 873_782
"""The maximum length of a range `[1..n]`. Source: third-party measurements of Step Functions."""


MAX_WORK: Final = 20_000_000
"""The maximum work of one evaluation, as measured by `work_of`; Step Functions limits its time and memory instead."""


class Engine(Jsonata):  # type: ignore[misc]  # jsonata-python ships no types
    """A parsed expression, ready to be evaluated."""

    def __init__(self, expression: str) -> None:
        Jsonata.__init__(self, expression, _pattern)
        self.environment = self.create_frame(_FRAME)
        self.set_validate_input(False)
        self.set_output_convert_nulls(False)
        self.now_ms = 0
        self.work_left = 0

    def result(self, bindings: Mapping[str, Any], now_ms: int, max_work: int = MAX_WORK) -> Any:
        """Evaluate the expression with these variables, at `now_ms` since 1970; raises any exception of the engine."""
        running = copy.copy(self)  # threads share a parsed expression, but not an evaluation
        running.now_ms = now_ms
        running.work_left = max_work
        Jsonata.CURRENT.jsonata = running
        return running.evaluate(None, bindings)

    def evaluate_numeric_expression(self, lhs: Any, rhs: Any, op: str) -> Any:
        for code, side in (("T2001", lhs), ("T2002", rhs)):
            if side is not None and not Utils.is_numeric(side):
                raise JException(code, -1, op, side)
        return None if lhs is None or rhs is None else _calculate(float(lhs), float(rhs), op)

    def evaluate_includes_expression(self, lhs: Any, rhs: Any) -> bool:
        if lhs is None or rhs is None:
            return False
        return any(_is_same(item, lhs) for item in (cast("Sequence[Any]", rhs) if isinstance(rhs, list) else [rhs]))

    def evaluate_string_concat(self, lhs: Any, rhs: Any) -> str:
        text = check_length("".join(text_of(side) for side in (lhs, rhs) if side is not None))
        self._spend(work_of(text, created=True))
        return text

    def evaluate_range_expression(self, lhs: Any, rhs: Any) -> Any:
        if Utils.is_numeric(lhs) and Utils.is_numeric(rhs) and rhs - lhs >= MAX_RANGE:
            raise TooMuchMemory
        found = Jsonata.evaluate_range_expression(self, lhs, rhs)
        self._spend(len(found) if found else 0)
        return found

    def evaluate_group_expression(self, expr: Any, input: Any, environment: Any) -> Any:  # noqa: A002  # the engine's name
        """Group a copy of an empty array, because the engine adds an item to it."""
        return Jsonata.evaluate_group_expression(self, expr, input or copy.copy(input), environment)

    def apply_inner(self, proc: Any, args: Any, input: Any, environment: Any) -> Any:  # noqa: A002  # the engine's name
        if not self.is_function_like(proc):
            raise JException("T1006", -1)
        found = Jsonata.apply_inner(self, proc, args, input, environment)
        if isinstance(proc, Jsonata.JFunction):
            self._spend(work_of(found, created=True) + sum(work_of(each, created=False) for each in args or ()))
        return found

    def _spend(self, work: int) -> None:
        self.work_left -= work
        if self.work_left < 0:
            raise TooMuchWork


def to_engine(value: Json) -> Any:
    """Convert a JSON value for the engine, null to NULL and 3.0 to 3; a value without these is returned as is."""
    if isinstance(value, dict):
        changed = {key: new for key, item in value.items() if (new := to_engine(item)) is not item}
        return {**value, **changed} if changed else value
    if isinstance(value, list):
        items = [to_engine(item) for item in value]
        return value if all(new is item for new, item in zip(items, value, strict=True)) else items
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return NULL if value is None else value


def function(name: str, compute: Callable[..., object], signature: str | None = None) -> Any:
    """Return a function for the engine; without a signature, its arguments are of any kind and optional (None)."""
    parameters = "x?" * len(inspect.signature(compute).parameters)
    native = Jsonata.JNativeFunction(name, signature or f"<{parameters}:x>", _FunctionHolder(compute), "compute")
    native.signature = _StrictSignature(native.signature)
    return native


class _StrictSignature(Signature):  # type: ignore[misc]  # jsonata-python ships no types
    """A signature that accepts null as a value instead of treating it as missing."""

    def __init__(self, signature: Any) -> None:
        self.__dict__.update(cast("dict[str, Any]", vars(signature)))

    def get_symbol(self, value: Any) -> str:
        return "l" if value is NULL else str(Signature.get_symbol(self, value))


class _FunctionHolder:
    """An object in which the engine looks up a function by its name, `compute`."""

    def __init__(self, compute: Callable[..., object]) -> None:
        self.compute = compute


def _pattern(source: str, flags: Any) -> Pattern:
    return Pattern(source, ignore_case=flags.case_insensitive, multiline=flags.multiline)


def _calculate(left: float, right: float, op: str) -> Any:
    if op == "/":
        result = left / right if right else math.nan if not left or math.isnan(left) else math.copysign(math.inf, left)
    elif op == "%":
        result = math.fmod(left, right) if right else math.nan
    else:
        result = left + right if op == "+" else left - right if op == "-" else left * right
    return int(result) if result.is_integer() else result


def _is_same(item: Any, sought: Any) -> bool:
    if isinstance(item, dict | list):
        return item is sought
    return isinstance(item, bool) == isinstance(sought, bool) and bool(item == sought)


def _corrected_frame() -> Any:
    frame = Jsonata.Frame(Jsonata.static_frame)
    for name, native in Jsonata.static_frame.bindings.items():
        strict = copy.copy(native)
        strict.signature = _StrictSignature(native.signature)
        frame.bind(name, strict)
    for name, (signature, compute) in CORRECTIONS.items():
        frame.bind(name, function(name, compute, signature))
    return frame


_FRAME: Final = _corrected_frame()
