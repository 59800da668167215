"""The booking workflow ends correctly on every path, with the same results in both query languages."""

import json
from typing import Any, Final

import pytest
from pydantic import TypeAdapter

from handlers.contracts.messages import (
    MAX_HOLD_SECONDS,
    MAX_LINES,
    MAX_QUANTITY,
    MAX_REASON_LENGTH,
    BookingRequest,
    BookingResult,
    FunctionInput,
    RecordInput,
)
from workflow import permissions
from workflow.asl.limits import MAX_PAYLOAD_BYTES
from workflow.booking import Booking, parking, purchase_fn, record_fn, refund_fn
from workflow.covered_workflow import CoveredWorkflow
from workflow.failures import Unbound
from workflow.interpreter import Run, TaskFailed
from workflow.lint import check

PURCHASE: Final = {"action": "purchase", "request_id": "r-1"}
REFUND: Final = {"action": "refund", "request_id": "r-2"}
THROTTLE: Final = "Lambda.TooManyRequestsException"
SUCCESS: Final = {"schema": 1, "status": "succeeded", "action": "purchase", "message": ""}
BINDINGS: Final = {
    purchase_fn: "arn:aws:lambda:eu-central-1:123456789012:function:purchase:7",
    refund_fn: "arn:aws:lambda:eu-central-1:123456789012:function:refund:3",
    record_fn: "arn:aws:lambda:eu-central-1:123456789012:function:record:5",
    parking: "https://sqs.eu-central-1.amazonaws.com/123456789012/parking",
}


_EXECUTION: Final = "arn:aws:states:us-east-1:123456789012:execution:machine:run"


class Functions:
    """Fakes of the three functions and the queue, which answer or fail with a named error, and record their input."""

    def __init__(self, work: Any = SUCCESS, record: Any = SUCCESS, park: Any = None) -> None:
        queue = park or {"MessageId": "1"}
        self.answers = {"purchase": work, "refund": work} | {"record": record, "park": queue}
        self.answers |= {"refuse": record, "park_refusal": queue}
        self.sent: list[tuple[str, Any]] = []

    def all(self) -> dict[str, Any]:
        """Return the fakes by state name."""
        return {name: self._fake(name) for name in self.answers}

    def _fake(self, name: str) -> Any:
        def answer(sent: Any) -> Any:
            self.sent.append((name, sent))
            value = self.answers[name]
            if isinstance(value, str):
                raise TaskFailed(value, f"{name} failed")
            return value

        return answer


@pytest.fixture(scope="module", params=["JSONata", "JSONPath"])
def booking(request: pytest.FixtureRequest) -> Any:
    """The workflow, compiled to each query language; test_booking_paths.py checks that tests take all its paths."""
    return CoveredWorkflow(Booking.asl(language=request.param))


@pytest.mark.parametrize("given", [PURCHASE, REFUND, {}, "text", [PURCHASE], 3, None, {"action": ["purchase"]}])
@pytest.mark.parametrize("work", [SUCCESS, "Boom"])
@pytest.mark.parametrize("status", ["succeeded", "pending", "rejected", "failed", "unknown"])
def test_the_recorded_status_decides_how_an_execution_ends(
    booking: CoveredWorkflow, given: Any, work: Any, status: str
) -> None:
    """Succeeded, pending and rejected end well with the result; the rest ends in an error that names the status."""
    result = SUCCESS | {"status": status}
    ended = booking.run(given, Functions(work, result).all())
    if status in ("succeeded", "pending", "rejected"):
        assert ("SUCCEEDED", result) == (ended.status, ended.output)
    else:
        assert (f"Booking.{status}", result) == (ended.error, json.loads(ended.cause or ""))


@pytest.mark.parametrize("given", [PURCHASE, REFUND, "text"])
@pytest.mark.parametrize("work", [SUCCESS, "Boom"])
@pytest.mark.parametrize("park", [None, "Boom"])
def test_an_outcome_that_cannot_be_recorded_is_parked(
    booking: CoveredWorkflow, given: Any, work: Any, park: Any
) -> None:
    """The queue receives the record function's input, and the execution reports that the outcome is unknown."""
    functions = Functions(work, "Boom", park)
    ended = booking.run(given, functions.all())
    outcome = BookingResult.model_validate_json(ended.cause or "")
    assert (ended.error, outcome.code) == ("Booking.unknown", "NOT_RECORDED")
    recorded, parked = functions.sent[-2 if park is None else -4], functions.sent[-1]
    assert ("park", recorded[1]) == (parked[0], parked[1]["MessageBody"])


def test_messages_to_the_functions_match_the_contracts(booking: CoveredWorkflow) -> None:
    """Messages between the states validate against handlers.contracts."""
    functions = Functions()
    ended = booking.run(PURCHASE, functions.all())
    (_, invoked), (_, recorded) = functions.sent
    assert FunctionInput.model_validate(_payload(invoked)).request == PURCHASE
    report = RecordInput.model_validate(_payload(recorded))
    assert (report.request, report.result and report.result.status, report.error) == (PURCHASE, "succeeded", None)
    assert ended.path == ("route", "purchase", "record", "verdict", "completed")


