"""The vocabulary of the Amazon States Language: the fields of each object, by query language.

Sources: https://states-language.net and https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Language = Literal["both", "JSONata", "JSONPath"]
LANGUAGES: Final = ("JSONata", "JSONPath")
TYPES: Final = ("Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")
TYPES_WITH_NEXT: Final = ("Task", "Pass", "Wait", "Parallel", "Map")
"""The types of state that have Next or End."""
TYPES_THAT_CAN_FAIL: Final = ("Task", "Parallel", "Map")
"""The types of state that have a result and can fail."""

TOP: Final = frozenset({"Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"})
BRANCH: Final = frozenset({"Comment", "StartAt", "States"})
PROCESSOR: Final = BRANCH | {"ProcessorConfig"}
PROCESSOR_CONFIG: Final = frozenset({"Mode", "ExecutionType"})
RETRIER: Final = frozenset(
    {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment"}
)
READER_CONFIG: Final = frozenset(
    {
        "InputType",
        "CSVHeaderLocation",
        "CSVHeaders",
        "CSVDelimiter",
        "MaxItems",
        "MaxItemsPath",
        "ManifestType",
        "Transformation",
        "ItemsPointer",
    }
)
WRITER_CONFIG: Final = frozenset({"Transformation", "OutputType"})

_ALWAYS: Final = ("Type", "Comment", "QueryLanguage")
_MOVES: Final = ("Next", "End")
_PATHS: Final = ("InputPath", "OutputPath")
_RESULTS: Final = ("ResultSelector", "ResultPath")


def _fields(both: tuple[str, ...], jsonata: tuple[str, ...], jsonpath: tuple[str, ...]) -> Mapping[str, Language]:
    table: dict[str, Language] = dict.fromkeys((*_ALWAYS, *both), "both")
    table.update(dict.fromkeys(jsonata, "JSONata"))
    table.update(dict.fromkeys(jsonpath, "JSONPath"))
    return table


FIELDS: Final[Mapping[str, Mapping[str, Language]]] = {
    "Task": _fields(
        (*_MOVES, "Resource", "Retry", "Catch", "TimeoutSeconds", "HeartbeatSeconds", "Credentials", "Assign"),
        ("Arguments", "Output"),
        (*_PATHS, *_RESULTS, "Parameters", "TimeoutSecondsPath", "HeartbeatSecondsPath"),
    ),
    "Pass": _fields((*_MOVES, "Assign"), ("Output",), (*_PATHS, "Parameters", "Result", "ResultPath")),
    "Choice": _fields(("Choices", "Default", "Assign"), ("Output",), _PATHS),
    "Wait": _fields(
        (*_MOVES, "Seconds", "Timestamp", "Assign"), ("Output",), (*_PATHS, "SecondsPath", "TimestampPath")
    ),
    "Succeed": _fields((), ("Output",), _PATHS),
    "Fail": _fields(("Error", "Cause"), (), ("ErrorPath", "CausePath")),
    "Parallel": _fields(
        (*_MOVES, "Branches", "Retry", "Catch", "Assign"), ("Arguments", "Output"), (*_PATHS, *_RESULTS, "Parameters")
    ),
    "Map": _fields(
        (
            *_MOVES,
            "ItemProcessor",
            "Iterator",
            "ItemSelector",
            "ItemReader",
            "ItemBatcher",
            "ResultWriter",
            "MaxConcurrency",
            "ToleratedFailureCount",
            "ToleratedFailurePercentage",
            "Label",
            "Retry",
            "Catch",
            "Assign",
        ),
        ("Items", "Output"),
        (
            *_PATHS,
            *_RESULTS,
            "Parameters",
            "ItemsPath",
            "MaxConcurrencyPath",
            "ToleratedFailureCountPath",
            "ToleratedFailurePercentagePath",
        ),
    ),
}
ALL_FIELDS: Final[frozenset[str]] = frozenset(field for fields in FIELDS.values() for field in fields)
"""All fields of all types of state."""

RULE: Final[Mapping[str, Language]] = {
    "Condition": "JSONata",
    "Output": "JSONata",
    "Next": "both",
    "Assign": "both",
    "Comment": "both",
}
CATCHER: Final[Mapping[str, Language]] = {
    "ErrorEquals": "both",
    "Next": "both",
    "Assign": "both",
    "Comment": "both",
    "Output": "JSONata",
    "ResultPath": "JSONPath",
}
READER: Final[Mapping[str, Language]] = {
    "Resource": "both",
    "ReaderConfig": "both",
    "Arguments": "JSONata",
    "Parameters": "JSONPath",
}
WRITER: Final[Mapping[str, Language]] = {
    "Resource": "both",
    "WriterConfig": "both",
    "Arguments": "JSONata",
    "Parameters": "JSONPath",
}
BATCHER: Final[Mapping[str, Language]] = {
    "MaxItemsPerBatch": "both",
    "MaxInputBytesPerBatch": "both",
    "BatchInput": "both",
    "MaxItemsPerBatchPath": "JSONPath",
    "MaxInputBytesPerBatchPath": "JSONPath",
}

COUNTERPARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "Parameters": ("Arguments", "ItemSelector", "Output"),
    "Arguments": ("Parameters",),
    "ResultSelector": ("Output",),
    "ResultPath": ("Output", "Assign"),
    "OutputPath": ("Output",),
    "InputPath": ("Arguments", "Output"),
    "Result": ("Output",),
    "Output": ("Result", "ResultSelector", "ResultPath", "OutputPath"),
    "ItemsPath": ("Items",),
    "Items": ("ItemsPath",),
    **{
        f"{name}Path": (name,)
        for name in ("Seconds", "Timestamp", "TimeoutSeconds", "HeartbeatSeconds", "Error", "Cause", "MaxConcurrency")
    },
    **{
        f"{name}Path": (name,)
        for name in ("ToleratedFailureCount", "ToleratedFailurePercentage", "MaxItemsPerBatch", "MaxInputBytesPerBatch")
    },
}
"""The counterparts of a field in the other query language."""

_KINDS: Final = {
    "String": ("Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals"),
    "Numeric": ("Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals"),
    "Boolean": ("Equals",),
    "Timestamp": ("Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals"),
}
OPERATORS: Final[Mapping[str, str]] = {
    **{f"{kind}{order}": kind for kind, orders in _KINDS.items() for order in orders},
    **{f"{kind}{order}Path": "Path" for kind, orders in _KINDS.items() for order in orders},
    "StringMatches": "String",
    **dict.fromkeys(("IsBoolean", "IsNull", "IsNumeric", "IsPresent", "IsString", "IsTimestamp"), "Boolean"),
}
"""The 39 comparison operators, and the kind of value that each of them takes."""
JOINERS: Final = ("And", "Or", "Not")

WORDS: Final = frozenset(
    word
    for words in (
        *(ALL_FIELDS, TOP, PROCESSOR, PROCESSOR_CONFIG),
        *(RULE, ("Variable",), OPERATORS, JOINERS, RETRIER, CATCHER),
        *(READER, READER_CONFIG, WRITER, WRITER_CONFIG, BATCHER),
    )
    for word in words
)
"""All fields of all objects of the language."""

TEXT_FUNCTIONS: Final = frozenset(
    f"States.{name}"
    for name in ("Format", "JsonToString", "ArrayGetItem", "Base64Encode", "Base64Decode", "Hash", "UUID")
)
"""The intrinsic functions that ErrorPath and CausePath may contain (AWS: "Fail workflow state")."""

CONTEXT: Final[Mapping[str, frozenset[str]]] = {
    "": frozenset({"Execution", "State", "StateMachine", "Task", "Map"}),
    "Execution": frozenset({"Id", "Input", "Name", "RoleArn", "StartTime", "RedriveCount", "RedriveTime"}),
    "State": frozenset({"EnteredTime", "Name", "RetryCount"}),
    "StateMachine": frozenset({"Id", "Name"}),
    "Task": frozenset({"Token"}),
    "Map": frozenset({"Item"}),
    "Map.Item": frozenset({"Index", "Value", "Key", "Source"}),
}
"""The fields of the context object, under ``""``, and of each object in it."""

ERRORS: Final = (
    "States.ALL",
    "States.BranchFailed",
    "States.DataLimitExceeded",
    "States.ExceedToleratedFailureThreshold",
    "States.HeartbeatTimeout",
    "States.Http.Socket",
    "States.IntrinsicFailure",
    "States.ItemReaderFailed",
    "States.NoChoiceMatched",
    "States.ParameterPathFailure",
    "States.Permissions",
    "States.QueryEvaluationError",
    "States.ReferencePathConflict",
    "States.ResultPathMatchFailure",
    "States.ResultWriterFailed",
    "States.Runtime",
    "States.TaskFailed",
    "States.Timeout",
)
