"""The in-process driver deploys programs without an engine, and reports each error in one sentence."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from local.drivers.deployment_progress import Progress, ProgressNote
from local.drivers.in_process import deploy
from local.drivers.reuse import ProgramChanged
from local.errors import DeploymentFailed
from local.instance import Instance

HEAD = "import pulumi\nimport pulumi_aws as aws\n"
TABLE = (
    'aws.dynamodb.Table("t", hash_key="pk", billing_mode="PAY_PER_REQUEST", attributes=[dict(name="pk", type="S")]{})\n'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text(
        "name: shop\nconfig:\n  colour: {type: string, default: red}\n  size: 3\n  aws:region: {value: us-east-1}\n"
    )
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  shop:colour: blue\n  shop:parts: [1, 2]\n")
    return tmp_path


def _deploy(instance: Instance, folder: Path, body: str, **rest: object) -> dict[str, object]:
    (folder / "__main__.py").write_text(HEAD + body)
    return deploy(instance, folder / "__main__.py", **{"fresh": True, **rest})  # type: ignore[arg-type]


def test_an_unsupported_resource_type_is_reported(embedded_aws: Instance, folder: Path) -> None:
    with pytest.raises(DeploymentFailed, match="resource type aws:ec2/vpc:Vpc is not supported in the embedded AWS"):
        _deploy(embedded_aws, folder, 'aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")\n')


def test_an_unsupported_provider_function_is_reported(embedded_aws: Instance, folder: Path) -> None:
    with pytest.raises(DeploymentFailed, match="function aws:index/getAvailabilityZones:getAvailabilityZones is not"):
        _deploy(embedded_aws, folder, "aws.get_availability_zones()\n")


def test_an_unsupported_property_is_reported_with_its_resource(embedded_aws: Instance, folder: Path) -> None:
    with pytest.raises(
        DeploymentFailed, match=r"^aws:dynamodb/table:Table t could not be created: replicas: not supported"
    ):
        _deploy(embedded_aws, folder, TABLE.format(', replicas=[dict(region_name="eu-west-1")]'))


def test_an_error_of_aws_is_reported_verbatim_with_the_resource(embedded_aws: Instance, folder: Path) -> None:
    body = TABLE.format(', name="x"')
    with pytest.raises(
        DeploymentFailed, match=r"^aws:dynamodb/table:Table t could not be created: AWS says Validation"
    ):
        _deploy(embedded_aws, folder, body)


def test_an_exception_of_the_program_is_reported_in_one_sentence(embedded_aws: Instance, folder: Path) -> None:
    with pytest.raises(DeploymentFailed, match=r"^The program __main__.py failed: no such thing$"):
        _deploy(embedded_aws, folder, "raise ValueError('no such thing')\n")


def test_an_unknown_stage_is_reported_with_the_known_ones(embedded_aws: Instance, folder: Path) -> None:
    with pytest.raises(DeploymentFailed, match=r"^There is no stage 'prod': .* there are dev\.$"):
        _deploy(embedded_aws, folder, "", stage="prod")


def test_after_a_failure_no_new_creation_starts(embedded_aws: Instance, folder: Path) -> None:
    events: list[Progress | ProgressNote] = []
    body = 'key = aws.kms.Key("k", policy="no json")\naws.kms.Alias("a", target_key_id=key.id)\n'
    with pytest.raises(DeploymentFailed, match="kms/key:Key k could not be created: policy: expected a JSON document"):
        _deploy(embedded_aws, folder, body, listener=events.append)
    assert [(step.phase, step.name) for step in events if isinstance(step, Progress)] == [
        ("begun", "k"),
        ("failed", "k"),
    ]


def test_an_explicit_provider_sets_its_default_tags(embedded_aws: Instance, folder: Path) -> None:
    body = (
        'own = aws.Provider("own", region="us-east-1", default_tags=dict(tags={"team": "shop", "a": "b"}))\n'
        'topic = aws.sns.Topic("t", tags={"a": "c"}, opts=pulumi.ResourceOptions(provider=own))\n'
        'pulumi.export("tags", topic.tags_all)\n'
    )
    assert _deploy(embedded_aws, folder, body)["tags"] == {"team": "shop", "a": "c"}


def test_a_provider_for_another_region_is_refused(embedded_aws: Instance, folder: Path) -> None:
    """Otherwise its resources would be created in the only region, and the error would go unnoticed."""
    with pytest.raises(
        DeploymentFailed,
        match=r"^pulumi:providers:aws far could not be created: region: 'eu-west-1' does not exist here: .* us-east-1$",
    ):
        _deploy(embedded_aws, folder, 'aws.Provider("far", region="eu-west-1")\n')


def test_failed_deployments_do_not_affect_later_ones(embedded_aws: Instance, folder: Path) -> None:
    """Pulumi's SDK keeps outputs that are pending when a program fails, although their event loop is closed."""
    body = (
        "def fail(arn):\n"
        '    aws.sqs.Queue("later")\n'
        "    raise ValueError('no such thing')\n"
        'pulumi.export("q", aws.sqs.Queue("q").arn.apply(fail))\n'
    )
    for _ in range(6):
        with pytest.raises(DeploymentFailed, match="no such thing"):
            _deploy(embedded_aws, folder, body)
    assert _deploy(embedded_aws, folder, 'pulumi.export("q", aws.sqs.Queue("q").url)\n').keys() == {"q"}


