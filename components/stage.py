"""The configuration of a stage: every key with its default, range and unit. The only reader of `pulumi.Config`.

`Pulumi.<stage>.yaml` holds the values. Invalid ones are rejected before any resource exists, all at once.

Longer than 250 lines so that all keys and the rules between them are in one place.
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

from .aws.eventbridge import CRON, SCHEDULE, runs_daily
from .aws.logs import RETENTIONS
from .aws.secrets_manager import SECRET_ARN
from .base import BOUNDARY_ARN, KEY_ARN, TOPIC_ARN

PROJECT = "booking"
AUDIENCE = r"^[A-Za-z0-9_:./@-]*[A-Za-z][A-Za-z0-9_:./@-]*$"
MAX_DECIDING_CLIENTS = 10
"""The maximum number of clients whose names fit into a function's environment, which Lambda limits to 4 KB."""
RETURN_HOST = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"

KeyArn = Annotated[str, Field(pattern=rf"^({KEY_ARN})?$")]
SecretArn = Annotated[str, Field(pattern=rf"^({SECRET_ARN})?$")]
TopicArn = Annotated[str, Field(pattern=rf"^({TOPIC_ARN})?$")]
BoundaryArn = Annotated[str, Field(pattern=rf"^({BOUNDARY_ARN})?$")]


def _known_retention(days: int) -> int:
    if days not in RETENTIONS:
        raise ValueError
    return days


RetentionDays = Annotated[int, AfterValidator(_known_retention), Field(json_schema_extra={"enum": list(RETENTIONS)})]

_LITERALS: Mapping[object, str] = {bool: "true|false", int: r"-?\d+"}
_FORMS = {
    "name": "a lower-case letter and at most 9 more lower-case letters, digits and hyphens",
    "costCentre": "1–64 letters, digits, spaces and _.:/=+@-",
    "reconcileSchedule": "an EventBridge expression such as rate(5 minutes) or cron(0 3 * * ? *)",
    "backupSchedule": "an AWS cron expression such as cron(0 3 * * ? *)",
    "logRetentionDays": f"one of {', '.join(map(str, RETENTIONS))}",
    "alertEmail": "an address such as team@example.com, or empty",
    "apiIssuer": "the https address of an OpenID Connect issuer, or empty",
    "apiAudiences": "a list of strings without spaces",
    "apiRolesClaim": "the name of a claim, such as groups or cognito:groups",
    "apiDecidingClients": f"a list of at most {MAX_DECIDING_CLIENTS} strings without spaces",
    "apiCorsOrigins": "a list of origins such as https://shop.example.com",
    "sealCopyBucket": "the name of an S3 bucket, or empty",
    "starterRole": "the name of an IAM role, or empty",
    "returnHosts": "a list of hosts such as shop.example.com",
    "approvalLimits": "a list of pairs of currency and minor units such as EUR:10000",
    "subnetIds": "a list of ids such as subnet-0a1b2c3d",
    "securityGroupIds": "a list of ids such as sg-0a1b2c3d",
    **dict.fromkeys(("keyArn", "logKeyArn"), "the ARN of a KMS key (arn:aws:kms:...:key/...), or empty"),
    **dict.fromkeys(
        ("stripeSecretArn", "stripeWebhookSecretArn"),
        "the ARN of a secret in AWS Secrets Manager (arn:aws:secretsmanager:...:secret:...), or empty",
    ),
    "stripeEndpoint": "an address such as http://127.0.0.1:12111, or empty",
    "alertTopicArn": "the ARN of a standard SNS topic (arn:aws:sns:...), or empty",
    "permissionsBoundaryArn": "the ARN of an IAM policy (arn:aws:iam::...:policy/...), or empty",
}


class InvalidStage(pulumi.RunError):
    """The configuration of a stage has problems, one line each. Pulumi prints the message without a traceback."""


