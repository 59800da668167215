"""What both type checkers must see in workflows that are right."""

from typing import Literal, TypedDict, assert_type

from handlers.contracts import BookingRequest, BookingResult, PurchaseRequest, RefundRequest
from workflow import (
    ALL,
    Call,
    Choice,
    DistributedMap,
    Edge,
    ErrorOutput,
    Inline,
    Invoke,
    ItemReader,
    Map,
    Parallel,
    Pass,
    ResultWriter,
    Succeed,
    Task,
    Workflow,
    WrittenResults,
    caught,
    context,
    input_of,
    output_of,
    variable,
)
from workflow.booking import purchase_fn, record_fn, refund_fn
from workflow.language.states import Chain

request = input_of(BookingRequest)
assert_type(request, PurchaseRequest | RefundRequest)
assert_type(request.action, Literal["purchase", "refund"])
route = Choice(request)
assert_type(route, Choice[PurchaseRequest | RefundRequest])
assert_type(route.case(PurchaseRequest), Edge[PurchaseRequest])
purchase = Invoke(purchase_fn)
refund = Invoke(refund_fn)
record = Invoke(record_fn)
assert_type(purchase, Invoke[PurchaseRequest, BookingResult])
assert_type(route.case(PurchaseRequest) >> purchase, Chain[BookingResult])
assert_type((purchase | refund).catch(ALL), Edge[ErrorOutput])
assert_type(output_of(purchase), BookingResult)
assert_type(output_of(purchase).status, Literal["succeeded", "rejected", "failed", "unknown"])


class Line(TypedDict):
    sku: str


class Done(TypedDict):
    ok: bool


class Ship(Workflow[Line, Done]):
    """x"""


class Other(Workflow[Line, int]):
    """x"""


class Many(Workflow[Line, list[Done]]):
    """x"""


lines = variable(list[Line])
assert_type(lines, list[Line])
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
assert_type(p, Parallel[Line, tuple[Done, int]])
assert_type(output_of(p), tuple[Done, int])
w = Invoke(purchase_fn, {"t": context.Task.Token}).waiting_for_token(Done)
assert_type(w, Task[PurchaseRequest, Done])
assert_type(Succeed(), Succeed)
i = Inline(Ship)
assert_type(i, Inline[Line, Done])
assert_type(caught(), ErrorOutput)
assert_type(Call("ecs:runTask", {}, Done), Call[Done])
assert_type(Pass(output_of(purchase)), Pass[BookingResult])
