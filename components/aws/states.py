"""A workflow's definition as text, bound to what was deployed."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from workflow import Binding, Function, Limit, Queue, Workflow, permissions

AnyWorkflow = type[Workflow[Any, Any]]  # what a workflow takes and gives does not matter to who deploys it

PARKING = "parking"


def function_keys(workflow: AnyWorkflow) -> dict[str, str]:
    """The functions that a workflow invokes: the key that a caller gives (`purchase`), and its name (`purchase_fn`)."""
    return {name.removesuffix("_fn"): name for name in _names(workflow, Function)}


def definition_text(
    workflow: AnyWorkflow,
    *,
    functions: Mapping[str, pulumi.Input[str]],
    parking: pulumi.Input[str],
    limits: Mapping[str, int],
    partition: pulumi.Input[str],
) -> pulumi.Output[str]:
    """The definition in the Amazon States Language, bound to these functions, this queue and limits in seconds."""
    named: dict[str, pulumi.Input[str]] = {name: functions[key] for key, name in function_keys(workflow).items()}
    queues = dict.fromkeys(_names(workflow, Queue), parking)
    wanted = {name: seconds for name, seconds in limits.items() if name in _names(workflow, Limit)}

    def bound(known: dict[str, Any]) -> str:
        return json.dumps(workflow.asl(known["names"] | wanted, partition=known["partition"]), indent=2)

    return pulumi.Output.all(names=named | queues, partition=partition).apply(bound)


def _names(workflow: AnyWorkflow, kind: type[Binding]) -> list[str]:
    return [binding.name for binding in workflow.required() if isinstance(binding, kind)]


def derived_grant(definition: pulumi.Input[str]) -> pulumi.Output[str]:
    """What a definition's own text says that its machine does, as a grant.

    A resource that the text leaves open (a name from data, the machine itself) is not in it: its owner grants that.
    """

    def statements(text: str) -> str:
        needed = [(each.actions, _named(each.resources)) for each in permissions(json.loads(text))]
        allowed = [
            {"Sid": f"Step{number}", "Effect": "Allow", "Action": sorted(actions), "Resource": resources}
            for number, (actions, resources) in enumerate(needed, start=1)
            if resources
        ]
        return json.dumps(allowed)

    return pulumi.Output.from_input(definition).apply(statements)


def _named(resources: Sequence[str]) -> list[str]:
    return [resource for resource in resources if resource != "*" and "${" not in resource]