def test_configuration_values_have_the_precedence_of_the_engine(embedded_aws: Instance, folder: Path) -> None:
    body = (
        "c = pulumi.Config()\n"
        "for name in ('colour', 'size', 'parts', 'given'):\n    pulumi.export(name, c.get(name))\n"
        "pulumi.export('parsed', c.require_object('parts'))\n"
        "pulumi.export('where', f'{pulumi.get_project()}/{pulumi.get_stack()}')\n"
    )
    outputs = _deploy(embedded_aws, folder, body, config={"given": "x"})
    assert outputs == {
        "colour": "blue",
        "size": "3",
        "parts": "[1, 2]",
        "given": "x",
        "parsed": [1, 2],
        "where": "shop/dev",
    }
    assert embedded_aws.outputs() == outputs


QUEUE = 'pulumi.export("q", aws.sqs.Queue("q").url)\n'


def test_a_second_deployment_of_an_unchanged_program_keeps_its_data(embedded_aws: Instance, folder: Path) -> None:
    body = QUEUE + TABLE.format("") + 'pulumi.export("secret", pulumi.Output.secret("hush"))\n'
    events: list[Progress | ProgressNote] = []
    first = _deploy(embedded_aws, folder, body)
    embedded_aws.client("sqs").send_message(QueueUrl=first["q"], MessageBody="kept")
    second = _deploy(embedded_aws, folder, body + "# a comment\n", fresh=False, listener=events.append)
    assert second == first == embedded_aws.outputs()
    assert {step.operation for step in events if isinstance(step, Progress)} == {"same"}
    [message] = embedded_aws.client("sqs").receive_message(QueueUrl=first["q"])["Messages"]
    assert message["Body"] == "kept"


@pytest.mark.parametrize(
    ("body", "difference"),
    [
        ('aws.sqs.Queue("q", delay_seconds=5)\n', "Queue q differs"),
        (QUEUE + 'aws.sns.Topic("t")\n', "Topic t has been added"),
        ("", "Queue q has been removed"),
    ],
    ids=["changed", "added", "removed"],
)
def test_a_changed_program_is_refused_without_a_fresh_start(
    embedded_aws: Instance, folder: Path, body: str, difference: str
) -> None:
    first = _deploy(embedded_aws, folder, QUEUE)
    embedded_aws.client("sqs").send_message(QueueUrl=first["q"], MessageBody="kept")
    with pytest.raises(ProgramChanged, match=rf"{difference}\), and .* Nothing was touched\. .* --fresh"):
        _deploy(embedded_aws, folder, body, fresh=False)
    assert embedded_aws.outputs() == first
    assert embedded_aws.client("sqs").receive_message(QueueUrl=first["q"])["Messages"]
    assert _deploy(embedded_aws, folder, QUEUE, fresh=False) == first


