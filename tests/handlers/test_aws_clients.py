"""Our clients of AWS sign and send what boto3's do, in every partition."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import BotoCoreError, EndpointResolutionError

from handlers.adapters.aws_clients import SERVICES, client_factory

CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "dynamodb": ("get_item", {"TableName": "orders", "Key": {"pk": {"S": "ORDER#1"}}}),
    "events": ("put_events", {"Entries": [{"Source": "a", "DetailType": "b", "Detail": "{}"}]}),
    "kms": ("generate_mac", {"Message": b"m", "KeyId": "k", "MacAlgorithm": "HMAC_SHA_256"}),
    "s3": ("put_object", {"Bucket": "audit", "Key": "2026/a b.json", "Body": b"{}", "IfNoneMatch": "*"}),
    "secretsmanager": ("get_secret_value", {"SecretId": "s"}),
    "sqs": ("send_message", {"QueueUrl": "https://sqs.example/1/q", "MessageBody": "m"}),
    "stepfunctions": ("start_execution", {"stateMachineArn": "arn:aws:states:a:1:stateMachine:m", "input": "{}"}),
}
REGIONS = ("eu-central-1", "us-east-1", "cn-north-1", "us-gov-west-1")


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b"), ("AWS_SESSION_TOKEN", "c")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")


def test_every_service_has_a_call_to_compare() -> None:
    """No service of the functions is left out of the comparison with boto3."""
    assert set(CALLS) == set(SERVICES)


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("variable", ["", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"])
def test_requests_are_sent_and_signed_as_boto3_does(
    region: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same address and headers, and a signature of the same scope over the same headers."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    if variable:
        monkeypatch.setenv(variable, "true")
    ours, session = client_factory(timedelta(seconds=5)), boto3.session.Session()
    config = Config(retries={"total_max_attempts": 2, "mode": "standard"})
    make: Any = session.client
    for service in SERVICES:
        assert _capture_request(ours, service) == _capture_request(lambda name: make(name, config=config), service)


def _capture_request(make: Callable[[str], Any], service: str) -> Any:
    """Return what a client sends, but for what differs from call to call, or why it cannot (China has no FIPS)."""
    try:
        client = make(service)
    except BotoCoreError as error:
        return str(error)
    seen: list[Any] = []

    def keep(request: Any, **_: Any) -> AWSResponse:
        headers = {name.lower(): str(value) for name, value in request.headers.items()}
        scope = headers.pop("authorization").split("Signature=")[0]
        for name in ("user-agent", "x-amz-date", "amz-sdk-invocation-id", "x-amzn-trace-id"):
            headers.pop(name, None)
        seen.append((request.method, request.url, scope.replace(scope.split("/")[1], "date"), sorted(headers.items())))
        return AWSResponse(request.url, 200, {}, _Empty())

    client.meta.events.register("before-send", keep)
    operation, request = CALLS[service]
    try:
        getattr(client, operation)(**request)
    except EndpointResolutionError as error:
        return str(error)
    return seen


class _Empty:
    """The body of an answer."""

    def stream(self) -> Any:
        yield b""

    def read(self) -> bytes:
        return b""


def test_a_call_ends_within_the_timeout_with_its_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 15 (ambiguity): a call that hangs ends before its function does."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    config = client_factory(timedelta(seconds=6))("dynamodb").meta.config
    assert (config.connect_timeout + config.read_timeout) * config.retries["total_max_attempts"] == 6
