"""The e-mail consumer of examples/python notifies customers of every entry in order, however the events arrive."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.python.order_emails.consumer import SUBJECTS, Inbox, Mailer, consume
from handlers.contracts.storage import TableSchema
from tests.fakes.dynamodb import FakeDynamoDB
from tests.handlers.world import World, create_table, purchase_of, refund_of


def _details() -> list[dict[str, Any]]:
    """Return the published events of two orders, each paid for, refunded in part and then refunded in full."""
    world = World()
    world.stock(MUG=(800, 20))
    for number in range(2):
        order_id = world.book(purchase_of(f"buy-{number}", MUG=(2, 800)))["order_id"]
        world.book(refund_of(order_id, f"part-{number}", amount_minor=100))
        world.book(refund_of(order_id, f"rest-{number}"))
    world.publish()
    return [event["detail"] for event in world.events.events]


DETAILS = _details()
IN_ORDER = {
    order: [each["seq"] for each in DETAILS if each["order_id"] == order]
    for order in dict.fromkeys(each["order_id"] for each in DETAILS)
}


class Customers:
    """Record the entries that were delivered, by order."""

    def __init__(self) -> None:
        self.notified: dict[str, list[int]] = {}

    def notify(self, detail: Any) -> None:
        self.notified.setdefault(detail["order_id"], []).append(detail["seq"])


def _inbox() -> Inbox:
    client = FakeDynamoDB()
    create_table(client, "inbox", TableSchema(hash_key="pk"))
    return Inbox(client=client, table="inbox")


@given(st.permutations(DETAILS), st.permutations(DETAILS))
def test_shuffled_and_repeated_events_are_delivered_once_and_in_order(
    delivered: list[Any], replayed: list[Any]
) -> None:
    inbox, customers = _inbox(), Customers()
    for detail in (*delivered, *replayed):
        consume(detail, inbox, customers.notify)
    assert customers.notified == IN_ORDER


def test_an_event_after_a_gap_waits_for_the_missing_one() -> None:
    inbox, customers = _inbox(), Customers()
    order = next(iter(IN_ORDER))
    first, second, third, *_ = [detail for detail in DETAILS if detail["order_id"] == order]
    for detail in (first, third):
        consume(detail, inbox, customers.notify)
    assert customers.notified == {order: [1]}
    consume(second, inbox, customers.notify)
    assert customers.notified == {order: [1, 2, 3]}


def test_a_failed_mail_is_sent_when_its_event_is_redelivered() -> None:
    inbox, customers = _inbox(), Customers()

    def fail(_: Any) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        consume(DETAILS[0], inbox, fail)
    consume(DETAILS[0], inbox, customers.notify)
    assert customers.notified == {DETAILS[0]["order_id"]: [1]}


def test_only_listed_events_of_known_customers_are_mailed() -> None:
    class Post:
        """The mails that were sent."""

        def __init__(self) -> None:
            self.mails: list[Any] = []

        def send_email(self, **mail: Any) -> None:
            self.mails.append(mail)

    post = Post()
    mailer = Mailer(client=post, sender="shop@example.com", recipient={"customer-1": "ann@example.com"}.get)
    for detail in (*DETAILS, {**DETAILS[0], "type": "PaymentCaptured", "customer_id": "nobody"}):
        mailer.tell(detail)
    expected = [SUBJECTS[detail["type"]] for detail in DETAILS if detail["type"] in SUBJECTS]
    assert [mail["Content"]["Simple"]["Subject"]["Data"] for mail in post.mails] == expected
    assert {mail["Destination"]["ToAddresses"][0] for mail in post.mails} == {"ann@example.com"}
