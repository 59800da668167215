"""Orders that a newer release has continued: this release reads their chain and their stored answers, and no more.

Folding such a ledger would mean guessing what an unknown entry does to the money. So there are no totals, nothing is
written, and a request is answered with what is stored, or told that nothing was begun (law 39).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from .answers import Answer, Code
from .canonical import Json
from .errors import BookingError
from .ledger import Kind, subject_of
from .order import AcceptedRequest
from .outcomes import refuse_reused_key
from .requests import Request

_KINDS: Final = frozenset(kind.value for kind in Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOnlyOrder:
    """A stored order whose ledger holds an entry of a kind that this release does not know."""

    order_id: str
    currency: str
    entries: Sequence[Mapping[str, Json]]
    requests: Mapping[str, AcceptedRequest]
    salt: str

    @property
    def unknown(self) -> Mapping[str, Json]:
        """The first entry that this release cannot fold."""
        return next(entry for entry in self.entries if not is_known(entry))

    def find_request(self, key: str) -> AcceptedRequest | None:
        """Return the request that a gateway key belongs to, or None."""
        return self.requests.get(key) or self.requests.get(subject_of(key))


class NewerRelease(BookingError):
    """An order cannot be folded by this release; `order` is what can be read of it."""

    def __init__(self, order: ReadOnlyOrder) -> None:
        unknown = order.unknown
        super().__init__(
            f"Entry {unknown['seq']} ({unknown['type']}) of order {order.order_id} was written by a newer release. "
            "This release must not change the order; deploy the newer release to continue it."
        )
        self.order = order


def is_known(entry: Mapping[str, Json]) -> bool:
    """Tell whether this release knows the kind of a stored entry."""
    return entry.get("type") in _KINDS


def answer_read_only(order: ReadOnlyOrder, request: Request) -> tuple[Answer, bool]:
    """Return a request's stored answer as a replay; without one, tell that this release neither knows nor begins it."""
    accepted = order.find_request(request.key)
    if accepted is None:
        return _refuse(order, request, "failed", "Nothing was begun."), False
    if not accepted.is_repeated_by(request, order.salt):
        return refuse_reused_key(request), False
    if accepted.answer is None:
        return _refuse(order, request, "unknown", "The request was begun, and only that release can tell more."), False
    return replace(accepted.answer, erased=accepted.erased), True


def _refuse(order: ReadOnlyOrder, request: Request, status: str, outcome: str) -> Answer:
    return Answer(
        status=status,
        code=Code.NEWER_RELEASE,
        message=f"Order {order.order_id} was continued by a newer release, and this one must not change it. {outcome} "
        "Repeat the same request once the newer release is deployed again.",
        action=request.action,
        request_id=request.request_id,
        order_id=order.order_id,
        currency=order.currency,
    )
