"""A payment gateway for tests and tours.

It keeps its state in its own table, and the payment method determines its behaviour.

A capture and a void each write an item of their own and, in the same transaction, end the hold in the payment's item: a
hold ends once.

Longer than 250 lines: one method per operation of the port, with the item that it writes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final, cast

from botocore.exceptions import ClientError

from ..contracts.storage import BY_MOVEMENT, ITEM_SCHEMA
from ..domain.canonical import Json, day_of, digest, format_instant, next_day, parse_instant
from ..domain.errors import PaymentOutcomeUnknown, Unavailable
from ..domain.payments import (
    AUTHORIZATION_GONE,
    DisputePhase,
    GatewayReply,
    GatewayStatus,
    Instruction,
    Movement,
    MovementPage,
    Operation,
    PaymentAction,
    PaymentMethod,
    ReportedDispute,
    ReportedRefund,
)
from ..domain.requests import dispute_id_of, reported_refund_id_of
from .clients import DynamoDBClient, call, code_of
from .dynamodb.attribute_values import Item, decode_item, encode, encode_item
from .dynamodb.order_repository import page_end, page_start
from .dynamodb.transactions import CONFLICTS, transact
from .dynamodb.update_expression import Update
from .sandbox_tokens import ALWAYS, TOKENS, UNKNOWN, Behaviour, DashboardRefund, DisputeCourse


def _utc_now() -> datetime:
    return datetime.now(UTC)


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

    def refuse_amount(self, amount_minor: int, currency: str) -> str:  # noqa: ARG002 - the port's arguments
        """Accept every amount."""
        return ""

    def charge(self, instruction: Instruction, method: PaymentMethod) -> GatewayReply:
        """Charge as the token describes."""
        token = TOKENS.get(method.token, UNKNOWN)
        return self._move(instruction.key, {**_facts(instruction), "token": method.token}, token.charge)

    def authorize(self, instruction: Instruction, method: PaymentMethod) -> GatewayReply:
        """Hold an amount as the token describes."""
        token = TOKENS.get(method.token, UNKNOWN)
        until = format_instant(parse_instant(instruction.opened_at) + token.hold)
        held = replace(token.charge, outcome=_held_status(token.charge.outcome))
        return self._move(instruction.key, {**_facts(instruction), "token": method.token, "until": until}, held)

    def capture(self, instruction: Instruction) -> GatewayReply:
        """Capture as the payment's token describes."""
        payment = self._find(instruction.charge_key) or {}
        behaviour = TOKENS.get(str(payment.get("token")), UNKNOWN).capture
        if not behaviour.arrives:
            return self._reject_undelivered(instruction.key)
        is_declined = behaviour.outcome is GatewayStatus.DECLINED
        facts: dict[str, Json] = {**_facts(instruction), "heard": behaviour.outcome.value, "reason": behaviour.reason}
        facts.update({"charge": instruction.charge_key, **self._movement_attributes(behaviour)})
        is_written = (
            self._insert(instruction.key, facts) is facts if is_declined else self._end_hold(instruction, facts)
        )
        if behaviour.replies_lost == ALWAYS or (is_written and behaviour.replies_lost):
            raise PaymentOutcomeUnknown(f"The gateway's reply about {instruction.key} was lost.")
        return self._find_reply(instruction) or self._decline_capture(instruction)

    def void(self, instruction: Instruction) -> GatewayReply:
        """Give up a payment, unless it was captured or the bank is processing it."""
        facts: dict[str, Json] = {"kind": "void", "heard": GatewayStatus.SETTLED.value, "amount_minor": 0}
        if self._end_hold(instruction, facts):
            return _reply({"pk": instruction.key, **facts})
        payment = GatewayStatus(str((self._find(instruction.charge_key) or {}).get("heard", GatewayStatus.NOTHING)))
        if payment in (GatewayStatus.FENCED, GatewayStatus.DECLINED):
            return _reply({"pk": instruction.key, **facts})
        if payment is GatewayStatus.SETTLED:
            return GatewayReply(status=GatewayStatus.DECLINED, reason="already_captured")
        return GatewayReply(status=payment)

    def refund(self, instruction: Instruction) -> GatewayReply:
        """Refund as the charge's token describes."""
        key, facts = instruction.key, _facts(instruction)
        charge = self._find(instruction.charge_key)
        if charge is None or charge["heard"] != GatewayStatus.SETTLED:
            return self._move(key, facts, Behaviour(outcome=GatewayStatus.DECLINED, reason="charge_not_found"))
        token = TOKENS.get(str(charge["token"]), UNKNOWN)
        refunded_minor = token.dashboard_refund.amount_of(_amount(charge)) if token.dashboard_refund else 0
        if instruction.amount_minor > _amount(charge) - refunded_minor:
            return self._move(key, facts, Behaviour(outcome=GatewayStatus.DECLINED, reason="amount_too_large"))
        return self._move(key, {**facts, "charge": instruction.charge_key, "token": charge["token"]}, token.refund)

    def lookup(self, instruction: Instruction) -> GatewayReply:
        """Return the state of the key, after the later actions of customer and bank that the token describes."""
        item = self._read(instruction.key)
        if item is None:
            return GatewayReply(status=GatewayStatus.NOTHING)
        token = TOKENS.get(str(item.get("token")), UNKNOWN)
        if (
            item["kind"] == "refund"
            and item["heard"] == token.refund.outcome
            and self._is_later_state_due(token.refund, item)
        ):
            return _reply({**item, "heard": cast("GatewayStatus", token.refund.later)})
        initial = _held_status(token.charge.outcome) if item["kind"] == Operation.AUTHORIZE else token.charge.outcome
        if item["heard"] == initial and initial in _OPEN and token.charge.later:
            return self._apply_later_state(instruction, item, token.charge.later)
        if item["kind"] not in (Operation.CHARGE, Operation.AUTHORIZE) or item["heard"] != GatewayStatus.SETTLED:
            return _reply(item)
        return replace(
            _reply(item),
            disputes=self._disputes(instruction, item, token.dispute),
            refunds=self._dashboard_refunds(instruction, item, token.dashboard_refund),
        )

    def _dashboard_refunds(
        self, instruction: Instruction, item: Mapping[str, Json], refund: DashboardRefund | None
    ) -> tuple[ReportedRefund, ...]:
        """Return the refund that somebody made in the dashboard, in its state this long after the purchase."""
        if refund is None:
            return ()
        has_ended = refund.later is not None and self.now() - parse_instant(instruction.opened_at) >= refund.ends_after
        reported = ReportedRefund(
            reference=_dashboard_reference(instruction.key),
            status=refund.later if refund.later and has_ended else refund.status,
            amount_minor=refund.amount_of(_amount(item)),
            currency=str(item["currency"]),
        )
        return (reported,)

    def _disputes(
        self, instruction: Instruction, item: Mapping[str, Json], course: DisputeCourse | None
    ) -> tuple[ReportedDispute, ...]:
        """Return the dispute of a payment; its state depends on the time since the purchase."""
        if course is None:
            return ()
        is_decided = self.now() - parse_instant(instruction.opened_at) >= course.decided_after
        reported = ReportedDispute(
            reference=_dispute_reference(instruction.key),
            phase=course.ends_as if is_decided else course.begins_as,
            amount_minor=_amount(item),
            currency=str(item["currency"]),
            reason="fraudulent",
        )
        return (reported,)

    def _is_later_state_due(self, behaviour: Behaviour, item: Mapping[str, Json]) -> bool:
        return behaviour.later is not None and str(item.get("moved_at", "")) <= format_instant(self.now())

    def payment_action(self, instruction: Instruction) -> PaymentAction | None:
        """Return the address of a page that does not exist: the token determines what the customer does."""
        item = self._read(instruction.key)
        if item is None or item["heard"] != GatewayStatus.ACTION_REQUIRED:
            return None
        return PaymentAction(url=f"https://sandbox.booking.invalid/confirm/{_reference(instruction.key)}")

    def movements(self, since: str, until: str, after: str | None) -> MovementPage | None:
        """List the movements of one day at a time; `after` is the day and the position in it."""
        day, _, position = (after or day_of(since)).partition(" ")
        reply = call(
            self.client.query,
            TableName=self.table,
            IndexName=BY_MOVEMENT.name,
            KeyConditionExpression="#day = :day AND #at BETWEEN :since AND :until",
            ExpressionAttributeNames={"#day": BY_MOVEMENT.hash_key, "#at": BY_MOVEMENT.range_key},
            ExpressionAttributeValues={":day": encode(day), ":since": encode(since), ":until": encode(until)},
            **page_start(position),
        )
        items = [decode_item(item) for item in reply["Items"]]
        movements = tuple(movement for item in items for movement in _movements(item))
        page_position = page_end(reply)
        next_position = f"{day} {page_position}" if page_position else next_day(day) if day < day_of(until) else None
        return MovementPage(movements=movements, after=next_position)

    def fence(self, instruction: Instruction) -> GatewayReply:
        """Write a tombstone under the key, unless the key exists. Give up a payment that has not been captured."""
        fence: dict[str, Json] = {"kind": "fence", "heard": GatewayStatus.FENCED.value, "amount_minor": 0}
        found = self._insert(instruction.key, fence)
        if found["heard"] not in _REVOCABLE:
            return _reply(found)
        self._update(instruction.key, str(found["heard"]), GatewayStatus.FENCED)
        return _reply(self._read(instruction.key) or found)

    def _apply_later_state(
        self, instruction: Instruction, item: Mapping[str, Json], later: GatewayStatus
    ) -> GatewayReply:
        """Apply the later action of customer or bank, once, and return the resulting state."""
        is_held = item["kind"] == Operation.AUTHORIZE and item["heard"] != GatewayStatus.AUTHORIZED
        new_status = _held_status(later) if is_held else later
        self._update(instruction.key, str(item["heard"]), new_status)
        return _reply(self._read(instruction.key) or item)

    def _update(self, key: str, before: str, after: GatewayStatus) -> None:
        """Change the state of a payment, if it is still one of `before`."""
        try:
            call(self.client.update_item, **self._transition(key, (before,), after.value, None))
        except ClientError as error:
            if code_of(error) not in ("ConditionalCheckFailedException", *CONFLICTS):
                raise

    def _transition(self, key: str, before: Sequence[str], after: str, amount_minor: int | None) -> dict[str, Any]:
        update = Update()
        status = update.name("heard")
        update.condition = f"{status} IN ({', '.join(update.value(each) for each in before)})"
        update.set({"heard": after, **({} if amount_minor is None else {"amount_minor": amount_minor})})
        return {"TableName": self.table, "Key": {"pk": encode(key)}, **update.request()}

    def _end_hold(self, instruction: Instruction, facts: Mapping[str, Json]) -> bool:
        """Write a capture or a void together with the end of the payment's hold, and return whether it was written."""
        is_void = instruction.operation is Operation.VOID
        before = _REVOCABLE if is_void else (GatewayStatus.AUTHORIZED.value,)
        after = GatewayStatus.FENCED if is_void else GatewayStatus.SETTLED
        captured = None if is_void else instruction.amount_minor
        put = {"TableName": self.table, "Item": encode_item({"pk": instruction.key, "schema": ITEM_SCHEMA, **facts})}
        put["ConditionExpression"] = "attribute_not_exists(pk)"
        update = self._transition(instruction.charge_key, before, after.value, captured)
        try:
            reasons = transact(self.client, [{"Put": put}, {"Update": update}])
        except Unavailable as error:
            raise PaymentOutcomeUnknown(f"The gateway did not answer about {instruction.key}.") from error
        if reasons and any(reason.get("Code") in CONFLICTS for reason in reasons):
            raise PaymentOutcomeUnknown(f"The gateway was busy with {instruction.charge_key}.")
        return reasons is None

    def _find_reply(self, instruction: Instruction) -> GatewayReply | None:
        item = self._find(instruction.key)
        return _reply(item) if item else None

    def _decline_capture(self, instruction: Instruction) -> GatewayReply:
        """Decline a capture for good, because nothing is held."""
        payment = (self._find(instruction.charge_key) or {}).get("heard")
        reason = "already_captured" if payment == GatewayStatus.SETTLED else AUTHORIZATION_GONE
        outcome: dict[str, Json] = {"heard": GatewayStatus.DECLINED.value, "reason": reason}
        return _reply(self._insert(instruction.key, {**_facts(instruction), **outcome}))

    def find_order(self, reference: str) -> str | None:  # noqa: ARG002 - the port's argument
        """Return None, because the sandbox sends no events."""
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
        first = {"pk": key, **facts, **outcome, "lost": behaviour.replies_lost, **self._movement_attributes(behaviour)}
        stored = self._insert(key, first)
        if _is_reply_lost(stored, behaviour, is_first=stored is first):
            raise PaymentOutcomeUnknown(f"The gateway's reply about {key} was lost.")
        return _reply(stored)

    def _movement_attributes(self, behaviour: Behaviour) -> dict[str, Json]:
        """Return the index attributes of a movement: money that moves now, or when a later state applies."""
        if behaviour.later is None and behaviour.outcome is not GatewayStatus.SETTLED:
            return {}
        at = format_instant(self.now() + behaviour.delay)
        return {BY_MOVEMENT.hash_key: day_of(at), BY_MOVEMENT.range_key: at}

    def _reject_undelivered(self, key: str) -> GatewayReply:
        """Raise PaymentOutcomeUnknown, because the call never arrives, unless the key was fenced."""
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
        """Return the first item written under the key; that is `facts` if the key is new."""
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


