"""The tour: twelve bookings that demonstrate the system's guarantees, each with its expected result.

Request ids have a random suffix, so every tour makes new orders.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from handlers.domain.ledger import find_breaks
from handlers.domain.requests import order_id_of, refund_id_of
from handlers.domain.stock import AddItem, Inventory, MoveUnits, SetPrice, StockItem

from . import stock
from .command_errors import CommandFailed
from .executions import ClosedExecution, execute
from .forget import Eraser
from .order_view import load_order, order_store
from .reconcile import run_reconcile
from .target import DeploymentTarget

CUSTOMER: Final = "customer-1"
CATALOGUE: Final = (
    StockItem(sku="MUG", currency="EUR", price_minor=800, available=20),
    StockItem(sku="TEAPOT", currency="EUR", price_minor=2450, available=10),
    StockItem(sku="LAMP", currency="EUR", price_minor=4990, available=1),
)


@dataclass(slots=True, kw_only=True)
class TourState:
    """Ids that later steps use from earlier ones."""

    suffix: str = field(default_factory=lambda: secrets.token_hex(4))
    orders: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class TourStep:
    """One booking and the expected fields of its result."""

    title: str
    event: Callable[[TourState], Mapping[str, Any]]
    expected: Mapping[str, Any]
    order_name: str | None = None
    afterwards: Callable[[DeploymentTarget, ClosedExecution], object] | None = None
    """An action that completes the booking, such as reconcile; the step is then repeated."""
    expected_then: Mapping[str, Any] = field(default_factory=lambda: {"status": "succeeded", "replayed": True})
    erased_purchase: str | None = None
    """The name of a purchase; its order's text is erased before the step."""
    is_sandbox_only: bool = False
    """True if the step uses a payment method that only the sandbox has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutcome:
    """A step with its result; `mismatches` lists the fields that differ from the expected ones."""

    step: TourStep
    execution: ClosedExecution
    repeated: ClosedExecution | None
    mismatches: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the step for --json."""
        after = {} if self.repeated is None else {"after_reconcile": self.repeated.as_json()}
        return {
            "title": self.step.title,
            "result": self.execution.as_json(),
            **after,
            "surprises": list(self.mismatches),
        }


def purchase_event(
    state: TourState, name: str, payment_method: str, lines: Mapping[str, tuple[int, int]]
) -> Mapping[str, Any]:
    """Return a purchase of `lines`: SKU → (quantity, unit price in cents)."""
    return {
        "action": "purchase",
        "request_id": f"tour-{state.suffix}-{name}",
        "customer_id": CUSTOMER,
        "currency": "EUR",
        "lines": [
            {"sku": sku, "quantity": quantity, "unit_price_minor": price} for sku, (quantity, price) in lines.items()
        ],
        "payment_method": payment_method,
    }


def refund_event(state: TourState, name: str, amount_minor: int, order: str = "first") -> Mapping[str, Any]:
    """Return a refund by amount of the tour's first purchase, or of another one."""
    return {
        "action": "refund",
        "request_id": f"tour-{state.suffix}-{name}",
        "order_id": state.orders[order],
        "requested_by": "agent-7",
        "reason": "The handle is scratched.",
        "amount_minor": amount_minor,
    }


def approval_event(state: TourState, name: str) -> Mapping[str, Any]:
    """Return another person's approval of a refund of the tour's first purchase."""
    refund = refund_event(state, name, 0)
    return {
        "action": "decide",
        "request_id": f"tour-{state.suffix}-{name}-approval",
        "order_id": refund["order_id"],
        "subject": refund_id_of(refund["order_id"], refund["request_id"]),
        "decision": "approve",
        "requested_by": "lead-3",
    }


