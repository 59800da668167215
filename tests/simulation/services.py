"""The services of the handlers as tables: state × call → next state × reply. A new pair runs on the fake, once.

The fakes are those of tests/fakes: a state is restored into one, the call is made, and the resulting state is stored.
Every distinct change is judged here once (`changes.judge`).
"""

import copy
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.s3 import FakeS3
from tests.fakes.sqs import FakeSQS
from tests.simulation.bank import Bank, describe_books, put_books, take_books
from tests.simulation.changes import Claim, judge
from tests.simulation.stripe_service import StripeService, describe_state, put_state, take_state

Reply = Callable[[], Any]
"""A function that returns or raises the reply."""


@dataclass(frozen=True, slots=True)
class SimulatedCall:
    """One call of one service, with its original arguments."""

    service: str
    method: str
    arguments: dict[str, Any]

    @property
    def writes(self) -> bool:
        return self.method not in (
            "get_item",
            "query",
            "get_object",
            "list_objects_v2",
            "list_object_versions",
            "lookup",
            "receive_message",
        )


@dataclass(frozen=True, slots=True)
class Step:
    """The effect of a call in a state."""

    state: int
    reply: int
    claims: tuple[Claim, ...] = ()
    """Claims about money that this step added to the ledger; the gateway's books must confirm them."""
    notices: tuple[str, ...] = ()
    """The orders in the gateway's events about this step."""


_encode = json.JSONEncoder(sort_keys=True, default=repr, check_circular=False).encode


def canonical(value: Any) -> str:
    """Return one string for equal values, whatever the order of their fields."""
    return _encode(value)


class Interned:
    """Values by number; equal values have the same number."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.things: list[Any] = []

    def number(self, text: str, thing: Any) -> int:
        found = self.numbers.get(text)
        if found is None:
            found = self.numbers[text] = len(self.things)
            self.things.append(thing)
        return found

    def forget_all_but(self, first: int) -> None:
        """Keep only the first values."""
        del self.things[first:]
        self.numbers = {text: number for text, number in self.numbers.items() if number < first}


calls = Interned()
replies = Interned()


def call_number(service: str, method: str, arguments: dict[str, Any]) -> int:
    return calls.number(canonical([service, method, arguments]), SimulatedCall(service, method, arguments))


def reply_returning(value: Any) -> int:
    """Return the number of a reply that returns a value."""
    return replies.number("returns " + _describe(value), lambda: _fresh(value))


def reply_raising(error: BaseException) -> int:
    """Return the number of a reply that raises."""
    description = canonical(error.response) if isinstance(error, ClientError) else str(error)

    def deliver() -> Any:
        raise copy.copy(error)

    return replies.number(f"raises {type(error).__name__} {description}", deliver)


def _describe(value: Any) -> str:
    if isinstance(value, dict) and isinstance(value.get("Body"), io.BytesIO):
        return canonical({**value, "Body": value["Body"].getvalue().decode("latin-1")})
    return canonical(value)


def _fresh(value: Any) -> Any:
    """Return a function for a reply that can be read again; streams are recreated."""
    if isinstance(value, dict) and isinstance(value.get("Body"), io.BytesIO):
        return {**value, "Body": io.BytesIO(value["Body"].getvalue())}
    return value


@dataclass
class Service:
    """One service: a fake, and functions to save and restore its state."""

    name: str
    fake: Any
    take_state: Callable[[Any], Any]
    put_state_back: Callable[[Any, Any], None]
    describe: Callable[[Any], str] = canonical
    states: Interned = field(default_factory=Interned)
    steps: dict[tuple[int, int], Step] = field(default_factory=dict)

    def state_number(self, state: Any) -> int:
        return self.states.number(self.describe(state), state)

    def step(self, state: int, call: int) -> Step:
        """Return the effect of the call in that state, from the fake the first time."""
        found = self.steps.get((state, call))
        if found is None:
            found = self.steps[state, call] = self._run(state, calls.things[call])
        return found

    def _run(self, state: int, call: SimulatedCall) -> Step:
        before = self.states.things[state]
        self.put_state_back(self.fake, before)
        try:
            reply = reply_returning(getattr(self.fake, call.method)(**call.arguments))
        except ClientError as error:
            return Step(state, reply_raising(error))
        after = self.take_state(self.fake)
        claims = judge(before, after) if self.name == "dynamodb" and call.writes else ()
        return Step(self.state_number(after), reply, claims, getattr(self.fake, "notices", ()))


# DynamoDB: rows by table and key


def _rows(fake: FakeDynamoDB) -> dict[str, dict[Any, Any]]:
    return {name: dict(table.rows) for name, table in fake.tables.items()}


def _put_rows(fake: FakeDynamoDB, rows: dict[str, dict[Any, Any]]) -> None:
    for name, table in fake.tables.items():
        table.rows, table.bounds = dict(rows.get(name, {})), {}


_row_texts: dict[int, tuple[Any, str]] = {}


def _row_text(row: Any) -> str:
    """Return the text of a row.

    Rows are never changed in place, so it is cached by identity (together with the row).
    """
    known = _row_texts.get(id(row))
    if known is None:
        known = _row_texts[id(row)] = (row, canonical(row))
    return known[1]


def _rows_text(rows: dict[str, dict[Any, Any]]) -> str:
    return canonical({name: sorted(_row_text(row) for row in table.values()) for name, table in rows.items()})


# the others


def _s3_state(fake: FakeS3) -> Any:
    return {place: tuple(versions) for place, versions in fake.versions.items()}


def _put_s3(fake: FakeS3, state: Any) -> None:
    fake.versions = {place: list(versions) for place, versions in state.items()}


def _s3_text(state: Any) -> str:
    return repr(sorted((place, [stored.body for stored in versions]) for place, versions in state.items()))


def _put_queues(fake: FakeSQS, state: Any) -> None:
    fake.queues = {url: dict(messages) for url, messages in state.items()}
    fake._sent = sum(len(messages) for messages in state.values())


def _queues(fake: FakeSQS) -> Any:
    return {url: dict(messages) for url, messages in fake.queues.items()}


def port_gateway() -> Service:
    """Return the gateway behind the domain's port."""
    return Service("gateway", Bank(), take_books, put_books, describe_books)


def stripe_gateway() -> Service:
    """Return Stripe behind its HTTP interface."""
    return Service("gateway", StripeService(), take_state, put_state, describe_state)


def services(dynamodb: FakeDynamoDB, s3: FakeS3, gateway: Service) -> dict[str, Service]:
    """Return the four services around the handlers, on these fakes."""
    return {
        "dynamodb": Service("dynamodb", dynamodb, _rows, _put_rows, _rows_text),
        "s3": Service("s3", s3, _s3_state, _put_s3, _s3_text),
        "gateway": gateway,
        "sqs": Service("sqs", FakeSQS(strict=False), _queues, _put_queues),
    }
