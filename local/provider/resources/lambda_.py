"""Lambda functions.

Only `Function` depends on this AWS being local: it substitutes this machine's package with the runtime
`provided.al2023`, and reports the program's runtime, which it keeps in tags. Longer than 250 lines because a function
has many properties. https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
"""

import time
from collections.abc import Mapping
from typing import Any

from ...errors import ProviderError
from ..aws import Aws, AwsClient
from ..journal import OWN_TAGS
from ..property_schema import (
    CHOSEN_BY_AWS,
    FileContent,
    KmsKeyId,
    ListOf,
    MapOf,
    Number,
    Object,
    Property,
    SetOf,
    String,
)
from ..property_values import ReadonlyValues, Values
from ..resource import AutoName, Inputs, Outputs, Resource
from .common import TAGS, boolean, fetch_or_none, ignore_not_found, number, output, string, sync_tags, without_none
from .function_packages import build_runnable, code_sha256, load_from_s3
from .invocations import invoke_arn
from .signer import untrusted_signer_reason

_RUNTIME_TAG = f"{OWN_TAGS}runtime"
_CONFIGURATION = (
    *("handler", "runtime", "role", "memorySize", "timeout", "environment", "kmsKeyArn", "deadLetterConfig"),
    *("loggingConfig", "tracingConfig", "ephemeralStorage", "description", "vpcConfig"),
)
_VPC_KEYS = {"subnetIds": "SubnetIds", "securityGroupIds": "SecurityGroupIds"}
"""Stored and returned without effect, because the embedded AWS has no networks."""
_S3_PROPERTIES = ("s3Bucket", "s3Key", "s3ObjectVersion")
_PUBLISHING_PROPERTIES = ("code", *_S3_PROPERTIES, "sourceCodeHash", "architectures", "publish", *_CONFIGURATION)