_OPEN: Final = tuple(
    status.value for status in (GatewayStatus.PENDING, GatewayStatus.ACTION_REQUIRED, GatewayStatus.AUTHORIZED)
)
_REVOCABLE: Final = (GatewayStatus.ACTION_REQUIRED.value, GatewayStatus.AUTHORIZED.value)
"""The states in which a payment has not ended, and those in which it can be given up."""


def _held_status(status: GatewayStatus) -> GatewayStatus:
    """Return the status of an authorisation, for the status that a charge would have."""
    return GatewayStatus.AUTHORIZED if status is GatewayStatus.SETTLED else status


def _facts(instruction: Instruction) -> dict[str, Json]:
    return {
        "kind": instruction.operation.value,
        "amount_minor": instruction.amount_minor,
        "currency": instruction.currency,
    }


def _movements(item: Mapping[str, Json]) -> Iterator[Movement]:
    """Yield the movement of an item, and those that the bank or a dashboard user caused at the same time."""
    yield _movement(item)
    token = TOKENS.get(str(item.get("token")), UNKNOWN)
    if item["kind"] == Operation.CHARGE and token.dispute and token.dispute.begins_as is DisputePhase.OPEN:
        yield _dispute_movement(item)
    if item["kind"] == Operation.CHARGE and token.dashboard_refund:
        yield _dashboard_movement(item, token.dashboard_refund)


