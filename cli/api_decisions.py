"""Decisions through the API of a deployed stage, with the decider's access token.

The token is only passed from the form to the API: it is neither stored nor logged nor shown.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, cast
from urllib.parse import quote

import urllib3

from console.server.console_services import DecisionAnswer

_MAX_WAIT: Final = timedelta(seconds=15)
"""Time within which the execution of a decision should have ended."""
_POLL_INTERVAL: Final = timedelta(milliseconds=500)
_TIMEOUT_SECONDS: Final = 30
_NO_ANSWER: Final = 0
_UNSETTLED: Final = (
    "The API accepted the decision, and its result is not known yet. Do not decide again: the order's page shows the "
    "result."
)


def _connect() -> urllib3.PoolManager:
    return urllib3.PoolManager(retries=False, timeout=_TIMEOUT_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ApiReply:
    status: int
    content: Mapping[str, Any] = field(default_factory=dict[str, Any])
    location: str = ""

    @property
    def has_result(self) -> bool:
        """True if it contains the result of the execution. A poll that failed contains nothing about it."""
        is_success = self.status == 200 and self.content.get("status") == "succeeded"
        return is_success or self.content.get("result") in ("rejected", "failed")

    def describe(self) -> str:
        """Return the API's explanation; API Gateway's own answers have only a message."""
        code = f"{self.content['code']}: " if "code" in self.content else ""
        status = f"The API answered {self.status}." if self.status else "The API did not answer."
        return f"{code}{self.content.get('detail') or self.content.get('message') or status}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDecisions:
    """The approvals of one API."""

    url: str
    """Address of the API, the output `apiUrl` of the stage."""
    pool: urllib3.PoolManager = field(default_factory=_connect)
    sleep: Callable[[float], None] = time.sleep

    def send(self, decision: Mapping[str, str], token: str) -> DecisionAnswer:
        """Send a decision, and wait for its result.

        Once the API has accepted it, a failing poll leaves the result unknown but does not undo the decision.
        """
        path = f"/v1/orders/{quote(decision['order_id'], safe='')}/approvals/{quote(decision['subject'], safe='')}"
        key = {"idempotency-key": decision["request_id"], "content-type": "application/json"}
        accepted = self._call("POST", path, token, key, {"decision": decision["decision"]})
        if not 200 <= accepted.status < 300:
            return DecisionAnswer(is_accepted=False, message=_explain_failure(accepted))
        result = self._wait(accepted, token)
        if not result.has_result:
            return DecisionAnswer(is_accepted=True, is_settled=False, message=_UNSETTLED)
        if result.status == 200:
            return DecisionAnswer(is_accepted=True, message=result.describe())
        return DecisionAnswer(is_accepted=False, message=_explain_failure(result))

    def _wait(self, accepted: _ApiReply, token: str) -> _ApiReply:
        """Return the reply with the result, or the last one without it.

        A location that is not a path is not followed, because appended to the API's address it could name another host.
        """
        reply, waited = accepted, timedelta()
        polls = accepted.location.startswith("/")
        while polls and not reply.has_result and reply.status != _NO_ANSWER and waited < _MAX_WAIT:
            self.sleep(_POLL_INTERVAL.total_seconds())
            waited += _POLL_INTERVAL
            reply = self._call("GET", accepted.location, token)
        return reply

    def _call(
        self, method: str, path: str, token: str, headers: Mapping[str, str] | None = None, body: Any = None
    ) -> _ApiReply:
        sent = {"authorization": f"Bearer {token}", **(headers or {})}
        data = None if body is None else json.dumps(body).encode()
        try:
            reply = self.pool.request(method, self.url + path, body=data, headers=sent, redirect=False)
        except urllib3.exceptions.HTTPError:
            return _ApiReply(status=_NO_ANSWER)
        return _ApiReply(status=reply.status, content=_parse(reply.data), location=reply.headers.get("location", ""))


def _parse(data: bytes) -> Mapping[str, Any]:
    """Return the object of a reply; an empty one for anything else."""
    try:
        content = json.loads(data)
    except ValueError:
        return {}
    return cast("dict[str, Any]", content) if isinstance(content, dict) else {}


def _explain_failure(reply: _ApiReply) -> str:
    """Return why a decision had no effect. After a server error that is not certain."""
    if reply.has_result or 300 <= reply.status < 500:
        return f"The decision did not succeed. {reply.describe()}"
    return f"The API may not have accepted the decision. Look at the order before you repeat it. {reply.describe()}"
