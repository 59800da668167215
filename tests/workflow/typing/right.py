"""Correct workflows, for which both type checkers infer the asserted types."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Generic, Literal, Never, TypedDict, TypeVar, assert_type

from pydantic import BaseModel, Field

from workflow import (
    ALL,
    END,
    Choice,
    DistributedMap,
    Fail,
    Function,
    Inline,
    Invoke,
    Limit,
    Map,
    Parallel,
    Pass,
    Retry,
    Succeed,
    Wait,
    Workflow,
    caught,
    context,
    each_of,
    input_of,
    made,
    output_of,
    variable,
)
from workflow.annotations import Edge, ErrorOutput
from workflow.dsl.states.service_tasks import StartedExecution
from workflow.dsl.states.transitions import Chain, InputPassedOn
from workflow.fn import before, bound, concat, or_else, seen_as, some
from workflow.service_steps import (
    Bucket,
    ItemReader,
    Machine,
    ResultWriter,
    ServiceCall,
    StartExecution,
    Task,
    WrittenResults,
)


class TypedPurchase(BaseModel):
    action: Literal["purchase"]
    sku: str


class TypedRefund(BaseModel):
    action: Literal["refund"]
    order_id: str


class TypedResult(BaseModel):
    status: Literal["succeeded", "pending", "rejected", "failed", "unknown"]
    message: str


TypedRequest = Annotated[TypedPurchase | TypedRefund, Field(discriminator="action")]

purchase_fn = Function("purchase_fn", TypedPurchase, TypedResult)
refund_fn = Function("refund_fn", TypedRefund, TypedResult)
record_fn = Function("record_fn", object, TypedResult)

request = input_of(TypedRequest)
assert_type(request, TypedPurchase | TypedRefund)
assert_type(request.action, Literal["purchase", "refund"])
route = Choice(request)
assert_type(route, Choice[TypedPurchase | TypedRefund, TypedPurchase | TypedRefund])
assert_type(route.case(TypedPurchase), Edge[TypedPurchase])
purchase = Invoke(purchase_fn)
refund = Invoke(refund_fn)
record = Invoke(record_fn)
assert_type(purchase, Invoke[TypedPurchase, TypedResult])
assert_type(route.case(TypedPurchase) >> purchase, Chain[TypedResult, Never])
assert_type(purchase >> END, Chain[Never, TypedResult])
assert_type(purchase >> record >> Succeed(), Chain[Never, TypedResult])
assert_type(purchase >> Succeed(output_of(purchase).message), Chain[Never, str])
assert_type(purchase.catch(ALL) >> Succeed(), Chain[Never, ErrorOutput])
assert_type(purchase.catch(ALL) >> Fail(), Chain[Never, Never])
assert_type((purchase | refund).catch(ALL), Edge[ErrorOutput])
assert_type(output_of(purchase), TypedResult)
assert_type(output_of(purchase).message, str)


class Shipment(TypedDict):
    sku: str


class Done(TypedDict):
    ok: bool


class Shipping(TypedDict):
    kind: Literal["new", "old"]


ship_fn = Function("ship_fn", Shipment, Done)
ships = Invoke(Function("ships_fn", Shipment, Shipping))


class Ship(Workflow[Shipment, Done]):
    """x"""


class Other(Workflow[Shipment, int]):
    """x"""


class Many(Workflow[Shipment, list[Done]]):
    """x"""


lines = variable(list[Shipment])
assert_type(lines, list[Shipment])
m = Map(lines, Ship)
assert_type(m, Map[list[Done]])
assert_type(output_of(m), list[Done])
d = DistributedMap(lines, Ship, tolerated_failures=1)
assert_type(d, DistributedMap[list[Done]])
assert_type(output_of(d), list[Done])
f = DistributedMap(ItemReader(bucket="b", key="k"), Many, flatten=True)
assert_type(f, DistributedMap[list[Done]])
s3 = DistributedMap(lines, Ship, writer=ResultWriter(bucket="b"))
assert_type(output_of(s3), WrittenResults)
assert_type(output_of(s3)["ResultWriterDetails"]["Key"], str)
p = Parallel(Ship, Other)
assert_type(p, Parallel[Shipment, tuple[Done, int]])
assert_type(output_of(p), tuple[Done, int])
w = Invoke(purchase_fn, {"t": context.Task.Token}).waiting_for_token(Done)
assert_type(w, Task[object, Done])
own_input = Invoke(record_fn, output_of(m))  # the function takes anything
assert_type(own_input, Invoke[object, TypedResult])
sent = Invoke(ship_fn, lines[0])
assert_type(sent, Invoke[object, Done])
lone = Invoke(ship_fn, retry=Retry(on=("E",)))
assert_type(lone, Invoke[Shipment, Done])
by_field = Choice(output_of(ships), by=output_of(ships)["kind"])
assert_type(by_field.equals("new"), Edge[Shipping])
held = Wait(timedelta(seconds=1))
assert_type(held, Wait[object])
assert_type(Wait(Limit("pause"), passes=Shipment), Wait[Shipment])
assert_type(lone >> Choice(output_of(lone), by=output_of(lone)["ok"]), Chain[Done, Never])
both = Parallel(Ship, Other, sends=lines[0])
assert_type(both, Parallel[object, tuple[Done, int]])
assert_type(made(Shipment)(sku="x"), Shipment)
assert_type(Succeed(), Succeed[InputPassedOn])
assert_type(Succeed(3), Succeed[int])
i = Inline(Ship)
assert_type(i, Inline[Shipment, Done])
assert_type(caught(), ErrorOutput)
assert_type(ServiceCall("ecs:runTask", {}, Done), ServiceCall[Done])
assert_type(Pass(output_of(purchase)), Pass[TypedResult])
quantity = variable(int)
assert_type(quantity + 1, int)
assert_type("sku-" + lines[0]["sku"], str)


T = TypeVar("T")


class Speed(StrEnum):
    FAST = "fast"
    SLOW = "slow"


class Address(TypedDict):
    street: str


class Box(TypedDict, Generic[T]):
    value: T
    speed: Speed
    leaves_at: datetime
    address: Address | None


box = input_of(Box[int])
assert_type(box["value"] + 1, int)
assert_type(Choice(box, by=box["speed"]).equals(Speed.FAST), Edge[Box[int]])
assert_type(some(box["address"])["street"], str)
assert_type(or_else(variable(str | None), "none"), str)
assert_type(seen_as(context.Execution.StartTime, datetime), datetime)
assert_type(before(box["leaves_at"], datetime(2026, 1, 1, tzinfo=UTC)), bool)
assert_type(concat("s3://", bound(Bucket("bucket")), "/a"), str)
machine = Machine("machine", Shipment, Done)
assert_type(StartExecution(machine), StartExecution[Shipment, Done])
assert_type(StartExecution(machine, lines[0]), StartExecution[object, Done])
assert_type(StartExecution(machine, lines[0], wait=False), StartExecution[object, StartedExecution])
assert_type(output_of(StartExecution(machine, wait=False))["ExecutionArn"], str)


class Steps(Workflow[Shipment, Done]):
    """x"""

    steps: Sequence[Invoke[Shipment, Done]] = [Invoke(ship_fn), Invoke(ship_fn)]
    done = Succeed(made(Done)(ok=False))
    start = steps[0]
    flow = (each_of(*steps).catch(ALL) >> done,)
