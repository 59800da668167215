"""IAM roles and their policies. IAM has no region.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html

Longer than 250 lines because roles, policies and attachments share their calls.
"""

import json
from typing import Any
from urllib.parse import unquote

from ..aws import Aws, AwsClient
from ..resource import AutoName, Inputs, Outputs, Resource
from .common import (
    TAGS,
    boolean,
    fetch_or_none,
    ignore_not_found,
    number,
    output,
    policy,
    string,
    sync_tags,
    tag_list,
    tag_map,
)


class Role(Resource):
    """A role that a service assumes."""

    token = "aws:iam/role:Role"
    is_regional = False
    auto_name = AutoName(max_length=64)
    identity = ("name",)
    properties = {
        "name": string(replaces=True),
        "path": string(default="/", replaces=True),
        "assumeRolePolicy": policy(required=True),
        "description": string(default=""),
        "forceDetachPolicies": boolean(write_only=True),
        "maxSessionDuration": number(3600, 43200, default=3600),
        "permissionsBoundary": string(),
        "tags": TAGS,
        "arn": output(),
        "createDate": output(),
        "uniqueId": output(),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        boundary = inputs.get("permissionsBoundary")
        aws.client("iam").create_role(
            RoleName=inputs["name"],
            Path=inputs.get("path", "/"),
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            Description=inputs.get("description", ""),
            MaxSessionDuration=inputs.get("maxSessionDuration", 3600),
            Tags=tag_list(aws.tags(inputs)),
            **({"PermissionsBoundary": boundary} if boundary else {}),
        )
        return str(inputs["name"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        client, actual = aws.client("iam"), self.read(aws, id_) or {}
        client.update_assume_role_policy(RoleName=id_, PolicyDocument=inputs["assumeRolePolicy"])
        if inputs.get("description", "") != actual["description"]:
            client.update_role_description(RoleName=id_, Description=inputs.get("description", ""))
        seconds = inputs.get("maxSessionDuration", 3600)
        if seconds != actual["maxSessionDuration"]:
            client.update_role(RoleName=id_, MaxSessionDuration=seconds)
        boundary = inputs.get("permissionsBoundary")
        if boundary and boundary != actual.get("permissionsBoundary"):
            client.put_role_permissions_boundary(RoleName=id_, PermissionsBoundary=boundary)
        elif not boundary and actual.get("permissionsBoundary"):
            client.delete_role_permissions_boundary(RoleName=id_)
        sync_tags(client, aws, inputs, actual["tags"], noun="role", RoleName=id_)

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        answer = fetch_or_none(aws.client("iam").get_role, RoleName=id_)
        if answer is None:
            return None
        role = answer["Role"]
        return {
            "name": role["RoleName"],
            "arn": role["Arn"],
            "path": role["Path"],
            "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "uniqueId": role["RoleId"],
            "assumeRolePolicy": _decode_document(role["AssumeRolePolicyDocument"]),
            "description": role.get("Description", ""),
            "maxSessionDuration": role.get("MaxSessionDuration", 3600),
            "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            "tags": tag_map(role.get("Tags")),
        }

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        client = aws.client("iam")
        with ignore_not_found():
            if outputs.get("forceDetachPolicies"):
                _remove_policies(client, id_)
            client.delete_role(RoleName=id_)


class RolePolicy(Resource):
    """A policy inside a role."""

    token = "aws:iam/rolePolicy:RolePolicy"
    creates_completely = True
    is_regional = False
    auto_name = AutoName()
    identity = ("role", "name")
    properties = {
        "name": string(replaces=True),
        "role": string(required=True, replaces=True),
        "policy": policy(required=True),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return f"{inputs['role']}:{inputs['name']}"

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        self.converge(aws, "", inputs, {})
        return f"{inputs['role']}:{inputs['name']}"

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        aws.client("iam").put_role_policy(
            RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
        )

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        role, _, name = id_.partition(":")
        answer = fetch_or_none(aws.client("iam").get_role_policy, RoleName=role, PolicyName=name)
        return answer and {"role": role, "name": name, "policy": _decode_document(answer["PolicyDocument"])}

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        role, _, name = id_.partition(":")
        with ignore_not_found():
            aws.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


class Policy(Resource):
    """A managed policy, of whose versions AWS keeps five."""

    token = "aws:iam/policy:Policy"
    is_regional = False
    auto_name = AutoName()
    identity = ("name",)
    properties = {
        "name": string(replaces=True),
        "path": string(default="/", replaces=True),
        "description": string(default="", replaces=True),
        "policy": policy(required=True),
        "tags": TAGS,
        "arn": output(),
        "policyId": output(),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return aws.arn("iam", f"policy{inputs.get('path', '/')}{inputs['name']}", region=False)

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        created = aws.client("iam").create_policy(
            PolicyName=inputs["name"],
            Path=inputs.get("path", "/"),
            Description=inputs.get("description", ""),
            PolicyDocument=inputs["policy"],
            Tags=tag_list(aws.tags(inputs)),
        )
        return str(created["Policy"]["Arn"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        client, actual = aws.client("iam"), self.read(aws, id_) or {}
        shape = self.properties["policy"].schema
        if shape.canonical(inputs["policy"]) != shape.canonical(actual["policy"]):
            for version in client.list_policy_versions(PolicyArn=id_)["Versions"]:
                if not version["IsDefaultVersion"]:
                    client.delete_policy_version(PolicyArn=id_, VersionId=version["VersionId"])
            client.create_policy_version(PolicyArn=id_, PolicyDocument=inputs["policy"], SetAsDefault=True)
        sync_tags(client, aws, inputs, actual["tags"], noun="policy", PolicyArn=id_)

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        client = aws.client("iam")
        answer = fetch_or_none(client.get_policy, PolicyArn=id_)
        if answer is None:
            return None
        fact = answer["Policy"]
        version = client.get_policy_version(PolicyArn=id_, VersionId=fact["DefaultVersionId"])["PolicyVersion"]
        return {
            "name": fact["PolicyName"],
            "path": fact["Path"],
            "description": fact.get("Description", ""),
            "policy": _decode_document(version["Document"]),
            "arn": fact["Arn"],
            "policyId": fact["PolicyId"],
            "tags": tag_map(fact.get("Tags")),
        }

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        client = aws.client("iam")
        with ignore_not_found():
            for version in client.list_policy_versions(PolicyArn=id_)["Versions"]:
                if not version["IsDefaultVersion"]:
                    client.delete_policy_version(PolicyArn=id_, VersionId=version["VersionId"])
            client.delete_policy(PolicyArn=id_)


class RolePolicyAttachment(Resource):
    """The attachment of a managed policy to a role."""

    token = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    is_regional = False
    identity = ("role", "policyArn")
    properties = {"role": string(required=True, replaces=True), "policyArn": string(required=True, replaces=True)}

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return f"{inputs['role']}/{inputs['policyArn']}"

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        aws.client("iam").attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return f"{inputs['role']}/{inputs['policyArn']}"

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        role, _, arn = id_.partition("/")
        answer = fetch_or_none(aws.client("iam").list_attached_role_policies, RoleName=role) or {}
        attached = {policy_["PolicyArn"] for policy_ in answer.get("AttachedPolicies", ())}
        return {"role": role, "policyArn": arn} if arn in attached else None

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        role, _, arn = id_.partition("/")
        with ignore_not_found():
            aws.client("iam").detach_role_policy(RoleName=role, PolicyArn=arn)


def _decode_document(document: Any) -> str:
    """Return a policy document as text; boto3 may already have parsed it."""
    if isinstance(document, str):
        return unquote(document) if document.startswith("%7B") else document
    return json.dumps(document)


def _remove_policies(client: AwsClient, role: str) -> None:
    for name in client.list_role_policies(RoleName=role)["PolicyNames"]:
        client.delete_role_policy(RoleName=role, PolicyName=name)
    for attached in client.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        client.detach_role_policy(RoleName=role, PolicyArn=attached["PolicyArn"])
