"""Check a Map: its processor, items and limits. Its reader, batcher and writer are checked in distributed_maps.py."""

from __future__ import annotations

import re
from typing import Final

from ..asl.definition import NESTED_MAP_FIELDS, JsonObject
from ..asl.fields import PROCESSOR_CONFIG
from ..asl.json_type import Json
from ..asl.json_values import child
from ..asl.limits import MAX_LABEL_LENGTH
from ..asl.suggestions import format_list
from .distributed_maps import check_distribution
from .lint_context import LintContext, unknown_field
from .reads import has_placeholders

_DISTRIBUTED_ONLY: Final = ("ItemReader", "ItemBatcher", "ResultWriter", "Label")
_UNUSED_INLINE: Final = (
    "ToleratedFailureCount",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
)
"""Fields that AWS accepts in an inline Map, but ignores."""
_FORBIDDEN_IN_LABEL: Final = r"[\s?*<>{}\[\]:;,\\|^~$#%&`\"\x00-\x1f\x7f-\x9f]"


def check_map(context: LintContext) -> None:
    """Check the fields that are specific to a Map."""
    distributed = _check_processor(context)
    _check_items(context, distributed)
    _check_numbers(context)
    misplaced = _distributed_only_fields(context) if distributed is False else []
    unused = [name for name in context.fields if name in _UNUSED_INLINE] if distributed is False else []
    if misplaced:
        context.findings.error(
            "UNSUPPORTED_FIELD",
            context.at(misplaced[0]),
            f"{format_list(misplaced + unused)} require{'' if (misplaced + unused)[1:] else 's'} a distributed Map, "
            "but this Map is inline.",
            'Set "Mode": "DISTRIBUTED" in ProcessorConfig.',
        )
    elif unused:
        context.findings.warning(
            "UNSUPPORTED_FIELD",
            context.at(unused[0]),
            f"{format_list(unused)} {'have' if unused[1:] else 'has'} no effect in an inline Map.",
            'Set "Mode": "DISTRIBUTED" in ProcessorConfig, or remove it.',
        )
    _check_label(context)
    check_distribution(context)


def _distributed_only_fields(context: LintContext) -> list[str]:
    return [name for name in context.fields if name in _DISTRIBUTED_ONLY]


def _check_processor(context: LintContext) -> bool | None:
    """Check the processor; return whether the Map is distributed, or None if that cannot be determined."""
    present = [name for name in NESTED_MAP_FIELDS if name in context.fields]
    if not present:
        context.missing(
            context.state.pointer, NESTED_MAP_FIELDS, "A Map state must have ItemProcessor.", "Add ItemProcessor."
        )
        return None
    if len(present) > 1:
        context.findings.error(
            "CONFLICTING_FIELDS",
            context.at("Iterator"),
            "ItemProcessor and Iterator, its deprecated form, cannot be used together.",
            "Remove Iterator.",
        )
    processor = context.fields[present[0]]
    if not isinstance(processor, dict):
        context.wrong_type(context.at(present[0]), f"{present[0]} must be an object with StartAt and States.")
        return None
    if "ProcessorConfig" not in processor:
        return False
    return _check_config(context, processor["ProcessorConfig"], context.at(present[0], "ProcessorConfig"))


def _check_config(context: LintContext, config: Json, pointer: str) -> bool | None:
    if has_placeholders(config):
        return None
    if not isinstance(config, dict):
        context.wrong_type(pointer, "ProcessorConfig must be an object.")
        return None
    for name in config:
        if name not in PROCESSOR_CONFIG:
            table = dict.fromkeys(PROCESSOR_CONFIG)
            unknown_field(context.findings, name, child(pointer, name), "ProcessorConfig", table)
    mode = context.check_enum(config, "Mode", pointer, ("INLINE", "DISTRIBUTED"))
    context.check_enum(config, "ExecutionType", pointer, ("STANDARD", "EXPRESS"))
    if ("Mode" in config and mode is None) or has_placeholders(mode):
        return None
    if mode == "DISTRIBUTED":
        _check_distributed(context, config, pointer)
    elif "ExecutionType" in config and not _distributed_only_fields(context):
        context.findings.warning(
            "UNSUPPORTED_FIELD",
            child(pointer, "ExecutionType"),
            "ExecutionType has no effect in an inline Map.",
            'Set "Mode": "DISTRIBUTED", or remove it.',
        )
    return mode == "DISTRIBUTED"


