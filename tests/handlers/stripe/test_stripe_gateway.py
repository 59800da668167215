"""Stripe's adapter over the stateful double: every case in which one key could get two outcomes at Stripe."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from handlers.adapters.stripe.stripe_gateway import StripePaymentGateway, StripeRequestRejected
from handlers.domain.canonical import format_instant
from handlers.domain.errors import PaymentOutcomeUnknown
from handlers.domain.payments import GatewayReply, GatewayStatus, Instruction, Operation, PaymentMethod
from handlers.domain.requests import dispute_id_of, reported_refund_id_of
from tests.fakes.clock import FakeClock
from tests.support.stripe.card_behaviours import RefundBehaviour
from tests.support.stripe.double import StripeDouble
from tests.support.stripe.fault_plan import BEFORE, StripeFault
from tests.support.stripe.gateways import stripe_gateway

AMOUNT = 1000
DAY = timedelta(days=1)


@dataclass
class Till:
    """The adapter, the double, and one payment under way."""

    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.double = StripeDouble(self.clock)
        self.gateway: StripePaymentGateway = stripe_gateway(self.double, self.clock)
        self.order = self._instruction("ord_1", Operation.CHARGE)

    def _instruction(self, key: str, operation: Operation, amount_minor: int = AMOUNT, **more: Any) -> Instruction:
        opened_at = format_instant(self.clock())
        return Instruction(
            key=key, operation=operation, amount_minor=amount_minor, currency="EUR", opened_at=opened_at, **more
        )

    def charge(self, token: str = "pm_ok", **more: Any) -> GatewayReply:
        return self.gateway.charge(self.order, PaymentMethod(token=token, return_url="https://shop.example/", **more))

    def authorize(self, token: str = "pm_ok") -> GatewayReply:
        self.order = replace(self.order, operation=Operation.AUTHORIZE)
        return self.gateway.authorize(self.order, PaymentMethod(token=token))

    def about_order(self, operation: Operation, key: str, amount_minor: int = AMOUNT) -> Instruction:
        reference = self.double.intent_of("ord_1")["id"]
        return self._instruction(key, operation, amount_minor, charge_key="ord_1", charge_reference=reference)

    def refund(self, key: str = "ref_1", amount_minor: int = AMOUNT) -> Instruction:
        return self.about_order(Operation.REFUND, key, amount_minor)

    @property
    def operations(self) -> list[str]:
        """The calls so far, by method and last part of the path."""
        return [f"{call.method} {call.target.partition('?')[0].rpartition('/')[2]}" for call in self.double.calls]


@pytest.fixture
def till() -> Till:
    return Till()


def test_a_charge_takes_two_calls_and_reports_the_amount(till: Till) -> None:
    reply = till.charge()
    assert till.operations == ["POST payment_intents", "POST confirm"]
    assert (reply.status, reply.amount_minor, reply.currency) == (GatewayStatus.SETTLED, AMOUNT, "EUR")
    assert till.double.books.balance() == AMOUNT


def test_the_create_call_contains_only_facts_of_the_ledger(till: Till) -> None:
    """A fence repeats the creation without knowing the payment method or the return URL."""
    till.charge()
    create, confirm = till.double.calls
    assert b"pm_ok" not in create.body
    assert b"return_url" not in create.body
    assert b"payment_method=pm_ok" in confirm.body
    assert (create.header("Idempotency-Key"), confirm.header("Idempotency-Key")) == ("ord_1:create", "ord_1:confirm")
    assert {call.header("Stripe-Version") for call in till.double.calls} == {"2026-08-26.dahlia"}


def test_a_decline_is_reported_only_after_the_intent_is_canceled(till: Till) -> None:
    reply = till.charge("pm_declined")
    assert (reply.status, reply.reason) == (GatewayStatus.DECLINED, "insufficient_funds")
    assert till.double.intent_of("ord_1")["status"] == "canceled"
    assert till.gateway.lookup(replace(till.order, reference=reply.reference)) == reply
    assert till.charge("pm_declined") == reply


def test_a_payment_completed_after_a_decline_is_settled(till: Till) -> None:
    """The client secret allows another attempt until the intent is canceled."""
    till.double.faults.add(StripeFault.BROKEN_BEFORE, "cancel")
    with pytest.raises(PaymentOutcomeUnknown):
        till.charge("pm_declined")
    till.double.payments.pay_again(till.double.intent_of("ord_1"), "pm_ok")
    assert till.charge("pm_declined").status is GatewayStatus.SETTLED
    assert till.double.books.balance() == AMOUNT


def test_an_unknown_payment_method_is_declined_permanently(till: Till) -> None:
    reply = till.charge("pm_that_nobody_has")
    assert (reply.status, reply.reason) == (GatewayStatus.DECLINED, "resource_missing")
    assert till.gateway.lookup(replace(till.order, reference=reply.reference)) == reply


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (StripeFault.RATE_LIMITED, PaymentOutcomeUnknown),
        (StripeFault.KEY_IN_USE, PaymentOutcomeUnknown),
        (StripeFault.SAVED_ERROR, PaymentOutcomeUnknown),
        (StripeFault.BROKEN_BEFORE, PaymentOutcomeUnknown),
        (StripeFault.FORBIDDEN, StripeRequestRejected),
    ],
)
def test_a_payment_stays_open_until_stripe_has_stored_the_reason_of_its_decline(
    till: Till, fault: StripeFault, error: type[Exception]
) -> None:
    """Law 16 (definite decline): canceled without it, the payment would be fenced to every lookup from then on."""
    till.double.faults.add(fault, "update")
    with pytest.raises(error):
        till.charge("pm_that_nobody_has")
    open_intent = till.double.intent_of("ord_1")
    assert open_intent["status"] == "requires_payment_method"
    reply = till.charge("pm_that_nobody_has")
    assert (reply.status, reply.reason) == (GatewayStatus.DECLINED, "resource_missing")
    assert till.gateway.lookup(replace(till.order, reference=open_intent["id"])) == reply


def test_a_refused_payment_that_was_fenced_meanwhile_is_reported_as_fenced(till: Till) -> None:
    """Law 19 (fence): Stripe stores no reason for a canceled intent, and the fence has already been reported."""
    till.gateway.fence(till.order)
    assert till.charge("pm_that_nobody_has").status is GatewayStatus.FENCED


def test_an_amount_above_the_limit_of_stripe_is_declined_without_an_intent(till: Till) -> None:
    till.order = replace(till.order, amount_minor=100_000_000)
    assert till.charge().reason == "amount_too_large"
    assert till.operations == ["POST payment_intents"]


def test_three_d_secure_waits_for_the_customer(till: Till) -> None:
    assert till.charge("pm_card_authenticationRequired").status is GatewayStatus.ACTION_REQUIRED
    till.double.payments.authenticate(till.double.intent_of("ord_1"))
    assert till.charge("pm_card_authenticationRequired").status is GatewayStatus.SETTLED


def test_a_customer_without_a_redirect_page_gets_the_client_secret(till: Till) -> None:
    """Stripe's own form needs it; replies do not contain it, because ledger and logs get them."""
    reply = till.gateway.charge(till.order, PaymentMethod(token="pm_card_threeDSecure2Required"))
    action = till.gateway.payment_action(replace(till.order, reference=reply.reference))
    assert action is not None
    assert action.client_secret == till.double.intent_of("ord_1")["client_secret"]
    assert not action.url
    assert action.client_secret not in f"{action!r} {reply!r}"


