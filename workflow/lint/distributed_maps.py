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
from .reads import has_placeholders, is_cloudformation_reference

_INPUT_TYPES: Final = ("CSV", "JSON", "JSONL", "MANIFEST", "PARQUET")
_DELIMITERS: Final = ("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB")
_SIZES: Final = ("MaxItemsPerBatch", "MaxInputBytesPerBatch")
_READ_CALLS: Final = {"s3:getObject": ("Bucket", "Key"), "s3:listObjectsV2": ("Bucket",)}
_WRITE_CALLS: Final = {"s3:putObject": ("Bucket",)}


def check_distribution(context: LintContext) -> None:
    """Check ItemReader, ItemBatcher and ResultWriter."""
    _check_reader(context)
    _check_writer(context)
    _check_batcher(context)


def _check_reader(context: LintContext) -> None:
    location, reader = _check_object(context, "ItemReader", READER)
    if reader is None:
        return
    _check_access(context, reader, location, _READ_CALLS)
    config = _object(context, reader, "ReaderConfig", location)
    if config is not None:
        _check_reader_config(context, config, child(location, "ReaderConfig"))


def _check_reader_config(context: LintContext, config: JsonObject, pointer: str) -> None:
    _check_names(context, config, READER_CONFIG, pointer, "ReaderConfig")
    kind = context.check_enum(config, "InputType", pointer, _INPUT_TYPES)
    context.check_enum(config, "ManifestType", pointer, ("ATHENA_DATA", "S3_INVENTORY"))
    transformation = context.check_enum(config, "Transformation", pointer, ("NONE", "LOAD_AND_FLATTEN"))
    if transformation == "LOAD_AND_FLATTEN" and "InputType" not in config:
        context.missing(pointer, "InputType", "LOAD_AND_FLATTEN requires InputType.")
    context.check_string(config, "ItemsPointer", pointer)
    context.check_enum(config, "CSVDelimiter", pointer, _DELIMITERS)
    header_location = context.check_enum(config, "CSVHeaderLocation", pointer, ("FIRST_ROW", "GIVEN"))
    if kind == "CSV" and "CSVHeaderLocation" not in config:
        context.missing(pointer, "CSVHeaderLocation", "InputType CSV requires CSVHeaderLocation.")
    if header_location == "GIVEN" and "CSVHeaders" not in config:
        context.missing(pointer, "CSVHeaders", "CSVHeaderLocation GIVEN requires CSVHeaders.")
    headers = config.get("CSVHeaders", [])
    if not has_placeholders(headers) and not (
        isinstance(headers, list) and all(isinstance(name, str) for name in headers)
    ):
        context.wrong_type(child(pointer, "CSVHeaders"), "CSVHeaders must be a list of strings: the column names.")
    context.check_integer(config, "MaxItems", pointer, 0, MAX_READER_ITEMS)
    _check_paths(context, config, pointer, ("MaxItems",))


def _check_writer(context: LintContext) -> None:
    location, writer = _check_object(context, "ResultWriter", WRITER)
    if writer is None:
        return
    if "Resource" in writer or "WriterConfig" not in writer:
        _check_access(context, writer, location, _WRITE_CALLS)
    config = _object(context, writer, "WriterConfig", location)
    if config is not None:
        pointer = child(location, "WriterConfig")
        _check_names(context, config, WRITER_CONFIG, pointer, "WriterConfig")
        context.check_enum(config, "Transformation", pointer, ("NONE", "COMPACT", "FLATTEN"))
        context.check_enum(config, "OutputType", pointer, ("JSON", "JSONL"))


def _check_batcher(context: LintContext) -> None:
    location, batcher = _check_object(context, "ItemBatcher", BATCHER)
    if batcher is None:
        return
    if not any(name.startswith("Max") for name in batcher):
        context.missing(
            location,
            _SIZES,
            "An ItemBatcher must limit the size of a batch.",
            "Add MaxItemsPerBatch or MaxInputBytesPerBatch.",
        )
    context.check_integer(batcher, "MaxItemsPerBatch", location, 1)
    context.check_integer(batcher, "MaxInputBytesPerBatch", location, 1, MAX_PAYLOAD_BYTES)
    _check_paths(context, batcher, location, _SIZES)
    if "BatchInput" in batcher:
        _check_payload(context, batcher["BatchInput"], child(location, "BatchInput"))