class Stage(BaseModel):
    """The configuration of one deployment. Every default is the strict one; a stage relaxes it by naming the key."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=False, use_attribute_docstrings=True
    )

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,9}$", exclude=True)
    """Name of the stage (the Pulumi stack), at most 10 lower-case letters, digits and hyphens (AWS Backup's limit)."""
    cost_centre: str = Field("booking", pattern=r"^[A-Za-z0-9_.:/=+@ -]{1,64}$")
    """Cost centre to charge: the tag `cost-centre` of every resource that takes tags."""

    architecture: Literal["arm64", "x86_64"] = "arm64"
    """Processor architecture of the functions."""
    function_memory_mb: int = Field(512, ge=128, le=10_240)
    """Memory of a function, in MB, 128 to 10240."""
    function_concurrency: int = Field(50, ge=0, le=1000)
    """Simultaneous invocations reserved for each function, 0 to 1000; 0 reserves none. AWS keeps 100 of an account's
    quota unreserved, and a new account has a quota of 10, so only 0 deploys there."""
    code_signing: bool = True
    """Signs the functions' package with AWS Signer; the functions then run nothing unsigned."""
    sdk_timeout_seconds: int = Field(5, ge=1, le=60)
    """Seconds that a function waits for one response from AWS or the gateway, 1 to 60; less than
    functionTimeoutSeconds."""
    function_timeout_seconds: int = Field(15, ge=2, le=600)
    """Seconds that an invocation may take, 2 to 600; less than taskTimeoutSeconds."""
    task_timeout_seconds: int = Field(20, ge=3, le=900)
    """Seconds that one attempt of a task may take, 3 to 900; less than executionTimeoutSeconds."""
    execution_timeout_seconds: int = Field(300, ge=10, le=86_400)
    """Seconds that an execution may take, 10 to 86400 (at most 300 when workflowType is EXPRESS)."""
    workflow_type: Literal["STANDARD", "EXPRESS"] = "STANDARD"
    """STANDARD (exactly once, history kept for 90 days) or EXPRESS (cheaper). A change creates a second machine."""

    refund_window_days: int = Field(30, ge=0, le=3650)
    """Days after a purchase during which it can be refunded, 0 to 3650; an order keeps the window of its purchase."""
    payment_action_seconds: int = Field(3600, ge=60, le=86_400)
    """Seconds within which a customer must confirm a payment if the bank asks for it (3-D Secure), 60 to 86400; an
    order keeps the limit of its purchase."""
    approval_limits: tuple[Annotated[str, Field(pattern=r"^[A-Z]{3}:[0-9]{1,12}$")], ...] = ()
    """Amounts in minor units, such as EUR:10000, above which another person must approve an order's refunds. A currency
    that is not listed always needs approval; with an empty list, no amount does."""
    approval_days: int = Field(7, ge=1, le=365)
    """Days for which a held refund waits for approval before it is given up, 1 to 365."""
    approvals: Literal["any", "api-only"] = "api-only"
    """Sources of decisions, resolutions of cases and overrides of the refund window: only the API, which identifies the
    caller (api-only), or also direct starts, in which anyone who may start an execution can name any person (any)."""
    reconcile_schedule: str = Field("rate(5 minutes)", pattern=rf"^({SCHEDULE})$")
    """Schedule on which reconcile settles unknown outcomes: an EventBridge expression such as
    rate(5 minutes)."""

    order_events: bool = True
    """Publishes an event for every entry in an order's ledger to the stage's own event bus."""
    event_archive_days: int = Field(365, ge=1, le=36_500)
    """Days for which the archive of the event bus keeps every event, so that it can be sent again, 1 to 36500."""

    gateway: Literal["sandbox", "stripe"] = "sandbox"
    """Payment gateway: sandbox (test tokens, no money moves) or stripe."""
    stripe_mode: Literal["live", "test"] = "live"
    """Mode of Stripe: live, or test, in which no money moves."""
    stripe_secret_arn: SecretArn = ""
    """ARN of the AWS secret that holds Stripe's secret key (sk_... or rk_...); required with gateway stripe."""
    stripe_webhook_secret_arn: SecretArn = ""
    """ARN of the AWS secret that holds the signing secret of the webhook endpoint (whsec_...), or two while it is being
    rolled; empty for no webhooks, so that only reconcile finds changes."""
    return_hosts: tuple[Annotated[str, Field(pattern=RETURN_HOST)], ...] = ()
    """Hosts, such as shop.example.com, to which a bank may send a customer back after 3-D Secure; empty for none."""
    stripe_endpoint: str = Field("", pattern=r"^(https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?)?$")
    """Address of a double of Stripe's API, for tests; empty for Stripe. Rejected in stage prod and with
    stripeMode live."""

    log_retention_days: RetentionDays = 365
    """Days for which logs are kept, one of the values that CloudWatch Logs supports."""
    log_execution_data: bool = True
    """Logs the input and output of executions; free text in them is masked either way."""

    deletion_protection: bool = True
    """Makes AWS and Pulumi refuse to delete resources that hold data."""
    force_destroy: bool = False
    """Deletes the contents of buckets and backup vaults when the stage is destroyed; not with deletionProtection."""
    key_deletion_days: int = Field(30, ge=7, le=30)
    """Days during which the deletion of an encryption key can be cancelled, 7 to 30."""
    point_in_time_days: int = Field(35, ge=1, le=35)
    """Days back to which the tables can be restored to any second, 1 to 35."""
    backup_days: int = Field(365, ge=1, le=36_500)
    """Days for which each backup of a table is kept, 1 to 36500."""
    backup_schedule: str = Field("cron(0 3 * * ? *)", pattern=rf"^{CRON}$")
    """Schedule of the backups of the tables: an AWS cron expression, in UTC."""
    audit_lock_mode: Literal["COMPLIANCE", "GOVERNANCE", "NONE"] = "COMPLIANCE"
    """Lock of audit objects: COMPLIANCE (nobody can shorten it), GOVERNANCE (a special permission can) or NONE."""
    audit_lock_days: int = Field(2555, ge=1, le=36_500)
    """Days for which an audit object can be neither overwritten nor deleted, 1 to 36500."""
    seal_copy_bucket: str = Field("", pattern=r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$")
    """Bucket, preferably in another account, to which the audit trail's seals are also copied; empty for none."""
    audit_archive_days: int = Field(90, ge=30, le=3650, deprecated=True)
    """Ignored, and rejected from 0.3 on: S3 never moves objects below 128 KB to cheaper storage."""

    api_issuer: str = Field("", pattern=r"^(https://[^\s?#]{1,500})?$")
    """Issuer of the access tokens that the API accepts, any OpenID Connect provider; empty for no API."""
    api_audiences: tuple[Annotated[str, Field(max_length=255, pattern=AUDIENCE)], ...] = ()
    """Audiences (or clients) of the tokens that the API accepts, together with apiIssuer."""
    api_roles_claim: str = Field("groups", pattern=r"^[A-Za-z0-9_:./-]{1,255}$")
    """Claim that lists a token's groups; the groups customer, staff, approver and auditor are roles."""
    api_deciding_clients: tuple[Annotated[str, Field(pattern=r"^[!-~]{1,255}$")], ...] = Field(
        (), max_length=MAX_DECIDING_CLIENTS
    )
    """Subjects (`sub`) of machine clients (client credentials) that may decide on refunds and cases and propose how
    cases end, if they have the role; empty to leave that to people. Needs apiIssuer."""
    api_cors_origins: tuple[Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?$")], ...] = ()
    """Origins of web pages that may call the API, such as https://shop.example.com; empty for none."""
    api_wait_seconds: int = Field(0, ge=0, le=20)
    """Seconds that an API call may wait for its result, 0 to 20; must be 0 if functionConcurrency is 0."""
    api_requests_per_second: int = Field(50, ge=1, le=10_000)
    """Calls per second to each route of the API, by all callers together, 1 to 10000."""

    alert_recipient_required: bool = True
    """Refuses to deploy while neither alertEmail nor alertTopicArn is set, because nobody would be notified."""
    alert_email: str = Field("", pattern=r"^([^@\s]+@[^@\s]+)?$")
    """E-mail address that is invited to subscribe to the alerts; empty for none."""
    alarm_error_percent: int = Field(5, ge=1, le=100)
    """Percentage of a function's failed invocations above which its alarm fires, 1 to 100."""
    alarm_p99_seconds: int = Field(60, ge=1, le=86_400)
    """Seconds within which 99 of 100 executions should end, 1 to 86400; less than executionTimeoutSeconds."""

    key_arn: KeyArn = ""
    """ARN of one KMS key for everything; empty to create keys. Its policy must allow CloudWatch Logs, CloudWatch
    alarms, log delivery, EventBridge and S3 access logs."""
    log_key_arn: KeyArn = ""
    """ARN of a KMS key for logs; empty for the key of the stage."""
    alert_topic_arn: TopicArn = ""
    """ARN of an SNS topic for the alerts; empty to create one."""
    permissions_boundary_arn: BoundaryArn = ""
    """ARN of a permissions boundary for every role; empty for none."""
    starter_role: str = Field("", pattern=r"^[\w+=,.@-]{0,64}$")
    """Name of an IAM role that may start executions of this stage's machine only; empty for none."""
    subnet_ids: tuple[Annotated[str, Field(pattern=r"^subnet-[0-9a-f]+$")], ...] = ()
    """Ids of the VPC subnets that the functions run in, together with securityGroupIds; empty for no VPC."""
    security_group_ids: tuple[Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")], ...] = ()
    """Ids of the functions' security groups, together with subnetIds; empty for no VPC."""

    @classmethod
    def load(cls) -> Self:
        """Return the stage of this program, from its Pulumi configuration."""
        values = read_config()
        if "auditArchiveDays" in values:
            pulumi.log.warn(
                f"{_PREFIX}auditArchiveDays is ignored and will be rejected from 0.3 on: S3 never moves objects below "
                "128 KB to cheaper storage, and audit objects are smaller. Remove the key."
            )
        return cls.of(pulumi.get_stack(), values, secrets=_secrets())

    @classmethod
    def of(cls, name: str, values: Mapping[str, object], *, secrets: Container[str] = ()) -> Self:
        """Return the stage `name` from the `values` of its configuration file. Values of `secrets` are never shown.

        Raises:
            InvalidStage: one line for each problem, with the key, what is allowed and the value.
        """
        try:
            stage, problems = cls.model_validate({**values, "name": name}), dict[str, str]()
        except ValidationError as invalid:
            problems = {str(error["loc"][0]): _describe(error, secrets) for error in invalid.errors()}
            valid = {key: value for key, value in {**values, "name": name}.items() if key not in problems}
            stage = cls.model_validate({"name": "unnamed"} | valid)
        conflicts = [conflict for conflict in stage.conflicts() if not any(key in conflict for key in problems)]
        if problems or conflicts:
            raise InvalidStage(_report(name, [*problems.values(), *conflicts]))
        return stage

    @field_validator("*", mode="before")
    @classmethod
    def _check_literal(cls, value: object, field: ValidationInfo) -> object:
        """Accept a string for an integer or a boolean only in its plain form: no `yes`, no `1_000`, no `512.0`."""
        literal = _LITERALS.get(cls.model_fields[str(field.field_name)].annotation)
        if literal and isinstance(value, str) and not re.fullmatch(literal, value):
            raise ValueError
        return value

    @property
    def reserved_concurrency(self) -> int:
        """Simultaneous invocations that the functions of the stage reserve together.

        The machine's three and the API's reserve all of `function_concurrency`; those behind a stream, a queue or a
        schedule need less.
        """
        each = self.function_concurrency
        machine, answer = 3 * each, each if self.api_issuer else 0
        publish, webhooks = (min(10, each) if exists else 0 for exists in (self.order_events, self.has_webhooks))
        return machine + answer + publish + webhooks + min(2, each) + min(1, each)  # reconcile and seal

    @property
    def has_webhooks(self) -> bool:
        """True if the stage receives the gateway's events."""
        return bool(self.stripe_webhook_secret_arn)

    @property
    def refund_policy(self) -> dict[str, pulumi.Input[str]]:
        """Environment variables with the policies that the purchase function writes into an order."""
        return {
            "BOOKING_REFUND_WINDOW_DAYS": str(self.refund_window_days),
            "BOOKING_PAYMENT_ACTION_SECONDS": str(self.payment_action_seconds),
        }

    @property
    def payment_policy(self) -> dict[str, pulumi.Input[str]]:
        """Environment variables with the limits of a payment."""
        return {"BOOKING_RETURN_HOSTS": ",".join(self.return_hosts)} if self.return_hosts else {}

    @property
    def approval_policy(self) -> dict[str, pulumi.Input[str]]:
        """Environment variables with the refunds that another person must approve."""
        return {
            "BOOKING_APPROVAL_LIMITS": " ".join(self.approval_limits),
            "BOOKING_APPROVAL_DAYS": str(self.approval_days),
            "BOOKING_APPROVALS": self.approvals,
        }

    @property
    def token_policy(self) -> dict[str, pulumi.Input[str]]:
        """Environment variables with the tokens that the API accepts, and the clients that may decide."""
        policy: dict[str, pulumi.Input[str]] = {
            "BOOKING_API_ISSUER": self.api_issuer,
            "BOOKING_API_AUDIENCES": " ".join(self.api_audiences),
            "BOOKING_API_ROLES_CLAIM": self.api_roles_claim,
        }
        clients = " ".join(self.api_deciding_clients)
        return policy | ({"BOOKING_API_DECIDING_CLIENTS": clients} if clients else {})

    def conflicts(self) -> list[str]:
        """Return a message for each rule between keys that the values break."""
        return [message for broken, message in self._rules() if broken]

    def _rules(self) -> list[tuple[bool, str]]:
        express = self.workflow_type == "EXPRESS"
        return [
            *self._nesting("sdk_timeout_seconds", "function_timeout_seconds"),
            *self._nesting("function_timeout_seconds", "task_timeout_seconds"),
            *self._nesting("task_timeout_seconds", "execution_timeout_seconds"),
            *self._nesting("alarm_p99_seconds", "execution_timeout_seconds"),
            (
                express and self.execution_timeout_seconds > 300,
                "executionTimeoutSeconds must be at most 300 with workflowType EXPRESS, "
                f"got {self.execution_timeout_seconds}.",
            ),
            (
                self.force_destroy and self.deletion_protection,
                "forceDestroy must be false with deletionProtection true, got true.",
            ),
            (
                self.force_destroy and self.audit_lock_mode == "COMPLIANCE",
                "forceDestroy must be false with auditLockMode COMPLIANCE, got true: "
                "nobody can delete locked audit objects. Use GOVERNANCE or NONE to be able to.",
            ),
            (
                self.alert_recipient_required and not self.alert_email and not self.alert_topic_arn,
                "alertEmail or alertTopicArn must be set with alertRecipientRequired true: otherwise nobody would be "
                "notified of an alarm.",
            ),
            (
                not runs_daily(self.reconcile_schedule),
                f"reconcileSchedule must run at least once a day, got {self.reconcile_schedule!r}.",
            ),
            *self._stripe_rules(),
            (
                bool(self.api_issuer) != bool(self.api_audiences),
                "apiIssuer and apiAudiences must be set together, "
                f"got {self.api_issuer!r} and {list(self.api_audiences)}.",
            ),
            (
                bool(self.api_deciding_clients) and not self.api_issuer,
                "apiDecidingClients must be empty without apiIssuer, "
                f"got {list(self.api_deciding_clients)}: these clients decide through the API. Set apiIssuer too.",
            ),
            (
                self.api_wait_seconds > 0 and self.function_concurrency == 0,
                f"apiWaitSeconds must be 0 with functionConcurrency 0, got {self.api_wait_seconds}: calls that wait "
                "would use up the concurrency of the functions that they wait for.",
            ),
            (
                express and bool(self.api_issuer) and self.execution_timeout_seconds >= 25,
                "executionTimeoutSeconds must be less than 25 with workflowType EXPRESS and apiIssuer, "
                f"got {self.execution_timeout_seconds}: a call waits for its execution.",
            ),
            (
                bool(self.subnet_ids) != bool(self.security_group_ids),
                "subnetIds and securityGroupIds must be set together, "
                f"got {list(self.subnet_ids)} and {list(self.security_group_ids)}.",
            ),
        ]

    def _stripe_rules(self) -> list[tuple[bool, str]]:
        stripe, double = self.gateway == "stripe", self.stripe_endpoint
        secrets = {"stripeSecretArn": self.stripe_secret_arn, "stripeWebhookSecretArn": self.stripe_webhook_secret_arn}
        named = [key for key, value in {**secrets, "stripeEndpoint": double}.items() if value]
        return [
            (
                stripe and not self.stripe_secret_arn,
                "stripeSecretArn must be set with gateway stripe: create a secret that holds Stripe's secret key.",
            ),
            (
                bool(named) and not stripe,
                f"{' and '.join(named)} must be empty with gateway {self.gateway}, which does not use Stripe.",
            ),
            (
                bool(double) and (self.name == "prod" or self.stripe_mode == "live"),
                "stripeEndpoint must be empty in stage prod and with stripeMode live, "
                f"got {double!r}: payments would go to a double.",
            ),
        ]

    def _nesting(self, inner: str, outer: str) -> list[tuple[bool, str]]:
        less, more = getattr(self, inner), getattr(self, outer)
        return [(less >= more, f"{to_camel(inner)} must be less than {to_camel(outer)}, {more}, got {less}.")]


_PREFIX = f"{PROJECT}:"
_KEYS = [to_camel(name) for name in Stage.model_fields if name != "name"]


def read_config() -> dict[str, object]:
    """Return the values of our keys in the stage's configuration.

    Our keys in another namespace are included so that they are rejected: their values would otherwise be ignored
    silently.
    """
    texts: dict[str, str] = get_config_env() | CONFIG.get()
    own_texts = {key: text for key, text in texts.items() if key.startswith(_PREFIX) or key.rpartition(":")[2] in _KEYS}
    return {
        key if key == f"{_PREFIX}name" else key.removeprefix(_PREFIX): _parse(text) for key, text in own_texts.items()
    }


def allowed_values(key: str) -> str:
    """Describe the allowed values of a key: the range, the choices or the format."""
    field = _fields()[key]
    limits = {type(limit).__name__: limit for limit in field.metadata}
    if field.annotation is bool:
        return "true or false"
    if choices := get_args(field.annotation) if get_origin(field.annotation) is Literal else ():
        return " or ".join(choices)
    if "Ge" in limits and "Le" in limits:
        return f"an integer, {limits['Ge'].ge}–{limits['Le'].le}"
    return _FORMS[key]


def _fields() -> dict[str, FieldInfo]:
    return {to_camel(name): field for name, field in Stage.model_fields.items()}


def _parse(text: object) -> object:
    """Parse a list, which Pulumi passes as JSON text; the fields parse every other value."""
    if isinstance(text, str) and text.startswith("["):
        with suppress(json.JSONDecodeError):
            return json.loads(text)
    return text


def _describe(error: ErrorDetails, secrets: Container[str]) -> str:
    key = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        similar = get_close_matches(key.rpartition(":")[2], _KEYS, n=1)
        return f"{key} is not a configuration key.{f' Did you mean {_PREFIX}{similar[0]}?' if similar else ''}"
    shown = "a secret" if key in secrets else repr(error["input"])
    return f"{key} must be {allowed_values(key)}, got {shown}."


def _secrets() -> list[str]:
    """Return our keys whose values are encrypted in the stage's file."""
    return [key for key in _KEYS if is_config_secret(f"{_PREFIX}{key}")]


def _report(name: str, messages: Sequence[str]) -> str:
    """Join the messages, one per line, with the namespace before each key."""
    lines = [message if ":" in message.split()[0] else _PREFIX + message for message in dict.fromkeys(messages)]
    count = f"{len(lines)} problem{'s' if len(lines) > 1 else ''}"
    return "\n  ".join([f"The configuration of stage {name!r} (Pulumi.{name}.yaml) has {count}:", *lines])