def test_failed_three_d_secure_is_a_decline(till: Till) -> None:
    reference = till.charge("pm_card_authenticationRequired").reference
    till.double.payments.fail_authentication(till.double.intent_of("ord_1"))
    reply = till.gateway.lookup(replace(till.order, reference=reference))
    assert (reply.status, reply.reason) == (GatewayStatus.DECLINED, "payment_intent_authentication_failure")


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("pm_card_processing", GatewayStatus.SETTLED),
        ("pm_card_processingThenDeclined", GatewayStatus.DECLINED),
    ],
)
def test_a_payment_at_a_slow_bank_is_pending_until_the_bank_answers(
    till: Till, token: str, expected: GatewayStatus
) -> None:
    pending = till.charge(token)
    assert pending.status is GatewayStatus.PENDING
    assert till.gateway.fence(replace(till.order, reference=pending.reference)).status is GatewayStatus.PENDING
    till.clock.advance(3 * DAY)
    assert till.gateway.lookup(replace(till.order, reference=pending.reference)).status is expected


@pytest.mark.parametrize("operation", ["create", "confirm"])
@pytest.mark.parametrize("fault", [*BEFORE, StripeFault.REPLY_LOST, StripeFault.LATE])
def test_a_charge_repeated_after_any_failure_is_made_once(till: Till, operation: str, fault: StripeFault) -> None:
    """Law 8."""
    till.double.faults.add(fault, operation)
    with pytest.raises(PaymentOutcomeUnknown):
        till.charge()
    till.clock.advance(timedelta(minutes=20))
    assert till.charge().status is GatewayStatus.SETTLED
    assert till.double.books.balance() == AMOUNT


