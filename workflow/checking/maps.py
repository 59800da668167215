"""Checks a Map: its processor, its items, and what only a distributed one has.

Longer than most files here: a Map has as many fields as all other states together.
"""

from __future__ import annotations

import re
from typing import Final

from ..deep_json import Json
from ..definition import NESTED_MAP_FIELDS, JsonObject
from ..json_values import child
from .findings import meant
from .integrations import UnknownTarget, target_of
from .sight import Sight, unknown_field
from .templates import is_open
from .vocabulary import BATCHER, PROCESSOR_CONFIG, READER, READER_CONFIG, WRITER, WRITER_CONFIG

_DISTRIBUTED_ONLY: Final = (
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "Label",
    "ToleratedFailureCount",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
)
_BAD_IN_LABEL: Final = re.compile(r"[\s?*<>{}\[\]:;,\\|^~$#%&`\"\x00-\x1f\x7f-\x9f]")
_INPUT_TYPES: Final = ("CSV", "JSON", "JSONL", "MANIFEST", "PARQUET")
_DELIMITERS: Final = ("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB")


def check_map(sight: Sight) -> None:
    """Check a Map's own fields."""
    distributed = _check_processor(sight)
    _check_items(sight)
    _check_numbers(sight)
    if distributed is False:
        for name in _DISTRIBUTED_ONLY:
            if name in sight.fields:
                sight.findings.error(
                    "UNSUPPORTED_FIELD",
                    sight.at(name),
                    f"{name} belongs to distributed Maps, and this one is inline.",
                    'Set "Mode": "DISTRIBUTED" in ProcessorConfig.',
                )
    _check_label(sight)
    _check_reader(sight)
    _check_writer(sight)
    _check_batcher(sight)


def _check_processor(sight: Sight) -> bool | None:
    """Whether the Map is distributed; None where it cannot be known."""
    given = [name for name in NESTED_MAP_FIELDS if name in sight.fields]
    if not given:
        sight.missing(sight.state.pointer, "A Map says what to do with each item.", "Add ItemProcessor.")
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
    return _check_config(sight, processor.get("ProcessorConfig"), child(sight.at(given[0]), "ProcessorConfig"))


def _check_config(sight: Sight, config: Json, pointer: str) -> bool | None:
    if config is None or is_open(config):
        return False if config is None else None
    if not isinstance(config, dict):
        sight.wrong_type(pointer, "ProcessorConfig is an object.")
        return None
    for name in config:
        if name not in PROCESSOR_CONFIG:
            table = dict.fromkeys(PROCESSOR_CONFIG)
            unknown_field(sight.findings, name, child(pointer, name), "ProcessorConfig", table)
    mode = sight.one_of(config, "Mode", pointer, ("INLINE", "DISTRIBUTED"))
    sight.one_of(config, "ExecutionType", pointer, ("STANDARD", "EXPRESS"))
    if mode == "DISTRIBUTED":
        _check_distributed(sight, config, pointer)
    elif "ExecutionType" in config and mode in (None, "INLINE") and not is_open(mode):
        sight.findings.warning(
            "UNSUPPORTED_FIELD",
            child(pointer, "ExecutionType"),
            "ExecutionType means nothing to an inline Map.",
            'Set "Mode": "DISTRIBUTED", or remove it.',
        )
    return None if is_open(mode) else mode == "DISTRIBUTED"


def _check_distributed(sight: Sight, config: JsonObject, pointer: str) -> None:
    if "ExecutionType" not in config:
        sight.missing(pointer, "A distributed Map says of which type its executions are.", "Add ExecutionType.")
    if sight.express:
        sight.findings.error(
            "EXPRESS_NOT_SUPPORTED",
            child(pointer, "Mode"),
            "A distributed Map is not there in EXPRESS workflows.",
            "Use a STANDARD workflow, or an inline Map.",
        )


def _check_items(sight: Sight) -> None:
    fields = sight.fields
    if "Items" in fields and sight.speaks_jsonata:
        items = fields["Items"]
        literal = isinstance(items, str) and not items.startswith("{%") and not is_open(items)
        if literal or not isinstance(items, str | list | dict):
            sight.wrong_type(sight.at("Items"), "Items is an array, an object, or an expression {% … %}.")
        sight.texts.jsonata(items, sight.at("Items"), "before", ("array", "object"))
    if not sight.speaks_jsonata and "ItemsPath" in fields:
        sight.texts.path(fields["ItemsPath"], sight.at("ItemsPath"))
    if "ItemSelector" in fields:
        if sight.speaks_jsonata:
            sight.texts.jsonata(fields["ItemSelector"], sight.at("ItemSelector"), "before")
        else:
            sight.texts.template(fields["ItemSelector"], sight.at("ItemSelector"))
            if "Parameters" in fields:
                sight.findings.error(
                    "CONFLICTING_FIELDS",
                    sight.at("Parameters"),
                    "A Map has ItemSelector or, of old, Parameters, and not both.",
                    "Remove Parameters.",
                )


def _check_numbers(sight: Sight) -> None:
    here = sight.state.pointer
    sight.whole(sight.fields, "MaxConcurrency", here, 0)
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
            sight.texts.path(sight.fields[path], sight.at(path))
            if name in sight.fields:
                sight.findings.error(
                    "CONFLICTING_FIELDS", sight.at(path), f"A Map has {name} or {path}, not both.", "Remove one."
                )


def _check_label(sight: Sight) -> None:
    label = sight.text(sight.fields, "Label", sight.state.pointer)
    if label is not None and (not label or len(label) > 40 or _BAD_IN_LABEL.search(label)) and not is_open(label):
        sight.findings.error(
            "INVALID_LABEL_NAME",
            sight.at("Label"),
            f"{label[:60]!r} is no label: 1 to 40 characters, no spaces, wildcards, brackets or special ones.",
            "Choose another label.",
        )