def test_an_invalid_request_is_recorded_without_result_or_error(booking: CoveredWorkflow) -> None:
    """The record function receives the invalid request unchanged."""
    functions = Functions()
    booking.run({"action": "steal", "result": SUCCESS}, functions.all())
    report = RecordInput.model_validate(_payload(functions.sent[0][1]))
    assert (report.request, report.result, report.error) == ({"action": "steal", "result": SUCCESS}, None, None)


def test_an_error_is_recorded_with_its_name_and_cause(booking: CoveredWorkflow) -> None:
    functions = Functions("Boom")
    booking.run(REFUND, functions.all())
    report = RecordInput.model_validate(_payload(functions.sent[-1][1]))
    assert (
        report.error and report.error.error,
        report.error and report.error.cause,
        report.result,
    ) == ("Boom", "refund failed", None)


@pytest.mark.parametrize("action", ["purchase", "refund", "steal"])
@pytest.mark.parametrize("size", [MAX_PAYLOAD_BYTES - 2000, MAX_PAYLOAD_BYTES - 200, MAX_PAYLOAD_BYTES])
def test_a_large_request_is_recorded_or_marked_as_too_large(booking: CoveredWorkflow, action: str, size: int) -> None:
    """The record contains a request that fits into a message; a larger one is omitted, and no function processes it."""
    functions = Functions(SUCCESS | {"status": "rejected"}, SUCCESS | {"status": "rejected"})
    ended = booking.run(_request_of_size(action, size), functions.all())
    report = RecordInput.model_validate(_payload(functions.sent[-1][1]))
    is_short = size < MAX_PAYLOAD_BYTES - 1000
    assert (ended.status, ended.output["status"]) == ("SUCCEEDED", "rejected")
    assert (report.request_is_too_large, report.request is None) == (not is_short, not is_short)
    assert (report.execution, report.requested_at) == (_EXECUTION, "2026-01-01T00:00:00.000Z")


def test_a_request_above_the_payload_limit_is_rejected(booking: CoveredWorkflow) -> None:
    """AWS rejects such a request at StartExecution."""
    functions = Functions()
    ended = booking.run(_request_of_size("purchase", MAX_PAYLOAD_BYTES + 1), functions.all())
    assert (ended.error, ended.path, functions.sent) == ("States.DataLimitExceeded", (), [])


def test_a_refusal_that_cannot_be_recorded_is_parked_unchanged(booking: CoveredWorkflow) -> None:
    functions = Functions(record="Boom")
    ended = booking.run(_request_of_size("purchase", MAX_PAYLOAD_BYTES), functions.all())
    (_, recorded), (_, parked) = functions.sent
    assert (ended.error, ended.path[-2:]) == ("Booking.unknown", ("park_refusal", "failed"))
    assert RecordInput.model_validate(parked["MessageBody"]).request_is_too_large
    assert parked["MessageBody"] == _payload(recorded)


def test_a_valid_request_is_never_too_large() -> None:
    """The longest request of each action leaves room for the message around it, even with every character escaped."""
    longest = _longest_requests()
    for request in longest:
        TypeAdapter(BookingRequest).validate_python(request)
    assert max(len(json.dumps(request)) for request in longest) < 65_536


@pytest.mark.parametrize("error", ["Unavailable", "PaymentOutcomeUnknown", "Lambda.ServiceException", "States.Timeout"])
def test_transient_errors_are_retried_three_times(booking: CoveredWorkflow, error: str) -> None:
    """Any other error is a bug and gets a single attempt."""
    assert tuple(_attempts(booking.run(PURCHASE, Functions(name).all())) for name in (error, "ValueError")) == (4, 1)


def test_45_a_throttled_function_has_its_own_retries(booking: CoveredWorkflow) -> None:
    """The record function is retried more often, because an outcome already exists."""
    run = booking.run(PURCHASE, Functions(THROTTLE, THROTTLE).all())
    assert (run.attempts["purchase"], run.attempts["record"]) == (38, 39)


def test_45_throttle_retries_wait_their_full_length() -> None:
    """The waits have no jitter: full jitter draws each between zero and its length, which halves the mean total."""
    states: Any = Booking.asl()["States"]
    for name, total in (("purchase", 108), ("refund", 108), ("record", 111), ("refuse", 111)):
        throttles = states[name]["Retry"][0]
        assert (throttles["ErrorEquals"], throttles["JitterStrategy"]) == ([THROTTLE], "NONE")
        assert sum(_wait_lengths(throttles)) == total
        assert throttles["MaxDelaySeconds"] <= 3  # so a free invocation is found soon


