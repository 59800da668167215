"""The report of days: money in and out per day and currency, rejections by code, and the orders still open."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from markupsafe import Markup

from handlers.domain.lifecycles import OrderStatus
from handlers.domain.money import format_amount
from handlers.domain.order import Order

from .charts import DayMoney, draw_counts, draw_money
from .deployment import Deployment
from .order_lists import OrderLists

MAX_OPEN: Final = 200


class DayFigures(Protocol):
    """The totals of one day in one currency, from the audit trail."""

    day: str
    currency: str
    purchases: int
    refunds: int
    reversals: int
    money_in_minor: int
    money_out_minor: int
    failed: int
    unknown: int
    rejections: Counter[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyPlot:
    """The days of one currency, and their plot."""

    currency: str
    days: tuple[DayFigures, ...]
    plot: Markup
    money_in_minor: int
    money_out_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrder:
    """An order with money in flight, with the time and amount."""

    order_id: str
    status: str
    since: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysReport:
    """The content of the page of a number of days."""

    first: str
    last: str
    currencies: tuple[CurrencyPlot, ...]
    rejections: tuple[tuple[str, int], ...]
    rejections_plot: Markup
    undecided: tuple[tuple[str, int, int], ...]
    """Day, failed and unknown, for days that have any."""
    open_orders: tuple[OpenOrder, ...]


def days_report(
    first: str, last: str, figures: Iterable[DayFigures], open_orders: Sequence[OpenOrder], every_day: Sequence[str]
) -> DaysReport:
    """Return the report of the days from `first` to `last`; `every_day` also lists days without figures."""
    found = tuple(figures)
    rejections: Counter[str] = sum((each.rejections for each in found), Counter[str]())
    currencies = sorted({each.currency for each in found if each.money_in_minor or each.money_out_minor})
    failed, unknown = Counter[str](), Counter[str]()
    for each in found:
        failed[each.day] += each.failed
        unknown[each.day] += each.unknown
    return DaysReport(
        first=first,
        last=last,
        currencies=tuple(_currency_plot(currency, found, every_day) for currency in currencies),
        rejections=tuple(sorted(rejections.items(), key=lambda item: (-item[1], item[0]))),
        rejections_plot=Markup(draw_counts(rejections, "Rejections by code")),  # noqa: S704  # draw_counts escapes
        undecided=tuple((day, failed[day], unknown[day]) for day in every_day if failed[day] or unknown[day]),
        open_orders=tuple(open_orders),
    )


def _currency_plot(currency: str, found: tuple[DayFigures, ...], every_day: Sequence[str]) -> CurrencyPlot:
    days = {each.day: each for each in found if each.currency == currency}
    bars = [_bars(day, days.get(day), currency) for day in every_day]
    title = f"Money in and out per day in {currency}"
    return CurrencyPlot(
        currency=currency,
        days=tuple(days.values()),
        plot=Markup(draw_money(bars, title)),  # noqa: S704  # draw_money escapes
        money_in_minor=sum(each.money_in_minor for each in days.values()),
        money_out_minor=sum(each.money_out_minor for each in days.values()),
    )


def _bars(day: str, figures: DayFigures | None, currency: str) -> DayMoney:
    money_in, money_out = (figures.money_in_minor, figures.money_out_minor) if figures else (0, 0)
    return DayMoney(
        day=day,
        money_in=max(money_in, 0),
        money_out=max(money_out, 0),
        label_in=format_amount(money_in, currency),
        label_out=format_amount(money_out, currency),
    )


def read_open_orders(deployment: Deployment) -> tuple[OpenOrder, ...]:
    """Return at most 200 orders with money in flight, the longest open first."""
    lists = OrderLists.of(deployment)
    page = lists.page(lists.in_flight(), size=MAX_OPEN)
    return tuple(open_order(each.order) for each in page.orders if each.order)


def open_order(order: Order) -> OpenOrder:
    """Return the money that an order has in flight."""
    account = order.account
    is_pending = order.status is OrderStatus.PENDING
    return OpenOrder(
        order_id=order.order_id,
        status=order.status.value,
        since=order.in_flight_since() or "",
        amount_minor=account.requested_minor if is_pending else account.reserved_minor,
        currency=order.currency,
    )
