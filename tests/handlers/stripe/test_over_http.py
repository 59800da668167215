"""The adapter over real HTTP: urllib3 against the double on loopback."""

import ssl
import threading
from datetime import UTC, datetime

import pytest
import urllib3

from handlers.adapters.stripe.stripe_api import StripeApi, urllib3_pool
from handlers.domain.errors import PaymentOutcomeUnknown
from tests.support.stripe.__main__ import MAX_DELIVERIES, deliver
from tests.support.stripe.double import TEST_KEY, HttpCall, StripeDouble
from tests.support.stripe.fault_plan import StripeFault
from tests.support.stripe.loopback_server import serve
from tests.support.stripe.webhook_delivery import Webhooks
from tools.stripe_live_check import CHECKS, main, run


def _now() -> datetime:
    return datetime.now(UTC)


def test_the_live_check_passes_over_http() -> None:
    double, lines = StripeDouble(_now), list[str]()
    with serve(double) as address:
        assert run(TEST_KEY, address, lines.append) == 0
    assert len(lines) == len(CHECKS)
    assert TEST_KEY not in "".join(lines)
    assert {call.header("Stripe-Version") for call in double.calls} == {"2026-08-26.dahlia"}


def test_a_broken_connection_is_an_unknown_outcome_whose_error_names_no_url() -> None:
    double = StripeDouble(_now)
    double.faults.add(StripeFault.REPLY_LOST)
    with serve(double) as address:
        api = StripeApi(pool=urllib3_pool(5), secret=lambda fresh: TEST_KEY, endpoint=address)
        with pytest.raises(PaymentOutcomeUnknown) as unknown:
            api.post("/v1/payment_intents", {"amount": "100", "currency": "eur"}, key="k:create")
    assert len(double.calls) == 1
    assert "127.0.0.1" not in f"{unknown.value} {unknown.value.__cause__}"


def test_a_customer_confirms_on_the_page_of_the_bank_and_returns_to_the_shop() -> None:
    double, pool = StripeDouble(_now), urllib3.PoolManager(retries=False)
    with serve(double) as address:
        intent = double.endpoints.create({"amount": "800", "currency": "eur"})
        double.payments.confirm(intent, "pm_card_threeDSecure2Required", "https://shop.example/thanks")
        page = intent["next_action"]["redirect_to_url"]["url"]
        assert page.startswith(address)
        assert b"Pay 800 EUR" in pool.request("GET", page).data
        answered = pool.request("POST", page, fields={"answer": "confirm"}, encode_multipart=False, redirect=False)
        assert (answered.status, answered.headers["Location"]) == (303, "https://shop.example/thanks")
        assert intent["status"] == "succeeded"
        assert pool.request("GET", page).status == 404
        pool.clear()


def test_the_double_accepts_its_key_as_basic_authentication() -> None:
    double = StripeDouble(_now)
    for header, status in (("Basic c2tfdGVzdF9kb3VibGU6", 200), ("Basic c2tfdGVzdF9vdGhlcjo=", 401), ("Basic =", 401)):
        call = HttpCall(method="GET", target="/v1/account", headers={"Authorization": header})
        assert double.handle(call).status == status


def test_a_refused_webhook_is_dropped_after_the_maximum_number_of_deliveries() -> None:
    """The endpoint is another double, which refuses every delivery."""
    double, endpoint = StripeDouble(_now), StripeDouble(_now)
    webhooks, failures = Webhooks(double), dict[bytes, int]()
    trusted, lock = ssl.create_default_context(), threading.Lock()
    with serve(endpoint) as address:
        form = {"url": f"{address}/webhooks/stripe", "enabled_events[]": "payment_intent.created"}
        double.endpoints.create_endpoint(form)
        double.endpoints.create({"amount": "800", "currency": "eur"})
        for _ in range(MAX_DELIVERIES + 1):
            deliver(webhooks, lock, trusted, failures)
    assert [call.target for call in endpoint.calls] == ["/webhooks/stripe"] * MAX_DELIVERIES
    assert all(call.header("Stripe-Signature").startswith("t=") for call in endpoint.calls)
    assert webhooks.waiting == []


def test_the_live_check_rejects_a_live_key_and_skips_without_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []
    assert run("sk_live_1", write=lines.append) == 2
    assert "test mode" in lines[0]
    assert main([]) == 0
    assert main(["/nowhere/key.txt"]) == 2
    assert "Skipped" in capsys.readouterr().out
