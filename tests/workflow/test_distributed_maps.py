"""A distributed Map in the language has every field that the States Language has for it, in both query languages."""

from typing import Any, Literal, TypedDict

import pytest

from workflow import END, DistributedMap, Function, Invoke, Workflow, input_of, output_of, run
from workflow.lint import check
from workflow.service_steps import Bucket, ItemBatcher, ItemReader, ResultWriter

Language = Literal["JSONata", "JSONPath"]


class Night(TypedDict):
    key: str
    limit: int
    share: float


class CsvRow(TypedDict):
    id: str
    name: str


class Batch(TypedDict):
    Items: list[CsvRow]


inbox, results = Bucket("inbox"), Bucket("results")
work_fn = Function("work_fn", Batch, list[str])


class Work(Workflow[Batch, list[str]]):
    """Process a batch."""

    work = Invoke(work_fn)
    start = work
    flow = (work >> END,)


class Nightly(Workflow[Night, object]):
    """Read rows, process them in batches and write the results."""

    night = input_of(Night)
    rows = DistributedMap(
        ItemReader(
            bucket=inbox,
            key=night["key"],
            expected_bucket_owner="123456789012",
            input_type="CSV",
            csv_headers=("id", "name"),
            csv_delimiter="PIPE",
            max_items=night["limit"],
        ),
        Work,
        max_concurrency=night["limit"],
        batcher=ItemBatcher(max_items=night["limit"], max_bytes=1000, batch_input={"key": night["key"]}),
        tolerated_failures=night["limit"],
        tolerated_percentage=night["share"],
        writer=ResultWriter(bucket=results, prefix="runs", transformation="FLATTEN", output_type="JSONL"),
        label="rows",
    )
    start = rows
    flow = (rows >> END,)


def _computed_field(language: Language, name: str, path: str) -> tuple[str, str]:
    if language == "JSONata":
        return name, "{% $states.context.Execution.Input." + path + " %}"
    return name + "Path", "$$.Execution.Input." + path


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_every_field_is_compiled_whether_fixed_or_computed(language: Language) -> None:
    """The definition has each field, and `check` reports nothing about them."""
    asl: Any = Nightly.asl(language=language)
    assert not check(asl)
    rows = asl["States"]["rows"]
    arguments = "Arguments" if language == "JSONata" else "Parameters"
    for holder, name, path in (
        (rows, "MaxConcurrency", "limit"),
        (rows, "ToleratedFailureCount", "limit"),
        (rows, "ToleratedFailurePercentage", "share"),
        (rows["ItemBatcher"], "MaxItemsPerBatch", "limit"),
        (rows["ItemReader"]["ReaderConfig"], "MaxItems", "limit"),
    ):
        field, value = _computed_field(language, name, path)
        assert holder[field] == value
    config = rows["ItemReader"]["ReaderConfig"]
    assert {name: config[name] for name in ("InputType", "CSVHeaderLocation", "CSVHeaders", "CSVDelimiter")} == {
        "InputType": "CSV",
        "CSVHeaderLocation": "GIVEN",
        "CSVHeaders": ["id", "name"],
        "CSVDelimiter": "PIPE",
    }
    assert rows["ItemReader"][arguments]["Bucket"] == "${inbox}"
    assert rows["ItemReader"][arguments]["ExpectedBucketOwner"] == "123456789012"
    assert rows["ResultWriter"] == {
        "Resource": "arn:aws:states:::s3:putObject",
        arguments: {"Bucket": "${results}", "Prefix": "runs"},
        "WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSONL"},
    }
    assert rows["Label"] == "rows"


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_batches_are_read_processed_and_written(language: Language) -> None:
    """Rows are processed in batches of two, and the results are written as one flattened object."""
    objects = {"s3://${inbox}/rows.csv": "1|a\n2|b\n3|c\n"}

    def work(batch: Any) -> list[str]:
        return [row["id"] for row in batch["Items"]]

    night = {"key": "rows.csv", "limit": 2, "share": 50.0}
    ended = run(Nightly.asl(language=language), night, {"work_fn": work}, objects=objects)
    assert [*ended.written.values()] == [["1", "2"]]
    assert set(ended.output) == {"MapRunArn", "ResultWriterDetails"}


def test_flatten_joins_the_lists_of_all_runs() -> None:
    """The output is also typed as one list, so that the next state can take it."""

    class Flat(Workflow[list[Batch], object]):
        rows = DistributedMap(input_of(list[Batch]), Work, flatten=True)
        first = Invoke(Function("first_fn", list[str], str), output_of(rows))
        start = rows
        flow = (rows >> first >> END,)

    functions = {"work_fn": lambda batch: [row["id"] for row in batch["Items"]], "first_fn": lambda ids: ids[0]}
    batches = [{"Items": [{"id": "x", "name": ""}]}, {"Items": [{"id": "y", "name": ""}]}]
    ended = run(Flat.asl(), batches, functions)
    assert ended.output == "x"
    assert not check(Flat)


@pytest.mark.parametrize(
    ("reader", "config"),
    [
        (
            ItemReader(bucket="b", key="k", input_type="JSON", items_pointer="/a/b"),
            {"InputType": "JSON", "ItemsPointer": "/a/b"},
        ),
        (
            ItemReader(bucket="b", key="k", input_type="MANIFEST", manifest_type="S3_INVENTORY"),
            {"InputType": "MANIFEST", "ManifestType": "S3_INVENTORY"},
        ),
        (
            ItemReader(
                resource="s3:listObjectsV2",
                bucket="b",
                prefix="p",
                input_type="PARQUET",
                transformation="LOAD_AND_FLATTEN",
            ),
            {"InputType": "PARQUET", "Transformation": "LOAD_AND_FLATTEN"},
        ),
        (ItemReader(resource="s3:listObjectsV2", bucket="b"), {}),
    ],
)
def test_reader_config_contains_only_the_given_options(reader: ItemReader, config: dict[str, str]) -> None:

    class Reads(Workflow[object, object]):
        rows = DistributedMap(reader, Work)
        start = rows
        flow = (rows >> END,)

    asl: Any = Reads.asl()
    assert not check(asl)
    assert asl["States"]["rows"]["ItemReader"].get("ReaderConfig", {}) == config
