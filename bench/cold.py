"""The cold path of each function: from the start of its process to the answer to its first request.

Beside each function, in turns, run a bare boto3 client that makes the same calls, and a typical function that does so
under pydantic and Powertools; a program that makes other calls ends the run. A server on the loopback answers at once.
Times are the CPU times of the process. Limits: 1.25 times the bare client, without byte code too, and 0.75 times the
typical function; for functions that pay, 1.05 times with Stripe what they need with the sandbox, without their calls
(tests/handlers/stripe/test_stripe_bookings.py counts those).

Python starts as Lambda starts it: without site, and with only the package and the SDK to import from. Byte code is
there unless a figure says otherwise; our packages have none in Lambda (docs/adr/0009-packages-without-byte-code.md).
"""

import compileall
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from ._conversations import REGION, AwsCall, AwsDouble, Conversation, aws_double, record_conversations
from ._figures import ROOT, Figure, Options, cpu_seconds_of, figure, ratio, take_turns

_PACKAGES: Final = next(path for path in map(Path, sys.path) if (path / "botocore").is_dir())
START: Final = f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(_PACKAGES)!r}]\nimport json\n"
READ: Final = "conversation = json.load(open(sys.argv[1]))\n"
HANDLER_PROGRAM: Final = """
from handlers.{function} import handler
class Context:
    def get_remaining_time_in_millis(self): return 900_000
answer = handler(conversation["event"], Context())
"""
CHECK: Final = """
assert answer.get("status") not in ("failed", "unknown", "rejected"), answer
assert answer.get("statusCode", 200) < 400, answer
assert not answer.get("batchItemFailures"), answer
"""
_BOTO3_PROGRAM: Final = """
import boto3
clients = {}
for service, operation, request in conversation["calls"]:
    if service not in clients:
        clients[service] = boto3.client(service)
    getattr(clients[service], operation)(**request)
"""
_TYPICAL_PROGRAM: Final = """
from bench import _fat_handler as fat
class Context:
    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "1"
    def get_remaining_time_in_millis(self): return 900_000
fat.calls[:] = [call for call in conversation["calls"]]
fat.handler(conversation["event"], Context())
"""
GATEWAY: Final = """
import handlers.{function} as function
from handlers.runtime.dependencies import dependencies
deps = dependencies(*function.REQUIRED_SETTINGS)
deps.orders, deps.gateway
"""
STRIPE: Final = {
    "BOOKING_GATEWAY": "stripe",
    "BOOKING_STRIPE_SECRET": f"arn:aws:secretsmanager:{REGION}:123456789012:secret:key",
    "BOOKING_STRIPE_MODE": "test",
}
FUNCTIONS: Final = ("purchase", "refund", "record", "reconcile", "publish", "api")


def figures(options: Options) -> Iterator[Figure]:
    """Yield the ratios of each function."""
    compileall.compile_dir(ROOT / "handlers", quiet=1)  # as an installation does
    compileall.compile_dir(ROOT / "bench", quiet=1)
    conversations = record_conversations()
    with aws_double() as aws, tempfile.TemporaryDirectory() as folder:
        for function in FUNCTIONS:
            yield from _compare(conversations[function], aws, Path(folder), options)
        yield from _compare_without_byte_code(conversations["purchase"], aws, Path(folder), options)
        for function in ("purchase", "refund", "reconcile"):
            yield _compare_gateways(conversations[function], aws, options)


def _compare(conversation: Conversation, aws: AwsDouble, folder: Path, options: Options) -> Iterator[Figure]:
    function = conversation.function
    programs = {
        "bare": _BOTO3_PROGRAM,
        "ours": HANDLER_PROGRAM.format(function=function) + CHECK,
        "fat": _TYPICAL_PROGRAM,
        "python": "",
    }
    times = take_turns(options.rounds, _measures(programs, conversation, aws, folder))
    name = f"{function}: start to first answer, AWS calls: {len(conversation.calls)}"
    yield ratio(name, times["ours"], times["bare"], "bare boto3 client", limit=1.25)
    yield ratio(name, times["ours"], times["fat"], "pydantic and Powertools", limit=0.75)
    if function == "purchase":
        yield figure(name, [1000 * each for each in times["ours"]], "ms")
        yield figure("bare boto3 client making the same calls", [1000 * each for each in times["bare"]], "ms")
        yield figure("interpreter that does nothing", [1000 * each for each in times["python"]], "ms")


