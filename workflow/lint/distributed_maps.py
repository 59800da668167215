"""Check the fields that only a distributed Map has: ItemReader, ItemBatcher and ResultWriter.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..asl.definition import JsonObject
from ..asl.fields import BATCHER, READER, READER_CONFIG, WRITER, WRITER_CONFIG, Language
from ..asl.json_type import Json
from ..asl.json_values import child
from ..asl.limits import MAX_PAYLOAD_BYTES, MAX_READER_ITEMS
from ..asl.suggestions import suggest
from ..queries.jsonata_evaluation import is_expression
from .lint_context import LintContext, unknown_field
from .reads import is_open, is_reference_of_a_template

_INPUT_TYPES: Final = ("CSV", "JSON", "JSONL", "MANIFEST", "PARQUET")
_DELIMITERS: Final = ("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB")
_SIZES: Final = ("MaxItemsPerBatch", "MaxInputBytesPerBatch")
_READS: Final = {"s3:getObject": ("Bucket", "Key"), "s3:listObjectsV2": ("Bucket",)}
_WRITES: Final = {"s3:putObject": ("Bucket",)}


def check_distribution(context: LintContext) -> None:
    """Check ItemReader, ItemBatcher and ResultWriter."""
    _check_reader(context)
    _check_writer(context)
    _check_batcher(context)


def _check_reader(context: LintContext) -> None:
    here, reader = _part(context, "ItemReader", READER)
    if reader is None:
        return
    _check_place(context, reader, here, _READS)
    config = _object(context, reader, "ReaderConfig", here)
    if config is not None:
        _check_reader_config(context, config, child(here, "ReaderConfig"))


def _check_reader_config(context: LintContext, config: JsonObject, pointer: str) -> None:
    _check_names(context, config, READER_CONFIG, pointer, "ReaderConfig")
    kind = context.one_of(config, "InputType", pointer, _INPUT_TYPES)
    context.one_of(config, "ManifestType", pointer, ("ATHENA_DATA", "S3_INVENTORY"))
    loaded = context.one_of(config, "Transformation", pointer, ("NONE", "LOAD_AND_FLATTEN"))
    if loaded == "LOAD_AND_FLATTEN" and "InputType" not in config:
        context.missing(pointer, "InputType", "LOAD_AND_FLATTEN requires InputType.")
    context.text(config, "ItemsPointer", pointer)
    context.one_of(config, "CSVDelimiter", pointer, _DELIMITERS)
    where = context.one_of(config, "CSVHeaderLocation", pointer, ("FIRST_ROW", "GIVEN"))
    if kind == "CSV" and "CSVHeaderLocation" not in config:
        context.missing(pointer, "CSVHeaderLocation", "InputType CSV requires CSVHeaderLocation.")
    if where == "GIVEN" and "CSVHeaders" not in config:
        context.missing(pointer, "CSVHeaders", "CSVHeaderLocation GIVEN requires CSVHeaders.")
    headers = config.get("CSVHeaders", [])
    if not is_open(headers) and not (isinstance(headers, list) and all(isinstance(name, str) for name in headers)):
        context.wrong_type(child(pointer, "CSVHeaders"), "CSVHeaders must be a list of strings: the column names.")
    context.whole(config, "MaxItems", pointer, 0, MAX_READER_ITEMS)
    _check_paths(context, config, pointer, ("MaxItems",))


def _check_writer(context: LintContext) -> None:
    here, writer = _part(context, "ResultWriter", WRITER)
    if writer is None:
        return
    if "Resource" in writer or "WriterConfig" not in writer:
        _check_place(context, writer, here, _WRITES)
    config = _object(context, writer, "WriterConfig", here)
    if config is not None:
        pointer = child(here, "WriterConfig")
        _check_names(context, config, WRITER_CONFIG, pointer, "WriterConfig")
        context.one_of(config, "Transformation", pointer, ("NONE", "COMPACT", "FLATTEN"))
        context.one_of(config, "OutputType", pointer, ("JSON", "JSONL"))


def _check_batcher(context: LintContext) -> None:
    here, batcher = _part(context, "ItemBatcher", BATCHER)
    if batcher is None:
        return
    if not any(name.startswith("Max") for name in batcher):
        context.missing(
            here,
            _SIZES,
            "An ItemBatcher must limit the size of a batch.",
            "Add MaxItemsPerBatch or MaxInputBytesPerBatch.",
        )
    context.whole(batcher, "MaxItemsPerBatch", here, 1)
    context.whole(batcher, "MaxInputBytesPerBatch", here, 1, MAX_PAYLOAD_BYTES)
    _check_paths(context, batcher, here, _SIZES)
    if "BatchInput" in batcher:
        _check_payload(context, batcher["BatchInput"], child(here, "BatchInput"))


def _part(context: LintContext, name: str, table: Mapping[str, Language]) -> tuple[str, JsonObject | None]:
    """Check the field names of a nested object of the Map; return its pointer, and the object or None if absent."""
    here, part = context.at(name), _object(context, context.fields, name, context.state.pointer)
    if part is not None:
        context.known_fields(part, table, here, f"{'an' if name.startswith('I') else 'a'} {name}")
    return here, part


def _check_names(context: LintContext, config: JsonObject, known: frozenset[str], pointer: str, what: str) -> None:
    for name in config:
        if name not in known:
            unknown_field(context.findings, name, child(pointer, name), what, dict.fromkeys(known))


def _check_paths(context: LintContext, holder: JsonObject, pointer: str, names: tuple[str, ...]) -> None:
    """Check the fields ending in Path, which give a number by a path instead of a literal."""
    for name in names:
        path, here = f"{name}Path", child(pointer, f"{name}Path")
        if path not in holder or context.speaks_jsonata:
            continue
        context.texts.path(holder[path], here, single=True)
        if name in holder:
            context.findings.error(
                "CONFLICTING_FIELDS", here, f"{name} and {path} cannot be used together.", "Remove one."
            )


def _object(context: LintContext, holder: JsonObject, name: str, pointer: str) -> JsonObject | None:
    value = holder.get(name)
    if name in holder and not isinstance(value, dict) and not is_open(value):
        context.wrong_type(child(pointer, name), f"{name} must be an object.")
    return value if isinstance(value, dict) else None


def _check_place(context: LintContext, holder: JsonObject, pointer: str, calls: Mapping[str, tuple[str, ...]]) -> None:
    """Check the Resource that reads or writes the data, and the arguments that give the location in S3."""
    resource, here = holder.get("Resource"), child(pointer, "Resource")
    needs: tuple[str, ...] = ()
    if "Resource" not in holder:
        context.missing(pointer, "Resource", "Resource, the ARN of the S3 action, is missing.")
    elif not isinstance(resource, str):
        if not is_reference_of_a_template(resource):
            context.wrong_type(here, "Resource must be a string: an ARN.")
    else:
        needs = _needs(context, resource, here, calls)
    _check_arguments(context, holder, pointer, needs)


def _needs(context: LintContext, resource: str, pointer: str, calls: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the required arguments of the call; report a Resource that cannot be used here."""
    arn, _, call = resource.partition(":states:::")
    if is_open(call) or (is_open(resource) and not call) or (arn.startswith("arn:") and call in calls):
        return calls.get(call, ())
    context.findings.error(
        "INVALID_RESOURCE",
        pointer,
        f"{resource!r} is not supported here.",
        suggest(call, calls, f"Use {' or '.join(f'arn:aws:states:::{each}' for each in calls)}."),
    )
    return ()


def _check_arguments(context: LintContext, holder: JsonObject, pointer: str, needs: tuple[str, ...]) -> None:
    name = "Arguments" if context.speaks_jsonata else "Parameters"
    given, here = holder.get(name), child(pointer, name)
    if name not in holder and needs:
        context.missing(pointer, name, f"The call requires {' and '.join(needs)}, but {name} is missing.")
    elif name in holder and not isinstance(given, dict) and not is_expression(given) and not is_open(given):
        context.wrong_type(here, f"{name} must be an object.", "Write an object with named values: {…}.")
    elif name in holder:
        _check_payload(context, given, here)
    if not isinstance(given, dict):
        return
    for need in needs:
        if not any(key.removesuffix(".$") == need for key in given):
            context.findings.error("MISSING_ARGUMENT", here, f"The call requires {need}.", f"Add it to {name}.")
    for key in given:
        if key[:1].islower() and not any(need.lower() == key.removesuffix(".$").lower() for need in needs):
            context.small_argument(key, child(here, key), "The call")


def _check_payload(context: LintContext, value: Json, pointer: str) -> None:
    if context.speaks_jsonata:
        context.texts.jsonata(value, pointer, "before")
    else:
        context.texts.template(value, pointer)
