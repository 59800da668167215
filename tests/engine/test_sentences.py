"""Each failure is reported in one sentence that names the resource or setting and what to do."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.engine import (
    EngineError,
    EngineMissing,
    OtherDriver,
    PassphraseMissing,
    PulumiEngine,
    StateLocked,
    UnknownStage,
    cli_environment,
    pulumi_cli,
)
from local.errors import DeploymentFailed, NotRunning
from local.instance import Instance

from .conftest import ROOT, EngineFactory

pytestmark = pytest.mark.outside

LOCATION = "(__main__.py, line {})"


@pytest.mark.parametrize(
    ("fault", "line", "sentence"),
    [
        (
            "use_unsupported_type",
            "aws.ec2.Vpc",
            "the resource type aws:ec2/vpc:Vpc is not supported in the embedded AWS",
        ),
        ("use_unsupported_property", "import_table=importing", "importTable: not supported in the embedded AWS"),
        (
            "refer_to_missing_function",
            "aws.lambda_.Permission",
            "could not be created: AWS says ResourceNotFoundException",
        ),
    ],
)
def test_a_failing_resource_is_reported_with_its_line(
    engine_of: EngineFactory, fault: str, line: str, sentence: str
) -> None:
    engine = engine_of("faulty", "resources", fault=fault)
    with pytest.raises(DeploymentFailed) as failure:
        engine.up()
    number = _line_of("faulty", line)
    assert LOCATION.format(number) in str(failure.value)
    assert sentence in str(failure.value)
    assert "\n" not in str(failure.value)


def test_a_partially_created_resource_is_finished_by_the_next_up(engine_of: EngineFactory) -> None:
    """The state contains its id, so nothing is created twice."""
    with pytest.raises(DeploymentFailed, match="Invalid retentionInDays value: 8"):
        engine_of("faulty", "half", fault="create_half", days=8).up()
    [change] = engine_of("faulty", "half", fault="create_half", days=7).up().changes
    assert (change.operation, change.name) == ("update", "logs")


def test_secrets_are_stored_only_encrypted(engine_of: EngineFactory, aws: Instance) -> None:
    """Neither the state nor the stored outputs contain the plain value."""
    outcome = engine_of("faulty", "secret", fault="keep_secret", password="open sesame").up()
    states = (aws.folder / "engine" / "state" / ".pulumi" / "stacks").rglob("secret.json*")
    files = [*states, aws.folder / "outputs.json", aws.folder / "journal.jsonl"]
    assert [file.name for file in files if "open sesame" in file.read_text()] == []
    assert outcome.outputs == {"password": "[secret]"}


def test_an_unsupported_provider_function_is_reported(engine_of: EngineFactory) -> None:
    with pytest.raises(DeploymentFailed, match="the function aws:ec2/getVpc:getVpc is not supported"):
        engine_of("faulty", "functions", fault="call_unsupported_function").preview()


def test_an_invalid_value_is_reported_with_the_message_of_the_program(engine_of: EngineFactory) -> None:
    with pytest.raises(DeploymentFailed) as failure:
        engine_of("faulty", "values", fault="reject_value").preview()
    assert str(failure.value) == "The program failed: booking:refundWindowDays is 4000, allowed is 0 to 3650 days"


@pytest.mark.parametrize(
    ("fault", "remedy"),
    [("protect", "remove the `protect` flag"), ("protect_in_aws", "deletion protection")],
)
def test_a_refused_deletion_is_reported_with_how_to_allow_it(engine_of: EngineFactory, fault: str, remedy: str) -> None:
    """The resource still exists afterwards, no matter if Pulumi or AWS protects it."""
    stage = fault.replace("_", "-")
    engine_of("faulty", stage, fault=fault).up()
    with pytest.raises(DeploymentFailed) as failure:
        engine_of("faulty", stage).up()
    assert "kept" in str(failure.value)
    assert remedy in str(failure.value).lower()
    assert [resource["type"] for resource in engine_of("faulty", stage).state.resources()][-1].endswith(":Table")


def test_all_faults_of_a_configuration_are_reported_at_once(aws: Instance) -> None:
    """The engine, which knows only the types, would stop at the first one without the allowed values."""
    wrong = {"functionMemoryMb": "much", "forceDestroy": "yes", "backupDay": "7", "auditLockMode": "SOFT"}
    wrong["alertEmail"] = "team@example.com"
    with pytest.raises(DeploymentFailed) as failure:
        PulumiEngine(aws, ROOT / "__main__.py", "prod", wrong).preview()
    assert [line.strip() for line in str(failure.value).splitlines()[1:]] == [
        "booking:functionMemoryMb must be an integer, 128–10240, got 'much'.",
        "booking:forceDestroy must be true or false, got 'yes'.",
        "booking:auditLockMode must be COMPLIANCE or GOVERNANCE or NONE, got 'SOFT'.",
        "booking:backupDay is not a configuration key. Did you mean booking:backupDays?",
    ]


def test_a_wrong_type_that_the_program_accepts_is_reported_by_the_engine(aws: Instance, tmp_path: Path) -> None:
    """A program that does not read the key cannot check it."""
    program = _program(tmp_path, "config:\n  booking:number: many\n")
    declared = "config:\n  number:\n    type: integer\n"
    (tmp_path / "Pulumi.yaml").write_text(f"name: booking\nruntime: python\n{declared}")
    with pytest.raises(EngineError, match="'number' must be of type 'integer'"):
        PulumiEngine(aws, program, "dev").preview()


def test_an_unknown_stage_is_reported_with_the_known_ones(aws: Instance) -> None:
    with pytest.raises(UnknownStage, match=r"Pulumi\.production\.yaml is missing; the stages are dev, prod, staging"):
        PulumiEngine(aws, ROOT / "__main__.py", "production").preview()


def test_a_secret_without_its_passphrase_is_reported(
    aws: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stage file that a user encrypted cannot be decrypted with our passphrase."""
    program = _program(tmp_path, "encryptionsalt: v1:a:v1:b:c\nconfig:\n  booking:password:\n    secure: v1:x:y\n")
    for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(PassphraseMissing, match="set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE"):
        PulumiEngine(aws, program, "dev").preview()


