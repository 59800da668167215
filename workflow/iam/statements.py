"""Permissions that the states of a definition need, grouped by resource.

An execution keeps the definition that it was started with, so a function's version must stay invocable after the
machine is updated: the ARN of one version grants all versions of that function.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ..asl.definition import StateNode, parse
from ..asl.json_type import Json
from ..asl.json_values import JsonObject
from .resource_names import Grants, all_versions, argument, bucket, is_placeholder, object_of
from .service_actions import integration_permissions

_INTEGRATION: Final = re.compile(r"arn:(?P<partition>[^:]*):states:::(?P<name>.+)\Z")


@dataclass(frozen=True, slots=True)
class Permission:
    """Actions on resources, and the states that need them."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    reason: str

    def statement(self) -> JsonObject:
        """Return the permission as a statement of an IAM policy."""
        return {"Effect": "Allow", "Action": list(self.actions), "Resource": list(self.resources)}


def permissions(definition: object) -> list[Permission]:
    """Return the exact permissions that a definition needs, grouped by resource; those for logging are not included."""
    needed: dict[tuple[str, str], list[str]] = {}
    for state in parse(definition).states():
        for action, resource in _state_permissions(state):
            needed.setdefault((action, resource), []).append(state.name)
    grouped: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {}
    for (action, resource), states in needed.items():
        grouped.setdefault(tuple(dict.fromkeys(states)), {}).setdefault(resource, ())
        actions = grouped[tuple(dict.fromkeys(states))]
        actions[resource] = (*actions[resource], action)
    found: list[Permission] = []
    for names, by_resource in grouped.items():
        by_actions: dict[tuple[str, ...], list[str]] = {}
        for resource, allowed in by_resource.items():
            by_actions.setdefault(allowed, []).append(resource)
        reason = ", ".join(names)
        found.extend(Permission(allowed, tuple(resources), reason) for allowed, resources in by_actions.items())
    return found


def policy(definition: object) -> JsonObject:
    """Return the permissions of a definition as an IAM policy."""
    statements: list[Json] = [one.statement() for one in permissions(definition)]
    return {"Version": "2012-10-17", "Statement": statements}


def _state_permissions(state: StateNode) -> Grants:
    if state.is_distributed:
        yield from _map_permissions(state)
    resource = state.fields.get("Resource")
    if state.type != "Task" or not isinstance(resource, str):
        return
    role = object_of(state.fields.get("Credentials")).get("RoleArn")
    if role is not None:
        yield "sts:AssumeRole", role if isinstance(role, str) and not role.startswith(("{%", "$.")) else "*"
        return
    if ":function:" in resource or is_placeholder(resource):
        yield "lambda:InvokeFunction", all_versions(resource)
        return
    found = _INTEGRATION.match(resource)
    if found:
        arguments = object_of(state.fields.get("Arguments", state.fields.get("Parameters")))
        yield from integration_permissions(found["name"], arguments, found["partition"] or "aws")


def _map_permissions(state: StateNode) -> Grants:
    yield "states:StartExecution", "${this_state_machine}"
    for action in ("DescribeExecution", "StopExecution", "RedriveExecution"):
        yield f"states:{action}", "${executions_of_this_state_machine}"
    reader, writer = object_of(state.fields.get("ItemReader")), object_of(state.fields.get("ResultWriter"))
    for holder, actions in (
        (reader, ("GetObject",)),
        (writer, ("PutObject", "GetObject", "ListMultipartUploadParts", "AbortMultipartUpload")),
    ):
        found = _INTEGRATION.match(str(holder.get("Resource", "")))
        if found:
            arguments = object_of(holder.get("Arguments", holder.get("Parameters")))
            is_list_call = found["name"].startswith("s3:list")
            arn = bucket(arguments, found["partition"] or "aws")
            key = argument(arguments, "Key") or f"{argument(arguments, 'Prefix') or ''}*"
            for action in ("ListBucket",) if is_list_call else actions:
                yield f"s3:{action}", arn if is_list_call else f"{arn}/{key}" if arn != "*" else "*"
