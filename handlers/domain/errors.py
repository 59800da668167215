"""What is raised; a business refusal never is, it is an answer.

    BookingError
    ├── Unavailable              try again, nothing is decided        (wire name: Step Functions retries it)
    ├── PaymentOutcomeUnknown    try again with the same gateway key  (wire name: Step Functions retries it)
    ├── LedgerBroken             a stored ledger holds what no transition allows; a bug or tampering
    └── AuditContradiction       another record lies where this one belongs; a bug or tampering

A class name marked so is matched by workflow/booking.py: renaming it changes the wire.
"""


class BookingError(Exception):
    """The root of what this system raises itself."""


class Unavailable(BookingError):
    """A service did not serve, or every try lost its race; the same call may succeed later."""


class PaymentOutcomeUnknown(BookingError):
    """The gateway was asked and no answer came: money may have moved, so only the same key may ask again."""


class LedgerBroken(BookingError):
    """A ledger holds an entry that no transition allows."""


class AuditContradiction(BookingError):
    """The audit log holds a different record under the key of this one."""
