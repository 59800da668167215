"""Arrays in JSONata with items that are arrays themselves, which JSONata would flatten into the outer array.

With `[2, 3]` in `$x`, `[$x, 1]` is `[2, 3, 1]`; only an item in brackets of its own stays together: `[[$x], 1]`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..payload_schema import kinds_of
from ..value_expressions import Condition, form_of


def array_text(items: Sequence[object], text_of: Callable[[object], str]) -> str:
    """Return an array as JSONata text in which every item stays one item, even if it turns out to be an array."""
    texts = [text_of(item) for item in items]
    kinds = [frozenset({"boolean"}) if isinstance(item, Condition) else kinds_of(form_of(item)) for item in items]
    if all(len(kind) == 1 or "array" not in kind for kind in kinds):
        return f"[{', '.join(_bracket_array(text, kind) for text, kind in zip(texts, kinds, strict=True))}]"
    if len(texts) == 1:
        return f'($type({texts[0]}) = "array" ? [[{texts[0]}]] : [{texts[0]}])'
    index_variable = "$place"
    while any(index_variable in text for text in texts):
        index_variable += "_"
    choices = [f"{index_variable} = {index} ? {text}" for index, text in enumerate(texts[:-1])]
    return f"$map([0..{len(texts) - 1}], function({index_variable}) {{ {' : '.join([*choices, texts[-1]])} }})"


def as_array(text: str) -> str:
    """Return text that makes an array of a function's result, even of a single item or of nothing."""
    return f"[{text}]"


def _bracket_array(text: str, kinds: frozenset[str]) -> str:
    return f"[{text}]" if "array" in kinds and not text.startswith("[") else text
