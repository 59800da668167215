"""Workflows in the Amazon States Language: written in Python, checked, run, drawn and compared.

docs/how-to/write-a-workflow.md explains how to write one. Each name is imported when it is first used: `check` works
without loading the workflow language, pydantic is loaded only with your models, and the JSONata engine only when the
first expression is checked or run.

fn               functions and conditions on workflow data
service_steps    typed steps for AWS services, and the resources that they need
error_names      names of errors, for retries and catches
testing          results of runs, simulated failures, coverage
failures         the errors of the workflow language
lint, changes, cost, iam    the functions behind the verbs, and the types of their results
annotations      types for signatures
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final
from warnings import warn

if TYPE_CHECKING:  # includes the deprecated names, which type checkers still know
    from . import fn
    from .annotations import *  # noqa: F403  # every name in it is deprecated here
    from .asl.definition import Definition, parse
    from .asl.json_values import NotJson as NotJson
    from .changes import DefinitionChange, diff
    from .cost import Cost as Cost
    from .cost import cost_of_runs as cost_of_runs
    from .cost import costs
    from .coverage import paths
    from .diagram import mermaid, svg
    from .dsl.bindings import Function, Limit
    from .dsl.context_object import context
    from .dsl.references import caught, input_of, made, output_of, result_of, state_input
    from .dsl.retries import ALL, Retry
    from .dsl.states.basic_states import Choice, Fail, Pass, Succeed, Wait
    from .dsl.states.fragments import Inline
    from .dsl.states.nested_states import DistributedMap, Map, Parallel
    from .dsl.states.tasks import Invoke
    from .dsl.states.transitions import END, each_of, variable
    from .dsl.workflow_class import Workflow
    from .error_names import BRANCH_FAILED as BRANCH_FAILED
    from .error_names import HEARTBEAT_TIMEOUT as HEARTBEAT_TIMEOUT
    from .error_names import LAMBDA_THROTTLED as LAMBDA_THROTTLED
    from .error_names import LAMBDA_TRANSIENT as LAMBDA_TRANSIENT
    from .error_names import QUERY_FAILED as QUERY_FAILED
    from .error_names import TASK_FAILED as TASK_FAILED
    from .error_names import TIMEOUT as TIMEOUT
    from .failures import NoSuchField as NoSuchField
    from .failures import NotACondition as NotACondition
    from .failures import NotExhaustive as NotExhaustive
    from .failures import NotPortable as NotPortable
    from .failures import NotReached as NotReached
    from .failures import Unbound as Unbound
    from .failures import WorkflowError
    from .failures import WrongJoin as WrongJoin
    from .fn import *  # noqa: F403  # every name in it is deprecated here
    from .fn import chunks
    from .iam import Permission as Permission
    from .iam import permissions
    from .iam import policy as policy
    from .interpreter import run, run_state
    from .lint import LintFinding, check
    from .service_steps import *  # noqa: F403  # every name in it is deprecated here
    from .service_steps import ServiceCall
    from .testing import *  # noqa: F403  # every name in it is deprecated here
    from .testing import coverage_fixture

    Call = ServiceCall
    Change = DefinitionChange
    Finding = LintFinding
    covered = coverage_fixture
    parted = chunks

_MODULES: Final = {
    "asl.definition": "Definition parse",
    "changes": "diff",
    "cost": "costs",
    "coverage": "paths",
    "diagram": "mermaid svg",
    "dsl.bindings": "Function Limit",
    "dsl.context_object": "context",
    "dsl.references": "caught input_of made output_of result_of state_input",
    "dsl.retries": "ALL Retry",
    "dsl.states.transitions": "END each_of variable",
    "dsl.states.basic_states": "Choice Fail Pass Succeed Wait",
    "dsl.states.fragments": "Inline",
    "dsl.states.nested_states": "DistributedMap Map Parallel",
    "dsl.states.tasks": "Invoke",
    "dsl.workflow_class": "Workflow",
    "failures": "WorkflowError",
    "iam": "permissions",
    "interpreter": "run run_state",
    "lint": "check",
}
"""The public names, by the module that defines them."""
_OLD_NAMES: Final = {
    "asl.json_values": "NotJson",
    "annotations": "Catching Condition Edge ErrorOutput State",
    "cost": "Cost cost_of_runs",
    "error_names": (
        "BRANCH_FAILED HEARTBEAT_TIMEOUT LAMBDA_THROTTLED LAMBDA_TRANSIENT QUERY_FAILED TASK_FAILED TIMEOUT"
    ),
    "failures": "NoSuchField NotACondition NotExhaustive NotPortable NotReached Unbound WrongJoin",
    "fn": (
        "after all_of array at_time base64_decode base64_encode before bound choose concat contains from_json "
        "hash_of is_array is_boolean is_null is_number is_object is_present is_text is_timestamp is_true "
        "item_at jsonata length matches merged minus not_ one_of or_else plus random_below seen_as some span "
        "split times to_json unique uuid"
    ),
    "iam": "Permission policy",
    "service_steps": (
        "Activity Answer Binding Bucket DeleteItem EventBus GetItem GetObject ItemBatcher ItemReader Machine "
        "Publish PutEvent PutItem PutObject Queue ResultWriter SendMessage StartExecution Table Task Topic "
        "UpdateItem WrittenResults"
    ),
    "testing": "Coverage Fault Run StateRun TaskFailed coverage_fixture covering",
}
"""The names that this package exported itself until 0.2, by the module that exports them now."""
_RENAMED: Final = {
    "Call": ("service_steps", "ServiceCall"),
    "Change": ("changes", "DefinitionChange"),
    "Finding": ("lint", "LintFinding"),
    "covered": ("testing", "coverage_fixture"),
    "parted": ("fn", "chunks"),
}

__all__ = [
    "ALL",
    "END",
    "Choice",
    "Definition",
    "DistributedMap",
    "Fail",
    "Function",
    "Inline",
    "Invoke",
    "Limit",
    "Map",
    "Parallel",
    "Pass",
    "Retry",
    "Succeed",
    "Wait",
    "Workflow",
    "WorkflowError",
    "caught",
    "check",
    "context",
    "costs",
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
    for module, names in _MODULES.items():
        if name in names.split():
            value = globals()[name] = getattr(import_module(f".{module}", __package__), name)
            return value
    return _resolve_old_name(name)


def _resolve_old_name(name: str) -> object:
    """Return the object that a deprecated name refers to, with a warning; raises AttributeError for an unknown name."""
    module, new = _RENAMED.get(name, ("", name))
    module = module or next((candidate for candidate, names in _OLD_NAMES.items() if name in names.split()), "")
    if not module:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warn(
        f"workflow.{name} was moved to workflow.{module}.{new}, and the old name will be removed in 0.3.",
        DeprecationWarning,
        stacklevel=3,
    )
    return getattr(import_module(f".{module}", __package__), new)
