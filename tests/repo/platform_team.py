"""Tests of a platform team, which `test_wheel.py` runs in a folder of its own, against the installed wheel alone.

Each is a defect that such a team found (issue 14, D1 to D16) and that no test of the checkout would show there.
"""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from stepbooking.components import Target, build_package
from stepbooking.local.errors import DeploymentFailed
from stepbooking.local.pytest_plugin import DeployedStack

Deploy = Callable[..., DeployedStack]
HEAD = "import pulumi\nimport pulumi_aws as aws\nfrom stepbooking import components\n"


@pytest.fixture
def deploy(deploy_program: Deploy, tmp_path: Path) -> Deploy:
    """Return a function that deploys the text of a program as a project of the name `project`."""

    def deploy(body: str, project: str = "shop") -> DeployedStack:
        folder = tmp_path / project
        folder.mkdir(exist_ok=True)
        (folder / "Pulumi.yaml").write_text(f"name: {project}\nruntime: python\n")
        (folder / "__main__.py").write_text(HEAD + body)
        return deploy_program(folder / "__main__.py")

    return deploy


FAILING = """
def fail(arn):
    aws.sqs.Queue("later")
    raise ValueError("no such thing")

pulumi.export("q", aws.sqs.Queue("q").arn.apply(fail))
"""


def test_d1_failed_deployments_do_not_affect_later_ones(deploy: Deploy) -> None:
    for _ in range(6):
        with pytest.raises(DeploymentFailed, match="no such thing"):
            deploy(FAILING)
    assert "q" in deploy('pulumi.export("q", aws.sqs.Queue("q").url)\n', "later").outputs


def test_d2_and_d3_a_package_has_data_files_and_no_byte_code(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "handler.py").write_text("def handler(event, context):\n    return event\n")
    (tmp_path / "app" / "rates.json").write_text("{}")
    with zipfile.ZipFile(build_package("app", tmp_path / "app", None, Target.of_lambda("arm64"))) as package:
        assert sorted(package.namelist()) == ["app/handler.py", "app/rates.json", "manifest.json"]


@pytest.mark.parametrize("verb", [("purchase", "MUG=1@8.00", "--customer", "c-1"), ("audit", "verify")])
def test_d4_a_verb_in_an_unrelated_program_fails_with_one_line(tmp_path: Path, verb: tuple[str, ...]) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: theirs\nruntime: python\n")
    command = [str(Path(sys.executable).parent / "booking"), *verb]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1, done.stderr


def _booking(folder: Path, *verb: str) -> str:
    command = [str(Path(sys.executable).parent / "booking"), *verb]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Path]:
    """The folder of a program that the real engine has deployed to an embedded AWS of its own."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    args = {"point_in_time_days": 20, "protect": False, "deletion_protection": False}
    (tmp_path / "__main__.py").write_text(f'{HEAD}components.OrderStore("orders", {args!r})\n')
    _booking(tmp_path, "up")
    try:
        yield tmp_path
    finally:
        _booking(tmp_path, "down", "--yes")


@pytest.mark.nightly
def test_d5_a_refresh_right_after_up_finds_no_drift(running: Path) -> None:
    """The days of point-in-time recovery do not drift either; the embedded AWS used to forget them."""
    assert json.loads(_booking(running, "refresh", "--json"))["changes"] == []


AGAIN = """set -e
eval "$(booking env)"
pulumi --non-interactive config set --secret colour blue --stack dev
booking down --yes >&2
booking up >&2
eval "$(booking env)"
pulumi --non-interactive config get colour --stack dev
"""


@pytest.mark.nightly
def test_d6_env_still_decrypts_a_secret_after_down(running: Path) -> None:
    """The passphrase outlives the instance, as its salt in the stage file does."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", AGAIN], cwd=running, capture_output=True, text=True, env={**os.environ, "PATH": path}
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "blue"


def test_d7_default_tags_of_an_explicit_provider_are_applied(deploy: Deploy) -> None:
    own = 'own = aws.Provider("own", region="us-east-1", default_tags=dict(tags={"team": "shop"}))\n'
    topic = 'topic = aws.sns.Topic("t", opts=pulumi.ResourceOptions(provider=own))\n'
    assert deploy(own + topic + 'pulumi.export("tags", topic.tags_all)\n', "tagged").outputs["tags"] == {"team": "shop"}


def test_d8_a_provider_for_another_region_is_rejected_by_name(deploy: Deploy) -> None:
    with pytest.raises(DeploymentFailed, match="aws far could not be created: region: 'eu-west-1' does not exist here"):
        deploy('aws.Provider("far", region="eu-west-1")\n', "abroad")


