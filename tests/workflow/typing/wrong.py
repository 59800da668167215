"""Wrong workflows: both type checkers report every marked line, and no other."""

# ruff: noqa: B015, B018
from datetime import datetime
from typing import Literal, TypedDict

from handlers.contracts.messages import BookingRequest, BookingResult, PurchaseRequest, RefundRequest
from workflow import (
    ALL,
    END,
    Choice,
    Function,
    Invoke,
    Map,
    Parallel,
    Pass,
    Retry,
    Succeed,
    Wait,
    Workflow,
    input_of,
    output_of,
    variable,
)
from workflow.fn import before, concat, or_else, seen_as, some
from workflow.service_steps import GetItem, Machine, Queue, SendMessage, StartExecution, Table

purchase_fn = Function("purchase_fn", PurchaseRequest, BookingResult)
refund_fn = Function("refund_fn", RefundRequest, BookingResult)
record_fn = Function("record_fn", BookingResult, BookingResult)
queue, table = Queue("queue"), Table("table")
machine = Machine("machine", PurchaseRequest, BookingResult)


class Trip(TypedDict):
    kind: Literal["train", "plane"]
    note: str | None
    nights: int
    leaves_at: datetime


class Purchasing(Workflow[PurchaseRequest, BookingResult]):
    """x"""


request = input_of(BookingRequest)
route = Choice(request)
purchase = Invoke(purchase_fn)
refund = Invoke(refund_fn)
record = Invoke(record_fn)
route.case(PurchaseRequest) >> refund  # wrong
purchase >> refund  # wrong
purchase.catch(ALL) >> purchase  # wrong
route.when(request.action == "purchase") >> purchase  # wrong
request.acton  # wrong
output_of(purchase).staus  # wrong
route.equals("x")  # wrong
variable(BookingResult, name="x") >> record  # wrong

trip = input_of(Trip)
Invoke(purchase_fn, input_of(RefundRequest))  # wrong
Invoke(purchase_fn, timout=3)  # wrong
Invoke(queue)  # wrong
Invoke(purchase_fn, retry=Retry(max_attempts=3))  # wrong
StartExecution(machine, input_of(RefundRequest))  # wrong
StartExecution(machine, wait="no")  # wrong
SendMessage(table)  # wrong
GetItem(table, "key")  # wrong
Wait("1 s")  # wrong
concat("a", trip["nights"])  # wrong
concat("a", trip["note"])  # wrong
or_else(trip["note"], 3) + 1  # wrong
some(trip["note"]) - 1  # wrong
seen_as(trip["note"], str) - 1  # wrong
before(trip["nights"], "2026-01-01T00:00:00Z")  # wrong
trip["leaves_at"] < "2026-01-01T00:00:00Z"  # wrong
Map(trip["nights"], Purchasing)  # wrong
Parallel(purchase_fn)  # wrong
record.catch(ALL).assign(3)  # wrong
Pass(trip).catch(ALL)  # wrong


class Starts(Workflow[RefundRequest, BookingResult]):
    purchase = Invoke(purchase_fn)
    start = purchase  # wrong
    flow = (purchase >> END,)


class GivesAnotherType(Workflow[PurchaseRequest, str]):
    purchase = Invoke(purchase_fn)
    start = purchase
    flow = (purchase >> END,)  # wrong


class SucceedsWithAnotherType(Workflow[PurchaseRequest, BookingResult]):
    purchase = Invoke(purchase_fn)
    done = Succeed(3)
    start = purchase
    flow = (purchase >> done,)  # wrong


class GivesTheError(Workflow[PurchaseRequest, BookingResult]):
    purchase = Invoke(purchase_fn)
    done = Succeed()
    start = purchase
    flow = (purchase >> done, purchase.catch(ALL) >> done)  # wrong


class Flows(Workflow[PurchaseRequest, BookingResult]):
    purchase = Invoke(purchase_fn)
    done = Succeed()
    start = purchase
    flow = (purchase >> done, purchase.catch(ALL))  # wrong
