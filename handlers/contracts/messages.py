"""Messages from callers to the system, and between its steps.

A `BookingRequest` is strict: an unknown field, a float for an amount or a string for a number is refused. Messages
between steps keep unknown fields, because an old step may read the message of a new one during a deployment. Money is
an integer in the currency's minor unit, never a float or a bool.

Functions do not import this module: `prebuilt` validates with the schemas that pydantic builds from it. After a change
run `python -m tests.handlers.core_schemas`.

Longer than 250 lines so that every message is in one file, which generates its schemas.
"""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .request_rules import (
    MAX_HOLD_SECONDS,
    MAX_LINES,
    MAX_MINOR,
    MAX_QUANTITY,
    MAX_REASON_LENGTH,
    MESSAGE_SCHEMA,
    MIN_HOLD_SECONDS,
    check_amount_or_lines,
    check_purchase,
)

PERSONAL_FIELDS: Final = (
    "customer_id",
    "payment_method",
    "gateway_customer",
    "reason",
    "evidence",
    "requested_by",
    "sub",
)
"""Fields with the customer, the payment method or free text of a request, or the subject of the API's caller.

Logs and reports mask their values.
"""

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
AmountMinor = Annotated[int, Field(ge=1, le=MAX_MINOR)]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Token = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")]
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]


class _RequestModel(BaseModel):
    """A model of a caller's JSON, which is accepted or refused unchanged, never converted."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class PurchaseLine(_RequestModel):
    """A number of units of one SKU, at the unit price that the customer was quoted."""

    sku: Identifier
    quantity: Quantity
    unit_price_minor: AmountMinor


class RefundLine(_RequestModel):
    """A number of units of one SKU to refund or to capture."""

    sku: Identifier
    quantity: Quantity


class PurchaseRequest(_RequestModel):
    """A request to buy lines with a payment method."""

    action: Literal["purchase"]
    request_id: Identifier
    customer_id: Identifier
    currency: Currency
    lines: Annotated[list[PurchaseLine], Field(min_length=1, max_length=MAX_LINES)]
    payment_method: Token
    capture: Literal["now", "later"] = "now"
    """`later` only authorises the payment; a capture then takes the money."""
    hold_seconds: Annotated[int, Field(ge=MIN_HOLD_SECONDS, le=MAX_HOLD_SECONDS)] | None = None
    """Time for which an authorised amount waits for its capture; only for `later`. Default: 7 days."""
    return_url: Annotated[str, Field(pattern=r"^https://[!-~]{1,504}$")] | None = None
    """The page to which the customer's bank returns the customer."""
    gateway_customer: Token | None = None
    """The gateway's id of the customer who owns a saved payment method."""

    _check = model_validator(mode="after")(check_purchase)


class RefundRequest(_RequestModel):
    """A request to refund an amount, or lines, or (with neither) everything that is still refundable."""

    action: Literal["refund"]
    request_id: Identifier
    order_id: Identifier
    requested_by: Identifier
    reason: Annotated[str, Field(min_length=1, max_length=MAX_REASON_LENGTH)]
    amount_minor: AmountMinor | None = None
    lines: Annotated[list[RefundLine], Field(min_length=1, max_length=MAX_LINES)] | None = None
    restock: bool = True
    """True if refunded units return to stock; false for goods that cannot be sold again."""
    override: Literal["window"] | None = None
    """`window` to refund although the refund window has closed. Another person must then approve."""

    _check = model_validator(mode="after")(check_amount_or_lines)


class DecisionRequest(_RequestModel):
    """A decision on a refund, or on the proposed resolution of a case, that waits for another person's approval."""

    action: Literal["decide"]
    request_id: Identifier
    order_id: Identifier
    subject: Identifier
    """The refund_id or case_id."""
    decision: Literal["approve", "deny"]
    requested_by: Identifier


class CaptureRequest(_RequestModel):
    """A request to capture an amount, or lines, or (with neither) everything that is authorised; once per order."""

    action: Literal["capture"]
    request_id: Identifier
    order_id: Identifier
    requested_by: Identifier
    amount_minor: AmountMinor | None = None
    lines: Annotated[list[RefundLine], Field(min_length=1, max_length=MAX_LINES)] | None = None
    """Units to capture. The other units of the order return to stock."""

    _check = model_validator(mode="after")(check_amount_or_lines)


class CancelRequest(_RequestModel):
    """A request to give up a payment that is not captured, and to return the order's units to stock."""

    action: Literal["cancel"]
    request_id: Identifier
    order_id: Identifier
    requested_by: Identifier


class ResolutionRequest(_RequestModel):
    """A proposal to close a case: its subject was paid, or not paid, outside the system. Another person then decides.

    The decision is a `decide` on the case.
    """

    action: Literal["resolve"]
    request_id: Identifier
    order_id: Identifier
    subject: Identifier
    """The case_id, or the id of the case's subject: the order, a refund, a capture, or a dispute."""
    outcome: Literal["settled", "released"]
    """`settled`: it was paid. `released`: it was not paid."""
    evidence: Annotated[str, Field(min_length=1, max_length=MAX_REASON_LENGTH)]
    """The reason to believe the outcome, such as the gateway's own statement."""
    requested_by: Identifier


BookingRequest = Annotated[
    PurchaseRequest | CaptureRequest | CancelRequest | RefundRequest | DecisionRequest | ResolutionRequest,
    Field(discriminator="action"),
]
"""The input of an execution."""


