"""DynamoDB's errors, as botocore raises them.

There is one class per modelled error, so that both `except client.exceptions.ConditionalCheckFailedException` and
`except ClientError` with a check of the code work as with a real client.
"""

from typing import Any

from botocore.exceptions import ClientError


def _error_class(code: str) -> type[ClientError]:
    return type(code, (ClientError,), {"__doc__": f"DynamoDB's {code}."})


MODELLED = {
    code: _error_class(code)
    for code in (
        "ConditionalCheckFailedException",
        "IdempotentParameterMismatchException",
        "InternalServerError",
        "ItemCollectionSizeLimitExceededException",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "ResourceInUseException",
        "ResourceNotFoundException",
        "ThrottlingException",
        "TransactionCanceledException",
        "TransactionConflictException",
        "TransactionInProgressException",
    )
}

_STATUS = {"InternalServerError": 500, "ServiceUnavailable": 503}


class Exceptions:
    """`client.exceptions`: the modelled errors by name, and ClientError."""

    ClientError = ClientError

    def __getattr__(self, code: str) -> type[ClientError]:
        try:
            return MODELLED[code]
        except KeyError:
            raise AttributeError(f"DynamoDB models no error named {code}") from None


def refusal(code: str, message: str, operation: str = "", **members: Any) -> ClientError:
    """Return the error that a client raises for `code`, with the error's own `members` (Item, CancellationReasons)."""
    response: dict[str, Any] = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"RequestId": "FAKE", "HTTPStatusCode": _STATUS.get(code, 400), "RetryAttempts": 0},
        **members,
    }
    if code not in ("ConditionalCheckFailedException", "ValidationException"):
        response["message"] = message
    return MODELLED.get(code, ClientError)(response, operation)  # type: ignore[arg-type]


def invalid(message: str) -> ClientError:
    """Return a ValidationException."""
    return refusal("ValidationException", message)
