"""Forms and their actions: preview a request, or start it.

Registered only with --write. On a deployed stage the only form is that of `own_decisions.py`.

A form is sent twice: `plan` runs the request's function without effect and shows the outcome; `do` starts an execution
with the same fields. The form contains the request id, so sending it again is a replay and moves nothing. This module
only turns fields into a request; the functions decide.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from handlers.adapters.dynamodb.archive import Archive
from handlers.domain.errors import BookingError
from handlers.domain.money import parse_amount
from handlers.domain.stock import StockItem

from .dry_run import forecast
from .page_frame import Views, redirect

LINES: Final = 4
"""Number of lines in the purchase form."""
PAYMENT_METHODS: Final = ("pm_ok", "pm_declined", "pm_timeout_then_ok", "pm_timeout")
_MAX_FIELDS: Final = 40
FOREIGN_FORM: Final = "The form belongs to another session. Load the page again and repeat."


class FormProblem(Exception):
    """An invalid field; the message names it and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """The forms of one console and their actions."""

    views: Views

    def purchase_form(self, request: Request) -> Response:
        """Show the form of a purchase."""
        return self.views.page(
            request,
            "purchase.html",
            stock=self._stock(),
            lines=LINES,
            payment_methods=PAYMENT_METHODS,
        )

    async def purchase(self, request: Request) -> Response:
        """Plan or start a purchase."""
        return await self._act(request, lambda form: purchase_event(form, self._stock()), "/purchase")

    async def refund(self, request: Request) -> Response:
        """Plan or start a refund of an order."""
        order_id = str(request.path_params["order_id"])
        currency = await run_in_threadpool(self._currency, order_id)
        return await self._act(request, lambda form: refund_event(form, order_id, currency), f"/orders/{order_id}")

    async def capture(self, request: Request) -> Response:
        """Plan or start a capture of an order's authorised payment."""
        order_id = str(request.path_params["order_id"])
        currency = await run_in_threadpool(self._currency, order_id)
        return await self._act(request, lambda form: capture_event(form, order_id, currency), f"/orders/{order_id}")

    async def cancel(self, request: Request) -> Response:
        """Plan or start a cancellation of a payment that is not captured."""
        order_id = str(request.path_params["order_id"])
        return await self._act(request, lambda form: payment_event("cancel", form, order_id), f"/orders/{order_id}")

    async def decide(self, request: Request) -> Response:
        """Plan or start a decision on a refund that waits for another person."""
        order_id = str(request.path_params["order_id"])
        return await self._act(request, lambda form: decision_event(form, order_id), f"/orders/{order_id}")

    async def _act(self, request: Request, build: Callable[[Mapping[str, str]], dict[str, Any]], back: str) -> Response:
        fields = parse_form(await request.body())
        if not self.views.entrance.accepts(fields.get("csrf", "")):
            return self.views.problem(request, 403, FOREIGN_FORM)
        return await run_in_threadpool(self._carry_out, request, fields, build, back)

    def _carry_out(
        self,
        request: Request,
        fields: Mapping[str, str],
        build: Callable[[Mapping[str, str]], dict[str, Any]],
        back: str,
    ) -> Response:
        try:
            event = build(fields)
            if fields.get("mode") == "do":
                start = self.views.services.start
                assert start is not None  # these routes exist only with it
                return redirect(f"/executions/{start(event)}")
            found = forecast(self.views.services.deployment, event, self.views.services.now())
        except FormProblem as problem:
            return self.views.problem(request, 400, str(problem))
        except BookingError as error:
            return self.views.problem(request, 503, f"The function could not decide now: {error}")
        form_fields = {name: value for name, value in fields.items() if name not in ("csrf", "mode")}
        return self.views.page(
            request, "forecast.html", found=found, kept=form_fields, back=back, action=request.url.path
        )

    def _stock(self) -> tuple[StockItem, ...]:
        deployment = self.views.services.deployment
        return Archive(client=deployment.client("dynamodb"), table=deployment.output("ordersTable")).stock()

    def _currency(self, order_id: str) -> str:
        deployment = self.views.services.deployment
        archive = Archive(client=deployment.client("dynamodb"), table=deployment.output("ordersTable"))
        stored = archive.order(order_id)
        return stored.order.currency if stored and stored.order else ""


def parse_form(body: bytes) -> dict[str, str]:
    """Return the fields of a form, stripped; none if it is invalid or has too many fields."""
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        return {}
    return {name: value.strip() for name, value in pairs}


def purchase_event(fields: Mapping[str, str], stock: tuple[StockItem, ...]) -> dict[str, Any]:
    """Return the purchase in a form, at the catalogue's prices."""
    items = {item.sku: item for item in stock}
    wanted = [(fields.get(f"sku{n}", ""), fields.get(f"quantity{n}", "")) for n in range(LINES)]
    lines = [(sku, _parse_integer("quantity", quantity)) for sku, quantity in wanted if sku]
    if not lines:
        raise FormProblem("Choose at least one SKU.")
    if unknown := [sku for sku, _ in lines if sku not in items]:
        raise FormProblem(f"There is no SKU {unknown[0]} in the catalogue.")
    return {
        "action": "purchase",
        "request_id": fields.get("request_id", ""),
        "customer_id": fields.get("customer", ""),
        "currency": items[lines[0][0]].currency,
        "lines": [
            {"sku": sku, "quantity": quantity, "unit_price_minor": items[sku].price_minor} for sku, quantity in lines
        ],
        "payment_method": fields.get("payment", ""),
    }


def refund_event(fields: Mapping[str, str], order_id: str, currency: str) -> dict[str, Any]:
    """Return the refund in a form: an amount, or everything if the amount is left out."""
    event = payment_event("refund", fields, order_id)
    return {**event, "reason": fields.get("reason", ""), **_amount(fields, currency)}


def capture_event(fields: Mapping[str, str], order_id: str, currency: str) -> dict[str, Any]:
    """Return the capture in a form: an amount, or everything if the amount is left out."""
    return {**payment_event("capture", fields, order_id), **_amount(fields, currency)}


def payment_event(action: str, fields: Mapping[str, str], order_id: str) -> dict[str, Any]:
    """Return the fields of every request on an order's payment."""
    return {
        "action": action,
        "request_id": fields.get("request_id", ""),
        "order_id": order_id,
        "requested_by": fields.get("by", ""),
    }


def _amount(fields: Mapping[str, str], currency: str) -> dict[str, int]:
    text = fields.get("amount", "")
    try:
        return {"amount_minor": parse_amount(text, currency)} if text else {}
    except ValueError as error:
        raise FormProblem(f"Amount: {error}") from error


def decision_event(fields: Mapping[str, str], order_id: str) -> dict[str, str]:
    """Return the decision in a form."""
    return {
        "action": "decide",
        "request_id": fields.get("request_id", ""),
        "order_id": order_id,
        "subject": fields.get("subject", ""),
        "decision": fields.get("decision", ""),
        "requested_by": fields.get("by", ""),
    }


def _parse_integer(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 7:
        raise FormProblem(f"The {name} must be an integer from 1 to 1000000, got {text!r}.")
    return int(text)