def _check_object(context: LintContext, name: str, table: Mapping[str, Language]) -> tuple[str, JsonObject | None]:
    """Check the field names of a nested object of the Map; return its pointer, and the object or None if absent."""
    location, part = context.at(name), _object(context, context.fields, name, context.state.pointer)
    if part is not None:
        context.check_field_names(part, table, location, f"{'an' if name.startswith('I') else 'a'} {name}")
    return location, part


def _check_names(context: LintContext, config: JsonObject, known: frozenset[str], pointer: str, what: str) -> None:
    for name in config:
        if name not in known:
            unknown_field(context.findings, name, child(pointer, name), what, dict.fromkeys(known))


def _check_paths(context: LintContext, holder: JsonObject, pointer: str, names: tuple[str, ...]) -> None:
    """Check the fields ending in Path, which give a number by a path instead of a literal."""
    for name in names:
        path, location = f"{name}Path", child(pointer, f"{name}Path")
        if path not in holder or context.uses_jsonata:
            continue
        context.strings.check_path(holder[path], location, single=True)
        if name in holder:
            context.findings.error(
                "CONFLICTING_FIELDS", location, f"{name} and {path} cannot be used together.", "Remove one."
            )


def _object(context: LintContext, holder: JsonObject, name: str, pointer: str) -> JsonObject | None:
    value = holder.get(name)
    if name in holder and not isinstance(value, dict) and not has_placeholders(value):
        context.wrong_type(child(pointer, name), f"{name} must be an object.")
    return value if isinstance(value, dict) else None


def _check_access(
    context: LintContext, holder: JsonObject, pointer: str, supported: Mapping[str, tuple[str, ...]]
) -> None:
    """Check the Resource that reads or writes the data, and the arguments that give the location in S3."""
    resource, location = holder.get("Resource"), child(pointer, "Resource")
    required: tuple[str, ...] = ()
    if "Resource" not in holder:
        context.missing(pointer, "Resource", "Resource, the ARN of the S3 action, is missing.")
    elif not isinstance(resource, str):
        if not is_cloudformation_reference(resource):
            context.wrong_type(location, "Resource must be a string: an ARN.")
    else:
        required = _required_arguments(context, resource, location, supported)
    _check_arguments(context, holder, pointer, required)


def _required_arguments(
    context: LintContext, resource: str, pointer: str, supported: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Return the required arguments of the call; report a Resource that cannot be used here."""
    arn, _, call = resource.partition(":states:::")
    if (
        has_placeholders(call)
        or (has_placeholders(resource) and not call)
        or (arn.startswith("arn:") and call in supported)
    ):
        return supported.get(call, ())
    context.findings.error(
        "INVALID_RESOURCE",
        pointer,
        f"{resource!r} is not supported here.",
        suggest(call, supported, f"Use {' or '.join(f'arn:aws:states:::{each}' for each in supported)}."),
    )
    return ()


def _check_arguments(context: LintContext, holder: JsonObject, pointer: str, required: tuple[str, ...]) -> None:
    name = "Arguments" if context.uses_jsonata else "Parameters"
    arguments, location = holder.get(name), child(pointer, name)
    if name not in holder and required:
        context.missing(pointer, name, f"The call requires {' and '.join(required)}, but {name} is missing.")
    elif (
        name in holder
        and not isinstance(arguments, dict)
        and not is_expression(arguments)
        and not has_placeholders(arguments)
    ):
        context.wrong_type(location, f"{name} must be an object.", "Write an object with named values: {…}.")
    elif name in holder:
        _check_payload(context, arguments, location)
    if not isinstance(arguments, dict):
        return
    for argument in required:
        if not any(key.removesuffix(".$") == argument for key in arguments):
            context.findings.error("MISSING_ARGUMENT", location, f"The call requires {argument}.", f"Add it to {name}.")
    for key in arguments:
        if key[:1].islower() and not any(argument.lower() == key.removesuffix(".$").lower() for argument in required):
            context.lowercase_argument(key, child(location, key), "The call")


def _check_payload(context: LintContext, value: Json, pointer: str) -> None:
    if context.uses_jsonata:
        context.strings.check_jsonata(value, pointer, "before")
    else:
        context.strings.check_template(value, pointer)
