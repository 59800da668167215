"""`booking doctor`: check a stage before an `up` (quotas, names, configuration) and after it (logs, alarms, backups).

It changes nothing, except that --test-alarm triggers an alarm. Checks that cannot run are listed with the reason.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from components.stage import PROJECT, InvalidStage, Stage

from .command_errors import UsageError
from .confirmation import has_terminal
from .doctor_checks import Diagnosis, StageFacts, diagnose_stage
from .output import JsonOption, show, table
from .request_input import as_object
from .target import stack_client, stack_outputs_if_deployed


def add_commands(app: typer.Typer) -> None:
    """Register the verb."""
    app.command()(doctor)


def doctor(
    stage: Annotated[str, typer.Option("--stage", help="Stage to check, from Pulumi.<stage>.yaml.")],
    test_alarm: Annotated[
        bool, typer.Option("--test-alarm", help="Trigger an alarm, and ask whether its message reached you.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Check a stage before an `up`, and a deployed stage after it. The exit code is 1 if there is a finding.

    It is read-only, except with --test-alarm. Checks that cannot run are listed with the reason.
    """
    values = read_stage_file(stage)
    configuration = check_configuration(stage, values)
    diagnoses = [configuration[0]]
    if configuration[1] is not None:
        outputs = stack_outputs_if_deployed(stage)
        client = stack_client(outputs, str(values.get("aws:region") or "") or None)
        facts = StageFacts(stage=configuration[1], outputs=outputs, client=client, now=datetime.now(UTC))
        diagnoses += diagnose_stage(facts)
        if facts.stage.gateway == "stripe":
            from .doctor_stripe import STRIPE_CHECKS, STRIPE_CHECKS_AFTER  # imported late: other stages do not need it

            diagnoses += diagnose_stage(facts, STRIPE_CHECKS, STRIPE_CHECKS_AFTER)
        diagnoses.append(check_alarm_reaches_a_person(facts, test_alarm))
    findings = [each for each in diagnoses if each.status == "finding"]
    document = {"stage": stage, "healthy": not findings, "checks": [each.as_json() for each in diagnoses]}
    show(as_json, document, lambda console: _draw(console, diagnoses))
    return 1 if findings else 0


def read_stage_file(stage: str) -> Mapping[str, Any]:
    """Return the configuration in the stage's file, by its full keys."""
    file = Path(f"Pulumi.{stage}.yaml")
    try:
        document = as_object(yaml.safe_load(file.read_text("utf-8")))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UsageError(f"{file} cannot be read: {error}. Run this in the folder of the program.") from error
    return as_object((document or {}).get("config")) or {}


def check_configuration(name: str, values: Mapping[str, Any]) -> tuple[Diagnosis, Stage | None]:
    """Check every key of the stage: ranges, cron expressions, and ARNs of the right service."""
    own_values = {
        key.removeprefix(f"{PROJECT}:"): value for key, value in values.items() if key.startswith(f"{PROJECT}:")
    }
    try:
        return Diagnosis(check="configuration", status="passed", message=""), Stage.of(name, own_values)
    except InvalidStage as error:
        return Diagnosis(check="configuration", status="finding", message=str(error)), None


def check_alarm_reaches_a_person(facts: StageFacts, test_alarm: bool) -> Diagnosis:
    """Trigger an alarm and ask whether its message arrived. CloudWatch resets the alarm at its next evaluation."""
    name = "alarm-reaches-a-person"
    if not (facts.outputs and test_alarm and has_terminal()):
        how = "Run `booking doctor --test-alarm` on a terminal, once the stage is deployed, and confirm the message."
        return Diagnosis(check=name, status="not run", message=how)
    try:
        alarm = send_test_alarm(facts)
    except (ClientError, BotoCoreError) as error:
        return Diagnosis(check=name, status="not run", message=f"AWS refused to trigger an alarm: {error}")
    if alarm is None:
        return Diagnosis(check=name, status="finding", message="No alarm of this stage notifies its alert topic.")
    if typer.confirm(f"The alarm {alarm} was triggered. Did its message reach you?", err=True):
        return Diagnosis(check=name, status="passed", message="")
    return Diagnosis(check=name, status="finding", message=f"Nobody has seen the message of the alarm {alarm}.")


def send_test_alarm(facts: StageFacts) -> str | None:
    """Trigger the first alarm that notifies the stage's topic and return its name, or None if there is none."""
    topic, cloudwatch = facts.output("alertTopicArn"), facts.client("cloudwatch")
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm"])
    names = (each["AlarmName"] for page in pages for each in page["MetricAlarms"] if topic in each["AlarmActions"])
    if (name := next(names, None)) is not None:
        reason = "A test by `booking doctor`: nothing is wrong. Please confirm that you received this."
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=reason)
    return name


def _draw(console: Console, diagnoses: Sequence[Diagnosis]) -> None:
    rows = [(each.check, each.status, each.message) for each in diagnoses]
    console.print(table("Checks", ("check", "", ""), rows))
    counts = ", ".join(
        f"{sum(each.status == status for each in diagnoses)} {status}" for status in ("passed", "finding", "not run")
    )
    console.print(counts)