class ApiCaller(BaseModel):
    """The person or machine that the API identified, and the request that the proof covers."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    iss: Annotated[str, Field(max_length=512)]
    sub: Annotated[str, Field(max_length=255)]
    roles: Annotated[list[str], Field(max_length=8)]
    request_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of the request's canonical JSON."""
    expires: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z$")]
    """ISO 8601; the proof is invalid in an execution that starts later."""


class ApiProof(BaseModel):
    """The caller of a request, and the API's MAC over its statement about the caller."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    caller: ApiCaller
    mac: Annotated[str, Field(max_length=256)]


class ApiRequest(ApiProof):
    """The input of an execution that the API started. One started in any other way may take the bare request."""

    request: BookingRequest


Status = Literal["succeeded", "pending", "rejected", "failed", "unknown"]
"""The status of a result.

`rejected`: the caller must act. `failed`: the operators must act. `unknown`: money may have moved. `pending`: the party
in `next_action` must act first; repeat the same request to see the outcome.
"""


class Message(BaseModel):
    """A message between steps. Readers keep the fields that they do not know."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True, populate_by_name=True, serialize_by_alias=True)

    schema_version: int = Field(default=MESSAGE_SCHEMA, alias="schema")


class AwaitedAction(Message):
    """The party whose action a `pending` result awaits."""

    who: str
    """`customer` (3-D Secure, for instance), `bank`, or `approver`; readers accept any other value."""
    until: str | None = None
    """The time at which the wait ends without that action, ISO 8601; null if it never does."""


class BookingResult(Message):
    """The result of a request. Fields that a refusal cannot know are null."""

    status: Status | str
    action: str | None = None
    request_id: str | None = None
    order_id: str | None = None
    refund_id: str | None = None
    case_id: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    order_status: str | None = None
    refundable_minor: int | None = None
    code: str | None = None
    message: str = ""
    next_action: AwaitedAction | None = None
    replayed: bool = False
    erased: bool = False
    """True if the request's text was erased, so that only its id could be compared."""


class FunctionInput(Message):
    """The input of `purchase` and `refund`: the caller's JSON and its execution."""

    execution: str
    """ARN of the execution."""
    requested_at: str
    """The start of the execution, ISO 8601. Policies are applied as of this time in every attempt."""
    request: object
    """The input of the execution, which may be any JSON."""


class CaughtError(Message):
    """The error that Step Functions passes to a catcher."""

    error: str = Field(default="", alias="Error")
    cause: str = Field(default="", alias="Cause")


class RecordInput(FunctionInput):
    """The input of `record`, which is parked in the queue if the record step fails for good.

    If it has neither a result nor an error, the machine's first state refused the request.
    """

    request_is_too_large: bool = False
    """True if the execution's input is too large to be put into a message; `request` is then null."""
    result: BookingResult | None = None
    error: CaughtError | None = None


class ReconcileInput(Message):
    """The scope of a run of `reconcile`: one order, or without `order_id` all due ones, starting at `continuation`."""

    order_id: Identifier | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    """Maximum number of orders in one run, 1 to 1000."""
    days: Annotated[list[Day], Field(max_length=31)] | None = None
    """Days (YYYY-MM-DD) whose audit objects are compared. Default: yesterday, today and tomorrow (clocks differ)."""
    recent_seconds: Annotated[int, Field(ge=1)] | None = None
    """Compare only what changed within this many seconds.

    Schedules use it so that their work is proportional to the traffic.
    """
    fence_after_seconds: Annotated[int, Field(ge=0)] | None = None
    """Minimum age of a key that the gateway never received before it is fenced; 0 for any.

    Default: longer than an execution.
    """
    continuation: str | None = None
    """The position at which the previous run stopped, from its report."""


class GatewayNotice(Message):
    """A notice that an order may have changed at the gateway, which names the order or the gateway's payment."""

    order_id: Identifier | None = None
    reference: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,255}$")] | None = None


class ReconcileReport(Message):
    """The report of one run of `reconcile`."""

    settled: list[str] = Field(default_factory=list[str])
    """Orders, refunds and disputes whose ledger was updated from the gateway."""
    released: list[str] = Field(default_factory=list[str])
    """Orders and refunds that never reached the gateway and were fenced and released."""
    restored: list[str] = Field(default_factory=list[str])
    """Missing audit objects that were written: `<order_id>/<sequence number>`, or the key of a refusal."""
    postponed: list[str] = Field(default_factory=list[str])
    """Orders for which a service failed; the next run tries them again."""
    left_to_people: list[str] = Field(default_factory=list[str])
    """Cases that need a person, each with its reason."""
    altered: list[str] = Field(default_factory=list[str])
    """Audit objects of this run's sample that were overwritten, deleted or altered, each with its reason."""
    orphans: list[str] = Field(default_factory=list[str])
    """Movements in the gateway's list that no ledger has, each with its reference, amount and key."""
    cases: list[str] = Field(default_factory=list[str])
    """Open cases, each with its order, subject and reason, repeated in every run until people have closed them."""
    disputes: list[str] = Field(default_factory=list[str])
    """Open disputes, each with its order and amount, repeated in every run until the bank has decided them."""
    drift: dict[str, int] = Field(default_factory=dict[str, int])
    """Numbers of orders that disagree with the gateway (`gateway`) and of missing audit objects (`audit`)."""
    continuation: str | None = None
