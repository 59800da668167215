"""The API function's dependencies, in addition to those of every function."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from ...adapters.dynamodb.order_listing import DynamoDBOrderListing
from ...adapters.dynamodb.stock_items import DynamoDBInventory
from ...adapters.step_functions import BookingMachine
from ...domain.order import Order
from ...domain.requests import ProofSigner
from ...domain.stock import StockItem
from ...domain.trail.audit import refusals_of
from ..dependencies import Dependencies
from ..settings import Settings
from .identity import TokenRules


@dataclass(frozen=True, kw_only=True)
class ApiServices:
    """The services of one process."""

    deps: Dependencies

    @property
    def settings(self) -> Settings:
        """The settings of the function."""
        return self.deps.settings

    @property
    def now(self) -> Callable[[], datetime]:
        """The clock."""
        return self.deps.now

    @cached_property
    def rules(self) -> TokenRules:
        """The tokens that the stage accepts."""
        settings = self.settings
        return TokenRules(
            issuer=settings.issuer, audiences=frozenset(settings.audiences), roles_claim=settings.roles_claim
        )

    @cached_property
    def machine(self) -> BookingMachine:
        """The state machine of the stage."""
        client = self.deps.client("stepfunctions")
        return BookingMachine(client=client, arn=self.settings.machine, is_express=self.settings.is_express)

    @cached_property
    def listing(self) -> DynamoDBOrderListing:
        """The lists of orders."""
        return DynamoDBOrderListing(client=self.deps.client("dynamodb"), table=self.settings.orders_table)

    @property
    def proof_key(self) -> ProofSigner:
        """The key of the proofs of callers."""
        key = self.deps.proof_key
        assert key is not None, "BOOKING_PROOF_KEY is a required setting of this function"
        return key

    def load_order(self, order_id: str) -> Order | None:
        """Return an order as last written."""
        return self.deps.orders.load(order_id)

    def find_refusal(self, day: str, execution: str) -> Mapping[str, Any] | None:
        """Return the result in a refusal's audit object, by the day and the ARN of its execution."""
        audit = self.deps.audit
        for key in audit.keys(refusals_of(day, execution)).names:
            record = json.loads(audit.read(key) or b"{}")
            if record.get("execution") == execution:
                result: Mapping[str, Any] = record["result"]
                return result
        return None

    def load_stock(self, sku: str) -> StockItem | None:
        """Return an article as last written."""
        settings, retry = self.settings, self.deps.retry
        return DynamoDBInventory(client=self.deps.client("dynamodb"), table=settings.orders_table, retry=retry).load(
            sku
        )