class Function(Resource):
    """A function from a package, with its versions."""

    token = "aws:lambda/function:Function"
    auto_name = AutoName(max_length=64)
    identity = ("name",)
    properties = {
        "name": string(replaces=True),
        "role": string(required=True),
        "code": Property(schema=FileContent(), write_only=True),
        **{name: string(write_only=True) for name in _S3_PROPERTIES},
        "codeSigningConfigArn": string(),
        "handler": string(required=True),
        "runtime": string(required=True),
        "architectures": Property(schema=ListOf(String(("arm64", "x86_64"))), default=["x86_64"]),
        "packageType": string("Zip", default="Zip", replaces=True),
        "description": string(default=""),
        "memorySize": number(128, 10240, default=128),
        "timeout": number(1, 900, default=3),
        "publish": boolean(write_only=True),
        "reservedConcurrentExecutions": number(-1, default=-1),
        "environment": Property(schema=Object({"variables": Property(schema=MapOf(String()))})),
        "kmsKeyArn": Property(schema=KmsKeyId()),
        "deadLetterConfig": Property(schema=Object({"targetArn": string(required=True)})),
        "loggingConfig": Property(
            schema=Object(
                {
                    "logFormat": string("JSON", "Text", required=True),
                    "logGroup": string(default=CHOSEN_BY_AWS),
                    "applicationLogLevel": string(default=CHOSEN_BY_AWS),
                    "systemLogLevel": string(default=CHOSEN_BY_AWS),
                }
            ),
            default=CHOSEN_BY_AWS,
        ),
        "tracingConfig": Property(
            schema=Object({"mode": string("Active", "PassThrough", required=True)}), default=CHOSEN_BY_AWS
        ),
        "ephemeralStorage": Property(schema=Object({"size": number(512, 10240, default=512)}), default=CHOSEN_BY_AWS),
        "vpcConfig": Property(
            schema=Object({name: Property(schema=SetOf(String()), required=True) for name in _VPC_KEYS})
        ),
        "sourceCodeHash": string(default=CHOSEN_BY_AWS, write_only=True),
        "tags": TAGS,
        "arn": output(),
        "invokeArn": output(),
        "lastModified": output(*_PUBLISHING_PROPERTIES),
        "version": output(*_PUBLISHING_PROPERTIES),
        "qualifiedArn": output(*_PUBLISHING_PROPERTIES),
        "qualifiedInvokeArn": output(*_PUBLISHING_PROPERTIES),
        "sourceCodeSize": Property(schema=Number(), computed=True, derived_from=("code", *_S3_PROPERTIES)),
    }

    def validate(self, inputs: Inputs) -> Mapping[str, str]:
        in_s3 = "s3Bucket" in inputs and "s3Key" in inputs
        return {} if ("code" in inputs) != in_s3 else {"code": "give either code, or s3Bucket and s3Key"}

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        aws.client("lambda").create_function(
            FunctionName=inputs["name"],
            Code={"ZipFile": _package(aws, inputs)},
            Architectures=inputs.get("architectures", ["x86_64"]),
            Tags={**aws.tags(inputs), _RUNTIME_TAG: inputs["runtime"]},
            **_configuration(inputs),
        )
        return str(inputs["name"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        client = aws.client("lambda")
        _wait_until_ready(client, id_)
        actual = client.get_function(FunctionName=id_)
        self._converge_signing(client, id_, inputs.get("codeSigningConfigArn", ""))
        self._converge_code(aws, id_, inputs, actual["Configuration"])
        self._converge_configuration(client, id_, inputs, actual["Configuration"])
        self._converge_concurrency(client, id_, inputs, actual.get("Concurrency", {}))
        self._converge_tags(aws, inputs, actual)
        if inputs.get("publish"):
            client.publish_version(FunctionName=id_)  # returns the latest one again if nothing has changed

    def _converge_signing(self, client: AwsClient, id_: str, wanted: str) -> None:
        if wanted == client.get_function_code_signing_config(FunctionName=id_).get("CodeSigningConfigArn", ""):
            return
        if wanted:
            client.put_function_code_signing_config(FunctionName=id_, CodeSigningConfigArn=wanted)
        else:
            client.delete_function_code_signing_config(FunctionName=id_)

    def _converge_code(self, aws: Aws, id_: str, inputs: Inputs, actual: ReadonlyValues) -> None:
        package = _package(aws, inputs)
        architectures = inputs.get("architectures", ["x86_64"])
        if (actual["CodeSha256"], actual.get("Architectures")) != (code_sha256(package), architectures):
            client = aws.client("lambda")
            client.update_function_code(FunctionName=id_, ZipFile=package, Architectures=architectures)
            _wait_until_ready(client, id_)

    def _converge_configuration(self, client: AwsClient, id_: str, inputs: Inputs, actual: ReadonlyValues) -> None:
        wanted = _configuration(inputs)
        if any(
            _comparable_setting(name, actual.get(name)) != _comparable_setting(name, value)
            for name, value in wanted.items()
        ):
            client.update_function_configuration(FunctionName=id_, **wanted)
            _wait_until_ready(client, id_)

    def _converge_concurrency(self, client: AwsClient, id_: str, inputs: Inputs, actual: ReadonlyValues) -> None:
        wanted, present = (
            inputs.get("reservedConcurrentExecutions", -1),
            actual.get("ReservedConcurrentExecutions", -1),
        )
        if wanted == present:
            return
        if wanted < 0:
            client.delete_function_concurrency(FunctionName=id_)
        else:
            client.put_function_concurrency(FunctionName=id_, ReservedConcurrentExecutions=wanted)

    def _converge_tags(self, aws: Aws, inputs: Inputs, actual: ReadonlyValues) -> None:
        client, arn = aws.client("lambda"), actual["Configuration"]["FunctionArn"]
        runtime_tag = {_RUNTIME_TAG: inputs["runtime"]}
        sync_tags(client, aws, inputs, actual.get("Tags", {}), pairs=dict, provider_tags=runtime_tag, Resource=arn)

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        client = aws.client("lambda")
        fact = fetch_or_none(client.get_function, FunctionName=id_)
        if fact is None:
            return None
        configuration, tags = fact["Configuration"], dict(fact.get("Tags", {}))
        signing = client.get_function_code_signing_config(FunctionName=id_).get("CodeSigningConfigArn")
        version = client.list_versions_by_function(FunctionName=id_)["Versions"][-1]["Version"]
        arn = configuration["FunctionArn"]
        return {
            **_function_outputs(configuration),
            "runtime": tags.pop(_RUNTIME_TAG, configuration.get("Runtime")),
            "reservedConcurrentExecutions": fact.get("Concurrency", {}).get("ReservedConcurrentExecutions", -1),
            "codeSigningConfigArn": signing or None,
            "tags": tags,
            "version": version,
            "qualifiedArn": f"{arn}:{version}",
            "invokeArn": invoke_arn(aws, arn),
            "qualifiedInvokeArn": invoke_arn(aws, f"{arn}:{version}"),
        }

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        with ignore_not_found():
            aws.client("lambda").delete_function(FunctionName=id_)


def _package(aws: Aws, inputs: Inputs) -> bytes:
    """Return the package that runs here, after checking that its signer is trusted."""
    archive, signer = inputs.get("code"), None
    if archive is None:
        version = inputs.get("s3ObjectVersion")
        archive, signer = load_from_s3(aws.client("s3"), inputs["s3Bucket"], inputs["s3Key"], version, aws.folder)
    signing = inputs.get("codeSigningConfigArn")
    if signing and (refusal := untrusted_signer_reason(aws, signing, signer)):
        raise ProviderError(f"AWS says InvalidCodeSignatureException: {refusal}")
    return build_runnable(archive, inputs["runtime"], aws.folder)


def _configuration(inputs: Inputs) -> Values:
    """Return the settings of CreateFunction and UpdateFunctionConfiguration; missing ones are reset."""
    logging = inputs.get("loggingConfig") or {}
    return {
        "Runtime": "provided.al2023",
        "Handler": inputs["handler"],
        "Role": inputs["role"],
        "Description": inputs.get("description", ""),
        "MemorySize": inputs.get("memorySize", 128),
        "Timeout": inputs.get("timeout", 3),
        "Environment": {"Variables": dict((inputs.get("environment") or {}).get("variables") or {})},
        "KMSKeyArn": inputs.get("kmsKeyArn") or "",
        "DeadLetterConfig": {"TargetArn": (inputs.get("deadLetterConfig") or {}).get("targetArn", "")},
        "TracingConfig": {"Mode": (inputs.get("tracingConfig") or {}).get("mode", "PassThrough")},
        "EphemeralStorage": {"Size": (inputs.get("ephemeralStorage") or {}).get("size", 512)},
        "VpcConfig": {
            name: (inputs.get("vpcConfig") or {}).get(property_name, []) for property_name, name in _VPC_KEYS.items()
        },
        **(
            {
                "LoggingConfig": without_none(
                    {
                        "LogFormat": logging["logFormat"],
                        "LogGroup": logging.get("logGroup"),
                        "ApplicationLogLevel": logging.get("applicationLogLevel"),
                        "SystemLogLevel": logging.get("systemLogLevel"),
                    }
                )
            }
            if logging
            else {}
        ),
    }


def _comparable_setting(name: str, value: Any) -> Any:
    """Restore empty values, which AWS leaves out, and remove the levels that it adds to a logging configuration."""
    if name == "LoggingConfig" and isinstance(value, Mapping):
        return {key: value.get(key) for key in ("LogFormat", "LogGroup")}
    if name == "VpcConfig":
        return {key: sorted((value or {}).get(key) or []) for key in _VPC_KEYS.values()}
    if isinstance(value, Mapping):
        return {key: item for key, item in value.items() if item not in ("", None, {})} or None
    return value or None


def _function_outputs(fact: ReadonlyValues) -> Outputs:
    variables = fact.get("Environment", {}).get("Variables")
    dead_letters = fact.get("DeadLetterConfig", {}).get("TargetArn")
    logging = fact.get("LoggingConfig", {})
    network = fact.get("VpcConfig", {})
    return {
        "name": fact["FunctionName"],
        "arn": fact["FunctionArn"],
        "role": fact["Role"],
        "handler": fact["Handler"],
        "architectures": fact.get("Architectures", ["x86_64"]),
        "packageType": fact.get("PackageType", "Zip"),
        "description": fact.get("Description", ""),
        "memorySize": fact["MemorySize"],
        "timeout": fact["Timeout"],
        "environment": {"variables": variables} if variables else None,
        "kmsKeyArn": fact.get("KMSKeyArn") or None,
        "deadLetterConfig": {"targetArn": dead_letters} if dead_letters else None,
        "vpcConfig": {property_name: network[name] for property_name, name in _VPC_KEYS.items()}
        if network.get("SubnetIds")
        else None,
        "loggingConfig": without_none(
            {
                "logFormat": logging.get("LogFormat", "Text"),
                "logGroup": logging.get("LogGroup"),
                "applicationLogLevel": logging.get("ApplicationLogLevel"),
                "systemLogLevel": logging.get("SystemLogLevel"),
            }
        ),
        "tracingConfig": {"mode": fact.get("TracingConfig", {}).get("Mode", "PassThrough")},
        "ephemeralStorage": {"size": fact.get("EphemeralStorage", {}).get("Size", 512)},
        "lastModified": fact["LastModified"],
        "sourceCodeSize": fact["CodeSize"],
    }


def _wait_until_ready(client: AwsClient, name: str) -> None:
    """Wait for an earlier change, during which a function cannot be changed."""
    for _ in range(200):
        fact = client.get_function_configuration(FunctionName=name)
        if fact.get("State", "Active") == "Active" and fact.get("LastUpdateStatus", "Successful") == "Successful":
            return
        time.sleep(0.05)
