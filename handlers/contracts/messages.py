"""Messages of callers to the system, and of its steps to each other.

A `BookingRequest` is strict: an unknown field, a float for an amount or a string for a number is refused. Messages
between the steps keep unknown fields, because an old step reads the message of a new one during a deployment. Money is
an integer in the currency's minor unit, never a float or a bool.

Functions do not import this module: they read messages by way of `prebuilt`, from the schemas that pydantic makes here.
After a change run `python -m tests.handlers.core_schemas`.

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
"""Fields with the customer, the payment method and free text of a request, and the subject of the API's caller.

Logs and reports mask their values.
"""

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
AmountMinor = Annotated[int, Field(ge=1, le=MAX_MINOR)]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Token = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")]
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]


class _RequestModel(BaseModel):
    """A model of a caller's JSON, which is accepted as it is or refused, never converted."""

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
    """The page to which the customer's bank sends the customer back."""
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
    """A decision on what waits for another person's approval: a refund, or the proposed resolution of a case."""

    action: Literal["decide"]
    request_id: Identifier
    order_id: Identifier
    subject: Identifier
    """The refund_id or the case_id of what waits."""
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
    """The case_id, or the id of what the case is about: the order, a refund, a capture, or a dispute."""
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
    """The person or machine that the API identified, and the request that the proof is for."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    iss: Annotated[str, Field(max_length=512)]
    sub: Annotated[str, Field(max_length=255)]
    roles: Annotated[list[str], Field(max_length=8)]
    request_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of the request's canonical JSON."""
    expires: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z$")]
    """ISO 8601; an execution that starts later has no proof."""


class ApiProof(BaseModel):
    """The caller of a request, and the API's MAC over what it says of the caller."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    caller: ApiCaller
    mac: Annotated[str, Field(max_length=256)]


class ApiRequest(ApiProof):
    """The input of an execution that the API started; one that anybody else starts may be the bare request."""

    request: BookingRequest


Status = Literal["succeeded", "pending", "rejected", "failed", "unknown"]
"""The status of a result: `rejected` is for the caller to act on, `failed` for us; `unknown`: money may have moved.

`pending`: somebody else must act first, whom `next_action` names; the same request then tells how it ended.
"""


class Message(BaseModel):
    """A message between steps. Readers keep the fields that they do not know."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True, populate_by_name=True, serialize_by_alias=True)

    schema_version: int = Field(default=MESSAGE_SCHEMA, alias="schema")


class AwaitedAction(Message):
    """Somebody whose action a `pending` result awaits."""

    who: str
    """`customer` (3-D Secure, for instance), `bank`, or `approver`; readers accept any other."""
    until: str | None = None
    """The time at which the wait ends without that action, ISO 8601; null if nothing ends it."""


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
    """The start of the execution, ISO 8601; it decides policy questions in every attempt."""
    request: object
    """The input of the execution, which may be any JSON."""


class CaughtError(Message):
    """The error that Step Functions passes to a catcher."""

    error: str = Field(default="", alias="Error")
    cause: str = Field(default="", alias="Cause")


class RecordInput(FunctionInput):
    """The input of `record`, which is parked in the queue if the record step fails for good.

    Without a result and an error, the first state of the machine refused the request.
    """

    request_is_too_large: bool = False
    """True if the input of the execution leaves no room for a message around it; `request` is then null."""
    result: BookingResult | None = None
    error: CaughtError | None = None


class ReconcileInput(Message):
    """The scope of a run of `reconcile`: one order, or without `order_id` all that need it, from `continuation` on."""

    order_id: Identifier | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    """Maximum number of orders in one run, 1 to 1000."""
    days: Annotated[list[Day], Field(max_length=31)] | None = None
    """Days (YYYY-MM-DD) whose audit objects are compared. Default: yesterday, today and tomorrow (clocks differ)."""
    recent_seconds: Annotated[int, Field(ge=1)] | None = None
    """Compare only what changed within so many seconds. A schedule uses it so that its work follows the traffic."""
    fence_after_seconds: Annotated[int, Field(ge=0)] | None = None
    """Age from which a key that the gateway never received is fenced, 0 for any. Default: longer than an execution."""
    continuation: str | None = None
    """The position at which the previous run stopped, from its report."""


class GatewayNotice(Message):
    """A notice that an order may have changed at the gateway, which names the order or the gateway's payment."""

    order_id: Identifier | None = None
    reference: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,255}$")] | None = None


class ReconcileReport(Message):
    """The report of one run of `reconcile`."""

    settled: list[str] = Field(default_factory=list[str])
    """Orders, refunds and disputes of which the gateway knew more than the ledger."""
    released: list[str] = Field(default_factory=list[str])
    """Orders and refunds that never reached the gateway: they were fenced and then released."""
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
    """Open cases, each with its order, subject and reason, in every run until people have closed them."""
    disputes: list[str] = Field(default_factory=list[str])
    """Open disputes, each with its order and amount, in every run until the bank has decided them."""
    drift: dict[str, int] = Field(default_factory=dict[str, int])
    """Numbers of orders that disagree with the gateway (`gateway`) and of missing audit objects (`audit`)."""
    continuation: str | None = None