STEPS: Final = (
    TourStep(
        title="A purchase",
        event=lambda state: purchase_event(state, "buy", "pm_ok", {"MUG": (2, 800), "TEAPOT": (1, 2450)}),
        expected={"status": "succeeded", "amount_minor": 4050, "refundable_minor": 4050, "replayed": False},
        order_name="first",
    ),
    TourStep(
        title="A partial refund",
        event=lambda state: refund_event(state, "refund", 1000),
        expected={"status": "succeeded", "amount_minor": 1000, "refundable_minor": 3050, "replayed": False},
    ),
    TourStep(
        title="The same refund again",
        event=lambda state: refund_event(state, "refund", 1000),
        expected={"status": "succeeded", "amount_minor": 1000, "refundable_minor": 3050, "replayed": True},
    ),
    TourStep(
        title="A refund above the balance",
        event=lambda state: refund_event(state, "too-much", 3051),
        expected={"status": "rejected", "code": "REFUND_EXCEEDS_BALANCE"},
    ),
    TourStep(
        title="A refund that needs another person",
        event=lambda state: {**refund_event(state, "exception", 500), "override": "window"},
        expected={"status": "pending", "code": "APPROVAL_NEEDED", "refundable_minor": 2550},
    ),
    TourStep(
        title="The approval of that refund",
        event=lambda state: approval_event(state, "exception"),
        expected={"status": "succeeded", "action": "decide", "amount_minor": 500},
    ),
    TourStep(
        title="A declined card",
        event=lambda state: purchase_event(state, "declined", "pm_declined", {"MUG": (1, 800)}),
        expected={"status": "rejected", "code": "PAYMENT_DECLINED"},
    ),
    TourStep(
        title="The same after its text was erased, its chain intact",
        event=lambda state: purchase_event(state, "declined", "pm_declined", {"MUG": (1, 800)}),
        expected={"status": "rejected", "code": "PAYMENT_DECLINED", "replayed": True, "erased": True},
        erased_purchase="declined",
    ),
    TourStep(
        title="An order above the stock",
        event=lambda state: purchase_event(state, "too-many", "pm_ok", {"LAMP": (2, 4990)}),
        expected={"status": "rejected", "code": "OUT_OF_STOCK"},
    ),
    TourStep(
        title="A purchase that its customer will dispute",
        event=lambda state: purchase_event(state, "disputed", "pm_disputed", {"MUG": (1, 800)}),
        expected={"status": "succeeded", "amount_minor": 800},
        order_name="disputed",
        is_sandbox_only=True,
    ),
    TourStep(
        title="A gateway that does not answer",
        event=lambda state: purchase_event(state, "silence", "pm_timeout", {"MUG": (1, 800)}),
        expected={"status": "unknown"},
        order_name="silent",
        afterwards=lambda target, _: run_reconcile(target),
    ),
    TourStep(
        title="A refund of the disputed purchase",
        event=lambda state: {**refund_event(state, "disputed-refund", 0, order="disputed"), "amount_minor": None},
        expected={"status": "rejected", "code": "NOTHING_TO_REFUND", "refundable_minor": 0},
        is_sandbox_only=True,
    ),
)


def run_tour(target: DeploymentTarget, state: TourState, steps: tuple[TourStep, ...] = STEPS) -> Iterator[StepOutcome]:
    """Fill the catalogue, then run the steps one after the other."""
    for item in CATALOGUE:
        _supply(stock.inventory(target), item, state)
    for step in steps:
        yield _run_step(target, state, step)


def _supply(inventory: Inventory, item: StockItem, state: TourState) -> None:
    """Add an item, or restore an earlier tour's item to its price and at least its stock."""
    inventory.execute(AddItem(item=item))
    present = inventory.load(item.sku) or item
    if present.price_minor != item.price_minor:
        inventory.execute(SetPrice(sku=item.sku, price_minor=item.price_minor, currency=item.currency))
    if (missing := item.available - present.available) > 0:
        inventory.execute(MoveUnits(sku=item.sku, units=missing, request_id=f"tour-{state.suffix}"))


def _run_step(target: DeploymentTarget, state: TourState, step: TourStep) -> StepOutcome:
    event = step.event(state)
    broken = _erase(target, state, step.erased_purchase) if step.erased_purchase else ()
    execution = execute(target, event)
    if step.order_name:
        state.orders[step.order_name] = _order_id(step, execution)
    mismatches = broken + _find_mismatches(step.expected, execution.result)
    if step.afterwards is None:
        return StepOutcome(step=step, execution=execution, repeated=None, mismatches=mismatches)
    step.afterwards(target, execution)
    repeated = execute(target, event)
    return StepOutcome(
        step=step,
        execution=execution,
        repeated=repeated,
        mismatches=mismatches + _find_mismatches(step.expected_then, repeated.result),
    )


def _erase(target: DeploymentTarget, state: TourState, name: str) -> tuple[str, ...]:
    """Erase the text of a purchase's order, and return the problems of its ledger afterwards."""
    order_id = order_id_of(CUSTOMER, f"tour-{state.suffix}-{name}")
    Eraser(orders=order_store(target), requested_by="privacy-1").erase(order_id)
    entries = [entry.as_json() for entry in load_order(target, order_id).ledger]
    return find_breaks(order_id, entries)


def _order_id(step: TourStep, execution: ClosedExecution) -> str:
    """Return the order that later steps need."""
    if order_id := execution.result.get("order_id"):
        return str(order_id)
    reason = execution.result.get("message") or execution.result["status"]
    raise CommandFailed(f"The tour stopped: the step {step.title!r} made no order: {reason}")


def _find_mismatches(expected: Mapping[str, Any], result: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        f"{key} is {result.get(key)!r}, expected {value!r}"
        for key, value in expected.items()
        if result.get(key) != value
    )
