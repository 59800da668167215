"""Inside a function's process: write down every AWS call that it makes, one JSON line each.

Runs in the function, so it imports nothing but what AWS's runtime has. `local.recording` reads what it writes.
"""

import json
import os
from typing import Any


def record(path: str) -> None:
    """Append each call of every client made from now on to the file."""
    import boto3

    boto3.setup_default_session()
    events = boto3.DEFAULT_SESSION._session.get_component("event_emitter")  # type: ignore[union-attr]
    events.register("provide-client-params.*.*", lambda params, model, **_: _write(path, params, model))


def _write(path: str, params: dict[str, Any], model: Any) -> None:
    line = {
        "function": os.environ.get("AWS_LAMBDA_FUNCTION_NAME"),
        "service": model.service_model.service_name,
        "operation": model.name,
        "parameters": json.loads(json.dumps(params, default=str)),
    }
    with open(path, "a") as file:  # noqa: PTH123 - as little as possible is imported here
        file.write(json.dumps(line) + "\n")
