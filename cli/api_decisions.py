"""Decisions through the API of a deployed stage, with the access token of whoever decides.

The token goes from the form to the API and nowhere else: it is neither kept nor logged nor shown.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

import urllib3

from console.server.console_services import DecisionAnswer

_PATIENCE: Final = timedelta(seconds=15)
"""Time within which the execution of a decision should have ended."""
_PAUSE: Final = timedelta(milliseconds=500)
_TIMEOUT_SECONDS: Final = 30


def _connect() -> urllib3.PoolManager:
    return urllib3.PoolManager(retries=False, timeout=_TIMEOUT_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDecisions:
    """The approvals of one API."""

    url: str
    """Address of the API, the output `apiUrl` of the stage."""
    pool: urllib3.PoolManager = field(default_factory=_connect)
    sleep: Callable[[float], None] = time.sleep

    def send(self, decision: Mapping[str, str], token: str) -> DecisionAnswer:
        """Send a decision, and wait for its result as long as a person at a page does."""
        path = f"/v1/orders/{quote(decision['order_id'], safe='')}/approvals/{quote(decision['subject'], safe='')}"
        key = {"idempotency-key": decision["request_id"], "content-type": "application/json"}
        status, answer, location = self._call("POST", path, token, key, {"decision": decision["decision"]})
        waited = timedelta()
        while status == 202 and answer.get("status") == "running" and waited < _PATIENCE:
            self.sleep(_PAUSE.total_seconds())
            waited += _PAUSE
            status, answer, _ = self._call("GET", location, token)
        return DecisionAnswer(is_accepted=status < 300, message=_describe(status, answer))

    def _call(
        self, method: str, path: str, token: str, headers: Mapping[str, str] | None = None, body: Any = None
    ) -> tuple[int, Mapping[str, Any], str]:
        sent = {"authorization": f"Bearer {token}", **(headers or {})}
        content = None if body is None else json.dumps(body).encode()
        try:
            reply = self.pool.request(method, self.url + path, body=content, headers=sent, redirect=False)
            answer = json.loads(reply.data)
        except (urllib3.exceptions.HTTPError, ValueError):
            return 503, {"detail": f"{self.url} did not answer. It is safe to send the decision again."}, ""
        return reply.status, answer, reply.headers.get("location", "")


def _describe(status: int, answer: Mapping[str, Any]) -> str:
    """Return what the API said; answers of API Gateway itself have only a message."""
    code = f"{answer['code']}: " if "code" in answer else ""
    return f"{code}{answer.get('detail') or answer.get('message') or f'The API answered {status}.'}"