def test_a_secret_of_another_secrets_provider_cannot_be_decrypted(aws: Instance, tmp_path: Path) -> None:
    program = _program(
        tmp_path, "secretsprovider: awskms://alias/ours\nconfig:\n  booking:password:\n    secure: v1:x:y\n"
    )
    with pytest.raises(PassphraseMissing, match="awskms://alias/ours"):
        PulumiEngine(aws, program, "dev").preview()


def test_a_state_locked_by_another_run_is_not_changed(engine_of: EngineFactory, aws: Instance) -> None:
    engine = engine_of("faulty", "locked")
    engine.up()
    folder = aws.folder / "engine/state/.pulumi/locks/organization" / engine.state.project / "locked"
    folder.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen([sys.executable, "-c", "input('pulumi')"], stdin=subprocess.PIPE) as other:
        lock = folder / "other.json"
        lock.write_text(f'{{"pid": {other.pid}, "hostname": "{socket.gethostname()}", "timestamp": "noon"}}')
        with pytest.raises(
            StateLocked, match=f"process {other.pid} on .* is working on stage locked. Wait for it to end"
        ):
            engine.up()
        other.kill()
    assert engine.up().changes == ()  # the process that holds the lock has ended


def test_a_stopped_embedded_aws_must_be_started(tmp_path: Path, cli: Path) -> None:
    stopped = Instance(tmp_path / "stopped")
    with pytest.raises(NotRunning, match="Start it with `booking up`"):
        PulumiEngine(stopped, _program(tmp_path, "config: {}\n"), "dev").preview()


def test_an_instance_deployed_in_process_is_refused(aws: Instance, engine_of: EngineFactory, cli: Path) -> None:
    driver = aws.driver
    aws.driver = "in-process"
    try:
        for attempt in (engine_of("faulty", "other").up, lambda: cli_environment(aws)):
            with pytest.raises(OtherDriver, match="`booking down`"):
                attempt()
    finally:
        aws.driver = driver or "pulumi"


def test_a_missing_engine_is_reported_with_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EngineMissing, match=r"run `make engine`, or install one .* --engine in-process"):
        pulumi_cli.require_cli(tmp_path)


def test_an_unreadable_stage_file_is_reported(aws: Instance, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"Pulumi\.dev\.yaml cannot be read"):
        PulumiEngine(aws, _program(tmp_path, "config: [\n"), "dev").preview()


def _program(folder: Path, stage_file: str) -> Path:
    (folder / "__main__.py").write_text("")
    (folder / "Pulumi.dev.yaml").write_text(stage_file)
    return folder / "__main__.py"


def _line_of(program: str, text: str) -> int:
    lines = (Path(__file__).parent / "programs" / program / "__main__.py").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)
