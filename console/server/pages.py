"""The pages, all of which are read-only."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from botocore.exceptions import ClientError
from starlette.requests import Request
from starlette.responses import Response

from handlers.domain.lifecycles import OrderStatus
from handlers.domain.order import Order

from ..alarm_states import read_alarms
from ..day_pages import days_report, read_open_orders
from ..execution_history import execution_arn, parse_object
from ..function_logs import FunctionLogs
from ..latest_reconcile import read_latest_run, read_orphans
from ..order_lists import ListPosition, OrderLists
from ..order_pages import read_order, read_traced
from ..trace import ExecutionTrace
from ..waiting_decisions import read_waiting_decisions, waiting_decisions
from .page_frame import Views, parameter, redirect

MAX_DAYS: Final = 92
EXECUTIONS: Final = 50
LIVE_MILLISECONDS: Final = 1_000
_DAY: Final = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """The pages of one console."""

    views: Views

    def orders(self, request: Request) -> Response:
        """List orders, newest first, with filters."""
        lists = OrderLists.of(self.views.services.deployment, self.views.services.now)
        filters = {name: parameter(request, name) for name in ("customer", "status", "day")}
        before = ListPosition.parse(parameter(request, "before"))
        matches = _status_filter(filters["status"])
        if filters["customer"]:
            page = lists.page(lists.of_customer(filters["customer"], before), matches)
        else:
            day = filters["day"] if _DAY.fullmatch(filters["day"]) else ""
            page = lists.page(lists.list_changed(before, day), matches, end=lists.continuation_of_changed(before, day))
        older = {name: value for name, value in filters.items() if value} | {"before": str(page.after or "")}
        return self.views.page(
            request,
            "orders.html",
            found=page,
            filters=filters,
            older=older if page.after else None,
            statuses=[status.value for status in OrderStatus],
            is_first=before is None,
        )

    def order(self, request: Request) -> Response:
        """Show an order with its proofs."""
        order_id = str(request.path_params["order_id"])
        report = read_order(self.views.services.deployment, order_id)
        if report is None:
            return self.views.problem(request, 404, f"There is no order {order_id}.")
        waiting = waiting_decisions(report.order) if report.order else ()
        return self.views.page(request, "order.html", report=report, waiting=waiting)

    def search(self, request: Request) -> Response:
        """Find an order, an execution or a customer by its id, and redirect to it."""
        search_text = parameter(request, "q")
        if search_text.startswith("arn:"):
            return redirect(f"/executions/{search_text}")
        found = self._find(search_text) if _IDENTIFIER.fullmatch(search_text) else None
        if found is not None:
            return found
        message = (
            f"Nothing has the id {search_text!r}. Search for an order, an execution or a customer by its whole id."
        )
        return self.views.problem(request, 404, message)

    def attention(self, request: Request) -> Response:
        """List the orders with money in flight."""
        return self.views.page(request, "attention.html", open_orders=read_open_orders(self.views.services.deployment))

    def approvals(self, request: Request) -> Response:
        """List the refunds and the resolutions of cases that wait for another person."""
        waiting = read_waiting_decisions(self.views.services.deployment)
        return self.views.page(request, "approvals.html", waiting=waiting)

    def executions(self, request: Request) -> Response:
        """List the executions of the machine: running ones, then the latest."""
        client = self.views.services.deployment.client("stepfunctions")
        machine = self.views.services.deployment.output("stateMachineArn")
        try:
            running = _list_executions(client, machine, {"statusFilter": "RUNNING"})
            latest = [each for each in _list_executions(client, machine, {}) if each["status"] != "RUNNING"]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "StateMachineTypeNotSupported":
                message = "AWS does not list EXPRESS executions. Open one from its order, or search for its ARN."
                return self.views.problem(request, 404, message)
            return self.views.problem(request, 502, f"The executions could not be listed: {error}")
        return self.views.page(request, "executions.html", running=running, latest=latest, interval=LIVE_MILLISECONDS)

    def execution(self, request: Request) -> Response:
        """Show one execution, live while it runs."""
        deployment = self.views.services.deployment
        arn = execution_arn(deployment.output("stateMachineArn"), str(request.path_params["arn"]))
        trace = read_traced(deployment, FunctionLogs.of(deployment), arn)
        if trace is None:
            return self.views.problem(request, 404, "There is no such execution. They are kept for 90 days.")
        return self.views.page(
            request, "execution.html", trace=trace, order_id=_order_of(trace), interval=LIVE_MILLISECONDS
        )

    def trust(self, request: Request) -> Response:
        """Verify ledgers, audit objects and seals, and show the alarms with their runbook sections."""
        yesterday = (self.views.services.now() - timedelta(days=1)).date().isoformat()
        since = parameter(request, "since") or yesterday
        is_valid = since == "all" or bool(_DAY.fullmatch(since))
        document = self.views.services.verify(None if since == "all" else since) if is_valid else None
        alarms = read_alarms(self.views.services.deployment)
        reconciled = read_latest_run(self.views.services.deployment, self.views.services.now())
        return self.views.page(
            request,
            "trust.html",
            200 if is_valid else 400,
            document=document,
            alarms=alarms,
            since=since,
            reconciled=reconciled,
            orphans=read_orphans(self.views.services.deployment),
        )

    def days(self, request: Request) -> Response:
        """Report some days: money, rejections, open orders."""
        today = self.views.services.now().date()
        first = parameter(request, "from") or (today - timedelta(days=6)).isoformat()
        last = parameter(request, "to") or today.isoformat()
        days = list_days(first, last)
        if days is None:
            message = f"Give two days such as {today.isoformat()}, at most {MAX_DAYS} days apart, the first one first."
            return self.views.problem(request, 400, message)
        figures = self.views.services.day_figures(days)
        report = days_report(first, last, figures, read_open_orders(self.views.services.deployment), days)
        return self.views.page(request, "days.html", report=report)

    def _find(self, search_text: str) -> Response | None:
        deployment = self.views.services.deployment
        lists = OrderLists.of(deployment)
        if lists.load([ListPosition(at="", order_id=search_text)])[0] is not None:
            return redirect(f"/orders/{search_text}")
        if next(lists.of_customer(search_text), None) is not None:
            return redirect("/orders", {"customer": search_text})
        arn = execution_arn(deployment.output("stateMachineArn"), search_text)
        is_known = read_traced(deployment, FunctionLogs(client=None, groups={}), arn) is not None
        return redirect(f"/executions/{arn}") if is_known else None


def list_days(first: str, last: str) -> list[str] | None:
    """Return every day from the first to the last; None unless there are 1 to 92."""
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        return None
    length = (end - start).days + 1
    return [(start + timedelta(days=n)).isoformat() for n in range(length)] if 0 < length <= MAX_DAYS else None


def _status_filter(status: str) -> Callable[[Order | None], bool]:
    if status in {each.value for each in OrderStatus}:
        return lambda order: order is not None and order.status == status
    return lambda _: True


def _list_executions(client: Any, machine: str, more: dict[str, str]) -> list[dict[str, Any]]:
    reply = client.list_executions(stateMachineArn=machine, maxResults=EXECUTIONS, **more)
    return [dict(each) for each in reply["executions"]]


def _order_of(trace: ExecutionTrace) -> str:
    """Return an execution's order, if its result or its input contains it."""
    order_id = (trace.result or {}).get("order_id") or parse_object(trace.input).get("order_id")
    return order_id if isinstance(order_id, str) else ""
