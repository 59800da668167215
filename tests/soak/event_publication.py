"""The order events of a soak, compared with the ledgers and with a consumer's notifications.

The consumer is the one of examples/python. It gets the events shuffled, and once more from the archive.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from examples.python.order_emails.consumer import Detail, Inbox, consume
from handlers.contracts.storage import TableSchema
from local.pytest_plugin import DeployedStack
from tests.fakes.dynamodb import FakeDynamoDB
from tests.handlers.world import create_table
from tests.integration.event_consumer import EventConsumer, replay_archive


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """The results of publication; each tuple names orders with a problem, and should be empty."""

    events: int
    """Events that arrived before the archive was replayed."""
    unpublished: tuple[str, ...]
    """Orders with an entry that was not published, or published before an earlier one."""
    misread: tuple[str, ...]
    """Orders whose notifications by a consumer of shuffled events differ from the ledger."""
    changed_by_replay: tuple[str, ...]
    """Orders about which the consumer notified again after a replay of the archive."""

    @classmethod
    def read(cls, stack: DeployedStack, consumer: EventConsumer, versions: Mapping[str, int], seed: int) -> Self:
        """Wait for the events of orders, by their versions; then replay the archive and wait for them again."""
        ledgers = {order_id: list(range(1, version + 1)) for order_id, version in versions.items()}
        arrived = consumer.wait_for(versions)
        reader, first = _ShuffledConsumer(seed), _about(ledgers, consumer)
        reader.feed(first)
        notified = {order_id: list(seqs) for order_id, seqs in reader.notified.items()}
        replay_archive(stack)
        consumer.wait_until(lambda _: len(_about(ledgers, consumer)) >= 2 * len(first))
        reader.feed(_about(ledgers, consumer)[len(first) :])
        return cls(
            events=len(first),
            unpublished=tuple(each for each, seqs in ledgers.items() if list(dict.fromkeys(arrived[each])) != seqs),
            misread=tuple(each for each, seqs in ledgers.items() if notified.get(each) != seqs),
            changed_by_replay=tuple(each for each in ledgers if reader.notified.get(each) != notified.get(each)),
        )

    def lines(self) -> list[str]:
        """Return the figures as text."""
        misread, changed = len(self.misread), len(self.changed_by_replay)
        return [
            f"not published in order {len(self.unpublished)} orders of {self.events} events",
            f"shuffled consumer      {misread} orders misread, {changed} changed by a replay of the archive",
        ]

    def claims(self) -> dict[str, bool]:
        """Return each claim, and whether it holds."""
        return {
            f"every entry is published, in order per order ({self.unpublished[:3]})": not self.unpublished,
            f"a consumer that is fed in any order ends correctly ({self.misread[:3]})": not self.misread,
            f"a replay of the archive changes nothing ({self.changed_by_replay[:3]})": not self.changed_by_replay,
        }


class _ShuffledConsumer:
    """A consumer of shuffled events, and the entries that it notified customers about, by order."""

    def __init__(self, seed: int) -> None:
        client = FakeDynamoDB()
        create_table(client, "inbox", TableSchema(hash_key="pk"))
        self._inbox = Inbox(client=client, table="inbox")
        self._rng = random.Random(seed)
        self.notified: dict[str, list[int]] = {}

    def feed(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Consume the events, shuffled."""
        details = [event["detail"] for event in events]
        self._rng.shuffle(details)
        for detail in details:
            consume(detail, self._inbox, self._notify)

    def _notify(self, detail: Detail) -> None:
        self.notified.setdefault(str(detail["order_id"]), []).append(int(detail["seq"]))


def _about(ledgers: Mapping[str, Any], consumer: EventConsumer) -> list[dict[str, Any]]:
    return [event for event in consumer.events if event["detail"]["order_id"] in ledgers]
