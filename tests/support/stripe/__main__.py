"""The double as a process beside an embedded AWS: python -m tests.support.stripe FOLDER PORT

It serves the API and the bank's page on the port, and delivers webhooks to the created endpoints. It ends, and forgets
everything, when the instance of the run folder has ended.
"""

import signal
import ssl
import sys
import threading
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local.instance import Instance
from tests.support.stripe.double import StripeDouble
from tests.support.stripe.loopback_server import serve
from tests.support.stripe.webhook_delivery import Delivery, Webhooks

ROUND_SECONDS = 0.2
MAX_DELIVERIES = 5


def main(folder: Path, port: int) -> None:
    """Serve until the instance has ended, or SIGTERM."""
    double, lock, ended = StripeDouble(lambda: datetime.now(UTC)), threading.Lock(), threading.Event()
    double.endpoints.search_lag = timedelta()  # a minute would be too slow here
    webhooks, failures = Webhooks(double), dict[bytes, int]()
    instance = Instance(folder)
    trusted = ssl.create_default_context(cafile=str(folder / "tls" / "instance.crt"))
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with serve(double, port, lock):
        while not ended.wait(ROUND_SECONDS) and instance.is_running:
            deliver(webhooks, lock, trusted, failures)


def deliver(webhooks: Webhooks, lock: threading.Lock, trusted: ssl.SSLContext, failures: dict[bytes, int]) -> None:
    """Deliver every waiting webhook once; a failed one is retried a few times."""
    with lock:
        webhooks.double.books.catch_up()
        waiting = len(webhooks.waiting)
    for _ in range(waiting):
        with lock:
            endpoint = webhooks.waiting[0][0]
            if endpoint not in webhooks.double.books.objects:  # deleted meanwhile
                webhooks.waiting.pop(0)
                continue
            delivery = webhooks.take()
        if post(delivery, trusted):
            continue
        failures[delivery.body] = failures.get(delivery.body, 0) + 1
        if failures[delivery.body] < MAX_DELIVERIES:
            with lock:
                webhooks.waiting.append((endpoint, delivery.body))


def post(delivery: Delivery, trusted: ssl.SSLContext) -> bool:
    """Send a webhook, and return whether the endpoint accepted it."""
    headers = {"Content-Type": "application/json", "Stripe-Signature": delivery.signature}
    request = urllib.request.Request(delivery.url, data=delivery.body, headers=headers, method="POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusted))
    try:
        with opener.open(request, timeout=30) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError) as error:
        print(f"A webhook was not taken: {type(error).__name__}", flush=True)
        return False


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
