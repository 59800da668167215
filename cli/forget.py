"""`booking forget`: erase the free text of an order, of every order of a customer, or of a closed orphan."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from rich.console import Console

from console.order_lists import OrderLists
from handlers.adapters.dynamodb.sweep_items import OrphanErasure
from handlers.domain.canonical import format_instant
from handlers.domain.errors import LedgerBroken, OrderIncomplete
from handlers.domain.order import NewerRelease, Order
from handlers.domain.ports import OrderRepository, RetryPolicy, StaleOrder
from handlers.domain.rules.erasure import ErasureRefused, erase_text

from .booking_verbs import booking_target
from .command_errors import CommandFailed, UsageError
from .confirmation import YesOption, confirm
from .order_view import load_order, order_store
from .orphan_closing import orphan_store
from .output import JsonOption, count, show, table
from .reconcile import run_reconcile
from .request_input import parse_identifier
from .target import DeploymentTarget, InstanceOption, StageOption

ERASED: Final = "erased"
REFUSED: Final = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderErasure:
    """The outcome for one order: `erased`, `nothing to erase` or `refused`, and the number of its texts."""

    order_id: str
    outcome: str
    texts: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Eraser:
    """Erases the text of orders by conditional writes; with `dry_run` it only reports what it would do."""

    orders: OrderRepository
    requested_by: str
    dry_run: bool = False

    def erase(self, order_id: str) -> OrderErasure:
        """Erase the text of one order in its state at each write.

        An order that cannot be read is refused: a newer release has continued it, an attribute is missing, or its
        ledger is broken.
        """
        try:
            return self._erase(order_id)
        except (NewerRelease, OrderIncomplete) as unreadable:
            return OrderErasure(order_id=order_id, outcome=REFUSED, reason=str(unreadable))
        except LedgerBroken as broken:
            reason = f"Its ledger is broken: {broken} `booking audit verify` reports it."
            return OrderErasure(order_id=order_id, outcome=REFUSED, reason=reason)

    def _erase(self, order_id: str) -> OrderErasure:
        order = self.orders.load(order_id)
        if order is None:
            raise CommandFailed(f"Order {order_id} no longer exists.")
        texts = 0
        while True:
            erased = self._erase_some(order)
            if isinstance(erased, OrderErasure):
                return replace(erased, texts=erased.texts + texts)
            texts += _count_texts(order) - _count_texts(erased)
            if all(accepted.erased for accepted in erased.requests.values()):
                return OrderErasure(order_id=order_id, outcome=ERASED, texts=texts)
            order = erased

    def _erase_some(self, order: Order) -> OrderErasure | Order:
        """Erase as many texts as one write can, and return the order after it, or the outcome without a write."""
        for _ in RetryPolicy.without_delays().attempts(order.order_id):
            outcome = self._write(order)
            if not isinstance(outcome, StaleOrder):
                return outcome
            order = outcome.current
        raise AssertionError("attempts() ends by raising")

    def _write(self, order: Order) -> OrderErasure | Order | StaleOrder:
        now = format_instant(datetime.now(UTC))
        change = erase_text(order, self.requested_by, secrets.token_hex(16), now)
        if change is None:
            return OrderErasure(order_id=order.order_id, outcome="nothing to erase")
        if isinstance(change, ErasureRefused):
            return OrderErasure(order_id=order.order_id, outcome=REFUSED, reason=change.reason)
        if self.dry_run:
            return OrderErasure(order_id=order.order_id, outcome=ERASED, texts=_count_texts(order))
        written = self.orders.append(change)
        return written if isinstance(written, StaleOrder) else written.after


def _count_texts(order: Order) -> int:
    return sum(bool(accepted.text) for accepted in order.requests.values())


def add_commands(app: typer.Typer) -> None:
    """Register the verb."""
    app.command()(forget)


def forget(
    by: Annotated[str, typer.Option(help="Id of the person who requests it; the ledger keeps it.")],
    order: Annotated[str | None, typer.Option(help="The order whose text is erased.")] = None,
    customer: Annotated[str | None, typer.Option(help="The customer whose orders' text is erased.")] = None,
    orphan: Annotated[
        str | None, typer.Option(help="The gateway's reference of a closed orphan, whose evidence is erased.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be erased, and erase nothing.")] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> int:
    """Erase reasons and payment methods, or an orphan's evidence, for ever. Ledger and audit trail stay verifiable.

    An order whose payment or refund has not ended is refused, and so is an orphan that is still open. The exit code is
    then 1.
    """
    if sum(each is not None for each in (order, customer, orphan)) != 1:
        raise UsageError("Use exactly one of --order, --customer and --orphan.")
    requested_by = parse_identifier("--by", by)
    selections = {"--order": order, "--customer": customer, "--orphan": orphan}
    [(option, name)] = [
        (option, parse_identifier(option, text)) for option, text in selections.items() if text is not None
    ]
    target = booking_target(stage, instance)
    if option == "--orphan":
        return forget_orphan(target, name, requested_by, dry_run=dry_run, yes=yes, as_json=as_json)
    order_ids = [load_order(target, name).order_id] if option == "--order" else [*_orders_of(target, name)]
    if not dry_run and order_ids:
        question = f"Erase the text of {count(len(order_ids), 'order')} for ever?"
        confirm(question, yes=yes, without_terminal="The text cannot be restored.")
    eraser = Eraser(orders=order_store(target), requested_by=requested_by, dry_run=dry_run)
    return erase_and_show(eraser, order_ids, lambda order_id: run_reconcile(target, order_id=order_id), as_json=as_json)


def forget_orphan(target: DeploymentTarget, reference: str, by: str, *, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Erase the evidence with which two people closed an orphan, show the outcome, and return the exit code."""
    if not dry_run:
        confirm(f"Erase the evidence of {reference} for ever?", yes=yes, without_terminal="It cannot be restored.")
    now = format_instant(datetime.now(UTC))
    erasure = orphan_store(target).erase_orphan(reference, by, now, dry_run=dry_run)
    if erasure is OrphanErasure.UNKNOWN:
        raise UsageError(f"There is no orphan {reference}. `booking reconcile` lists those that are open.")
    explanation = (
        " It is still open. Two people can close it with `booking close-orphan`." if erasure.value == REFUSED else ""
    )
    outcome = {"reference": reference, "outcome": erasure.value}
    document = {"dry_run": dry_run, "orders": list[object](), "orphan": outcome}
    outcome_text = "would be erased (dry run)" if dry_run and erasure.value == ERASED else erasure.value
    show(
        as_json,
        document,
        lambda console: console.print(f"Evidence of orphan {reference}: {outcome_text}.{explanation}"),
    )
    return 1 if erasure.value == REFUSED else 0


