"""Masking of personal data in the log of executions: the values of free-text fields, card numbers and addresses.

Step Functions logs an execution's data as JSON inside JSON, so the quotes around a value have backslashes before them.
CloudWatch Logs masks what a regular expression matches, and the expression may contain no quotes, colons or
parentheses: `\\x22` is a quote, `\\x3a` a colon, and nothing can be grouped. So each field needs two alternatives:

    up to the closing quote                            "reason": "********", "amount_minor": 500
    if the value contains a quote, to the end of data  "reason": "********************************

Reading masked values needs the permission logs:Unmask, which nothing here grants. Source: CloudWatch Logs user guide,
"Custom data identifiers" and "Understanding data protection policies".
"""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from handlers.contracts.messages import PERSONAL_FIELDS

from .deployment_context import DeploymentContext

PERSONAL = PERSONAL_FIELDS
MAX_FIELDS = 10  # maximum custom identifiers per policy
FIELD = r"[A-Za-z0-9_-]{1,40}"  # twice in an expression of 200 characters at most

_MANAGED = ("CreditCardExpiration", "CreditCardNumber", "CreditCardSecurityCode", "EmailAddress")
"""Data that AWS recognises itself, in any field."""
_SPACE = r"[\\nrt ]*"  # JSON white space, which is escaped in the log, and the escapes of the following quote
_KEY_ENDS_AND_VALUE_BEGINS = rf"[\\]*\x22{_SPACE}\x3a{_SPACE}\x22"
_TO_THE_NEXT_QUOTE = r"[^\x22]*"
_OF_WHICH_IS_INSIDE = r"[\\]{3}\x22"
_TO_THE_END_OF_THE_DATA = r".*?[^\\]\x22"


def expression(field: str) -> str:
    """Return a regular expression that finds `field` with its value, at any depth of JSON in JSON."""
    begins = field + _KEY_ENDS_AND_VALUE_BEGINS + _TO_THE_NEXT_QUOTE
    return f"{begins}{_OF_WHICH_IS_INSIDE}{_TO_THE_END_OF_THE_DATA}|{begins}"


def mask(
    name: str, group: aws.cloudwatch.LogGroup, fields: Sequence[str], *, parent: pulumi.Resource
) -> aws.cloudwatch.LogDataProtectionPolicy:
    """Mask the values of `fields` in everything that is written to `group` from now on."""
    return aws.cloudwatch.LogDataProtectionPolicy(
        name,
        log_group_name=group.name,
        policy_document=_policy(fields, DeploymentContext.of(parent).partition),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _policy(fields: Sequence[str], partition: pulumi.Output[str]) -> pulumi.Output[str]:
    managed = [
        pulumi.Output.concat("arn:", partition, ":dataprotection::aws:data-identifier/", name) for name in _MANAGED
    ]
    no_options: dict[str, object] = {}
    identifiers: list[pulumi.Input[str]] = [*fields, *managed]
    find = {"Sid": "Find", "DataIdentifier": identifiers, "Operation": {"Audit": {"FindingsDestination": no_options}}}
    hide = {"Sid": "Hide", "DataIdentifier": identifiers, "Operation": {"Deidentify": {"MaskConfig": no_options}}}
    return pulumi.Output.json_dumps(
        {
            "Name": "personal-data",
            "Version": "2021-06-01",
            "Configuration": {"CustomDataIdentifier": [{"Name": name, "Regex": expression(name)} for name in fields]},
            "Statement": [find, hide],
        }
    )
