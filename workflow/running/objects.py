"""What distributed Maps read and write: objects of S3, in memory.

An object is its text, or what the text would say: a list of items, for instance.
"""

import csv
import io
from collections.abc import Mapping, Sequence

from ..deep_json import Json
from ..definition import JsonObject
from ..json_values import NotJson, json_of, read_json, written
from ..queries.jsonpath import InvalidPath, NoSuchPlace, parse_path
from .errors import ITEM_READER, StateFailed


class Objects:
    """Objects by `s3://bucket/key`."""

    def __init__(self, given: Mapping[str, object]) -> None:
        self._given = dict(given)
        self.written: dict[str, Json] = {}

    def items(self, reader: JsonObject, arguments: Json, most: int | None) -> Json:
        """What an ItemReader reads."""
        config = reader.get("ReaderConfig")
        wanted = arguments if isinstance(arguments, dict) else {}
        bucket = wanted.get("Bucket")
        if str(reader.get("Resource", "")).endswith(":s3:listObjectsV2"):
            found: Json = self._listed(f"s3://{bucket}/", str(wanted.get("Prefix", "")))
        else:
            found = self._read(f"s3://{bucket}/{wanted.get('Key')}", config if isinstance(config, dict) else {})
        return found[:most] if most and isinstance(found, list) else found

    def write(
        self, bucket: object, prefix: object, run: str, done: Sequence[Json], failed: Sequence[Json]
    ) -> JsonObject:
        """Keep what a ResultWriter writes, below a prefix, of the runs of a Map; where it says what is where."""
        folder = f"{prefix}/{run}" if prefix else run
        for name, results in (("SUCCEEDED_0", done), ("FAILED_0", failed)):
            if results:
                self.written[f"s3://{bucket}/{folder}/{name}.json"] = list(results)
        return {"Bucket": str(bucket), "Key": f"{folder}/manifest.json"}

    def _listed(self, bucket: str, prefix: str) -> list[Json]:
        keys = [name.removeprefix(bucket) for name in self._given if name.startswith(bucket + prefix)]
        return [{"Key": key, "Size": len(self._text(bucket + key))} for key in keys]

    def _text(self, name: str) -> str:
        found = self._given[name]
        return found if isinstance(found, str) else written(json_of(found))

    def _read(self, name: str, config: JsonObject) -> Json:
        if name not in self._given:
            raise StateFailed(ITEM_READER, f"there is no {name}; give run() its text or its items as objects")
        found = self._given[name]
        kind = config.get("InputType", "JSON")
        try:
            if not isinstance(found, str):
                return self._pointed(json_of(found), config)
            if kind == "JSON":
                return self._pointed(read_json(found)[0], config)
            if kind == "JSONL":
                return [read_json(line)[0] for line in found.splitlines() if line.strip()]
            return self._rows(found, config)
        except (NotJson, NoSuchPlace, InvalidPath) as error:
            raise StateFailed(ITEM_READER, f"{name}: {error}", error) from None

    def _pointed(self, value: Json, config: JsonObject) -> Json:
        pointer = config.get("ItemsPointer")
        if isinstance(pointer, str):
            value = parse_path("$" + pointer.replace("/", ".")).find(value)
        if isinstance(value, list):
            return value
        if isinstance(value, dict):
            return [{"Key": key, "Value": item} for key, item in value.items()]
        raise NotJson("an array or an object is needed")

    def _rows(self, text: str, config: JsonObject) -> list[Json]:
        signs = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
        rows = list(csv.reader(io.StringIO(text), delimiter=signs.get(str(config.get("CSVDelimiter")), ",")))
        headers = config.get("CSVHeaders")
        names = [str(name) for name in headers] if isinstance(headers, list) else rows.pop(0) if rows else []
        return [dict(zip(names, row, strict=False)) for row in rows]