def erase_and_show(
    eraser: Eraser, order_ids: Sequence[str], record: Callable[[str], object], *, as_json: bool = False
) -> int:
    """Erase the text of orders, record each erasure right after it, and return the exit code.

    `record` makes reconcile write an erasure's audit object now instead of within minutes on its schedule. An error at
    one order stops the verb, which still shows the orders erased before.
    """
    erasures = list[OrderErasure]()
    try:
        for order_id in order_ids:
            erasures.append(eraser.erase(order_id))
            if erasures[-1].outcome == ERASED and not eraser.dry_run:
                record(order_id)
    finally:
        document = {"dry_run": eraser.dry_run, "orders": [asdict(each) for each in erasures]}
        show(as_json, document, lambda console: _draw(console, erasures, dry_run=eraser.dry_run))
    return 1 if any(each.outcome == REFUSED for each in erasures) else 0


def _orders_of(target: DeploymentTarget, customer: str) -> Iterator[str]:
    positions = OrderLists.of(target).of_customer(customer)
    return (position.order_id for position in positions)


def _draw(console: Console, erasures: Sequence[OrderErasure], *, dry_run: bool) -> None:
    rows = [(each.order_id, each.outcome, str(each.texts), each.reason) for each in erasures]
    title = "Erasure (dry run: nothing was erased)" if dry_run else "Erasure"
    console.print(table(title, ("order", "", "texts", ""), rows, right=("texts",)))
    console.print("Copies elsewhere expire: docs/how-to/erase-personal-data.md lists them with their times.")
