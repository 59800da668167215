"""What is said about a booking: one log line per step, and the metrics of an outcome once, when its record is new."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from ..domain.answers import Answer
from ..domain.errors import BookingError
from ..domain.requests import Origin, Request
from ..metric_names import MetricName
from .composition import Dependencies
from .door import result_message
from .log import Log
from .recording import Recorded


def report(deps: Dependencies, step: str, origin: Origin, answer: Answer, *, replayed: bool) -> dict[str, Any]:
    """Log the step's end and give its result as the machine takes it."""
    deps.log.log_step(
        step,
        execution=origin.execution,
        request=answer.request_id,
        order=answer.order_id,
        refund=answer.refund_id,
        status=answer.status,
        code=answer.code,
        replayed=replayed,
    )
    return result_message(answer, replayed=replayed)


@contextmanager
def log_errors(deps: Dependencies, step: str, origin: Origin, request: Request | Answer) -> Generator[None, None, None]:
    """Log with its ids an attempt that the machine is to repeat, or that has met a bug."""
    try:
        yield
    except BookingError as error:
        deps.log.log_step(
            step,
            execution=origin.execution,
            request=request.request_id,
            order=request.order_id,
            error=type(error).__name__,
        )
        raise


def count_recorded(log: Log, recorded: Recorded) -> None:
    """Count an outcome, if its record is new: so a replay and a second attempt count nothing."""
    if recorded.is_new:
        count_answer(log, recorded.answer)


def count_answer(log: Log, answer: Answer) -> None:
    """Count what an answer says."""
    if answer.status == "succeeded":
        _count_success(log, answer)
    elif answer.status == "rejected":
        log.add_metric(MetricName.REJECTIONS, 1, of=answer.code)
    elif answer.status == "unknown":
        log.add_metric(MetricName.UNKNOWN_OUTCOMES, 1)


def _count_success(log: Log, answer: Answer) -> None:
    is_purchase = answer.action == "purchase"
    log.add_metric(MetricName.PURCHASES if is_purchase else MetricName.REFUNDS, 1)
    money = MetricName.MONEY_IN if is_purchase else MetricName.MONEY_OUT
    log.add_metric(money, answer.amount_minor or 0, of=answer.currency)
