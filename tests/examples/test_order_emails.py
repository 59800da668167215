"""The e-mail consumer of examples/python sends every entry to its customer in order, even if events arrive out of
order.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.python.order_emails.consumer import SUBJECTS, Inbox, Mailer, consume
from handlers.contracts.storage import TableSchema
from tests.fakes.dynamodb import FakeDynamoDB
from tests.handlers.world import World, create_table, purchase_of, refund_of


def _details() -> list[dict[str, Any]]:
    """Return the events that the bus took of two orders, each paid for, refunded in part and refunded."""
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
    """The entries that were told, by order."""

    def __init__(self) -> None:
        self.told: dict[str, list[int]] = {}

    def tell(self, detail: Any) -> None:
        self.told.setdefault(detail["order_id"], []).append(detail["seq"])


def _inbox() -> Inbox:
    client = FakeDynamoDB()
    create_table(client, "inbox", TableSchema(hash_key="pk"))
    return Inbox(client=client, table="inbox")


@given(st.permutations(DETAILS), st.permutations(DETAILS))
def test_events_in_any_order_are_told_once_and_in_order_and_a_replay_changes_nothing(
    delivered: list[Any], replayed: list[Any]
) -> None:
    inbox, customers = _inbox(), Customers()
    for detail in (*delivered, *replayed):
        consume(detail, inbox, customers.tell)
    assert customers.told == IN_ORDER


def test_an_event_behind_a_gap_waits() -> None:
    inbox, customers = _inbox(), Customers()
    order = next(iter(IN_ORDER))
    first, second, third, *_ = [detail for detail in DETAILS if detail["order_id"] == order]
    for detail in (first, third):
        consume(detail, inbox, customers.tell)
    assert customers.told == {order: [1]}
    consume(second, inbox, customers.tell)
    assert customers.told == {order: [1, 2, 3]}


def test_a_mail_that_could_not_be_sent_is_sent_when_the_event_comes_again() -> None:
    inbox, customers = _inbox(), Customers()

    def fail(_: Any) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        consume(DETAILS[0], inbox, fail)
    consume(DETAILS[0], inbox, customers.tell)
    assert customers.told == {DETAILS[0]["order_id"]: [1]}


def test_a_customer_gets_a_mail_about_what_concerns_them_only() -> None:
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
