"""The settings and dependencies of the Lambda functions, and the messages that their handlers reject."""

import importlib
from datetime import timedelta
from typing import Any

import pytest

from handlers.domain.errors import Unavailable
from handlers.domain.ports import RetryPolicy
from handlers.refund import refund
from handlers.runtime import dependencies
from handlers.runtime.dependencies import aws_clients
from handlers.runtime.settings import Misconfigured, Settings
from tests.handlers.world import ENVIRONMENT, World, purchase_of, refund_of


@pytest.mark.parametrize("function", ["purchase", "refund", "record", "reconcile"])
def test_a_missing_variable_is_named_when_the_settings_are_read(function: str) -> None:
    """Invalid settings are rejected as early as possible."""
    module = importlib.import_module(f"handlers.{function}")
    required = {
        name for name in ENVIRONMENT if name.removeprefix("BOOKING_").lower() in "".join(module.REQUIRED_SETTINGS)
    }
    assert "BOOKING_STAGE" in required
    for name in required:
        incomplete = {key: value for key, value in ENVIRONMENT.items() if key != name}
        with pytest.raises(Misconfigured, match=name):
            Settings.of(incomplete, module.REQUIRED_SETTINGS)


@pytest.mark.parametrize(
    ("name", "value", "setting"),
    [
        ("BOOKING_REFUND_WINDOW_DAYS", "-1", "refund_window"),
        ("BOOKING_REFUND_WINDOW_DAYS", "30.0", "refund_window"),
        ("BOOKING_REFUND_WINDOW_DAYS", "9999", "refund_window"),
        ("BOOKING_PAYMENT_ACTION_SECONDS", "59", "payment_action_window"),
        ("BOOKING_PAYMENT_ACTION_SECONDS", "86401", "payment_action_window"),
        ("BOOKING_SDK_TIMEOUT_SECONDS", "0", "sdk_timeout"),
        ("BOOKING_GATEWAY", "paypal", "gateway"),
        ("BOOKING_STRIPE_MODE", "prod", "stripe_mode"),
    ],
)
def test_an_invalid_variable_is_named_with_its_allowed_values(name: str, value: str, setting: str) -> None:
    """Settings are strict."""
    with pytest.raises(Misconfigured, match=rf"{name} must be .*, got '{value}'"):
        Settings.of({**ENVIRONMENT, name: value}, (setting,))


def test_an_aws_call_including_retries_ends_within_its_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """SDK call < function: two tries of a connect and a read time-out each end within the seconds that are set."""
    settings = Settings(environment={**ENVIRONMENT, "BOOKING_SDK_TIMEOUT_SECONDS": "4"})
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    config = aws_clients(settings)("sqs").meta.config
    assert config.retries["total_max_attempts"] * (config.connect_timeout + config.read_timeout) <= 4


def test_dependencies_are_built_once_per_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients are built once, lazily."""
    monkeypatch.setattr(dependencies, "_composed", {})
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    one, other = dependencies.dependencies("stage"), dependencies.dependencies("stage")
    assert one is other
    assert one.log.stage == "test"


def test_attempts_are_bounded_jittered_and_end_in_unavailable() -> None:
    """A lost race ends in Unavailable, never in a wrong answer."""
    pauses: list[timedelta] = []
    policy = RetryPolicy(sleep=pauses.append, rng=lambda: 1.0, max_attempts=6)
    attempts = policy.attempts("The order")
    assert [next(attempts) for _ in range(6)] == list(range(6))
    with pytest.raises(Unavailable, match="during each of 6 attempts"):
        next(attempts)
    assert [round(pause.total_seconds() * 1000) for pause in pauses] == [40, 80, 160, 320, 500]
    zero = RetryPolicy(sleep=pauses.append, rng=lambda: 0.0)
    list(zip(range(3), zero.attempts("x"), strict=False))
    assert pauses[-1] == timedelta(0)


def test_a_refund_that_always_loses_its_race_is_unavailable_and_moves_nothing() -> None:
    """Law 14 (linearizable): tries are bounded."""
    world = World()
    world.stock(MUG=(800, 20))
    order_id = world.book(purchase_of(MUG=(5, 800)))["order_id"]
    deps, number = world.dependencies(), iter(range(1000))

    class Overtaking:
        """A repository whose appends always lose the race."""

        def __getattr__(self, name: str) -> Any:
            return getattr(world.dependencies().orders, name)

        def append(self, change: Any) -> Any:
            world.step(refund_of(order_id, f"faster-{next(number)}", amount_minor=1))
            return world.dependencies().orders.append(change)

    deps.__dict__["orders"] = Overtaking()
    with pytest.raises(Unavailable):
        refund(world.message(refund_of(order_id, "slow", amount_minor=1)), deps)
    assert world.order(order_id).account.refunded_minor == 10


@pytest.mark.parametrize(("function", "action"), [("purchase", "refund"), ("refund", "purchase")])
def test_a_function_rejects_a_message_for_another_function(function: str, action: str) -> None:
    """The machine never sends one; other callers get a message."""
    world = World()
    request = purchase_of(MUG=(1, 800)) if action == "purchase" else refund_of("ord_1")
    module = importlib.import_module(f"handlers.{function}")
    result = getattr(module, function)(world.message(request), world.dependencies())
    assert (result["status"], result["code"]) == ("rejected", "INVALID_REQUEST")


@pytest.mark.over_gateways
def test_the_refund_window_is_judged_by_the_start_of_the_execution() -> None:
    """Law 26 (window): a retry after the deadline decides as the first attempt would have."""
    world = World()
    world.stock(MUG=(800, 20))
    order_id = world.book(purchase_of(MUG=(1, 800)))["order_id"]
    world.clock.advance(timedelta(days=30))
    message = world.message(refund_of(order_id, amount_minor=5))
    world.clock.advance(timedelta(days=1))
    assert refund(message, world.dependencies())["status"] == "succeeded"
    late = world.book(refund_of(order_id, "late", amount_minor=5))
    assert (late["status"], late["code"]) == ("rejected", "REFUND_WINDOW_CLOSED")


@pytest.mark.over_gateways
def test_an_order_keeps_the_refund_policy_of_its_purchase() -> None:
    """Law 26 (window): stored with the order."""
    world = World()
    world.stock(MUG=(800, 20))
    order_id = world.book(purchase_of(MUG=(1, 800)))["order_id"]
    world.environment["BOOKING_REFUND_WINDOW_DAYS"] = "0"
    world.clock.advance(timedelta(days=29))
    assert world.book(refund_of(order_id, amount_minor=5))["status"] == "succeeded"
