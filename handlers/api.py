"""The api function: serve the routes of the API to callers whose token API Gateway has verified."""

from collections.abc import Mapping
from typing import Any, Final

from .runtime.api.answering import answer
from .runtime.api.api_dependencies import ApiServices
from .runtime.dependencies import dependencies

REQUIRED_SETTINGS: Final = (
    *("stage", "orders_table", "audit_bucket", "machine", "is_express", "proof_key", "sdk_timeout"),
    *("gateway", "issuer", "audiences", "roles_claim", "api_wait_seconds"),
)


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Run the Lambda function."""
    return answer(event, ApiServices(deps=dependencies(*REQUIRED_SETTINGS)))
