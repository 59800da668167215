"""The gateways that a world pays through: the sandbox, and Stripe's adapter over the double.

A test that is marked `over_gateways` runs through each of them (conftest.py): the laws do not depend on the gateway.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Protocol

from handlers.adapters.sandbox_gateway import SandboxPaymentGateway
from handlers.adapters.sandbox_tokens import TOKENS
from handlers.adapters.stripe.replies import KEY, ORDER, is_declined, payment_reply, refund_reply
from handlers.domain.errors import Unavailable
from handlers.domain.payments import GatewayReply, Instruction, Movement, MovementPage
from tests.fakes.clock import FakeClock
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.secrets_manager import FakeSecretsManager
from tests.handlers.faults import CountedPool, Faults
from tests.support.stripe.double import TEST_KEY, StripeDouble
from tests.support.stripe.pool import DoublePool
from tests.support.stripe.wire_objects import Wire

GATEWAYS: Final = ("sandbox", "stripe")
PAYS_THROUGH: ContextVar[str] = ContextVar("PAYS_THROUGH", default="sandbox")
"""The gateway of the worlds that the present test makes."""

KEY_ARN: Final = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:stripe-key"


class Payer(Protocol):
    """A gateway behind a world, as its tests see it."""

    environment: Mapping[str, str]
    """The settings that choose it."""
    clients: Mapping[str, Any]
    """The AWS clients that its adapter needs in addition to the world's."""
    http_pool: Any
    """The pool of connections that its adapter needs, if any."""
    longest_doubt: ClassVar[timedelta]
    """Time after which reconcile knows the outcome of every call."""

    def net_minor(self, order_id: str) -> int:
        """Return the net amount of an order: charged minus refunded and minus disputed."""
        ...

    def effects(self) -> Mapping[str, str]:
        """Return the state of every key that arrived."""
        ...


class UnansweringGateway(SandboxPaymentGateway):
    """A sandbox whose lookups fail, because its service is down."""

    def lookup(self, instruction: Instruction) -> GatewayReply:
        """Raise Unavailable."""
        raise Unavailable(instruction.key)


@dataclass(frozen=True, slots=True)
class SandboxPayer:
    """The sandbox, whose books are a table."""

    dynamodb: FakeDynamoDB
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    clients: Mapping[str, Any] = field(default_factory=dict[str, Any])
    http_pool: Any = None
    longest_doubt: ClassVar[timedelta] = timedelta(hours=1)

    def _rows(self) -> list[Any]:
        return list(self.dynamodb.scan(TableName="gateway")["Items"])

    def net_minor(self, order_id: str) -> int:
        net = 0
        for item in self._rows():
            if item["heard"]["S"] != "settled":
                continue
            amount = int(item["amount_minor"]["N"])
            if item["pk"]["S"] == order_id:
                token = TOKENS[item["token"]["S"]]
                refunded = token.dashboard_refund.amount_of(amount) if token.dashboard_refund else 0
                net += 0 if token.dispute else amount - refunded
            elif item["kind"]["S"] == "refund" and item.get("charge", {}).get("S") == order_id:
                net -= amount
        return net

    def effects(self) -> Mapping[str, str]:
        return {row["pk"]["S"]: row["heard"]["S"] for row in self._rows()}


class StripePayer:
    """Stripe's adapter; every HTTP call is one that the world's faults count."""

    environment: Mapping[str, str] = {  # never changed
        "BOOKING_GATEWAY": "stripe",
        "BOOKING_STRIPE_MODE": "test",
        "BOOKING_STRIPE_SECRET": KEY_ARN,
    }
    longest_doubt: ClassVar[timedelta] = timedelta(hours=26)

    def __init__(self, clock: FakeClock, faults: Faults) -> None:
        self.clock, self._latest = clock, clock.now
        self.double = StripeDouble(self._now)
        self.vault = FakeSecretsManager({KEY_ARN: TEST_KEY})
        self.clients = {"secretsmanager": self.vault}
        self.http_pool = CountedPool(DoublePool(self.double), faults)

    def _now(self) -> datetime:
        """Return Stripe's time, which never goes back even if the world's clock does."""
        self._latest = max(self._latest, self.clock.now)
        return self._latest

    def _objects(self, kind: str) -> list[Wire]:
        return [item for item in self.double.books.objects.values() if item["object"] == kind]

    def net_minor(self, order_id: str) -> int:
        objects = self.double.books.objects
        intents = {each["id"] for each in self._objects("payment_intent") if each["metadata"].get(ORDER) == order_id}
        moved = self._objects("balance_transaction")
        return sum(each["amount"] for each in moved if objects[each["source"]]["payment_intent"] in intents)

    def effects(self) -> Mapping[str, str]:
        objects = self.double.books.objects
        refunds = {each["metadata"].get(KEY): refund_reply(each) for each in self._objects("refund")}
        intents = {
            each["metadata"].get(KEY): payment_reply(
                {**each, "latest_charge": objects.get(each["latest_charge"] or "")}
            )
            for each in self._objects("payment_intent")
        }
        declined = {
            each["metadata"].get(KEY): "declined" for each in self._objects("payment_intent") if is_declined(each)
        }
        states = {key: reply.status.value for key, reply in {**refunds, **intents}.items()}
        return {key: state for key, state in (states | declined).items() if key and state != "nothing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrphanListing(SandboxPaymentGateway):
    """The sandbox with a list that always ends in one refund of an order that no ledger has."""

    order_id: str
    amount_minor: int = 5

    def movements(self, since: str, until: str, after: str | None) -> MovementPage | None:
        moved = Movement(
            reference="txn_1",
            at=until,
            kind="refund",
            amount_minor=self.amount_minor,
            currency="EUR",
            order_id=self.order_id,
        )
        return MovementPage(movements=(moved,))
