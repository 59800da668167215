"""The commands of docs/how-to/use-the-api.md work in their order against the embedded AWS."""

import json
import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

from handlers.contracts.api_routes import ROUTES
from local.pytest_plugin import DeployedStack
from tests.fakes.api_gateway import event_of
from tests.integration.api_client import call, token
from tools.openapi import PAGE

BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
TOKENS, *CALLS = BLOCKS
SAVED_FIELDS = {"HANDLE": "handle", "ORDER": "order_id", "REFUND": "refund_id"}


def test_the_page_shows_every_route() -> None:
    shown = {_route(block) for block in CALLS}
    assert shown == {route.key for route in ROUTES}


def test_the_commands_of_the_page_work_in_order(shop: DeployedStack) -> None:
    folder = shop.instance.folder.parents[1]
    environment = {**os.environ, "API": shop.outputs["apiUrl"], "CURL_CA_BUNDLE": str(shop.instance.certificate)}
    booking = Path(__file__).parents[2] / ".venv" / "bin"
    environment["PATH"] = f"{booking}{os.pathsep}{environment['PATH']}"
    output = _run(f"set -a\n{TOKENS}\nenv -0", folder, environment)
    environment |= dict(line.split("=", 1) for line in output.split("\0") if "=" in line)
    for block in CALLS:
        if "$CASE" in block:
            environment["CASE"] = _open_case(shop, environment["ORDER"])
        status, answer = _call(block, folder, environment)
        assert status in (200, 202), (block, status, answer)
        environment |= {name: answer[field] for name, field in SAVED_FIELDS.items() if answer.get(field)}


def _open_case(shop: DeployedStack, order_id: str) -> str:
    """Make the gateway contradict an order's ledger, and return the case that reconcile opens."""
    shop.client("dynamodb").update_item(
        TableName=shop.outputs["gatewayTable"],
        Key={"pk": {"S": order_id}},
        UpdateExpression="SET heard = :heard",
        ExpressionAttributeValues={":heard": {"S": "settled"}},
    )
    shop.invoke("reconcileFunction", {"schema": 1, "recent_seconds": 7200})
    reply = call(shop, "GET", f"/v1/orders/{order_id}", token(shop, "sam", "staff"))
    return str(reply[1]["cases"][0]["case_id"])


def _route(block: str) -> str:
    target = re.sub(r"\$[A-Z]+", "x", block.split('"$API')[1].split('"')[0])
    event = event_of("POST" if "-X POST" in block else "GET", target)
    assert event is not None, block
    return str(event["routeKey"])


def _call(block: str, folder: Path, environment: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """Run a command, and repeat it while the request is in progress or the machine is busy."""
    deadline = time.monotonic() + 60
    while True:
        output = _run(f"{block.rstrip()} --silent --show-error --write-out '\\n%{{http_code}}'", folder, environment)
        body, _, status = output.rpartition("\n")
        answer = json.loads(body)
        is_settled = int(status) not in (429, 503) and ("/v1/requests/" not in block or answer["status"] != "running")
        if is_settled or time.monotonic() > deadline:
            return int(status), answer
        time.sleep(0.1)


def _run(script: str, folder: Path, environment: dict[str, str]) -> str:
    completed = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout
