"""Every entry of a ledger reaches a consumer of the deployed stack, and the archive can send it again."""

import json

from handlers.contracts.order_event import OrderEvent
from local.pytest_plugin import DeployedStack
from tests.integration.event_consumer import replay_archive, subscribe
from tests.integration.shop import purchase, refund


def test_events_of_an_order_arrive_and_are_replayed_from_the_archive(shop: DeployedStack) -> None:
    with subscribe(shop, "consumer") as consumer:
        order_id = shop.run(purchase("events-1")).result["order_id"]
        shop.run(refund("events-2", order_id, amount_minor=100))
        assert consumer.wait_for({order_id: 4})[order_id] == [1, 2, 3, 4]
        received = [event for event in consumer.events if event["detail"]["order_id"] == order_id]
        kinds = ["OrderPlaced", "PaymentCaptured", "RefundRequested", "RefundSettled"]
        assert [event["detail-type"] for event in received] == kinds
        assert OrderEvent.model_validate(received[-1]["detail"]).totals.refunded_minor == 100
        assert "scratched" not in json.dumps(received)
        replay_archive(shop)
        assert consumer.wait_until(lambda arrived: len(arrived[order_id]) == 8)[order_id] == [1, 2, 3, 4] * 2
        again = [event["detail"] for event in consumer.events if event["detail"]["order_id"] == order_id][4:]
        assert again == [event["detail"] for event in received]
