"""The scenarios with their weights: the core has the highest, edge cases less."""

from tests.simulation.console import refunding_in_console
from tests.simulation.customers import waiting
from tests.simulation.edges import erasing, forgetting, lasting, poisoning_others, releasing, resolving
from tests.simulation.scenarios import approving, holding, poisoning, purchasing, refunding
from tests.simulation.world import OVER_HTTP

_CORE = (
    *(refunding, purchasing, holding, refunding, purchasing),
    *(approving, refunding, purchasing, holding, poisoning),
)
_EDGES = (lasting, erasing, poisoning_others, releasing, resolving)
_LAST = (lasting, refunding_in_console)
SCENARIOS = (*_CORE, *_EDGES, *_LAST, waiting) if OVER_HTTP else (*_CORE, *_EDGES, forgetting, *_LAST)
"""In the simulator, Stripe's double forgets no keys, and the bank behind the port never asks a customer to act."""
