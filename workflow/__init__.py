"""Workflows in the Amazon States Language: written in Python, checked, run, drawn and compared.

docs/how-to/write-a-workflow.md tells how to write one. A name is imported when it is first used: `check` without the
language, pydantic with your models, the JSONata engine with the first expression that is checked or run.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from . import fn
    from .asl.definition import Definition, parse
    from .asl.json_values import NotJson
    from .changes import Change, diff
    from .cost import Cost, cost_of_runs, costs
    from .coverage import Coverage, paths
    from .covered_workflow import coverage_fixture, covering
    from .covered_workflow import covered as covered
    from .diagram import mermaid, svg
    from .dsl.bindings import Binding, Bucket, EventBus, Function, Limit, Machine, Queue, Table, Topic
    from .dsl.context_object import context
    from .dsl.functions import (
        after as after,
    )
    from .dsl.functions import (
        all_of as all_of,
    )
    from .dsl.functions import (
        array as array,
    )
    from .dsl.functions import (
        at_time as at_time,
    )
    from .dsl.functions import (
        base64_decode as base64_decode,
    )
    from .dsl.functions import (
        base64_encode as base64_encode,
    )
    from .dsl.functions import (
        before as before,
    )
    from .dsl.functions import (
        bound as bound,
    )
    from .dsl.functions import (
        choose as choose,
    )
    from .dsl.functions import (
        concat as concat,
    )
    from .dsl.functions import (
        contains as contains,
    )
    from .dsl.functions import (
        from_json as from_json,
    )
    from .dsl.functions import (
        hash_of as hash_of,
    )
    from .dsl.functions import (
        is_array as is_array,
    )
    from .dsl.functions import (
        is_boolean as is_boolean,
    )
    from .dsl.functions import (
        is_null as is_null,
    )
    from .dsl.functions import (
        is_number as is_number,
    )
    from .dsl.functions import (
        is_object as is_object,
    )
    from .dsl.functions import (
        is_present as is_present,
    )
    from .dsl.functions import (
        is_text as is_text,
    )
    from .dsl.functions import (
        is_timestamp as is_timestamp,
    )
    from .dsl.functions import (
        is_true as is_true,
    )
    from .dsl.functions import (
        item_at as item_at,
    )
    from .dsl.functions import (
        jsonata as jsonata,
    )
    from .dsl.functions import (
        length as length,
    )
    from .dsl.functions import (
        matches as matches,
    )
    from .dsl.functions import (
        merged as merged,
    )
    from .dsl.functions import (
        minus as minus,
    )
    from .dsl.functions import (
        not_ as not_,
    )
    from .dsl.functions import (
        one_of as one_of,
    )
    from .dsl.functions import (
        or_else as or_else,
    )
    from .dsl.functions import (
        parted as parted,
    )
    from .dsl.functions import (
        plus as plus,
    )
    from .dsl.functions import (
        random_below as random_below,
    )
    from .dsl.functions import (
        seen_as as seen_as,
    )
    from .dsl.functions import (
        some as some,
    )
    from .dsl.functions import (
        span as span,
    )
    from .dsl.functions import (
        split as split,
    )
    from .dsl.functions import (
        times as times,
    )
    from .dsl.functions import (
        to_json as to_json,
    )
    from .dsl.functions import (
        unique as unique,
    )
    from .dsl.functions import (
        uuid as uuid,
    )
    from .dsl.references import caught, input_of, made, output_of, result_of, state_input
    from .dsl.retries import (
        ALL,
        BRANCH_FAILED,
        HEARTBEAT_TIMEOUT,
        LAMBDA_THROTTLED,
        LAMBDA_TRANSIENT,
        QUERY_FAILED,
        TASK_FAILED,
        TIMEOUT,
        Retry,
    )
    from .dsl.states.arrows import END, Catching, Edge, ErrorOutput, State, each_of, variable
    from .dsl.states.basic_states import Choice, Fail, Pass, Succeed, Wait
    from .dsl.states.distribution import ItemBatcher, ItemReader, ResultWriter, WrittenResults
    from .dsl.states.fragments import Inline
    from .dsl.states.item_tasks import DeleteItem, GetItem, PutItem, UpdateItem
    from .dsl.states.nested_states import DistributedMap, Map, Parallel
    from .dsl.states.service_tasks import (
        Activity,
        Call,
        GetObject,
        Publish,
        PutEvent,
        PutObject,
        SendMessage,
        StartExecution,
    )
    from .dsl.states.tasks import Answer, Invoke, Task
    from .dsl.value_expressions import Condition
    from .dsl.workflow_class import Workflow
    from .failures import (
        NoSuchField,
        NotACondition,
        NotExhaustive,
        NotPortable,
        NotReached,
        Unbound,
        WorkflowError,
        WrongJoin,
    )
    from .iam import Permission, permissions, policy
    from .interpreter import Fault, Run, StateRun, TaskFailed, run, run_state
    from .lint import Finding, check

_LATE: Final = {
    "asl.definition": ("Definition", "parse"),
    "asl.json_values": ("NotJson",),
    "failures": (
        "NoSuchField",
        "NotACondition",
        "NotExhaustive",
        "NotPortable",
        "NotReached",
        "Unbound",
        "WorkflowError",
        "WrongJoin",
    ),
    "dsl.states.basic_states": ("Choice", "Fail", "Pass", "Succeed", "Wait"),
    "dsl.bindings": ("Binding", "Bucket", "EventBus", "Function", "Limit", "Machine", "Queue", "Table", "Topic"),
    "dsl.value_expressions": ("Condition",),
    "dsl.references": ("caught", "input_of", "made", "output_of", "result_of", "state_input"),
    "dsl.retries": (
        "ALL",
        "BRANCH_FAILED",
        "HEARTBEAT_TIMEOUT",
        "LAMBDA_THROTTLED",
        "LAMBDA_TRANSIENT",
        "QUERY_FAILED",
        "TASK_FAILED",
        "TIMEOUT",
        "Retry",
    ),
    "dsl.states.arrows": ("END", "Catching", "Edge", "ErrorOutput", "State", "each_of", "variable"),
    "dsl.states.tasks": ("Answer", "Invoke", "Task"),
    "dsl.workflow_class": ("Workflow",),
    "lint": ("Finding", "check"),
    "changes": ("Change", "diff"),
    "covered_workflow": ("coverage_fixture", "covered", "covering"),
    "diagram": ("mermaid", "svg"),
    "dsl.context_object": ("context",),
    "dsl.states.distribution": ("ItemBatcher", "ItemReader", "ResultWriter", "WrittenResults"),
    "dsl.states.fragments": ("Inline",),
    "dsl.functions": (
        "after",
        "all_of",
        "array",
        "at_time",
        "base64_decode",
        "base64_encode",
        "before",
        "bound",
        "choose",
        "concat",
        "contains",
        "from_json",
        "hash_of",
        "is_array",
        "is_boolean",
        "is_null",
        "is_number",
        "is_object",
        "is_present",
        "is_text",
        "is_timestamp",
        "is_true",
        "item_at",
        "jsonata",
        "length",
        "matches",
        "merged",
        "minus",
        "not_",
        "one_of",
        "or_else",
        "parted",
        "plus",
        "random_below",
        "seen_as",
        "some",
        "span",
        "split",
        "times",
        "to_json",
        "unique",
        "uuid",
    ),
    "dsl.states.item_tasks": ("DeleteItem", "GetItem", "PutItem", "UpdateItem"),
    "dsl.states.nested_states": ("DistributedMap", "Map", "Parallel"),
    "dsl.states.service_tasks": (
        "Activity",
        "Call",
        "GetObject",
        "Publish",
        "PutEvent",
        "PutObject",
        "SendMessage",
        "StartExecution",
    ),
    "coverage": ("Coverage", "paths"),
    "iam": ("Permission", "permissions", "policy"),
    "cost": ("Cost", "cost_of_runs", "costs"),
    "interpreter": ("Fault", "Run", "StateRun", "TaskFailed", "run", "run_state"),
}
"""The module of each name, which is imported when the name is first used.

