"""The scenarios, each as often as it is played: the core most, its edges less."""

from tests.simulation.console import refunding_in_console
from tests.simulation.edges import erasing, forgetting, lasting, poisoning_others, releasing, resolving
from tests.simulation.scenarios import approving, holding, poisoning, purchasing, refunding
from tests.simulation.world import OVER_HTTP

_CORE = (
    *(refunding, purchasing, holding, refunding, purchasing),
    *(approving, refunding, purchasing, holding, poisoning),
)
_EDGES = (erasing, poisoning_others, releasing)
_OF_THE_PORT = (resolving, forgetting, lasting, refunding_in_console)
"""Stripe's double neither forgets in the simulator nor has a bank there that acts by itself."""
SCENARIOS = (*_CORE, *_EDGES) if OVER_HTTP else (*_CORE, lasting, *_EDGES, *_OF_THE_PORT)