def _compare_without_byte_code(
    conversation: Conversation, aws: AwsDouble, folder: Path, options: Options
) -> Iterator[Figure]:
    """Compare without byte code of anything but the SDK, which Lambda's runtime brings compiled."""
    programs = {
        "bare": _BOTO3_PROGRAM,
        "ours": _without_byte_code(HANDLER_PROGRAM.format(function=conversation.function) + CHECK),
        "fat": _without_byte_code(_TYPICAL_PROGRAM),
    }
    times = take_turns(max(3, options.rounds // 2), _measures(programs, conversation, aws, folder))
    name = f"{conversation.function}: the same, packages without byte code"
    yield ratio(name, times["ours"], times["bare"], "bare boto3 client", limit=1.25)
    yield ratio(name, times["ours"], times["fat"], "pydantic and Powertools", limit=0.75)


def _without_byte_code(program: str) -> str:
    """Return a program that compiles each module that it imports outside the SDK and the standard library."""
    return f"""
import importlib.machinery as machinery
read = machinery.SourceFileLoader.get_code
of_runtime = ("boto3", "botocore", "s3transfer", "dateutil", "jmespath", "urllib3", "six")
def get_code(self, name):
    compiled = name.partition(".")[0] in of_runtime or not self.path.startswith(({str(ROOT)!r}, {str(_PACKAGES)!r}))
    return read(self, name) if compiled else self.source_to_code(self.get_data(self.path), self.path)
machinery.SourceFileLoader.get_code = get_code
{program}"""


def _measures(
    programs: Mapping[str, str], conversation: Conversation, aws: AwsDouble, folder: Path
) -> dict[str, Callable[[], float]]:
    file = write_conversation(conversation, folder)
    expected = {"fat": _with_idempotency(conversation), "python": replace(conversation, calls=())}

    def measure(program: str, expected: Conversation) -> float:
        aws.expect(expected)
        seconds = cpu_seconds_of(command_of(program, file), environment_of(conversation, aws))
        aws.check()
        return seconds

    return {name: partial(measure, program, expected.get(name, conversation)) for name, program in programs.items()}


def write_conversation(conversation: Conversation, folder: Path) -> Path:
    """Write a conversation for a program that reads it."""
    file = folder / f"{conversation.function}.json"
    calls = [[call.service, call.operation, call.request] for call in conversation.calls]
    file.write_text(json.dumps({"event": conversation.event, "calls": calls}, default=_text))
    return file


def command_of(program: str, file: Path) -> list[str]:
    """Return the command that runs a program as Lambda would, with a conversation."""
    return [sys.executable, "-I", "-S", "-c", START + READ + program, str(file)]


def _with_idempotency(conversation: Conversation) -> Conversation:
    """Return the conversation between the two calls that Powertools adds."""
    begin = AwsCall(service="dynamodb", operation="put_item", request={}, reply={})
    end = AwsCall(service="dynamodb", operation="update_item", request={}, reply={})
    return replace(conversation, calls=(begin, *conversation.calls, end))


def environment_of(conversation: Conversation, aws: AwsDouble) -> Mapping[str, str]:
    """Return the environment of a function whose AWS is the double."""
    return {
        "PATH": os.environ["PATH"],
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_LAMBDA_FUNCTION_NAME": conversation.function,
        **conversation.environment,
    }


def _text(value: Any) -> str:
    """Write what JSON lacks as botocore reads it: blobs as text, times as ISO 8601."""
    return value.decode("latin-1") if isinstance(value, bytes) else value.isoformat()


def _compare_gateways(conversation: Conversation, aws: AwsDouble, options: Options) -> Figure:
    """Compare the initialisation with Stripe and with the sandbox: clients, but no calls."""
    program = START + GATEWAY.format(function=conversation.function)
    command = [sys.executable, "-I", "-S", "-c", program]
    sandbox = environment_of(conversation, aws)
    measures = {
        "sandbox": partial(cpu_seconds_of, command, sandbox),
        "stripe": partial(cpu_seconds_of, command, {**sandbox, **STRIPE}),
    }
    times = take_turns(options.rounds, measures)
    name = f"{conversation.function}: initialisation with Stripe"
    return ratio(name, times["stripe"], times["sandbox"], "the sandbox", limit=1.05)
