"""Actions of the integration tests: stock the shop, write requests, read stored data."""

from collections.abc import Mapping
from typing import Any

from local.pytest_plugin import DeployedStack

STOCK = {"MUG": (800, 10_000), "TEAPOT": (2450, 10_000), "LAMP": (4990, 1)}
"""sku → price in cents, units in stock."""


def set_stock(shop: DeployedStack, sku: str, price_minor: int, available: int) -> None:
    numbers = {"schema": 1, "price_minor": price_minor, "available": available}
    texts = {"pk": f"SKU#{sku}", "sku": sku, "currency": "EUR"}
    item = {**{k: {"N": str(v)} for k, v in numbers.items()}, **{k: {"S": v} for k, v in texts.items()}}
    shop.client("dynamodb").put_item(TableName=shop.outputs["ordersTable"], Item=item)


def purchase(request_id: str, lines: Mapping[str, int] | None = None, payment_method: str = "pm_ok") -> dict[str, Any]:
    """Return a purchase as a caller writes it."""
    quantities = lines or {"MUG": 2, "TEAPOT": 1}
    return {
        "action": "purchase",
        "request_id": request_id,
        "customer_id": "customer-1",
        "currency": "EUR",
        "lines": [
            {"sku": sku, "quantity": quantity, "unit_price_minor": STOCK[sku][0]}
            for sku, quantity in quantities.items()
        ],
        "payment_method": payment_method,
    }


def refund(request_id: str, order_id: str, amount_minor: int | None = None, **rest: Any) -> dict[str, Any]:
    """Return a refund as a caller writes it."""
    amount = {} if amount_minor is None else {"amount_minor": amount_minor}
    return {
        "action": "refund",
        "request_id": request_id,
        "order_id": order_id,
        "requested_by": "agent-7",
        "reason": "The handle is scratched.",
        **amount,
        **rest,
    }


def available(shop: DeployedStack, sku: str) -> int:
    """Return the number of units of a SKU in stock."""
    key = {"pk": {"S": f"SKU#{sku}"}}
    return int(
        shop.client("dynamodb").get_item(TableName=shop.outputs["ordersTable"], Key=key)["Item"]["available"]["N"]
    )


def order(shop: DeployedStack, order_id: str) -> dict[str, Any]:
    """Return the stored order, decoded."""
    from boto3.dynamodb.types import TypeDeserializer

    key = {"pk": {"S": f"ORDER#{order_id}"}}
    item = shop.client("dynamodb").get_item(TableName=shop.outputs["ordersTable"], Key=key, ConsistentRead=True)["Item"]
    decode = TypeDeserializer().deserialize
    return {name: decode(value) for name, value in item.items()}


def audit_keys(shop: DeployedStack, prefix: str = "") -> list[str]:
    """List the keys in the audit bucket."""
    pages = shop.client("s3").get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=shop.outputs["auditBucket"], Prefix=prefix)
    return [content["Key"] for page in found for content in page.get("Contents", ())]


def erase(shop: DeployedStack, *keys: str) -> None:
    """Delete every version of audit objects, which only an administrator of a stage without compliance lock can."""
    s3, bucket = shop.client("s3"), shop.outputs["auditBucket"]
    for key in keys:
        versions = s3.list_object_versions(Bucket=bucket, Prefix=key)
        for version in (*versions.get("Versions", ()), *versions.get("DeleteMarkers", ())):
            s3.delete_object(
                Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"], BypassGovernanceRetention=True
            )
