"""The evaluation of `__main__.py` for each stage: what it adds to importing Pulumi's providers, which it must import.

The program registers its resources with a monitor that makes values up, so neither an engine nor a cloud is measured.
Limit: evaluating a stage takes at most 14 times the CPU time of the imports, most of which Pulumi puts off.
"""

import sys
from collections.abc import Iterator
from functools import partial
from typing import Final

from tests.components.synth import STAGES, synth

from ._figures import Figure, Options, cpu_seconds_of, figure, ratio, take_turns

IS_LONG: Final = True
_IMPORTS: Final = "import pulumi, pulumi_aws, tests.components.synth"
EVALUATE: Final = "from tests.components.synth import synth\nsynth({stage!r})"


def figures(options: Options) -> Iterator[Figure]:
    """Yield the ratio of each stage, and the time for each of its resources."""
    rounds = min(options.rounds, 3)
    programs = {"imports": _IMPORTS, **{stage: EVALUATE.format(stage=stage) for stage in STAGES}}
    measures = {name: partial(cpu_seconds_of, [sys.executable, "-c", program]) for name, program in programs.items()}
    times = take_turns(rounds, measures)
    for stage in STAGES:
        count = len(synth(stage).resources)
        name = f"{stage}: evaluation of the program, {count} resources"
        yield ratio(name, times[stage], times["imports"], "imports of Pulumi alone", limit=14)
        pairs = zip(times[stage], times["imports"], strict=True)
        yield figure(f"{stage}: one resource", [1000 * (one - other) / count for one, other in pairs], "ms")
