"""CreateTable requests for the tables with schemas in the handlers."""

from typing import Any

from handlers.contracts.storage import TableSchema


def table_request(name: str, schema: TableSchema) -> dict[str, Any]:
    """Return the request that creates a table: on the fake, on DynamoDB Local and on the embedded AWS."""
    request: dict[str, Any] = {
        "TableName": name,
        "KeySchema": [{"AttributeName": schema.hash_key, "KeyType": "HASH"}],
        "AttributeDefinitions": [
            {"AttributeName": attribute, "AttributeType": "S"} for attribute in schema.key_attributes()
        ],
        "BillingMode": "PAY_PER_REQUEST",
    }
    if schema.indexes:
        request["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index.name,
                "KeySchema": [
                    {"AttributeName": index.hash_key, "KeyType": "HASH"},
                    {"AttributeName": index.range_key, "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": index.projection},
            }
            for index in schema.indexes
        ]
    return request
