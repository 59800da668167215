"""How a distributed Map runs: where its items come from, how they are put together, where its results go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

from ..deep_json import Json
from ..records import Record
from .bindings import Bindings, Bucket


class ItemReader(Record, kw_only=True):
    """Where a distributed Map reads its items: an object of S3, or the listing of a bucket.

    `max_items` may come from data. Which of the rest goes with which kind of data: AWS, "ItemReader (Map)".
    """

    resource: Literal["s3:getObject", "s3:listObjectsV2"] = "s3:getObject"
    bucket: Bucket | str
    key: str | None = None
    prefix: str | None = None
    expected_bucket_owner: str | None = None
    """The account that the bucket must belong to."""
    input_type: Literal["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"] | None = None
    csv_headers: Sequence[str] = ()
    """The names of the columns; without them the first row has them."""
    csv_delimiter: Literal["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"] | None = None
    items_pointer: str | None = None
    """A JSON pointer to the array within a JSON object."""
    manifest_type: Literal["ATHENA_DATA", "S3_INVENTORY"] | None = None
    transformation: Literal["NONE", "LOAD_AND_FLATTEN"] | None = None
    """LOAD_AND_FLATTEN takes the contents of the listed objects for items, and not their names."""
    max_items: int | None = None

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        """What is read."""
        return _given(
            Bucket=bindings.text(self.bucket),
            Key=self.key,
            Prefix=self.prefix,
            ExpectedBucketOwner=self.expected_bucket_owner,
        )

    def config(self) -> dict[str, object]:
        """How it is read."""
        header = ("GIVEN" if self.csv_headers else "FIRST_ROW") if self.input_type == "CSV" else None
        return _given(
            InputType=self.input_type,
            Transformation=self.transformation,
            ManifestType=self.manifest_type,
            CSVHeaderLocation=header,
            CSVHeaders=list(self.csv_headers) or None,
            CSVDelimiter=self.csv_delimiter,
            ItemsPointer=self.items_pointer,
            MaxItems=self.max_items,
        )


class ItemBatcher(Record, kw_only=True):
    """How a distributed Map puts items together, each run taking `{"Items": […]}`; limits may come from data."""

    max_items: int | None = None
    max_bytes: int | None = None
    batch_input: Mapping[str, object] | None = None
    """What every batch gets besides, as its `BatchInput`."""

    def limits(self) -> dict[str, object]:
        """How large a batch may be."""
        return _given(MaxItemsPerBatch=self.max_items, MaxInputBytesPerBatch=self.max_bytes)


class ResultWriter(Record, kw_only=True):
    """Where a distributed Map writes its results, below a prefix in a bucket of S3, and how."""

    bucket: Bucket | str
    prefix: str | None = None
    expected_bucket_owner: str | None = None
    """The account that the bucket must belong to."""
    transformation: Literal["NONE", "COMPACT", "FLATTEN"] | None = None
    """NONE, the default, tells of each run beside its output; COMPACT gives the outputs; FLATTEN joins those that are
    arrays."""
    output_type: Literal["JSON", "JSONL"] | None = None

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        """Where it is written."""
        return _given(
            Bucket=bindings.text(self.bucket), Prefix=self.prefix, ExpectedBucketOwner=self.expected_bucket_owner
        )

    def config(self) -> dict[str, Json]:
        """How it is written."""
        if self.transformation is None and self.output_type is None:
            return {}
        return {"Transformation": self.transformation or "NONE", "OutputType": self.output_type or "JSON"}


class WriterDetails(TypedDict):
    """Where the manifest lies that names the objects with the results."""

    Bucket: str
    Key: str


class WrittenResults(TypedDict):
    """What a distributed Map gives whose results are written to S3."""

    MapRunArn: str
    ResultWriterDetails: WriterDetails


class Distribution(Record, kw_only=True):
    """How a distributed Map runs: as executions of their own, with items from S3 and failures tolerated."""

    execution_type: Literal["STANDARD", "EXPRESS"] = "STANDARD"
    reader: ItemReader | None = None
    batcher: ItemBatcher | None = None
    writer: ResultWriter | None = None
    flatten: bool = False
    tolerated_failures: int | None = None
    tolerated_percentage: float | None = None
    label: str | None = None


def _given(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}
