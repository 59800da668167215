"""The people of the simulated shop: one proposes and another approves closing every case according to the gateway's
books. During a history they may also err.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from handlers.domain.ledger import key_of
from tests.fakes.payment_gateway import Booked
from tests.simulation.changes import ORDERS_TABLE
from tests.simulation.choices import Choices
from tests.simulation.fold import is_readable, ledger_of, plain
from tests.simulation.history import History
from tests.simulation.scenarios import same
from tests.simulation.simulated_ports import SimulatedDeployment
from tests.simulation.simulated_shop import SHOP, States, judgement_request, resolve_request


def open_cases(states: States) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Yield each open case: its order, its first entry, and True while a proposal waits for a decision."""
    for key, row in SHOP["dynamodb"].states.things[states[0]][ORDERS_TABLE].items():
        if key[0].startswith("ORDER#") and is_readable(row):
            entries = [entry for entry in ledger_of(row) if entry["subject"].startswith("case:")]
            last = {entry["subject"]: entry["type"] for entry in entries}
            for entry in entries:
                if entry["type"] == "CaseOpened" and last[entry["subject"]] != "CaseClosed":
                    yield plain(row["order_id"]), entry, last[entry["subject"]] == "ResolutionProposed"


def close_cases(states: States, after: timedelta, deployment: SimulatedDeployment) -> States:
    """Deny an earlier proposal, propose the outcome in the books, and approve it."""
    for order_id, opened, is_proposed in [*open_cases(states)]:
        case_id = key_of(opened["subject"])
        about = (order_id, case_id)
        outcome = outcome_in_books(states, key_of(opened["about"]))
        requests = [judgement_request("deny", f"no-{case_id}", *about, by="lead-9")] if is_proposed else []
        requests.append(resolve_request(outcome, f"end-{case_id}", *about, by="agent-9"))
        requests.append(judgement_request("approve", f"yes-{case_id}", *about, by="lead-9"))
        for request in requests:
            states = _ask(states, request, after, deployment)
    return states


def decide_case(after: timedelta, *, errs: bool) -> Callable[[History], None]:
    """Propose the outcome of the first open case, and let another person approve it concurrently with everything else.

    People who err propose the opposite of the books, but only for console refunds: the gateway corrects no others.
    """

    def meet(history: History) -> None:
        states: States = tuple(history.states)  # type: ignore[assignment]
        waiting = (case for case in open_cases(states) if not case[2])
        for order_id, opened, _ in [*waiting][:1]:
            case_id, key = key_of(opened["subject"]), key_of(opened["about"])
            books = SHOP["gateway"].states.things[states[2]][0]
            outcome = outcome_in_books(states, key)
            if errs and key in books and books[key].reference:
                outcome = "released" if outcome == "settled" else "settled"
            proposal = resolve_request(outcome, f"say-{case_id}", order_id, case_id, by="agent-8")
            history.states = list(_ask(states, proposal, after, history.deployment))
            history.past.append(history.states[0])
            decision = judgement_request("approve", f"agree-{case_id}", order_id, case_id, by="lead-8")
            history.join_now(f"agree-{case_id}", same(decision), after)

    return meet


def outcome_in_books(states: States, key: str) -> str:
    """Return the outcome of a case about a key according to the gateway's books."""
    books: dict[str, Booked] = SHOP["gateway"].states.things[states[2]][0]
    booked = books.get(key)
    return "settled" if booked is not None and booked.status.value == "settled" else "released"


def _ask(states: States, request: dict[str, Any], after: timedelta, deployment: SimulatedDeployment) -> States:
    history = History(Choices(replayed=()), states, fault_percent=0, deployment=deployment)
    history.fixed_tries = 0
    history.add(request["request_id"], request, after=after)
    history.run()
    return tuple(history.states)  # type: ignore[return-value]