def _movement(item: Mapping[str, Json]) -> Movement:
    key = str(item["pk"])
    return Movement(
        reference=_reference(key),
        at=str(item[BY_MOVEMENT.range_key]),
        kind=str(item["kind"]),
        amount_minor=_amount(item),
        currency=str(item.get("currency", "")),
        key=key,
        order_id=str(item.get("charge", key)),
    )


def _dispute_movement(item: Mapping[str, Json]) -> Movement:
    """Return the withdrawal of a disputed payment, which follows the payment immediately."""
    payment = _movement(item)
    reference = _dispute_reference(payment.order_id)
    return replace(payment, kind="dispute", reference=reference, key=dispute_id_of(payment.order_id, reference))


def _dashboard_movement(item: Mapping[str, Json], refund: DashboardRefund) -> Movement:
    """Return the movement of a refund that somebody made in the dashboard."""
    payment = _movement(item)
    reference = _dashboard_reference(payment.order_id)
    return replace(
        payment,
        kind=Operation.REFUND.value,
        reference=reference,
        key=reported_refund_id_of(payment.order_id, reference),
        amount_minor=refund.amount_of(payment.amount_minor),
        is_reported=True,
    )


def _dashboard_reference(order_id: str) -> str:
    return f"sandbox_dashboard_{digest(order_id)[:16]}"


