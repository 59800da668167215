"""A team's own workflow: points for what a customer spent, and a gift for who became gold.

    python -m pip install stepbooking        # then: from stepbooking.components import …
    pulumi up -s dev

The machine's role follows from the definition, each function's from its grants (here: none beyond logs and traces);
log groups, dead-letter queues, alarms and their topic come with the components.
"""

from datetime import timedelta
from pathlib import Path
from typing import Final, TypedDict

import pulumi

from components import BookingStateMachine, MonitoredLambda, Target, build_package
from workflow import Choice, Function, Invoke, Retry, Succeed, Workflow, input_of, output_of
from workflow.error_names import LAMBDA_TRANSIENT


class Visit(TypedDict):
    """The input of an execution."""

    customer_id: str
    spent_minor: int
    points: int


class Standing(TypedDict):
    """The state of a customer after a visit."""

    customer_id: str
    points: int
    tier: str


class Gift(TypedDict):
    """The reward of a customer."""

    customer_id: str
    gift: str


points_fn: Final = Function("points_fn", Visit, Standing)
gift_fn: Final = Function("gift_fn", Standing, Gift)
again: Final = Retry(on=LAMBDA_TRANSIENT, interval=timedelta(seconds=1), attempts=3, backoff=2.0, jitter=True)
limit: Final = timedelta(seconds=20)


class Loyalty(Workflow[Visit, Standing | Gift]):
    """Count points, and give something to who became gold."""

    timeout = timedelta(minutes=2)

    count = Invoke(points_fn, input_of(Visit), retry=again, timeout=limit)
    became_gold = Choice(output_of(count))
    give = Invoke(gift_fn, output_of(count), retry=again, timeout=limit)
    done = Succeed()

    start = count
    flow = (
        count >> became_gold,
        became_gold.when(output_of(count).tier == "gold") >> give >> done,
        became_gold.otherwise >> done,
    )


package = build_package("functions", Path(__file__).parent / "functions", None, Target.of_lambda("arm64"))
code = pulumi.FileArchive(str(package))
tags = {"team": "loyalty"}


def function(name: str) -> MonitoredLambda:
    """A function of the folder `functions`."""
    return MonitoredLambda(
        name,
        {"code": code, "handler": f"functions.{name}.handler", "concurrency": 5, "key_deletion_days": 7, "tags": tags},
    )


points, gift = function("points"), function("gift")
machine = BookingStateMachine(
    "loyalty",
    {"functions": {"points": points.version, "gift": gift.version}, "key_deletion_days": 7, "tags": tags},
    workflow=Loyalty,
)

pulumi.export("stateMachineArn", machine.arn)
pulumi.export("pointsFunction", points.function)