@pytest.mark.parametrize("operation", ["create", "confirm"])
def test_a_saved_error_is_repeated_and_then_fenced(till: Till, operation: str) -> None:
    """Stripe answers 500 under the key for a day, so the payment is never made under it."""
    till.double.faults.add(StripeFault.SAVED_ERROR, operation)
    for _ in range(2):
        with pytest.raises(PaymentOutcomeUnknown):
            till.charge()
    till.clock.advance(timedelta(hours=25))
    assert till.gateway.fence(till.order).status is (
        GatewayStatus.NOTHING if operation == "create" else GatewayStatus.FENCED
    )
    assert till.double.books.balance() == 0


def test_a_saved_error_after_the_charge_is_looked_up(till: Till) -> None:
    till.double.faults.add(StripeFault.SAVED_ERROR_AFTER, "confirm")
    assert till.charge().status is GatewayStatus.SETTLED


def test_a_fenced_key_never_moves_money(till: Till) -> None:
    """Law 19: a late first attempt finds the canceled intent."""
    assert till.gateway.lookup(till.order).status is GatewayStatus.NOTHING
    assert till.gateway.fence(till.order).status is GatewayStatus.FENCED
    assert till.charge().status is GatewayStatus.FENCED
    till.clock.advance(2 * DAY)
    assert till.gateway.lookup(till.order).status is GatewayStatus.FENCED
    assert till.double.books.balance() == 0


def test_a_late_confirmation_is_stopped_by_the_fence(till: Till) -> None:
    till.double.faults.add(StripeFault.LATE, "confirm")
    with pytest.raises(PaymentOutcomeUnknown):
        till.charge()
    assert till.gateway.fence(till.order).status is GatewayStatus.FENCED
    till.clock.advance(DAY)
    assert till.gateway.lookup(till.order).status is GatewayStatus.FENCED
    assert till.double.books.balance() == 0


def test_fencing_a_settled_charge_reports_it_as_settled(till: Till) -> None:
    till.double.faults.add(StripeFault.REPLY_LOST, "confirm")
    with pytest.raises(PaymentOutcomeUnknown):
        till.charge()
    assert till.gateway.fence(till.order).status is GatewayStatus.SETTLED


def test_a_fence_finds_a_payment_that_the_lagging_search_misses(till: Till) -> None:
    till.double.endpoints.search_lag = timedelta(hours=20)
    till.charge()
    assert till.gateway.lookup(till.order).status is GatewayStatus.NOTHING
    assert till.gateway.fence(till.order).status is GatewayStatus.SETTLED


