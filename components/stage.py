"""What a stage may choose: every key, its default, range and unit. The one place that reads `pulumi.Config`.

Long because it is the list of all keys. `Pulumi.<stage>.yaml` holds values; a wrong one is refused before any resource
exists, all faults at once:

    InvalidStage: a configuration of stage 'prod' that names each key, its value and what is allowed
"""

import json
import re
from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from typing import Annotated, Literal, Self, get_args, get_origin

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from .aws.eventbridge import CRON, SCHEDULE
from .aws.logs import RETENTIONS

PROJECT = "booking"

Arn = Annotated[str, Field(pattern=r"^(arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:[0-9]*:.+)?$")]


def _known_retention(days: int) -> int:
    if days not in RETENTIONS:
        raise ValueError
    return days


RetentionDays = Annotated[int, AfterValidator(_known_retention), Field(json_schema_extra={"enum": list(RETENTIONS)})]

_SPELLED: Mapping[object, str] = {bool: "true|false", int: r"-?\d+"}
_AN_ARN = "an ARN, or empty"
_FORMS = {
    "name": "a lower-case letter, then lower-case letters, digits and hyphens, 10 at most",
    "costCentre": "1 to 64 letters, digits, spaces and _.:/=+@-",
    "reconcileSchedule": "an EventBridge expression such as rate(5 minutes) or cron(0 3 * * ? *)",
    "backupSchedule": "an AWS cron expression such as cron(0 3 * * ? *)",
    "logRetentionDays": f"one of {', '.join(map(str, RETENTIONS))}",
    "alertEmail": "an address such as team@example.com, or empty",
    "starterRole": "the name of an IAM role, or empty",
    "subnetIds": "a list of ids such as subnet-0a1b2c3d",
    "securityGroupIds": "a list of ids such as sg-0a1b2c3d",
    **dict.fromkeys(("keyArn", "logKeyArn", "alertTopicArn", "permissionsBoundaryArn"), _AN_ARN),
}


class InvalidStage(pulumi.RunError):
    """The configuration of a stage has faults; the message has one line for each. Pulumi shows it without a trace."""


