"""Programs in TypeScript and Go reuse the components through the plugin, as a platform team would."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.engine import cli_environment
from local.instance import Instance
from tests.environment import require
from tools.engine.wrappers import load_schema

from .conftest import PROGRAMS, ROOT, run_instance

EXAMPLES = ROOT / "examples"


@dataclass(frozen=True, kw_only=True)
class ExampleProgram:
    """A program of the Automation API, ready to run."""

    command: list[str]
    folder: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self.command, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def instance(cli: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Run an account of its own."""
    yield from run_instance(tmp_path_factory.mktemp("examples") / "instance")


@pytest.fixture(scope="module")
def variables(instance: Instance, cli: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the variables of `booking env`, and a PATH with the CLI and the plugin."""
    plugin = ROOT / ".venv" / "bin"
    return {
        **os.environ,
        **cli_environment(instance, ROOT),
        "PATH": f"{cli.parent}{os.pathsep}{plugin}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_HOME": str(tmp_path_factory.mktemp("pulumi-home")),
        "TMPDIR": str(tmp_path_factory.mktemp("temporary")),  # their Automation APIs leave folders behind
    }


@pytest.fixture(scope="module")
def typescript() -> Path:
    """Compile the example and return its folder."""
    require(shutil.which("npm"), "npm is missing: install Node.js 20 or newer for the TypeScript example.")
    folder = EXAMPLES / "typescript"
    if not (folder / "node_modules" / ".bin" / "tsc").exists():
        _run_quietly(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
    _run_quietly([str(folder / "node_modules" / ".bin" / "tsc")], folder)
    return folder


@pytest.fixture(scope="module")
def go() -> Path:
    """Compile the example with the flags of `make engine`, so that most packages are already in Go's cache."""
    require(shutil.which("go"), "Go is missing: install it (go.dev/dl) for the Go example.")
    binary = ROOT / ".build" / "examples" / "shop"
    _run_quietly(["go", "build", "-trimpath", "-o", str(binary), "."], EXAMPLES / "go")
    return binary


def test_the_go_example_uses_the_module_versions_of_the_engine() -> None:
    """Packages that `make engine` compiled are then in Go's cache: 20 seconds of work instead of 150."""
    example, engine = (_go_modules(folder) for folder in (EXAMPLES / "go", ROOT / "tools" / "engine"))
    other = {name: (version, engine[name]) for name, version in example.items() if engine.get(name, version) != version}
    assert other == {}, "run `go get NAME@VERSION` with the engine's versions in examples/go"


def _go_modules(folder: Path) -> dict[str, str]:
    return dict(re.findall(r"^(?:require)?\s*(\S+\.\S+/\S+|\S+\.\S+) (v\S+)", (folder / "go.mod").read_text(), re.M))


@pytest.mark.nightly
@pytest.mark.parametrize("language", ["typescript", "go"])
def test_a_program_in_another_language_deploys_reads_and_destroys(
    language: str, instance: Instance, variables: Mapping[str, str], request: pytest.FixtureRequest
) -> None:
    """The program uses OrderStore and AuditBucket, and passes the key of one to the other."""
    program_path: Path = request.getfixturevalue(language)
    shop = {
        "typescript": ExampleProgram(command=["node", "dist/program.js"], folder=program_path, environment=variables),
        "go": ExampleProgram(command=[str(program_path)], folder=EXAMPLES, environment=variables),
    }[language]

    outputs = json.loads(shop.run("up"))
    assert json.loads(shop.run("outputs")) == outputs
    assert outputs["table"].startswith("orders")
    instance.client("dynamodb").describe_table(TableName=outputs["table"])
    instance.client("s3").head_bucket(Bucket=outputs["bucket"])
    assert outputs["bucket"] in json.dumps(json.loads(outputs["writegrant"]))

    shop.run("destroy")
    assert outputs["table"] not in instance.client("dynamodb").list_tables()["TableNames"]


KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-1111-1111-1111-111111111111"
TOPIC = "arn:aws:sns:us-east-1:000000000000:given"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:given:1"
GRANT = json.dumps([{"Sid": "Given", "Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": [TOPIC]}])
STREAM = "the stream of the table `given`"
"""A placeholder for the ARN of a table's stream, which contains the time of its creation."""
READ_STREAM = json.dumps(
    [
        {
            "Sid": "Given",
            "Effect": "Allow",
            "Action": [f"dynamodb:{verb}" for verb in ("DescribeStream", "GetRecords", "GetShardIterator")],
            "Resource": ["arn:aws:dynamodb:us-east-1:000000000000:table/given/stream/*"],
        }
    ]
)
SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:given-AbCdEf"
DEFINITION = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}],
}
REGION = "us-east-1"
COMMON = {"key": KEY, "topic": TOPIC, "region": REGION, "tags": {"team": "given"}}
ROLES = {"boundary": "arn:aws:iam::000000000000:policy/given"}
FUNCTIONS: Mapping[str, Mapping[str, Any]] = {
    "": {
        **COMMON,
        **ROLES,
        "logkey": KEY,
        "code": "archive",
        "handler": "handler.handler",
        "runtime": "python3.12",
        "environment": {"WORD": "given"},
        "grants": [GRANT],
        "subnets": ["subnet-0a1b2c3d"],
        "securitygroups": ["sg-0a1b2c3d"],
    },
    " signed": {
        "handler": "handler.handler",
        "codeBucket": "given-code",
        "codeKey": "signed.zip",
        "codeVersion": "null",
        "codeSigning": "arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-given",
        "region": REGION,
    },
    " streamed": {
        "code": "archive",
        "handler": "handler.handler",
        "stream": STREAM,
        "grants": [READ_STREAM],
        "region": REGION,
    },
}
"""Three sets of inputs of a function that exclude each other."""
OUTPUT_INPUTS: Mapping[str, Mapping[str, Any]] = {
    "AlertTopic": {"key": KEY, "region": REGION, "tags": {"team": "given"}},
    "AuditBucket": {"key": KEY, "logbucket": "given-logs", "region": REGION, "tags": {"team": "given"}},
    "AuditBucket watched": {"topic": TOPIC, "region": REGION},
    "BookingApi": {**COMMON, "logkey": KEY, "function": FUNCTION, "issuer": "https://id.example.com"},
    "BookingStateMachine": {
        **COMMON,
        **ROLES,
        "logkey": KEY,
        "functions": {"given": FUNCTION},
        "definition": DEFINITION,
        "grants": [GRANT],
    },
    **{f"GatewayEvents{variant}": {**args, "secret": SECRET} for variant, args in FUNCTIONS.items()},
    **{f"MonitoredLambda{variant}": args for variant, args in FUNCTIONS.items()},
    "OrderEvents": COMMON,
    "OrderStore": {**COMMON, **ROLES, "backupkey": KEY.replace("1", "2")},
    "ProofKey": {"topic": TOPIC, "region": REGION, "tags": {"team": "given"}},
    "SandboxGateway": {**COMMON, **ROLES},
    "SignedPackage": {
        "package": "zip",
        "key": KEY,
        "logbucket": "given-logs",
        "region": REGION,
        "tags": {"team": "given"},
    },
    "SignedPackage watched": {"package": "zip", "topic": TOPIC, "region": REGION},
    "SigningKey": {"topic": TOPIC, "region": REGION, "tags": {"team": "given"}},
    "StaffPool": {"region": REGION, "tags": {"team": "given"}},
    "StripeGateway": {"secret": SECRET},
}
"""Values for every input that accepts an Output or contains one; the first word is the component."""
FILES = ("code", "package")
UNLOCKED = {"lockMode": "NONE", "protect": False, "forceDestroy": True}
PLAIN_INPUTS: Mapping[str, Mapping[str, Any]] = {
    "AuditBucket": UNLOCKED,
    "AuditBucket watched": UNLOCKED,
    "BookingApi": {"audiences": ["given"]},
    "OrderStore": {"protect": False, "deletionProtection": False, "forceDestroy": True},
    "SandboxGateway": {"deletionProtection": False, "forceDestroy": True},
    "SignedPackage": {"forceDestroy": True},
    "SignedPackage watched": {"forceDestroy": True},
    "SigningKey": {"protect": False},
    "StaffPool": {"domain": "given", "callbacks": ["https://desk.example.com/"], "deletionProtection": False},
}
"""Plain inputs without which a component cannot be created or deleted."""


