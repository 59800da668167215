"""An in-memory DynamoDB with the shape of a boto3 client, held against DynamoDB Local by tests/contract."""

from .client import FakeDynamoDB
from .errors import MODELLED, refusal

__all__ = ["MODELLED", "FakeDynamoDB", "refusal"]
