"""The detail of an order event, as consumers receive it.

Consumers must accept unknown fields: newer releases add facts, totals and kinds, but never rename or remove any within
one schema number.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class _EventModel(BaseModel):
    model_config = ConfigDict(
        strict=True,
        extra="allow",
        frozen=True,
        populate_by_name=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,
    )


class OrderTotals(_EventModel):
    """The status of an order and its totals after an entry, in minor units."""

    status: str
    """The status of the order."""
    captured_minor: int = 0
    """Paid."""
    reserved_minor: int = 0
    """Requested by refunds that have no outcome yet."""
    refunded_minor: int = 0
    """Refunded and not returned."""
    refundable_minor: int = 0
    """Captured minus refunded, reserved and disputed, never below 0."""
    disputed_minor: int = 0
    """Withdrawn by the customer's bank, in disputes that are open or lost."""


class OrderEvent(_EventModel):
    """The detail of the event of one ledger entry."""

    schema_version: int = Field(default=1, alias="schema")
    id: str
    """`<order_id>#<seq>`, the same in every repetition of the event."""
    order_id: str
    """The order."""
    seq: Annotated[int, Field(ge=1)]
    """The number of the entry in the order's ledger: 1, 2, 3, without gaps."""
    type: str
    """The kind of the entry, which is the event's detail type too."""
    at: str
    """The start of the execution that caused the entry, else `recorded_at`; ISO 8601 in UTC."""
    recorded_at: str
    """The time of writing, never before that of the previous entry."""
    subject: str
    """The order's own id, or the id of the entry's refund, capture, dispute or case."""
    amount_minor: int
    """The amount of the entry, in minor units of `currency`."""
    currency: str
    """ISO 4217."""
    customer_id: str
    """The customer named in the purchase."""
    facts: dict[str, JsonValue]
    """Facts of the entry's kind."""
    facts_omitted: bool = False
    """True if the facts would not fit into an event; read the order instead."""
    totals: OrderTotals
    """The order after the entry."""