def test_no_payment_is_created_under_a_key_that_stripe_forgot(till: Till) -> None:
    """Repeating the creation after a day would make a second intent."""
    till.clock.advance(25 * timedelta(hours=1))
    assert till.gateway.fence(till.order).status is GatewayStatus.NOTHING
    assert not till.double.books.newest_first("payment_intent")


def test_a_key_conflict_is_looked_up_and_never_reported_as_a_decline(till: Till) -> None:
    till.charge()
    till.clock.advance(timedelta(minutes=2))
    till.order = replace(till.order, amount_minor=AMOUNT + 1)
    assert till.charge().amount_minor == AMOUNT
    till.order = replace(till.order, key="ord_2")
    till.double.faults.add(StripeFault.REPLY_LOST, "create")
    with pytest.raises(PaymentOutcomeUnknown):
        till.charge()
    till.order = replace(till.order, amount_minor=AMOUNT)
    with pytest.raises(PaymentOutcomeUnknown, match="does not find"):
        till.charge()


def test_an_authorisation_can_be_captured_in_part(till: Till) -> None:
    held = till.authorize()
    assert (held.status, held.amount_minor) == (GatewayStatus.AUTHORIZED, AMOUNT)
    assert held.until == "2026-03-08T12:00:00.000000Z"
    captured = till.gateway.capture(till.about_order(Operation.CAPTURE, "cap_1", 400))
    assert (captured.status, captured.amount_minor) == (GatewayStatus.SETTLED, 400)
    assert till.gateway.capture(till.about_order(Operation.CAPTURE, "cap_1", 400)) == captured
    assert till.gateway.lookup(till.about_order(Operation.CAPTURE, "cap_1", 400)) == captured
    assert till.gateway.void(till.about_order(Operation.VOID, "void_1")).reason == "already_captured"
    assert till.double.books.balance() == 400


def test_a_voided_authorisation_cannot_be_captured(till: Till) -> None:
    till.authorize()
    void = till.about_order(Operation.VOID, "void_1")
    assert till.gateway.lookup(void).status is GatewayStatus.NOTHING
    assert till.gateway.void(void).status is GatewayStatus.SETTLED
    assert till.gateway.lookup(void).status is GatewayStatus.SETTLED
    declined = till.gateway.capture(till.about_order(Operation.CAPTURE, "cap_1"))
    assert (declined.status, declined.reason) == (GatewayStatus.DECLINED, "authorization_gone")


def test_an_expired_authorisation_cannot_be_captured(till: Till) -> None:
    till.authorize()
    till.clock.advance(8 * DAY)
    assert till.gateway.capture(till.about_order(Operation.CAPTURE, "cap_1")).reason == "authorization_gone"


def test_a_declined_capture_keeps_the_authorisation(till: Till) -> None:
    till.authorize("pm_card_captureDeclined")
    refused = till.gateway.capture(till.about_order(Operation.CAPTURE, "cap_1"))
    assert (refused.status, refused.reason) == (GatewayStatus.DECLINED, "capture_declined")
    assert till.gateway.lookup(till.order).status is GatewayStatus.NOTHING  # the search lags
    till.clock.advance(timedelta(minutes=5))
    assert till.gateway.lookup(till.order).status is GatewayStatus.AUTHORIZED


def test_each_refund_key_moves_money_once(till: Till) -> None:
    till.charge()
    for key, amount in (("ref_1", 600), ("ref_1", 600), ("ref_2", 400)):
        assert till.gateway.refund(till.refund(key, amount)).status is GatewayStatus.SETTLED
    assert till.double.books.balance() == 0
    assert till.gateway.refund(till.refund("ref_3", 1)).status is GatewayStatus.DECLINED
    assert till.gateway.lookup(till.refund("ref_1", 600)).amount_minor == 600


