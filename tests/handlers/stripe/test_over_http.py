"""The adapter over real HTTP: urllib3 against the double on loopback."""

from datetime import UTC, datetime

import pytest

from handlers.adapters.stripe.stripe_api import StripeApi, urllib3_pool
from handlers.domain.errors import PaymentOutcomeUnknown
from tests.support.stripe.double import TEST_KEY, StripeDouble
from tests.support.stripe.fault_plan import StripeFault
from tests.support.stripe.loopback_server import serve
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


def test_a_broken_connection_leaves_the_outcome_open_and_names_no_url() -> None:
    double = StripeDouble(_now)
    double.faults.add(StripeFault.REPLY_LOST)
    with serve(double) as address:
        api = StripeApi(pool=urllib3_pool(5), secret=lambda fresh: TEST_KEY, endpoint=address)
        with pytest.raises(PaymentOutcomeUnknown) as unknown:
            api.post("/v1/payment_intents", {"amount": "100", "currency": "eur"}, key="k:create")
    assert len(double.calls) == 1
    assert "127.0.0.1" not in f"{unknown.value} {unknown.value.__cause__}"


def test_the_live_check_takes_no_live_key_and_skips_without_one(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []
    assert run("sk_live_1", write=lines.append) == 2
    assert "test mode" in lines[0]
    assert main([]) == 0
    assert main(["/nowhere/key.txt"]) == 2
    assert "Skipped" in capsys.readouterr().out
