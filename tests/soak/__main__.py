"""`make soak EXECUTIONS=1000`: the program in a new embedded AWS, with eight clients, while functions are killed."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from local.drivers.in_process import deploy
from local.instance import Instance
from local.pytest_plugin import WAIT_SCALE, DeployedStack
from tests.soak.bookings import soak


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--executions", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        instance = Instance.at(Path(folder))
        instance.start(wait_scale=WAIT_SCALE)
        try:
            outputs = deploy(instance, Path(__file__).parents[2] / "__main__.py", stage="dev")
            began = time.monotonic()
            report = soak(DeployedStack(instance=instance, outputs=outputs), arguments.executions, seed=arguments.seed)
        finally:
            instance.stop()
    seconds = time.monotonic() - began
    print("\n".join(report.lines()))
    print(f"{arguments.executions} executions in {seconds:.0f} s ({arguments.executions / seconds:.1f}/s)")
    for claim in report.broken():
        print(f"BROKEN: {claim}")
    return 1 if report.broken() else 0


if __name__ == "__main__":
    sys.exit(main())