@pytest.mark.parametrize("fault", [*BEFORE, StripeFault.REPLY_LOST, StripeFault.LATE])
def test_a_refund_repeated_after_any_failure_is_made_once(till: Till, fault: StripeFault) -> None:
    till.charge()
    till.double.faults.add(fault, "create_refund")
    with pytest.raises(PaymentOutcomeUnknown):
        till.gateway.refund(till.refund(amount_minor=600))
    till.clock.advance(timedelta(minutes=20))
    assert till.gateway.refund(till.refund(amount_minor=600)).status is GatewayStatus.SETTLED
    assert till.double.books.balance() == 400


def test_a_saved_error_of_a_refund_is_looked_up(till: Till) -> None:
    till.charge()
    till.double.faults.add(StripeFault.SAVED_ERROR_AFTER, "create_refund")
    assert till.gateway.refund(till.refund()).status is GatewayStatus.SETTLED
    till.double.faults.add(StripeFault.SAVED_ERROR, "create_refund")
    with pytest.raises(PaymentOutcomeUnknown):
        till.gateway.refund(till.refund("ref_2", 1))


def test_a_refund_is_found_among_hundreds_by_its_payment(till: Till) -> None:
    till.charge()
    for number in range(130):
        till.gateway.refund(till.refund(f"ref_{number}", 1))
    assert till.gateway.lookup(till.refund("ref_0", 1)).status is GatewayStatus.SETTLED
    assert till.gateway.lookup(till.refund("ref_130", 1)).status is GatewayStatus.NOTHING


@pytest.mark.parametrize(
    ("token", "first", "last"),
    [
        ("pm_card_pendingRefund", GatewayStatus.PENDING, GatewayStatus.SETTLED),
        ("pm_card_pendingThenFailedRefund", GatewayStatus.PENDING, GatewayStatus.DECLINED),
        ("pm_card_refundFail", GatewayStatus.SETTLED, GatewayStatus.DECLINED),
        ("pm_refund_declined", GatewayStatus.DECLINED, GatewayStatus.DECLINED),
    ],
)
def test_a_refund_may_end_days_later(till: Till, token: str, first: GatewayStatus, last: GatewayStatus) -> None:
    till.charge(token)
    assert till.gateway.refund(till.refund()).status is first
    till.clock.advance(4 * DAY)
    assert till.gateway.lookup(till.refund()).status is last
    assert till.double.books.balance() == (0 if last is GatewayStatus.SETTLED else AMOUNT)


def test_a_disputed_payment_cannot_be_refunded(till: Till) -> None:
    till.charge("pm_card_createDispute")
    declined = till.gateway.refund(till.refund())
    assert (declined.status, declined.reason) == (GatewayStatus.DECLINED, "charge_disputed")


def test_a_saved_payment_method_is_charged_with_its_customer(till: Till) -> None:
    assert till.charge(gateway_customer="cus_1").status is GatewayStatus.SETTLED
    assert till.double.intent_of("ord_1")["customer"] == "cus_1"


def test_a_rejected_api_key_is_read_afresh_once_per_call(till: Till) -> None:
    till.double.keys = {"sk_test_new"}
    fresh_flags: list[bool] = []

    def secret(fresh: bool) -> str:
        fresh_flags.append(fresh)
        return "sk_test_new" if fresh else "sk_test_old"

    till.gateway = replace(till.gateway, api=replace(till.gateway.api, secret=secret))
    assert till.charge().status is GatewayStatus.SETTLED
    assert fresh_flags == [False, True, False, True]


@pytest.mark.parametrize("operation", ["create", "update", "confirm", "create_refund"])
def test_a_missing_permission_of_the_key_is_never_reported_as_a_decline(till: Till, operation: str) -> None:
    """Law 16 (definite decline): a restricted key is the operator's matter; no bank has refused anything."""
    till.double.faults.add(StripeFault.FORBIDDEN, operation)
    with pytest.raises(StripeRequestRejected, match="more_permissions_required"):
        _pay_and_refund(till)
    assert _pay_and_refund(till).status is GatewayStatus.SETTLED


