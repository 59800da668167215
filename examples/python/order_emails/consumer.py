"""A consumer of order events that tells customers by e-mail, in the order of each order's ledger.

EventBridge delivers an event at least once and in any order. So every event is kept until its turn comes: a known one
is ignored, and one behind a gap waits for those before it. A mail may be sent twice if the function dies between
sending it and noting so; it is never left out, and never sent before that of an earlier entry.

Environment: INBOX_TABLE (key `pk`), CUSTOMERS_TABLE (key `pk`, attribute `email`), SENDER (a verified identity).
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import boto3
from botocore.exceptions import ClientError

Detail = Mapping[str, Any]

SUBJECTS: Final[Mapping[str, str]] = {
    "PaymentCaptured": "Thank you for your order",
    "PaymentDeclined": "Your payment was declined",
    "RefundSettled": "Your refund is on its way",
    "RefundReversed": "Your refund came back to us",
}
"""The kinds of entries that customers hear of. Any other kind, known or new, is passed over in its turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """The events that wait for their turn, and the number of the next entry of each order: one item per order."""

    client: Any  # boto3.client("dynamodb"), which has no type of its own
    table: str

    def keep(self, detail: Detail) -> None:
        """Keep an event, unless its turn is over."""
        names = {"#next": "next", "#waiting": "waiting", "#seq": str(detail["seq"])}
        values = {":one": {"N": "1"}, ":none": {"M": {}}}
        start = "SET #next = if_not_exists(#next, :one), #waiting = if_not_exists(#waiting, :none)"
        self._update(detail, start, {name: names[name] for name in ("#next", "#waiting")}, values)
        values = {":seq": {"N": str(detail["seq"])}, ":detail": {"S": json.dumps(detail)}}
        self._update(detail, "SET #waiting.#seq = :detail", names, values, "#next <= :seq")

    def head(self, order_id: str) -> Detail | None:
        """Return the event whose turn it is, or None if it has not arrived."""
        found = self.client.get_item(TableName=self.table, Key={"pk": {"S": order_id}}, ConsistentRead=True)
        item = found.get("Item")
        waiting = item["waiting"]["M"].get(item["next"]["N"]) if item else None
        return json.loads(waiting["S"]) if waiting else None

    def advance(self, detail: Detail) -> None:
        """Note that an event had its turn, unless another invocation has noted it."""
        names = {"#next": "next", "#waiting": "waiting", "#seq": str(detail["seq"])}
        values = {":seq": {"N": str(detail["seq"])}, ":after": {"N": str(detail["seq"] + 1)}}
        self._update(detail, "SET #next = :after REMOVE #waiting.#seq", names, values, "#next = :seq")

    def _update(
        self,
        detail: Detail,
        update: str,
        names: Mapping[str, str],
        values: Mapping[str, Any],
        condition: str | None = None,
    ) -> None:
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"pk": {"S": detail["order_id"]}},
                UpdateExpression=update,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
                **({"ConditionExpression": condition} if condition else {}),
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ConditionalCheckFailedException":
                raise


def consume(detail: Detail, inbox: Inbox, tell: Callable[[Detail], None]) -> None:
    """Keep an event, and tell of every event of its order whose turn has come."""
    inbox.keep(detail)
    while (event := inbox.head(detail["order_id"])) is not None:
        tell(event)
        inbox.advance(event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailer:
    """Sends mails through SES v2 to the address that `recipient` knows of a customer."""

    client: Any  # boto3.client("sesv2"), which has no type of its own
    sender: str
    recipient: Callable[[str], str | None]

    def tell(self, detail: Detail) -> None:
        """Send a mail about an event that customers hear of, to a customer who has an address."""
        subject, address = SUBJECTS.get(detail["type"]), self.recipient(detail["customer_id"])
        if subject is None or address is None:
            return
        text = f"{subject}: order {detail['order_id']}, {detail['amount_minor']} minor units of {detail['currency']}."
        content = {"Subject": {"Data": subject}, "Body": {"Text": {"Data": text}}}
        self.client.send_email(
            FromEmailAddress=self.sender, Destination={"ToAddresses": [address]}, Content={"Simple": content}
        )


def recipient(customer_id: str) -> str | None:
    """Return the address of a customer, or None for one without."""
    found = boto3.client("dynamodb").get_item(TableName=os.environ["CUSTOMERS_TABLE"], Key={"pk": {"S": customer_id}})
    return found["Item"]["email"]["S"] if "Item" in found else None


def handler(event: Mapping[str, Any], _context: object) -> None:
    """Run the Lambda function: the target of a rule with the pattern {"source": ["booking.orders"]}."""
    inbox = Inbox(client=boto3.client("dynamodb"), table=os.environ["INBOX_TABLE"])
    mailer = Mailer(client=boto3.client("sesv2"), sender=os.environ["SENDER"], recipient=recipient)
    consume(event["detail"], inbox, mailer.tell)
