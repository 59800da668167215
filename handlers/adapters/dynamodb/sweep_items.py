"""The position of the sweep, the orphans and the watchlists, as items of the orders table.

Each list is a partition of the attention index, so its members are found without a scan.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, cast

from botocore.exceptions import ClientError

from ...contracts.storage import ATTENTION, ITEM_SCHEMA, ORDERS, SWEEP_KEY, orphan_key, watch_key
from ...domain.canonical import Json
from ...domain.errors import Unavailable
from ...domain.payments import Movement
from ...domain.ports import ListMember, SweepPosition, Watchlist
from ..clients import DynamoDBClient, call, code_of
from .attribute_values import Item, decode, decode_item, encode, encode_item
from .update_expression import Update

ORPHANS: Final = "orphan"
"""The orphans' partition in the attention index."""


class OrphanClosing(StrEnum):
    """The effect of a person's request to close an orphan, which takes two people."""

    PROPOSED = "proposed"
    CLOSED = "closed"
    OWN_PROPOSAL = "own proposal"
    NOT_LISTED = "not listed"


class OrphanErasure(StrEnum):
    """The effect of a person's request to erase the evidence with which an orphan was closed."""

    ERASED = "erased"
    NOTHING = "nothing to erase"
    OPEN = "refused"
    UNKNOWN = "unknown"


