"""Stripe as the payment gateway: one payment intent for each order, and one refund for each refund.

Creating and confirming an intent are separate calls, so that repeating the creation, which moves no money, returns the
intent's id again. A decline is reported only once the intent is canceled: until then, anyone with its client secret can
pay with another card. An answer saved under an idempotency key may be out of date, so only the id is taken from it, and
the state is read.

Longer than 250 lines: one method per operation of the port, with the calls that it makes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Final

from ...domain.canonical import parse_instant
from ...domain.errors import BookingError, PaymentOutcomeUnknown
from ...domain.payments import (
    GatewayReply,
    GatewayStatus,
    Instruction,
    MovementPage,
    Operation,
    PaymentAction,
    PaymentMethod,
    ReportedDispute,
    ReportedRefund,
)
from .amounts import refuse_amount, to_units
from .api_errors import ErrorMeaning
from .replies import (
    KEY,
    ORDER,
    REFUSED,
    STAGE,
    action_of,
    dispute_report,
    is_declined,
    is_disputed,
    is_refunded,
    payment_reply,
    refund_reply,
    reply_to,
    reported_refund,
)
from .stripe_api import Form, StripeApi, StripeError, StripeObject, StripeResult

INTENTS: Final = "/v1/payment_intents"
REFUNDS: Final = "/v1/refunds"
DISPUTES: Final = "/v1/disputes"
WITH_CHARGE: Final[Form] = {"expand[]": "latest_charge"}
_REPEAT_LATER: Final = frozenset(
    {ErrorMeaning.RATE_LIMITED, ErrorMeaning.CONFLICT, ErrorMeaning.SAVED_ERROR, ErrorMeaning.UNAUTHORIZED}
)
_NOTHING_DONE: Final = (_REPEAT_LATER - {ErrorMeaning.SAVED_ERROR}) | {ErrorMeaning.FORBIDDEN}
_READ_STATE: Final = frozenset({ErrorMeaning.STATE_CHANGED, ErrorMeaning.MISMATCH, ErrorMeaning.SAVED_ERROR})
_NEVER_PAID: Final = frozenset({ErrorMeaning.DECLINED, ErrorMeaning.MISSING, ErrorMeaning.BUG})


class StripeRequestRejected(BookingError):
    """Stripe rejected a request as invalid: a bug of ours, or an account that is not set up. Nothing was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StripePaymentGateway:
    """The production gateway. `stage` marks our objects at Stripe."""

    api: StripeApi
    stage: str
    now: Callable[[], datetime]

    key_life: ClassVar[timedelta | None] = timedelta(hours=24)
    miss_age: ClassVar[timedelta | None] = timedelta(hours=25)
    fences: ClassVar[frozenset[Operation]] = frozenset({Operation.CHARGE, Operation.AUTHORIZE})
    list_reach: ClassVar[timedelta | None] = None

    def refuse_amount(self, amount_minor: int, currency: str) -> str:
        """Return the reason why Stripe never accepts this amount, or an empty string. Makes no call."""
        return refuse_amount(amount_minor, currency)

    def charge(self, instruction: Instruction, method: PaymentMethod) -> GatewayReply:
        """Create and confirm an intent: two calls, and two more if the payment is declined."""
        return self._pay(instruction, method)

    def authorize(self, instruction: Instruction, method: PaymentMethod) -> GatewayReply:
        """Create an intent with manual capture, and confirm it."""
        return self._pay(instruction, method)

    def capture(self, instruction: Instruction) -> GatewayReply:
        """Capture all or part of an authorised intent."""
        intent_id = instruction.charge_reference or self._require_intent(instruction.charge_key, instruction)
        form = {"amount_to_capture": str(_units(instruction)), **WITH_CHARGE}
        result = self.api.post(f"{INTENTS}/{intent_id}/capture", form, key=f"{instruction.key}:capture")
        if isinstance(result, StripeResult):
            return reply_to(instruction, self._current_state(result, intent_id))
        if result.meaning in _READ_STATE:
            return self._require_definite(reply_to(instruction, self._retrieve(intent_id)), result)
        if result.meaning in _NEVER_PAID:
            reply = reply_to(instruction, self._retrieve(intent_id))
            return _decline_reply(instruction, result.reason) if reply.status is GatewayStatus.NOTHING else reply
        raise _exception_for(result, instruction)

    def void(self, instruction: Instruction) -> GatewayReply:
        """Cancel an intent that is not captured."""
        intent_id = instruction.charge_reference or self._require_intent(instruction.charge_key, instruction)
        return self._require_definite(reply_to(instruction, self._cancel(intent_id, "requested_by_customer")), None)

    def refund(self, instruction: Instruction) -> GatewayReply:
        """Refund all or part of a payment."""
        intent_id = instruction.charge_reference or self._require_intent(instruction.charge_key, instruction)
        form = {"payment_intent": intent_id, "amount": str(_units(instruction)), **self._metadata(instruction)}
        result = self.api.post(REFUNDS, form, key=f"{instruction.key}:refund")
        if isinstance(result, StripeResult):
            found = self._get(f"{REFUNDS}/{result.item['id']}") if result.is_replayed else result.item
            return refund_reply(found)
        if result.meaning in _NOTHING_DONE:
            raise _exception_for(result, instruction)
        return self._refund_after_error(instruction, intent_id, result)

    def _refund_after_error(self, instruction: Instruction, intent_id: str, error: StripeError) -> GatewayReply:
        refund = self._find_refund(instruction.key, intent_id)
        if refund is not None:
            return refund_reply(refund)
        if error.meaning in _READ_STATE:
            raise _exception_for(error, instruction)
        return _decline_reply(instruction, error.reason)

    def lookup(self, instruction: Instruction) -> GatewayReply:
        """Read the state of a key; one or two calls. An intent that was declined is canceled before it is reported.

        One more call lists the disputes of a payment that has any, and one more its refunds.
        """
        if instruction.operation is Operation.REFUND:
            return self._lookup_refund(instruction)
        intent_id = self._intent_id(instruction)
        if intent_id is None:
            return GatewayReply(status=GatewayStatus.NOTHING)
        intent = self._cancel_if_declined(self._retrieve(intent_id))
        reply = reply_to(instruction, intent)
        if instruction.operation not in (Operation.CHARGE, Operation.AUTHORIZE):
            return reply
        disputes = self._disputes(intent_id) if is_disputed(intent) else ()
        return replace(reply, disputes=disputes, refunds=self._reported_refunds(instruction, intent))

    def _reported_refunds(self, instruction: Instruction, intent: StripeObject) -> tuple[ReportedRefund, ...]:
        """Return the refunds made in the dashboard.

        They are listed only if money was refunded or the ledger has one.
        """
        if not (is_refunded(intent) or instruction.has_reports):
            return ()
        listed = tuple(self._refunds(str(intent["id"])))
        return tuple(report for report in map(reported_refund, reversed(listed)) if report)

    def _disputes(self, intent_id: str) -> tuple[ReportedDispute, ...]:
        listed: list[StripeObject] = self._get(DISPUTES, {"payment_intent": intent_id, "limit": "100"})["data"]
        return tuple(report for report in map(dispute_report, reversed(listed)) if report)

    def _lookup_refund(self, instruction: Instruction) -> GatewayReply:
        if instruction.reference:
            return refund_reply(self._get(f"{REFUNDS}/{instruction.reference}"))
        intent_id = instruction.charge_reference or self._find_intent(instruction.charge_key)
        found = self._find_refund(instruction.key, intent_id) if intent_id else None
        return refund_reply(found) if found is not None else GatewayReply(status=GatewayStatus.NOTHING)

    def payment_action(self, instruction: Instruction) -> PaymentAction | None:
        """Return the page of 3-D Secure, or the client secret for Stripe's own form; one or two calls."""
        intent_id = instruction.reference or self._require_intent(instruction.key, instruction)
        return action_of(self._retrieve(intent_id))

    def fence(self, instruction: Instruction) -> GatewayReply:
        """Cancel the intent of a key.

        If there may be none, it is created first, so that nobody can create it later. Once Stripe has forgotten the
        key, a new intent would differ from a late sender's. Senders stop long before that, so the search decides: if
        it finds no intent, the key never arrived.
        """
        intent_id = instruction.reference or self._create_or_find(instruction)
        if isinstance(intent_id, GatewayReply):
            return intent_id
        return self._require_definite(payment_reply(self._cancel(intent_id, "abandoned")), None)

    def _create_or_find(self, instruction: Instruction) -> str | GatewayReply:
        if self._is_key_alive(instruction):
            return self._create(instruction)
        return self._find_intent(instruction.key) or GatewayReply(status=GatewayStatus.NOTHING)

    def movements(self, since: str, until: str, after: str | None) -> MovementPage | None:
        """List the movements of this stage's payments, newest first: a call for each page, and one for each dispute."""
        from .movement_list import MovementList  # of the sweep only: functions that pay have no use for it

        return MovementList(get=self._get, find_order=self.find_order, stage=self.stage).read(since, until, after)

    def find_order(self, reference: str) -> str | None:
        """Return the order of a payment intent, if it belongs to this stage."""
        result = self.api.get(f"{INTENTS}/{reference}")
        if isinstance(result, StripeError):
            if result.meaning is ErrorMeaning.MISSING:
                return None
            raise PaymentOutcomeUnknown(f"Stripe did not return {reference}: {result.reason}.")
        metadata = result.item["metadata"]
        return metadata.get(ORDER) if metadata.get(STAGE) == self.stage else None

    # payment intents

    def _pay(self, instruction: Instruction, method: PaymentMethod) -> GatewayReply:
        intent_id = self._create(instruction)
        if isinstance(intent_id, GatewayReply):
            return intent_id
        if method.gateway_customer:
            self._attach_customer(instruction, intent_id, method.gateway_customer)
        form = {"payment_method": method.token, **WITH_CHARGE}
        if method.return_url:
            form["return_url"] = method.return_url
        result = self.api.post(f"{INTENTS}/{intent_id}/confirm", form, key=f"{instruction.key}:confirm")
        if isinstance(result, StripeResult):
            return self._payment_reply(instruction, self._current_state(result, intent_id))
        if result.meaning in _NEVER_PAID:
            return self._cancel_after_refusal(instruction, intent_id, result)
        if result.meaning in _READ_STATE:
            return self._payment_reply(instruction, self._retrieve(intent_id), result)
        raise _exception_for(result, instruction)

    def _payment_reply(
        self, instruction: Instruction, intent: StripeObject, error: StripeError | None = None
    ) -> GatewayReply:
        return self._require_definite(reply_to(instruction, self._cancel_if_declined(intent)), error)

    def _cancel_after_refusal(self, instruction: Instruction, intent_id: str, error: StripeError) -> GatewayReply:
        """Cancel an intent whose confirmation was refused, and return its resulting state."""
        if error.meaning is not ErrorMeaning.DECLINED:
            self._store_reason(instruction, intent_id, error.reason)
        return self._require_definite(payment_reply(self._cancel(intent_id, "abandoned")), error)

    def _store_reason(self, instruction: Instruction, intent_id: str, reason: str) -> None:
        """Store the reason of a refusal in the metadata, so that every later lookup finds it.

        Stripe stores the reason of a bank's decline, but not of a request that never reached a bank, such as one with
        an unknown payment method. Canceled without its reason, such a payment would look fenced, so it stays open for
        another attempt until Stripe has stored the reason, unless somebody else has canceled it already.
        """
        result = self.api.post(f"{INTENTS}/{intent_id}", {f"metadata[{REFUSED}]": reason})
        if isinstance(result, StripeError) and result.meaning is not ErrorMeaning.STATE_CHANGED:
            raise _exception_for(result, instruction)

    def _cancel_if_declined(self, intent: StripeObject) -> StripeObject:
        """Cancel an intent after a failed attempt to pay, which makes the decline final, and return its new state."""
        return self._cancel(str(intent["id"]), "abandoned") if is_declined(intent) else intent

    def _create(self, instruction: Instruction) -> str | GatewayReply:
        """Return the id of a key's intent, created now or earlier, or a decline if Stripe never accepts the amount.

        The form contains only facts of the ledger, so every repetition sends the same form, even years later.
        """
        manual = instruction.operation is Operation.AUTHORIZE
        form = {
            "amount": str(_units(instruction)),
            "currency": instruction.currency.lower(),
            "capture_method": "manual" if manual else "automatic",
            "payment_method_types[]": "card",
            **self._metadata(instruction),
        }
        result = self.api.post(INTENTS, form, key=f"{instruction.key}:create")
        if isinstance(result, StripeResult):
            return str(result.item["id"])
        if result.meaning is ErrorMeaning.MISMATCH:
            return self._require_intent(instruction.key, instruction)
        if result.meaning is ErrorMeaning.DECLINED:
            return _decline_reply(instruction, result.reason)
        raise _exception_for(result, instruction)

    def _attach_customer(self, instruction: Instruction, intent_id: str, customer: str) -> None:
        """Set the customer who owns a saved payment method, in a separate call, because the ledger does not contain it.

        If the key lacks the permission, the attempt ends: without its customer, the payment would be declined.
        """
        result = self.api.post(f"{INTENTS}/{intent_id}", {"customer": customer})
        if isinstance(result, StripeError) and result.meaning in _REPEAT_LATER | _NOTHING_DONE:
            raise _exception_for(result, instruction)

    def _cancel(self, intent_id: str, reason: str) -> StripeObject:
        """Cancel an intent if its state allows that, and return the intent."""
        result = self.api.post(f"{INTENTS}/{intent_id}/cancel", {"cancellation_reason": reason, **WITH_CHARGE})
        if isinstance(result, StripeResult):
            return result.item
        if result.meaning in _READ_STATE:
            return self._retrieve(intent_id)
        raise PaymentOutcomeUnknown(f"Stripe did not cancel {intent_id}: {result.reason}.")

    def _current_state(self, result: StripeResult, intent_id: str) -> StripeObject:
        return self._retrieve(intent_id) if result.is_replayed else result.item

    def _retrieve(self, intent_id: str) -> StripeObject:
        return self._get(f"{INTENTS}/{intent_id}", WITH_CHARGE)

    def _get(self, path: str, query: Form | None = None) -> StripeObject:
        result = self.api.get(path, query)
        if isinstance(result, StripeError):
            raise PaymentOutcomeUnknown(f"Stripe did not return {path}: {result.reason}.")
        return result.item

    def _intent_id(self, instruction: Instruction) -> str | None:
        """Return the id of an instruction's intent, if Stripe already finds one."""
        if instruction.operation in (Operation.CAPTURE, Operation.VOID):
            return instruction.charge_reference or self._find_intent(instruction.charge_key)
        return instruction.reference or self._find_intent(instruction.key)

    def _find_intent(self, key: str) -> str | None:
        """Search for the intent of a key. New ones take a while to appear."""
        found = self._get(f"{INTENTS}/search", {"query": f"metadata['{KEY}']:'{key}'"})
        intents = [intent for intent in found["data"] if intent["metadata"].get(STAGE) == self.stage]
        return str(intents[-1]["id"]) if intents else None  # the oldest is the one that senders received

    def _require_intent(self, key: str, instruction: Instruction) -> str:
        found = self._find_intent(key)
        if found is None:
            raise PaymentOutcomeUnknown(f"Stripe's search does not find the payment of {instruction.key} yet.")
        return found

    def _find_refund(self, key: str, intent_id: str) -> StripeObject | None:
        """Find a refund by its key among those of its payment."""
        refunds = (each for each in self._refunds(intent_id) if each["metadata"].get(STAGE) == self.stage)
        return next((refund for refund in refunds if refund["metadata"].get(KEY) == key), None)

    def _refunds(self, intent_id: str) -> Iterator[StripeObject]:
        """Yield the refunds of a payment, newest first."""
        query = {"payment_intent": intent_id, "limit": "100", "expand[]": "data.balance_transaction"}
        while True:
            page = self._get(REFUNDS, query)
            yield from page["data"]
            if not page["has_more"]:
                return
            query["starting_after"] = page["data"][-1]["id"]

    def _is_key_alive(self, instruction: Instruction) -> bool:
        """Return whether repeating the creation certainly returns the same intent, because Stripe still has the key."""
        return self.now() - parse_instant(instruction.opened_at) < timedelta(hours=23)

    def _metadata(self, instruction: Instruction) -> dict[str, str]:
        order = instruction.charge_key or instruction.key
        named = {KEY: instruction.key, ORDER: order, STAGE: self.stage}
        return {f"metadata[{name}]": value for name, value in named.items()}

    def _require_definite(self, reply: GatewayReply, error: StripeError | None) -> GatewayReply:
        """Return a reply, or raise PaymentOutcomeUnknown if it leaves the outcome of the call open."""
        if reply.status is GatewayStatus.NOTHING:
            raise PaymentOutcomeUnknown(f"Stripe left the payment open: {error.reason if error else 'no error'}.")
        return reply


def _exception_for(error: StripeError, instruction: Instruction) -> BookingError:
    """Return the exception for an error that leaves it open whether money moved."""
    if error.meaning in _REPEAT_LATER or error.meaning in _READ_STATE:
        return PaymentOutcomeUnknown(f"Stripe did not settle {instruction.key}: {error.reason}.")
    return StripeRequestRejected(
        f"Stripe rejected {instruction.operation} {instruction.key}: {error.reason}"
        + (f" (parameter {error.param})." if error.param else ".")
    )


def _units(instruction: Instruction) -> int:
    return to_units(instruction.amount_minor, instruction.currency)


def _decline_reply(instruction: Instruction, reason: str) -> GatewayReply:
    return GatewayReply(
        status=GatewayStatus.DECLINED,
        reason=reason,
        amount_minor=instruction.amount_minor,
        currency=instruction.currency,
    )
