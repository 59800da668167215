"""The cold start of the functions that pay, with Stripe as a ratio of the sandbox's, measured in one run.

Limit: importing a function and its initialisation (settings, dependencies, the clients of the first call and the
gateway) take at most 1.05 times as long with Stripe. Times are CPU times, because machines are shared. The HTTP calls
that Stripe needs in addition are counted by a test (tests/handlers/stripe/test_stripe_bookings.py).
"""

import compileall
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Final

from bench.workflow import compare_with_limit

ROOT: Final = Path(__file__).parents[1]
ROUNDS: Final = 11
GATEWAYS: Final = ("sandbox", "stripe")
_PROGRAM: Final = """
import time
start = time.process_time()
import handlers.{function} as function
from handlers.runtime.dependencies import dependencies
deps = dependencies(*function.REQUIRED_SETTINGS)
deps.orders, deps.gateway
print(time.process_time() - start)
"""
_ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "BOOKING_STAGE": "bench",
    "BOOKING_ORDERS_TABLE": "orders",
    "BOOKING_GATEWAY_TABLE": "gateway",
    "BOOKING_REFUND_WINDOW_DAYS": "30",
    "BOOKING_APPROVALS": "any",
    "BOOKING_STRIPE_SECRET": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:key",
    "BOOKING_STRIPE_MODE": "test",
    "BOOKING_AUDIT_BUCKET": "audit",
    "BOOKING_PARKING_QUEUE_URL": "https://sqs.example/parking",
}


def measure(function: str, gateway: str) -> float:
    """Return the CPU seconds of a cold start in a new process."""
    environment = {**os.environ, **_ENVIRONMENT, "BOOKING_GATEWAY": gateway}
    command = [sys.executable, "-c", _PROGRAM.format(function=function)]
    ran = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    return float(ran.stdout)


def main() -> None:
    """Print the ratios; the gateways take turns, so that the machine treats them alike."""
    compileall.compile_dir(ROOT / "handlers", quiet=1)  # as an installation does
    for function in ("purchase", "refund", "reconcile"):
        rounds = [[measure(function, gateway) for gateway in GATEWAYS] for _ in range(ROUNDS)]
        sandbox, stripe = (median(times) for times in zip(*rounds, strict=True))
        shown = compare_with_limit(stripe / sandbox, 1.05, "x")
        print(f"{function}: sandbox {1000 * sandbox:.0f} ms, Stripe {1000 * stripe:.0f} ms: {shown}")


if __name__ == "__main__":
    main()
