"""Options of a distributed Map: the source of its items, their batches, and the destination of its results."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypedDict

from ...asl.json_type import Json
from ...asl.limits import MAX_LABEL_LENGTH
from ...asl.records import Record
from ...failures import WorkflowError
from ..bindings import Bindings, Bucket, Limit
from ..option_checks import (
    check_binding,
    check_choices,
    check_fixed_strings,
    check_numbers,
    check_objects,
    check_percentages,
    check_strings,
    reject,
)

_LABEL: Final = r"[^\s?*<>{}\[\]:;,\\|^~$#%&`\"\x00-\x1f\x7f-\x9f]+"
"""Pattern of a label, with which the names of a distributed Map's executions begin.

Source: Step Functions developer guide, "Distributed mode".
"""

_READER_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "resource": ("s3:getObject", "s3:listObjectsV2"),
    "input_type": ("CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"),
    "csv_delimiter": ("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"),
    "manifest_type": ("ATHENA_DATA", "S3_INVENTORY"),
    "transformation": ("NONE", "LOAD_AND_FLATTEN"),
}


class ItemReader(Record, kw_only=True):
    """Source of the items of a distributed Map: an S3 object, or the listing of a bucket.

    `max_items` may come from data. For the options that each kind of data allows, see AWS, "ItemReader (Map)".
    """

    resource: Literal["s3:getObject", "s3:listObjectsV2"] = "s3:getObject"
    bucket: Bucket | str
    key: str | None = None
    prefix: str | None = None
    expected_bucket_owner: str | None = None
    """The account that the bucket must belong to."""
    input_type: Literal["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"] | None = None
    csv_headers: Sequence[str] = ()
    """The names of the columns; if empty, the first row contains them."""
    csv_delimiter: Literal["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"] | None = None
    items_pointer: str | None = None
    """A JSON pointer to the array within a JSON object."""
    manifest_type: Literal["ATHENA_DATA", "S3_INVENTORY"] | None = None
    transformation: Literal["NONE", "LOAD_AND_FLATTEN"] | None = None
    """LOAD_AND_FLATTEN takes the items from the contents of the listed objects, not from their names."""
    max_items: int | Limit | None = None

    def check(self) -> None:
        """Raise WorkflowError for invalid or incompatible options."""
        check_binding(self, Bucket, self.bucket, or_text=True)
        check_strings(self, key=self.key, prefix=self.prefix, expected_bucket_owner=self.expected_bucket_owner)
        check_numbers(self, 1, max_items=self.max_items)
        for name, allowed in _READER_CHOICES.items():
            check_choices(self, name, getattr(self, name), allowed)
        if self.resource == "s3:getObject" and self.key is None:
            raise WorkflowError('ItemReader: key is missing; to list a bucket, use resource="s3:listObjectsV2"')
        if self.input_type != "CSV" and (self.csv_headers or self.csv_delimiter):
            raise WorkflowError('ItemReader: csv_headers and csv_delimiter require input_type="CSV"')

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        """Return the arguments of the S3 call that reads the items."""
        return _omit_none(
            Bucket=bindings.text(self.bucket),
            Key=self.key,
            Prefix=self.prefix,
            ExpectedBucketOwner=self.expected_bucket_owner,
        )

    def config(self) -> dict[str, object]:
        """Return the ReaderConfig."""
        header = ("GIVEN" if self.csv_headers else "FIRST_ROW") if self.input_type == "CSV" else None
        return _omit_none(
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
    """Batching of a distributed Map's items: each run takes `{"Items": […]}`; the limits may come from data."""

    max_items: int | Limit | None = None
    max_bytes: int | Limit | None = None
    batch_input: Mapping[str, object] | None = None
    """Input that every batch gets in addition to its items, as its `BatchInput`."""

    def check(self) -> None:
        """Raise WorkflowError for invalid limits, and if there is no limit at all."""
        check_numbers(self, 1, max_items=self.max_items, max_bytes=self.max_bytes)
        check_objects(self, batch_input=self.batch_input)
        if self.max_items is None and self.max_bytes is None:
            raise WorkflowError("ItemBatcher: limit the batches with max_items or max_bytes")

    def limits(self) -> dict[str, object]:
        """Return the maximum number of items and bytes of a batch."""
        return _omit_none(MaxItemsPerBatch=self.max_items, MaxInputBytesPerBatch=self.max_bytes)


class ResultWriter(Record, kw_only=True):
    """Destination and format of the results of a distributed Map, below a prefix in an S3 bucket."""

    bucket: Bucket | str
    prefix: str | None = None
    expected_bucket_owner: str | None = None
    """The account that the bucket must belong to."""
    transformation: Literal["NONE", "COMPACT", "FLATTEN"] | None = None
    """The form of the results.

    NONE, the default, writes details of each run with its output; COMPACT writes only the outputs; FLATTEN joins
    outputs that are arrays.
    """
    output_type: Literal["JSON", "JSONL"] | None = None

    def check(self) -> None:
        """Raise WorkflowError for invalid options."""
        check_binding(self, Bucket, self.bucket, or_text=True)
        check_strings(self, prefix=self.prefix, expected_bucket_owner=self.expected_bucket_owner)
        check_choices(self, "transformation", self.transformation, ("NONE", "COMPACT", "FLATTEN"))
        check_choices(self, "output_type", self.output_type, ("JSON", "JSONL"))

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        """Return the arguments of the S3 call that writes the results."""
        return _omit_none(
            Bucket=bindings.text(self.bucket), Prefix=self.prefix, ExpectedBucketOwner=self.expected_bucket_owner
        )

    def config(self) -> dict[str, Json]:
        """Return the WriterConfig; empty if no option of it is set."""
        if self.transformation is None and self.output_type is None:
            return {}
        return {"Transformation": self.transformation or "NONE", "OutputType": self.output_type or "JSON"}


class WriterDetails(TypedDict):
    """Location of the manifest that names the objects with the results."""

    Bucket: str
    Key: str


class WrittenResults(TypedDict):
    """Output of a distributed Map whose results are written to S3."""

    MapRunArn: str
    ResultWriterDetails: WriterDetails


class Distribution(Record, kw_only=True):
    """Options of a distributed Map: child executions, items from S3, tolerated failures."""

    execution_type: Literal["STANDARD", "EXPRESS"] = "STANDARD"
    reader: ItemReader | None = None
    batcher: ItemBatcher | None = None
    writer: ResultWriter | None = None
    flatten: bool = False
    tolerated_failures: int | Limit | None = None
    tolerated_percentage: float | Limit | None = None
    label: str | None = None

    def check(self) -> None:
        """Raise WorkflowError for an invalid option of the Map, its reader, its batcher or its writer."""
        owner = "DistributedMap"
        check_numbers(owner, 0, tolerated_failures=self.tolerated_failures)
        check_percentages(owner, tolerated_percentage=self.tolerated_percentage)
        check_fixed_strings(owner, label=self.label)
        if self.label is not None and not (re.fullmatch(_LABEL, self.label) and len(self.label) <= MAX_LABEL_LENGTH):
            reject(
                owner,
                f"label must have 1 to {MAX_LABEL_LENGTH} characters: letters, digits, - or other plain "
                "characters, no spaces",
                self.label,
            )
        for part, kind in ((self.reader, ItemReader), (self.batcher, ItemBatcher), (self.writer, ResultWriter)):
            if isinstance(part, kind):
                part.check()
            elif part is not None:
                reject(
                    owner,
                    f"must be given an {kind.__name__}" if kind is not ResultWriter else "must be given a ResultWriter",
                    part,
                )


def _omit_none(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}
