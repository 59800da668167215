"""`make simulate HISTORIES=… SEED=…`: run seeded histories and print the shortest violation of a law.

    python -m tests.simulation --histories 1000000 --seed 1
    python -m tests.simulation --seed 1 --history 1234 --performances 1000     that history again, step by step

SIMULATED_GATEWAY=stripe replaces the fake gateway by the Stripe adapter and the double of Stripe, with every HTTP
request a call that may go wrong; stripe-webhooks also loses, repeats and reorders webhooks.
"""

import argparse
import gc
import sys
import time

from tests.simulation.choices import Choices
from tests.simulation.simulated_shop import GATEWAY
from tests.simulation.simulator import Tally, choices_of, run, shrink, simulate

CHUNK_SECONDS = 2.0
SHOWN = 3


def main() -> int:
    arguments = _arguments()
    if arguments.history is not None:
        return _print_history(arguments.seed, arguments.history, arguments.performances)
    gc.freeze()
    gc.disable()  # tables only grow; scanning them for garbage takes a third of the time
    tally = _simulate(arguments.seed, arguments.histories, arguments.performances)
    for number, broken in tally.violations[:SHOWN]:
        print(f"\nhistory {number} of seed {arguments.seed}: {broken.broken}")
        short = shrink(broken.choices)
        print(f"shortest: {short.broken}\n  " + "\n  ".join(short.steps) + f"\n  choices {short.choices}")
        again = f"--seed {arguments.seed} --history {number} --performances {arguments.performances}"
        print(f"again: SIMULATED_GATEWAY={GATEWAY} python -m tests.simulation {again}")
    return 1 if tally.violations else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--histories", type=int, default=10_000, help="how many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--history", type=int, help="run this one alone and tell its steps")
    parser.add_argument("--performances", type=int, help="how many histories play one scene")
    arguments = parser.parse_args()
    if arguments.performances is None:
        arguments.performances = min(5_000, max(50, arguments.histories // 200))
    return arguments


def _simulate(seed: int, histories: int, performances: int) -> Tally:
    tally, began, printed_at = Tally(), time.monotonic(), 0.0
    while tally.histories < histories:
        size = min(100, histories - tally.histories)
        simulate(seed, range(tally.histories, tally.histories + size), performances, tally)
        elapsed = time.monotonic() - began
        if elapsed - printed_at > CHUNK_SECONDS or tally.histories == histories:
            printed_at = elapsed
            rate = tally.histories / elapsed
            line = f"{tally.histories:>9,} histories  {rate:>7,.0f}/s  {len(tally.violations)} violations"
            print(line, end="\r" if sys.stdout.isatty() else "\n", flush=True)
    print(f"\ngateway {GATEWAY}, seed {seed}, {performances} histories a scene, CPU {time.process_time():.0f} s")
    _table("what went wrong on purpose", tally.faults)
    _table("what callers were told", tally.answers)
    print(f"{tally.histories:,} histories, {len(tally.violations)} violations")
    return tally


def _table(title: str, counts: dict[str, int]) -> None:
    print(title)
    for name, count in sorted(counts.items(), key=lambda pair: -pair[1]):
        print(f"  {count:>10,}  {name}")


def _print_history(seed: int, number: int, performances: int) -> int:
    done = run(Choices(replayed=run(choices_of(seed, number, performances)).choices), records_steps=True)
    print("\n".join(done.steps))
    print(done.broken or "no law was broken")
    return 1 if done.broken else 0


if __name__ == "__main__":
    sys.exit(main())
