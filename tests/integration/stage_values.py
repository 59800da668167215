"""Configuration of stages that differ from dev: an API that accepts the embedded AWS's tokens, an EXPRESS machine."""

import json
from pathlib import Path
from typing import Any, Final

import yaml

from local.instance.token_issuer import OWN_AUDIENCE, OWN_ISSUER

PROGRAM: Final = Path(__file__).parents[2] / "__main__.py"
DEV: Final[dict[str, Any]] = yaml.safe_load((PROGRAM.parent / "Pulumi.dev.yaml").read_text("utf-8"))["config"]
API: Final = {"booking:apiIssuer": OWN_ISSUER, "booking:apiAudiences": json.dumps([OWN_AUDIENCE])}
EXPRESS: Final = {
    **DEV,
    **API,
    "booking:workflowType": "EXPRESS",
    "booking:executionTimeoutSeconds": "24",
    "booking:alarmP99Seconds": "20",
}
