"""One history: executions, reconcile runs and a bank, interleaved call by call, with the faults that the choices
inject.
"""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from handlers.domain.requests import refund_id_of
from tests.simulation.changes import NEVER_BOOKED
from tests.simulation.choices import Choices
from tests.simulation.fold import require
from tests.simulation.releases import continue_order
from tests.simulation.services import SimulatedCall, call_number, calls
from tests.simulation.simulated_ports import SimulatedDeployment
from tests.simulation.simulated_shop import (
    AT_REST,
    CONNECTION_BROKEN,
    FAULTS,
    GATEWAY_AWAY,
    HAS_WEBHOOKS,
    OPENING,
    OUTCOME_UNKNOWN,
    OVER_HTTP,
    SERVICES,
    SHOP,
    SOON,
    STALLED,
    START,
    States,
    conflict_of,
)
from tests.simulation.steps import Ended, Node, Program, start
from tests.simulation.stripe_service import HTTP_FAULTS

PASSING = frozenset({"Unavailable", "PaymentOutcomeUnknown", "Lambda.Unknown", "States.Timeout"})
"""Errors that the machine retries (workflow/booking.py)."""
MAX_STEPS = 2_000
MAX_WEBHOOKS = 2
"""Per history; more multiply the states."""
PHASES = {
    **dict.fromkeys(("purchase", "capture", "cancel"), "purchase"),
    **dict.fromkeys(("refund", "decide", "resolve"), "refund"),
}
"""The function that decides an action (workflow/booking.py)."""


@dataclass(eq=False, slots=True)
class Execution:
    """An execution of the booking machine: act, record, park; with at most the machine's retries."""

    name: str
    request: Any
    requested_at: datetime
    tries: int
    clock: datetime
    acts_as: SimulatedDeployment = SimulatedDeployment.PRESENT
    records_as: SimulatedDeployment = SimulatedDeployment.PRESENT
    phase: str = "waiting"
    left: int = 0
    message: dict[str, Any] = field(default_factory=dict)
    redrives: "Execution | None" = None
    """The execution that this one redrives, which ended without a recorded answer."""
    answer: Any = None
    """The BookingResult of the record step, or None before it."""

    def begin(self) -> Node:
        """Return the first step, like the machine's Choice."""
        self.message = first_message(self.name, self.request, self.requested_at)
        action = self.request.get("action") if isinstance(self.request, dict) else None
        self.phase = PHASES.get(action, "record") if isinstance(action, str) else "record"
        self.left = self.tries
        return self.attempt()

    def attempt(self) -> Node:
        deployment = self.records_as if self.phase == "record" else self.acts_as
        return start(self.phase, self.message, self.clock, deployment)

    def advance(self, ended: Ended) -> Node | None:
        """Return the next attempt: a retry, the next step's first, or None (done, or to be parked)."""
        if ended.error in PASSING and self.left > 0:
            self.left -= 1
            return self.attempt()
        if self.phase == "record":
            self.answer = ended.result
            self.phase = "done" if ended.error is None else "to park"
            return None
        self.message = _record_message(self.message, ended)
        self.phase, self.left = "record", self.tries
        return self.attempt()


_messages: dict[Any, tuple[Any, dict[str, Any]]] = {}


def first_message(name: str, request: Any, requested_at: datetime) -> dict[str, Any]:
    """Return the machine's message to its functions; the same object for equal messages about one request object."""
    key = (name, id(request), requested_at)
    known = _messages.get(key)
    if known is None:
        message = {
            "schema": 1,
            "execution": f"arn:aws:states:eu-central-1:123456789012:execution:booking:{name}",
            "requested_at": requested_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "request": request,
        }
        known = _messages[key] = (request, message)
    return known[1]


def _record_message(message: dict[str, Any], ended: Ended) -> dict[str, Any]:
    """Return the message to record: the result, or the error as Lambda reports it, without its message."""
    key = (id(message), id(ended.result) if ended.error is None else ended.error)
    known = _messages.get(key)
    if known is None:
        error = {"Error": ended.error, "Cause": json.dumps({"errorType": ended.error})}
        outcome = {"result": ended.result} if ended.error is None else {"error": error}
        known = _messages[key] = ((message, ended), {**message, **outcome})
    return known[1]


@dataclass(eq=False, slots=True)
class Actor:
    """Something that can take the next step: an attempt, a delayed call, or an event."""

    kind: str
    node: Node | None = None
    owner: Execution | None = None
    call: int = -1
    event: Any = None


