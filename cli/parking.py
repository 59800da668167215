"""`booking parking redrive`: move parked results from the dead-letter queue back to the parking queue."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import typer
from botocore.exceptions import ClientError

from .command_errors import CommandFailed
from .output import JsonOption, show
from .target import InstanceOption, StageOption, resolve_target

MAX_MESSAGES: Final = 10  # the maximum that SQS returns at once
VISIBILITY_SECONDS: Final = 60  # after this time a message that was not moved can be received again

Message = Mapping[str, Any]

app = typer.Typer(help="Move parked results that reconcile gave up on.", no_args_is_help=True)


def add_commands(parent: typer.Typer) -> None:
    """Register the group."""
    parent.add_typer(app, name="parking")


@app.callback()
def _group() -> None:
    """Move parked results that reconcile gave up on."""


@app.command("redrive")
def redrive(as_json: JsonOption = False, stage: StageOption = None, instance: InstanceOption = "default") -> None:
    """Move the messages of the dead-letter queue back to the parking queue, from which reconcile records them.

    A message is deleted only after it has been moved. Running this twice is safe.
    """
    target = resolve_target(stage, instance)
    sqs, parking = target.client("sqs"), target.output("parkingQueueUrl")
    moved = move_all(sqs, source=dead_letter_queue(sqs, parking), destination=parking)
    message = f"Moved {moved} message(s) back to the parking queue."
    advice = " Run `booking reconcile` to record them now." if moved else ""
    show(as_json, {"moved": moved}, lambda console: console.print(message + advice))


def dead_letter_queue(sqs: Any, queue_url: str) -> str:
    """Return the URL of the dead-letter queue that a queue's redrive policy names."""
    reply = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["RedrivePolicy"])
    policy = reply.get("Attributes", {}).get("RedrivePolicy")
    if not policy:
        raise CommandFailed(f"The queue {queue_url} has no redrive policy, so it has no dead-letter queue.")
    account, name = json.loads(policy)["deadLetterTargetArn"].split(":")[-2:]
    return str(sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"])


def move_all(sqs: Any, *, source: str, destination: str) -> int:
    """Move every message, one at a time because ten together may exceed the size of a batch. Return their number.

    Raises:
        CommandFailed: SQS refused a message, which is still in the source queue.
    """
    moved = 0
    for message in _receive_all(sqs, source):
        try:
            attributes = message.get("MessageAttributes", {})
            sqs.send_message(QueueUrl=destination, MessageBody=message["Body"], MessageAttributes=attributes)
            sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
        except ClientError as error:
            raise CommandFailed(
                f"SQS refused to move a message after {moved} had been moved: {error}. No message was lost. "
                "Solve the problem and run this again; recording a result twice is harmless."
            ) from error
        moved += 1
    return moved


def _receive_all(sqs: Any, queue_url: str) -> Iterator[Message]:
    while True:
        reply = sqs.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=MAX_MESSAGES,
            VisibilityTimeout=VISIBILITY_SECONDS,
            WaitTimeSeconds=1,  # a long poll queries all servers, so an empty reply means an empty queue
            MessageAttributeNames=["All"],
        )
        messages: list[Message] = reply.get("Messages", [])
        if not messages:
            return
        yield from messages