_EVIDENCE: Final = ("evidence", "closing_evidence")


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamoDBSweepRepository:
    """The sweep's items."""

    client: DynamoDBClient
    table: str

    def position(self) -> SweepPosition | None:
        """Return the stored position: a consistent read."""
        item = self._get(SWEEP_KEY)
        return _position(item) if item else None

    def advance(self, before: SweepPosition | None, after: SweepPosition) -> bool:
        """Store the position, unless the stored one is no longer `before`."""
        stored: dict[str, Json] = {"pk": SWEEP_KEY, "schema": ITEM_SCHEMA, **asdict(after)}
        conditions = {f":{name}": encode(value) for name, value in asdict(before).items()} if before else {}
        same = " AND ".join(f"#{name[1:]} = {name}" for name in conditions)
        return self._put(
            stored,
            ConditionExpression=same or "attribute_not_exists(pk)",
            **(
                {
                    "ExpressionAttributeNames": {f"#{name[1:]}": name[1:] for name in conditions},
                    "ExpressionAttributeValues": conditions,
                }
                if before
                else {}
            ),
        )

    def add_orphan(self, movement: Movement, now: str) -> None:
        """Store an orphan, unless it is known."""
        listed: dict[str, Json] = {ATTENTION.hash_key: ORPHANS, ATTENTION.range_key: now}
        stored: dict[str, Json] = {"pk": orphan_key(movement.reference), "schema": ITEM_SCHEMA, **asdict(movement)}
        self._put({**stored, **listed}, ConditionExpression="attribute_not_exists(pk)")

    def remove_orphan(self, reference: str) -> None:
        """Remove an orphan from the index; the item stays as a trace."""
        self._remove_from_index(orphan_key(reference))

    def list_orphans(self) -> tuple[ListMember, ...]:
        """Query the partition of the orphans."""
        return self._list(ORPHANS, orphan_key(""))

    def load_orphan(self, reference: str) -> Movement | None:
        """Read an orphan."""
        item = self._get(orphan_key(reference))
        return _orphan(item) if item else None

    def close_orphan(self, reference: str, by: str, evidence: str, now: str, *, dry_run: bool = False) -> OrphanClosing:
        """Propose to close an orphan, or close it if another person proposed that. The item stays as a trace."""
        item = self._get(orphan_key(reference))
        stored = decode_item(item) if item else {}
        proposer = stored.get("proposed_by")
        if ATTENTION.hash_key not in stored:
            return OrphanClosing.NOT_LISTED
        if proposer == by:
            return OrphanClosing.OWN_PROPOSAL
        closing = OrphanClosing.CLOSED if proposer else OrphanClosing.PROPOSED
        if not dry_run and not self._write_closing(reference, proposer, by, evidence, now):
            raise Unavailable(f"The orphan {reference} was changed at the same time.")
        return closing

    def _write_closing(self, reference: str, proposer: Json, by: str, evidence: str, now: str) -> bool:
        update = Update()
        listed, proposed_by = update.name(ATTENTION.hash_key), update.name("proposed_by")
        if proposer:
            update.condition = f"attribute_exists({listed}) AND {proposed_by} = {update.value(proposer)}"
            update.set({"closed_by": by, "closed_at": now, "closing_evidence": evidence})
            update.remove(ATTENTION.hash_key, ATTENTION.range_key)
        else:
            update.condition = f"attribute_exists({listed}) AND attribute_not_exists({proposed_by})"
            update.set({"proposed_by": by, "proposed_at": now, "evidence": evidence})
        key = {"pk": encode(orphan_key(reference))}
        try:
            call(self.client.update_item, TableName=self.table, Key=key, **update.request())
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def erase_orphan(self, reference: str, by: str, now: str, *, dry_run: bool = False) -> OrphanErasure:
        """Remove the evidence of an orphan, unless it is open. The people who closed it, and the time, stay."""
        item = self._get(orphan_key(reference))
        if item is None:
            return OrphanErasure.UNKNOWN
        stored = decode_item(item)
        if ATTENTION.hash_key in stored:
            return OrphanErasure.OPEN
        if not any(name in stored for name in _EVIDENCE):
            return OrphanErasure.NOTHING
        if not dry_run:
            update = Update()
            update.condition = f"attribute_not_exists({update.name(ATTENTION.hash_key)})"  # a closed one stays closed
            update.set({"erased_by": by, "erased_at": now})
            update.remove(*_EVIDENCE)
            key = {"pk": encode(orphan_key(reference))}
            call(self.client.update_item, TableName=self.table, Key=key, **update.request())
        return OrphanErasure.ERASED

    def watch(self, watchlist: Watchlist, order_id: str, now: str) -> None:
        """Store an item for the order, unless it is listed."""
        listed: dict[str, Json] = {ATTENTION.hash_key: watchlist.value, ATTENTION.range_key: now}
        self._put(
            {"pk": watch_key(watchlist, order_id), "schema": ITEM_SCHEMA, **listed},
            ConditionExpression="attribute_not_exists(#listed)",
            ExpressionAttributeNames={"#listed": ATTENTION.hash_key},
        )

    def unwatch(self, watchlist: Watchlist, order_id: str) -> None:
        """Remove the order's item from the index; the item stays as a trace."""
        self._remove_from_index(watch_key(watchlist, order_id))

    def list_watched(self, watchlist: Watchlist) -> tuple[ListMember, ...]:
        """Query the partition of the watchlist."""
        return self._list(watchlist.value, watch_key(watchlist, ""))

    def _list(self, partition: str, prefix: str) -> tuple[ListMember, ...]:
        """Query a whole partition for two short attributes of each member."""
        found, start = list[ListMember](), dict[str, Any]()
        while True:
            reply = call(
                self.client.query,
                TableName=self.table,
                IndexName=ATTENTION.name,
                KeyConditionExpression="#listed = :partition",
                ExpressionAttributeNames={"#listed": ATTENTION.hash_key},
                ExpressionAttributeValues={":partition": encode(partition)},
                **start,
            )
            for item in reply["Items"]:
                name = str(decode(item[ORDERS.hash_key])).removeprefix(prefix)
                found.append(ListMember(name=name, since=str(decode(item[ATTENTION.range_key]))))
            if not reply.get("LastEvaluatedKey"):
                return tuple(found)
            start = {"ExclusiveStartKey": reply["LastEvaluatedKey"]}

    def _remove_from_index(self, key: str) -> None:
        call(
            self.client.update_item,
            TableName=self.table,
            Key={"pk": encode(key)},
            UpdateExpression="REMOVE #listed, #since",
            ExpressionAttributeNames={"#listed": ATTENTION.hash_key, "#since": ATTENTION.range_key},
        )

    def _get(self, key: str) -> Item | None:
        reply = call(self.client.get_item, TableName=self.table, Key={"pk": encode(key)}, ConsistentRead=True)
        return cast("Item | None", reply.get("Item"))

    def _put(self, item: dict[str, Json], **condition: object) -> bool:
        try:
            call(self.client.put_item, TableName=self.table, Item=encode_item(item), **condition)
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            return False
        return True


def _position(item: Item) -> SweepPosition:
    stored = decode_item(item)
    until, after = stored.get("until"), stored.get("after")
    return SweepPosition(
        through=str(stored["through"]),
        until=until if isinstance(until, str) else None,
        after=after if isinstance(after, str) else None,
    )


def _orphan(item: Item) -> Movement:
    stored = decode_item(item)
    amount_minor = stored["amount_minor"]
    text = {name: str(stored[name]) for name in ("reference", "at", "kind", "currency", "key", "order_id")}
    return Movement(
        **text,
        amount_minor=amount_minor if isinstance(amount_minor, int) else 0,
        is_reported=stored.get("is_reported") is True,
        is_return=stored.get("is_return") is True,
    )
