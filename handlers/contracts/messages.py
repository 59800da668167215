"""What callers say to the system and what its steps say to each other.

Strict at the front door: a `BookingRequest` with an unknown field, a float for an amount or text for a number is
refused. Between the steps a reader keeps fields that it does not know, for an old step reads a new one's message during
a deployment. Money is a whole number of the currency's minor unit; never a float, never a bool.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

MESSAGE_SCHEMA: Final = 1
"""Schema number of the messages."""

MAX_MINOR: Final = 999_999_999_999  # of one booking: exact in every JSON number, well inside DynamoDB's 38 digits
MAX_LINES: Final = 50  # with the order itself one transaction, which takes 100 items
MAX_QUANTITY: Final = 1_000_000
MAX_REASON_LENGTH: Final = 256  # keeps an order with all its refunds below DynamoDB's 400 KB

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
AmountMinor = Annotated[int, Field(ge=1, le=MAX_MINOR)]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]


class _RequestModel(BaseModel):
    """Strict: what a caller sends is taken as it is or refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class PurchaseLine(_RequestModel):
    """So many of one article at the price that the customer was quoted."""

    sku: Identifier
    quantity: Quantity
    unit_price_minor: AmountMinor


class RefundLine(_RequestModel):
    """So many of one article given back."""

    sku: Identifier
    quantity: Quantity


def _refuse_repeated_skus(lines: list[PurchaseLine] | list[RefundLine]) -> None:
    skus = [line.sku for line in lines]
    if len(set(skus)) < len(skus):
        raise PydanticCustomError("repeated_sku", "one line per sku")


class PurchaseRequest(_RequestModel):
    """Buy these lines with this payment method."""

    action: Literal["purchase"]
    request_id: Identifier
    customer_id: Identifier
    currency: Currency
    lines: Annotated[list[PurchaseLine], Field(min_length=1, max_length=MAX_LINES)]
    payment_method: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")]

    @property
    def amount_minor(self) -> int:
        """What the lines come to."""
        return sum(line.quantity * line.unit_price_minor for line in self.lines)

    @model_validator(mode="after")
    def _one_line_per_sku_and_a_total_in_range(self) -> Self:
        _refuse_repeated_skus(self.lines)
        if self.amount_minor > MAX_MINOR:
            raise PydanticCustomError("total_too_large", "total too large")
        return self


class RefundRequest(_RequestModel):
    """Give back an amount, or these lines, or (with neither) all that is still refundable."""

    action: Literal["refund"]
    request_id: Identifier
    order_id: Identifier
    requested_by: Identifier
    reason: Annotated[str, Field(min_length=1, max_length=MAX_REASON_LENGTH)]
    amount_minor: AmountMinor | None = None
    lines: Annotated[list[RefundLine], Field(min_length=1, max_length=MAX_LINES)] | None = None

    @model_validator(mode="after")
    def _amount_or_lines_and_one_line_per_sku(self) -> Self:
        if self.amount_minor is not None and self.lines is not None:
            raise PydanticCustomError("amount_and_lines", "amount or lines")
        _refuse_repeated_skus(self.lines or [])
        return self


BookingRequest = Annotated[PurchaseRequest | RefundRequest, Field(discriminator="action")]
"""What an execution is started with."""

Status = Literal["succeeded", "rejected", "failed", "unknown"]
"""How a booking ended: `rejected` is the customer's case, `failed` ours, `unknown` means that money may have moved."""


class Message(BaseModel):
    """What one step says to another: readers keep fields that they do not know."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True, populate_by_name=True, serialize_by_alias=True)

    schema_version: int = Field(default=MESSAGE_SCHEMA, alias="schema")


class BookingResult(Message):
    """What became of a request. Fields that a refusal cannot know are null."""

    status: Status
    action: str | None = None
    request_id: str | None = None
    order_id: str | None = None
    refund_id: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    order_status: str | None = None
    refundable_minor: int | None = None
    code: str | None = None
    message: str = ""
    replayed: bool = False


class FunctionInput(Message):
    """What the machine sends to `purchase` and `refund`: the caller's JSON and where it came from."""

    execution: str
    """ARN of the execution."""
    requested_at: str
    """When the execution started, ISO 8601: the time that every attempt judges by."""
    request: object
    """Whatever the execution was started with."""


class CaughtError(Message):
    """What Step Functions hands to a catcher."""

    error: str = Field(default="", alias="Error")
    cause: str = Field(default="", alias="Cause")


class RecordInput(FunctionInput):
    """What the machine sends to `record`, and parks in the queue when the record step fails for good.

    With neither result nor error the request was refused by the machine's first choice.
    """

    result: BookingResult | None = None
    error: CaughtError | None = None


class ReconcileInput(Message):
    """How much to reconcile, and from where. Without `order_id`: whatever needs it."""

    order_id: Identifier | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    """Orders looked at in one run, 1 to 1000."""
    days: Annotated[list[Day], Field(max_length=31)] | None = None
    """Days (YYYY-MM-DD) whose audit objects are compared; without it yesterday, today and tomorrow (clocks differ)."""
    recent_seconds: Annotated[int, Field(ge=1)] | None = None
    """Of the days, only what changed within so many seconds: for a schedule, whose work then follows the traffic."""
    fence_after_seconds: Annotated[int, Field(ge=0)] | None = None
    """Age from which what the gateway has not heard of is given up, 0 for any; without it longer than an execution."""
    continuation: str | None = None
    """Where the run before stopped, as it said."""


class ReconcileReport(Message):
    """What one run of `reconcile` did."""

    settled: list[str] = Field(default_factory=list[str])
    """Orders and refunds that the gateway knew."""
    released: list[str] = Field(default_factory=list[str])
    """Orders and refunds that the gateway had not heard of: fenced first, then given up."""
    restored: list[str] = Field(default_factory=list[str])
    """Audit objects that were missing and are written now: `<order_id>/<sequence number>`, or an execution."""
    postponed: list[str] = Field(default_factory=list[str])
    """Orders that a service failed for just now; the next run comes to them again."""
    left_to_people: list[str] = Field(default_factory=list[str])
    """Cases that need a person, each with its reason."""
    drift: dict[str, int] = Field(default_factory=dict[str, int])
    """How many orders disagree with the gateway (`gateway`) and how many objects were missing or altered (`audit`)."""
    continuation: str | None = None