def test_changed_default_tags_count_as_a_change_of_the_program(embedded_aws: Instance, folder: Path) -> None:
    _deploy(embedded_aws, folder, QUEUE)
    tags = {"aws:defaultTags": {"tags": {"team": "shop"}}}
    with pytest.raises(ProgramChanged, match="Queue q differs"):
        _deploy(embedded_aws, folder, QUEUE, fresh=False, config=tags)


def test_a_resource_deleted_by_someone_else_is_reported(embedded_aws: Instance, folder: Path) -> None:
    first = _deploy(embedded_aws, folder, QUEUE)
    embedded_aws.client("sqs").delete_queue(QueueUrl=first["q"])
    with pytest.raises(ProgramChanged, match="Queue q has been deleted by someone else"):
        _deploy(embedded_aws, folder, QUEUE, fresh=False)


def test_a_fresh_deployment_deletes_the_previous_resources(embedded_aws: Instance, folder: Path) -> None:
    first = _deploy(embedded_aws, folder, QUEUE)
    second = _deploy(embedded_aws, folder, QUEUE)
    assert first != second
    urls = embedded_aws.client("sqs").list_queues()["QueueUrls"]
    assert second["q"] in urls
    assert first["q"] not in urls


def test_two_stacks_in_one_session_do_not_affect_each_other(embedded_aws: Instance, tmp_path: Path) -> None:
    """This also holds if one of them starts afresh or fails halfway."""
    outputs, bucket = {}, 'pulumi.export("b", aws.s3.Bucket("b").bucket)\n'
    for name in ("points", "shop"):
        (tmp_path / f"{name}.py").write_text(HEAD + QUEUE + bucket)
        outputs[name] = deploy(embedded_aws, tmp_path / f"{name}.py", fresh=True)
    embedded_aws.client("s3").put_object(Bucket=outputs["shop"]["b"], Key="order", Body=b"{}")
    assert deploy(embedded_aws, tmp_path / "points.py") == outputs["points"]

    again = deploy(embedded_aws, tmp_path / "shop.py", fresh=True)
    (tmp_path / "third.py").write_text(HEAD + QUEUE + "raise ValueError('half-way')\n")
    for _ in range(2):
        with pytest.raises(DeploymentFailed, match="half-way"):
            deploy(embedded_aws, tmp_path / "third.py")

    buckets = {bucket["Name"] for bucket in embedded_aws.client("s3").list_buckets()["Buckets"]}
    assert outputs["points"]["b"] in buckets
    assert again["b"] in buckets
    assert outputs["shop"]["b"] not in buckets
    urls = embedded_aws.client("sqs").list_queues()["QueueUrls"]
    assert {outputs["points"]["q"], again["q"]} <= set(urls)
    assert outputs["shop"]["q"] not in urls
    assert deploy(embedded_aws, tmp_path / "points.py") == outputs["points"]


def test_secrets_reach_aws_and_stay_secret_in_the_program(embedded_aws: Instance, folder: Path) -> None:
    body = (
        'topic = aws.sns.Topic("t", display_name=pulumi.Output.secret("hush"), tags={"a": pulumi.Output.secret("b")})\n'
        'pulumi.export("arn", topic.arn)\n'
        'pulumi.export("secret", pulumi.Output.from_input(topic.display_name.is_secret()))\n'
    )
    outputs = _deploy(embedded_aws, folder, body)
    attributes = embedded_aws.client("sns").get_topic_attributes(TopicArn=outputs["arn"])["Attributes"]
    assert attributes["DisplayName"] == "hush"
    assert outputs["secret"] is True


def test_an_instance_deployed_by_the_engine_is_refused(tmp_path: Path, folder: Path) -> None:
    instance = Instance.at(tmp_path)
    instance.driver = "pulumi"  # creates the folder
    instance.save_outputs({"some": "thing"})
    with pytest.raises(DeploymentFailed, match="Continue with --engine pulumi, or start again after `booking down`"):
        _deploy(instance, folder, "")


