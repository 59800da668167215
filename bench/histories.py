"""Histories per second of the fault simulator, compared with plain bookings on the tests' fakes.

A history is a few requests with faults at any call, and the check of every law after each step. A booking is a purchase
and its refund, recorded, without faults or checks. Limit: a history takes at most as long as two bookings.
"""

import time
from collections.abc import Iterator
from typing import Final

from tests.handlers.world import World, purchase_of, refund_of
from tests.simulation.simulator import Tally, simulate

from ._figures import Figure, Options, figure, ratio, take_turns

HISTORIES: Final = 400
BOOKINGS: Final = 100
PERFORMANCES: Final = 50
"""Consecutive histories per scene, as in a short run of `make simulate`."""


def figures(options: Options) -> Iterator[Figure]:
    """Yield the time of a history as a ratio, and the rate."""
    done = Tally()

    def run_histories() -> float:
        began = time.process_time()
        simulate(1, range(done.histories, done.histories + HISTORIES), PERFORMANCES, done)
        return (time.process_time() - began) / HISTORIES

    times = take_turns(options.rounds, {"history": run_histories, "booking": _measure_booking})
    assert not done.violations, done.violations[0][1].broken
    yield ratio("a history of the simulator", times["history"], times["booking"], "a booking on the fakes", limit=2)
    yield figure("histories of the simulator", [1 / each for each in times["history"]], "per s", better="more")


def _measure_booking() -> float:
    world = World()
    world.stock(MUG=(800, 1_000))
    began = time.process_time()
    for number in range(BOOKINGS):
        order_id = world.book(purchase_of(f"buy-{number}", MUG=(1, 800)))["order_id"]
        world.book(refund_of(order_id, f"refund-{number}"))
    return (time.process_time() - began) / BOOKINGS
