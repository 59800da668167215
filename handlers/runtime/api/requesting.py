"""Requests that the API makes on behalf of its callers: build them from a call, start them, and wait for the result."""

import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from ...adapters.step_functions import ExecutionStatus
from ...domain.answers import Answer
from ...domain.canonical import day_of, format_instant
from ...domain.order import Order
from ...domain.outcomes import answer_of, execution_of
from ...domain.requests import Request, capture_id_of, decision_id_of, enclose, refund_id_of, void_id_of
from ..request_parsing import parse_request
from .api_dependencies import ApiServices
from .execution_results import accepted_reply, reply_with_result, service_problem
from .handles import RequestHandle, decode_handle
from .http_calls import ApiProblem, Call, Reply, read_json
from .identity import Caller

IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_KEY: Final = re.compile(r'"?([A-Za-z0-9_.:-]{1,64})"?')
_WAIT: Final = re.compile(r"(?:^|[,; ])wait=([0-9]{1,4})(?:$|[,; ])")
_INITIAL_DELAY: Final = timedelta(milliseconds=100)
_MAX_DELAY: Final = timedelta(seconds=1)


def build_request(
    call: Call, server_fields: Mapping[str, str], *, needs_body: bool = True
) -> tuple[dict[str, Any], Request]:
    """Return the request of a call, as JSON and parsed; `server_fields` are those that no caller may set.

    Raises:
        ApiProblem: 400 without an idempotency key; 422 if the request does not match the contract.
    """
    body = read_json(call) if needs_body or call.body else {}
    server_fields = {**server_fields, "request_id": idempotency_key(call)}
    forbidden = sorted(server_fields.keys() & body.keys())
    if forbidden:
        message = f"{', '.join(forbidden)} must not be in the body: the API takes it from the token, path and headers."
        raise ApiProblem(422, "INVALID_REQUEST", message)
    payload = {**server_fields, **body}
    request = parse_request(payload)
    if isinstance(request, Answer):
        raise ApiProblem(422, str(request.code), request.message)
    return payload, request


def idempotency_key(call: Call) -> str:
    """Return the key that makes a repeated call the same request.

    Raises:
        ApiProblem: there is none, or it is not an identifier.
    """
    match = _KEY.fullmatch(call.headers.get("idempotency-key", ""))
    if match is None:
        message = (
            "The header Idempotency-Key must be 1 to 64 characters of A-Z a-z 0-9 _ . : -, the same in each retry."
        )
        raise ApiProblem(400, "IDEMPOTENCY_KEY_MISSING", message)
    return match[1]


def start(services: ApiServices, call: Call, caller: Caller, payload: dict[str, Any], request: Request) -> Reply:
    """Start an execution of the request, wait for as long as the caller asks, and answer with the result so far."""
    now = services.now()
    name = _execution_name(request)
    handle = RequestHandle(
        request.order_id, request.action, request.request_id, name, day_of(format_instant(now))
    ).encode(caller.person_id, services.proof_key)
    roles = tuple(sorted(caller.roles))
    envelope = enclose(payload, iss=caller.iss, sub=caller.sub, roles=roles, key=services.proof_key, now=now)
    services.deps.log.log_step("api", execution=name, trace=call.trace[:128])  # from an answer to its execution
    status = services.machine.start(name, envelope, call.trace)
    seconds = min(_wait_seconds(call), services.settings.api_wait_seconds)
    return _reply(_poll(services, name, status, seconds), handle, request.order_id)


def show_request(services: ApiServices, call: Call, caller: Caller) -> Reply:
    """Answer with the result of an earlier request of the same caller.

    Raises:
        ApiProblem: 404 for a handle of another caller, and for one whose request is no longer stored.
    """
    text = call.path.get("handle", "")
    handle = decode_handle(text, caller.person_id, services.proof_key)
    if handle is None:
        raise ApiProblem(404, "REQUEST_NOT_FOUND", "This caller has made no such request.")
    order = services.load_order(handle.order_id)
    key = _find_key(order, handle)
    if order and key and execution_of(order, key) == services.machine.execution_arn(handle.execution):
        return reply_with_result(answer_of(order, key).as_json(), text)
    status = services.machine.describe(handle.execution)
    if status is not None and (status.is_running or status.result is not None):
        return _reply(status, text, handle.order_id)
    result = answer_of(order, key).as_json() if order and key else _recorded_refusal(services, handle)
    if result is None:
        raise ApiProblem(404, "REQUEST_NOT_FOUND", "This request is not known (yet). Repeat it with the same key.")
    return reply_with_result(result, text)


def _reply(status: ExecutionStatus, handle: str, order_id: str) -> Reply:
    if status.is_running:
        return accepted_reply(handle, {"status": "running", "order_id": order_id})
    if status.result is None:
        raise service_problem("The request ended without a result. It is safe to repeat it with the same key.")
    return reply_with_result(status.result, handle)


def _poll(services: ApiServices, name: str, status: ExecutionStatus, seconds: int) -> ExecutionStatus:
    """Poll the execution until it ends or the time is up."""
    deadline, delay = services.now() + timedelta(seconds=seconds), _INITIAL_DELAY
    while status.is_running and services.now() + delay <= deadline:
        services.deps.sleep(delay)
        status = services.machine.describe(name) or status
        delay = min(delay * 1.5, _MAX_DELAY)
    return status


def _wait_seconds(call: Call) -> int:
    match = _WAIT.search(call.headers.get("prefer", ""))
    return int(match[1]) if match else 0


def _execution_name(request: Request) -> str:
    """Return a readable, unique name, `<action>-<request_id>-<random>`. Nothing depends on it."""
    readable = re.sub(r"[^A-Za-z0-9_-]", "_", request.request_id)[:32]
    return f"{request.action}-{readable}-{secrets.token_hex(6)}"


def _find_key(order: Order | None, handle: RequestHandle) -> str | None:
    """Return the key that the request created in its order, if any."""
    key = _key_of(handle)
    return key if order and order.find_request(key) else None


def _key_of(handle: RequestHandle) -> str:
    order_id, action, request_id = handle.order_id, handle.action, handle.request_id
    match action:
        case "purchase":
            return order_id
        case "refund":
            return refund_id_of(order_id, request_id)
        case "capture":
            return capture_id_of(order_id, request_id)
        case "cancel":
            return void_id_of(order_id, action, request_id)
        case _:
            return decision_id_of(order_id, action, request_id)


def _recorded_refusal(services: ApiServices, handle: RequestHandle) -> Mapping[str, Any] | None:
    """Return the result in the audit object of a refusal, which outlives the execution."""
    return services.find_refusal(handle.day, services.machine.execution_arn(handle.execution))
