"""Requests of our provider are judged by botocore's models of AWS: unknown, missing and ill-typed parameters fail.

Every client that the provider uses validates each request before it is sent, so every creation, update and deletion of
`tests/local` and `tests/engine` passes this judge. These tests plant errors in the requests of one resource type.
"""

from pathlib import Path
from typing import Any

import pytest

from local.errors import ResourceFailed
from local.instance import connections
from local.instance.connections import connect
from local.provider.aws import REGION, Aws
from local.provider.journal import Journal
from local.provider.provider import EmbeddedProvider

QUEUE = "aws:sqs/queue:Queue"
URN = f"urn:pulumi:dev::booking::{QUEUE}::judged"


@pytest.fixture
def provider(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> EmbeddedProvider:
    """Return the provider on an unused address: a request that passes the model fails to connect."""
    certificate, _ = connections.ensure_certificate(tmp_path_factory.getbasetemp() / "judge")
    address = f"https://127.0.0.1:{connections.free_port()}"

    def connect_to_nobody(service: str) -> Any:
        return connect(service, address, certificate, REGION)

    return EmbeddedProvider(Aws(connect=connect_to_nobody, folder=tmp_path), Journal(tmp_path / "journal.jsonl"))


@pytest.mark.parametrize(
    ("planted", "finding"),
    [
        ({"QueueName": "judged", "Fifo": True}, 'Unknown parameter in input: "Fifo"'),
        ({}, 'Missing required parameter in input: "QueueName"'),
        ({"QueueName": "judged", "tags": {"team": 1}}, "Invalid type for parameter tags.team, value: 1"),
    ],
    ids=["unknown", "missing", "ill-typed"],
)
def test_a_planted_error_is_detected_before_the_request_is_sent(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch, planted: dict[str, object], finding: str
) -> None:
    client = provider.aws.client("sqs")
    create = client.create_queue
    monkeypatch.setattr(client, "create_queue", lambda **_: create(**planted))
    with pytest.raises(ResourceFailed, match="Parameter validation failed") as failure:
        provider.create(URN, QUEUE, {"name": "judged"})
    assert finding in failure.value.reason


SERVICES = (
    *("backup", "cloudwatch", "dynamodb", "events", "iam", "kms", "lambda", "logs", "s3", "scheduler", "signer", "sns"),
    *("sqs", "ssm", "stepfunctions", "sts"),
)


@pytest.mark.parametrize("service", SERVICES)
def test_every_client_validates_its_requests(provider: EmbeddedProvider, service: str) -> None:
    assert provider.aws.client(service).meta.config.parameter_validation is True
