"""The lifecycles of refunds and disputes, changed by the API, the dashboard, the bank or the clock."""

from dataclasses import dataclass
from functools import partial

from tests.support.stripe import wire_objects
from tests.support.stripe.books import Books
from tests.support.stripe.card_behaviours import CARDS, RefundBehaviour
from tests.support.stripe.wire_objects import Wire

FUNDS_HELD = ("needs_response", "under_review", "lost")


@dataclass(slots=True)
class Returns:
    """Every change of refunds and disputes. A refund withdraws money when it is made, and returns it if it fails."""

    books: Books

    def refund(self, charge: Wire, amount: int, metadata: Wire, behaviour: RefundBehaviour | None = None) -> Wire:
        """Refund all or part of a charge."""
        course = behaviour or CARDS[str(charge["payment_method"])].refund
        name = self.books.new_id("re")
        created = wire_objects.refund(
            name, self.books.timestamp(), charge, amount=amount, status=course.status, metadata=metadata
        )
        self.books.store(created)
        if course.status == "failed":
            created["failure_reason"] = "declined"
        else:
            self._promise(created, charge)
        if course.status != "failed" and course.is_funded:
            self._withdraw(created)
        self.books.emit("refund.created", created)
        for later in course.later:
            self.books.schedule(later.after, partial(self.advance, created, later.status))
        return created

    def _promise(self, refund: Wire, charge: Wire) -> None:
        charge["amount_refunded"] += refund["amount"]
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self.books.emit("charge.refunded", charge)

    def _withdraw(self, refund: Wire) -> None:
        refund["balance_transaction"] = self.books.move_money(refund, -refund["amount"], "refund", "refund")["id"]

    def advance(self, refund: Wire, status: str) -> None:
        """Let the bank end a pending refund, or return one that had succeeded; a pending one can also be canceled."""
        if refund["status"] not in ("pending", "succeeded") or refund["status"] == status:
            return
        refund["status"] = status
        if status in ("failed", "canceled"):
            self._return_money(refund)
        elif not refund["balance_transaction"]:
            self._withdraw(refund)
        self.books.emit("refund.failed" if status == "failed" else "refund.updated", refund)

    def _return_money(self, refund: Wire) -> None:
        charge = self.books.objects[refund["charge"]]
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
        if not refund["balance_transaction"]:
            return
        returned = self.books.move_money(refund, refund["amount"], "refund_failure", "refund_failure")
        refund["failure_balance_transaction"], refund["failure_reason"] = returned["id"], "expired_or_canceled_card"

    def open_dispute(self, charge: Wire, amount: int, status: str = "needs_response") -> Wire:
        """Let the customer dispute a charge, or only inquire (`warning_needs_response`), which withdraws no money."""
        name = self.books.new_id("du")
        created = wire_objects.dispute(name, self.books.timestamp(), charge, amount=amount, status=status)
        self.books.store(created)
        charge["disputed"] = True
        if status in FUNDS_HELD:
            self._move(created, -amount, "dispute")
        self.books.emit("charge.dispute.created", created)
        if status in FUNDS_HELD:
            self.books.emit("charge.dispute.funds_withdrawn", created)
        return created

    def _move(self, dispute: Wire, amount: int, category: str) -> None:
        dispute["balance_transactions"].append(self.books.move_money(dispute, amount, "adjustment", category))

    def change_dispute(self, dispute: Wire, status: str) -> None:
        """Let the bank decide, or revise its decision. A won dispute is paid back, a lost one is not."""
        held, holds = dispute["status"] in FUNDS_HELD, status in FUNDS_HELD
        dispute["status"], dispute["is_charge_refundable"] = status, not holds
        if holds and not held:
            self._move(dispute, -dispute["amount"], "dispute")
            self.books.emit("charge.dispute.funds_withdrawn", dispute)
        elif held and not holds:
            self._move(dispute, dispute["amount"], "dispute_reversal")
            self.books.emit("charge.dispute.funds_reinstated", dispute)
        closed = status in ("won", "lost", "warning_closed")
        self.books.emit("charge.dispute.closed" if closed else "charge.dispute.updated", dispute)
