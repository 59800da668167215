"""EventBridge rules, each with an alarm on events that it could not deliver."""

import re

import pulumi
import pulumi_aws as aws

from ..base import Shared
from .alarms import RUNBOOK, Alarm, Metric
from .kms import EVENTS
from .sqs import monitored_queue


def _cron_field(value: str) -> str:
    """Return a pattern for a list of values, ranges and steps, such as `*`, `0/15` or `1-5,7`."""
    part = rf"(\*|{value}(-{value})?)(/[1-9]\d*)?"
    return f"{part}(,{part})*"


# Source: EventBridge user guide, "Cron expressions and rate expressions". One of the two day fields must be `?`.
_MINUTE, _HOUR, _DAY = "[0-5]?[0-9]", "(1?[0-9]|2[0-3])", "(0?[1-9]|[12][0-9]|3[01])"
_MONTH = "(0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
_WEEKDAY = "([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)"
_YEAR = "(19[7-9][0-9]|20[0-9]{2}|21[0-9]{2})"
_DAYS_OF_MONTH = rf"({_cron_field(_DAY)}|LW?|{_DAY}W)"
_DAYS_OF_WEEK = rf"({_cron_field(_WEEKDAY)}|L|{_WEEKDAY}(L|#[1-5]))"
CRON = (
    rf"cron\({_cron_field(_MINUTE)} {_cron_field(_HOUR)} "
    rf"({_DAYS_OF_MONTH} {_cron_field(_MONTH)} \?|\? {_cron_field(_MONTH)} {_DAYS_OF_WEEK}) {_cron_field(_YEAR)}\)"
)
SCHEDULE = rf"rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)|{CRON}"

_MINUTES_OF = {"minute": 1, "hour": 60, "day": 1440}
_DAILY_CRON = re.compile(r"cron\(\S+ \S+ ([*?]) \* ([*?]) \*\)")


def runs_daily(schedule: str) -> bool:
    """Return whether a rate or cron expression runs at least once a day."""
    if schedule.startswith("cron"):
        return _DAILY_CRON.fullmatch(schedule) is not None
    return max_gap_minutes(schedule) <= _MINUTES_OF["day"]


def max_gap_minutes(schedule: str) -> int:
    """Return the longest time between two runs of a rate, or of a cron expression that runs daily."""
    if schedule.startswith("cron"):
        return _MINUTES_OF["day"]
    count, unit = schedule.removeprefix("rate(").removesuffix(")").split()
    return int(count) * _MINUTES_OF[unit.removesuffix("s")]


def event_rule(
    name: str,
    shared: Shared,
    *,
    consequence: str,
    schedule: str | None = None,
    pattern: pulumi.Input[str] | None = None,
    protect: bool = False,
) -> aws.cloudwatch.EventRule:
    """Create a rule for a schedule or an event pattern; `consequence` says what an undelivered event means."""
    rule = aws.cloudwatch.EventRule(
        name,
        schedule_expression=schedule,
        event_pattern=pattern,
        tags=shared.tags,
        opts=pulumi.ResourceOptions(parent=shared.parent, protect=protect or None),
    )
    undelivered = Alarm(
        slug="events-undelivered",
        meaning=f"EventBridge could not deliver events from rule {name}. {consequence}",
        metric=Metric(namespace="AWS/Events", name="FailedInvocations", dimensions={"RuleName": rule.name}),
        threshold=0,
    )
    undelivered.create(f"{name}-undelivered", shared.below(rule))
    return rule


def event_bus(name: str, shared: Shared, *, holds: str) -> aws.cloudwatch.EventBus:
    """Create an encrypted bus; events that EventBridge could not encrypt or decrypt go to a queue with an alarm.

    Source: EventBridge user guide, "Encrypting EventBridge event buses with AWS KMS keys".
    """
    undecipherable = monitored_queue(
        f"{name}-dead-letters",
        shared,
        meaning=f"EventBridge could not encrypt or decrypt events of {name}. Consumers miss them.",
        slug="events-undecipherable",
        sender=EVENTS,
    )
    return aws.cloudwatch.EventBus(
        name,
        description=holds,
        kms_key_identifier=shared.key,
        dead_letter_config=aws.cloudwatch.EventBusDeadLetterConfigArgs(arn=undecipherable.arn),
        tags=shared.tags,
        opts=pulumi.ResourceOptions(parent=shared.parent),
    )


