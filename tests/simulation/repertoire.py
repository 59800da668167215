"""The scenarios with their weights: the core has the highest, edge cases less."""

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
"""In the simulator, Stripe's double neither forgets keys nor has a bank that acts by itself."""
SCENARIOS = (*_CORE, *_EDGES) if OVER_HTTP else (*_CORE, lasting, *_EDGES, *_OF_THE_PORT)
