"""Errors. A refusal is never raised: it is an answer.

    BookingError
    ├── Unavailable              retry: nothing was decided (wire name: Step Functions retries it)
    ├── PaymentOutcomeUnknown    retry with the same gateway key    (wire name: Step Functions retries it)
    ├── LedgerBroken             a stored ledger contains an illegal entry: a bug or tampering
    ├── OrderIncomplete          a stored order lacks an attribute that every order has: a bug or tampering
    ├── NewerRelease             a newer release has continued the order (in order.py)
    ├── AuditRejected            the audit bucket refuses a call until somebody changes its policy or key
    └── AuditContradiction       a different audit object has the same key: a bug or tampering

The retriers in workflow/booking.py match the wire names, so renaming those classes changes the wire.
"""


class BookingError(Exception):
    """The base class of the errors that the handlers raise."""


class Unavailable(BookingError):
    """A service failed, or every attempt lost its race. The same call may succeed later."""


class PaymentOutcomeUnknown(BookingError):
    """The gateway did not answer. Money may have moved, so only the same key may be retried."""


class LedgerBroken(BookingError):
    """A ledger contains an entry that is not legal in the state before it."""


class OrderIncomplete(BookingError):
    """A stored order lacks an attribute without which no request can be compared or written."""

    def __init__(self, order_id: str, attribute: str) -> None:
        super().__init__(
            f"Order {order_id} has no attribute {attribute}, so it can be neither read nor changed. Restore the "
            "attribute from a backup of the orders table, then repeat the request."
        )


class AuditContradiction(BookingError):
    """The audit trail holds a different object under the same key."""


class AuditRejected(BookingError):
    """The audit bucket refused a call because a permission or key is missing. Grant it to write the record."""
