"""Writes of the next release in the simulated shop, beside this one (law 39)."""

from handlers.adapters.dynamodb.attribute_values import encode
from handlers.contracts.storage import order_key
from handlers.domain.canonical import digest
from tests.simulation.changes import ORDERS_TABLE
from tests.simulation.fold import is_readable, ledger_of
from tests.simulation.services import call_number
from tests.simulation.simulated_shop import SHOP, States

UNKNOWN_KIND = "PaymentTeleported"


def continue_order(states: list[int] | States, order_id: str) -> int:
    """Return the call that appends a valid entry of an unknown kind; -1 if the order does not exist."""
    rows = SHOP["dynamodb"].states.things[states[0]][ORDERS_TABLE]
    row = rows.get((order_key(order_id),))
    if row is None or not is_readable(row):
        return -1
    last = ledger_of(row)[-1]
    entry = {**last, "seq": last["seq"] + 1, "type": UNKNOWN_KIND, "previous": last["hash"]}
    del entry["hash"]
    request = {
        "TableName": ORDERS_TABLE,
        "Key": {"pk": {"S": order_key(order_id)}},
        "UpdateExpression": "SET ledger = list_append(ledger, :entry), version = version + :one",
        "ExpressionAttributeValues": {":entry": encode([{**entry, "hash": digest(entry)}]), ":one": {"N": "1"}},
    }
    return call_number("dynamodb", "update_item", request)
