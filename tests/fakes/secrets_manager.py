"""Secrets by ARN, with a boto3 client's interface."""

from dataclasses import dataclass, field
from typing import Any

from .dynamodb import refusal
from .dynamodb.model import require_model


@dataclass(slots=True)
class FakeSecretsManager:
    """The secrets, and the number of reads."""

    secrets: dict[str, str] = field(default_factory=dict[str, str])
    reads: int = 0

    def get_secret_value(self, **request: Any) -> dict[str, Any]:
        """Return a secret."""
        require_model("GetSecretValue", request, "secretsmanager")
        self.reads += 1
        if request["SecretId"] not in self.secrets:
            raise refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        return {"ARN": request["SecretId"], "SecretString": self.secrets[request["SecretId"]]}

    def put_secret_value(self, **request: Any) -> dict[str, Any]:
        """Replace a secret."""
        require_model("PutSecretValue", request, "secretsmanager")
        self.secrets[request["SecretId"]] = request["SecretString"]
        return {"ARN": request["SecretId"]}
