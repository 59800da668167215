"""The simulator and the crash matrix over the Stripe adapter, every HTTP request a call that may go wrong.

Each runs in its own process, because a simulator supports one gateway. The default run is a sample; `make thorough` has
20,000 histories of each kind, the nightly run 100,000, and both every interleaving of two actors.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.environment import THOROUGH

ROOT = Path(__file__).parents[2]
HISTORIES, PERFORMANCES = (20_000, 100) if THOROUGH else (100, 5)
SEED = 1
"""The seed of a sample with every scenario in which Stripe's bank, customers or dashboard act."""


def _run(gateway: str, module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", module, *arguments]
    environment = {**os.environ, "SIMULATED_GATEWAY": gateway}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    return ran.stdout


@pytest.mark.parametrize("gateway", ["stripe", "stripe-webhooks"])
def test_no_law_is_broken_over_http_with_or_without_webhooks(gateway: str) -> None:
    """Webhooks are lost, repeated and reordered; reconcile ends every history in the same way."""
    arguments = ("--histories", str(HISTORIES), "--performances", str(PERFORMANCES), "--seed", str(SEED))
    output = _run(gateway, "tests.simulation", *arguments)
    assert f"{HISTORIES:,} histories, 0 violations" in output
    wrong = output.partition("what went wrong on purpose")[2].partition("what callers were told")[0]
    assert ("webhooks" in wrong) is (gateway == "stripe-webhooks")
    for fault in ("lost request", "rate_limited", "saved_error", "straggler"):
        assert f"{fault} at gateway" in wrong, fault


def test_a_failure_at_any_http_call_ends_in_the_undisturbed_ledger() -> None:
    """Law 20, every cell. A saved error ends a payment differently but legally, which the matrix checks too."""
    output = _run("stripe", "tests.simulation.test_crash_matrix")
    assert output.rstrip().endswith("cells, 0 with another end")
    assert "gateway.request" in output


@pytest.mark.nightly
def test_every_interleaving_over_http_keeps_the_laws() -> None:
    """The enumeration of `test_interleavings`, each of its calls of the gateway an HTTP request."""
    _run("stripe", "pytest", "-n", "0", "-q", "tests/simulation/test_interleavings.py")
