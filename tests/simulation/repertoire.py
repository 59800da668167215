"""The scenarios with their weights: the core has the highest, edge cases less."""

from tests.simulation.console_refunds import refunding_in_console
from tests.simulation.customers import waiting
from tests.simulation.edges import (
    confirming,
    erasing,
    forgetting,
    lasting,
    listing,
    poisoning_others,
    releasing,
    resolving,
)
from tests.simulation.scenarios import approving, holding, poisoning, purchasing, refunding
from tests.simulation.simulated_shop import OVER_HTTP

_CORE = (
    *(refunding, purchasing, holding, refunding, purchasing),
    *(approving, refunding, purchasing, holding, poisoning),
)
_EDGES = (lasting, erasing, poisoning_others, releasing, resolving)
_LAST = (lasting, refunding_in_console)
_OF_THE_PORT = (forgetting, confirming, listing)
SCENARIOS = (*_CORE, *_EDGES, *_LAST, waiting) if OVER_HTTP else (*_CORE, *_EDGES, *_OF_THE_PORT, *_LAST)
"""In the simulator, Stripe's double forgets no keys, and has its own customers and its own list."""
