"""Synthesise a program: return the resources that it would create as plain data, without an engine or a cloud.

`synth("prod")` runs the real `__main__.py` with the stage's own configuration file and returns every registration as
the engine would see it. Values that only creation knows (ARNs, URLs, versions) are derived from the resource's name.
"""

import asyncio
import runpy
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import yaml
from google.protobuf import json_format
from pulumi.runtime import rpc, settings
from pulumi.runtime.mocks import MockCallArgs, MockEngine, MockMonitor, MockResourceArgs, Mocks, MockSettings
from pulumi.runtime.stack import run_in_stack

from local.drivers.outstanding_tasks import wait_for_outputs

CHECKOUT = Path(__file__).parents[2]
STAGES = ("dev", "staging", "prod")
ACCOUNT = "123456789012"
REGION = "eu-central-1"
ALERT_EMAIL = "alerts@example.com"
API = {"booking:apiIssuer": "https://id.example.com", "booking:apiAudiences": '["booking"]'}
"""Values of the API's issuer, which each team sets."""
_STACK = "pulumi:pulumi:Stack"
_TIMEOUT_SECONDS = 1_200


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredResource:
    """A resource as registered; `inputs` are plain values under their wire names (camelCase)."""

    type: str
    name: str
    urn: str
    parent: str
    inputs: dict[str, Any]
    custom: bool
    protect: bool
    aliases: tuple[Any, ...]
    provider: str


@dataclass(slots=True)
class Graph:
    """Everything that a program registered and exported."""

    resources: list[RegisteredResource] = field(default_factory=list[RegisteredResource])
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    registered: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """The outputs that each component passed to `register_outputs`."""
    invokes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """The provider functions that were invoked, each with its provider."""

    def of_type(self, type_: str) -> list[RegisteredResource]:
        """Return the resources of a type, such as `aws:sqs/queue:Queue`."""
        return [each for each in self.resources if each.type == type_]

    def find_resource(self, name: str) -> RegisteredResource:
        """Return the only resource with this logical name."""
        [found] = [each for each in self.resources if each.name == name]
        return found


def synth(stage: str, config: Mapping[str, Any] | None = None, *, preview: bool = False) -> Graph:
    """Return what `__main__.py` registers for a stage; `config` overrides its file. Do not change the result."""
    return _register(stage, tuple(sorted((config or {}).items())), preview)


@cache
def _register(stage: str, config: tuple[tuple[str, Any], ...], preview: bool) -> Graph:
    program = CHECKOUT / "__main__.py"
    values = stage_values(stage) | API | dict(config)
    return record(
        lambda: runpy.run_path(str(program), run_name="__main__"), stage=stage, config=values, preview=preview
    )


def stage_values(stage: str) -> dict[str, Any]:
    """Return the values of `Pulumi.<stage>.yaml`, and for prod the recipient of alerts, which each team sets."""
    values: dict[str, Any] = yaml.safe_load((CHECKOUT / f"Pulumi.{stage}.yaml").read_text())["config"]
    return values | ({"booking:alertEmail": ALERT_EMAIL} if stage == "prod" else {})


def record(
    program: Callable[[], object],
    *,
    stage: str = "test",
    config: Mapping[str, Any] | None = None,
    preview: bool = False,
) -> Graph:
    """Return what a program registers; its exceptions are raised here. With `preview`, created values are unknown."""
    monitor = _ResourceRecorder(preview)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            _run(program, monitor, stage, config or {}, preview)
        except BaseException as failure:  # carried over to the caller's thread
            failures.append(failure)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(_TIMEOUT_SECONDS)
    if failures:
        raise failures[0]
    assert not thread.is_alive(), f"the program did not end within {_TIMEOUT_SECONDS} s"
    return monitor.graph


def _run(
    program: Callable[[], object], monitor: "_ResourceRecorder", stage: str, config: Mapping[str, Any], preview: bool
) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    pulumi.runtime.set_all_config({key: _text(value) for key, value in config.items()})
    settings.configure(
        MockSettings(
            monitor=monitor,
            monitor_features=set(monitor.GetDeploymentInfo(None).supportedFeatures),
            engine=MockEngine(None),
            project="booking",
            stack=stage,
            dry_run=preview,
            callbacks=None,
            # Without these, `MockSettings` would share state with earlier runs, whose event loops are closed.
            outputs=set(),
            lock=threading.Lock(),
            package_refs={},
            base_providers_by_ref={},
        )
    )
    try:
        loop.run_until_complete(run_in_stack(lambda: _run_to_the_end(program)))
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        asyncio.set_event_loop(None)
        loop.close()


