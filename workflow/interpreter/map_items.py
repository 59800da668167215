"""Read, select and batch the items of a Map, and compute how many of them may fail."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..asl.definition import JsonObject, StateNode
from ..asl.json_type import Json
from ..asl.json_values import json_text
from .data import Data, is_given, number_of
from .frame import Frame
from .state_errors import QUERY, StateFailed


@dataclass(frozen=True, slots=True)
class MapItem:
    """The input of one Map iteration or child execution, and `Map` in its context object (None for a batch)."""

    input: Json
    context: Json


def items_of(state: StateNode, data: Data, frame: Frame) -> list[MapItem]:
    """Return a Map's items after ItemSelector, or its batches if it has an ItemBatcher."""
    entries = _item_entries(state, data, frame)
    contexts: list[JsonObject] = [{"Item": {"Index": index, **item}} for index, item in enumerate(entries)]
    if state.query_language == "JSONPath":
        frame.inspection["afterItemsPath"] = [entry["Value"] for entry in entries]
    selected = [_apply_selector(state, data, frame, context) for context in contexts]
    frame.inspection["afterItemSelector"] = selected
    batcher = state.fields.get("ItemBatcher")
    if isinstance(batcher, dict):
        batches = _make_batches(batcher, data, selected)
        frame.inspection["afterItemBatcher"] = batches
        return [MapItem(batch, None) for batch in batches]
    return [MapItem(value, context) for value, context in zip(selected, contexts, strict=True)]


def tolerated_failures(state: StateNode, data: Data, frame: Frame, count: int) -> int:
    """Return how many of `count` items may fail: the lower of the tolerated count and percentage, 0 by default."""
    max_count = number_of(data, state.fields, "ToleratedFailureCount")
    percentage = number_of(data, state.fields, "ToleratedFailurePercentage", maximum=100)
    for name, given in (("toleratedFailureCount", max_count), ("toleratedFailurePercentage", percentage)):
        if given is not None:
            frame.inspection[name] = given
    bounds = [] if max_count is None else [int(max_count)]
    return min(bounds if percentage is None else [*bounds, int(count * percentage / 100)], default=0)


def _read_items(reader: JsonObject, data: Data, frame: Frame) -> tuple[Json, str]:
    """Return the items that an ItemReader reads, and their location."""
    name = "Arguments" if "Arguments" in reader else "Parameters"
    arguments = data.evaluate_template(reader.get(name), f"ItemReader/{name}")
    config = reader.get("ReaderConfig")
    max_items = number_of(data, config, "MaxItems") if isinstance(config, dict) else None
    found = frame.execution.objects.items(reader, arguments, None if max_items is None else int(max_items))
    if isinstance(config, dict) and "ItemsPointer" in config:
        frame.inspection["afterItemsPointer"] = found
    location = arguments if isinstance(arguments, dict) else {}
    return found, f"S3://{location.get('Bucket')}" + (f"/{location['Key']}" if "Key" in location else "")


def _item_entries(state: StateNode, data: Data, frame: Frame) -> list[JsonObject]:
    """Return `Map.Item` without Index for each item. Only distributed Maps iterate objects and name the source."""
    reader = state.fields.get("ItemReader")
    found, source = _read_items(reader, data, frame) if isinstance(reader, dict) else (data.items(), "STATE_DATA")
    source_field: JsonObject = {"Source": source} if state.is_distributed else {}
    if isinstance(found, list):
        return [{"Value": value, **source_field} for value in found]
    if isinstance(found, dict) and state.is_distributed:
        return [{"Key": key, "Value": value, **source_field} for key, value in found.items()]
    if is_given(state.fields, "Items") or state.query_language != "JSONata":
        raise data.field_error(state.fields, "Items", found, "array")
    raise StateFailed(QUERY, f"Map state input must be an array but was: {json_text(found)}")


def _apply_selector(state: StateNode, data: Data, frame: Frame, context: JsonObject) -> Json:
    selector = state.fields.get("ItemSelector", state.fields.get("Parameters"))
    if selector is None:
        item = context["Item"]
        assert isinstance(item, dict)
        return {"Key": item["Key"], "Value": item["Value"]} if "Key" in item else item["Value"]
    outer_map = {"Map": frame.context["Map"]} if "Map" in frame.context else {}
    frame.context["Map"] = context
    try:
        return data.evaluate_template(selector, "ItemSelector" if "ItemSelector" in state.fields else "Parameters")
    finally:
        del frame.context["Map"]
        frame.context.update(outer_map)


def _make_batches(batcher: JsonObject, data: Data, items: Sequence[Json]) -> list[Json]:
    max_items = number_of(data, batcher, "MaxItemsPerBatch", 1)
    max_bytes = number_of(data, batcher, "MaxInputBytesPerBatch", 1)
    shared = (
        {"BatchInput": data.evaluate_template(batcher["BatchInput"], "ItemBatcher/BatchInput")}
        if "BatchInput" in batcher
        else {}
    )
    batches: list[list[Json]] = []
    size = 0
    for item in items:
        length = len(json_text(item).encode())
        full = not batches or (max_items is not None and len(batches[-1]) >= max_items)
        if full or (max_bytes is not None and size + length > max_bytes):
            batches.append([])
            size = 0
        batches[-1].append(item)
        size += length
    return [{**shared, "Items": list(batch)} for batch in batches]
