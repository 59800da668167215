"""A typical function for comparison: boto3, pydantic, and Powertools' logger, metrics and idempotency.

It validates the same request, makes the same calls and ignores the answers. Idempotency adds two calls, as in any
function that uses it.
"""

import os
from typing import Annotated, Any, Literal

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent
from pydantic import BaseModel, ConfigDict, Field

logger = Logger(service="fat")
metrics = Metrics(namespace="Fat", service="fat")
persistence = DynamoDBPersistenceLayer(table_name="idempotency")
idempotency = IdempotencyConfig()  # the key is a hash of the event


class FatLine(BaseModel):
    """A number of units of one SKU."""

    model_config = ConfigDict(strict=True, extra="forbid")

    sku: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
    quantity: Annotated[int, Field(ge=1)]
    unit_price_minor: Annotated[int, Field(ge=1)]


class FatPurchase(BaseModel):
    """A request to buy lines."""

    model_config = ConfigDict(strict=True, extra="forbid")

    action: Literal["purchase"]
    request_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
    customer_id: str
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    lines: list[FatLine]
    payment_method: str


class FatRefund(BaseModel):
    """A request to refund an amount."""

    model_config = ConfigDict(strict=True, extra="forbid")

    action: Literal["refund"]
    request_id: str
    order_id: str
    requested_by: str
    reason: str
    amount_minor: Annotated[int, Field(ge=1)] | None = None


class FatEvent(BaseModel):
    """The input of the function."""

    execution: str = ""
    request: Annotated[FatPurchase | FatRefund, Field(discriminator="action")] | None = None


calls: list[tuple[str, str, dict[str, Any]]] = []  # the calls of the conversation, filled by the importer
clients: dict[str, Any] = {}


@idempotent(persistence_store=persistence, config=idempotency)
@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Validate the event, make the calls, log and count."""
    message = FatEvent.model_validate(event)
    for service, operation, request in calls:
        if service not in clients:
            clients[service] = boto3.client(service)  # pyright: ignore[reportArgumentType]
        getattr(clients[service], operation)(**request)
    metrics.add_metric(name="Requests", unit=MetricUnit.Count, value=1)
    logger.info("done", extra={"execution": message.execution, "stage": os.environ.get("BOOKING_STAGE")})
    return {"status": "succeeded"}