async def _run_to_the_end(program: Callable[[], object]) -> None:
    program()
    await wait_for_outputs()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class _ResourceRecorder(MockMonitor):
    """Record registrations, and reply with the inputs and the outputs that creation would add."""

    def __init__(self, preview: bool) -> None:
        super().__init__(_Aws(preview))
        self.graph = Graph()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        if request.type != _STACK:
            self.graph.resources.append(self._to_resource(request))
        return super().RegisterResource(request)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        if f"::{_STACK}::" in request.urn:
            self.graph.outputs = rpc.deserialize_properties(request.outputs)
        else:
            name = request.urn.rpartition("::")[2]
            self.graph.registered[name] = rpc.deserialize_properties(request.outputs, keep_unknowns=True)
        return super().RegisterResourceOutputs(request)

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        self.graph.invokes.append((request.tok, request.provider))
        return super().Invoke(request)

    def _to_resource(self, request: Any) -> RegisteredResource:
        return RegisteredResource(
            type=request.type,
            name=request.name,
            urn=self.make_urn(request.parent, request.type, request.name),
            parent=request.parent,
            inputs=rpc.deserialize_properties(request.object, keep_unknowns=True),
            custom=request.custom,
            protect=request.protect,
            aliases=tuple(json_format.MessageToDict(alias) for alias in request.aliases),
            provider=request.provider,
        )


class _Aws(Mocks):
    def __init__(self, preview: bool) -> None:
        self._preview = preview

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        if not args.custom:
            return "", dict(args.inputs)
        if self._preview:
            return None, dict(args.inputs)
        return f"{args.name}-id", {
            **_computed_outputs(args.typ, f"booking-{args.name}-0123456", args.inputs.get("region") or REGION),
            **_alias_arn(args.typ, args.inputs),
            **args.inputs,
        }

    def call(self, args: MockCallArgs) -> dict[Any, Any]:
        return {
            "aws:index/getPartition:getPartition": {"partition": "aws", "dnsSuffix": "amazonaws.com"},
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
            "aws:index/getRegion:getRegion": {"region": args.args.get("region") or REGION},
        }[args.token]


def _alias_arn(type_: str, inputs: Mapping[str, Any]) -> dict[str, str]:
    """Return the ARN of a function's alias, which is the function's with the alias as its qualifier."""
    if type_ != "aws:lambda/alias:Alias":
        return {}
    region = inputs.get("region") or REGION
    return {"arn": f"arn:aws:lambda:{region}:{ACCOUNT}:function:{inputs['functionName']}:{inputs['name']}"}


def _computed_outputs(type_: str, name: str, region: str) -> dict[str, Any]:
    """Return the outputs that creating a resource of a type provides."""
    service = {"dynamodb": "dynamodb", "cloudwatch": "logs", "sfn": "states"}.get(type_.split(":")[1].split("/")[0], "")
    service = service or type_.split(":")[1].split("/")[0]
    kind = {
        "aws:dynamodb/table:Table": f"table/{name}",
        "aws:lambda/function:Function": f"function:{name}",
        "aws:sfn/stateMachine:StateMachine": f"stateMachine:{name}",
        "aws:cloudwatch/logGroup:LogGroup": f"log-group:{name}",
        "aws:kms/key:Key": f"key/{name}",
        "aws:backup/vault:Vault": f"backup-vault:{name}",
        "aws:cloudwatch/eventBus:EventBus": f"event-bus/{name}",
        "aws:cloudwatch/eventArchive:EventArchive": f"archive/{name}",
    }.get(type_, name)
    if type_.startswith("aws:cloudwatch/event"):
        service = "events"
    arn = f"arn:aws:{service}:{region}:{ACCOUNT}:{kind}"
    arn = {"s3": f"arn:aws:s3:::{name}", "iam": f"arn:aws:iam::{ACCOUNT}:role/{name}"}.get(service, arn)
    outputs: dict[str, Any] = {"arn": arn, "name": name}
    if type_ == "aws:s3/bucket:Bucket":
        outputs["bucket"] = name
    if type_ == "aws:dynamodb/table:Table":
        outputs["streamArn"] = f"{arn}/stream/2026-01-31T00:00:00.000"
    if type_ == "aws:kms/key:Key":
        outputs["keyId"] = name
    if type_ == "aws:lambda/function:Function":
        outputs |= {"version": "7", "qualifiedArn": f"{arn}:7"}
    if type_ == "aws:s3/bucketObjectv2:BucketObjectv2":
        outputs["versionId"] = f"version-of-{name}"
    if type_ == "aws:signer/signingProfile:SigningProfile":
        outputs["versionArn"] = f"arn:aws:signer:{region}:{ACCOUNT}:/signing-profiles/{name}"
    if type_ == "aws:signer/signingJob:SigningJob":
        outputs["signedObjects"] = [{"s3s": [{"bucket": "signed", "key": f"signed/{name}"}]}]
    if type_ == "aws:apigatewayv2/api:Api":
        execution = f"arn:aws:execute-api:{region}:{ACCOUNT}:{name}"
        outputs |= {"executionArn": execution, "apiEndpoint": f"https://{name}.execute-api.{region}.amazonaws.com"}
    if type_ == "aws:cognito/userPool:UserPool":
        outputs["endpoint"] = f"cognito-idp.{region}.amazonaws.com/{name}"
    if type_ == "aws:sqs/queue:Queue":
        outputs["url"] = f"https://sqs.{region}.amazonaws.com/{ACCOUNT}/{name}"
    if type_ == "aws:apigatewayv2/stage:Stage":
        outputs["invokeUrl"] = f"https://{name}.execute-api.{region}.amazonaws.com/"
    if type_ == "aws:cloudwatch/dashboard:Dashboard":
        outputs["dashboardName"] = name
    return outputs
