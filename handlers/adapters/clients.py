"""The AWS operations that the adapters use, and the meaning of their errors."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as BrokenConnection

from ..domain.errors import Unavailable

Reply = Mapping[str, Any]  # JSON-like, as botocore returns it
Operation = Callable[..., Reply]


class DynamoDBClient(Protocol):
    """The operations of `boto3.client("dynamodb")` that the adapters use."""

    def get_item(self, **request: object) -> Reply: ...
    def put_item(self, **request: object) -> Reply: ...
    def update_item(self, **request: object) -> Reply: ...
    def transact_write_items(self, **request: object) -> Reply: ...
    def query(self, **request: object) -> Reply: ...


class S3Client(Protocol):
    """The operations of `boto3.client("s3")` that the adapters use."""

    def put_object(self, **request: object) -> Reply: ...
    def get_object(self, **request: object) -> Reply: ...
    def list_objects_v2(self, **request: object) -> Reply: ...
    def list_object_versions(self, **request: object) -> Reply: ...


class KMSClient(Protocol):
    """The operations of `boto3.client("kms")` that the adapters use."""

    def sign(self, **request: object) -> Reply: ...
    def verify(self, **request: object) -> Reply: ...
    def generate_mac(self, **request: object) -> Reply: ...
    def verify_mac(self, **request: object) -> Reply: ...


class EventsClient(Protocol):
    """The operations of `boto3.client("events")` that the adapters use."""

    def put_events(self, **request: object) -> Reply: ...


class SQSClient(Protocol):
    """The operations of `boto3.client("sqs")` that the adapters use."""

    def send_message(self, **request: object) -> Reply: ...
    def receive_message(self, **request: object) -> Reply: ...
    def delete_message(self, **request: object) -> Reply: ...


class StepFunctionsClient(Protocol):
    """The operations of `boto3.client("stepfunctions")` that the API uses."""

    def start_execution(self, **request: object) -> Reply: ...
    def start_sync_execution(self, **request: object) -> Reply: ...
    def describe_execution(self, **request: object) -> Reply: ...


TRANSIENT: Final = frozenset(
    {
        "ConditionalRequestConflict",
        "ExecutionLimitExceeded",
        "InternalError",
        "InternalException",
        "InternalFailure",
        "InternalServerError",
        "KMSInternalException",
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
"""Error codes after which the same call may succeed.

Source: the error pages of DynamoDB, EventBridge, KMS, S3, SQS and Step Functions.
"""


def code_of(error: ClientError) -> str:
    """Return the error code of a failed call."""
    return str(error.response.get("Error", {}).get("Code", ""))


def call(operation: Operation, **request: object) -> Reply:
    """Call an AWS operation.

    Raises:
        Unavailable: a throttle, a 5xx, a timeout or a broken connection. The call may or may not have taken effect.
        ClientError: AWS rejected the request itself.
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
