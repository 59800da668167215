"""Expressions and conditions as JSONata text.

Every comparison is guarded by tests of its operands' kinds. Unguarded, JSONata fails on `"a" < 1`, maps the steps of a
path over arrays, and treats a missing value as unequal to everything; guarded, each of these comparisons is false.

Longer than 250 lines because it has one function for each kind of condition and expression.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast

from ...asl.json_type import Json
from ...failures import WorkflowError
from ..payload_schema import kinds_of
from ..value_expressions import (
    All,
    Compare,
    CompareTimes,
    Condition,
    Either,
    Expression,
    FunctionCall,
    IsKind,
    IsTrue,
    Matches,
    Not,
    Present,
    Raw,
    Reference,
    condition_of,
    form_of,
    key_of,
    literal_of,
    source_and_path,
)
from .jsonata_arrays import array_text, as_array
from .query_language import is_context_timestamp, shared_kinds

_RESERVED_WORDS: Final = frozenset({"and", "or", "in", "true", "false", "null", "function"})
_ROOTS: Final[Mapping[str, str]] = {
    "state_input": "$states.input",
    "result": "$states.result",
    "error": "$states.errorOutput",
    "context": "$states.context",
}
_EXTERNAL_DATA: Final = (("Execution", "Input"), ("Map", "Item", "Value"))
"""Paths in the context object to data that was sent from outside, which may be any JSON."""
_TIMESTAMP: Final = r"/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/"


def template(value: object) -> Json:
    """Return a payload as JSON: plain values unchanged, expressions between `{%` and `%}`."""
    if isinstance(value, Expression | Condition):
        return "{% " + text_of(value) + " %}"
    if isinstance(value, Mapping):
        return {key_of(key): template(item) for key, item in cast("Mapping[object, object]", value).items()}
    if isinstance(value, list | tuple):
        return [template(item) for item in cast("Sequence[object]", value)]
    if isinstance(value, str) and value.startswith("{%"):
        return "{% " + _constant(value) + " %}"
    return literal_of(value)


def text_of(value: object) -> str:
    """Return an expression, a condition or a constant as text."""
    if isinstance(value, Reference):
        return _reference(value)
    if isinstance(value, FunctionCall):
        return _call(value)
    if isinstance(value, Raw):
        return f"({value.text})"
    if isinstance(value, Condition):
        return condition_text(value)
    if isinstance(value, Mapping):
        members = cast("Mapping[str, object]", value).items()
        return "{" + ", ".join(f"{_constant(key)}: {text_of(item)}" for key, item in members) + "}"
    if isinstance(value, list | tuple):
        return array_text(cast("Sequence[object]", value), text_of)
    return _constant(value)


def condition_text(condition: Condition) -> str:
    """Return a condition as text that always evaluates to true or false."""
    if isinstance(condition, Either) and not _membership_test(condition):
        return " or ".join(_alternative(part) for part in condition.parts)
    return " and ".join(dict.fromkeys(_conjuncts(condition)))


def _conjuncts(condition: Condition) -> Sequence[str]:
    """Return the tests that must all hold, possibly with duplicates."""
    if isinstance(condition, All):
        return [text for part in condition.parts for text in _conjuncts(part)]
    if isinstance(condition, Either):
        return _membership_test(condition) or [f"({condition_text(condition)})"]
    if isinstance(condition, Not):
        return [f"$not({condition_text(condition.part)})"]
    return _guarded_tests(condition)


def _membership_test(condition: Either) -> list[str] | None:
    """Return guards and `path in ["a", "b"]` if a single path is compared with several strings, otherwise None."""
    parts = [part for part in condition.parts if isinstance(part, Compare) and isinstance(part.right, str)]
    if len(parts) < len(condition.parts) or any(part.operator != "=" for part in parts):
        return None
    subjects = {text_of(part.left) for part in parts}
    if len(subjects) > 1 or not isinstance(parts[0].left, Reference):
        return None
    allowed = ", ".join(_constant(part.right) for part in parts)
    return [*_containers(parts[0].left), f"{subjects.pop()} in [{allowed}]"]


def _alternative(part: Condition) -> str:
    text = condition_text(part)
    return text if isinstance(part, Not) else f"({text})"


def _guarded_tests(condition: Condition) -> list[str]:
    if isinstance(condition, Compare):
        return _comparison(condition)
    if isinstance(condition, CompareTimes):
        sides = (condition.left, condition.right)
        guards = [
            guard
            for side in sides
            if isinstance(side, Expression) and not is_context_timestamp(side)
            for guard in (*_containers(side), _is(side, "string"), _looks_like_time(side))
        ]
        left, right = (f"$toMillis({text_of(side)})" for side in sides)
        return [*dict.fromkeys(guards), f"{left} {condition.operator} {right}"]
    if isinstance(condition, Present):
        return [*_containers(condition.subject), f"$exists({text_of(condition.subject)})"]
    if isinstance(condition, IsKind):
        if condition.kind != "timestamp":
            return [*_containers(condition.subject), _is(condition.subject, condition.kind)]
        text = (_is(condition.subject, "string"), _looks_like_time(condition.subject))
        return [*_containers(condition.subject), *text]
    if isinstance(condition, Matches):
        subject = condition.subject
        return [
            *_containers(subject),
            _is(subject, "string"),
            f"$contains({text_of(subject)}, {_regex(condition.pattern)})",
        ]
    if isinstance(condition, IsTrue):
        return [*_containers(condition.subject), f"{text_of(condition.subject)} = true"]
    raise WorkflowError(f"{condition!r} cannot be expressed in JSONata")


def _comparison(condition: Compare) -> list[str]:
    sides, operator, kinds = (condition.left, condition.right), condition.operator, shared_kinds(condition)
    expressions = [side for side in sides if isinstance(side, Expression)]
    guards = [guard for side in expressions for guard in _containers(side)]
    left, right = text_of(condition.left), text_of(condition.right)
    if operator != "=" and len(kinds) == 1:
        guards += [_is(side, *kinds) for side in expressions]
    elif len(expressions) == len(sides):
        guards.append(_is(condition.left, *kinds))
        if operator != "=":
            guards.append(f"$type({left}) = $type({right})")
    return [*dict.fromkeys(guards), f"{left} {operator} {right}"]


def _containers(expression: Expression) -> list[str]:
    """Return guards that every container on a path is an object, or an array before an index.

    JSONata would otherwise apply the rest of the path to each item of an array.
    """
    if isinstance(expression, FunctionCall):
        return [
            guard
            for argument in expression.arguments
            if isinstance(argument, Expression)
            for guard in _containers(argument)
        ]
    if not isinstance(expression, Reference):
        return []
    _, path = source_and_path(expression)
    text = _root(expression)
    guards: list[str] = []
    for index, step in enumerate(path):
        if not _is_of_the_context(expression, path[:index]):
            guards.append(f'$type({text}) = "{"array" if isinstance(step, int) else "object"}"')
        text += _step(step)
    return guards


def _is_of_the_context(reference: Reference, path: tuple[str | int, ...]) -> bool:
    """Return whether a path leads to an object that Step Functions itself creates, and not to data from outside."""
    return source_and_path(reference)[0].root == "context" and not any(
        path[: len(data)] == data for data in _EXTERNAL_DATA
    )


def _is(expression: object, *kinds: str) -> str:
    quoted = ", ".join(f'"{kind}"' for kind in kinds)
    return f"$type({text_of(expression)}) {f'= {quoted}' if len(kinds) == 1 else f'in [{quoted}]'}"


def _looks_like_time(expression: object) -> str:
    return f"$contains({text_of(expression)}, {_TIMESTAMP})"


def _regex(pattern: str) -> str:
    pieces = [re.escape(piece).replace("/", r"\/") for piece in re.split(r"(?<!\\)\*", pattern)]
    return "/^" + "[\\s\\S]*".join(piece.replace(r"\\\*", r"\*") for piece in pieces) + "$/"


def _reference(reference: Reference) -> str:
    _, path = source_and_path(reference)
    return _root(reference) + "".join(_step(step) for step in path)


def _root(reference: Reference) -> str:
    source, _ = source_and_path(reference)
    return f"${source.name}" if source.root == "variable" else _ROOTS[source.root]


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step.isascii() and step.isidentifier() and step not in _RESERVED_WORDS else f".`{step}`"


def _constant(value: object) -> str:
    """Return a constant as text; JSONata has the same escapes as JSON."""
    literal = literal_of(value)
    if isinstance(literal, str) and literal.isprintable() and '"' not in literal and "\\" not in literal:
        return f'"{literal}"'
    import json

    return json.dumps(literal, ensure_ascii=False)


def _function(name: str) -> Callable[[FunctionCall], str]:
    return lambda call: f"${name}({', '.join(text_of(argument) for argument in call.arguments)})"


def _infix(operator: str) -> Callable[[FunctionCall], str]:
    return lambda call: f" {operator} ".join(_operand(argument) for argument in call.arguments)


def _operand(value: object) -> str:
    """Return an operand as text, in parentheses if it is itself an operation."""
    text = text_of(value)
    return (
        f"({text})"
        if isinstance(value, Condition) or (isinstance(value, FunctionCall) and value.name in _OPERATIONS)
        else text
    )


def _choose(call: FunctionCall) -> str:
    test, then, otherwise = call.arguments
    return f"({condition_text(condition_of(test))} ? {_operand(then)} : {_operand(otherwise)})"


def _item_at(call: FunctionCall) -> str:
    items, index = call.arguments
    return f"({text_of(items)})[{text_of(index)}]"


def _contains(call: FunctionCall) -> str:
    items, item = call.arguments
    return f"({_operand(item)} in {_operand(items)})"


def _array_function(name: str) -> Callable[[FunctionCall], str]:
    return lambda call: as_array(_function(name)(call))


def _to_json(call: FunctionCall) -> str:
    """Return the text of a `to_json` call, which puts a string into an array because `$string` quotes it only there."""
    (value,) = call.arguments
    text, kinds = text_of(value), kinds_of(form_of(value))
    if "string" not in kinds or isinstance(value, Condition):
        return f"$string({text})"
    quoted = f"$replace($string([{text}]), /^\\[|\\]$/, '')"
    return quoted if len(kinds) == 1 else f'($type({text}) = "string" ? {quoted} : $string({text}))'


def _split(call: FunctionCall) -> str:
    return as_array(f'{_function("split")(call)}[$ != ""]')


def _merge(call: FunctionCall) -> str:
    return f"$merge([{', '.join(text_of(argument) for argument in call.arguments)}])"


def _random(call: FunctionCall) -> str:
    start, end = (_operand(argument) for argument in call.arguments)
    return f"($floor($random() * ({end} - {start})) + {start})"


def _array(call: FunctionCall) -> str:
    return text_of(list(call.arguments))


_OPERATIONS: Final = frozenset({"concat", "plus", "minus", "times"})
_CALLS: Final[Mapping[str, Callable[[FunctionCall], str]]] = {
    "concat": _infix("&"),
    "plus": _infix("+"),
    "minus": _infix("-"),
    "times": _infix("*"),
    "to_json": _to_json,
    "from_json": _function("parse"),
    "split": _split,
    "base64_encode": _function("base64encode"),
    "base64_decode": _function("base64decode"),
    "hash_of": _function("hash"),
    "uuid": _function("uuid"),
    "text_length": _function("length"),
    "array_length": _function("count"),
    "unique": _array_function("distinct"),
    "parted": _array_function("partition"),
    "span": _array_function("range"),
    "merged": _merge,
    "random_below": _random,
    "array": _array,
    "item_at": _item_at,
    "contains": _contains,
    "choose": _choose,
}


def _call(call: FunctionCall) -> str:
    if call.name in _CALLS:
        return _CALLS[call.name](call)
    raise WorkflowError(f"{call!r} cannot be expressed in JSONata")
