"""The few AWS operations that we use, as we use them, and what their failures mean."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as BrokenConnection

from ..domain.errors import Unavailable

Reply = Mapping[str, Any]  # JSON-like, as botocore hands it over
Operation = Callable[..., Reply]


class DynamoDBClient(Protocol):
    """`boto3.client("dynamodb")`, as far as we use it."""

    def get_item(self, **request: object) -> Reply: ...
    def put_item(self, **request: object) -> Reply: ...
    def update_item(self, **request: object) -> Reply: ...
    def transact_write_items(self, **request: object) -> Reply: ...
    def query(self, **request: object) -> Reply: ...


class S3Client(Protocol):
    """`boto3.client("s3")`, as far as we use it."""

    def put_object(self, **request: object) -> Reply: ...
    def get_object(self, **request: object) -> Reply: ...
    def list_objects_v2(self, **request: object) -> Reply: ...


class SQSClient(Protocol):
    """`boto3.client("sqs")`, as far as we use it."""

    def receive_message(self, **request: object) -> Reply: ...
    def delete_message(self, **request: object) -> Reply: ...


TRANSIENT: Final = frozenset(
    {
        "ConditionalRequestConflict",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "LimitExceededException",
        "OperationAborted",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
"""Codes after which the same call may succeed. Source: the error pages of DynamoDB, S3 and SQS."""


def code_of(error: ClientError) -> str:
    """AWS's name for what went wrong."""
    return str(error.response.get("Error", {}).get("Code", ""))


def call(operation: Operation, **request: object) -> Reply:
    """Make a call.

    Raises:
        Unavailable: a throttle, a 5xx, a time-out or a broken connection; whether the call had its effect is not known.
        ClientError: AWS refused the call for what it asks.
    """
    try:
        return operation(**request)
    except (BrokenConnection, HTTPClientError, IncompleteReadError) as error:
        raise Unavailable(f"{type(error).__name__}: {error}") from error
    except ClientError as error:
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if status >= 500 or code_of(error) in TRANSIENT:
            raise Unavailable(str(error)) from error
        raise
