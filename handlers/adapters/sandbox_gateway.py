"""A payment gateway for tests and tours. It keeps its state in its own table; the payment method decides its behaviour.

The tokens resemble the well-known providers' test cards. The table in docs/explanation/money.md is generated from here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final, cast

from botocore.exceptions import ClientError

from ..contracts.storage import BY_MOVEMENT, ITEM_SCHEMA
from ..domain.canonical import Json, day_of, digest, format_instant
from ..domain.days import next_day
from ..domain.errors import PaymentOutcomeUnknown, Unavailable
from ..domain.payments import (
    GatewayReply,
    GatewayStatus,
    Instruction,
    Movement,
    MovementPage,
    Operation,
    PaymentMethod,
)
from .clients import DynamoDBClient, call, code_of
from .dynamodb.attribute_values import Item, decode_item, encode, encode_item
from .dynamodb.order_repository import page_end, page_start


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """The gateway's treatment of charges, or of refunds, under a token."""

    outcome: GatewayStatus = GatewayStatus.SETTLED
    reason: str = ""
    replies_lost: int = 0
    arrives: bool = True
    later: GatewayStatus | None = None
    delay: timedelta = timedelta()
    """Time until `later` comes true."""


_ALWAYS: Final = 1_000_000_000
_SUCCEEDS: Final = Behaviour()
_DECLINED: Final = Behaviour(outcome=GatewayStatus.DECLINED, reason="insufficient_funds")
_REPLY_LOST_ONCE: Final = Behaviour(replies_lost=1)
_REPLY_LOST: Final = Behaviour(replies_lost=_ALWAYS)
_NEVER_ARRIVES: Final = Behaviour(arrives=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A payment method with the behaviour of its charges and refunds."""

    meaning: str
    charge: Behaviour = field(default=_SUCCEEDS)
    refund: Behaviour = field(default=_SUCCEEDS)


TOKENS: Final[Mapping[str, Token]] = {
    "pm_ok": Token(meaning="Charges and refunds succeed."),
    "pm_declined": Token(meaning="The charge is declined for insufficient funds.", charge=_DECLINED),
    "pm_timeout_then_ok": Token(
        meaning="The charge is made but its first reply is lost; a retry gets it.", charge=_REPLY_LOST_ONCE
    ),
    "pm_timeout": Token(
        meaning="The charge is made but every reply is lost; only reconcile's lookup finds it.", charge=_REPLY_LOST
    ),
    "pm_timeout_declined": Token(
        meaning="The charge is declined but every reply is lost; only reconcile's lookup finds it.",
        charge=Behaviour(outcome=GatewayStatus.DECLINED, reason="insufficient_funds", replies_lost=_ALWAYS),
    ),
    "pm_timeout_never_arrives": Token(
        meaning="No charge ever reaches the gateway; reconcile fences the key and releases the order.",
        charge=_NEVER_ARRIVES,
    ),
    "pm_refund_declined": Token(
        meaning="The charge succeeds; refunds are declined.",
        refund=Behaviour(outcome=GatewayStatus.DECLINED, reason="account_closed"),
    ),
    "pm_refund_timeout_then_ok": Token(
        meaning="Refunds are made but the first reply is lost; a retry gets it.", refund=_REPLY_LOST_ONCE
    ),
    "pm_refund_timeout": Token(
        meaning="Refunds are made but every reply is lost; only reconcile's lookup finds them.", refund=_REPLY_LOST
    ),
    "pm_refund_timeout_never_arrives": Token(
        meaning="No refund ever reaches the gateway; reconcile fences the key and releases the reservation.",
        refund=_NEVER_ARRIVES,
    ),
    "pm_refund_reversed": Token(
        meaning="Refunds are made and returned later: the lookup reports them as reversed.",
        refund=Behaviour(later=GatewayStatus.REVERSED),
    ),
    "pm_refund_reversed_late": Token(
        meaning="Refunds are made and returned ten days later.",
        refund=Behaviour(later=GatewayStatus.REVERSED, delay=timedelta(days=10)),
    ),
    "pm_refund_pending": Token(
        meaning="Refunds wait for the bank: the lookup reports them as settled.",
        refund=Behaviour(outcome=GatewayStatus.PENDING, later=GatewayStatus.SETTLED),
    ),
    "pm_refund_pending_declined": Token(
        meaning="Refunds wait for the bank, which declines them: the lookup reports it.",
        refund=Behaviour(outcome=GatewayStatus.PENDING, reason="account_closed", later=GatewayStatus.DECLINED),
    ),
}
"""The payment methods of the sandbox. Any other is declined as `unknown_payment_method`."""

_UNKNOWN_TOKEN: Final = Token(
    meaning="", charge=Behaviour(outcome=GatewayStatus.DECLINED, reason="unknown_payment_method")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPaymentGateway:
    """The gateway of tests and tours. It writes one item per key, and the first write is the outcome."""

    client: DynamoDBClient
    table: str
    now: Callable[[], datetime] = _utc_now

    key_life: ClassVar[timedelta | None] = None
    miss_age: ClassVar[timedelta | None] = timedelta()
    fences: ClassVar[frozenset[Operation]] = frozenset(Operation)
    list_reach: ClassVar[timedelta | None] = None

    def charge(self, instruction: Instruction, method: PaymentMethod) -> GatewayReply:
        """Charge as the token describes."""
        token = TOKENS.get(method.token, _UNKNOWN_TOKEN)
        return self._move(instruction.key, {**_facts(instruction), "token": method.token}, token.charge)

    def refund(self, instruction: Instruction) -> GatewayReply:
        """Refund as the charge's token describes."""
        key, facts = instruction.key, _facts(instruction)
        charge = self._find(instruction.charge_key)
        if charge is None or charge["heard"] != GatewayStatus.SETTLED:
            return self._move(key, facts, Behaviour(outcome=GatewayStatus.DECLINED, reason="charge_not_found"))
        token = TOKENS.get(str(charge["token"]), _UNKNOWN_TOKEN)
        return self._move(key, {**facts, "charge": instruction.charge_key, "token": charge["token"]}, token.refund)

    def lookup(self, instruction: Instruction) -> GatewayReply:
        """Return the state of the key. A refund under a token with `later` has come to that by now."""
        item = self._read(instruction.key)
        if item is None:
            return GatewayReply(status=GatewayStatus.NOTHING)
        token = TOKENS.get(str(item.get("token")), _UNKNOWN_TOKEN)
        if item["kind"] == "refund" and item["heard"] == token.refund.outcome and self._has_come(token.refund, item):
            return _reply({**item, "heard": cast("GatewayStatus", token.refund.later)})
        return _reply(item)

    def _has_come(self, behaviour: Behaviour, item: Mapping[str, Json]) -> bool:
        return behaviour.later is not None and str(item.get("moved_at", "")) <= format_instant(self.now())

    def movements(self, since: str, until: str, after: str | None) -> MovementPage | None:
        """List a day of movements at a time; `after` is the day and the place in it."""
        day, _, place = (after or day_of(since)).partition(" ")
        reply = call(
            self.client.query,
            TableName=self.table,
            IndexName=BY_MOVEMENT.name,
            KeyConditionExpression="#day = :day AND #at BETWEEN :since AND :until",
            ExpressionAttributeNames={"#day": BY_MOVEMENT.hash_key, "#at": BY_MOVEMENT.range_key},
            ExpressionAttributeValues={":day": encode(day), ":since": encode(since), ":until": encode(until)},
            **page_start(place),
        )
        moved = tuple(_movement(decode_item(item)) for item in reply["Items"])
        rest = page_end(reply)
        following = f"{day} {rest}" if rest else next_day(day) if day < day_of(until) else None
        return MovementPage(movements=moved, after=following)

    def fence(self, instruction: Instruction) -> GatewayReply:
        """Write a tombstone under the key, unless the key exists."""
        fence: dict[str, Json] = {"kind": "fence", "heard": GatewayStatus.FENCED.value, "amount_minor": 0}
        return _reply(self._insert(instruction.key, fence))

    def find_order(self, reference: str) -> str | None:  # noqa: ARG002 - the port's argument
        """Return None: the sandbox sends no events."""
        return None

    def _move(self, key: str, facts: Mapping[str, Json], behaviour: Behaviour) -> GatewayReply:
        try:
            return self._apply_behaviour(key, facts, behaviour)
        except Unavailable as error:
            raise PaymentOutcomeUnknown(f"The gateway did not answer about {key}.") from error

    def _apply_behaviour(self, key: str, facts: Mapping[str, Json], behaviour: Behaviour) -> GatewayReply:
        if not behaviour.arrives:
            return self._reject_undelivered(key)
        outcome: dict[str, Json] = {"heard": behaviour.outcome.value, "reason": behaviour.reason}
        first = {"pk": key, **facts, **outcome, "lost": behaviour.replies_lost, **self._moved(behaviour)}
        stored = self._insert(key, first)
        if _is_reply_lost(stored, behaviour, is_first=stored is first):
            raise PaymentOutcomeUnknown(f"The gateway's reply about {key} was lost.")
        return _reply(stored)

    def _moved(self, behaviour: Behaviour) -> dict[str, Json]:
        """Return the place in the list of movements: of the money that moves now, or of what comes of it later."""
        if behaviour.later is None and behaviour.outcome is not GatewayStatus.SETTLED:
            return {}
        at = format_instant(self.now() + behaviour.delay)
        return {BY_MOVEMENT.hash_key: day_of(at), BY_MOVEMENT.range_key: at}

    def _reject_undelivered(self, key: str) -> GatewayReply:
        """Raise, because the call never arrives; but reply if the key was fenced."""
        item = self._read(key)
        if item is None:
            raise PaymentOutcomeUnknown(f"The gateway did not answer about {key}.")
        return _reply(item)

    def _find(self, key: str) -> Mapping[str, Json] | None:
        try:
            return self._read(key)
        except Unavailable as error:
            raise PaymentOutcomeUnknown(f"The gateway did not answer about {key}.") from error

    def _read(self, key: str) -> Mapping[str, Json] | None:
        reply = call(self.client.get_item, TableName=self.table, Key={"pk": encode(key)}, ConsistentRead=True)
        return decode_item(reply["Item"]) if reply.get("Item") else None

    def _insert(self, key: str, facts: Mapping[str, Json]) -> Mapping[str, Json]:
        """Return the first item that was written under the key, which is `facts` itself if it is written now."""
        try:
            call(
                self.client.put_item,
                TableName=self.table,
                Item=encode_item({"pk": key, "schema": ITEM_SCHEMA, **facts}),
                ConditionExpression="attribute_not_exists(pk)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            return decode_item(_existing_item(error))
        return facts


def _facts(instruction: Instruction) -> dict[str, Json]:
    return {
        "kind": instruction.operation.value,
        "amount_minor": instruction.amount_minor,
        "currency": instruction.currency,
    }


def _movement(item: Mapping[str, Json]) -> Movement:
    key, amount_minor = str(item["pk"]), item.get("amount_minor")
    return Movement(
        reference=_reference(key),
        at=str(item[BY_MOVEMENT.range_key]),
        kind=str(item["kind"]),
        amount_minor=amount_minor if isinstance(amount_minor, int) else 0,
        currency=str(item.get("currency", "")),
        key=key,
        order_id=str(item.get("charge", key)),
    )


def _reference(key: str) -> str:
    return f"sandbox_{digest(key)[:16]}"


def _is_reply_lost(stored: Mapping[str, Json], behaviour: Behaviour, *, is_first: bool) -> bool:
    """Return whether the reply gets lost; the reply of a fenced key never does."""
    if stored["heard"] == GatewayStatus.FENCED:
        return False
    return behaviour.replies_lost == _ALWAYS or (is_first and behaviour.replies_lost > 0)


def _existing_item(error: ClientError) -> Item:
    return cast("Mapping[str, Item]", error.response)["Item"]  # ALL_OLD was asked for


def _reply(item: Mapping[str, Json]) -> GatewayReply:
    status, amount_minor = GatewayStatus(str(item["heard"])), item.get("amount_minor")
    return GatewayReply(
        status=status,
        reference=_reference(str(item.get("pk", ""))) if status is GatewayStatus.SETTLED else "",
        reason=str(item.get("reason", "")),
        amount_minor=amount_minor if isinstance(amount_minor, int) else 0,
        currency=str(item.get("currency", "")),
    )
