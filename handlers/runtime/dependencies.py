"""The dependencies of a function, built lazily and once per process."""

import os
import random
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from ..adapters.dynamodb.order_repository import DynamoDBOrderRepository
from ..adapters.dynamodb.sweep_items import DynamoDBSweepRepository
from ..adapters.event_bus import EventBridgeBus
from ..adapters.kms_proof import KMSProofKey
from ..adapters.kms_signer import KMSSealSigner
from ..adapters.s3_audit import S3AuditTrail
from ..adapters.sandbox_gateway import SandboxPaymentGateway
from ..adapters.sqs_notices import SQSNoticeQueue
from ..adapters.sqs_parking import SQSParkingQueue
from ..domain.approvals import ApprovalPolicy
from ..domain.order import RefundPolicy
from ..domain.payments import PaymentGateway
from ..domain.ports import AuditTrail, OrderRepository, ParkingQueue, RetryPolicy, SweepRepository, WriteOnceStore
from ..domain.publication import EventBus
from ..domain.requests import ProofSigner
from ..domain.seals import SealSigner
from .log import Log
from .settings import Settings

if TYPE_CHECKING:
    from ..adapters.stripe.secrets_manager import SigningSecrets

_MAX_ATTEMPTS: Final = (
    2  # the second for a connection that broke while the process was frozen; the machine retries beyond that
)


class ClientFactory(Protocol):
    """A factory of the client of a service ("dynamodb", "s3", "sqs"): boto3's, or a fake of the same shape."""

    def __call__(self, service: str) -> Any: ...  # clients of boto3 have no common type


ClientMaker = Callable[..., Any]


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
    http_pool: Any = None  # a pool like urllib3's, from tests; by default, the adapter that needs one creates it
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
        """The retry policy of transaction conflicts, which are many on a popular SKU: about 4 seconds, at most 8.1."""
        return RetryPolicy(sleep=self.sleep, rng=self.rng, max_attempts=20)

    @cached_property
    def orders(self) -> OrderRepository:
        """The orders."""
        return DynamoDBOrderRepository(
            client=self.client("dynamodb"), table=self.settings.orders_table, retry=self.conflict_retry
        )

    @cached_property
    def sweeps(self) -> SweepRepository:
        """The position of the sweep, and the orphans."""
        return DynamoDBSweepRepository(client=self.client("dynamodb"), table=self.settings.orders_table)

    @cached_property
    def gateway(self) -> PaymentGateway:
        """The payment gateway that the settings name."""
        adapters = {"sandbox": self._sandbox, "stripe": self._stripe}
        return adapters[self.settings.gateway]()

    def _sandbox(self) -> PaymentGateway:
        return SandboxPaymentGateway(client=self.client("dynamodb"), table=self.settings.gateway_table, now=self.now)

    def _stripe(self) -> PaymentGateway:
        from ..adapters.stripe.connection import connect  # imported late: the sandbox's cold start has no use for it

        settings = self.settings
        return connect(
            secrets=self.client("secretsmanager"),
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
        return S3AuditTrail(client=self.client("s3"), bucket=self.settings.audit_bucket)

    @cached_property
    def seal_signer(self) -> SealSigner:
        """The key that seals are signed with."""
        return KMSSealSigner(client=self.client("kms"), key=self.settings.seal_key)

    @cached_property
    def proof_key(self) -> ProofSigner | None:
        """The key with which the API proves callers, if the deployment has an API."""
        key = self.settings.proof_key
        return KMSProofKey(client=self.client("kms"), key=key) if key else None

    @cached_property
    def seal_copies(self) -> WriteOnceStore | None:
        """The store that seals are copied to, if the stage names a bucket."""
        bucket = self.settings.seal_copy_bucket
        return S3AuditTrail(client=self.client("s3"), bucket=bucket) if bucket else None

    @cached_property
    def parked(self) -> ParkingQueue:
        """The queue of results that could not be recorded."""
        return SQSParkingQueue(client=self.client("sqs"), queue_url=self.settings.parking_queue_url)

    @cached_property
    def bus(self) -> EventBus:
        """The bus of the order events."""
        return EventBridgeBus(client=self.client("events"), bus=self.settings.event_bus)

    @cached_property
    def bus_retry(self) -> RetryPolicy:
        """The retry policy of events that the bus did not take; beyond it, the stream brings them again."""
        return RetryPolicy(sleep=self.sleep, rng=self.rng, max_attempts=3)

    @cached_property
    def notices(self) -> SQSNoticeQueue:
        """The queue of orders that gateway events name."""
        return SQSNoticeQueue(client=self.client("sqs"), queue_url=self.settings.events_queue_url)

    @cached_property
    def signing_secrets(self) -> "SigningSecrets":
        """The signing secrets of Stripe's webhooks."""
        from ..adapters.stripe.secrets_manager import SigningSecrets  # imported late, like the gateway

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
    """Return a factory of boto3 clients whose calls, including retries, end within the configured timeout."""

    def client(service: str) -> Any:  # as above
        import boto3  # imported late: it is the slowest import of a function, and fakes do not need it
        from botocore.config import Config

        per_attempt = settings.sdk_timeout.total_seconds() / _MAX_ATTEMPTS
        limits = Config(
            connect_timeout=per_attempt / 5,
            read_timeout=per_attempt * 4 / 5,
            retries={"total_max_attempts": _MAX_ATTEMPTS, "mode": "standard"},
        )
        make = cast("ClientMaker", boto3.client)  # pyright: ignore[reportUnknownMemberType]  # overloads by service
        return make(service, config=limits)

    return client


_composed: dict[tuple[str, ...], Dependencies] = {}


def dependencies(*required: str, environment: Mapping[str, str] | None = None) -> Dependencies:
    """Return the dependencies of this process, built on the first call. The settings in `required` must be present."""
    if required not in _composed:
        settings = Settings.of(os.environ if environment is None else environment, required)
        _composed[required] = Dependencies(settings=settings, clients=aws_clients(settings))
    return _composed[required]
