"""Checks a Map: its processor, its items and its limits; where it reads and writes is in distributed.py."""

from __future__ import annotations

import re
from typing import Final

from ..asl.definition import NESTED_MAP_FIELDS, JsonObject
from ..asl.fields import PROCESSOR_CONFIG
from ..asl.json_type import Json
from ..asl.json_values import child
from ..asl.suggestions import joined
from .distributed_maps import check_distribution
from .lint_context import Sight, unknown_field
from .templates import is_open

_DISTRIBUTED_ONLY: Final = ("ItemReader", "ItemBatcher", "ResultWriter", "Label")
_UNUSED_INLINE: Final = (
    "ToleratedFailureCount",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
)
"""AWS accepts these in an inline Map, and does nothing with them."""
_BAD_IN_LABEL: Final = r"[\s?*<>{}\[\]:;,\\|^~$#%&`\"\x00-\x1f\x7f-\x9f]"


def check_map(sight: Sight) -> None:
    """Check a Map's own fields."""
    distributed = _check_processor(sight)
    _check_items(sight, distributed)
    _check_numbers(sight)
    misplaced = _misplaced(sight) if distributed is False else []
    unused = [name for name in sight.fields if name in _UNUSED_INLINE] if distributed is False else []
    if misplaced:
        sight.findings.error(
            "UNSUPPORTED_FIELD",
            sight.at(misplaced[0]),
            f"{joined(misplaced + unused)} belong{'' if (misplaced + unused)[1:] else 's'} to distributed Maps, "
            "and this one is inline.",
            'Set "Mode": "DISTRIBUTED" in ProcessorConfig.',
        )
    elif unused:
        sight.findings.warning(
            "UNSUPPORTED_FIELD",
            sight.at(unused[0]),
            f"{joined(unused)} {'have' if unused[1:] else 'has'} no effect in an inline Map.",
            'Set "Mode": "DISTRIBUTED" in ProcessorConfig, or remove it.',
        )
    _check_label(sight)
    check_distribution(sight)


def _misplaced(sight: Sight) -> list[str]:
    return [name for name in sight.fields if name in _DISTRIBUTED_ONLY]


def _check_processor(sight: Sight) -> bool | None:
    """Whether the Map is distributed; None where it cannot be known."""
    given = [name for name in NESTED_MAP_FIELDS if name in sight.fields]
    if not given:
        sight.missing(
            sight.state.pointer, NESTED_MAP_FIELDS, "A Map says what to do with each item.", "Add ItemProcessor."
        )
        return None
    if len(given) > 1:
        sight.findings.error(
            "CONFLICTING_FIELDS",
            sight.at("Iterator"),
            "A Map has ItemProcessor or, of old, Iterator, and not both.",
            "Remove Iterator.",
        )
    processor = sight.fields[given[0]]
    if not isinstance(processor, dict):
        sight.wrong_type(sight.at(given[0]), f"{given[0]} is an object with StartAt and States.")
        return None
    if "ProcessorConfig" not in processor:
        return False
    return _check_config(sight, processor["ProcessorConfig"], sight.at(given[0], "ProcessorConfig"))


def _check_config(sight: Sight, config: Json, pointer: str) -> bool | None:
    if is_open(config):
        return None
    if not isinstance(config, dict):
        sight.wrong_type(pointer, "ProcessorConfig is an object.")
        return None
    for name in config:
        if name not in PROCESSOR_CONFIG:
            table = dict.fromkeys(PROCESSOR_CONFIG)
            unknown_field(sight.findings, name, child(pointer, name), "ProcessorConfig", table)
    mode = sight.one_of(config, "Mode", pointer, ("INLINE", "DISTRIBUTED"))
    sight.one_of(config, "ExecutionType", pointer, ("STANDARD", "EXPRESS"))
    if ("Mode" in config and mode is None) or is_open(mode):
        return None
    if mode == "DISTRIBUTED":
        _check_distributed(sight, config, pointer)
    elif "ExecutionType" in config and not _misplaced(sight):
        sight.findings.warning(
            "UNSUPPORTED_FIELD",
            child(pointer, "ExecutionType"),
            "ExecutionType means nothing to an inline Map.",
            'Set "Mode": "DISTRIBUTED", or remove it.',
        )
    return mode == "DISTRIBUTED"


