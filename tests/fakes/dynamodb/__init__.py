"""An in-memory DynamoDB with a boto3 client's interface, compared with DynamoDB Local by tests/contract."""

from .client import FakeDynamoDB
from .errors import MODELLED, refusal

__all__ = ["MODELLED", "FakeDynamoDB", "refusal"]