class Stage(BaseModel):
    """One deployment of the program, from its configuration. Defaults are strict; a stage relaxes by name."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=False, use_attribute_docstrings=True
    )

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,9}$", exclude=True)
    """Name of the stage (the Pulumi stack): lower-case letters, digits and hyphens, 10 at most (AWS Backup's limit)."""
    cost_centre: str = Field("booking", pattern=r"^[A-Za-z0-9_.:/=+@ -]{1,64}$")
    """Whom the costs are charged to: the tag `cost-centre` of everything that takes tags."""

    architecture: Literal["arm64", "x86_64"] = "arm64"
    """Processor that the functions run on."""
    function_memory_mb: int = Field(512, ge=128, le=10_240)
    """Memory of a function, in MB, 128 to 10240."""
    function_concurrency: int = Field(50, ge=2, le=1000)
    """Invocations at a time that are reserved for each function, 2 to 1000."""
    code_signing: bool = True
    """Whether the functions' package is signed by AWS Signer, and the functions take no unsigned one."""
    sdk_timeout_seconds: int = Field(5, ge=1, le=60)
    """Seconds that a function waits for one answer of AWS or the gateway, 1 to 60; less than functionTimeoutSeconds."""
    function_timeout_seconds: int = Field(15, ge=2, le=600)
    """Seconds that an invocation may take, 2 to 600; less than taskTimeoutSeconds."""
    task_timeout_seconds: int = Field(20, ge=3, le=900)
    """Seconds that one attempt of a task may take, 3 to 900; less than executionTimeoutSeconds."""
    execution_timeout_seconds: int = Field(300, ge=10, le=86_400)
    """Seconds that an execution may take, 10 to 86400 (at most 300 when workflowType is EXPRESS)."""
    workflow_type: Literal["STANDARD", "EXPRESS"] = "STANDARD"
    """STANDARD (exactly once, every step kept for 90 days) or EXPRESS (cheaper). A change makes a second machine."""

    refund_window_days: int = Field(30, ge=0, le=3650)
    """Days after a purchase for which it can be refunded, 0 to 3650; orders keep the window they were bought with."""
    reconcile_schedule: str = Field("rate(5 minutes)", pattern=rf"^({SCHEDULE})$")
    """When unknown outcomes are settled: an EventBridge expression such as rate(5 minutes)."""

    log_retention_days: RetentionDays = 365
    """Days for which logs are kept: one of the numbers that CloudWatch Logs knows."""
    log_execution_data: bool = True
    """Whether the machine's log holds inputs and results; what people wrote in them is masked either way."""

    deletion_protection: bool = True
    """Whether AWS and Pulumi refuse to delete what holds data."""
    force_destroy: bool = False
    """Whether destroying the stage deletes what is in its buckets and vaults; not together with deletionProtection."""
    key_deletion_days: int = Field(30, ge=7, le=30)
    """Days for which a deleted encryption key can be brought back, 7 to 30."""
    point_in_time_days: int = Field(35, ge=1, le=35)
    """Days into the past to which the tables can be restored, 1 to 35."""
    backup_days: int = Field(365, ge=1, le=36_500)
    """Days for which a backup of a table is kept, 1 to 36500."""
    backup_schedule: str = Field("cron(0 3 * * ? *)", pattern=rf"^{CRON}$")
    """When the tables are backed up: an AWS cron expression, in UTC."""
    audit_lock_mode: Literal["COMPLIANCE", "GOVERNANCE", "NONE"] = "COMPLIANCE"
    """Who can shorten an audit object's life: nobody, whoever holds a named permission, or everybody."""
    audit_lock_days: int = Field(2555, ge=1, le=36_500)
    """Days for which an audit object can be neither changed nor deleted, 1 to 36500."""
    audit_archive_days: int = Field(90, ge=30, le=3650)
    """Days after which an audit object moves to cheaper storage, 30 to 3650."""

    alert_email: str = Field("", pattern=r"^([^@\s]+@[^@\s]+)?$")
    """Address that is asked to subscribe to the alerts; empty for none."""
    alarm_error_percent: int = Field(5, ge=1, le=100)
    """Percentage of a function's invocations that may fail before its alarm rings, 1 to 100."""
    alarm_p99_seconds: int = Field(60, ge=1, le=86_400)
    """Seconds within which 99 of 100 executions should end, 1 to 86400; less than executionTimeoutSeconds."""

    key_arn: Arn = ""
    """A KMS key to use for everything instead of keys of the stage's own, which its own policy lets the services use:
    CloudWatch Logs and alarms, log delivery, EventBridge and S3's access logs; empty for own keys."""
    log_key_arn: Arn = ""
    """A KMS key to use for logs instead; empty for the stage's own."""
    alert_topic_arn: Arn = ""
    """An SNS topic for the alerts instead of one of the stage's own; empty for an own one."""
    permissions_boundary_arn: Arn = ""
    """A permissions boundary for every role; empty for none."""
    starter_role: str = Field("", pattern=r"^[\w+=,.@-]{0,64}$")
    """Name of an IAM role that may start executions of this stage's machine and of no other; empty for none."""
    subnet_ids: tuple[Annotated[str, Field(pattern=r"^subnet-[0-9a-f]+$")], ...] = ()
    """VPC subnets that the functions run in, together with securityGroupIds; empty for no VPC."""
    security_group_ids: tuple[Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")], ...] = ()
    """Security groups of the functions, together with subnetIds; empty for no VPC."""

    @classmethod
    def load(cls) -> Self:
        """The stage that this program runs for, from its Pulumi configuration."""
        return cls.of(pulumi.get_stack(), configured(), secrets=_secrets())

    @classmethod
    def of(cls, name: str, values: Mapping[str, object], *, secrets: Container[str] = ()) -> Self:
        """The stage `name` with `values` as a configuration file spells them; those of `secrets` are never shown.

        Raises:
            InvalidStage: one line per fault, with key, value and what is allowed.
        """
        try:
            stage, faults = cls.model_validate({**values, "name": name}), dict[str, str]()
        except ValidationError as invalid:
            faults = {str(error["loc"][0]): _sentence(error, secrets) for error in invalid.errors()}
            sound = {key: value for key, value in {**values, "name": name}.items() if key not in faults}
            stage = cls.model_validate({"name": "unnamed"} | sound)
        contradictions = [said for said in stage.contradictions() if not any(key in said for key in faults)]
        if faults or contradictions:
            raise InvalidStage(_report(name, [*faults.values(), *contradictions]))
        return stage

    @field_validator("*", mode="before")
    @classmethod
    def _plainly_spelled(cls, value: object, field: ValidationInfo) -> object:
        """Text is a number or a truth value if it is spelled like one: no `yes`, no `1_000`, no `512.0`."""
        spelled = _SPELLED.get(cls.model_fields[str(field.field_name)].annotation)
        if spelled and isinstance(value, str) and not re.fullmatch(spelled, value):
            raise ValueError
        return value

    @property
    def refund_policy(self) -> dict[str, pulumi.Input[str]]:
        """What the purchase function needs to know to write the refund policy into an order."""
        return {"BOOKING_REFUND_WINDOW_DAYS": str(self.refund_window_days)}

    def contradictions(self) -> list[str]:
        """Values that are each allowed and do not go together."""
        return [sentence for wrong, sentence in self._rules() if wrong]

    def _rules(self) -> list[tuple[bool, str]]:
        express = self.workflow_type == "EXPRESS"
        return [
            *self._nesting("sdk_timeout_seconds", "function_timeout_seconds"),
            *self._nesting("function_timeout_seconds", "task_timeout_seconds"),
            *self._nesting("task_timeout_seconds", "execution_timeout_seconds"),
            *self._nesting("alarm_p99_seconds", "execution_timeout_seconds"),
            (
                express and self.execution_timeout_seconds > 300,
                f"executionTimeoutSeconds: got {self.execution_timeout_seconds} with workflowType EXPRESS, "
                "allowed is at most 300",
            ),
            (
                self.force_destroy and self.deletion_protection,
                "forceDestroy: got true with deletionProtection true, allowed is only one of them",
            ),
            (
                self.force_destroy and self.audit_lock_mode == "COMPLIANCE",
                "forceDestroy: got true with auditLockMode COMPLIANCE, allowed is GOVERNANCE or NONE: "
                "nobody can delete such objects before their time",
            ),
            (
                bool(self.subnet_ids) != bool(self.security_group_ids),
                f"subnetIds, securityGroupIds: got {list(self.subnet_ids)} and {list(self.security_group_ids)}, "
                "allowed is both or neither",
            ),
        ]

    def _nesting(self, inner: str, outer: str) -> list[tuple[bool, str]]:
        less, more = getattr(self, inner), getattr(self, outer)
        return [(less >= more, f"{to_camel(inner)}: got {less}, allowed is less than {to_camel(outer)}, {more}")]


_PREFIX = f"{PROJECT}:"
_KEYS = [to_camel(name) for name in Stage.model_fields if name != "name"]


def configured() -> dict[str, object]:
    """What the stage's configuration says about our keys, as Pulumi hands it over: text, lists as JSON.

    A key of ours under another namespace comes with it, to be refused: it would otherwise be a silent default.
    """
    texts: dict[str, str] = get_config_env() | CONFIG.get()
    ours = {key: text for key, text in texts.items() if key.startswith(_PREFIX) or key.rpartition(":")[2] in _KEYS}
    return {key if key == f"{_PREFIX}name" else key.removeprefix(_PREFIX): _parsed(text) for key, text in ours.items()}


def allowed_values(key: str) -> str:
    """What the key may be, in words: the range, the choices or the form."""
    field = _fields()[key]
    limits = {type(limit).__name__: limit for limit in field.metadata}
    if field.annotation is bool:
        return "true or false"
    if choices := get_args(field.annotation) if get_origin(field.annotation) is Literal else ():
        return " or ".join(choices)
    if "Ge" in limits and "Le" in limits:
        return f"a whole number from {limits['Ge'].ge} to {limits['Le'].le}"
    return _FORMS[key]


def _fields() -> dict[str, FieldInfo]:
    return {to_camel(name): field for name, field in Stage.model_fields.items()}


def _parsed(text: object) -> object:
    """Lists come as JSON text; everything else is what its field makes of the text."""
    if isinstance(text, str) and text.startswith("["):
        with suppress(json.JSONDecodeError):
            return json.loads(text)
    return text


def _sentence(error: ErrorDetails, secrets: Container[str]) -> str:
    key = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        *elsewhere, misspelled = key.rpartition(":")
        near = [(_PREFIX if any(elsewhere) else "") + each for each in get_close_matches(misspelled, _KEYS, n=1)]
        return f"{key}: no such key{f'; did you mean {near[0]}?' if near else ''}"
    got = "a secret" if key in secrets else repr(error["input"])
    return f"{key}: got {got}, allowed is {allowed_values(key)}"


def _secrets() -> list[str]:
    """The keys of ours whose values are encrypted in the stage's file."""
    return [key for key in _KEYS if is_config_secret(f"{_PREFIX}{key}")]


def _report(name: str, faults: Sequence[str]) -> str:
    own = (fault if ":" in fault.split(": ")[0] else f"{PROJECT}:{fault}" for fault in dict.fromkeys(faults))
    lines = "\n".join(f"  {fault}" for fault in own)
    return f"the configuration of stage {name!r} (Pulumi.{name}.yaml) has {len(faults)} fault(s):\n{lines}"
