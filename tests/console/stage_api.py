"""A deployed stage in this process: its API behind an HTTP pool, its machine and its console share one world."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from cli.api_decisions import ApiDecisions
from console.server.console_services import ConsoleServices
from handlers.contracts.api_routes import Role
from tests.api.api_callers import Api
from tests.console.conftest import services_of
from tests.console.in_process_deployment import InProcessDeployment

URL = "https://api.example.com"


@dataclass(frozen=True)
class PoolReply:
    """A reply as urllib3 returns it."""

    status: int
    data: bytes
    headers: dict[str, str]


@dataclass
class ApiPool:
    """Implements the one method of `urllib3.PoolManager` that the console uses."""

    api: Api
    paths: list[str] = field(default_factory=list)

    def request(self, method: str, url: str, *, body: bytes | None, headers: dict[str, str], redirect: bool) -> Any:
        assert not redirect, "a token must not follow a redirect to another host"
        self.paths.append(url.removeprefix(URL))
        options = {name.replace("-", "_"): value for name, value in headers.items()}
        token = options.pop("authorization").removeprefix("Bearer ")
        reply = self.api.call(method, self.paths[-1], token, body, **options)
        return PoolReply(reply.status, json.dumps(reply.body).encode(), reply.headers)


class DeployedStageApi:
    """A shop that accepts decisions only through its API, with a held refund of 6.00 EUR."""

    def __init__(self) -> None:
        self.api = Api()
        self.api.world.environment |= {"BOOKING_APPROVALS": "api-only", "BOOKING_APPROVAL_LIMITS": "EUR:500"}
        self.order_id = self.api.place_order("anna")
        self.request_refund()
        self.pool = ApiPool(self.api)
        self.deployment = InProcessDeployment(world=self.api.world)

    def request_refund(self) -> None:
        """Request the refund as a member of the staff."""
        path, fields = f"/v1/orders/{self.order_id}/refunds", {"reason": "scratched", "amount_minor": 600}
        reply = self.api.call("POST", path, self.api.staff(), fields, idempotency_key="back", prefer="wait=5")
        self.subject = str(reply.body["refund_id"])

    def services(self) -> ConsoleServices:
        """Return the services of such a stage's console with --write."""

        def finish_meanwhile(_: float) -> None:
            self.api.machine.finish_all()

        decisions = ApiDecisions(url=URL, pool=self.pool, sleep=finish_meanwhile)  # type: ignore[arg-type]  # a double
        return replace(services_of(self.deployment, can_write=False), decide=decisions.send)

    def approver(self, name: str = "eva") -> str:
        """Return the access token of an approver."""
        return self.api.token(name, Role.APPROVER)