class History:
    """A runner of one history; afterwards `states` is the final state."""

    def __init__(
        self,
        choices: Choices,
        states: States = OPENING,
        fault_percent: int = 12,
        deployment: SimulatedDeployment = SimulatedDeployment.PRESENT,
    ) -> None:
        self.choices, self.fault_percent, self.deployment = choices, fault_percent, deployment
        self.states = list(states)
        self.past: list[int] = [states[0]]
        self.actors: list[Actor] = []
        self.acts: list[list[Actor]] = []
        """Actors of later acts: an act begins when the previous one has ended, except for late calls."""
        self._act_ends: list[datetime] = []
        self.executions: list[Execution] = []
        self.moments: set[datetime] = {START}
        """The times at which something may have been written."""
        self.ends = AT_REST
        """The time after which nothing may be open."""
        self.between_rests = timedelta(0)
        """The time between the first and the second final reconciliation, in which late calls become old enough to end.
        """
        self.faults: Counter[str] = Counter()
        self.log: list[str] = []
        self.records_steps = False
        self.fixed_tries: int | None = None

    # actors

    def begin_act(self) -> None:
        """Begin an act: actors added from here on start when the others are done."""
        self.acts.append([])
        self._act_ends.append(max(self.moments))

    def _begin_next_act(self) -> None:
        """Begin an act after draining the queue of parked results, which keeps none for longer than four weeks."""
        self.actors, ended = self.acts.pop(0), self._act_ends.pop(0)
        if SHOP["sqs"].states.things[self.states[3]].get("parking"):
            event = {"schema": 1, "days": [f"{START:%Y-%m-%d}"]}
            program = Program("reconcile", event, ended + SOON, self.deployment)
            program.run_to_end(lambda call, number: self.apply(call, number))
            self.moments.add(ended + SOON)

    def _join(self, actor: Actor) -> None:
        (self.acts[-1] if self.acts else self.actors).append(actor)

    @property
    def cast(self) -> int:
        """Return the number of actors in the last act."""
        return len(self.acts[-1] if self.acts else self.actors)

    def add(
        self,
        name: str,
        request: Any,
        *,
        after: timedelta = timedelta(0),
        skew: timedelta = timedelta(0),
        acts_as: SimulatedDeployment | None = None,
        records_as: SimulatedDeployment | None = None,
    ) -> None:
        """Add an execution that begins `after` some time; `skew` is the error of its functions' clocks."""
        at = START + after
        tries = self.choices.below(2) if self.fixed_tries is None else self.fixed_tries
        execution = Execution(
            name,
            request,
            at,
            tries=tries,
            clock=at + skew,
            acts_as=acts_as or self.deployment,
            records_as=records_as or self.deployment,
        )
        self.moments.add(execution.clock)
        self.executions.append(execution)
        self._join(Actor("begin", owner=execution))

    def add_redrive(self, execution: Execution, after: timedelta) -> None:
        """Add a redrive of an execution, long after its start, as of which policies still apply.

        One whose answer was recorded has only its last state left, which makes no call. Step Functions redrives
        executions that ended at most 14 days ago.
        """
        assert after - (execution.requested_at - START) <= timedelta(days=14)
        began = execution.requested_at - START
        self.add(execution.name, execution.request, after=began, skew=after - began)
        self.executions[-1].redrives = execution

    def add_reconcile(
        self, after: timedelta, order_id: str | None = None, runs_as: SimulatedDeployment | None = None
    ) -> None:
        event = {"schema": 1, **({"order_id": order_id} if order_id else {"days": [f"{START:%Y-%m-%d}"]})}
        self._add_function("reconcile", event, after, runs_as)

    def add_forget(self, after: timedelta, order_id: str) -> None:
        """Add the erasure of an order's text."""
        self._add_function("forget", {"order_id": order_id}, after)

    def _add_function(
        self, function: str, event: dict[str, Any], after: timedelta, runs_as: SimulatedDeployment | None = None
    ) -> None:
        self.moments.add(START + after)
        self._join(Actor(function, node=start(function, event, START + after, runs_as or self.deployment)))

    def add_reversal(self, refund_request: dict[str, Any]) -> None:
        """Let the bank return a refund, if it was made by then."""
        self.add_event("reverse", key=refund_id_of(refund_request["order_id"], refund_request["request_id"]))

    def add_event(self, what: str, **about: Any) -> None:
        """Add an action of the bank."""
        self._join(Actor("event", call=call_number("gateway", what, about)))

    def add_continuation(self, order_id: str) -> None:
        """Let the next release write an entry of a kind that this one does not know."""
        self._join(Actor("event", event=order_id))

    def add_meeting(self, meeting: Callable[["History"], None]) -> None:
        """Add an action of a person that depends on the state at that time."""
        self._join(Actor("meeting", event=meeting))

    def join_now(self, name: str, request: Any, after: timedelta) -> None:
        """Start an execution that was not possible before."""
        clock = START + after
        self.moments.add(clock)
        execution = Execution(name, request, clock, tries=1, clock=clock, acts_as=self.deployment)
        self.executions.append(execution)
        self.actors.append(Actor("begin", owner=execution))

    # the run

    def run(self) -> None:
        """Interleave until all actors are done."""
        below = self.choices.below
        for _ in range(MAX_STEPS):
            if not self.actors:
                if not self.acts:
                    return
                self._begin_next_act()
                continue
            self.advance(self.actors[below(len(self.actors))])
        require(False, "liveness", f"not finished after {MAX_STEPS} steps")

    def run_except_late_calls(self) -> list[Actor]:
        """Interleave until only stragglers and zombies are left, and return those that the choices keep for later.

        Keys that cannot be fenced are released when no sender can exist (law 19): Stripe's refunds, and everything at
        the forgetful gateway. So none of their senders is kept.
        """
        is_fenced = not OVER_HTTP and self.deployment is not SimulatedDeployment.FORGETFUL
        late: list[Actor] = []
        for _ in range(MAX_STEPS):
            if all(actor.kind in ("straggler", "zombie") for actor in self.actors):
                held_back = [actor for actor in self.actors if is_fenced and self.choices.below(2)]
                self.actors = [actor for actor in self.actors if actor not in held_back]
                late += held_back
                if not self.actors:
                    if not self.acts:
                        break
                    self._begin_next_act()
                    continue
            self.advance(self.actors[self.choices.below(len(self.actors))])
        self.run()
        return late

    def advance(self, actor: Actor) -> None:
        if actor.kind == "meeting":
            self.actors.remove(actor)
            actor.event(self)
            return
        if actor.kind in ("straggler", "event"):
            self.actors.remove(actor)
            if actor.event is not None:
                actor.call = continue_order(self.states, actor.event)
                if actor.call < 0:
                    return
            self._log_step(actor, "arrives")
            self.apply(calls.things[actor.call], actor.call)
            return
        if actor.kind == "begin":
            assert actor.owner is not None
            if actor.owner.redrives and actor.owner.redrives.answer is not None:
                self.actors.remove(actor)
                return
            actor.kind, actor.node = "attempt", actor.owner.begin()
            return
        node = actor.node
        assert node is not None
        if node.ended is not None:
            self._end(actor, node.ended)
        elif self.fault_percent and self.choices.rarely(self.fault_percent):
            self._fault(actor, node)
        else:
            self._log_step(actor, "")
            self._proceed(actor, node, self.apply(calls.things[node.call], node.call))

    def apply(self, call: SimulatedCall, number: int) -> int:
        """Apply a call to its service, and return the reply."""
        place = SERVICES.index(call.service)
        step = SHOP[call.service].step(self.states[place], number)
        if step.state != self.states[place]:
            self.states[place] = step.state
            if place == 0:
                self.past.append(step.state)
                if step.claims:
                    self._check_claims(step.claims)
            if HAS_WEBHOOKS:
                self._deliver(step.notices)
        return step.reply

    def _deliver(self, order_ids: tuple[str, ...]) -> None:
        """Lose, deliver or repeat the webhooks about a change; the interleaving reorders them."""
        for order_id in order_ids:
            if self.faults["webhooks"] >= MAX_WEBHOOKS:
                return
            for _ in range(self.choices.below(3)):
                self.faults["webhooks"] += 1
                body = json.dumps({"order_id": order_id})
                event = _messages.setdefault(body, (None, {"Records": [{"messageId": "1", "body": body}]}))[1]
                self.actors.append(Actor("reconcile", node=start("notice", event, START + SOON)))
                self.moments.add(START + SOON)

    def _check_claims(self, claims: Any) -> None:
        """Check laws 15, 16 and 19: the ledger claims nothing about the gateway that its books do not confirm at that
        moment.
        """
        books = SHOP["gateway"].states.things[self.states[2]][0]
        for claim in claims:
            booked = books.get(claim.key)
            status = booked.status.value if booked else "nothing"
            if OVER_HTTP and claim.entry in NEVER_BOOKED and status in ("nothing", "reversed"):
                continue
            require(status in claim.statuses, "laws 15 and 19", f"{claim.entry} while the gateway's books say {status}")
            if booked.kind != "fence":
                require(booked.amount_minor == claim.amount_minor, "law 18", f"{claim.entry}: {booked}")

    def _proceed(self, actor: Actor, node: Node, reply: int) -> None:
        actor.node = node.then(reply)
        ended = actor.node.ended
        if ended is not None:
            self._end(actor, ended)

    def _end(self, actor: Actor, ended: Ended) -> None:
        """End an attempt, and report it to its execution, unless that has continued without it."""
        owner = actor.owner
        is_expected = ended.error is None or ended.error in PASSING or _is_unreadable(actor, ended.error)
        require(is_expected, "no surprises" if owner else actor.kind, f"{ended.error}: {ended.cause}")
        if owner is None:
            self.actors.remove(actor)
            return
        self._continue(actor, owner, ended)

    def _continue(self, actor: Actor, owner: Execution, ended: Ended) -> None:
        following = owner.advance(ended)
        if following is not None:
            actor.node = following
            return
        self.actors.remove(actor)
        if owner.phase == "to park":
            body = {"schema": 1, **owner.message}
            self.faults["parked"] += 1
            call = call_number(
                "sqs", "send_message", {"QueueUrl": "parking", "MessageBody": json.dumps(body, sort_keys=True)}
            )
            self.apply(calls.things[call], call)
            owner.phase = "parked"

    # faults

    def _fault(self, actor: Actor, node: Node) -> None:
        kinds = kinds_of(calls.things[node.call])
        self.strike(actor, node, kinds[self.choices.below(len(kinds))])

    def strike(self, actor: Actor, node: Node, kind: str) -> None:
        """Inject this fault into the actor's next call."""
        call: SimulatedCall = calls.things[node.call]
        self.faults[f"{kind} at {call.service}"] += 1
        self._log_step(actor, kind)
        if kind in HTTP_FAULTS:
            failing = call_number("gateway", "request", {**call.arguments, "fault": kind})
            self._proceed(actor, node, self.apply(calls.things[failing], failing))
        elif kind == "zombie":
            self._zombie(actor)
        elif kind.startswith("crash"):
            self._crash(actor, node, call, applied=kind == "crash after")
        elif kind == "stale read":
            stale = self.past[self.choices.below(len(self.past))] if call.method == "query" else self.states[0]
            place = SERVICES.index(call.service)
            state = stale if place == 0 else self.states[place]
            self._proceed(actor, node, SHOP[call.service].step(state, node.call).reply)
        else:
            self._proceed(actor, node, self._broken_reply(kind, node, call))

    def _broken_reply(self, kind: str, node: Node, call: SimulatedCall) -> int:
        if kind == "lost reply":
            self.apply(call, node.call)
        elif kind == "straggler":
            self.actors.append(Actor("straggler", call=node.call))
        if call.service == "gateway" and OVER_HTTP:
            return CONNECTION_BROKEN
        if call.service == "gateway":
            return GATEWAY_AWAY if call.method in ("lookup", "fence") else OUTCOME_UNKNOWN
        if kind == "straggler":
            return STALLED
        if kind == "conflict":
            parts = call.arguments.get("TransactItems")
            conflicts = FAULTS[call.service].conflict
            return conflict_of(len(parts)) if parts else (conflicts or FAULTS[call.service].before)[0]
        faults = FAULTS[call.service]
        replies = faults.after if kind == "lost reply" else faults.before
        return replies[self.choices.below(len(replies))]

    def _zombie(self, actor: Actor) -> None:
        """Let the task time out: the machine continues, and so does the attempt, whose result is ignored."""
        owner = actor.owner
        if owner is None:
            return
        self.actors.append(Actor("zombie", node=actor.node))
        self._continue(actor, owner, Ended(error="States.Timeout"))

    def _crash(self, actor: Actor, node: Node, call: SimulatedCall, applied: bool) -> None:
        if applied:
            self.apply(call, node.call)
        if actor.owner is None:
            self.actors.remove(actor)
        else:
            self._continue(actor, actor.owner, Ended(error="Lambda.Unknown", cause="exited"))

    def _log_step(self, actor: Actor, what: str) -> None:
        if self.records_steps:
            call: SimulatedCall = calls.things[actor.call if actor.node is None else actor.node.call]
            function = actor.node.program.function if actor.node and actor.node.program else actor.kind
            who = actor.owner.name if actor.owner else actor.kind
            self.log.append(f"{who:12} {function:10} {call.service}.{call.method:22} {what}")


def _is_unreadable(actor: Actor, error: str) -> bool:
    """Return whether a step ends so because its order cannot be read now, and its message is parked until it can."""
    assert actor.node is not None
    assert actor.node.program is not None
    function = actor.node.program.function
    is_newer = function == "record" and error == "NewerRelease"
    return is_newer or (function in ("purchase", "refund", "record") and error == "OrderIncomplete")


FAULT_KINDS = {
    "read": ("throttle", "zombie", "crash before", "stale read"),
    "write": ("throttle", "lost reply", "conflict", "straggler", "zombie", "crash before", "crash after"),
    "gateway": ("lost request", "lost reply", "straggler", "zombie", "crash before", "crash after"),
}


def kinds_of(call: SimulatedCall) -> tuple[str, ...]:
    """Return the faults that a call can have."""
    if call.method == "request":
        return FAULT_KINDS["gateway"] + HTTP_FAULTS
    return FAULT_KINDS["gateway" if call.service == "gateway" else "write" if call.writes else "read"]


def forget() -> None:
    """Clear the cache of messages."""
    _messages.clear()