def test_automatic_names_follow_pulumi_aws(embedded_aws: Instance, folder: Path) -> None:
    outputs = _deploy(embedded_aws, folder, 'pulumi.export("n", aws.s3.Bucket("My-Bucket").bucket)\n')
    assert str(outputs["n"]).startswith("my-bucket-")
    assert len(str(outputs["n"]).rsplit("-", 1)[-1]) == 7


@pytest.mark.parametrize(
    "moment", [pytest.param(0, marks=pytest.mark.nightly), 3, pytest.param(7, marks=pytest.mark.nightly)]
)
def test_a_deployment_killed_halfway_is_reported_and_can_be_repeated(tmp_path: Path, folder: Path, moment: int) -> None:
    """This happens to `make up` on a machine that runs out of memory."""
    instance = Instance.at(tmp_path)
    body = "for n in range(5):\n    q = aws.sqs.Queue(f'q{n}')\n    aws.sqs.Queue(f'after-{n}', tags={'a': q.arn})\n"
    received = []

    def kill(step: Progress | ProgressNote) -> None:
        received.append(step)
        if len(received) == moment + 1 and instance.pid:
            os.killpg(instance.pid, signal.SIGKILL)

    instance.start()
    try:
        with pytest.raises(DeploymentFailed, match=r"^The embedded AWS ended in the middle of the deployment \(see "):
            _deploy(instance, folder, body, listener=kill)
        instance.start()
        _deploy(instance, folder, body)
        assert len(instance.client("sqs").list_queues()["QueueUrls"]) == 10
    finally:
        instance.stop()


def test_two_concurrent_deployments_leave_no_orphans(tmp_path: Path, folder: Path) -> None:
    """The second waits for the first and then finds the program unchanged."""
    instance = Instance.at(tmp_path)
    (folder / "__main__.py").write_text(HEAD + QUEUE)
    code = (
        "import sys; from pathlib import Path; from local.drivers.in_process import deploy\n"
        "from local.instance import Instance\n"
        "print(deploy(Instance(Path(sys.argv[1])), Path(sys.argv[2]))['q'])"
    )
    command = [sys.executable, "-c", code, str(instance.folder), str(folder / "__main__.py")]
    instance.start()
    try:
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        urls = {process.communicate(timeout=300)[0].strip() for process in both}
        assert [process.returncode for process in both] == [0, 0]
        assert instance.client("sqs").list_queues()["QueueUrls"] == list(urls)
    finally:
        instance.stop()


def test_an_interrupted_deployment_finishes_its_steps_and_starts_no_new_ones(tmp_path: Path, folder: Path) -> None:
    """The user presses Ctrl-C. The next run starts from an empty account."""
    instance = Instance.at(tmp_path)
    body = "q = None\nfor n in range(10):\n    q = aws.sqs.Queue(f'q{n}', tags={'a': q.arn if q else 'first'})\n"
    events: list[Progress | ProgressNote] = []
    interrupted = threading.Event()

    def raise_interrupt(_signal: int, _frame: object) -> None:
        interrupted.set()
        raise KeyboardInterrupt

    def interrupt(step: Progress | ProgressNote) -> None:
        events.append(step)
        if len(events) == 1:
            os.kill(os.getpid(), signal.SIGINT)
            assert interrupted.wait(60)  # the steps continue only after the main thread has been interrupted

    previous_handler = signal.signal(signal.SIGINT, raise_interrupt)  # the test worker may have its own handler
    instance.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            _deploy(instance, folder, body, listener=interrupt)
        steps = [step for step in events if isinstance(step, Progress)]
        begun = {step.name for step in steps if step.phase == "begun"}
        assert begun == {step.name for step in steps if step.phase != "begun"}
        assert len(begun) < 10
        _deploy(instance, folder, body, fresh=False)
        assert len(instance.client("sqs").list_queues()["QueueUrls"]) == 10
    finally:
        signal.signal(signal.SIGINT, previous_handler)
        instance.stop()
