"""Transactions, and the reasons why DynamoDB cancels one."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from botocore.exceptions import ClientError

from ...domain.errors import Unavailable
from ..clients import DynamoDBClient, Reply, call, code_of

CONFLICTS: Final = ("TransactionConflict", "TransactionConflictException")
"""Another transaction was running on the same item. Nothing was decided, so the write may be repeated."""

FAILED: Final = "ConditionalCheckFailed"
"""The condition of this write did not hold."""

_THROTTLES: Final = frozenset({"ThrottlingError", "ProvisionedThroughputExceeded", "InternalServerError"})


def transact(client: DynamoDBClient, writes: Sequence[Mapping[str, Any]]) -> Sequence[Reply] | None:
    """Write all or nothing; return None if written, else the cancellation reason of each write.

    Raises:
        Unavailable: DynamoDB throttled or failed.
        ClientError: a reason that is neither a condition nor a conflict, which is a bug.
    """
    try:
        call(client.transact_write_items, TransactItems=writes)
    except ClientError as error:
        if code_of(error) != "TransactionCanceledException":
            raise
        return _decisive(cast("Sequence[Reply]", error.response.get("CancellationReasons", ())), error)
    return None


def _decisive(reasons: Sequence[Reply], error: ClientError) -> Sequence[Reply]:
    codes = {str(reason.get("Code")) for reason in reasons}
    if codes & _THROTTLES:
        raise Unavailable(str(error)) from error
    if not codes or codes - {"None", FAILED, *CONFLICTS}:
        raise error
    return reasons
