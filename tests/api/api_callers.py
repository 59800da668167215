"""The shop behind its API, in process: the real functions on fakes, and helpers for callers with tokens."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from handlers.contracts.api_routes import Role
from handlers.domain.requests import person_id_of
from handlers.runtime.api.answering import answer
from handlers.runtime.api.api_dependencies import ApiServices
from handlers.runtime.dependencies import Dependencies
from tests.fakes.api_gateway import claims_of, event_of, jwt
from tests.fakes.dynamodb.model import require_model
from tests.handlers.world import World

ISSUER, AUDIENCE = "https://id.example.com", "booking"
MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:booking"
ENVIRONMENT = {
    "BOOKING_PROOF_KEY": "arn:aws:kms:eu-west-1:123456789012:key/proof",
    "BOOKING_MACHINE": MACHINE,
    "BOOKING_WORKFLOW_TYPE": "STANDARD",
    "BOOKING_API_ISSUER": ISSUER,
    "BOOKING_API_AUDIENCES": f"{AUDIENCE} other",
    "BOOKING_API_ROLES_CLAIM": "groups",
    "BOOKING_API_WAIT_SECONDS": "10",
}


@dataclass
class MachineDouble:
    """The machine as a boto3 client: an execution ends at once or, if `is_slow`, by `finish`."""

    world: World
    is_slow: bool = False
    loses_replies: bool = False
    """True if the SDK gets no reply to its first start and tries again, as it does after a read timeout."""
    executions: dict[str, dict[str, Any]] = field(default_factory=dict)

    def start_execution(self, **request: Any) -> dict[str, Any]:
        require_model("StartExecution", request, "stepfunctions")
        arn = MACHINE.replace(":stateMachine:", ":execution:") + f":{request['name']}"
        self.executions[arn] = {"status": "RUNNING", "input": request["input"]}
        if not self.is_slow:
            self.finish(arn)
        if self.loses_replies:
            raise ClientError({"Error": {"Code": "ExecutionAlreadyExists", "Message": ""}}, "StartExecution")
        return {"executionArn": arn}

    def start_sync_execution(self, **request: Any) -> dict[str, Any]:
        require_model("StartSyncExecution", request, "stepfunctions")
        arn = self.start_execution(**request)["executionArn"]
        self.finish(arn)
        return self.executions.pop(arn)

    def describe_execution(self, **request: Any) -> dict[str, Any]:
        require_model("DescribeExecution", request, "stepfunctions")
        if request["executionArn"] not in self.executions:
            raise ClientError({"Error": {"Code": "ExecutionDoesNotExist", "Message": ""}}, "DescribeExecution")
        return self.executions[request["executionArn"]]

    def finish(self, arn: str) -> None:
        """Run the execution to its end."""
        result = self.world.book(json.loads(self.executions[arn]["input"]), execution=arn)
        ended = result["status"] in ("succeeded", "rejected", "pending")
        key = "output" if ended else "cause"
        self.executions[arn] |= {"status": "SUCCEEDED" if ended else "FAILED", key: json.dumps(result)}

    def finish_all(self) -> None:
        """Run every execution to its end."""
        for arn, execution in list(self.executions.items()):
            if execution["status"] == "RUNNING":
                self.finish(arn)


@dataclass(frozen=True)
class ApiReply:
    """An answer as an HTTP client sees it."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def code(self) -> str:
        """The code of a problem."""
        return str(self.body.get("code"))


@dataclass
class Api:
    """The API of a shop with lamps and mugs."""

    world: World = field(default_factory=World)

    def __post_init__(self) -> None:
        self.world.environment.update(ENVIRONMENT)
        self.world.stock(lamp=(1000, 50), mug=(500, 50))
        self.machine = MachineDouble(self.world)
        self._lock = threading.Lock()

    def token(self, name: str, *roles: Role | str, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """Return an access token without the claims that are None."""
        now = int(self.world.clock().timestamp())
        payload = {"iss": ISSUER, "sub": name, "aud": AUDIENCE, "exp": now + 900, "iat": now, "groups": list(roles)}
        present = {name: value for name, value in {**payload, **claims}.items() if value is not None}
        return jwt(present, **(header or {}))

    def call(
        self,
        method: str,
        target: str,
        token: str | None = None,
        body: Any = None,
        claims: Mapping[str, str] | None = None,
        **headers: str,
    ) -> ApiReply:
        """Make a call as API Gateway passes it on after verifying the token."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent.setdefault("authorization", f"Bearer {token}")
        content = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        if content:
            sent.setdefault("content-type", "application/json")
        verified = claims if claims is not None else claims_of(token) if token else None
        event = event_of(method, target, sent, content, verified)
        assert event is not None, f"no route: {method} {target}"
        return self.answer(event)

    def answer(self, event: dict[str, Any]) -> ApiReply:
        """Return the function's answer to an event."""
        reply = answer(event, ApiServices(deps=self.dependencies()))
        return ApiReply(reply["statusCode"], reply["headers"], json.loads(reply["body"]))

    def dependencies(self) -> Dependencies:
        """The dependencies of the function, whose sleep moves the clock."""
        deps = self.world.dependencies(sleep=self.world.clock.advance)
        deps._clients["stepfunctions"] = self.machine
        return deps

    def buy(self, sub: str = "anna", key: str = "buy-1", wait: int = 5, **lines: tuple[int, int]) -> ApiReply:
        """Make a purchase as a customer."""
        token = self.token(sub, Role.CUSTOMER)
        headers = {"idempotency_key": key, "prefer": f"wait={wait}"}
        return self.call("POST", "/v1/orders", token, purchase_body(**(lines or {"lamp": (1, 1000)})), **headers)

    def place_order(self, sub: str = "anna", key: str = "buy-1") -> str:
        """Place an order, and return its id."""
        reply = self.buy(sub, key)
        assert reply.status == 200, reply
        return str(reply.body["order_id"])

    def place_challenged_order(self, sub: str = "anna") -> str:
        """Place an order whose payment waits for its customer, and return its id."""
        body = {**purchase_body(lamp=(1, 1000)), "payment_method": "pm_3ds"}
        headers = {"idempotency_key": "challenged", "prefer": "wait=5"}
        reply = self.call("POST", "/v1/orders", self.token(sub, Role.CUSTOMER), body, **headers)
        assert reply.body["next_action"]["who"] == "customer", reply
        return str(reply.body["order_id"])

    def open_contradiction(self) -> tuple[str, str]:
        """Return a paid order whose payment the gateway reports as declined, and its case."""
        order_id = self.place_order("anna")
        (row,) = self.world.dynamodb.scan(TableName="gateway")["Items"]
        self.world.dynamodb.put_item(TableName="gateway", Item={**row, "heard": {"S": "declined"}})
        self.world.reconcile()
        (case,) = self.call("GET", f"/v1/orders/{order_id}", self.staff()).body["cases"]
        assert case["status"] == "OPEN"
        return order_id, str(case["case_id"])

    def staff(self, *more: Role) -> str:
        """Return a token of a staff member."""
        return self.token("sam", Role.STAFF, *more)


def purchase_body(**lines: tuple[int, int]) -> dict[str, Any]:
    """Return the body of a purchase: sku=(quantity, unit price)."""
    listed = [{"sku": sku, "quantity": n, "unit_price_minor": price} for sku, (n, price) in lines.items()]
    return {"currency": "EUR", "lines": listed, "payment_method": "pm_ok"}


def person(sub: str) -> str:
    """Return the id of a person in the system."""
    return person_id_of(ISSUER, sub)
