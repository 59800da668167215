"""The data behind `booking stage-cost`: prices, what a request calls, and how long it takes, each with its source.

Prices of Step Functions are in workflow/cost.py, which `booking workflow cost` reads too.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from workflow.cost import DOLLARS_PER_GB_SECOND, DOLLARS_PER_REQUEST, DOLLARS_PER_TRANSITION

PRICE_REGION: Final = "us-east-1"
PRICE_DATE: Final = "2025-07"
"""The month of these prices: first tiers, without free tiers, discounts and taxes.

AWS's own pages could not be read when the list was made. Each price names the published text that it was compared with.
Those without one were entered from memory: compare them with their source before you rely on them.
"""


class Price(NamedTuple):
    """A price in US dollars for one unit, the units' name, and the page that publishes it.

    DynamoDB is on demand, S3 Standard, the API an HTTP API, the logs CloudWatch's; masking is a data protection policy.
    """

    dollars: Decimal
    unit: str
    source: str
    compared: str = ""
    """Address of a published text of the year 2024 or later that states the same price; "" if none was found."""


def _price(dollars: str, per: int, unit: str, page: str, compared: str = "") -> Price:
    return Price(Decimal(dollars) / per, unit, f"aws.amazon.com/{page}/pricing", compared)


_STATES: Final = ("aws.amazon.com/step-functions/pricing", "wring.co/blog/aws-step-functions-pricing-guide")
_DYNAMODB: Final = "airbyte.com/data-engineering-resources/dynamodb-pricing"
_LAMBDA: Final = "cloudchipr.com/blog/aws-lambda-pricing"
_S3: Final = "c3x.dev/blog/s3-request-fees-explained"
_LOGS: Final = "hykell.com/knowledge-base/aws-cloudwatch-logs-pricing"
_EVENTS: Final = "blog.awsfundamentals.com/aws-eventbridge-pricing-guide"
_KMS: Final = "factualminds.com/blog/aws-kms-pricing-keys-requests-multi-region"
PRICES: Final = {
    "transition": Price(DOLLARS_PER_TRANSITION, "transitions", *_STATES),
    "express_request": Price(DOLLARS_PER_REQUEST, "executions", *_STATES),
    "express_gb_second": Price(DOLLARS_PER_GB_SECOND, "GB-seconds", *_STATES),
    "invocation": _price("0.20", 1_000_000, "invocations", "lambda", _LAMBDA),
    "arm64": _price("0.0000133334", 1, "GB-seconds on arm64", "lambda", _LAMBDA),
    "x86_64": _price("0.0000166667", 1, "GB-seconds on x86_64", "lambda", _LAMBDA),
    "write_unit": _price("0.625", 1_000_000, "write units", "dynamodb", _DYNAMODB),
    "read_unit": _price("0.125", 1_000_000, "read units", "dynamodb", _DYNAMODB),
    "s3_put": _price("5.00", 1_000_000, "PUTs", "s3", _S3),
    "s3_get": _price("0.40", 1_000_000, "GETs", "s3", _S3),
    "log_gb": _price("0.50", 1, "GB of logs", "cloudwatch", _LOGS),
    "mask_gb": _price("0.12", 1, "GB masked", "cloudwatch", _LOGS),
    "trace": _price("5.00", 1_000_000, "traces", "xray"),
    "api_request": _price("1.00", 1_000_000, "API calls", "api-gateway"),
    "kms_request": _price("3.00", 1_000_000, "KMS requests", "kms", _KMS),
    "event": _price("1.00", 1_000_000, "events", "eventbridge", _EVENTS),
    "archive_gb": _price("0.10", 1, "GB archived", "eventbridge"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestUsage:
    """Calls that one successful request makes at its functions, uncontended, without an API and without the gateway.

    Sizes are those of a request with one line; tests/cli/test_stage_cost.py counts all of it again on the handlers.
    """

    item_write_units: int
    """Write units of orders and stock; a transaction counts twice."""
    index_writes: dict[str, int]
    """Index of the table of orders → its writes, of one unit each; a moved key is deleted and written. The indexes are
    written after a transaction, and not twice."""
    read_units: int
    audit_puts: int
    function_log_bytes: int
    """Lines logged by the machine's functions."""
    events: int
    event_bytes: int
    publish_log_bytes: int


USAGE: Final = {
    "purchase": RequestUsage(
        item_write_units=8,
        index_writes={"by-customer": 1, "attention": 2, "by-day": 3},
        read_units=1,
        audit_puts=1,
        function_log_bytes=940,
        events=2,
        event_bytes=1338,
        publish_log_bytes=288,
    ),
    "refund": RequestUsage(
        item_write_units=7,
        index_writes={"attention": 2, "by-day": 4},
        read_units=2,
        audit_puts=1,
        function_log_bytes=1009,
        events=2,
        event_bytes=1241,
        publish_log_bytes=288,
    ),
}
"""Usage of a request, by its action."""

MILLISECONDS: Final = {"purchase": 68.0, "refund": 61.0, "record": 69.0, "publish": 61.0, "api": 61.0, "machine": 325.0}
"""Default durations of a warm invocation, by function, and of an execution (`machine`)."""
MILLISECONDS_SOURCE: Final = (
    "medians of the tour in the embedded AWS on two busy cores, 2026-11-29; cold starts left out; api is assumed"
)

PLATFORM_LOG_BYTES: Final = 800
"""Lines that Lambda itself logs per invocation (platform.start, .runtimeDone and .report). An estimate."""
HISTORY_EVENT_BYTES: Final = 350
"""An event in the machine's log without data: type, ids, time and ARN of the execution. An estimate."""
HISTORY_DATA_BYTES: Final = 430
"""Input, output and variables in such an event, on average over a purchase: 6,700 bytes of input and output when the
definition runs on the handlers in the interpreter, and 1,080 of variables, in 18 events. An estimate."""
HISTORY_EVENTS: Final = {"Task": 5, "Choice": 2, "Succeed": 2}
"""Events per state that runs without an error. An execution has two more, its start and its end."""
ACCESS_LOG_BYTES: Final = 200
"""A line of the API's access log. An estimate."""