The functions of `fn`, and `covered`, are old names: import them from `workflow.fn`, and use `coverage_fixture`.
"""

__all__ = [
    "ALL",
    "BRANCH_FAILED",
    "END",
    "HEARTBEAT_TIMEOUT",
    "LAMBDA_THROTTLED",
    "LAMBDA_TRANSIENT",
    "QUERY_FAILED",
    "TASK_FAILED",
    "TIMEOUT",
    "Activity",
    "Answer",
    "Binding",
    "Bucket",
    "Call",
    "Catching",
    "Change",
    "Choice",
    "Condition",
    "Cost",
    "Coverage",
    "Definition",
    "DeleteItem",
    "DistributedMap",
    "Edge",
    "ErrorOutput",
    "EventBus",
    "Fail",
    "Fault",
    "Finding",
    "Function",
    "GetItem",
    "GetObject",
    "Inline",
    "Invoke",
    "ItemBatcher",
    "ItemReader",
    "Limit",
    "Machine",
    "Map",
    "NoSuchField",
    "NotACondition",
    "NotExhaustive",
    "NotJson",
    "NotPortable",
    "NotReached",
    "Parallel",
    "Pass",
    "Permission",
    "Publish",
    "PutEvent",
    "PutItem",
    "PutObject",
    "Queue",
    "ResultWriter",
    "Retry",
    "Run",
    "SendMessage",
    "StartExecution",
    "State",
    "StateRun",
    "Succeed",
    "Table",
    "Task",
    "TaskFailed",
    "Topic",
    "Unbound",
    "UpdateItem",
    "Wait",
    "Workflow",
    "WorkflowError",
    "WrittenResults",
    "WrongJoin",
    "caught",
    "check",
    "context",
    "cost_of_runs",
    "costs",
    "coverage_fixture",
    "covering",
    "diff",
    "each_of",
    "fn",
    "input_of",
    "made",
    "mermaid",
    "output_of",
    "parse",
    "paths",
    "permissions",
    "policy",
    "result_of",
    "run",
    "run_state",
    "state_input",
    "svg",
    "variable",
]


def __getattr__(name: str) -> object:
    if name == "fn":
        return import_module(".fn", __package__)
    for module, names in _LATE.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f".{module}", __package__), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