def invoke_on_schedule(
    name: str, function: str, alias: aws.lambda_.Alias, shared: Shared, *, schedule: str, event: str
) -> None:
    """Invoke an alias of the function named `function` on a schedule, with `event` (JSON)."""
    rule = event_rule(name, shared, schedule=schedule, consequence=f"{function.capitalize()} may not be running.")
    allowed = aws.lambda_.Permission(
        f"{name}-may-invoke",
        action="lambda:InvokeFunction",
        function=alias.function_name,
        qualifier=alias.name,
        principal="events.amazonaws.com",
        source_arn=rule.arn,
        opts=pulumi.ResourceOptions(parent=rule),
    )
    aws.cloudwatch.EventTarget(
        f"{name}-target",
        rule=rule.name,
        arn=alias.arn,
        input=event,
        opts=pulumi.ResourceOptions(parent=rule, depends_on=[allowed]),
    )


def alert_on_key_changes(name: str, key: pulumi.Input[str], shared: Shared, *, protect: bool = False) -> None:
    """Notify the topic when somebody disables a KMS key (an ARN) or schedules its deletion.

    With `protect`, Pulumi refuses to delete the rule, so a refused destroy leaves it in place.

    The events come from CloudTrail, so the account needs a trail that logs management events. Source: AWS KMS developer
    guide, "Monitoring KMS keys with Amazon EventBridge"; CloudTrail, "DisableKey".
    """
    changes = {
        "source": ["aws.kms"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": ["kms.amazonaws.com"],
            "eventName": ["DisableKey", "ScheduleKeyDeletion"],
            "resources": {"ARN": [key]},
        },
    }
    consequence = "Nobody may be notified when somebody disables the key or schedules its deletion."
    pattern = pulumi.Output.json_dumps(changes)
    rule = event_rule(name, shared, pattern=pattern, consequence=consequence, protect=protect)
    paths = {"event": "$.detail.eventName", "caller": "$.detail.userIdentity.arn", "time": "$.detail.eventTime"}
    text = pulumi.Output.concat(
        f'"KMS key {name.removesuffix("-changes")} (',
        key,
        ") received <event> from <caller> at <time>. ",
        f'Data encrypted with it becomes unreadable. What to do: {RUNBOOK}#key-changed"',
    )
    aws.cloudwatch.EventTarget(
        f"{name}-target",
        rule=rule.name,
        arn=shared.topic,
        input_transformer=aws.cloudwatch.EventTargetInputTransformerArgs(input_paths=paths, input_template=text),
        opts=pulumi.ResourceOptions(parent=rule),
    )


def alert_on_failed_executions(name: str, machine: pulumi.Input[str], shared: Shared) -> None:
    """Notify the topic of each execution of `machine` (an ARN) that failed, timed out or was stopped.

    The message omits the input in the event: it may be personal data, which must not be mailed.
    """
    failed = {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"status": ["ABORTED", "FAILED", "TIMED_OUT"], "stateMachineArn": [machine]},
    }
    consequence = "Failed executions may not be reported one by one; the alarms on executions still count them."
    rule = event_rule(name, shared, pattern=pulumi.Output.json_dumps(failed), consequence=consequence)
    message = aws.cloudwatch.EventTargetInputTransformerArgs(
        input_paths={"execution": "$.detail.executionArn", "status": "$.detail.status"},
        input_template=f'"Execution <execution> ended as <status>. What to do: {RUNBOOK}#executions-failed"',
    )
    aws.cloudwatch.EventTarget(
        f"{name}-target",
        rule=rule.name,
        arn=shared.topic,
        input_transformer=message,
        opts=pulumi.ResourceOptions(parent=rule),
    )
