"""Stripe as the payment gateway. Its only AWS resource is the secret with its key."""

from typing import NotRequired, TypedDict

import pulumi

from .aws.secrets_manager import grant_read_secret
from .base import Arguments, Component

MODES = ("live", "test")


class StripeGatewayArgs(TypedDict):
    """Arguments of Stripe as the payment gateway."""

    secret: pulumi.Input[str]
    """ARN of the secret in AWS Secrets Manager that holds Stripe's secret key."""
    mode: NotRequired[str]
    """live, or test, in which no money moves. Default: live."""
    endpoint: NotRequired[str]
    """Address of a double of Stripe's API, for tests. Default: Stripe."""


class StripeGateway(Component):
    """The permission and the settings with which a function pays through Stripe."""

    secret: pulumi.Output[str]
    """ARN of the secret with Stripe's secret key."""
    paygrant: pulumi.Output[str]
    """Permission to read Stripe's secret key, which allows every operation at Stripe: policy statements as JSON."""

    def __init__(self, name: str, args: StripeGatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("booking:index:StripeGateway", name, args, opts)
        arguments = Arguments("StripeGateway", name, args, StripeGatewayArgs)
        arguments.require("secret")
        self._mode = arguments.choice("mode", "live", MODES)
        self._endpoint = arguments.string("endpoint", "", r"https?://\S+", "an address such as http://127.0.0.1:12111")
        if self._endpoint and self._mode == "live":
            arguments.reject("endpoint must be empty in live mode: payments would go to a double.")
        arguments.raise_if_invalid()
        self.secret = pulumi.Output.from_input(args["secret"])
        self.paygrant = grant_read_secret(self.secret, "ReadStripeKey")
        self.register_outputs({"secret": self.secret, "paygrant": self.paygrant})

    @property
    def table(self) -> pulumi.Output[str]:
        """None, because only the sandbox has a table."""
        return pulumi.Output.from_input("")

    def grant_charge(self) -> pulumi.Output[str]:
        """Return the permission to pay, `paygrant`."""
        return self.paygrant

    def grant_refund(self) -> pulumi.Output[str]:
        """Return the permission to pay, `paygrant`, because Stripe's keys are not narrower."""
        return self.paygrant

    def grant_show(self) -> pulumi.Output[str]:
        """Return the permission to pay, `paygrant`, which includes reading payments."""
        return self.paygrant

    def grant_fence(self) -> pulumi.Output[str]:
        """Return the permission to pay, `paygrant`."""
        return self.paygrant

    @property
    def environment(self) -> dict[str, pulumi.Input[str]]:
        """Environment variables of a function that pays through it."""
        return {
            "BOOKING_GATEWAY": "stripe",
            "BOOKING_STRIPE_SECRET": self.secret,
            "BOOKING_STRIPE_MODE": self._mode,
            **({"BOOKING_STRIPE_ENDPOINT": self._endpoint} if self._endpoint else {}),
        }
