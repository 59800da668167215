"""Checks what only a distributed Map has: where it reads its items, how it batches them, where results are written.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..asl.definition import JsonObject
from ..asl.fields import BATCHER, READER, READER_CONFIG, WRITER, WRITER_CONFIG, Language
from ..asl.json_type import Json
from ..asl.json_values import child
from ..asl.suggestions import meant
from ..queries.jsonata_evaluation import is_expression
from .lint_context import Sight, unknown_field
from .templates import is_open, is_reference_of_a_template

_INPUT_TYPES: Final = ("CSV", "JSON", "JSONL", "MANIFEST", "PARQUET")
_DELIMITERS: Final = ("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB")
_SIZES: Final = ("MaxItemsPerBatch", "MaxInputBytesPerBatch")
_READS: Final = {"s3:getObject": ("Bucket", "Key"), "s3:listObjectsV2": ("Bucket",)}
_WRITES: Final = {"s3:putObject": ("Bucket",)}


def check_distribution(sight: Sight) -> None:
    """Check ItemReader, ItemBatcher and ResultWriter."""
    _check_reader(sight)
    _check_writer(sight)
    _check_batcher(sight)


def _check_reader(sight: Sight) -> None:
    here, reader = _part(sight, "ItemReader", READER)
    if reader is None:
        return
    _check_place(sight, reader, here, _READS)
    config = _object(sight, reader, "ReaderConfig", here)
    if config is not None:
        _check_reader_config(sight, config, child(here, "ReaderConfig"))


def _check_reader_config(sight: Sight, config: JsonObject, pointer: str) -> None:
    _check_names(sight, config, READER_CONFIG, pointer, "ReaderConfig")
    kind = sight.one_of(config, "InputType", pointer, _INPUT_TYPES)
    sight.one_of(config, "ManifestType", pointer, ("ATHENA_DATA", "S3_INVENTORY"))
    loaded = sight.one_of(config, "Transformation", pointer, ("NONE", "LOAD_AND_FLATTEN"))
    if loaded == "LOAD_AND_FLATTEN" and "InputType" not in config:
        sight.missing(pointer, "InputType", "What is loaded has a type.")
    sight.text(config, "ItemsPointer", pointer)
    sight.one_of(config, "CSVDelimiter", pointer, _DELIMITERS)
    where = sight.one_of(config, "CSVHeaderLocation", pointer, ("FIRST_ROW", "GIVEN"))
    if kind == "CSV" and "CSVHeaderLocation" not in config:
        sight.missing(pointer, "CSVHeaderLocation", "For CSV it is said where the names of the columns are.")
    if where == "GIVEN" and "CSVHeaders" not in config:
        sight.missing(pointer, "CSVHeaders", "The names of the columns are GIVEN, and there are none.")
    headers = config.get("CSVHeaders", [])
    if not is_open(headers) and not (isinstance(headers, list) and all(isinstance(name, str) for name in headers)):
        sight.wrong_type(child(pointer, "CSVHeaders"), "CSVHeaders is a list of texts: the names of the columns.")
    sight.whole(config, "MaxItems", pointer, 0, 100_000_000)
    _check_paths(sight, config, pointer, ("MaxItems",))


def _check_writer(sight: Sight) -> None:
    here, writer = _part(sight, "ResultWriter", WRITER)
    if writer is None:
        return
    if "Resource" in writer or "WriterConfig" not in writer:
        _check_place(sight, writer, here, _WRITES)
    config = _object(sight, writer, "WriterConfig", here)
    if config is not None:
        pointer = child(here, "WriterConfig")
        _check_names(sight, config, WRITER_CONFIG, pointer, "WriterConfig")
        sight.one_of(config, "Transformation", pointer, ("NONE", "COMPACT", "FLATTEN"))
        sight.one_of(config, "OutputType", pointer, ("JSON", "JSONL"))


def _check_batcher(sight: Sight) -> None:
    here, batcher = _part(sight, "ItemBatcher", BATCHER)
    if batcher is None:
        return
    if not any(name.startswith("Max") for name in batcher):
        sight.missing(here, _SIZES, "An ItemBatcher says how large a batch is.", "Add MaxItemsPerBatch.")
    sight.whole(batcher, "MaxItemsPerBatch", here, 1)
    sight.whole(batcher, "MaxInputBytesPerBatch", here, 1, 262_144)
    _check_paths(sight, batcher, here, _SIZES)
    if "BatchInput" in batcher:
        _check_payload(sight, batcher["BatchInput"], child(here, "BatchInput"))


def _part(sight: Sight, name: str, table: Mapping[str, Language]) -> tuple[str, JsonObject | None]:
    """The pointer of an object of the Map's, and the object with its fields checked; None where there is none."""
    here, part = sight.at(name), _object(sight, sight.fields, name, sight.state.pointer)
    if part is not None:
        sight.known_fields(part, table, here, f"{'an' if name.startswith('I') else 'a'} {name}")
    return here, part


