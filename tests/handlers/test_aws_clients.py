"""Our AWS clients sign and send the same requests as boto3's, in every partition."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import BotoCoreError, EndpointResolutionError
from botocore.httpsession import URLLib3Session

from handlers.adapters.aws_clients import FOR_CREDENTIALS, SERVICES, client_factory

CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "dynamodb": ("get_item", {"TableName": "orders", "Key": {"pk": {"S": "ORDER#1"}}}),
    "events": ("put_events", {"Entries": [{"Source": "a", "DetailType": "b", "Detail": "{}"}]}),
    "kms": ("generate_mac", {"Message": b"m", "KeyId": "k", "MacAlgorithm": "HMAC_SHA_256"}),
    "s3": ("put_object", {"Bucket": "audit", "Key": "2026/a b.json", "Body": b"{}", "IfNoneMatch": "*"}),
    "secretsmanager": ("get_secret_value", {"SecretId": "s"}),
    "sqs": ("send_message", {"QueueUrl": "https://sqs.example/1/q", "MessageBody": "m"}),
    "stepfunctions": ("start_execution", {"stateMachineArn": "arn:aws:states:a:1:stateMachine:m", "input": "{}"}),
    "signin": (
        "create_o_auth2_token",
        {"tokenInput": {"clientId": "c", "grantType": "refresh_token", "refreshToken": "r"}},
    ),
    "sso": ("get_role_credentials", {"roleName": "r", "accountId": "123456789012", "accessToken": "t"}),
    "sso-oidc": ("create_token", {"clientId": "c", "clientSecret": "s", "grantType": "refresh_token"}),
    "sts": ("assume_role", {"RoleArn": "arn:aws:iam::123456789012:role/r", "RoleSessionName": "session"}),
}
REGIONS = ("eu-central-1", "us-east-1", "cn-north-1", "us-gov-west-1")
PROFILES = """
[profile base]
aws_access_key_id = base
aws_secret_access_key = s
[profile role]
role_arn = arn:aws:iam::123456789012:role/r
source_profile = base
region = eu-central-1
"""
ASSUMED = b"""<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>assumed</AccessKeyId>
<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration>
</Credentials></AssumeRoleResult></AssumeRoleResponse>"""


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b"), ("AWS_SESSION_TOKEN", "c")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")


def test_every_service_has_a_call_to_compare() -> None:
    """No service of the functions is left out of the comparison with boto3."""
    assert set(CALLS) == {*SERVICES, *FOR_CREDENTIALS}


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("variable", ["", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"])
def test_requests_are_sent_and_signed_like_those_of_boto3(
    region: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same address and headers, and a signature of the same scope over the same headers."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    if variable:
        monkeypatch.setenv(variable, "true")
    factory, session = client_factory(timedelta(seconds=5)), boto3.session.Session()
    config = Config(retries={"total_max_attempts": 2, "mode": "standard"})
    make: Any = session.client
    for service in CALLS:
        assert _capture_request(factory, service) == _capture_request(lambda name: make(name, config=config), service)


def _capture_request(make: Callable[[str], Any], service: str) -> Any:
    """Return a client's requests without the parts that differ per call, or the error (China has no FIPS endpoints)."""
    try:
        client = make(service)
    except BotoCoreError as error:
        return str(error)
    seen: list[Any] = []

    def capture(request: Any, **_: Any) -> AWSResponse:
        headers = {name.lower(): str(value) for name, value in request.headers.items()}
        scope = headers.pop("authorization", "").split("Signature=")[0]
        for name in ("user-agent", "x-amz-date", "amz-sdk-invocation-id", "x-amzn-trace-id"):
            headers.pop(name, None)
        seen.append((request.method, request.url, re.sub(r"/\d{8}/", "/date/", scope), sorted(headers.items())))
        return AWSResponse(request.url, 200, {}, _Body(ASSUMED if service == "sts" else b""))

    client.meta.events.register("before-send", capture)
    operation, request = CALLS[service]
    try:
        getattr(client, operation)(**request)
    except EndpointResolutionError as error:
        return str(error)
    return seen


class _Body:
    """The body of an answer."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = content

    def stream(self) -> Any:
        yield self.content

    def read(self) -> bytes:
        return self.content


def test_a_profile_that_assumes_a_role_gets_its_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """People who run a verb with such a profile get the same clients as from boto3."""
    config = tmp_path / "config"
    config.write_text(PROFILES, "utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "role")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    sent: list[tuple[str, str]] = []

    def answer(_: URLLib3Session, request: Any) -> AWSResponse:
        signed_with = re.findall(r"Credential=(\w+)/", str(request.headers["Authorization"]))
        sent.append((request.url, *signed_with))
        return AWSResponse(request.url, 200, {}, _Body(ASSUMED if "sts" in request.url else b"{}"))

    monkeypatch.setattr(URLLib3Session, "send", answer)
    client_factory(timedelta(seconds=1))("dynamodb").list_tables()
    [(sts, base), (_, role)] = sent
    assert (sts, base, role) == ("https://sts.eu-central-1.amazonaws.com/", "base", "assumed")


def test_a_call_and_its_retry_end_within_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 15 (ambiguity): a call that hangs ends before its function does."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    config = client_factory(timedelta(seconds=6))("dynamodb").meta.config
    assert (config.connect_timeout + config.read_timeout) * config.retries["total_max_attempts"] == 6