def test_45_throttles_do_not_use_up_the_retries_of_other_errors(booking: CoveredWorkflow) -> None:
    """Each retrier counts its own attempts."""
    run = booking.run(PURCHASE, Functions().all() | {"purchase": _failing_with([THROTTLE] * 5 + ["Unavailable"] * 3)})
    assert (run.status, _attempts(run)) == ("SUCCEEDED", 9)


def test_the_definition_passes_the_check() -> None:
    """Both types of state machine pass, with names bound and unbound, and in another partition."""
    for kind in ("STANDARD", "EXPRESS"):
        for asl in (
            Booking.asl(),
            Booking.asl(BINDINGS),
            Booking.asl(BINDINGS, partition="aws-us-gov"),
            Booking.asl(language="JSONPath"),
        ):
            assert check(asl, type=kind) == ()  # type: ignore[arg-type]


def test_deployments_can_set_the_time_limits() -> None:
    """The time limits of tasks and of the execution are late-bound names with defaults."""
    asl: Any = Booking.asl({"task_seconds": 30, "execution_seconds": 900})
    assert (asl["States"]["purchase"]["TimeoutSeconds"], asl["TimeoutSeconds"]) == (30, 900)
    with pytest.raises(Unbound, match="unknown names task"):
        Booking.asl({"task": 30})


def test_running_executions_can_still_invoke_older_versions() -> None:
    """The permission covers every version of the function, and nothing else."""
    allowed = {
        action: one.resources
        for one in permissions(Booking.asl(BINDINGS))
        for action in one.actions
        if one.reason == "purchase"
    }
    assert allowed == {"lambda:InvokeFunction": ("arn:aws:lambda:eu-central-1:123456789012:function:purchase:*",)}


@pytest.mark.parametrize("retrier", [0, 1])
def test_the_longest_path_fits_into_the_execution_time_limit(retrier: int) -> None:
    """All attempts and waits of purchase, record and the queue, with one kind of error each, fit into the limit."""
    states: Any = Booking.asl()["States"]
    longest = sum(_longest_time(states[name], retrier) for name in ("purchase", "record"))
    assert longest + _longest_time(states["park"], 0) < Booking.asl()["TimeoutSeconds"]  # type: ignore[operator]


def _longest_time(task: Any, retrier: int) -> float:
    """Return the longest time of a task in seconds; a throttled attempt takes none, so only the last one runs."""
    policy = task["Retry"][retrier]
    running = 1 if policy["ErrorEquals"] == [THROTTLE] else policy["MaxAttempts"] + 1
    return float(sum(_wait_lengths(policy)) + task["TimeoutSeconds"] * running)


def _wait_lengths(policy: Any) -> list[float]:
    """Return the maximum length of each wait of a retrier, in seconds."""
    return [
        min(policy["IntervalSeconds"] * policy["BackoffRate"] ** attempt, policy["MaxDelaySeconds"])
        for attempt in range(policy["MaxAttempts"])
    ]


def _request_of_size(action: str, size: int) -> dict[str, str]:
    """Return a request whose JSON has this many bytes."""
    request = {"action": action, "padding": ""}
    return request | {"padding": "x" * (size - len(json.dumps(request, separators=(",", ":"))))}


def _longest_requests() -> list[dict[str, Any]]:
    """Return the longest request of each action, with text of the characters that take the most bytes in JSON."""
    name, token, text = "x" * 64, "x" * 128, "\U0001f4a9" * MAX_REASON_LENGTH
    ids = {"request_id": name, "order_id": name, "requested_by": name}
    units = [{"sku": f"{number:064}", "quantity": MAX_QUANTITY} for number in range(MAX_LINES)]
    priced = [{**each, "unit_price_minor": 10_000} for each in units]
    purchase = {"action": "purchase", "request_id": name, "customer_id": name, "currency": "EUR", "lines": priced}
    return [
        purchase
        | {"payment_method": token, "gateway_customer": token, "return_url": f"https://{'x' * 504}"}
        | {"capture": "later", "hold_seconds": MAX_HOLD_SECONDS},
        {"action": "refund", **ids, "reason": text, "lines": units, "restock": False, "override": "window"},
        {"action": "capture", **ids, "lines": units},
        {"action": "cancel", **ids},
        {"action": "decide", **ids, "subject": name, "decision": "approve"},
        {"action": "resolve", **ids, "subject": name, "outcome": "released", "evidence": text},
    ]


def _failing_with(errors: list[str]) -> Any:
    """Return a function that fails with each error in turn and then succeeds."""
    remaining = iter(errors)

    def answer(_: Any) -> Any:
        if (error := next(remaining, None)) is not None:
            raise TaskFailed(error, "failed")
        return SUCCESS

    return answer


def _attempts(run: Run) -> int:
    return run.attempts["purchase"]


def _payload(sent: Any) -> Any:
    return sent["Payload"] if isinstance(sent, dict) and "Payload" in sent else sent
