"""The warm path of each function: what it adds to the calls of AWS that it makes.

A process answers the same request again and again, in turns with one in which a client of botocore makes the same
calls. The CPU times are those of the requests alone, after a first one. Limit: at most 1.7 times the calls' own time.
"""

import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from ._conversations import AwsDouble, Conversation, aws_double, record_conversations
from ._figures import Figure, Options, figure, ratio, take_turns
from .cold import CHECK, FUNCTIONS, command_of, environment_of, write_conversation

REQUESTS: Final = 40
_LOOP: Final = """
import io, time
from contextlib import redirect_stdout
with redirect_stdout(io.StringIO()):
    request()
    began = time.process_time()
    for _ in range({requests}):
        answer = request()
    taken = time.process_time() - began
print(taken)
"""
_HANDLER_PROGRAM: Final = """
from handlers.{function} import handler
class Context:
    def get_remaining_time_in_millis(self): return 900_000
def request():
    return handler(conversation["event"], Context())
"""
_BOTO3_PROGRAM: Final = """
from datetime import timedelta
from handlers.adapters.aws_clients import client_factory
make, clients = client_factory(timedelta(seconds=5)), {}
def request():
    for service, operation, sent in conversation["calls"]:
        if service not in clients:
            clients[service] = make(service)
        getattr(clients[service], operation)(**sent)
"""


def figures(options: Options) -> Iterator[Figure]:
    """Yield the ratio of each function."""
    conversations = record_conversations()
    with aws_double() as aws, tempfile.TemporaryDirectory() as folder:
        for function in FUNCTIONS:
            conversation = conversations[function]
            file = write_conversation(conversation, Path(folder))
            loop = _LOOP.format(requests=REQUESTS)
            programs = {
                "ours": _HANDLER_PROGRAM.format(function=function) + loop + CHECK,
                "calls": _BOTO3_PROGRAM + loop,
            }
            measures = {name: partial(_measure, program, file, conversation, aws) for name, program in programs.items()}
            times = take_turns(options.rounds, measures)
            name = f"{function}: warm request, AWS calls: {len(conversation.calls)}"
            yield ratio(name, times["ours"], times["calls"], "the calls alone", limit=1.7)
            extra = [1000 * (handler - calls) / REQUESTS for handler, calls in zip(*times.values(), strict=True)]
            yield figure(name, extra, "ms", "the calls alone, beyond")


def _measure(program: str, file: Path, conversation: Conversation, aws: AwsDouble) -> float:
    aws.expect(conversation, requests=REQUESTS + 1)
    command, environment = command_of(program, file), environment_of(conversation, aws)
    ran = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    aws.check()
    return float(ran.stdout)
