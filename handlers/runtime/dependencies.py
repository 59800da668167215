"""The dependencies of a function, built lazily and once per process.

Each dependency imports its own adapter, so a function imports only those that its requests need.
"""

import os
import random
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Protocol

from ..domain.order import RefundPolicy
from ..domain.payments import PaymentGateway
from ..domain.ports import AuditTrail, OrderRepository, ParkingQueue, RetryPolicy, SweepRepository, WriteOnceStore
from ..domain.requests import ProofSigner
from ..domain.rules.approvals import ApprovalPolicy
from .log import Log
from .settings import Settings

if TYPE_CHECKING:
    from ..adapters.sqs_notices import SQSNoticeQueue
    from ..adapters.stripe.secrets_manager import SigningSecrets
    from ..domain.publication import EventBus
    from ..domain.trail.seals import SealSigner


class ClientFactory(Protocol):
    """A factory for the client of a service ("dynamodb", "s3", "sqs"): botocore's, or a fake with the same methods."""

    def __call__(self, service: str) -> Any: ...  # botocore's clients have no common type


def _now() -> datetime:
    return datetime.now(UTC)


def _sleep(pause: timedelta) -> None:
    time.sleep(pause.total_seconds())


def _print(line: str) -> None:
    print(line, flush=True)


def _salt() -> str:
    return secrets.token_hex(16)


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """The dependencies of a function. Tests pass their own clients, clock and random numbers."""

    settings: Settings
    clients: ClientFactory
    now: Callable[[], datetime] = _now
    sleep: Callable[[timedelta], None] = _sleep
    rng: Callable[[], float] = random.random
    new_salt: Callable[[], str] = _salt
    write: Callable[[str], None] = _print
    http_pool: Any = None  # tests pass a pool like urllib3's; by default the adapter creates its own
    _clients: dict[str, Any] = field(default_factory=dict[str, Any])

    def client(self, service: str) -> Any:  # as above
        """Return the client of a service, created when it is first needed."""
        if service not in self._clients:
            self._clients[service] = self.clients(service)
        return self._clients[service]

    @cached_property
    def retry(self) -> RetryPolicy:
        """The retry policy of lost races."""
        return RetryPolicy(sleep=self.sleep, rng=self.rng)

    @cached_property
    def conflict_retry(self) -> RetryPolicy:
        """The retry policy of transaction conflicts, frequent on a popular SKU: about 4 seconds, at most 8.1."""
        return RetryPolicy(sleep=self.sleep, rng=self.rng, max_attempts=20)

    @cached_property
    def orders(self) -> OrderRepository:
        """The orders."""
        from ..adapters.dynamodb.order_repository import DynamoDBOrderRepository

        return DynamoDBOrderRepository(
            client=self.client("dynamodb"), table=self.settings.orders_table, retry=self.conflict_retry
        )

    @cached_property
    def sweeps(self) -> SweepRepository:
        """The position of the sweep, the orphans and the watchlists."""
        from ..adapters.dynamodb.sweep_items import DynamoDBSweepRepository

        return DynamoDBSweepRepository(client=self.client("dynamodb"), table=self.settings.orders_table)

    @cached_property
    def gateway(self) -> PaymentGateway:
        """The payment gateway that the settings name."""
        adapters = {"sandbox": self._sandbox, "stripe": self._stripe}
        return adapters[self.settings.gateway]()

    def _sandbox(self) -> PaymentGateway:
        from ..adapters.sandbox_gateway import SandboxPaymentGateway

        return SandboxPaymentGateway(client=self.client("dynamodb"), table=self.settings.gateway_table, now=self.now)

    def _stripe(self) -> PaymentGateway:
        from ..adapters.stripe.connection import connect

        settings = self.settings
        return connect(
            secrets=lambda: self.client("secretsmanager"),
            secret_arn=settings.stripe_secret,
            mode=settings.stripe_mode,
            endpoint=settings.stripe_endpoint,
            stage=settings.stage,
            timeout_seconds=settings.sdk_timeout.total_seconds(),
            now=self.now,
            pool=self.http_pool,
        )

    @cached_property
    def audit(self) -> AuditTrail:
        """The audit trail."""
        from ..adapters.s3_audit import S3AuditTrail

        return S3AuditTrail(client=self.client("s3"), bucket=self.settings.audit_bucket)

    @cached_property
    def seal_signer(self) -> "SealSigner":
        """The key that seals are signed with."""
        from ..adapters.kms_signer import KMSSealSigner

        return KMSSealSigner(client=self.client("kms"), key=self.settings.seal_key)

    @cached_property
    def proof_key(self) -> ProofSigner | None:
        """The key with which the API proves callers, if the deployment has an API."""
        key = self.settings.proof_key
        if key is None:
            return None
        from ..adapters.kms_proof import KMSProofKey

        return KMSProofKey(client=self.client("kms"), key=key)

    @cached_property
    def seal_copies(self) -> WriteOnceStore | None:
        """The store that seals are copied to, if the stage names a bucket."""
        bucket = self.settings.seal_copy_bucket
        if bucket is None:
            return None
        from ..adapters.s3_audit import S3AuditTrail

        return S3AuditTrail(client=self.client("s3"), bucket=bucket)

    @cached_property
    def parking_queue(self) -> ParkingQueue:
        """The queue of results that could not be recorded."""
        from ..adapters.sqs_parking import SQSParkingQueue

        return SQSParkingQueue(client=self.client("sqs"), queue_url=self.settings.parking_queue_url)

    @cached_property
    def bus(self) -> "EventBus":
        """The bus of the order events."""
        from ..adapters.event_bus import EventBridgeBus

        return EventBridgeBus(client=self.client("events"), bus=self.settings.event_bus)

    @cached_property
    def bus_retry(self) -> RetryPolicy:
        """The retry policy of events that the bus rejected. Afterwards the stream redelivers them."""
        return RetryPolicy(sleep=self.sleep, rng=self.rng, max_attempts=3)

    @cached_property
    def notices(self) -> "SQSNoticeQueue":
        """The queue of orders that gateway events name."""
        from ..adapters.sqs_notices import SQSNoticeQueue

        return SQSNoticeQueue(client=self.client("sqs"), queue_url=self.settings.events_queue_url)

    @cached_property
    def signing_secrets(self) -> "SigningSecrets":
        """The signing secrets of Stripe's webhooks."""
        from ..adapters.stripe.secrets_manager import SigningSecrets

        arn = self.settings.stripe_webhook_secret
        return SigningSecrets(client=self.client("secretsmanager"), arn=arn, now=self.now)

    @cached_property
    def policy(self) -> RefundPolicy:
        """The refund policy of new orders."""
        return RefundPolicy(window=self.settings.refund_window, action_window=self.settings.payment_action_window)

    @cached_property
    def approvals(self) -> ApprovalPolicy:
        """The refunds that another person must approve."""
        settings = self.settings
        return ApprovalPolicy(
            limits=settings.approval_limits, wait=settings.approval_wait, api_only=settings.approvals_need_api
        )

    @cached_property
    def log(self) -> Log:
        """The log of steps and metrics."""
        return Log(write=self.write, now=self.now, stage=self.settings.stage)


def aws_clients(settings: Settings) -> ClientFactory:
    """Return a factory of AWS clients whose calls, including retries, end within the configured timeout."""

    @cache
    def factory() -> Callable[[str], Any]:  # as above
        from ..adapters.aws_clients import client_factory  # botocore is the slowest import; fakes do not need it

        return client_factory(settings.sdk_timeout)

    def client(service: str) -> Any:  # as above
        return factory()(service)

    return client


_composed: dict[tuple[str, ...], Dependencies] = {}


def dependencies(*required: str, environment: Mapping[str, str] | None = None) -> Dependencies:
    """Return the dependencies of this process, built on the first call. The settings in `required` must be present."""
    if required not in _composed:
        settings = Settings.of(os.environ if environment is None else environment, required)
        _composed[required] = Dependencies(settings=settings, clients=aws_clients(settings))
    return _composed[required]
