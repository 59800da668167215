"""One table: its keys, its indexes, its rows, and pages of them."""

from dataclasses import dataclass, field
from typing import Any

from .errors import invalid
from .values import Item, Value, number_of, size_of

MAXIMUM_KEY_BYTES = {"HASH": 2048, "RANGE": 1024}


@dataclass(frozen=True, slots=True)
class Index:
    """The keys of a table or of one of its secondary indexes."""

    hash: str
    range: str | None
    projected: frozenset[str] | None = None
    """The attributes that an index projects; None for all."""

    @property
    def attributes(self) -> tuple[str, ...]:
        return (self.hash,) if self.range is None else (self.hash, self.range)


@dataclass(slots=True)
class Table:
    """Rows by primary key. `bounds` has an upper bound of each row's size, so exact sizes are rarely computed."""

    name: str
    key: Index
    types: dict[str, str]
    indexes: dict[str, Index]
    rows: dict[tuple[str, ...], Item] = field(default_factory=dict)
    bounds: dict[tuple[str, ...], int] = field(default_factory=dict)

    @property
    def key_names(self) -> frozenset[str]:
        """Return the attributes of the table's key and of its indexes' keys."""
        return frozenset(self.types)

    def key_of(self, attributes: dict[str, Any], exact: bool) -> tuple[str, ...]:
        """Return the primary key in `attributes`, which contain nothing else if `exact`."""
        names = self.key.attributes
        if exact and len(attributes) != len(names):
            raise invalid("The provided key element does not match the schema")
        found = []
        for name in names:
            if name not in attributes:
                if exact:
                    raise invalid("The provided key element does not match the schema")
                raise invalid(f"One or more parameter values were invalid: Missing the key {name} in the item")
            found.append(self._key_text(name, attributes[name], exact))
        return tuple(found)

    def _key_text(self, name: str, value: Value, exact: bool) -> str:
        ((tag, held),) = value.items()
        if tag != self.types[name]:
            if exact:
                raise invalid("The provided key element does not match the schema")
            raise invalid(
                f"One or more parameter values were invalid: Type mismatch for key {name} "
                f"expected: {self.types[name]} actual: {tag}"
            )
        if tag == "S":
            if not held:
                raise invalid(
                    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain "
                    f"an empty string value. Key: {name}"
                )
            kind = "HASH" if name == self.key.hash else "RANGE"
            if len(held) > MAXIMUM_KEY_BYTES[kind] // 4 and len(held.encode()) > MAXIMUM_KEY_BYTES[kind]:
                raise invalid(
                    f"One or more parameter values were invalid: Size of {kind.lower()}key has exceeded the maximum "
                    f"size limit of {MAXIMUM_KEY_BYTES[kind]} bytes"
                )
        return held  # type: ignore[no-any-return]

    def check_indexes(self, item: Item) -> None:
        """Reject index keys of a wrong type or that are empty, even if the attribute is optional."""
        for index_name, index in self.indexes.items():
            for name in index.attributes:
                value = item.get(name)
                if value is None:
                    continue
                if self.types[name] not in value:
                    raise invalid(
                        f"One or more parameter values were invalid: Type mismatch for Index Key {name} Expected: "
                        f"{self.types[name]} Actual: {next(iter(value))} IndexName: {index_name}"
                    )
                if value.get("S") == "":
                    raise invalid(
                        "One or more parameter values are not valid. A value specified for a secondary index key is "
                        "not supported. The AttributeValue for a key attribute cannot contain an empty string value. "
                        f"IndexName: {index_name}, IndexKey: {name}"
                    )

    def index(self, name: str | None) -> Index:
        if name is None:
            return self.key
        if name not in self.indexes:
            raise invalid(f"The table does not have the specified index: {name}")
        return self.indexes[name]

    def entries(self, index: Index) -> list[Item]:
        """Return the rows in an index (those that have its keys), in its order."""
        rows = [row for row in self.rows.values() if all(name in row for name in index.attributes)]
        rows.sort(key=lambda row: self.position(row, index))
        return rows

    def position(self, row: Item, index: Index) -> tuple[Any, ...]:
        """Return the sort position of a row in an index: range first, because a query has one hash."""
        names = (*((index.range,) if index.range else ()), index.hash, *self.key.attributes)
        return tuple(_sortable(row[name]) for name in names)

    def place_of(self, row: Item, index: Index) -> Item:
        """Return the key that continues after a row."""
        return {name: row[name] for name in (*self.key.attributes, *index.attributes)}

    def size(self, key: tuple[str, ...]) -> int:
        return size_of(self.rows[key])


def _sortable(value: Value) -> Any:
    ((tag, held),) = value.items()
    return number_of(held) if tag == "N" else held


def parse_table(request: dict[str, Any]) -> Table:
    """Return the table of a CreateTable request."""
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in request["AttributeDefinitions"]}
    indexes = {
        entry["IndexName"]: _index(entry["KeySchema"], entry.get("Projection", {}), request["KeySchema"])
        for entry in request.get("GlobalSecondaryIndexes", [])
    }
    key = _index(request["KeySchema"], {}, [])
    used = {name for index in (key, *indexes.values()) for name in index.attributes}
    if used != set(types):
        raise invalid(
            "One or more parameter values were invalid: Some index key attributes are not defined in "
            f"AttributeDefinitions, or some definitions are not used. Keys: {sorted(used)}, "
            f"AttributeDefinitions: {sorted(types)}"
        )
    return Table(request["TableName"], key, types, indexes)


def _index(schema: list[dict[str, str]], projection: dict[str, Any], table: list[dict[str, str]]) -> Index:
    keys = {entry["KeyType"]: entry["AttributeName"] for entry in schema}
    shown = None
    if projection.get("ProjectionType", "ALL") != "ALL":
        named = projection.get("NonKeyAttributes", [])
        shown = frozenset([*named, *keys.values(), *(entry["AttributeName"] for entry in table)])
    return Index(keys["HASH"], keys.get("RANGE"), shown)


def stream_record(table: Table, old: Item | None, new: Item | None, number: int) -> dict[str, Any]:
    """Return a change as a stream record with new and old images."""
    images = {name: dict(image) for name, image in (("OldImage", old), ("NewImage", new)) if image is not None}
    keys = {name: (new or old or {})[name] for name in table.key.attributes}
    kind = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
    return {"eventName": kind, "dynamodb": {"Keys": keys, "SequenceNumber": f"{number:021d}", **images}}
