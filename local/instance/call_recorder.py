"""Record every AWS call of a function, one JSON line each.

This runs inside the function's process, so it imports only what AWS's runtime has. `recorded_calls` reads the file.
"""

import json
import os
from typing import Any


def record_calls(path: str) -> None:
    """Append each call of every client to the file."""
    from botocore.client import BaseClient

    client: Any = BaseClient  # the method is private, but it is the one place that every call passes
    original_call = client._make_api_call

    def record_and_call(self: Any, operation_name: str, api_params: dict[str, Any]) -> Any:
        _write(path, self.meta.service_model.service_name, operation_name, api_params)
        return original_call(self, operation_name, api_params)

    client._make_api_call = record_and_call


def _write(path: str, service: str, operation: str, parameters: dict[str, Any]) -> None:
    line = {
        "function": os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        "service": service,
        "operation": operation,
        "parameters": json.loads(json.dumps(parameters, default=str)),
    }
    with open(path, "a") as file:  # noqa: PTH123 - as little as possible is imported here
        file.write(json.dumps(line) + "\n")