def _check_distributed(context: LintContext, config: JsonObject, pointer: str) -> None:
    if "ExecutionType" not in config:
        context.missing(pointer, "ExecutionType", "A distributed Map must have ExecutionType.")
    if context.express:
        context.findings.error(
            "EXPRESS_NOT_SUPPORTED",
            child(pointer, "Mode"),
            "EXPRESS workflows do not support distributed Maps.",
            "Use a STANDARD workflow, or an inline Map.",
        )


def _check_items(context: LintContext, distributed: bool | None) -> None:
    fields = context.fields
    if "Items" in fields and context.uses_jsonata:
        items = fields["Items"]
        kinds = ("array",) if distributed is False else ("array", "object")
        literal = isinstance(items, str) and not items.startswith("{%") and not has_placeholders(items)
        if literal or not isinstance(items, str | list | dict) or (isinstance(items, dict) and len(kinds) == 1):
            context.wrong_type(
                context.at("Items"),
                f"Items must be an {' or an '.join(kinds)}, or an expression {{% … %}} that yields one.",
                "An object requires a distributed Map." if isinstance(items, dict) else "",
            )
        context.strings.check_jsonata(items, context.at("Items"), "before", kinds)
    if not context.uses_jsonata and "ItemsPath" in fields:
        context.strings.check_path(fields["ItemsPath"], context.at("ItemsPath"))
    if "ItemSelector" in fields:
        _check_selector(context, fields["ItemSelector"], context.at("ItemSelector"))


def _check_selector(context: LintContext, selector: Json, pointer: str) -> None:
    if context.uses_jsonata:
        context.strings.check_jsonata(selector, pointer, "before")
        return
    context.strings.check_template(selector, pointer)
    if "Parameters" in context.fields:
        context.findings.error(
            "CONFLICTING_FIELDS",
            context.at("Parameters"),
            "ItemSelector and Parameters, its deprecated form, cannot be used together.",
            "Remove Parameters.",
        )


def _check_numbers(context: LintContext) -> None:
    pointer = context.state.pointer
    context.check_integer(context.fields, "MaxConcurrency", pointer, 0, None)
    context.check_integer(context.fields, "ToleratedFailureCount", pointer, 0)
    percentage = context.fields.get("ToleratedFailurePercentage")
    if "ToleratedFailurePercentage" in context.fields and not context.check_expression(
        context.fields, "ToleratedFailurePercentage", pointer, "before", ("number",)
    ):
        if isinstance(percentage, bool) or not isinstance(percentage, int | float):
            context.wrong_type(context.at("ToleratedFailurePercentage"), "ToleratedFailurePercentage must be a number.")
        elif not 0 <= percentage <= 100:
            context.findings.error(
                "INVALID_VALUE",
                context.at("ToleratedFailurePercentage"),
                f"ToleratedFailurePercentage must be from 0 to 100, got {percentage}.",
            )
    for name in ("MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage"):
        path = name + "Path"
        if path in context.fields and not context.uses_jsonata:
            context.strings.check_path(context.fields[path], context.at(path), single=True)
            if name in context.fields:
                context.findings.error(
                    "CONFLICTING_FIELDS", context.at(path), f"{name} and {path} cannot be used together.", "Remove one."
                )


def _check_label(context: LintContext) -> None:
    label = context.check_string(context.fields, "Label", context.state.pointer)
    if (
        label is not None
        and (not label or len(label) > MAX_LABEL_LENGTH or re.search(_FORBIDDEN_IN_LABEL, label))
        and not has_placeholders(label)
    ):
        context.findings.error(
            "INVALID_LABEL_NAME",
            context.at("Label"),
            f"Label must have 1 to {MAX_LABEL_LENGTH} characters, without spaces, wildcards, brackets or special "
            f"characters, got {label[:60]!r}.",
            "Choose another label.",
        )
