"""The bank's 3-D Secure page, on which a customer confirms or refuses a payment."""

from typing import Final
from urllib.parse import parse_qs, urlsplit

from tests.support.stripe.double import HttpCall, ServedReply, StripeDouble

PAGE: Final = "/3d_secure/"
_FORM: Final = """<!doctype html><title>3-D Secure</title>
<h1>Your bank</h1><p>Pay {amount} {currency} (in minor units)?</p>
<form method="post"><button name="answer" value="confirm">Confirm</button>
<button name="answer" value="refuse">Refuse</button></form>
"""


def answer_customer(double: StripeDouble, call: HttpCall) -> ServedReply | None:
    """Show the page, or process its form and redirect the customer to the shop; None for a call of the API."""
    path = urlsplit(call.target).path
    if not path.startswith(PAGE):
        return None
    intent = double.books.find("payment_intent", path.removeprefix(PAGE))
    if intent is None or intent["next_action"] is None:
        return ServedReply(status=404, body=b"No payment waits here.")
    if call.method == "GET":
        shown = _FORM.format(amount=intent["amount"], currency=intent["currency"].upper())
        return ServedReply(status=200, body=shown.encode(), headers={"Content-Type": "text/html; charset=utf-8"})
    back = intent["next_action"]["redirect_to_url"]["return_url"]
    if parse_qs(call.body.decode()).get("answer") == ["confirm"]:
        double.payments.authenticate(intent)
    else:
        double.payments.fail_authentication(intent)
    return ServedReply(status=303, body=b"", headers={"Location": back})
