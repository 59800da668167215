"""Results of requests as HTTP responses: one mapping from statuses and codes to HTTP statuses."""

from collections.abc import Mapping
from typing import Any, Final

from .http_calls import ApiProblem, Reply

RETRY_AFTER_SECONDS: Final = 5

NOT_FOUND: Final = frozenset({"ORDER_NOT_FOUND"})
UNPROCESSABLE: Final = frozenset(
    {
        "CURRENCY_MISMATCH",
        "INVALID_REQUEST",
        "KEY_REUSED",
        "LINE_NOT_IN_ORDER",
        "PAYMENT_DECLINED",
        "REFUND_DECLINED",
        "SKU_NOT_FOUND",
    }
)
"""Rejection codes that are answered with 404 or 422.

Every other code is 409: it depends on the state of the order or the stock, so the same request may succeed later.
"""


def status_of_rejection(code: str | None) -> int:
    """Return the HTTP status of a rejected request."""
    return 404 if code in NOT_FOUND else 422 if code in UNPROCESSABLE else 409


def reply_with_result(result: Mapping[str, Any], handle: str) -> Reply:
    """Return the answer to a request whose result is known.

    Raises:
        ApiProblem: it was rejected or has failed.
    """
    shown = {name: value for name, value in result.items() if name != "schema" and value is not None}
    status = str(result.get("status"))
    if status == "succeeded":
        return Reply(status=200, body={**shown, "handle": handle})
    if status in ("rejected", "failed"):
        raise _problem(status, shown, handle)
    return accepted_reply(handle, shown)


def accepted_reply(handle: str, shown: Mapping[str, Any]) -> Reply:
    """Return the answer to a request that is running, or whose outcome is unknown."""
    location = {"location": f"/v1/requests/{handle}", "retry-after": "1"}
    return Reply(status=202, body={**shown, "handle": handle}, headers=location)


def service_problem(detail: str, extensions: Mapping[str, Any] | None = None) -> ApiProblem:
    """Return the problem of a service that may answer soon."""
    return ApiProblem(503, "UNAVAILABLE", detail, extensions or {}, {"retry-after": str(RETRY_AFTER_SECONDS)})


def _problem(status: str, shown: Mapping[str, Any], handle: str) -> ApiProblem:
    code, message = str(shown.get("code", "FAILED")), str(shown.get("message", ""))
    known = {"code", "message", "status"}
    extensions = {
        **{name: value for name, value in shown.items() if name not in known},
        "result": status,
        "handle": handle,
    }
    if status == "failed":
        return ApiProblem(503, code, message, extensions, {"retry-after": str(RETRY_AFTER_SECONDS)})
    return ApiProblem(status_of_rejection(code), code, message, extensions)
