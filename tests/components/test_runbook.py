"""The runbook has a section for every alarm, and every section has an alarm."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ServiceModel

from cli.main import build_app
from tests.components.synth import CHECKOUT, STAGES, Graph, synth
from tests.handlers.world import World, purchase_of, refund_of

PAGES = sorted((CHECKOUT / "docs" / "how-to").glob("*.md"))
RUNBOOK = (CHECKOUT / "docs" / "how-to" / "runbook.md").read_text()
LOADER = Loader()
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
SECTION_PARTS = ("**Meaning.**", "**Check.**", "**Action.**", "**Resolved when:**")


def section_slugs(graph: Graph) -> set[str]:
    """Return the sections that the stage's alarms and the messages of its rules name."""
    texts = [alarm.inputs["alarmDescription"] for alarm in graph.of_type(ALARM)]
    transformers = [target.inputs.get("inputTransformer") for target in graph.of_type(TARGET)]
    texts += [each["inputTemplate"].rstrip('"') for each in transformers if each]
    return {text.rpartition("docs/how-to/runbook.md#")[2] for text in texts}


def sections() -> Iterator[tuple[str, str]]:
    """Yield each section about an alarm; its heading is a slug."""
    for part in re.split(r"^#+ ", RUNBOOK, flags=re.MULTILINE)[1:]:
        heading, _, text = part.partition("\n")
        if re.fullmatch(r"[a-z0-9-]+", heading):
            yield heading, text


SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:stripe-a1b2c3"
WITH_STRIPE = {"gateway": "stripe", "stripeSecretArn": SECRET, "stripeWebhookSecretArn": SECRET}


def graphs() -> Iterator[Graph]:
    """Yield the graph of each stage, and of one that pays through Stripe."""
    yield from (synth(stage) for stage in STAGES)
    yield synth("prod", WITH_STRIPE)


@pytest.mark.parametrize("stage", STAGES)
def test_every_alarm_has_an_action_and_a_section(stage: str) -> None:
    graph = synth(stage)
    assert section_slugs(graph) <= {heading for heading, _ in sections()}
    assert [alarm.name for alarm in graph.of_type(ALARM) if not alarm.inputs["alarmActions"]] == []


def test_every_section_has_an_alarm() -> None:
    """The alarm exists in at least one stage: dev, for example, has none on reserved concurrency."""
    assert {heading for heading, _ in sections()} == {slug for graph in graphs() for slug in section_slugs(graph)}


@pytest.mark.parametrize(("heading", "text"), list(sections()), ids=lambda value: value[:24].strip("\n"))
def test_every_section_has_a_meaning_check_action_and_resolution(heading: str, text: str) -> None:
    assert [text.count(each) for each in SECTION_PARTS] == [1, 1, 1, 1], heading


def test_links_within_the_runbook_are_not_broken() -> None:
    """At three in the morning a broken link is worse than none."""
    headings = {
        re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-") for each in re.findall(r"^#+ (.+)$", RUNBOOK, re.M)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", RUNBOOK)) <= headings


def test_the_runbook_query_selects_only_logged_fields() -> None:
    """Each field is in some line that the functions write."""
    world = World()
    world.stock(mug=(500, 9))
    order = world.book(purchase_of(mug=(2, 500)))["order_id"]
    world.book(refund_of(order))
    world.book(purchase_of("late", "pm_timeout", mug=(2, 500)))
    [fields] = re.findall(r"^fields @timestamp, (.+)$", RUNBOOK, re.M)
    assert set(fields.split(", ")) <= {key for line in world.lines for key in json.loads(line)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_booking_command_of_a_page_exists(page: Path) -> None:
    """Its options exist, too: an engineer who follows the page at night must not get a usage error.

    `booking workflow` parses its own arguments; tests/workflow runs its commands.
    """
    commands = re.findall(r"(?:^ *|`)(booking (?!workflow)[a-z][^`\n#]*)", page.read_text(), re.M)
    root = typer.main.get_command(build_app())
    assert [line for line in commands if not is_valid(root, line.split()[1:])] == []


def is_valid(command: Any, words: list[str]) -> bool:
    """Return True if the words name a verb, followed only by its own options and by arguments."""
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    known = {option for parameter in command.params for option in parameter.opts}
    return not hasattr(command, "commands") and {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_aws_command_of_a_page_exists(page: Path) -> None:
    """botocore's models contain its service, operation and options; a command with options has all required ones."""
    assert [command for command in aws_commands(page.read_text()) if command_faults(command)] == []


def test_the_command_check_finds_seeded_faults() -> None:
    assert len(list(aws_commands(RUNBOOK))) > 20
    for command, fault in {
        "aws kms enable-keys --key-id x": "no operation enable-keys",
        "aws kmss enable-key --key-id x": "no service kmss",
        "aws kms list-keys --limits 9": "no option --limits",
        "aws dynamodb get-item --table-name x": "--key is missing",
    }.items():
        assert command_faults(command) == [fault]


GLOBAL_OPTIONS = {"--query", "--output", "--region", "--profile"}
HIGH_LEVEL = {"s3": {"ls", "cp", "sync"}}
"""Commands that the AWS CLI adds to the operations of a service."""


def aws_commands(text: str) -> Iterator[str]:
    """Yield each command of the AWS CLI on a page, up to the end of its line, code span or substitution."""
    yield from re.findall(r"\baws [a-z0-9-]+ [a-z0-9-]+(?:\\\n|[^`|)\n])*", text)


def command_faults(command: str) -> list[str]:
    """Return the differences between a command and the model of its service."""
    _, service, verb, *_ = command.split()
    if verb in HIGH_LEVEL.get(service, ()):
        return []
    try:
        model = LOADER.load_service_model("s3" if service == "s3api" else service, "service-2")
    except UnknownServiceError:
        return [f"no service {service}"]
    operations = {xform_name(name, "-"): name for name in model["operations"]}
    if verb not in operations:
        return [f"no operation {verb}"]
    shape = ServiceModel(model).operation_model(operations[verb]).input_shape
    known = {f"--{xform_name(name, '-')}" for name in shape.members} if shape else set()
    required = {f"--{xform_name(name, '-')}" for name in shape.required_members} if shape else set()
    given = set(re.findall(r"(?<=\s)--[a-z0-9-]+", command)) - GLOBAL_OPTIONS
    missing = sorted(required - given) if given else []
    return [f"no option {each}" for each in sorted(given - known)] + [f"{each} is missing" for each in missing]