def _dispute_reference(order_id: str) -> str:
    return f"sandbox_dispute_{digest(order_id)[:16]}"


def _reference(key: str) -> str:
    return f"sandbox_{digest(key)[:16]}"


def _is_reply_lost(stored: Mapping[str, Json], behaviour: Behaviour, *, is_first: bool) -> bool:
    """Return whether the reply gets lost; the reply of a fenced key never does."""
    if stored["heard"] == GatewayStatus.FENCED:
        return False
    return behaviour.replies_lost == ALWAYS or (is_first and behaviour.replies_lost > 0)


def _existing_item(error: ClientError) -> Item:
    return cast("Mapping[str, Item]", error.response)["Item"]  # ALL_OLD was requested


def _amount(item: Mapping[str, Json]) -> int:
    amount_minor = item.get("amount_minor")
    return amount_minor if isinstance(amount_minor, int) else 0


def _reply(item: Mapping[str, Json]) -> GatewayReply:
    status = GatewayStatus(str(item["heard"]))
    return GatewayReply(
        status=status,
        reference=_reference(str(item.get("pk", ""))) if status is GatewayStatus.SETTLED else "",
        reason=str(item.get("reason", "")),
        amount_minor=_amount(item),
        currency=str(item.get("currency", "")),
        until=str(item["until"]) if status is GatewayStatus.AUTHORIZED and item.get("until") else None,
    )