def _check_names(sight: Sight, config: JsonObject, known: frozenset[str], pointer: str, what: str) -> None:
    for name in config:
        if name not in known:
            unknown_field(sight.findings, name, child(pointer, name), what, dict.fromkeys(known))


def _check_paths(sight: Sight, holder: JsonObject, pointer: str, names: tuple[str, ...]) -> None:
    """Check the paths that give a number in its stead."""
    for name in names:
        path, here = f"{name}Path", child(pointer, f"{name}Path")
        if path not in holder or sight.speaks_jsonata:
            continue
        sight.texts.path(holder[path], here, single=True)
        if name in holder:
            sight.findings.error("CONFLICTING_FIELDS", here, f"There is {name} or {path}, not both.", "Remove one.")


def _object(sight: Sight, holder: JsonObject, name: str, pointer: str) -> JsonObject | None:
    value = holder.get(name)
    if name in holder and not isinstance(value, dict) and not is_open(value):
        sight.wrong_type(child(pointer, name), f"{name} is an object.")
    return value if isinstance(value, dict) else None


def _check_place(sight: Sight, holder: JsonObject, pointer: str, calls: Mapping[str, tuple[str, ...]]) -> None:
    """Check what is called to read or to write, and that it is told the place."""
    resource, here = holder.get("Resource"), child(pointer, "Resource")
    needs: tuple[str, ...] = ()
    if "Resource" not in holder:
        sight.missing(pointer, "Resource", "There is no Resource to read from or write to.")
    elif not isinstance(resource, str):
        if not is_reference_of_a_template(resource):
            sight.wrong_type(here, "Resource is a text: an ARN.")
    else:
        needs = _needs(sight, resource, here, calls)
    _check_arguments(sight, holder, pointer, needs)


def _needs(sight: Sight, resource: str, pointer: str, calls: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The arguments that the call cannot do without."""
    arn, _, call = resource.partition(":states:::")
    if is_open(call) or (is_open(resource) and not call) or (arn.startswith("arn:") and call in calls):
        return calls.get(call, ())
    sight.findings.error(
        "INVALID_RESOURCE",
        pointer,
        f"{resource!r} cannot be read from or written to here.",
        meant(call, calls, f"Use {' or '.join(f'arn:aws:states:::{each}' for each in calls)}."),
    )
    return ()


def _check_arguments(sight: Sight, holder: JsonObject, pointer: str, needs: tuple[str, ...]) -> None:
    name = "Arguments" if sight.speaks_jsonata else "Parameters"
    given, here = holder.get(name), child(pointer, name)
    if name not in holder and needs:
        sight.missing(pointer, name, f"It is not said where, by {' and '.join(needs)}.")
    elif name in holder and not isinstance(given, dict) and not is_expression(given) and not is_open(given):
        sight.wrong_type(here, f"{name} is an object.", "Name what you pass: {…}.")
    elif name in holder:
        _check_payload(sight, given, here)
    if not isinstance(given, dict):
        return
    for need in needs:
        if not any(key.removesuffix(".$") == need for key in given):
            sight.findings.error("MISSING_ARGUMENT", here, f"The call cannot do without {need}.", f"Add it to {name}.")
    for key in given:
        if key[:1].islower() and not any(need.lower() == key.removesuffix(".$").lower() for need in needs):
            sight.small_argument(key, child(here, key), "The call")


def _check_payload(sight: Sight, value: Json, pointer: str) -> None:
    if sight.speaks_jsonata:
        sight.texts.jsonata(value, pointer, "before")
    else:
        sight.texts.template(value, pointer)
