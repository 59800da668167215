"""A payment gateway to test with: it keeps its memory in a table of its own and behaves by the payment method's name.

The tokens resemble the well-known providers' test cards. The table in docs/explanation/money.md is generated from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, cast

from botocore.exceptions import ClientError

from ..contracts.storage import ITEM_SCHEMA
from ..domain.canonical import Json, digest
from ..domain.errors import PaymentOutcomeUnknown, Unavailable
from ..domain.payments import GatewayReply, GatewayStatus
from .clients import DynamoDBClient, call, code_of
from .dynamodb.attribute_values import Item, decode_item, encode, encode_item


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How the gateway treats one direction of money under a token."""

    ends: GatewayStatus = GatewayStatus.SETTLED
    reason: str = ""
    replies_lost: int = 0
    arrives: bool = True
    later: GatewayStatus | None = None


_ALWAYS: Final = 1_000_000_000
_FINE: Final = Behaviour()
_DECLINED: Final = Behaviour(ends=GatewayStatus.DECLINED, reason="insufficient_funds")
_REPLY_LOST_ONCE: Final = Behaviour(replies_lost=1)
_REPLY_LOST: Final = Behaviour(replies_lost=_ALWAYS)
_NEVER_ARRIVES: Final = Behaviour(arrives=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A payment method, and what charges and refunds under it do."""

    meaning: str
    charge: Behaviour = field(default=_FINE)
    refund: Behaviour = field(default=_FINE)


TOKENS: Final[Mapping[str, Token]] = {
    "pm_ok": Token(meaning="Charges and refunds are made."),
    "pm_declined": Token(meaning="The charge is declined for want of funds.", charge=_DECLINED),
    "pm_timeout_then_ok": Token(
        meaning="The charge is made and its first reply is lost; asking again tells.", charge=_REPLY_LOST_ONCE
    ),
    "pm_timeout": Token(
        meaning="The charge is made and every reply is lost; only reconcile's look-up tells.", charge=_REPLY_LOST
    ),
    "pm_timeout_declined": Token(
        meaning="The charge is declined and every reply is lost; only reconcile's look-up tells.",
        charge=Behaviour(ends=GatewayStatus.DECLINED, reason="insufficient_funds", replies_lost=_ALWAYS),
    ),
    "pm_timeout_never_arrives": Token(
        meaning="No charge ever reaches the gateway; reconcile fences it and releases the order.", charge=_NEVER_ARRIVES
    ),
    "pm_refund_declined": Token(
        meaning="The charge is made; refunds are declined.",
        refund=Behaviour(ends=GatewayStatus.DECLINED, reason="account_closed"),
    ),
    "pm_refund_timeout_then_ok": Token(
        meaning="Refunds are made and the first reply is lost; asking again tells.", refund=_REPLY_LOST_ONCE
    ),
    "pm_refund_timeout": Token(
        meaning="Refunds are made and every reply is lost; only reconcile's look-up tells.", refund=_REPLY_LOST
    ),
    "pm_refund_timeout_never_arrives": Token(
        meaning="No refund ever reaches the gateway; reconcile fences it and releases the reservation.",
        refund=_NEVER_ARRIVES,
    ),
    "pm_refund_reversed": Token(
        meaning="Refunds are made and come back later: the look-up says reversed.",
        refund=Behaviour(later=GatewayStatus.REVERSED),
    ),
}
"""What the sandbox knows; any other token is declined as `unknown_payment_method`."""

_UNKNOWN_TOKEN: Final = Token(
    meaning="", charge=Behaviour(ends=GatewayStatus.DECLINED, reason="unknown_payment_method")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPaymentGateway:
    """The `PaymentGateway` of tests and tours: one item per key, and what is first written there is the outcome."""

    client: DynamoDBClient
    table: str

    can_fence: ClassVar[bool] = True

    def charge(self, key: str, amount_minor: int, currency: str, payment_method: str) -> GatewayReply:
        """Take money as the token says."""
        token = TOKENS.get(payment_method, _UNKNOWN_TOKEN)
        facts: dict[str, Json] = {"kind": "charge", "amount_minor": amount_minor, "currency": currency}
        return self._move(key, {**facts, "token": payment_method}, token.charge)

    def refund(self, key: str, charge_key: str, amount_minor: int, currency: str) -> GatewayReply:
        """Give money back as the charge's token says."""
        facts: dict[str, Json] = {"kind": "refund", "amount_minor": amount_minor, "currency": currency}
        charge = self._find(charge_key)
        if charge is None or charge["heard"] != GatewayStatus.SETTLED:
            return self._move(key, facts, Behaviour(ends=GatewayStatus.DECLINED, reason="charge_not_found"))
        token = TOKENS.get(str(charge["token"]), _UNKNOWN_TOKEN)
        return self._move(key, {**facts, "charge": charge_key, "token": charge["token"]}, token.refund)

    def lookup(self, key: str) -> GatewayReply:
        """What is known of the key; a refund whose token says so has come back meanwhile."""
        item = self._read(key)
        if item is None:
            return GatewayReply(status=GatewayStatus.NOTHING)
        token = TOKENS.get(str(item.get("token")), _UNKNOWN_TOKEN)
        if item["kind"] == "refund" and item["heard"] == GatewayStatus.SETTLED and token.refund.later:
            return _reply({**item, "heard": token.refund.later})
        return _reply(item)

    def cancel(self, key: str) -> GatewayReply:
        """Put a tombstone under the key, unless something is there already."""
        fence: dict[str, Json] = {"kind": "fence", "heard": GatewayStatus.FENCED.value, "amount_minor": 0}
        return _reply(self._insert(key, fence))

    def _move(self, key: str, facts: Mapping[str, Json], behaviour: Behaviour) -> GatewayReply:
        try:
            return self._apply_behaviour(key, facts, behaviour)
        except Unavailable as error:
            raise PaymentOutcomeUnknown(f"The gateway did not answer for {key}.") from error

    def _apply_behaviour(self, key: str, facts: Mapping[str, Json], behaviour: Behaviour) -> GatewayReply:
        if not behaviour.arrives:
            return self._reject_undelivered(key)
        ends: dict[str, Json] = {"heard": behaviour.ends.value, "reason": behaviour.reason}
        first = {"pk": key, **facts, **ends, "lost": behaviour.replies_lost}
        kept = self._insert(key, first)
        if _is_reply_lost(kept, behaviour, is_first=kept is first):
            raise PaymentOutcomeUnknown(f"The gateway's reply for {key} was lost.")
        return _reply(kept)

    def _reject_undelivered(self, key: str) -> GatewayReply:
        """Nothing arrives, but that a key is fenced is told to whoever asks."""
        item = self._read(key)
        if item is None:
            raise PaymentOutcomeUnknown(f"The gateway did not answer for {key}.")
        return _reply(item)

    def _find(self, key: str) -> Mapping[str, Json] | None:
        try:
            return self._read(key)
        except Unavailable as error:
            raise PaymentOutcomeUnknown(f"The gateway did not answer for {key}.") from error

    def _read(self, key: str) -> Mapping[str, Json] | None:
        reply = call(self.client.get_item, TableName=self.table, Key={"pk": encode(key)}, ConsistentRead=True)
        return decode_item(reply["Item"]) if reply.get("Item") else None

    def _insert(self, key: str, facts: Mapping[str, Json]) -> Mapping[str, Json]:
        """What was first written under the key: `facts` itself, if that is now."""
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


def _is_reply_lost(kept: Mapping[str, Json], behaviour: Behaviour, *, is_first: bool) -> bool:
    """A fence is always told."""
    if kept["heard"] == GatewayStatus.FENCED:
        return False
    return behaviour.replies_lost == _ALWAYS or (is_first and behaviour.replies_lost > 0)


def _existing_item(error: ClientError) -> Item:
    return cast("Mapping[str, Item]", error.response)["Item"]  # ALL_OLD was asked for


def _reply(item: Mapping[str, Json]) -> GatewayReply:
    heard, amount_minor = GatewayStatus(str(item["heard"])), item.get("amount_minor")
    return GatewayReply(
        status=heard,
        reference=f"sandbox_{digest(str(item.get('pk', '')))[:16]}" if heard is GatewayStatus.SETTLED else "",
        reason=str(item.get("reason", "")),
        amount_minor=amount_minor if isinstance(amount_minor, int) else 0,
    )
