"""The tour: seven bookings that show what the system promises, each with the end that it must come to.

The request ids carry a random word, so that every tour is new to the ledger, however often it is taken.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from handlers.domain.stock import StockItem

from . import stock
from .executions import Finished, book
from .reconciling import reconcile
from .target import Target

CATALOGUE: Final = (
    StockItem(sku="MUG", currency="EUR", price_minor=800, available=20),
    StockItem(sku="TEAPOT", currency="EUR", price_minor=2450, available=10),
    StockItem(sku="LAMP", currency="EUR", price_minor=4990, available=1),
)


@dataclass(slots=True, kw_only=True)
class Journey:
    """What earlier steps left for later ones: ids by name."""

    word: str = field(default_factory=lambda: secrets.token_hex(4))
    orders: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One booking, and the fields of its result that must come out."""

    title: str
    event: Callable[[Journey], Mapping[str, Any]]
    expected: Mapping[str, Any]
    names_order: str | None = None
    reconciled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A step and what it came to; `surprises` says where it differs from what was expected."""

    step: Step
    finished: Finished
    reconciled: Finished | None
    surprises: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The step for --json."""
        after = {} if self.reconciled is None else {"after_reconcile": self.reconciled.as_json()}
        return {
            "title": self.step.title,
            "result": self.finished.as_json(),
            **after,
            "surprises": list(self.surprises),
        }


def purchase_event(
    journey: Journey, name: str, payment_method: str, lines: Mapping[str, tuple[int, int]]
) -> Mapping[str, Any]:
    """A purchase of `lines`: sku → (quantity, unit price in cents)."""
    return {
        "action": "purchase",
        "request_id": f"tour-{journey.word}-{name}",
        "customer_id": "customer-1",
        "currency": "EUR",
        "lines": [
            {"sku": sku, "quantity": quantity, "unit_price_minor": price} for sku, (quantity, price) in lines.items()
        ],
        "payment_method": payment_method,
    }


def refund_event(journey: Journey, name: str, amount_minor: int) -> Mapping[str, Any]:
    """A refund by amount on the order that the tour's first purchase made."""
    return {
        "action": "refund",
        "request_id": f"tour-{journey.word}-{name}",
        "order_id": journey.orders["first"],
        "requested_by": "agent-7",
        "reason": "The handle is scratched.",
        "amount_minor": amount_minor,
    }


STEPS: Final = (
    Step(
        title="A purchase",
        event=lambda journey: purchase_event(journey, "buy", "pm_ok", {"MUG": (2, 800), "TEAPOT": (1, 2450)}),
        expected={"status": "succeeded", "amount_minor": 4050, "refundable_minor": 4050, "replayed": False},
        names_order="first",
    ),
    Step(
        title="A partial refund",
        event=lambda journey: refund_event(journey, "refund", 1000),
        expected={"status": "succeeded", "amount_minor": 1000, "refundable_minor": 3050, "replayed": False},
    ),
    Step(
        title="The same refund again",
        event=lambda journey: refund_event(journey, "refund", 1000),
        expected={"status": "succeeded", "amount_minor": 1000, "refundable_minor": 3050, "replayed": True},
    ),
    Step(
        title="A refund over the balance",
        event=lambda journey: refund_event(journey, "too-much", 3051),
        expected={"status": "rejected", "code": "REFUND_EXCEEDS_BALANCE"},
    ),
    Step(
        title="A declined card",
        event=lambda journey: purchase_event(journey, "declined", "pm_declined", {"MUG": (1, 800)}),
        expected={"status": "rejected", "code": "PAYMENT_DECLINED"},
    ),
    Step(
        title="An order beyond the stock",
        event=lambda journey: purchase_event(journey, "too-many", "pm_ok", {"LAMP": (2, 4990)}),
        expected={"status": "rejected", "code": "OUT_OF_STOCK"},
    ),
    Step(
        title="A gateway that does not answer",
        event=lambda journey: purchase_event(journey, "silence", "pm_timeout", {"MUG": (1, 800)}),
        expected={"status": "unknown"},
        names_order="silent",
        reconciled=True,
    ),
)


def take(target: Target, journey: Journey, steps: tuple[Step, ...] = STEPS) -> Iterator[Taken]:
    """Stock the shelves, then take each step in turn."""
    for item in CATALOGUE:
        stock.shelves(target).put(item)
    for step in steps:
        yield _take_one(target, journey, step)


def _take_one(target: Target, journey: Journey, step: Step) -> Taken:
    event = step.event(journey)
    finished = book(target, event)
    if step.names_order:
        journey.orders[step.names_order] = finished.result["order_id"]
    surprises = _differences(step.expected, finished.result)
    if not step.reconciled:
        return Taken(step=step, finished=finished, reconciled=None, surprises=surprises)
    reconcile(target)
    settled = book(target, event)
    return Taken(
        step=step,
        finished=finished,
        reconciled=settled,
        surprises=surprises + _differences({"status": "succeeded", "replayed": True}, settled.result),
    )


def _differences(expected: Mapping[str, Any], result: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        f"{key} is {result.get(key)!r}, expected {value!r}"
        for key, value in expected.items()
        if result.get(key) != value
    )
