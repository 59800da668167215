"""Condition keys that our policies rely on and MiniStack 1.5.33 does not provide.

- *DynamoDB*: the leading key of each item that a request names, and every top-level attribute that it names.
  Source: DynamoDB developer guide, "Using IAM policy conditions for fine-grained access control".
- *S3*: the conditional headers of a put, and whether the request creates an object.
  Source: Amazon S3 user guide, "Enforce conditional writes on Amazon S3 buckets".

`patches` adds them to MiniStack's evaluator. They are pure functions of a request, so they are tested without
MiniStack.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..provider.property_values import ReadonlyValues

LEADING_KEYS: Final = "dynamodb:LeadingKeys"
ATTRIBUTES: Final = "dynamodb:Attributes"

Context = dict[str, Any]  # the input of MiniStack's evaluator: a string or a list of strings per condition key

_EXPRESSIONS: Final = (
    *("UpdateExpression", "ConditionExpression", "ProjectionExpression"),
    *("KeyConditionExpression", "FilterExpression"),
)
_PATH: Final = re.compile(r"[:#]?[A-Za-z_][\w]*(?:\.#?\w+|\[\d+\])*\s*\(?")
_KEYWORDS: Final = frozenset({"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "BETWEEN", "IN"})


def item_context(request: ReadonlyValues, hash_key: str) -> Context:
    """Return the condition keys of one item's request: a single-item operation, a query, or a part of a transaction."""
    leading = _leading_key(request, hash_key)
    named = sorted({*_keys(request), *_named_in_expressions(request)})
    return {**({LEADING_KEYS: [leading]} if leading is not None else {}), **({ATTRIBUTES: named} if named else {})}


def put_context(headers: Mapping[str, str], query: ReadonlyValues) -> Context:
    """Return the condition keys of an `s3:PutObject`; an uploaded part creates no object, but the completion does."""
    creates = "partNumber" not in query and "uploads" not in query
    found: Context = {"s3:ObjectCreationOperation": str(creates).lower()}
    for header, key in _CONDITIONAL_HEADERS.items():
        if headers.get(header):
            found[key] = headers[header]
    return found


_CONDITIONAL_HEADERS: Final = {
    "if-none-match": "s3:if-none-match",
    "if-match": "s3:if-match",
    "x-amz-server-side-encryption-aws-kms-key-id": "s3:x-amz-server-side-encryption-aws-kms-key-id",
}


def transaction_items(body: bytes) -> Iterator[tuple[str, ReadonlyValues]]:
    """Yield the kind (`Put`) and the request of each item of a transaction, in its order."""
    for item in json.loads(body or b"{}").get("TransactItems", ()):
        yield from ((kind, request) for kind, request in item.items() if isinstance(request, Mapping))


def _keys(request: ReadonlyValues) -> Iterator[str]:
    for name in ("Item", "Key"):
        yield from request.get(name, {})


def _leading_key(request: ReadonlyValues, hash_key: str) -> str | None:
    for name in ("Item", "Key"):
        if hash_key in request.get(name, {}):
            return _plain(request[name][hash_key])
    return _queried_key(request, hash_key)


def _queried_key(request: ReadonlyValues, hash_key: str) -> str | None:
    """Return the value with which a key condition compares the hash key."""
    condition, names = str(request.get("KeyConditionExpression", "")), request.get("ExpressionAttributeNames", {})
    for name, placeholder in re.findall(r"(#?\w+)\s*=\s*(:\w+)", condition):
        if names.get(name, name) == hash_key:
            return _plain(request["ExpressionAttributeValues"][placeholder])
    return None


def _named_in_expressions(request: ReadonlyValues) -> Iterator[str]:
    names = request.get("ExpressionAttributeNames", {})
    for expression in (str(request.get(name, "")) for name in _EXPRESSIONS):
        for path in _PATH.findall(expression):
            head = re.split(r"[.\[]", path, maxsplit=1)[0].strip()
            if not (head.startswith(":") or path.endswith("(") or head.upper() in _KEYWORDS):
                yield str(names.get(head, head))


def _plain(value: ReadonlyValues) -> str:
    """Return an attribute value in the evaluator's format."""
    return str(next(iter(value.values())))
