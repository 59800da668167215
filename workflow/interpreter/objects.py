"""S3 objects in memory, which distributed Maps read and write.

An object is given as text, or as the value that its text would contain, such as a list of items.
"""

import csv
import hashlib
import io
import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime

from ..asl.definition import JsonObject
from ..asl.json_type import Json
from ..asl.json_values import NotJson, at, json_of, json_text, read_json
from .state_errors import ITEM_READER, StateFailed


class Objects:
    """S3 objects by `s3://bucket/key`, last modified when the execution started."""

    def __init__(self, objects: Mapping[str, object], start: datetime, *, documented: bool = False) -> None:
        self._objects, self._start, self._documented = dict(objects), start, documented
        self.written: dict[str, Json] = {}

    def items(self, reader: JsonObject, arguments: Json, limit: int | None) -> Json:
        """Return the list or object that an ItemReader reads, cut to `limit` items if given; raises StateFailed."""
        config = reader.get("ReaderConfig")
        location = arguments if isinstance(arguments, dict) else {}
        bucket = location.get("Bucket")
        if str(reader.get("Resource", "")).endswith(":s3:listObjectsV2"):
            found: Json = self._list_objects(f"s3://{bucket}/", str(location.get("Prefix", "")))
        else:
            found = self._read(f"s3://{bucket}/{location.get('Key')}", config if isinstance(config, dict) else {})
        if limit and isinstance(found, dict):
            return dict(itertools.islice(found.items(), limit))
        return found[:limit] if limit and isinstance(found, list) else found

    def write(
        self, bucket: object, prefix: object, run: str, succeeded: Sequence[Json], failed: Sequence[Json]
    ) -> JsonObject:
        """Store the results of one Map run below a prefix, like a ResultWriter, and return the manifest's location."""
        folder = f"{prefix}/{run}" if prefix else run
        for name, results in (("SUCCEEDED_0", succeeded), ("FAILED_0", failed)):
            if results:
                self.written[f"s3://{bucket}/{folder}/{name}.json"] = list(results)
        return {"Bucket": str(bucket), "Key": f"{folder}/manifest.json"}

    def _list_objects(self, bucket: str, prefix: str) -> list[Json]:
        keys = [name.removeprefix(bucket) for name in self._objects if name.startswith(bucket + prefix)]
        return [self._describe_object(key, self._content(bucket + key).encode()) for key in sorted(keys)]

    def _describe_object(self, key: str, content: bytes) -> JsonObject:
        return {
            "Etag": f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"',
            "Key": key,
            "LastModified": self._start.timestamp(),
            "Size": len(content),
            "StorageClass": "STANDARD",
        }

    def _content(self, name: str) -> str:
        found = self._objects[name]
        return found if isinstance(found, str) else json_text(json_of(found))

    def _read(self, name: str, config: JsonObject) -> Json:
        if name not in self._objects:
            raise StateFailed(
                ITEM_READER, f"There is no object {name}: pass its text or its items to run() in objects."
            )
        found = self._objects[name]
        kind = config.get("InputType", "JSON")
        try:
            if not isinstance(found, str):
                return self._apply_pointer(json_of(found), config)
            if kind == "JSON":
                return self._apply_pointer(read_json(found)[0], config)
            if kind == "JSONL":
                return [read_json(line)[0] for line in found.splitlines() if line.strip()]
            return self._parse_csv(found, config)
        except (NotJson, KeyError) as error:
            raise StateFailed(ITEM_READER, f"{name}: {error}", error) from None

    def _apply_pointer(self, value: Json, config: JsonObject) -> Json:
        pointer = config.get("ItemsPointer")
        if isinstance(pointer, str):
            value = at(value, pointer)
        if isinstance(value, list) or (isinstance(value, dict) and self._documented):
            return value
        raise StateFailed(ITEM_READER, "Attempting to map over non-iterable node.")

    def _parse_csv(self, text: str, config: JsonObject) -> list[Json]:
        delimiters = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
        delimiter = delimiters.get(str(config.get("CSVDelimiter")), ",")
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter, escapechar="\\") if row]
        headers = config.get("CSVHeaders")
        names = [str(name) for name in headers] if isinstance(headers, list) else rows.pop(0) if rows else []
        if len(set(names)) < len(names):
            raise StateFailed(ITEM_READER, "CSV headers cannot contain duplicates.")
        return [dict(zip(names, [*row, *[""] * len(names)], strict=False)) for row in rows]