def test_d9_automatic_names_match_those_of_pulumi_aws(deploy: Deploy) -> None:
    name = deploy('pulumi.export("name", aws.s3.Bucket("Photos").bucket)\n', "named").outputs["name"]
    assert (name[:7], len(name)) == ("photos-", 14)


def test_d10_a_definition_that_the_check_rejects_is_not_deployed(deploy: Deploy) -> None:
    definition = json.dumps({"StartAt": "A", "States": {"B": {"Type": "Succeed"}}})
    with pytest.raises(DeploymentFailed, match="definition, /StartAt: MISSING_TRANSITION_TARGET"):
        deploy(f'components.BookingStateMachine("m", {{"definition": {definition!r}}})\n', "wrong")


def test_d11_an_event_rule_of_the_team_receives_audit_object_events(deploy: Deploy) -> None:
    """As documented, the bucket's only notification sends everything to EventBridge."""
    rule = """
trail = components.AuditBucket("trail", {"lock_mode": "NONE", "protect": False, "force_destroy": True})
received = aws.sqs.Queue("received")
of_trail = pulumi.Output.json_dumps({"source": ["aws.s3"], "detail": {"bucket": {"name": [trail.bucket]}}})
rule = aws.cloudwatch.EventRule("objects", event_pattern=of_trail)
aws.cloudwatch.EventTarget("objects", rule=rule.name, arn=received.arn)
pulumi.export("bucket", trail.bucket)
pulumi.export("key", trail.key)
pulumi.export("queue", received.url)
"""
    stack = deploy(rule, "listening")
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": stack.outputs["key"]}
    stack.client("s3").put_object(
        Bucket=stack.outputs["bucket"], Key="a.json", Body=b"{}", IfNoneMatch="*", **encrypted
    )
    received = stack.client("sqs").receive_message(QueueUrl=stack.outputs["queue"], WaitTimeSeconds=5)
    assert json.loads(received["Messages"][0]["Body"])["detail"]["object"]["key"] == "a.json"


@pytest.mark.parametrize(
    ("args", "fault"),
    [
        (
            {"grants": ['{"Version": "2012-10-17", "Statement": []}']},
            r"grants\[0\] must be policy statements as a JSON",
        ),
        ({"topic": "alerts"}, "topic must be the ARN of a standard SNS topic"),
        ({"tags": ["team"]}, "tags must be a dictionary"),
        ({}, "handler is required"),
        (None, "args must be a dictionary, {} for the defaults, got None"),
    ],
)
def test_d12_invalid_arguments_are_named(deploy: Deploy, args: object, fault: str) -> None:
    with pytest.raises(DeploymentFailed, match=f"(?s)MonitoredLambda 'f'.*{fault}"):
        deploy(f'components.MonitoredLambda("f", {args!r})\n', "mistaken")


def test_d13_components_with_the_same_name_get_distinct_key_aliases(deploy: Deploy) -> None:
    """Below different parents they are two resources to Pulumi."""
    topics = (
        'for kind in ("Shop", "Club"):\n'
        '    parent = pulumi.ComponentResource(f"team:index:{kind}", kind.lower())\n'
        '    topic = components.AlertTopic("alerts", {}, pulumi.ResourceOptions(parent=parent))\n'
        "    pulumi.export(kind, topic.arn)\n"
    )
    stack = deploy(topics, "twice")
    aliases = [each["AliasName"] for each in stack.client("kms").list_aliases()["Aliases"]]
    assert len({name for name in aliases if name.startswith("alias/twice-dev-alerts-key-")}) == 2


WITHOUT_LOCAL = """
import sys
sys.modules["ministack"] = sys.modules["hypercorn"] = None
from stepbooking.command import main
sys.argv = ["booking", "up"]
main()
"""


def test_d14_a_missing_extra_is_reported_with_the_install_command(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "__main__.py").write_text("")
    done = subprocess.run([sys.executable, "-c", WITHOUT_LOCAL], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert "pip install 'stepbooking[local]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_d16_two_stacks_in_one_session_do_not_interfere(deploy: Deploy) -> None:
    body = 'pulumi.export("q", aws.sqs.Queue("q").url)\n'
    one, two = deploy(body, "one"), deploy(body, "two")
    assert {one.outputs["q"], two.outputs["q"]} <= set(one.client("sqs").list_queues()["QueueUrls"])
