"""Functions that a JSONata expression may call in Step Functions, and the kinds of their results."""

from __future__ import annotations

from typing import Final

_NAMES: Final = """
    sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim pad
    match contains replace split join formatNumber formatBase formatInteger parseInteger number floor ceil round abs
    sqrt power random boolean not map zip filter single reduce sift keys lookup append exists spread merge reverse each
    error assert type sort shuffle distinct base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent
    decodeUrl toMillis fromMillis clone now millis partition range hash uuid parse
"""
FUNCTIONS: Final = frozenset(_NAMES.split())
"""The names of JSONata's own functions, without `$eval`, and of the six that Step Functions adds."""

KINDS_OF_FUNCTIONS: Final = {
    **dict.fromkeys(("exists", "not", "boolean", "contains"), "boolean"),
    **dict.fromkeys(("count", "length", "number", "floor", "ceil", "round", "abs", "millis", "random"), "number"),
    **dict.fromkeys(("string", "uppercase", "lowercase", "join", "now", "uuid", "hash"), "string"),
    **dict.fromkeys(("partition", "range"), "array"),
}
"""The kind of a function's result by function name, if it is certain."""
