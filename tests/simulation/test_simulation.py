"""Thousands of histories with every kind of fault, and proof that they contain every fault and answer."""

import gc
import os
from collections.abc import Iterator

import pytest

from tests.environment import THOROUGH
from tests.simulation import table_memory
from tests.simulation.choices import Choices
from tests.simulation.history import FAULT_KINDS
from tests.simulation.simulator import Tally, choices_of, run, shrink, simulate

HISTORIES = int(os.environ.get("SIMULATED_HISTORIES", "20000" if THOROUGH else "1500"))
PERFORMANCES = 30
SEED = 4
"""With this seed, few histories suffice for every fault and every answer below."""


@pytest.fixture(scope="module")
def tally() -> Iterator[Tally]:
    """Run the histories of one seed."""
    gc.disable()
    try:
        yield simulate(SEED, range(HISTORIES), PERFORMANCES)
    finally:
        gc.enable()
        table_memory.forget()


def test_no_law_is_broken_in_any_history(tally: Tally) -> None:
    """Laws 1 to 45 hold under every fault; a violation is printed as the shortest history that still has it."""
    if tally.violations:
        number, broken = tally.violations[0]
        short = shrink(broken.choices)
        again = f"python -m tests.simulation --seed {SEED} --history {number} --performances {PERFORMANCES}"
        pytest.fail(f"{short.broken}\n" + "\n".join(short.steps) + f"\n{short.choices}\n{again}")
    assert tally.histories == HISTORIES


def test_every_kind_of_fault_occurs_at_every_service(tally: Tally) -> None:
    """Each at least 20 times."""
    expected = {f"{kind} at gateway" for kind in FAULT_KINDS["gateway"]}
    expected |= {f"{kind} at dynamodb" for kind in (*FAULT_KINDS["read"], *FAULT_KINDS["write"])}
    expected |= {f"{kind} at s3" for kind in FAULT_KINDS["write"]} | {"parked", "outlasted a rest"}
    assert {kind: tally.faults[kind] for kind in expected if tally.faults[kind] < 20} == {}


def test_every_answer_that_a_booking_can_get_occurs(tally: Tally) -> None:
    """Every outcome in the laws occurs; a release needs a fence in time, so both kinds of it are counted together."""
    expected = {"succeeded", "none", "failed NOT_EXECUTED", "pending APPROVAL_NEEDED", "pending REFUND_PENDING"}
    expected |= {"unknown PAYMENT_OUTCOME_UNKNOWN", "unknown REFUND_OUTCOME_UNKNOWN"}
    codes = ("INVALID_REQUEST", "KEY_REUSED", "OUT_OF_STOCK", "PRICE_CHANGED", "PAYMENT_DECLINED", "REFUND_DECLINED")
    expected |= {
        f"rejected {code}" for code in (*codes, "ORDER_NOT_FOUND", "NOTHING_TO_REFUND", "REFUND_EXCEEDS_BALANCE")
    }
    held = ("CAPTURE_UNDER_WAY", "ALREADY_CAPTURED", "PAYMENT_EXPIRED")  # CANCEL_UNDER_WAY: the interleavings
    expected |= {f"rejected {code}" for code in held}
    expected |= {f"rejected {code}" for code in ("OWN_DECISION", "RESOLUTION_UNDER_WAY", "REFUND_WINDOW_CLOSED")}
    expected |= {"failed NEWER_RELEASE"}
    assert {answer for answer in expected if not tally.answers[answer]} == set()
    assert tally.answers["failed PAYMENT_RELEASED"] + tally.answers["failed REFUND_RELEASED"] > 0


def test_a_seed_reproduces_its_history() -> None:
    """The same seed gives the same steps, with tables from other histories and with empty ones."""
    for number in range(0, 1_500, 150):
        choices = choices_of(SEED, number, PERFORMANCES)
        first = run(choices, records_steps=True)
        table_memory.forget()
        again = run(Choices(replayed=first.choices), records_steps=True)
        assert (first.broken, first.steps, first.answers, first.faults) == (
            again.broken,
            again.steps,
            again.answers,
            again.faults,
        )