@pytest.mark.parametrize("operation", ["create", "update", "confirm", "create_refund"])
def test_a_failed_dependency_of_stripe_is_an_unknown_outcome(till: Till, operation: str) -> None:
    """Law 15 (ambiguity): a 424 does not say whether money moved; the same key settles it."""
    till.double.faults.add(StripeFault.DEPENDENCY_FAILED, operation)
    with pytest.raises(PaymentOutcomeUnknown):
        _pay_and_refund(till)
    assert _pay_and_refund(till).status is GatewayStatus.SETTLED


def _pay_and_refund(till: Till) -> GatewayReply:
    paid = till.charge(gateway_customer="cus_1")
    assert paid.status is GatewayStatus.SETTLED
    return till.gateway.refund(till.refund(amount_minor=100))


def test_an_invalid_request_is_an_error_and_not_a_decline(till: Till) -> None:
    till.order = replace(till.order, amount_minor=0)
    with pytest.raises(StripeRequestRejected, match="parameter_invalid_integer"):
        till.charge()


def test_orders_are_found_by_payment_intent_within_the_stage(till: Till) -> None:
    reference = till.charge().reference
    assert till.gateway.find_order(reference) == "ord_1"
    assert replace(till.gateway, stage="other").find_order(reference) is None
    assert till.gateway.find_order("pi_unknown") is None


def test_a_lookup_reports_only_the_refunds_of_the_dashboard(till: Till) -> None:
    """Law 38 (orphans): the oldest first, each in its present state; a payment without refunds costs no more calls."""
    till.charge()
    payment = replace(till.order, reference=till.double.intent_of("ord_1")["id"])
    till.double.calls.clear()
    assert (till.gateway.lookup(payment).refunds, len(till.double.calls)) == ((), 1)
    till.gateway.refund(till.refund(amount_minor=100))
    created = [till.double.refund_in_dashboard("ord_1", amount) for amount in (200, 300)]
    till.double.returns.advance(created[0], "failed")
    listed = [(each.reference, each.status.value, each.amount_minor) for each in till.gateway.lookup(payment).refunds]
    assert listed == [(created[0]["id"], "reversed", 200), (created[1]["id"], "settled", 300)]
    assert till.gateway.lookup(till.refund(amount_minor=100)).refunds == ()


def test_a_lookup_reports_the_failure_of_a_known_dashboard_refund(till: Till) -> None:
    """Law 29 (late reversals): Stripe's total is zero again, so the ledger's knowledge decides whether to list."""
    till.charge()
    till.double.returns.advance(till.double.refund_in_dashboard("ord_1", 200), "failed")
    payment = replace(till.order, reference=till.double.intent_of("ord_1")["id"])
    assert till.gateway.lookup(payment).refunds == ()
    (known,) = till.gateway.lookup(replace(payment, has_reports=True)).refunds
    assert known.status is GatewayStatus.REVERSED


@pytest.mark.parametrize(
    ("end", "status"), [("failed", "declined"), ("canceled", "declined"), ("succeeded", "settled")]
)
def test_an_unfunded_dashboard_refund_is_reported_until_it_ends(till: Till, end: str, status: str) -> None:
    """Law 29 (late reversals), law 34 (pending is not unknown): one that never moved money is declined."""
    till.charge()
    created = till.double.refund_in_dashboard("ord_1", 200, RefundBehaviour(status="pending", is_funded=False))
    payment = replace(till.order, reference=till.double.intent_of("ord_1")["id"], has_reports=True)
    (waiting,) = till.gateway.lookup(payment).refunds
    till.double.returns.advance(created, end)
    (ended,) = till.gateway.lookup(payment).refunds
    assert (waiting.status.value, ended.status.value, ended.amount_minor) == ("pending", status, 200)
    assert till.double.books.balance() == (AMOUNT - 200 if end == "succeeded" else AMOUNT)


