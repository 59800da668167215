"""Pages of order ids from the table's indexes. A list consists of partitions that are read one after another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ...adapters.dynamodb.order_listing import PageStart, Position
from ...contracts.api_routes import DEFAULT_PAGE, MAX_PAGE
from ...contracts.storage import ATTENTION, SHARDS, IndexSchema
from ...domain.errors import LedgerBroken, OrderIncomplete
from ...domain.order import NewerRelease, Order
from .api_dependencies import ApiServices
from .cursors import CursorPosition
from .http_calls import ApiProblem, Call

_PARTITIONS_PER_PAGE: Final = 64  # a page with few orders is returned as it is, with a cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """The part of an index partition whose sort keys satisfy `condition` (">=" or "<=") with `bound`."""

    index: IndexSchema
    name: str
    condition: str
    bound: str

    def accepts(self, position: Position) -> bool:
        """Return whether DynamoDB would accept the position, which must satisfy the query's own condition."""
        return position.sort >= self.bound if self.condition == ">=" else position.sort <= self.bound


def attention_partitions(until: str) -> Iterator[Partition]:
    """Yield the partitions of the orders that are due by `until`."""
    yield from (Partition(index=ATTENTION, name=str(shard), condition="<=", bound=until) for shard in range(SHARDS))


def load_listed(services: ApiServices, order_ids: Sequence[str]) -> Iterator[Order]:
    """Yield the orders of a page. One that this release cannot read is logged and left out."""
    for order_id in order_ids:
        try:
            order = services.load_order(order_id)
        except (LedgerBroken, NewerRelease, OrderIncomplete) as error:
            services.deps.log.log_step("api", order=order_id, error=type(error).__name__)
        else:
            if order:
                yield order


def read_limit(call: Call) -> int:
    """Return the page size that a call asks for.

    Raises:
        ApiProblem: 400 if it is not a number in range.
    """
    text = call.query.get("limit", str(DEFAULT_PAGE))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= MAX_PAGE and len(text) <= 4):
        raise ApiProblem(400, "BAD_FILTER", f"limit must be an integer, 1–{MAX_PAGE}.")
    return int(text)


def collect_page(
    services: ApiServices, partitions: Sequence[Partition], position: CursorPosition, limit: int
) -> tuple[list[str], CursorPosition | None]:
    """Return at most `limit` order ids from `position` on, and the position of the next page.

    Raises:
        ApiProblem: 400 if the position is in none of the partitions.
    """
    ids: list[str] = []
    resume_at = Position(sort=position.sort, order_id=position.order_id) if position.sort else None
    for number in range(position.partition, min(position.partition + _PARTITIONS_PER_PAGE, len(partitions))):
        partition = partitions[number]
        if resume_at and not partition.accepts(resume_at):
            raise ApiProblem(
                400, "BAD_CURSOR", "cursor must come from the previous page, with the same filters and caller."
            )
        start = PageStart(limit=limit - len(ids), position=resume_at)
        listed = services.listing.page(partition.index, partition.name, partition.condition, partition.bound, start)
        ids, resume_at = [*ids, *listed.order_ids], None
        if listed.after:
            return ids, CursorPosition(partition=number, sort=listed.after.sort, order_id=listed.after.order_id)
        if len(ids) >= limit:
            return ids, CursorPosition(partition=number + 1) if number + 1 < len(partitions) else None
    end = position.partition + _PARTITIONS_PER_PAGE
    return ids, CursorPosition(partition=end) if end < len(partitions) else None