def _check_distributed(sight: Sight, config: JsonObject, pointer: str) -> None:
    if "ExecutionType" not in config:
        sight.missing(pointer, "ExecutionType", "A distributed Map says of which type its executions are.")
    if sight.express:
        sight.findings.error(
            "EXPRESS_NOT_SUPPORTED",
            child(pointer, "Mode"),
            "A distributed Map is not there in EXPRESS workflows.",
            "Use a STANDARD workflow, or an inline Map.",
        )


def _check_items(sight: Sight, distributed: bool | None) -> None:
    fields = sight.fields
    if "Items" in fields and sight.speaks_jsonata:
        items = fields["Items"]
        kinds = ("array",) if distributed is False else ("array", "object")
        literal = isinstance(items, str) and not items.startswith("{%") and not is_open(items)
        if literal or not isinstance(items, str | list | dict) or (isinstance(items, dict) and len(kinds) == 1):
            sight.wrong_type(
                sight.at("Items"),
                f"Items is an {' or an '.join(kinds)}, or an expression {{% … %}} that yields one.",
                "An object needs a distributed Map." if isinstance(items, dict) else "",
            )
        sight.texts.jsonata(items, sight.at("Items"), "before", kinds)
    if not sight.speaks_jsonata and "ItemsPath" in fields:
        sight.texts.path(fields["ItemsPath"], sight.at("ItemsPath"))
    if "ItemSelector" in fields:
        _check_selector(sight, fields["ItemSelector"], sight.at("ItemSelector"))


def _check_selector(sight: Sight, selector: Json, pointer: str) -> None:
    if sight.speaks_jsonata:
        sight.texts.jsonata(selector, pointer, "before")
        return
    sight.texts.template(selector, pointer)
    if "Parameters" in sight.fields:
        sight.findings.error(
            "CONFLICTING_FIELDS",
            sight.at("Parameters"),
            "A Map has ItemSelector or, of old, Parameters, and not both.",
            "Remove Parameters.",
        )


def _check_numbers(sight: Sight) -> None:
    here = sight.state.pointer
    sight.whole(sight.fields, "MaxConcurrency", here, 0, None)
    sight.whole(sight.fields, "ToleratedFailureCount", here, 0)
    share = sight.fields.get("ToleratedFailurePercentage")
    if "ToleratedFailurePercentage" in sight.fields and not sight.dynamic(
        sight.fields, "ToleratedFailurePercentage", here, "before", ("number",)
    ):
        if isinstance(share, bool) or not isinstance(share, int | float):
            sight.wrong_type(sight.at("ToleratedFailurePercentage"), "ToleratedFailurePercentage is a number.")
        elif not 0 <= share <= 100:
            sight.findings.error(
                "INVALID_VALUE", sight.at("ToleratedFailurePercentage"), f"A percentage is 0 to 100, and not {share}."
            )
    for name in ("MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage"):
        path = name + "Path"
        if path in sight.fields and not sight.speaks_jsonata:
            sight.texts.path(sight.fields[path], sight.at(path), single=True)
            if name in sight.fields:
                sight.findings.error(
                    "CONFLICTING_FIELDS", sight.at(path), f"A Map has {name} or {path}, not both.", "Remove one."
                )


def _check_label(sight: Sight) -> None:
    label = sight.text(sight.fields, "Label", sight.state.pointer)
    if label is not None and (not label or len(label) > 40 or re.search(_BAD_IN_LABEL, label)) and not is_open(label):
        sight.findings.error(
            "INVALID_LABEL_NAME",
            sight.at("Label"),
            f"{label[:60]!r} is no label: 1 to 40 characters, no spaces, wildcards, brackets or special ones.",
            "Choose another label.",
        )