def test_every_input_has_a_test_value() -> None:
    """Every input except plain leaves is sent as an Output."""
    sent = {(name.split()[0], key) for name, args in OUTPUT_INPUTS.items() for key in args}
    missing = [
        (token, key)
        for token, resource in load_schema()["resources"].items()
        for key, value in resource["inputProperties"].items()
        if not _is_plain(value) and (token.split(":")[-1], key) not in sent
    ]
    assert missing == []


@pytest.mark.nightly
def test_outputs_and_unknowns_pass_through_every_input(
    typescript: Path, variables: Mapping[str, str], instance: Instance, tmp_path: Path
) -> None:
    """In TypeScript, they are unknown in the preview and have values in the up."""
    archive = tmp_path / "code"
    archive.mkdir()
    (archive / "handler.py").write_text("def handler(event, context):\n    return event\n")
    instance.client("s3").create_bucket(Bucket="given-logs")
    _put_signed_code(instance, archive)
    _create_function(instance, archive)
    instance.client("iam").create_policy(PolicyName="given", PolicyDocument=json.dumps(ANYTHING))
    shutil.copy(PROGRAMS / "every-input.js", typescript / "dist")
    every = json.loads(json.dumps(OUTPUT_INPUTS).replace(STREAM, _create_stream(instance)))
    values = json.dumps({"given": every, "plain": PLAIN_INPUTS, "archive": str(archive), "zip": f"{archive}.zip"})
    program = ExampleProgram(
        command=["node", "dist/every-input.js"], folder=typescript, environment={**variables, "EVERY_INPUT": values}
    )

    program.run("preview")
    program.run("up")
    state = json.loads(program.run("state"))["resources"]
    program.run("destroy")
    for name, args in every.items():
        children = [one for one in state if f"::{name.lower().replace(' ', '-')}" in one["urn"] and one.get("custom")]
        own = [one.get("outputs", {}) for one in state if one["urn"].endswith(f"::{name.lower().replace(' ', '-')}")]
        stored_text = json.dumps([*(one["inputs"] for one in children), *own]).replace("\\", "")
        sent = [_stored_form(value) for key, value in args.items() if key not in FILES for value in _leaves(value)]
        assert [value for value in sent if value not in stored_text] == [], name
        assert {one["inputs"].get("region") for one in children if "aws:iam/" not in one["type"]} <= {REGION}, name