def test_the_uncaptured_rest_is_not_reported_as_a_dashboard_refund(till: Till) -> None:
    """Law 33 (authorise): Stripe lists it as a refund, but its movement shows that no captured money was returned."""
    till.authorize()
    till.gateway.capture(till.about_order(Operation.CAPTURE, "cap_1", 600))
    payment = replace(till.order, reference=till.double.intent_of("ord_1")["id"])
    assert till.gateway.lookup(payment).refunds == ()
    now = format_instant(till.clock())
    page = till.gateway.movements(now, now, None)
    assert page is not None
    assert [(each.kind, each.amount_minor) for each in page.movements] == [("charge", AMOUNT)]
    assert till.double.books.balance() == 600
    (given_up,) = till.double.books.newest_first("refund")
    given_up["balance_transaction"] = None
    assert till.gateway.lookup(payment).refunds == ()
    till.double.refund_in_dashboard("ord_1", 200)
    assert [each.amount_minor for each in till.gateway.lookup(payment).refunds] == [200]


def test_movements_list_only_orders_of_this_stage(till: Till) -> None:
    """Payments, refunds and disputes by key; refunds of the dashboard by their payment; other stages not at all."""
    till.charge()
    till.gateway.refund(till.refund(amount_minor=100))
    created = till.double.refund_in_dashboard("ord_1", 200)
    disputed = till.double.returns.open_dispute(till.double.charge_of("ord_1"), 300)
    replace(till.gateway, stage="other").charge(replace(till.order, key="ord_2"), PaymentMethod(token="pm_ok"))
    now = format_instant(till.clock())
    page = till.gateway.movements(now, now, None)
    assert page is not None
    listed = [(each.kind, each.key, each.order_id, each.amount_minor) for each in page.movements]
    assert listed == [
        ("dispute", dispute_id_of("ord_1", disputed["id"]), "ord_1", 300),
        ("refund", reported_refund_id_of("ord_1", created["id"]), "ord_1", 200),
        ("refund", "ref_1", "ord_1", 100),
        ("charge", "ord_1", "ord_1", AMOUNT),
    ]
    assert page.after is None


def test_a_lookup_reports_the_disputes_of_a_payment_with_one_more_call(till: Till) -> None:
    """Law 36 (disputes): an inquiry withdraws no money until it is a dispute, and the bank may change its decision."""
    paid = till.charge()
    known = replace(till.order, reference=paid.reference)
    assert till.gateway.lookup(known).disputes == ()
    returns, charge = till.double.returns, till.double.charge_of("ord_1")
    created = returns.open_dispute(charge, 300, "warning_needs_response")
    phases = list[str]()
    for status in ("warning_under_review", "needs_response", "under_review", "lost", "won", "lost"):
        returns.change_dispute(created, status)
        (reported,) = till.gateway.lookup(known).disputes
        phases.append(reported.phase)
    assert phases == ["inquiry", "open", "open", "lost", "won", "lost"]
    assert (reported.reference, reported.amount_minor, reported.currency) == (created["id"], 300, "EUR")
    other = returns.open_dispute(charge, 200, "warning_needs_response")
    returns.change_dispute(other, "warning_closed")
    assert [each.reference for each in till.gateway.lookup(known).disputes] == [created["id"]]
    assert till.operations[-2:] == [f"GET {paid.reference}", "GET disputes"]


def test_movements_are_listed_page_by_page(till: Till) -> None:
    till.charge()
    for number in range(130):
        till.gateway.refund(till.refund(f"ref_{number}", 1))
    now, after, keys = format_instant(till.clock()), None, list[str]()
    while (page := till.gateway.movements(now, now, after)) is not None:
        keys += [each.key for each in page.movements]
        after = page.after
        if after is None:
            break
    assert sorted(keys) == sorted(["ord_1", *(f"ref_{number}" for number in range(130))])
