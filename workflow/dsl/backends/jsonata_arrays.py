"""Arrays in JSONata: an item that is an array itself stays one, where JSONata alone would pour it into the array.

`[$x, 1]` with `[2, 3]` in `$x` is `[2, 3, 1]`; only what is written in brackets stays together: `[[$x], 1]`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..payload_schema import kinds_of
from ..value_expressions import Condition, form_of


def array_text(items: Sequence[object], text_of: Callable[[object], str]) -> str:
    """An array of these items; where a type does not say whether an item is an array, that is seen when it runs."""
    texts = [text_of(item) for item in items]
    kinds = [frozenset({"boolean"}) if isinstance(item, Condition) else kinds_of(form_of(item)) for item in items]
    if all(len(kind) == 1 or "array" not in kind for kind in kinds):
        return f"[{', '.join(_whole(text, kind) for text, kind in zip(texts, kinds, strict=True))}]"
    if len(texts) == 1:
        return f'($type({texts[0]}) = "array" ? [[{texts[0]}]] : [{texts[0]}])'
    place = "$place"
    while any(place in text for text in texts):
        place += "_"
    choices = [f"{place} = {index} ? {text}" for index, text in enumerate(texts[:-1])]
    return f"$map([0..{len(texts) - 1}], function({place}) {{ {' : '.join([*choices, texts[-1]])} }})"


def poured(text: str) -> str:
    """Return what a function yields, as an array: also where it is a single item, or nothing."""
    return f"[{text}]"


def _whole(text: str, kinds: frozenset[str]) -> str:
    return f"[{text}]" if "array" in kinds and not text.startswith("[") else text