def _put_signed_code(instance: Instance, archive: Path) -> None:
    """Create another team's package in a bucket, and its code signing configuration that only warns."""
    package = shutil.make_archive(str(archive), "zip", archive)
    instance.client("s3").create_bucket(Bucket="given-code")
    instance.client("s3").put_object(Bucket="given-code", Key="signed.zip", Body=Path(package).read_bytes())
    config = {"allowedPublishers": {"signingProfileVersionArns": []}, "description": "given"}
    record = json.dumps({**config, "policies": {"untrustedArtifactOnDeployment": "Warn"}, "tags": {}})
    instance.client("ssm").put_parameter(Name="/booking/embedded/code-signing/csc-given", Value=record, Type="String")


def _create_function(instance: Instance, archive: Path) -> None:
    """Create another team's function with its role, which the API gets permission to invoke."""
    package = Path(shutil.make_archive(str(archive), "zip", archive))
    role = instance.client("iam").create_role(RoleName="given", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    instance.client("lambda").create_function(
        FunctionName="given",
        Runtime="python3.12",
        Role=role["Arn"],
        Handler="handler.handler",
        Code={"ZipFile": package.read_bytes()},
        Publish=True,
    )


def _create_stream(instance: Instance) -> str:
    table = instance.client("dynamodb").create_table(
        TableName="given",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return str(table["TableDescription"]["LatestStreamArn"])


def _stored_form(value: str) -> str:
    """Return how the state contains a value: roles name functions without version, and grants become statements."""
    stored = {FUNCTION: FUNCTION.removesuffix(":1"), GRANT: GRANT[1:-1], READ_STREAM: READ_STREAM[1:-1]}
    return stored.get(value, value)


def _is_plain(value: Mapping[str, Any]) -> bool:
    inner = value.get("items") or value.get("additionalProperties")
    return _is_plain(inner) if inner else bool(value.get("plain"))


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        return
    for item in value.values() if isinstance(value, dict) else value:
        yield from _leaves(item)


def _run_quietly(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
