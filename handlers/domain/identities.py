"""Ids that follow from what was asked, so that a repeated request is the same request for ever."""

from .canonical import digest

_LENGTH = 32  # hexadecimal digits, 128 bits: no two requests of a system meet by chance


def order_id_of(customer_id: str, request_id: str) -> str:
    """The order that a customer's request makes."""
    return f"ord_{digest(['order', customer_id, request_id])[:_LENGTH]}"


def refund_id_of(order_id: str, request_id: str) -> str:
    """The refund that a request on an order makes."""
    return f"ref_{digest(['refund', order_id, request_id])[:_LENGTH]}"