def _check_reader(sight: Sight) -> None:
    reader = _object(sight, "ItemReader")
    if reader is None:
        return
    here = sight.at("ItemReader")
    sight.known_fields(reader, READER, here, "an ItemReader")
    _check_resource(sight, reader, here, ("s3", "dynamodb", "athena"))
    _check_arguments(sight, reader, here)
    config = reader.get("ReaderConfig")
    if not isinstance(config, dict):
        if config is not None and not is_open(config):
            sight.wrong_type(child(here, "ReaderConfig"), "ReaderConfig is an object.")
        return
    _check_reader_config(sight, config, child(here, "ReaderConfig"))


def _check_reader_config(sight: Sight, config: JsonObject, pointer: str) -> None:
    for name in config:
        if name not in READER_CONFIG:
            table = dict.fromkeys(READER_CONFIG)
            unknown_field(sight.findings, name, child(pointer, name), "ReaderConfig", table)
    kind = sight.one_of(config, "InputType", pointer, _INPUT_TYPES)
    sight.one_of(config, "CSVDelimiter", pointer, _DELIMITERS)
    where = sight.one_of(config, "CSVHeaderLocation", pointer, ("FIRST_ROW", "GIVEN"))
    if kind == "CSV" and "CSVHeaderLocation" not in config:
        sight.missing(pointer, "For CSV it is said where the names of the columns are.", "Add CSVHeaderLocation.")
    if where == "GIVEN" and "CSVHeaders" not in config:
        sight.missing(pointer, "The names of the columns are GIVEN, and there are none.", "Add CSVHeaders.")
    sight.whole(config, "MaxItems", pointer, 0, 100_000_000)
    if "MaxItemsPath" in config:
        sight.texts.path(config["MaxItemsPath"], child(pointer, "MaxItemsPath"))


def _check_writer(sight: Sight) -> None:
    writer = _object(sight, "ResultWriter")
    if writer is None:
        return
    here = sight.at("ResultWriter")
    sight.known_fields(writer, WRITER, here, "a ResultWriter")
    if writer and "Resource" not in writer and "WriterConfig" not in writer:
        sight.missing(here, "A ResultWriter says where to write.", "Add Resource.")
    elif "Resource" in writer:
        _check_resource(sight, writer, here, ("s3",))
    _check_arguments(sight, writer, here)
    config = writer.get("WriterConfig")
    if isinstance(config, dict):
        for name in config:
            if name not in WRITER_CONFIG:
                table = dict.fromkeys(WRITER_CONFIG)
                unknown_field(sight.findings, name, child(child(here, "WriterConfig"), name), "WriterConfig", table)
        sight.one_of(config, "Transformation", child(here, "WriterConfig"), ("NONE", "COMPACT", "FLATTEN"))
        sight.one_of(config, "OutputType", child(here, "WriterConfig"), ("JSON", "JSONL"))


def _check_batcher(sight: Sight) -> None:
    batcher = _object(sight, "ItemBatcher")
    if batcher is None:
        return
    here = sight.at("ItemBatcher")
    sight.known_fields(batcher, BATCHER, here, "an ItemBatcher")
    limits = [name for name in BATCHER if name.startswith("Max") and name in batcher]
    if not limits:
        sight.missing(here, "An ItemBatcher says how large a batch is.", "Add MaxItemsPerBatch.")
    sight.whole(batcher, "MaxItemsPerBatch", here, 1)
    sight.whole(batcher, "MaxInputBytesPerBatch", here, 1, 262_144)
    for name in limits:
        if name.endswith("Path") and not sight.speaks_jsonata:
            sight.texts.path(batcher[name], child(here, name))
    if "BatchInput" in batcher:
        if sight.speaks_jsonata:
            sight.texts.jsonata(batcher["BatchInput"], child(here, "BatchInput"), "before")
        else:
            sight.texts.template(batcher["BatchInput"], child(here, "BatchInput"))


def _object(sight: Sight, name: str) -> JsonObject | None:
    value = sight.fields.get(name)
    if name in sight.fields and not isinstance(value, dict) and not is_open(value):
        sight.wrong_type(sight.at(name), f"{name} is an object.")
    return value if isinstance(value, dict) else None


def _check_resource(sight: Sight, holder: JsonObject, pointer: str, services: tuple[str, ...]) -> None:
    resource, here = holder.get("Resource"), child(pointer, "Resource")
    if "Resource" not in holder:
        sight.missing(pointer, "There is no Resource to read from or write to.", "Add Resource.")
    elif not isinstance(resource, str):
        sight.wrong_type(here, "Resource is a text: an ARN.")
    elif not is_open(resource):
        service = resource.split(":states:::")[-1].split(":")[0]
        if service not in services or ":states:::" not in resource:
            _unknown_resource(sight, resource, here, services)


def _unknown_resource(sight: Sight, resource: str, pointer: str, services: tuple[str, ...]) -> None:
    try:
        target_of(resource)
        sentence = f"{resource!r} cannot be read from or written to here."
    except UnknownTarget as error:
        sentence = str(error)
    service = resource.split(":states:::")[-1].split(":")[0]
    sight.findings.error("INVALID_RESOURCE", pointer, sentence, meant(service, services, f"Use {services[0]}."))


def _check_arguments(sight: Sight, holder: JsonObject, pointer: str) -> None:
    name = "Arguments" if sight.speaks_jsonata else "Parameters"
    if name not in holder:
        return
    if sight.speaks_jsonata:
        sight.texts.jsonata(holder[name], child(pointer, name), "before")
    else:
        sight.texts.template(holder[name], child(pointer, name))
