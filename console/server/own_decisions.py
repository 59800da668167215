"""A person's decision with their own access token: the only form of a deployed stage.

It is sent twice, because it moves money. The first form shows the refund or case to decide on; the second adds the
token and is sent to the API. Decisions cannot be forecast here, because only the API identifies the person.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from handlers.adapters.dynamodb.archive import Archive

from ..waiting_decisions import WaitingDecision, waiting_decisions
from .actions import FOREIGN_FORM, decision_event, parse_form
from .page_frame import Views, redirect

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDecisions:
    """The form of a decision on a deployed stage, and its action."""

    views: Views

    async def decide(self, request: Request) -> Response:
        """Ask for a confirmation, or send the decision to the API of the stage."""
        fields = parse_form(await request.body())
        if not self.views.entrance.accepts(fields.get("csrf", "")):
            return self.views.problem(request, 403, FOREIGN_FORM)
        act = self._send if fields.get("mode") == "do" else self._confirm
        return await run_in_threadpool(act, request, fields)

    def _confirm(self, request: Request, fields: Mapping[str, str]) -> Response:
        order_id, subject = str(request.path_params["order_id"]), fields.get("subject", "")
        if fields.get("decision") not in ("approve", "deny"):
            return self.views.problem(request, 400, "A decision is either approve or deny. Go back and choose one.")
        waiting = self._waiting(order_id, subject)
        if waiting is None:
            message = f"Nothing waits under the id {subject!r} in the order {order_id}: it is decided, or has expired."
            return self.views.problem(request, 409, message)
        return self.views.page(request, "decision.html", waiting=waiting, fields=fields)

    def _send(self, request: Request, fields: Mapping[str, str]) -> Response:
        order_id, decide = str(request.path_params["order_id"]), self.views.services.decide
        assert decide is not None  # this route exists only with it
        token = fields.get("token", "")
        if not _TOKEN.fullmatch(token):
            message = "The access token must be complete: three parts of letters, digits, - and _, separated by dots."
            return self.views.problem(request, 400, message)
        answer = decide(decision_event(fields, order_id), token)
        if not answer.is_accepted:
            return self.views.problem(request, 409, answer.message)
        if not answer.is_settled:
            return self.views.page(request, "accepted.html", 202, order_id=order_id, message=answer.message)
        return redirect(f"/orders/{order_id}")

    def _waiting(self, order_id: str, subject: str) -> WaitingDecision | None:
        deployment = self.views.services.deployment
        stored = Archive(client=deployment.client("dynamodb"), table=deployment.output("ordersTable")).order(order_id)
        waiting = waiting_decisions(stored.order) if stored and stored.order else ()
        return next((each for each in waiting if each.subject == subject), None)
